"""What SES and SNS refuse to send, in their own words.

Pure. The messages about addresses are those of JavaMail, with which SES parses them; the others were returned by SES
and SNS. The v2 API of SES returns ``BadRequestException``, its v1 API ``InvalidParameterValue``.
"""

import re
from collections.abc import Sequence
from typing import Final

from infrastructure.local.ses_simulator.send_calls import Send

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
_TAG_CHARACTERS: Final = re.compile(r"[A-Za-z0-9_-]*")
_TAG_LENGTH: Final = 256
_MAXIMUM_TAGS: Final = 50

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html
_ADDRESS_LENGTH: Final = 320
_MAXIMUM_RECIPIENTS: Final = 50

# https://docs.aws.amazon.com/ses/latest/dg/mime-types.html
_EXTENSIONS: Final = """
    ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk
    mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi
    msp mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs
    vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk
"""
_REFUSED_EXTENSIONS: Final = frozenset(_EXTENSIONS.split())
# Seen by govuk-forms/forms-runner#1594.
_REFUSED_IN_NAMES: Final = frozenset('/\\:*?"<>|')
# https://docs.aws.amazon.com/ses/latest/dg/quotas.html, "Message quotas"
_MESSAGE_BYTES: Final = 40 * 1024 * 1024

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_TEXT_LENGTH: Final = 1_600
_FICTITIOUS_DIGITS: Final = re.compile(r"\+1\d{3}55501(\d\d)")
_OPTED_OUT: Final = "54"
_NO_ORIGINATION: Final = "89"


def send_problem(send: Send) -> str:
    """Return SES's message about an email that it refuses, or an empty text."""
    if not send.recipients:
        return "The email has no recipients."  # what SES says is not documented
    if len(send.recipients) > _MAXIMUM_RECIPIENTS:
        return f"Recipient count exceeds {_MAXIMUM_RECIPIENTS}."
    addresses = (*filter(None, [send.source]), *send.other_addresses, *send.recipients)
    return next(filter(None, map(address_problem, addresses)), "") or tag_problem(send.tags) or _content_problem(send)


def _content_problem(send: Send) -> str:
    """Return SES's message about files that it refuses, or an empty text."""
    for file in send.files:
        if file.name.rpartition(".")[2].lower() in _REFUSED_EXTENSIONS or _REFUSED_IN_NAMES & set(file.name):
            return f"Illegal filename '{file.name}'."
    is_large = send.size > _MESSAGE_BYTES
    return f"Message length is more than {_MESSAGE_BYTES} bytes long: '{send.size}'." if is_large else ""


def address_problem(mailbox: str) -> str:  # noqa: PLR0911 - one return for each message
    """Return SES's message about an address that it does not accept, or an empty text."""
    if len(mailbox) > _ADDRESS_LENGTH:
        return f"Address length is more than {_ADDRESS_LENGTH} characters long: '{mailbox}'."
    name, bracket, rest = mailbox.rpartition("<")
    address = rest.removesuffix(">") if bracket else mailbox
    # SES asks for encoded words (RFC 2047). What it does with other names is not documented.
    if not name.isascii():
        return f"Invalid email address {mailbox}."
    if "," in re.sub(r'"[^"]*"', "", name):
        return "Illegal address"
    local, at, domain = address.rpartition("@")
    if not at:
        return "Missing final '@domain'"
    if not domain:
        return "Missing domain"
    if not local:
        return "Missing local name"
    for part, text in (("Local address", local), ("Domain", domain)):
        if not re.fullmatch(r"[!-~]*", text) and not (part == "Local address" and text.startswith('"')):
            return f"{part} contains control or whitespace"
    if re.search(r'[()<>,;:\\"\[\]@]', domain):
        return "Domain contains illegal character"
    return ""


def tag_problem(tags: Sequence[tuple[str, str]]) -> str:
    """Return SES's message about message tags that it does not accept, or an empty text."""
    if len(tags) > _MAXIMUM_TAGS:
        return f"Too many tags: at most {_MAXIMUM_TAGS} are allowed."
    for name, value in tags:
        for part, text in (("name", name), ("value", value)):
            if not text:
                return f"The tag {part} must be specified."
            if len(text) > _TAG_LENGTH:
                return f"Tag {part} cannot exceed {_TAG_LENGTH} characters."
            if not _TAG_CHARACTERS.fullmatch(text):
                return f"Invalid tag {part} <{text}>: only alphanumeric ASCII characters, '_', and '-' are allowed."
    return ""


def text_refusal(number: str, text: str) -> tuple[str, str] | None:
    """Return the code and message with which SNS refuses to publish a text to a number, or None.

    SNS does not document which numbers it accepts. Here, it accepts those that are assigned in their country.
    """
    import phonenumbers

    try:
        valid = phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        valid = False
    if not valid:
        return "InvalidParameter", f"Invalid parameter: PhoneNumber Reason: {number} is not valid to publish to"
    if not text:
        return "InvalidParameter", "Invalid parameter: Empty message"
    if len(text) > _TEXT_LENGTH:
        return "InvalidParameter", "Invalid parameter: Message too long"
    fictitious = _FICTITIOUS_DIGITS.fullmatch(number)
    if fictitious and fictitious[1] == _OPTED_OUT:
        return "OptedOut", f"Phone number {number} is opted out"
    if fictitious and fictitious[1] == _NO_ORIGINATION:
        return "UserError", "No origination entities available to send"
    return None
