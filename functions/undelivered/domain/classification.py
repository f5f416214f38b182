"""What a failure report really says: the judgement on a diagnostic, with the rule that decided.

Amazon's own labels are coarse: an address that does not exist and a sender that is blocked both arrive as
Permanent/General. The receiving server's text and codes tell more, and are read in this order: wordings
(`diagnostic_rules`), RFC 3463 codes, RFC 5321 reply codes. Everything here is pure, never raises, and is
quick enough for every event (tens of microseconds).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from undelivered.domain.taxonomy import Fault, Kind, Reason, Status, Verdict, verdict

_HEAD: Final = 1_500  # characters read from the start of a text …
_TRANSIENT_CLASS: Final = 4  # RFC 5321 §4.2.1: the first digit of a reply that may succeed later
_TAIL: Final = 500  # … and from its end: the last line of a reply tells most, after a long preamble


@dataclass(frozen=True, slots=True)
class Judgement(Verdict):
    """A verdict and what led to it."""

    because: str  #: a short stable name of the rule, e.g. `text:mailbox_full/quota` or `rfc3463:5.2.2`


@cache
def judgement(reason: Reason, because: str, kind: Kind | None = None) -> Judgement:
    """Return the judgement for a reason; few exist, so each is made once."""
    found = verdict(reason, kind)
    return Judgement(found.status, found.kind, found.fault, found.reason, because)


# Reading a diagnostic -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    """One trigger's wordings of a family, and what they mean."""

    rank: int  #: place in the order of all wordings; the lowest that matches decides
    pattern: str
    reason: Reason
    because: str
    temporary_as: Reason | None
    policy_as: Reason | None


@dataclass(frozen=True, slots=True)
class _Book:
    """All rules by the words that call for them."""

    codes: Mapping[str, tuple[_Rule, ...]]
    prose: Mapping[str, tuple[_Rule, ...]]
    unspaced: tuple[str, ...]  #: trigger words of scripts written without spaces, sought as substrings


_CODE: Final = re.compile(r"([45])(?<![\d.]\d)\.([0-7]\.\d{1,3})(?!\d|\.\d)")
# What is no prose, within one run of non-blanks: what such a name contains must not be taken for a wording.
_NOISE: Final = re.compile(
    r"[^\s<>\"(),;:@]{1,64}@[\w.\-\[\]]{1,255}"  # addresses
    r"|https?:[^\s>]{0,500}|www\.[^\s>]{0,500}"  # links
    r"|(?<![\w.-])(?:[\w-]{1,63}\.){2,8}[a-z]{2,24}(?![\w-])"  # host names
    r"|^[45]\d\d(?:-|$)"  # reply codes, repeated in each line of a reply
    r"|(?<![\w.])#?[45]\.\d\.\d{1,3}(?!\w)"
    r"|(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.])"  # IP addresses
)
_APOSTROPHES: Final = "'\\`\u00b4\u2018\u2019"  # dropped: doesn't, doesn`t and doesnt are one word
_SEPARATORS: Final = (
    ',:<>[](){}"|/*=_-#+!?&%$~^@\r\n\t\u00ab\u00bb\u2013\u2014\u201c\u201d\u3001\u300c\u300d\u300e\u300f\u3010\u3011'
)
_SENTENCE_ENDS: Final = ".;\u3002"  # full-width forms have been made plain ones by then
_PUNCTUATION: Final = str.maketrans(
    {
        **dict.fromkeys(_APOSTROPHES, None),
        **dict.fromkeys(_SEPARATORS, " "),
        **dict.fromkeys(_SENTENCE_ENDS, " . "),
        # letters that do not come apart into a base and an accent
        "ł": "l",
        "ß": "ss",
        "ø": "o",
        "æ": "ae",
    }
)
_PROVIDERS_OWN: Final = re.compile(r"7\.\d{3}$")  # 5.7.5nn to 7nn: Exchange Online's blocks of senders
# A report may quote the remote server's reply after words of its own: Postfix `host x said: 550 …`, Exim `error from
# remote mail server after RCPT TO:<…>: host x [ip]: 550 …`, qmail `Remote host said: 550 … Giving up on ip.`
_QUOTED_REPLY: Final = re.compile(
    r"(?:\bsa(?:id|ys)|reason|respon(?:ded|se)|answer(?:ed)?|reply|replied|\]|\)):?\s{0,3}(?=[45]\d\d[ -])"
)
_AT_MAIL_FROM: Final = re.compile(r"(?:after|reply to|response to|command:?) (?:the )?\"?mail from")
_SENDER_ADDRESS: Final = frozenset({"1.7", "1.8"})
_TYPE: Final = re.compile(r"^\s{0,4}[\w-]{1,20}\s{0,4};")  # RFC 3464 §2.3.6: the type of a diagnostic, `smtp;`
_QUOTE_END: Final = re.compile(r"giving up on|i'm not going to try again|\(in reply to|\(#?\d\.\d\.\d\)")
_ADVICE: Final = re.compile(r"(?:for more information|to review|learn more|more information)[^.]*")
_REPLY: Final = re.compile(r"\s{0,4}(?:[\w-]{1,20}\s{0,4};\s{0,4})?([45]\d\d)(?!\d)")
_COMBINING_LATIN: Final = re.compile("[\u0300-\u036f]")


def _shortened(diagnostic: str) -> str:
    """Return what is read of a diagnostic: all of it, or the two ends of one of unreasonable length."""
    if len(diagnostic) <= _HEAD + _TAIL:
        return diagnostic
    return f"{diagnostic[:_HEAD]} {diagnostic[-_TAIL:]}"


def _folded(text: str) -> str:
    """Return text in lower case, compatibility forms and accents taken away."""
    if text.isascii():
        return text.lower()
    decomposed = _COMBINING_LATIN.sub("", unicodedata.normalize("NFKD", text.lower()))
    return unicodedata.normalize("NFC", decomposed)


def _folded_pattern(pattern: str) -> str:
    """Fold what a pattern looks for as texts are folded; patterns of ASCII are written folded."""
    return pattern if pattern.isascii() else _folded(pattern)


def _words(text: str) -> list[str]:
    return text.translate(_PUNCTUATION).split()


@cache
def _search(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return the search for a pattern, compiled when first needed: most texts call for a handful of hundreds."""
    return re.compile(pattern).search


@cache
def _book() -> _Book:
    """Sort the rules by their triggers, once, when the first text is to be read."""
    from undelivered.domain import diagnostic_rules as rules  # noqa: PLC0415 - kept out of every cold start

    codes: dict[str, list[_Rule]] = {}
    prose: dict[str, list[_Rule]] = {}
    places = ((rules.CODES, codes, ""), (rules.PROSE, prose, r"(?<![a-z0-9])"))
    rank = 0
    for families, index, boundary in places:
        for family in families:
            because = f"text:{family.reason}/{family.name}"
            for triggers, wordings in family.wordings:
                rank += 1
                pattern = f"{boundary}(?:{_folded_pattern('|'.join(wordings))})"
                rule = _Rule(rank, pattern, family.reason, because, family.temporary_as, family.policy_as)
                for trigger in _folded(triggers).split("|"):
                    index.setdefault(trigger, []).append(rule)
    unspaced = tuple(trigger for trigger in prose if trigger[0] >= "\u2e80")
    return _Book(
        {trigger: tuple(found) for trigger, found in codes.items()},
        {trigger: tuple(found) for trigger, found in prose.items()},
        unspaced,
    )


def _first(index: Mapping[str, tuple[_Rule, ...]], words: set[str], text: str) -> _Rule | None:
    """Return the highest ranking rule whose wording occurs in the text."""
    called: dict[int, _Rule] = {}
    for word in index.keys() & words:
        for rule in index[word]:
            called[rule.rank] = rule
    for rank in sorted(called):
        rule = called[rank]
        if _search(rule.pattern)(text):
            return rule
    return None


def classify_diagnostic(diagnostic: str, enhanced_status: str | None, smtp_code: int | None) -> Judgement:
    """Return the judgement on a diagnostic as a delivery report gives it.

    `enhanced_status` is the report's RFC 3463 status, often a bare 5.0.0; codes inside the text are read too.
    Never raises; a text that says nothing known is soft and undetermined.
    """
    if smtp_code is None:
        smtp_code = _reply_code(diagnostic)
    raw = _TYPE.sub("", _folded(_shortened(diagnostic)))
    statuses = _statuses(raw, enhanced_status)
    rule = _by_text(raw)
    if rule is None:
        return _by_code(statuses, smtp_code)
    if verdict(rule.reason).kind is not Kind.SOFT and _is_about_sender(raw, statuses):
        return judgement(Reason.SENDER_BLOCKED, rule.because)
    if rule.temporary_as is not None and _is_temporary(statuses, smtp_code):
        return judgement(rule.temporary_as, rule.because)
    if rule.policy_as is not None and any(subject.startswith("7.") for _, subject in statuses):
        return judgement(rule.policy_as, rule.because)
    return judgement(rule.reason, rule.because)


def _is_about_sender(raw: str, statuses: list[tuple[str, str]]) -> bool:
    """Whether an address or domain spoken of is ours: by RFC 3463 X.1.7 and X.1.8, or as the reply to MAIL FROM."""
    return any(subject in _SENDER_ADDRESS for _, subject in statuses) or _AT_MAIL_FROM.search(raw) is not None


def _by_text(raw: str) -> _Rule | None:
    """Return the rule for the text: what the remote server replied decides, then the cause, then the rest."""
    book = _book()
    found = _first(book.codes, set(_words(raw)), raw)
    if found is not None:
        return found
    introduction = None if _REPLY.match(raw) else _QUOTED_REPLY.search(raw)
    if introduction is not None:
        found = _by_prose(book, _QUOTE_END.split(raw[introduction.end() :], maxsplit=1)[0])
        if found is not None:
            return found
    cause = _QUOTE_END.split(raw, maxsplit=1)[0]
    found = _by_prose(book, cause)
    if cause != raw and (found is None or found.reason is Reason.SERVER_UNAVAILABLE):
        return _by_prose(book, raw) or found  # why it was hard to reach says less than that it was given up
    return found


def _by_prose(book: _Book, raw: str) -> _Rule | None:
    kept = [run if run.isalpha() else _NOISE.sub(" ", run) for run in raw.split()]
    words = _words(" ".join(kept))
    prose = " ".join(words)
    if "more information" in prose or "to review" in prose or "learn more" in prose:
        prose = _ADVICE.sub("", prose)
    called = set(words)
    if not prose.isascii():
        called.update(trigger for trigger in book.unspaced if trigger in prose)
    return _first(book.prose, called, prose)


def _statuses(raw: str, enhanced_status: str | None) -> list[tuple[str, str]]:
    """Return the RFC 3463 codes, those in the text first, as (class, "subject.detail"); x.0.0 says nothing."""
    found = [(code[0], code[1]) for code in _CODE.findall(raw)]
    if enhanced_status:
        found += [(code[0], code[1]) for code in _CODE.findall(enhanced_status[:20])]
    return [code for code in found if code[1] != "0.0"]


def _is_temporary(statuses: list[tuple[str, str]], smtp_code: int | None) -> bool:
    if smtp_code is not None:
        return smtp_code // 100 == _TRANSIENT_CLASS
    return bool(statuses) and statuses[0][0] == "4"


def _by_code(statuses: list[tuple[str, str]], smtp_code: int | None) -> Judgement:
    from undelivered.domain import diagnostic_rules as rules  # noqa: PLC0415 - kept out of every cold start

    for severity, subject in statuses:
        code = f"{severity}.{subject}"
        reason = rules.ENHANCED.get(code) or rules.ENHANCED.get(subject)
        if reason is None and subject.startswith("6."):
            reason = Reason.CONTENT_REJECTED
        if reason is None and _PROVIDERS_OWN.match(subject):
            reason = Reason.SENDER_BLOCKED
        if reason is not None:
            if severity == "4" and verdict(reason).kind is not Kind.SOFT:
                reason = Reason.UNDETERMINED
            return judgement(reason, f"rfc3463:{code}")
    reason = rules.REPLY.get(smtp_code) if smtp_code is not None else None
    if reason is not None:
        return judgement(reason, f"rfc5321:{smtp_code}")
    return judgement(Reason.UNDETERMINED, "undetermined")


# Amazon's type and subtype ------------------------------------------------------------------------------------------

_SUPPRESSED: Final[Mapping[str, Reason]] = {
    # Amazon SES Developer Guide, "Contents of event data that Amazon SES publishes", bounce types. SES writes 5.1.1
    # into suppression bounces too, so the subtype wins over any code. The tenant's list: "Managing tenant suppression
    # list entries". The last two names are not documented; they were seen in others' code.
    "suppressed": Reason.SUPPRESSED_BOUNCE,
    "onaccountsuppressionlist": Reason.SUPPRESSED_BOUNCE,
    "ontenantsuppressionlist": Reason.SUPPRESSED_BOUNCE,
    "emailvalidationsuppressed": Reason.SUPPRESSED_BOUNCE,
    "unsubscribedrecipient": Reason.UNSUBSCRIBED,
}
_TRANSIENT: Final[Mapping[str, Reason]] = {
    "mailboxfull": Reason.MAILBOX_FULL,
    "messagetoolarge": Reason.MESSAGE_TOO_LARGE,
    "contentrejected": Reason.CONTENT_REJECTED,
    "attachmentrejected": Reason.CONTENT_REJECTED,
    "customtimeoutexceeded": Reason.TIMED_OUT,
}
_NAMES_NO_MAILBOX: Final[Mapping[str, Reason]] = {
    "1.1": Reason.ADDRESS_NOT_FOUND,
    "1.2": Reason.DOMAIN_NOT_FOUND,
    "1.10": Reason.ADDRESS_NOT_FOUND,  # Exchange's use of it; RFC 7505's null MX is a dead address as well
}


def judge_bounce(
    bounce_type: str | None, bounce_subtype: str | None, diagnostic: str | None, enhanced_status: str | None
) -> Judgement:
    """Return the judgement on one bounced recipient: Amazon's type and subtype together with the diagnostic.

    A Permanent bounce is invalid when the address or its domain does not exist, and hard otherwise, whatever the
    reason: SES will not try again. Its fault stays what the text says: a blocked sender suppresses nobody
    (`taxonomy.suppresses`). A Permanent bounce without a usable text stays undetermined and, being hard, suppresses:
    SES itself refuses such an address for days, and sending on would cost reputation. Any other type, known or not,
    is soft, and never says that an address does not exist.
    """
    kind = (bounce_type or "").strip().lower()
    subtype = (bounce_subtype or "").strip().lower()
    if kind == "permanent":
        if subtype in _SUPPRESSED:
            return judgement(_SUPPRESSED[subtype], f"ses:permanent/{subtype}")
        return _permanent(subtype, diagnostic or "", enhanced_status)
    return _transient(subtype, diagnostic or "", enhanced_status)


def _permanent(subtype: str, diagnostic: str, enhanced_status: str | None) -> Judgement:
    found = classify_diagnostic(diagnostic, enhanced_status, _reply_code(diagnostic))
    if found.status is Status.INVALID:
        return found
    if subtype == "noemail":
        return judgement(Reason.ADDRESS_NOT_FOUND, "ses:permanent/noemail")
    if found.fault is not Fault.SENDER:
        for severity, subject in _statuses(_shortened(diagnostic), enhanced_status):
            if severity == "5" and subject in _NAMES_NO_MAILBOX:
                return judgement(_NAMES_NO_MAILBOX[subject], f"ses:permanent+rfc3463:5.{subject}")
    return judgement(found.reason, f"ses:permanent+{found.because}", Kind.HARD)


def _transient(subtype: str, diagnostic: str, enhanced_status: str | None) -> Judgement:
    stated = _TRANSIENT.get(subtype)
    if stated in {Reason.MAILBOX_FULL, Reason.MESSAGE_TOO_LARGE}:
        return judgement(stated, f"ses:transient/{subtype}")
    found = classify_diagnostic(diagnostic, enhanced_status, _reply_code(diagnostic))
    if stated is not None:
        refined = found.reason if found.fault is Fault.SENDER else stated
        return judgement(refined, f"ses:transient/{subtype}")
    if found.status is Status.INVALID:
        return judgement(Reason.UNDETERMINED, f"ses:transient+{found.because}")
    return judgement(found.reason, f"ses:transient+{found.because}", Kind.SOFT)


def _reply_code(diagnostic: str) -> int | None:
    """Return the RFC 5321 reply code a diagnostic starts with, after its type (`smtp; 550 …`)."""
    found = _REPLY.match(diagnostic)
    return int(found[1]) if found else None
