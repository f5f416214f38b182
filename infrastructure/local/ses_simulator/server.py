"""The receiving world: mail servers, mailboxes and handsets for the local stack. Development only.

The emulator takes mails and texts and reports nothing about them. This process answers as the internet
does, and publishes the events that SES would publish, field for field. It has three doors: an SMTP server
that ministack relays to (``SMTP_HOST``), an HTTP front for SES v2 (``AWS_ENDPOINT_URL_SESV2``, see
``world_front``), and ministack's record of published texts, which it polls.

Events go to the SNS topic of the event destinations of the mail's configuration set, and only those event
types that they ask for. A mail whose configuration set is unknown (sent past the front) is reported to
``--feedback-topic-arn`` in full, save Send.

Mail, at ``simulator.amazonses.com`` (labels such as ``bounce+a@`` work; these are never suppressed):

| address | what happens |
|---|---|
| ``success@`` and any other | delivered |
| ``bounce@`` | bounces: 550 5.1.1 user unknown |
| ``ooto@`` | delivered, then an out-of-office reply |
| ``complaint@`` | delivered, then marked as spam |
| ``suppressionlist@`` | on SES's global suppression list |

Mail, at ``undelivered.example``: the beginning of the local part decides, so ``blocked.anna@`` works too:

| address | what happens |
|---|---|
| ``unknown-user@`` | permanent bounce, no such mailbox, in the words of several systems |
| ``unknown-domain@`` | bounce, no such domain |
| ``mailbox-full@`` | transient bounce, over quota |
| ``mailbox-disabled@`` | permanent bounce, the mailbox is closed |
| ``refused@`` | permanent bounce, the recipient's own policy refuses us |
| ``blocked@`` | bounce, our sending address is on a block list |
| ``unauthenticated@`` | bounce, SPF, DKIM or DMARC does not pass |
| ``content-rejected@`` | transient bounce, the content was taken for spam or danger |
| ``too-large@`` | transient bounce, the message is too large |
| ``undetermined@`` | bounce without a usable reason |
| ``greylisted@``, ``slow@`` | delayed, delivered after three seconds |
| ``expired@`` | delayed, bounces after three seconds: 4.4.7 message expired |
| ``late-bounce@`` | delivered, bounces after four seconds |
| ``complaint@`` | delivered, then marked as spam |
| ``ooto@`` | delivered, then an out-of-office reply |
| ``suppressionlist@`` | on SES's global suppression list |
| ``silent@`` | nothing is ever reported |
| ``rejected@`` | SES rejects the mail: Reject (as it does any mail with the EICAR test virus) |
| ``rendering-failed@`` | SES cannot render the template: Rendering Failure |
| ``message-rejected@``, ``sending-paused@`` | the send call itself is refused for good |
| ``throttled@`` | the first two send calls are throttled, then delivered |
| ``unliftable@`` | as unknown-user; SES fails to take it off the suppression list |
| any other | delivered |

All other addresses: delivered. After a permanent bounce that speaks of the address, and after a complaint,
SES puts the address on the account's suppression list; later mails to it are accepted and reported as
OnAccountSuppressionList, until the list's API takes it off.

Texts, to ``+1 <area code> 555 01xx``, by the last two digits; every other number: delivered:

| digits | delivery status |
|---|---|
| 00-09 | success: accepted by phone carrier |
| 10-19 | success: accepted by phone |
| 20-29 | phone unreachable |
| 30-39 | carrier unreachable |
| 40-49 | invalid phone number |
| 50-54, 55-59 | opted out, phone has blocked SMS |
| 60-64, 65-69 | blocked as spam, blocked by the carrier |
| 70-74, 75-79 | no quota left, exceeds the maximum price |
| 80-84, 85-89 | message body invalid, unknown error |
| 90-99 | nothing is ever reported |

``GET /_world/messages`` at the front lists what was sent, with tags and headers.
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

from infrastructure.local.ses_simulator.mail_rules import EVENT_TYPES, Event, ReceivedMail, newly_suppressed, plan
from infrastructure.local.ses_simulator.ses_api_proxy import Front, SendNote, serve
from infrastructure.local.ses_simulator.sms_rules import SentText, log_group, report

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

logger = logging.getLogger("world")

T = TypeVar("T")

# https://www.eicar.org/download-anti-malware-testfile/, in two parts so that this file is not taken for it.
_EICAR = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
_SUBJECT = "Amazon SES Email Event Notification"
_GIVES_UP_AFTER = 90.0
_ASKS_AGAIN_AFTER = 20.0
_POLLS_TEXTS_EVERY = 0.25
_GONE_AFTER = 60.0
_MAXIMUM_MAIL = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How the world is run. ``pace`` stretches (above one) or shortens every delay."""

    smtp_port: int
    front_port: int
    endpoint_url: str
    region: str
    feedback_topic_arn: str
    account_id: str
    pace: float


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a configuration set's events go, and which."""

    topic_arn: str
    event_types: frozenset[str]


class Stack:
    """What the world needs of the stack. Calls are repeated while the stack is starting or busy."""

    def __init__(self, options: Options) -> None:
        session = boto3.Session(
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
            region_name=options.region,
        )
        # Named outright: an endpoint in the environment would lead back to the front.
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
        """Return where the events of a configuration set go; of an unknown one to the feedback topic."""
        if not configuration_set:
            types = frozenset(EVENT_TYPES.values()) - {"SEND"}
            return [Destination(self._options.feedback_topic_arn, types)] if self._options.feedback_topic_arn else []
        known = self._destinations.get(configuration_set)
        if known and time.monotonic() - known[0] < _ASKS_AGAIN_AFTER:
            return known[1]
        found = self._ask_for_destinations(configuration_set)
        self._destinations[configuration_set] = (time.monotonic(), found)
        return found

    def _ask_for_destinations(self, configuration_set: str) -> list[Destination]:
        try:
            answer = self._ses.get_configuration_set_event_destinations(ConfigurationSetName=configuration_set)
        except self._ses.exceptions.NotFoundException:
            logger.warning("there is no configuration set %s", configuration_set)
            return []
        return [
            Destination(each["SnsDestination"]["TopicArn"], frozenset(each["MatchingEventTypes"]))
            for each in answer.get("EventDestinations", [])
            if each.get("Enabled") and "SnsDestination" in each
        ]

    def publish(self, topic_arn: str, event: Event) -> None:
        """Publish an event as SES does: one line of JSON with a line feed at its end."""
        self._sns.publish(TopicArn=topic_arn, Subject=_SUBJECT, Message=json.dumps(event) + "\n")

    def texts(self) -> list[tuple[str, str]]:
        """Return the message id and number of every text published."""
        answer = self._http.get("/_ministack/sns/sms-messages", params={"region": self._options.region})
        answer.raise_for_status()
        records: dict[str, list[dict[str, Any]]] = answer.json()["sms_messages"]
        return [(each["MessageId"], number) for number, sent in records.items() for each in sent]

    def write_log(self, group: str, message: str) -> None:
        """Write an entry to a log group, which is made when it is missing."""
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
    """Receives, waits, reports."""

    def __init__(self, options: Options, front: Front, stack: Stack) -> None:
        self._options = options
        self._front = front
        self._stack = stack
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen_texts: set[str] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - aiosmtpd's signature
        """Take a mail: every server on the internet takes it first and thinks later."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._start(self._receive(content, list(envelope.rcpt_tos), datetime.now(UTC)))
        return "250 2.6.0 Message received"

    async def _receive(self, content: bytes, recipients: list[str], at: datetime) -> None:
        message = email.message_from_bytes(content, policy=email.policy.default)
        message_id = str(message.get("Message-ID", "")).strip().strip("<>")
        note = await asyncio.to_thread(self._front.notes.find, message_id)
        mail = mail_from(message, note or note_from_headers(message), recipients, at, self._options)
        logger.info("mail %s to %d recipients", mail.message_id, len(recipients))
        destinations = await self._patiently(partial(self._stack.destinations, mail.configuration_set)) or []
        for planned in plan(mail, self._front.suppressions.reasons(), self._options.pace):
            wanted = EVENT_TYPES[planned.event["eventType"]]
            topics = [each.topic_arn for each in destinations if wanted in each.event_types]
            self._start(self._report(planned.after, planned.event, topics))

    async def _report(self, after: float, event: Event, topics: Iterable[str]) -> None:
        await asyncio.sleep(after)
        for address, reason in newly_suppressed(event).items():
            self._front.suppressions.add(address, reason)
        for topic_arn in topics:
            await self._patiently(partial(self._stack.publish, topic_arn, event))
            logger.info("%s of %s", event["eventType"], event["mail"]["messageId"])

    async def watch_texts(self) -> None:
        """Report on every text published from now on; return when a stack that was there is gone for good."""
        answered_at = math.inf
        while time.monotonic() < answered_at + _GONE_AFTER:
            try:
                sent = await asyncio.to_thread(self._stack.texts)
            except (httpx.HTTPError, KeyError, ValueError):
                await asyncio.sleep(_POLLS_TEXTS_EVERY)
                continue
            answered_at = time.monotonic()
            # What was there at first was reported on by the world before this one.
            seen = self._seen_texts if self._seen_texts is not None else {message_id for message_id, _ in sent}
            now = datetime.now(UTC)
            for message_id, number in sent:
                if message_id not in seen:
                    self._start(self._report_text(SentText(message_id, number, now)))
            self._seen_texts = seen | {message_id for message_id, _ in sent}
            await asyncio.sleep(_POLLS_TEXTS_EVERY)

    async def _report_text(self, text: SentText) -> None:
        entry = report(text)
        if entry is None:
            return
        await asyncio.sleep(entry.after * self._options.pace)
        group = log_group(self._options.region, self._options.account_id, failed=entry.failed)
        await self._patiently(partial(self._stack.write_log, group, entry.message))
        logger.info("delivery status of %s", text.message_id)

    async def _patiently(self, call: Callable[[], T]) -> T | None:
        """Make a blocking call until it succeeds; give up after a while, as the stack is gone then."""
        deadline = time.monotonic() + _GIVES_UP_AFTER
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
            # Only its kind: its text may hold an address.
            logger.error("one mail or text is not reported on: %s", type(error).__name__)

    async def settle(self) -> None:
        """Wait until everything received so far is reported on."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def mail_from(
    message: EmailMessage, note: SendNote, recipients: Iterable[str], at: datetime, options: Options
) -> ReceivedMail:
    """Return a mail as the world answers it, from what came in and what is known of its send."""
    return ReceivedMail(
        message_id=str(message.get("Message-ID", "")).strip().strip("<>"),
        source=note.source or str(message.get("From", "")),
        recipients=tuple(recipients),
        received_at=at,
        subject=str(message.get("Subject", "")),
        configuration_set=note.configuration_set,
        tags=note.tags,
        headers=(("Content-Type", str(message.get("Content-Type", "text/plain"))), *note.headers),
        carries_virus=_EICAR in message.as_bytes(),
        region=options.region,
        sending_account=options.account_id,
    )


def note_from_headers(message: EmailMessage) -> SendNote:
    """Return what a mail that was sent past the front says in SES's own headers (v1 SendRawEmail keeps them)."""
    tags: dict[str, tuple[str, ...]] = {}
    for pair in str(message.get("X-SES-MESSAGE-TAGS", "")).split(","):
        name, equals, value = pair.strip().partition("=")
        if equals:
            tags[name] = (*tags.get(name, ()), value)
    return SendNote(configuration_set=str(message.get("X-SES-CONFIGURATION-SET", "")).strip(), tags=tags)


async def run(options: Options) -> None:
    """Run the world until SIGTERM or SIGINT, or until its stack is gone, so that none is left behind."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    front = Front(options.endpoint_url)
    world = SesSimulator(options, front, Stack(options))
    smtp = await loop.create_server(
        lambda: SMTP(world, enable_SMTPUTF8=True, data_size_limit=_MAXIMUM_MAIL, ident="undelivered receiving world"),
        host="127.0.0.1",
        port=options.smtp_port,
    )
    server = serve(front, options.front_port) if options.front_port else None
    watcher = asyncio.create_task(world.watch_texts())
    logger.info("ready: SMTP on %d, SES v2 front on %d", options.smtp_port, options.front_port)
    watcher.add_done_callback(lambda _done: stopped.set())
    await stopped.wait()
    watcher.cancel()
    smtp.close()
    if server:
        server.shutdown()
    # Threads that wait for an answer of a stack that is gone must not hold the process.
    logging.shutdown()
    os._exit(0)


def parse(arguments: list[str] | None = None) -> Options:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.local.ses_simulator.server", description="The receiving world."
    )
    parser.add_argument("--smtp-port", type=int, required=True, help="where ministack relays mail to")
    parser.add_argument("--front-port", type=int, default=0, help="front for SES v2; 0: none")
    parser.add_argument("--endpoint-url", required=True, help="the stack's endpoint")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--feedback-topic-arn", default="", help="for mail whose configuration set is unknown")
    parser.add_argument("--account-id", default="000000000000")
    parser.add_argument("--pace", type=float, default=1.0, help="factor on all delays")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> None:
    """Run the world until it is stopped."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    for noisy in ("httpx", "mail.log", "mail.debug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    options = parse()
    try:
        asyncio.run(run(options))
    except OSError as error:
        sys.exit(f"world: {error.strerror or error}")


if __name__ == "__main__":
    main()
