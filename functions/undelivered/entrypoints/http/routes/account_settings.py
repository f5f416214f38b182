"""What an account may set."""

from email.utils import parseaddr
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from undelivered.domain.account_settings import AccountSettings, DigestSettings, GraceSettings
from undelivered.domain.suppression import SoftFailureRule
from undelivered.entrypoints.http.errors import invalid_body
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.services.contact_validation import checked_email


class SoftFailuresForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When soft failures in a row suppress an address: that many, spread over that many days at least."""

    failures: Annotated[int, msgspec.Meta(ge=2, le=50)] = 5
    days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 3


class GraceForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After how many hours of silence a resend is taken as arrived, unconfirmed. It holds for resends from then on."""

    email_hours: Annotated[int, msgspec.Meta(ge=1, le=336)] = 16
    sms_hours: Annotated[int, msgspec.Meta(ge=1, le=336)] = 73


class DigestForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets the digest and when: days from 0 (Monday) to 6, an hour of the account's day. Nobody: no digest."""

    recipients: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    days: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...], msgspec.Meta(max_length=7)] = (0, 1, 2, 3, 4)
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 8


class SettingsForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's settings. What a PUT leaves out goes back to its default.

    ``sender`` is an address, or ``Name <address>``, that the mail provider has verified; empty means the
    system's own. History and contents are kept for as many days as said.
    """

    time_zone: Annotated[str, msgspec.Meta(max_length=64, examples=["Europe/Berlin"])] = "UTC"
    sender: Annotated[str, msgspec.Meta(max_length=320)] = ""
    history_days: Annotated[int, msgspec.Meta(ge=30, le=3_650)] = 400
    content_days: Annotated[int, msgspec.Meta(ge=1, le=400)] = 60
    soft_failures: SoftFailuresForm = SoftFailuresForm()
    grace: GraceForm = GraceForm()
    digest: DigestForm = DigestForm()


def show_settings(call: Call) -> Answer:
    """Return the account's settings."""
    return Answer(_form_of(call.services.accounts.settings(call.account_id)))


def replace_settings(call: Call) -> Answer:
    """Put other settings in place of the account's."""
    form = call.body(SettingsForm)
    settings = AccountSettings(
        account_id=call.account_id,
        time_zone=_checked_zone(form.time_zone),
        sender=_checked_sender(form.sender),
        history_days=form.history_days,
        content_days=form.content_days,
        soft_failures=SoftFailureRule(form.soft_failures.failures, form.soft_failures.days),
        grace=GraceSettings(form.grace.email_hours, form.grace.sms_hours),
        digest=DigestSettings(
            recipients=_checked_recipients(form.digest.recipients),
            days=tuple(sorted(set(form.digest.days))),
            hour=form.digest.hour,
        ),
    )
    call.services.accounts.save_settings(settings)
    return Answer(_form_of(settings))


def _form_of(settings: AccountSettings) -> SettingsForm:
    told = msgspec.to_builtins(settings)
    del told["account_id"]
    return msgspec.convert(told, SettingsForm)


def _checked_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid_body("time_zone", "must be an IANA time zone name, for example 'Europe/Berlin'") from None


def _checked_sender(text: str) -> str:
    sender = text.strip()
    if not sender:
        return ""
    name, address = parseaddr(sender)
    if not sender.isprintable() or (name and not sender.endswith(f"<{address}>")):
        raise invalid_body("sender", "must be an address or a name and address: 'Rentals <rent@example.com>'")
    checked_email(address or sender, "sender")
    return sender


def _checked_recipients(given: tuple[str, ...]) -> tuple[str, ...]:
    addresses = [checked_email(text, f"digest.recipients[{place}]") for place, text in enumerate(given)]
    return tuple(dict.fromkeys(addresses))


ROUTES = (
    Route("GET", "/settings", Access.READ, show_settings, "Get the account's settings", SettingsForm, tag="settings"),
    Route(
        "PUT", "/settings", Access.ACT, replace_settings, "Replace the account's settings", SettingsForm,
        body=SettingsForm, tag="settings",
    ),
)  # fmt: skip
