"""The settings of an account and their defaults."""

from datetime import timedelta

from msgspec import Struct, field

from undelivered.domain.language import Language
from undelivered.domain.resender import ResendBy
from undelivered.domain.suppression import SoftFailureRule
from undelivered.domain.taxonomy import Channel


class DigestSettings(Struct, frozen=True):
    """The recipients of the digest, its days (0 is Monday), and its hour in the account's time zone."""

    recipients: tuple[str, ...] = ()
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    hour: int = 8


class GraceSettings(Struct, frozen=True):
    """How many hours after a resend an item without events is resolved. A later failure reopens it.

    After ``host_hours`` without events, a resend that the host application was to send is reopened instead. A later
    delivery resolves it.
    """

    # SES retries for up to 14 hours (observed: "unable to deliver in 840 minutes").
    email_hours: int = 16
    # Delivery receipts of text messages come up to 72 hours late (SNS Developer Guide, "Viewing Amazon CloudWatch
    # metrics and logs for SMS deliveries").
    sms_hours: int = 73
    # Longer than SES retries, so that a message that SES still tries to deliver does not count as not sent.
    host_hours: int = 24

    def period(self, channel: Channel) -> timedelta:
        """Return the grace period of a channel."""
        return timedelta(hours=self.email_hours if channel is Channel.EMAIL else self.sms_hours)

    @property
    def host_period(self) -> timedelta:
        """The time that the host application has to send a resend."""
        return timedelta(hours=self.host_hours)


class Category(Struct, frozen=True):
    """A kind of messages from which recipients can unsubscribe alone. They see its title."""

    id: str
    title: str


class Wording(Struct, frozen=True):
    """The message that asks a customer to correct a contact, in a language.

    ``{name}`` stands for who asks, ``{contact}`` for a part of the contact that does not work, and ``{link}``.
    """

    language: Language
    text: str


class ContactRequestSettings(Struct, frozen=True):
    """How customers are asked to correct a contact. ``sender_name`` is who asks, as customers know them.

    Without a name, nobody is asked. ``monthly_limit`` is how often a customer is asked in a calendar month. No message
    is sent in the hours from ``quiet_from`` until ``quiet_until``, in the account's time zone; with the same hour for
    both, there are none. With ``automatic``, a failure for good asks by itself. With ``resend``, what is ready is
    resent as soon as the customer has corrected the contact. Both are off unless a manager switches them on.
    ``wordings`` replace the usual message, each in its language.
    """

    sender_name: str = ""
    monthly_limit: int = 2
    quiet_from: int = 20
    quiet_until: int = 8
    automatic: bool = False
    resend: bool = False
    wordings: tuple[Wording, ...] = ()

    def wording(self, language: Language) -> str:
        """Return the account's own wording in a language, or an empty text for the usual one."""
        return next((wording.text for wording in self.wordings if wording.language is language), "")


class AccountSettings(Struct, frozen=True):
    """The settings of one account.

    ``sender`` is empty for the default sender of the deployment. ``history_days`` is how long items stay in history,
    ``content_days`` how long the content of notifications is stored. ``record_accepted`` is whether messages that were
    accepted at the first send are recorded for lookups. ``viewers_may_export`` is whether viewers can
    export the report, which they can read anyway. ``locale`` is the language of texts for people.
    """

    account_id: str
    time_zone: str = "UTC"
    sender: str = ""
    history_days: int = 400
    content_days: int = 60
    viewers_may_export: bool = True
    resend_by: ResendBy = ResendBy.UNDELIVERED
    soft_failures: SoftFailureRule = field(default_factory=SoftFailureRule)
    grace: GraceSettings = field(default_factory=GraceSettings)
    digest: DigestSettings = field(default_factory=DigestSettings)
    categories: tuple[Category, ...] = ()
    locale: Language = Language.ENGLISH
    record_accepted: bool = False
    contact_requests: ContactRequestSettings = field(default_factory=ContactRequestSettings)

    def category_title(self, category_id: str) -> str:
        """Return the title of a category, or its id if the account no longer has it."""
        return next((category.title for category in self.categories if category.id == category_id), category_id)
