"""The receiving system of a message: the mail operator, the recipient's domain, or the country of a number.

The recipient's domain decides if an operator is known to run it. Otherwise a host of an operator in the diagnostic
does: this is the receiver's own claim, and it names the operator that hosts the domain of a business. A message that
was refused before it left has the provider as its receiver.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Reason, Status

_ID_LENGTH: Final = 100
_DIAGNOSTIC_LENGTH: Final = 500


class ReceiverKind(StrEnum):
    """What a receiving system is known by."""

    OPERATOR = "operator"  #: an operator of mail servers
    DOMAIN = "domain"  #: the recipient's domain
    COUNTRY = "country"  #: the country calling code of a number
    PROVIDER = "provider"  #: Amazon SES or Amazon SNS, before the message left


class Operator(Struct, frozen=True):
    """An operator of mail servers.

    ``domains`` is a regular expression of the domains of its mailboxes. ``hosts`` are the ends of the names of its mail
    servers, as they are in its answers. ``help_url`` is its page for senders, and the source of this entry.
    """

    name: str
    domains: str
    hosts: tuple[str, ...]
    help_url: str


_COUNTRY: Final = r"(?:com?\.)?[a-z]{2,3}"

OPERATORS: Final[Mapping[str, Operator]] = {
    "microsoft": Operator(
        "Outlook (Microsoft)",
        rf"(?:outlook|hotmail|live|msn|windowslive)\.{_COUNTRY}|passport\.com",
        ("outlook.com", "hotmail.com", "outlook.de"),
        "https://sendersupport.olc.protection.outlook.com/pm/",
    ),
    "google": Operator(
        "Gmail (Google)",
        r"gmail\.com|googlemail\.com",
        ("google.com", "gmail.com", "gsmtp"),
        "https://support.google.com/mail/answer/81126",
    ),
    "yahoo": Operator(
        "Yahoo and AOL",
        rf"(?:yahoo|aol)\.{_COUNTRY}|ymail\.com|rocketmail\.com|aim\.com|verizon\.net",
        ("yahoo.com", "yahoodns.net", "yahooinc.com", "aol.com"),
        "https://senders.yahooinc.com/",
    ),
    "apple": Operator(
        "iCloud (Apple)",
        r"icloud\.com|me\.com|mac\.com",
        ("icloud.com", "apple.com"),
        "https://support.apple.com/102322",
    ),
    "united_internet": Operator(
        "GMX, WEB.DE and IONOS (United Internet)",
        r"gmx\.[a-z.]{2,6}|web\.de|mail\.com|online\.de|1und1\.de",
        ("gmx.net", "gmx.com", "web.de", "kundenserver.de", "ionos.com", "perfora.net"),
        "https://postmaster.gmx.net/en/",
    ),
    "telekom": Operator(
        "T-Online (Deutsche Telekom)", r"t-online\.de|magenta\.de", ("t-online.de", "telekom.de"),
        "https://postmaster.t-online.de/",
    ),
    "orange": Operator(
        "Orange", r"orange\.fr|wanadoo\.fr", ("orange.fr", "wanadoo.fr"), "https://postmaster.orange.fr/",
    ),
    "free": Operator("Free", r"free\.fr", ("free.fr", "proxad.net"), "https://postmaster.free.fr/"),
    "comcast": Operator(
        "Xfinity (Comcast)", r"comcast\.net", ("comcast.net",), "https://postmaster.comcast.net/",
    ),
    "mail_ru": Operator(
        "Mail.ru", r"(?:mail|inbox|list|bk)\.ru", ("mail.ru",), "https://postmaster.mail.ru/",
    ),
    "proofpoint": Operator(
        "Proofpoint", "", ("pphosted.com", "ppe-hosted.com", "proofpoint.com"), "https://ipcheck.proofpoint.com/",
    ),
    "mimecast": Operator("Mimecast", "", ("mimecast.com", "mimecast.org"), "https://mimecastsupport.zendesk.com/"),
    "barracuda": Operator(
        "Barracuda", "", ("barracudanetworks.com", "barracudacentral.org"),
        "https://www.barracudacentral.org/rbl/removal-request",
    ),
}  # fmt: skip
"""The operators by ID. The page of each for senders (checked in November 2026) names its domains or servers."""

_PROVIDERS: Final[Mapping[Channel, tuple[str, str]]] = {
    Channel.EMAIL: ("amazon_ses", "Amazon SES"),
    Channel.SMS: ("amazon_sns", "Amazon SNS"),
}
_PROVIDER_NAMES: Final = dict(_PROVIDERS.values())

_DOMAINS: Final = re.compile(
    "|".join(f"(?P<{name}>{operator.domains})" for name, operator in OPERATORS.items() if operator.domains)
)
_BY_HOST: Final = {host: name for name, operator in OPERATORS.items() for host in operator.hosts}
_HOST: Final = re.compile(rf"(?<![\w-])({'|'.join(re.escape(host) for host in _BY_HOST)})(?![\w-]|\.[a-z])")
_ADDRESS: Final = re.compile(r"@[\w.-]+")
# ITU-T E.164 (list of assigned country codes): those of one and two digits; all others have three.
_CALLING_CODE: Final = re.compile(r"\+(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3})")


class Receiver(Struct, frozen=True):
    """A receiving system: how it is known, its name, and its page for senders, empty if none is known."""

    kind: ReceiverKind
    name: str
    help_url: str = ""


def receiver_of(channel: Channel, reason: Reason, address: str, diagnostic: str) -> str:
    """Return the ID of the receiving system of a failed message, empty if nothing names it.

    It is the ID of an operator, a domain, a calling code such as ``+49``, or the ID of the provider.
    """
    if CLASSIFICATIONS[reason].status is Status.FAILED:
        return _PROVIDERS[channel][0]
    if channel is Channel.SMS:
        code = _CALLING_CODE.match(address)
        return code[0] if code else ""
    return _mail_receiver(address.rpartition("@")[2].lower(), diagnostic[:_DIAGNOSTIC_LENGTH])


@lru_cache(maxsize=1_000)  # a burst of failures repeats the same answers
def _mail_receiver(domain: str, diagnostic: str) -> str:
    if (operator := _DOMAINS.fullmatch(domain)) and operator.lastgroup:
        return operator.lastgroup
    host = _HOST.search(_ADDRESS.sub("", diagnostic.lower()))
    return _BY_HOST[host[1]] if host else domain[:_ID_LENGTH]


def receiver(receiver_id: str) -> Receiver:
    """Return the receiving system with an ID."""
    if operator := OPERATORS.get(receiver_id):
        return Receiver(ReceiverKind.OPERATOR, operator.name, operator.help_url)
    if provider := _PROVIDER_NAMES.get(receiver_id):
        return Receiver(ReceiverKind.PROVIDER, provider)
    return Receiver(ReceiverKind.COUNTRY if receiver_id.startswith("+") else ReceiverKind.DOMAIN, receiver_id)
