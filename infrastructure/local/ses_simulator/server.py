"""A simulator of mail servers, mailboxes and phones for the local stack. For development only.

The emulator accepts emails and texts but publishes no events about them. This process simulates their delivery and
publishes the events that SES would publish, in the same format. It receives messages in three ways: ministack relays
email to its SMTP server (``SMTP_HOST``), functions call its proxy of the SES v2 API (``AWS_ENDPOINT_URL_SESV2``, see
``ses_api_proxy``), and it polls ministack for published texts.

Events go to the SNS topics of the configuration set's event destinations, if the destination includes their type. If
an email has no known configuration set because its send did not go through the proxy, all its events except Send go to
``--feedback-topic-arn``.

Email to ``simulator.amazonses.com`` (labels such as ``bounce+a@`` work; these addresses are never suppressed):

| address | what happens |
|---|---|
| ``success@`` and any other | delivered |
| ``bounce@`` | bounces: 550 5.1.1 user unknown |
| ``ooto@`` | delivered, then an out-of-office reply |
| ``complaint@`` | delivered, then marked as spam |
| ``suppressionlist@`` | on SES's global suppression list |

Email to ``undelivered.example`` (the start of the local part decides, so ``blocked.anna@`` works too):

| address | what happens |
|---|---|
| ``unknown-user@`` | permanent bounce, no such mailbox, in the wording of several mail servers |
| ``unknown-domain@`` | bounce, no such domain |
| ``mailbox-full@`` | transient bounce, over quota |
| ``mailbox-disabled@`` | permanent bounce, the mailbox is closed |
| ``refused@`` | permanent bounce, the recipient's own policy rejects the sender |
| ``blocked@`` | bounce, our sending address is on a block list |
| ``unauthenticated@`` | bounce, SPF, DKIM or DMARC fails |
| ``content-rejected@`` | transient bounce, the content looks like spam or is dangerous |
| ``too-large@`` | transient bounce, the message is too large |
| ``undetermined@`` | bounce without a usable reason |
| ``greylisted@``, ``slow@`` | delayed, delivered after three seconds |
| ``expired@`` | delayed, bounces after three seconds: 4.4.7 message expired |
| ``late-bounce@`` | delivered, bounces after four seconds |
| ``complaint@`` | delivered, then marked as spam |
| ``ooto@`` | delivered, then an out-of-office reply |
| ``suppressionlist@`` | on SES's global suppression list |
| ``silent@`` | no event |
| ``rejected@`` | SES rejects the email: Reject (as it does any email with the EICAR test virus) |
| ``rendering-failed@`` | SES cannot render the template: Rendering Failure |
| ``message-rejected@``, ``sending-paused@`` | the send call fails permanently |
| ``throttled@`` | the first two send calls are throttled, then delivered |
| ``unexplained@`` | the first send call is refused for a cause that the product does not know, then delivered |
| ``unliftable@`` | as unknown-user; the call to remove it from the suppression list fails |
| any other | delivered |

Email to any other address is delivered. After a permanent bounce because of the address, or a complaint, SES adds the
address to the account's suppression list. SES accepts later emails to the address and reports them as
OnAccountSuppressionList, until the address is removed from the list.

Texts to ``+1 <area code> 555 01xx`` depend on the last two digits. Texts to any other number are delivered.

| digits | delivery status |
|---|---|
| 00-09 | success: accepted by phone carrier |
| 10-19 | success: accepted by phone |
| 20-29 | phone unreachable |
| 30-39 | carrier unreachable |
| 40-49 | invalid phone number |
| 50-53, 55-59 | opted out, phone has blocked SMS |
| 60-64, 65-69 | blocked as spam, blocked by the carrier |
| 70-74, 75-79 | no quota left, exceeds the maximum price |
| 80-84, 85-88 | message body invalid, unknown error |
| 54, 89 | SNS refuses the text: opted out, no origination identity |
| 90-99 | no log entry |

``GET /_simulator/messages`` at the proxy returns the sends, with tags and headers. ``PUT /_simulator/limits`` changes
the sending limits: ``emails_per_second``, ``emails_per_day``, ``emails_sent`` and ``texts_per_second``.
"""

import argparse
import asyncio
import contextlib
import email
import email.policy
import json
import logging
import math
import os
import signal
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.local.ses_simulator.mail_rules import (
    EVENT_TYPES,
    Event,
    ReceivedMail,
    newly_suppressed,
    plan_events,
)
from infrastructure.local.ses_simulator.ses_api_proxy import RecordedSend, SesApiProxy, serve
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

logger = logging.getLogger("simulator")

T = TypeVar("T")

# https://www.eicar.org/download-anti-malware-testfile/, in two parts so that virus scanners do not flag this file.
_EICAR = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
_SUBJECT = "Amazon SES Email Event Notification"
_RETRY_SECONDS = 90.0
_DESTINATIONS_CACHE_SECONDS = 20.0
_POLL_SECONDS = 0.25
_STACK_GONE_SECONDS = 60.0
_MAXIMUM_MAIL = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line. ``pace`` multiplies all delays."""

    smtp_port: int
    api_port: int
    endpoint_url: str
    region: str
    feedback_topic_arn: str
    account_id: str
    pace: float


@dataclass(frozen=True, slots=True)
class Destination:
    """An event destination of a configuration set: its SNS topic and its event types."""

    topic_arn: str
    event_types: frozenset[str]


class StackClient:
    """The AWS calls that the simulator makes to the local stack. The caller retries calls that fail."""

    def __init__(self, options: Options) -> None:
        session = boto3.Session(
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
            region_name=options.region,
        )
        # The endpoint is explicit because an endpoint in the environment would lead back to the proxy.
        make = partial(
            session.client,
            endpoint_url=options.endpoint_url,
            config=Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 1}),
        )
        self._options = options
        self._sns: SNSClient = make("sns")
        self._ses: SESV2Client = make("sesv2")
        self._logs: CloudWatchLogsClient = make("logs")
        self._http = httpx.Client(base_url=options.endpoint_url, timeout=5.0)
        self._destinations: dict[str, tuple[float, list[Destination]]] = {}
        self._log_stream = str(uuid.uuid4())
        self._log_groups: set[str] = set()

    def destinations(self, configuration_set: str) -> list[Destination]:
        """Return the event destinations of a configuration set; for an empty name, the feedback topic."""
        if not configuration_set:
            types = frozenset(EVENT_TYPES.values()) - {"SEND"}
            return [Destination(self._options.feedback_topic_arn, types)] if self._options.feedback_topic_arn else []
        cached = self._destinations.get(configuration_set)
        if cached and time.monotonic() - cached[0] < _DESTINATIONS_CACHE_SECONDS:
            return cached[1]
        destinations = self._fetch_destinations(configuration_set)
        self._destinations[configuration_set] = (time.monotonic(), destinations)
        return destinations

    def _fetch_destinations(self, configuration_set: str) -> list[Destination]:
        try:
            response = self._ses.get_configuration_set_event_destinations(ConfigurationSetName=configuration_set)
        except self._ses.exceptions.NotFoundException:
            logger.warning("there is no configuration set %s", configuration_set)
            return []
        return [
            Destination(destination["SnsDestination"]["TopicArn"], frozenset(destination["MatchingEventTypes"]))
            for destination in response.get("EventDestinations", [])
            if destination.get("Enabled") and "SnsDestination" in destination
        ]

    def publish(self, topic_arn: str, event: Event) -> None:
        """Publish an event as SES does: one line of JSON that ends in a line feed."""
        self._sns.publish(TopicArn=topic_arn, Subject=_SUBJECT, Message=json.dumps(event) + "\n")

    def published_texts(self) -> list[tuple[str, str]]:
        """Return the message id and the phone number of every published text."""
        response = self._http.get("/_ministack/sns/sms-messages", params={"region": self._options.region})
        response.raise_for_status()
        records: dict[str, list[dict[str, Any]]] = response.json()["sms_messages"]
        return [(text["MessageId"], number) for number, texts in records.items() for text in texts]

    def write_log(self, group: str, message: str) -> None:
        """Write an entry to a log group; create the group if it does not exist."""
        if group not in self._log_groups:
            exists = self._logs.exceptions.ResourceAlreadyExistsException
            with contextlib.suppress(exists):
                self._logs.create_log_group(logGroupName=group)
            with contextlib.suppress(exists):
                self._logs.create_log_stream(logGroupName=group, logStreamName=self._log_stream)
            self._log_groups.add(group)
        self._logs.put_log_events(
            logGroupName=group,
            logStreamName=self._log_stream,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": message}],
        )


class SesSimulator:
    """Receives emails and texts, and publishes their events after a delay."""

    def __init__(self, options: Options, proxy: SesApiProxy, stack: StackClient) -> None:
        self._options = options
        self._proxy = proxy
        self._stack = stack
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen_texts: set[str] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - aiosmtpd's signature
        """Accept an email. The events about it follow later."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._start(self._receive(content, list(envelope.rcpt_tos), datetime.now(UTC)))
        return "250 2.6.0 Message received"

    async def _receive(self, content: bytes, recipients: list[str], at: datetime) -> None:
        message = email.message_from_bytes(content, policy=email.policy.default)
        message_id = str(message.get("Message-ID", "")).strip().strip("<>")
        send = await asyncio.to_thread(self._proxy.sends.find, message_id)
        mail = received_mail(message, send or send_from_headers(message), recipients, at, self._options)
        logger.info("mail %s to %d recipients", mail.message_id, len(recipients))
        destinations = await self._retry(partial(self._stack.destinations, mail.configuration_set)) or []
        for scheduled in plan_events(mail, self._proxy.suppressions.reasons(), self._options.pace):
            event_type = EVENT_TYPES[scheduled.event["eventType"]]
            topics = [destination.topic_arn for destination in destinations if event_type in destination.event_types]
            self._start(self._publish(scheduled.after, scheduled.event, topics))

    async def _publish(self, after: float, event: Event, topics: Iterable[str]) -> None:
        await asyncio.sleep(after)
        for address, reason in newly_suppressed(event).items():
            self._proxy.suppressions.add(address, reason)
        for topic_arn in topics:
            await self._retry(partial(self._stack.publish, topic_arn, event))
            logger.info("%s of %s", event["eventType"], event["mail"]["messageId"])

    async def watch_texts(self) -> None:
        """Report the delivery status of every text published from now on; return when the stack has stopped."""
        responded_at = math.inf
        while time.monotonic() < responded_at + _STACK_GONE_SECONDS:
            try:
                texts = await asyncio.to_thread(self._stack.published_texts)
            except (httpx.HTTPError, KeyError, ValueError):
                await asyncio.sleep(_POLL_SECONDS)
                continue
            responded_at = time.monotonic()
            # An earlier simulator reported the texts that exist at the start.
            seen = self._seen_texts if self._seen_texts is not None else {message_id for message_id, _ in texts}
            now = datetime.now(UTC)
            for message_id, number in texts:
                if message_id not in seen:
                    self._start(self._log_delivery_status(SentSms(message_id, number, now)))
            self._seen_texts = seen | {message_id for message_id, _ in texts}
            await asyncio.sleep(_POLL_SECONDS)

    async def _log_delivery_status(self, text: SentSms) -> None:
        entry = delivery_status_entry(text)
        if entry is None:
            return
        await asyncio.sleep(entry.after * self._options.pace)
        group = log_group(self._options.region, self._options.account_id, failed=entry.failed)
        await self._retry(partial(self._stack.write_log, group, entry.message))
        logger.info("delivery status of %s", text.message_id)

    async def _retry(self, call: Callable[[], T]) -> T | None:
        """Repeat a blocking call until it succeeds; return None after a while, when the stack must have stopped."""
        deadline = time.monotonic() + _RETRY_SECONDS
        wait = 0.1
        while True:
            try:
                return await asyncio.to_thread(call)
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > deadline:
                    logger.warning("gave up: %s", type(error).__name__)
                    return None
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2.0)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error:
            # Log only the type, because the text may contain an address.
            logger.error("no event for a message: %s", type(error).__name__)

    async def settle(self) -> None:
        """Wait until all events of the messages received so far are published."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def received_mail(
    message: EmailMessage, send: RecordedSend, recipients: Iterable[str], at: datetime, options: Options
) -> ReceivedMail:
    """Return an email with the details of its send."""
    return ReceivedMail(
        message_id=str(message.get("Message-ID", "")).strip().strip("<>"),
        source=send.source or str(message.get("From", "")),
        recipients=tuple(recipients),
        received_at=at,
        subject=str(message.get("Subject", "")),
        configuration_set=send.configuration_set,
        tags=send.tags,
        headers=(("Content-Type", str(message.get("Content-Type", "text/plain"))), *send.headers),
        carries_virus=_EICAR in message.as_bytes(),
        region=options.region,
        sending_account=options.account_id,
    )


def send_from_headers(message: EmailMessage) -> RecordedSend:
    """Return the details of a send from SES's own headers, which SendRawEmail of the v1 API keeps."""
    tags: dict[str, tuple[str, ...]] = {}
    for pair in str(message.get("X-SES-MESSAGE-TAGS", "")).split(","):
        name, equals, value = pair.strip().partition("=")
        if equals:
            tags[name] = (*tags.get(name, ()), value)
    return RecordedSend(configuration_set=str(message.get("X-SES-CONFIGURATION-SET", "")).strip(), tags=tags)


async def run(options: Options) -> None:
    """Run the simulator until SIGTERM or SIGINT, or until its stack has stopped, so that no process remains."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    proxy = SesApiProxy(options.endpoint_url)
    simulator = SesSimulator(options, proxy, StackClient(options))
    smtp = await loop.create_server(
        lambda: SMTP(simulator, enable_SMTPUTF8=True, data_size_limit=_MAXIMUM_MAIL, ident="undelivered simulator"),
        host="127.0.0.1",
        port=options.smtp_port,
    )
    server = serve(proxy, options.api_port) if options.api_port else None
    watcher = asyncio.create_task(simulator.watch_texts())
    logger.info("ready: SMTP on %d, SES v2 proxy on %d", options.smtp_port, options.api_port)
    watcher.add_done_callback(lambda _done: stopped.set())
    await stopped.wait()
    watcher.cancel()
    smtp.close()
    if server:
        server.shutdown()
    # Threads that still wait for a response of a stopped stack must not keep the process alive.
    logging.shutdown()
    os._exit(0)


def parse(arguments: list[str] | None = None) -> Options:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.local.ses_simulator.server", description="Simulate mail servers and phones."
    )
    parser.add_argument("--smtp-port", type=int, required=True, help="port to which ministack relays email")
    parser.add_argument("--api-port", type=int, default=0, help="port of the SES v2 proxy; 0 for none")
    parser.add_argument("--endpoint-url", required=True, help="endpoint of the stack")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--feedback-topic-arn", default="", help="topic for email without a known configuration set")
    parser.add_argument("--account-id", default="000000000000")
    parser.add_argument("--pace", type=float, default=1.0, help="factor on all delays")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> None:
    """Run the simulator until it is stopped."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    for noisy in ("httpx", "mail.log", "mail.debug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    options = parse()
    try:
        asyncio.run(run(options))
    except OSError as error:
        sys.exit(f"simulator: {error.strerror or error}")


if __name__ == "__main__":
    main()
