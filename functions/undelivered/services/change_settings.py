"""Change the settings of an account."""

from email.utils import parseaddr
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import InvalidInputError
from undelivered.services.contact_validation import checked_email
from undelivered.services.ports import AccountStore


class ChangeSettings(Struct, frozen=True):
    """The use case behind ``PUT /settings``."""

    accounts: AccountStore

    def __call__(self, settings: AccountSettings) -> AccountSettings:
        """Save an account's settings and return them as saved; raises InvalidInputError."""
        digest = settings.digest
        checked = replace(
            settings,
            time_zone=_checked_zone(settings.time_zone),
            sender=_checked_sender(settings.sender),
            digest=replace(
                digest, recipients=_checked_recipients(digest.recipients), days=tuple(sorted(set(digest.days)))
            ),
        )
        self.accounts.save_settings(checked)
        return checked


def _checked_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError("time_zone", "must be an IANA time zone name, for example 'Europe/Berlin'") from None


def _checked_sender(text: str) -> str:
    """Return a sender such as ``Name <address>``; raises InvalidInputError."""
    sender = text.strip()
    if not sender:
        return ""
    name, address = parseaddr(sender)
    if not sender.isprintable() or (name and not sender.endswith(f"<{address}>")):
        raise InvalidInputError("sender", "must be an address or a name and address: 'Rentals <rent@example.com>'")
    checked_email(address or sender, "sender")
    return sender


def _checked_recipients(recipients: tuple[str, ...]) -> tuple[str, ...]:
    addresses = [checked_email(text, f"digest.recipients[{index}]") for index, text in enumerate(recipients)]
    return tuple(dict.fromkeys(addresses))
