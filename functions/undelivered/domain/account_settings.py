"""The settings of an account, with their defaults."""

from datetime import timedelta

from msgspec import Struct, field

from undelivered.domain.suppression import SoftFailureRule
from undelivered.domain.taxonomy import Channel


class DigestSettings(Struct, frozen=True):
    """Who gets the daily digest and when: days 0 (Monday) to 6, an hour of the account's day."""

    recipients: tuple[str, ...] = ()
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    hour: int = 8


class GraceSettings(Struct, frozen=True):
    """How many hours of silence after a resend are taken as its arrival; a failure reported later undoes that."""

    # SES tries for up to 14 hours (observed: "unable to deliver in 840 minutes").
    email_hours: int = 16
    # SMS receipts come up to 72 hours late (Amazon SNS Developer Guide, "Viewing Amazon CloudWatch
    # metrics and logs for SMS deliveries").
    sms_hours: int = 73

    def period(self, channel: Channel) -> timedelta:
        """Return the grace period of a channel."""
        return timedelta(hours=self.email_hours if channel is Channel.EMAIL else self.sms_hours)


class AccountSettings(Struct, frozen=True):
    """What an account may set. ``sender`` empty means the system's default sender."""

    account_id: str
    time_zone: str = "UTC"
    sender: str = ""
    history_days: int = 400
    content_days: int = 60
    soft_failures: SoftFailureRule = field(default_factory=SoftFailureRule)
    grace: GraceSettings = field(default_factory=GraceSettings)
    digest: DigestSettings = field(default_factory=DigestSettings)
