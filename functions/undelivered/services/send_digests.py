"""Send the digest to each of its recipients once, if it has any content."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.digest import DIGEST_PREFIX, Digest, days_due, failures_by_reason, subject_of, text_of
from undelivered.domain.errors import UnreadableRecordError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.language import Language, Texts
from undelivered.domain.report_query import Period, ReportFilter, window_start
from undelivered.services.own_mail import OwnMail
from undelivered.services.ports import AccountStore, ReportReader

_MAX_READY = 200
"""The maximum number of items ready to resend that a digest counts."""


class SendDigests(Struct, frozen=True):
    """The use case of ``send_digests``, which runs every hour. Each account's digest is due at an hour of its own."""

    accounts: AccountStore
    reports: ReportReader
    mail: OwnMail
    link: str
    clock: Callable[[], datetime]
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
        texts = self.texts(settings.locale)
        return self.mail.send_once(
            settings,
            name,
            recipient,
            subject=subject_of(digest, texts),
            text=text_of(digest, self.link, texts),
            deadline=deadline,
        )
