"""A simulator of mail servers, mailboxes and phones for the local stack. For development only.

The emulator accepts emails and texts but publishes no events about them. This process simulates their delivery and
publishes the events that SES would publish, in the same format. Emails come from any client: functions and clients of
both SES APIs (see ``ses_api_proxy``), and clients of SES's SMTP interface (see ``smtp_interface``). It polls ministack
for published texts.

Events go to the SNS topics of the configuration set's event destinations, if the destination includes their type. As
in SES, there are no events about an email without a configuration set. The log names such emails.

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

``GET /_simulator/messages`` at the proxy returns the sends, with their tags, headers and attachments.
``PUT /_simulator/limits`` changes the sending limits: ``emails_per_second``, ``emails_per_day``, ``emails_sent`` and
``texts_per_second``.
"""

import argparse
import asyncio
import logging
import math
import os
import signal
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.local.ses_simulator.mail_rules import (
    EVENT_TYPES,
    Event,
    ReceivedMail,
    newly_suppressed,
    plan_events,
)
from infrastructure.local.ses_simulator.send_calls import Send, rendered_subject
from infrastructure.local.ses_simulator.ses_api_proxy import SesApiProxy, SuppressionList, serve
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry, log_group
from infrastructure.local.ses_simulator.smtp_interface import SendRaw, SmtpInterface
from infrastructure.local.ses_simulator.stack_client import StackClient

logger = logging.getLogger("simulator")

T = TypeVar("T")

# https://www.eicar.org/download-anti-malware-testfile/, in two parts so that virus scanners do not flag this file.
_EICAR = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
_RETRY_SECONDS = 90.0
_POLL_SECONDS = 0.25
_STACK_GONE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line. ``pace`` multiplies all delays."""

    smtp_port: int
    api_port: int
    endpoint_url: str
    region: str
    account_id: str
    pace: float


class SesSimulator:
    """Receives emails and texts, and publishes their events after a delay."""

    def __init__(self, options: Options, stack: StackClient, suppressions: SuppressionList) -> None:
        self._options = options
        self._stack = stack
        self._suppressions = suppressions
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen_texts: set[str] | None = None

    def deliver(self, message_id: str, send: Send) -> None:
        """Accept an email, from any thread. The events about it follow later."""
        receive = self._receive(message_id, send, datetime.now(UTC))
        self._loop.call_soon_threadsafe(self._start, receive)

    async def _receive(self, message_id: str, send: Send, at: datetime) -> None:
        logger.info("mail %s to %d recipients by %s", message_id, len(send.recipients), send.operation)
        if not send.configuration_set:
            logger.warning("mail %s has no configuration set, so there are no events about it", message_id)
            return
        parts = send.template.parts if send.template else ()
        if send.template and send.template.name:
            parts = await self._retry(partial(self._stack.template_parts, send.template.name)) or ()
        mail = received_mail(message_id, send, parts, at, self._options)
        destinations = await self._retry(partial(self._stack.destinations, send.configuration_set)) or []
        for scheduled in plan_events(mail, self._suppressions.reasons(), self._options.pace):
            event_type = EVENT_TYPES[scheduled.event["eventType"]]
            topics = [destination.topic_arn for destination in destinations if event_type in destination.event_types]
            self._start(self._publish(scheduled.after, scheduled.event, topics))

    async def _publish(self, after: float, event: Event, topics: Iterable[str]) -> None:
        await asyncio.sleep(after)
        for address, reason in newly_suppressed(event).items():
            self._suppressions.add(address, reason)
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
    message_id: str, send: Send, template_parts: Sequence[str], at: datetime, options: Options
) -> ReceivedMail:
    """Return an email as mail servers receive it, rendered if it has a template."""
    subject, missing_attribute = send.subject, ""
    if send.template:
        try:
            subject = rendered_subject(template_parts, send.template.data)
        except LookupError as error:
            missing_attribute = str(error.args[0])
    return ReceivedMail(
        message_id=message_id,
        source=send.source,
        recipients=tuple(bare_address(address) for address in send.recipients),
        received_at=at,
        subject=subject,
        configuration_set=send.configuration_set,
        operation=send.operation,
        tags=send.tag_values,
        headers=send.headers,
        template=send.template.name if send.template else "",
        missing_attribute=missing_attribute,
        carries_virus=_EICAR in send.content,
        region=options.region,
        sending_account=options.account_id,
    )


def bare_address(mailbox: str) -> str:
    """Return the address of a mailbox such as ``Ada <ada@example.com>``."""
    return mailbox.rpartition("<")[2].rstrip("> ")


def raw_sender(options: Options) -> SendRaw:
    """Return a function that sends a raw message by the v1 API, as SES's SMTP interface does."""
    ses = boto3.client(
        "ses",
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        region_name=options.region,
        endpoint_url=f"http://127.0.0.1:{options.api_port}",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def send(source: str, recipients: Sequence[str], content: bytes) -> str:
        sent = ses.send_raw_email(Source=source, Destinations=recipients, RawMessage={"Data": content})
        return str(sent["MessageId"])

    return send


async def run(options: Options) -> None:
    """Run the simulator until SIGTERM or SIGINT, or until its stack has stopped, so that no process remains."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    stack = StackClient(options.endpoint_url, options.region)
    suppressions = SuppressionList()
    simulator = SesSimulator(options, stack, suppressions)
    server = serve(SesApiProxy(options.endpoint_url, stack, suppressions, simulator.deliver), options.api_port)
    smtp = await loop.create_server(SmtpInterface(raw_sender(options)).serve, host="127.0.0.1", port=options.smtp_port)
    watcher = asyncio.create_task(simulator.watch_texts())
    logger.info("ready: SMTP on %d, SES API on %d", options.smtp_port, options.api_port)
    watcher.add_done_callback(lambda _done: stopped.set())
    await stopped.wait()
    watcher.cancel()
    smtp.close()
    server.shutdown()
    # Threads that still wait for a response of a stopped stack must not keep the process alive.
    logging.shutdown()
    os._exit(0)


def parse(arguments: list[str] | None = None) -> Options:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.local.ses_simulator.server", description="Simulate mail servers and phones."
    )
    parser.add_argument("--smtp-port", type=int, required=True, help="port of the SMTP interface")
    parser.add_argument("--api-port", type=int, required=True, help="port of the proxy of the SES and SNS APIs")
    parser.add_argument("--endpoint-url", required=True, help="endpoint of the stack")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--account-id", default="000000000000")
    parser.add_argument("--pace", type=float, default=1.0, help="factor on all delays")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> None:
    """Run the simulator until it is stopped."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")  # see smtp_interface.py
    options = parse()
    try:
        asyncio.run(run(options))
    except OSError as error:
        sys.exit(f"simulator: {error.strerror or error}")


if __name__ == "__main__":
    main()
