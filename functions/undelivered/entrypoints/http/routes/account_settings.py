"""The settings of an account."""

from typing import Annotated, Final

import msgspec

from undelivered.domain.account_settings import (
    AccountSettings,
    Category,
    ContactRequestSettings,
    DigestSettings,
    GraceSettings,
)
from undelivered.domain.language import Language
from undelivered.domain.resender import ResendBy
from undelivered.domain.suppression import SoftFailureRule
from undelivered.entrypoints.http.parsing import CategoryId
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route

_DEFAULTS: Final = AccountSettings(account_id="")


class SoftFailuresSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The soft failures in a row that suppress an address: at least so many, over at least so many days."""

    failures: Annotated[int, msgspec.Meta(ge=2, le=50)] = _DEFAULTS.soft_failures.failures
    days: Annotated[int, msgspec.Meta(ge=0, le=60)] = _DEFAULTS.soft_failures.days


class GraceSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hours after which a resend without any report counts as delivered, for resends from now on.

    A resend that your application was to send counts as not sent instead, after ``host_hours``.
    """

    email_hours: Annotated[int, msgspec.Meta(ge=1, le=336)] = _DEFAULTS.grace.email_hours
    sms_hours: Annotated[int, msgspec.Meta(ge=1, le=336)] = _DEFAULTS.grace.sms_hours
    host_hours: Annotated[int, msgspec.Meta(ge=1, le=336)] = _DEFAULTS.grace.host_hours


class DigestSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets the digest and when: weekdays from 0 (Monday) to 6, and an hour in the account's time zone.

    Without recipients there is no digest.
    """

    recipients: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = _DEFAULTS.digest.recipients
    days: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...], msgspec.Meta(max_length=7)] = (
        _DEFAULTS.digest.days
    )
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = _DEFAULTS.digest.hour


class CategorySchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of messages from which recipients can unsubscribe alone. They see its title."""

    id: CategoryId
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class WordingSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The message that asks a customer to correct a contact, in a language.

    ``{name}`` becomes the name of who asks and ``{link}`` the link, which both must be there, and ``{contact}`` the
    contact that does not work, of which the customer sees a part.
    """

    language: Language
    text: Annotated[str, msgspec.Meta(max_length=300)]


class ContactRequestsSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How customers are asked to correct a contact themselves. Without a ``sender_name``, nobody is asked.

    Customers see the name in the message and on the page. They are asked up to ``monthly_limit`` times in a calendar
    month, and not in the hours from ``quiet_from`` until ``quiet_until`` in the account's time zone: such a message
    waits. With ``automatic``, a failure for good asks without a manager. With ``resend``, what is ready is resent when
    the customer has corrected the contact. ``wordings`` replace the usual message.
    """

    sender_name: Annotated[str, msgspec.Meta(max_length=40)] = _DEFAULTS.contact_requests.sender_name
    monthly_limit: Annotated[int, msgspec.Meta(ge=1, le=10)] = _DEFAULTS.contact_requests.monthly_limit
    quiet_from: Annotated[int, msgspec.Meta(ge=0, le=23)] = _DEFAULTS.contact_requests.quiet_from
    quiet_until: Annotated[int, msgspec.Meta(ge=0, le=23)] = _DEFAULTS.contact_requests.quiet_until
    automatic: bool = _DEFAULTS.contact_requests.automatic
    resend: bool = _DEFAULTS.contact_requests.resend
    wordings: Annotated[tuple[WordingSchema, ...], msgspec.Meta(max_length=len(Language))] = ()


class SettingsSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an account. PUT resets omitted settings to their defaults.

    ``sender`` is an address, or ``Name <address>``, of an identity that the operator assigned to the account. Empty
    means the default sender. History and contents are kept for the given number of days. ``viewers_may_export`` is
    whether viewers can export the report. With ``record_accepted``, messages that the receiving server accepted are
    recorded for 30 days, so that they can be looked up. This needs events of deliveries, and costs two writes for each.

    ``locale`` is the language of the digest, of the pages that customers see, and of explanations for callers who
    prefer no language: en, es, de, fr or pt.

    ``resend_by`` says who resends: ``undelivered`` resends only messages whose content it has; with ``host``, your
    application is asked to resend the messages that it sent itself; with ``ask``, the manager can also choose your
    application for other messages.
    """

    time_zone: Annotated[str, msgspec.Meta(max_length=64, examples=["Europe/Berlin"])] = _DEFAULTS.time_zone
    sender: Annotated[str, msgspec.Meta(max_length=320)] = _DEFAULTS.sender
    history_days: Annotated[int, msgspec.Meta(ge=30, le=3_650)] = _DEFAULTS.history_days
    content_days: Annotated[int, msgspec.Meta(ge=1, le=400)] = _DEFAULTS.content_days
    viewers_may_export: bool = _DEFAULTS.viewers_may_export
    resend_by: ResendBy = _DEFAULTS.resend_by
    soft_failures: SoftFailuresSchema = SoftFailuresSchema()
    grace: GraceSchema = GraceSchema()
    digest: DigestSchema = DigestSchema()
    categories: Annotated[tuple[CategorySchema, ...], msgspec.Meta(max_length=20)] = ()
    locale: Language = _DEFAULTS.locale
    record_accepted: bool = _DEFAULTS.record_accepted
    contact_requests: ContactRequestsSchema = ContactRequestsSchema()


def show_settings(request: ApiRequest) -> ApiResponse:
    """Return the account's settings."""
    return ApiResponse(_schema_of(request.settings))


def replace_settings(request: ApiRequest) -> ApiResponse:
    """Replace the account's settings."""
    body = request.body(SettingsSchema)
    settings = AccountSettings(
        account_id=request.account_id,
        time_zone=body.time_zone,
        sender=body.sender,
        history_days=body.history_days,
        content_days=body.content_days,
        viewers_may_export=body.viewers_may_export,
        resend_by=body.resend_by,
        soft_failures=SoftFailureRule(body.soft_failures.failures, body.soft_failures.days),
        grace=GraceSettings(body.grace.email_hours, body.grace.sms_hours, body.grace.host_hours),
        digest=DigestSettings(body.digest.recipients, body.digest.days, body.digest.hour),
        categories=tuple(Category(category.id, category.title) for category in body.categories),
        locale=body.locale,
        record_accepted=body.record_accepted,
        contact_requests=msgspec.convert(msgspec.to_builtins(body.contact_requests), ContactRequestSettings),
    )
    return ApiResponse(_schema_of(request.use_cases.change_settings(settings)))


def _schema_of(settings: AccountSettings) -> SettingsSchema:
    values = msgspec.to_builtins(settings)
    del values["account_id"]
    return msgspec.convert(values, SettingsSchema)


ROUTES = (
    Route("GET", "/settings", Access.READ, show_settings, "Get the account's settings", SettingsSchema, tag="settings"),
    Route(
        "PUT", "/settings", Access.CONFIGURE, replace_settings, "Replace the account's settings", SettingsSchema,
        body=SettingsSchema, tag="settings",
    ),
)  # fmt: skip
