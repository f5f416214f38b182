"""Validation of contacts. A valid contact is returned in the form in which it is stored.

``checked_...`` accepts only contacts that can receive messages. ``well_formed_...`` accepts every contact in the right
form, for searches: an address that cannot receive messages may be stored or suppressed already.
"""

from undelivered.domain.address import normalise_email
from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.errors import InvalidInputError, UnassignedNumberError
from undelivered.domain.taxonomy import Channel

MAX_ADDRESS_LENGTH = 254
"""The maximum length of an email address in SMTP (RFC 5321, erratum 1690)."""


def checked_contact(  # noqa: PLR0913 - what a phone number can be read by
    channel: Channel, text: str, field: str, *, accept_unassigned: bool = False, country: str = "", like: str = ""
) -> str:
    """Return the contact of a channel as it is stored; raises InvalidInputError for ``field``.

    A phone number without a country code is one of ``country``, or else of the country of the number ``like``.
    """
    if channel is Channel.EMAIL:
        return checked_email(text, field)
    country = country or (country_of(like) if like else "")
    return checked_phone(text, field, accept_unassigned=accept_unassigned, country=country)


def well_formed_contact(channel: Channel, text: str, field: str) -> str:
    """Return a contact in the right form as it is stored; raises InvalidInputError for ``field``."""
    return well_formed_email(text, field) if channel is Channel.EMAIL else well_formed_phone(text, field)


def checked_email(text: str, field: str) -> str:
    """Return an email address that SES can send to as it is stored; raises InvalidInputError for ``field``.

    SES accepts only ASCII before the ``@`` (Amazon SES API v2 Reference, *Destination*).
    """
    address = well_formed_email(text, field)
    if not address.rpartition("@")[0].isascii():
        raise InvalidInputError(field, "must have only ASCII letters, digits and symbols before the @")
    return address


def well_formed_email(text: str, field: str) -> str:
    """Return an email address as it is stored. There is no DNS query for its domain.

    Raises InvalidInputError for ``field``, with a suggestion if there is one.
    """
    bare = text.strip()
    try:
        address = normalise_email(_validated(bare))
    except ValueError:
        raise _refused(bare, field) from None
    if address is None or len(address.encode()) > MAX_ADDRESS_LENGTH:
        raise InvalidInputError(field, "is not a valid email address")
    return address


def _validated(text: str) -> str:
    """Return a valid email address as email_validator normalises it.

    Raises ValueError with the reason if it is not valid.
    """
    # Imported here, because few requests change a contact.
    from email_validator import validate_email

    # ``test_environment`` accepts the reserved domain .test. Messages to it bounce, as for any unknown domain.
    return validate_email(text, check_deliverability=False, test_environment=True, strict=True).normalized


def _valid_suggestion(text: str) -> str:
    """Return a suggestion that is a valid address, or an empty text."""
    corrected = "".join(text.split()).strip(".,;:<>").replace(",", ".").replace("(at)", "@").replace("@@", "@")
    while ".." in corrected:
        corrected = corrected.replace("..", ".")
    corrected = corrected.replace(".@", "@").replace("@.", "@")
    suggestion = suggest_address(corrected) or corrected
    try:
        return _validated(suggestion)
    except ValueError:
        return ""


def checked_phone(text: str, field: str, *, accept_unassigned: bool = False, country: str = "") -> str:
    """Return a phone number in E.164 form; raises InvalidInputError for ``field``.

    ``country`` is that of a number without a country code, as in ISO 3166-1 alpha-2.

    Raises UnassignedNumberError for a number that the numbering plan of its country does not assign. The table of the
    plans can be out of date, so the caller can set ``accept_unassigned``.
    """
    import phonenumbers

    number = well_formed_phone(text, field, country)
    if accept_unassigned or phonenumbers.is_valid_number(phonenumbers.parse(number)):
        return number
    raise UnassignedNumberError(field, "is not an assigned phone number in its country")


def check_country(text: str, field: str) -> None:
    """Raise InvalidInputError for ``field`` unless a text is the code of a country with phone numbers."""
    import phonenumbers

    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInputError(field, "must be a country code of two capital letters, for example ES")


def country_of(number: str) -> str:
    """Return the country of a phone number in E.164 form as in ISO 3166-1 alpha-2, empty if it is not known."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def well_formed_phone(text: str, field: str, country: str = "") -> str:
    """Return a phone number of a length that is possible in its country, in E.164 form; raises InvalidInputError."""
    # Imported here, because the numbering plans take long to load and few requests change a contact.
    import phonenumbers

    bare = text.strip()
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    try:
        number = phonenumbers.parse(bare, country or None)
    except phonenumbers.NumberParseException:
        if not bare.startswith("+") and not country:
            raise InvalidInputError(
                field, "must start with + and the country code, for example +49 30 123456"
            ) from None
        raise InvalidInputError(field, "is not a valid phone number: unknown country code or too few digits") from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise InvalidInputError(field, "is not a valid phone number: too short, too long, or with an extension")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _refused(text: str, field: str) -> InvalidInputError:
    """Return what is wrong with an email address that is not valid, in a sentence that can be translated."""
    suggestion = _valid_suggestion(text)
    local, at, domain = text.rpartition("@")
    if not at:
        return InvalidInputError(field, "must have an @", suggestion)
    if len(text.split()) > 1:
        return InvalidInputError(field, "must not have spaces", suggestion)
    if local and not _is_domain(domain):
        return InvalidInputError(field, "must have a valid domain after the @", suggestion)
    return InvalidInputError(field, "must have a valid name before the @", suggestion)


def _is_domain(text: str) -> bool:
    try:
        _validated(f"a@{text}")
    except ValueError:
        return False
    return True
