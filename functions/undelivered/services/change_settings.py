"""Change the settings of an account."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import InvalidInputError
from undelivered.domain.sender import parse_sender
from undelivered.services.contact_validation import checked_email
from undelivered.services.ports import AccountStore
from undelivered.services.sender_rule import SenderRule


class ChangeSettings(Struct, frozen=True):
    """The use case behind ``PUT /settings``."""

    accounts: AccountStore
    sender_rule: SenderRule

    def __call__(self, settings: AccountSettings) -> AccountSettings:
        """Save an account's settings and return them as saved; raises InvalidInputError."""
        digest = settings.digest
        checked = replace(
            settings,
            time_zone=_checked_zone(settings.time_zone),
            sender=self._checked_sender(settings),
            digest=replace(
                digest, recipients=_checked_recipients(digest.recipients), days=tuple(sorted(set(digest.days)))
            ),
        )
        self.accounts.save_settings(checked)
        return checked

    def _checked_sender(self, settings: AccountSettings) -> str:
        """Return a sender such as ``Name <address>``; raises InvalidInputError."""
        text = settings.sender.strip()
        if not text:
            return ""
        sender = parse_sender(text)
        if sender is None:
            raise InvalidInputError(
                "sender", "must be one address, or a name and one address: 'Rentals <rent@example.com>'"
            )
        checked_email(sender.address, "sender")
        if not self.sender_rule.allows(settings.account_id, sender.address):
            raise InvalidInputError(
                "sender",
                "must be an address that your account may send from. Ask your administrator to allow this address or "
                "its domain",
            )
        return text


def _checked_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError("time_zone", "must be an IANA time zone name, for example 'Europe/Berlin'") from None


def _checked_recipients(recipients: tuple[str, ...]) -> tuple[str, ...]:
    addresses = [checked_email(text, f"digest.recipients[{index}]") for index, text in enumerate(recipients)]
    return tuple(dict.fromkeys(addresses))
