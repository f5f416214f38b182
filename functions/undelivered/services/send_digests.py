"""Send the digest to each of its recipients once, if it has any content."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.digest import DIGEST_PREFIX, Digest, days_due, failures_by_reason, subject_of, text_of
from undelivered.domain.errors import PermanentSendError, ProviderBusyError, RetryableError, UnreadableRecordError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.language import Language, Texts
from undelivered.domain.message_tags import tags_with_ids
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.report_query import Period, ReportFilter, window_start
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import AccountStore, MessageSender, NotificationStore, OutgoingMessage, ReportReader
from undelivered.services.send_pace import SendPace
from undelivered.services.sender_rule import SenderRule

_MAX_READY = 200
"""The maximum number of items ready to resend that a digest counts."""


class SendDigests(Struct, frozen=True):
    """The use case of ``send_digests``, which runs every hour. Each account's digest is due at an hour of its own."""

    accounts: AccountStore
    reports: ReportReader
    notifications: NotificationStore
    sender: MessageSender
    sender_rule: SenderRule
    link: str
    clock: Callable[[], datetime]
    pace: SendPace
    texts: Callable[[Language], Texts]

    def __call__(self, deadline: float) -> int:
        """Send the digests that are due and not sent yet; return how many are sent.

        An account whose settings cannot be read is left out. Raises RetryableError when there is no slot for one of the
        digests before the deadline (seconds since 1970).
        """
        sent = 0
        for account_id in self.accounts.account_ids():
            with suppress(UnreadableRecordError):
                sent += self._send_for(self.accounts.settings(account_id), deadline)
        return sent

    def _send_for(self, settings: AccountSettings, deadline: float) -> int:
        days = days_due(settings, self.clock())
        if days is None:
            return 0
        digest = self._compile(settings, *days)
        if digest.is_empty:
            return 0
        return sum(self._send(settings, digest, recipient, deadline) for recipient in settings.digest.recipients)

    def _compile(self, settings: AccountSettings, first: date, last: date) -> Digest:
        now = self.clock()
        ready = ReportFilter(
            Period(window_start(now), now),
            ready=True,
            resend_by=settings.resend_by,
            content_days=settings.content_days,
        )
        page = self.reports.page(settings.account_id, ready, _MAX_READY, None, now)
        failures = self.reports.failures_by_day(settings.account_id, first, last)
        return Digest(first, last, failures_by_reason(failures), len(page.items))

    def _send(self, settings: AccountSettings, digest: Digest, recipient: str, deadline: float) -> bool:
        name = f"{DIGEST_PREFIX}{digest.last.isoformat()}-{recipient_digest(recipient)}"
        attempt = SendAttempt(settings.account_id, name, 1, recipient, self.clock(), by="digest")
        if not self.notifications.claim(attempt):
            return False
        try:
            message_id = self._send_in_slot(self._message(settings, digest, recipient, name), deadline)
        except RetryableError:
            self.notifications.release(attempt)
            raise
        except PermanentSendError:
            self.notifications.record(replace(attempt, outcome=SendOutcome.FAILED))
            return False
        self.notifications.record(replace(attempt, provider_message_id=message_id, outcome=SendOutcome.SENT))
        return True

    def _message(self, settings: AccountSettings, digest: Digest, recipient: str, name: str) -> OutgoingMessage:
        """Return the email; raises PermanentSendError if the account may not send from its sender."""
        texts = self.texts(settings.locale)
        return OutgoingMessage(
            channel=Channel.EMAIL,
            to=recipient,
            sender=self.sender_rule.sender_of(settings),
            subject=subject_of(digest, texts),
            text=text_of(digest, self.link, texts),
            html="",
            resend=False,
            tags=tags_with_ids({"undelivered-account": settings.account_id, "undelivered-notification": name}),
            headers={},
        )

    def _send_in_slot(self, message: OutgoingMessage, deadline: float) -> str:
        """Send a message at the rate of the AWS account, before bulk sends; return the provider's message id."""
        busy = 0
        while True:
            slots = self.pace.reserve(Channel.EMAIL, 1, urgent=True, deadline=deadline).slots
            if not slots:
                raise RetryableError("the sending rate is used up")
            self.pace.wait_until(slots[0])
            try:
                return self.sender.send(message)
            except ProviderBusyError:
                busy += 1
                self.pace.wait_until(self.pace.now() + self.pace.back_off(Channel.EMAIL, busy))
