"""Change the settings of an account."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.account_settings import AccountSettings, Category, ContactRequestSettings
from undelivered.domain.errors import InvalidInputError
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
            sender=self.sender_rule.checked(settings.account_id, settings.sender, "sender"),
            categories=_checked_categories(settings.categories),
            contact_requests=_checked_requests(settings.contact_requests),
            digest=replace(
                digest, recipients=_checked_recipients(digest.recipients), days=tuple(sorted(set(digest.days)))
            ),
        )
        self.accounts.save_settings(checked)
        return checked


def _checked_categories(categories: tuple[Category, ...]) -> tuple[Category, ...]:
    checked = tuple(Category(category.id, category.title.strip()) for category in categories)
    for index, category in enumerate(checked):
        if not category.title or not category.title.isprintable():
            raise InvalidInputError(f"categories[{index}].title", "must be a single line with visible characters")
        if category.id in {other.id for other in checked[:index]}:
            raise InvalidInputError(f"categories[{index}].id", "is already the ID of another category")
    return checked


def _checked_requests(settings: ContactRequestSettings) -> ContactRequestSettings:
    name = settings.sender_name.strip()
    # Braces stand for values in the wordings, and a text for a phone is one line.
    if not name.isprintable() or set(name) & set("{}"):
        raise InvalidInputError("contact_requests.sender_name", "must be a single line without braces")
    for index, wording in enumerate(settings.wordings):
        if any(part not in wording.text for part in ("{name}", "{link}")):
            raise InvalidInputError(f"contact_requests.wordings[{index}].text", "must contain {name} and {link}")
        if not wording.text.isprintable():
            raise InvalidInputError(f"contact_requests.wordings[{index}].text", "must be a single line")
        if wording.language in {other.language for other in settings.wordings[:index]}:
            raise InvalidInputError(f"contact_requests.wordings[{index}].language", "has another wording already")
    return replace(settings, sender_name=name)


def _checked_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError("time_zone", "must be an IANA time zone name, for example 'Europe/Berlin'") from None


def _checked_recipients(recipients: tuple[str, ...]) -> tuple[str, ...]:
    addresses = [checked_email(text, f"digest.recipients[{index}]") for index, text in enumerate(recipients)]
    return tuple(dict.fromkeys(addresses))
