"""Contacts as they are taken in: checked, and put in the one spelling that is stored and compared."""

from undelivered.domain.address import normalise_email
from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.errors import InvalidInputError
from undelivered.domain.taxonomy import Channel

MAX_ADDRESS_LENGTH = 254
"""The longest address that SMTP can carry (RFC 5321, erratum 1690)."""


def checked_contact(channel: Channel, text: str, field: str) -> str:
    """Return a contact in its stored spelling; raises InvalidInputError naming ``field``."""
    return checked_email(text, field) if channel is Channel.EMAIL else checked_phone(text, field)


def checked_email(text: str, field: str) -> str:
    """Return an e-mail address in its stored spelling; its domain is not asked.

    Raises InvalidInputError with what is wrong and, where there is one, the likely spelling.
    """
    # Imported here: only who changes a contact pays for it.
    from email_validator import EmailNotValidError, validate_email

    bare = text.strip()
    try:
        # ``test_environment`` lets the reserved domain .test pass: it bounces, as unknown domains do.
        found = validate_email(bare, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise InvalidInputError(field, _sentence(str(error)), _valid_suggestion(bare)) from None
    address = normalise_email(found.normalized)
    if address is None or len(address.encode()) > MAX_ADDRESS_LENGTH:
        raise InvalidInputError(field, "is not a valid email address")
    return address


def _valid_suggestion(text: str) -> str:
    """Return a likely spelling that is itself valid, else an empty text."""
    from email_validator import EmailNotValidError, validate_email

    squeezed = "".join(text.split()).strip(".,;:<>").replace(",", ".").replace("(at)", "@").replace("@@", "@")
    while ".." in squeezed:
        squeezed = squeezed.replace("..", ".")
    squeezed = squeezed.replace(".@", "@").replace("@.", "@")
    meant = suggest_address(squeezed) or squeezed
    try:
        found = validate_email(meant, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        return ""
    return found.normalized


def checked_phone(text: str, field: str) -> str:
    """Return a phone number in E.164 form; raises InvalidInputError with what is wrong.

    A number counts when its length is possible in its country: numbering plans change faster than the
    tables of who assigned which block, and a wrong guess would keep a good number out.
    """
    # Imported here: the numbering plans of the world take a while to load.
    import phonenumbers

    bare = text.strip()
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    try:
        number = phonenumbers.parse(bare, None)
    except phonenumbers.NumberParseException:
        if not bare.startswith("+"):
            raise InvalidInputError(
                field, "must start with + and the country code, for example +49 30 123456"
            ) from None
        raise InvalidInputError(field, "is not a valid phone number: unknown country code or too few digits") from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise InvalidInputError(field, "is not a valid phone number: too short, too long, or with an extension")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _sentence(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")
