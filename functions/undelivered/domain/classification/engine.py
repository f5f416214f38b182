"""What a failure report says: the classification of a diagnostic, with the rule that decided.

Amazon's own labels are coarse: an address that does not exist and a sender that is blocked both arrive as
Permanent/General. The receiving server's text and codes say more, and are read in this order: wordings
(`wordings`), RFC 3463 codes, RFC 5321 reply codes. Everything here is pure, never raises, and is
quick enough for every event (tens of microseconds).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from undelivered.domain.classification.english import in_english
from undelivered.domain.taxonomy import Classification, Fault, Kind, Reason, Status, classification_of

if TYPE_CHECKING:
    from undelivered.domain.classification.family import Family

_HEAD: Final = 1_500  # characters read from the start of a text …
_PERMANENT_CLASS: Final = 5
_TRANSIENT_CLASS: Final = 4  # RFC 5321 §4.2.1: the first digit of a reply that may succeed later
_TAIL: Final = 500  # … and from its end: the last line of a reply says most, after a long preamble


# Reading a diagnostic -----------------------------------------------------------------------------------------------


class _Rule(Struct, frozen=True):
    """One trigger's wordings of a family, and what they mean."""

    pattern: str
    reason: Reason
    name: str  #: short and stable, such as `text:mailbox_full/quota`
    temporary_as: Reason | None
    policy_as: Reason | None
    message_as: Reason | None
    reply_as: Reason | None
    recipient_as: Reason | None
    is_weak: bool
    is_about_us: bool


class _Index(Struct, frozen=True):
    """Rules in their order, and which of them the stems of words call for: bit n stands for rule n."""

    rules: tuple[_Rule, ...]
    calls: Mapping[str, tuple[int, int]]  #: stem: rules it calls, rules it calls in the second place
    single: int  #: the rules that need no second call
    unspaced: tuple[str, ...]  #: trigger words of scripts written without spaces, sought as substrings


_CODE: Final = re.compile(r"([45])(?<![\d.]\d)\.([0-7]\.\d{1,3})(?!\d|\.\d)")
# What is no prose, within one run of non-blanks: what such a name contains must not be taken for a wording.
_NOISE: Final = re.compile(
    r"[^\s<>\"(),;:@]{1,64}@[\w.\-\[\]]{1,255}"  # addresses
    r"|https?:[^\s>]{0,500}|www\.[^\s>]{0,500}"  # links
    r"|(?<![\w.-])(?:[\w-]{1,63}\.){2,8}[a-z]{2,24}(?![\w-])"  # host names
    # domains; of two parts only these, since a sentence may begin right after the end of another
    r"|(?<![\w.-])[\w-]{1,63}\.(?:com|net|org|edu|gov|info|biz|eu|de|fr|uk|jp|cn|ru|br|pl|nl|example)(?![\w-])"
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
        **dict.fromkeys(_SENTENCE_ENDS, "."),
        # letters that do not come apart into a base and an accent
        "ł": "l",
        "ß": "ss",
        "ø": "o",
        "æ": "ae",
        "\u0131": "i",
    }
)
_WRITTEN_TOGETHER: Final = tuple(
    (f"{first} {second}", f"{first}{second}")
    for first, second in (("mail", "box"), ("e", "mail"), ("black", "list"), ("block", "list"), ("white", "list"))
)
# Misspelt words in replies of servers, by how they begin.
_MISSPELT: Final = (
    ("exeed", "exceed"),
    ("excedeed", "exceeded"),
    ("exceded", "exceeded"),
    ("non existant", "nonexistent"),
    ("exsist", "exist"),
    ("recipent", "recipient"),
    ("recepient", "recipient"),
    ("reciepient", "recipient"),
    ("receipient", "recipient"),
    ("recieve", "receive"),
    ("recieving", "receiving"),
    ("unavaliable", "unavailable"),
    ("unavailible", "unavailable"),
    ("temporarly", "temporarily"),
    ("temporaly", "temporarily"),
    ("unkown", "unknown"),
    ("unknow ", "unknown "),
    ("so such user", "no such user"),
    ("doesnot ", "does not "),
    ("authentification", "authentication"),
    ("adressee", "addressee"),
    ("dosnt", "doesnt"),
    ("doesent", "doesnt"),
    ("receipent", "recipient"),
    ("recipeint", "recipient"),
    ("maibox", "mailbox"),
    ("adress ", "address "),
    ("messagens ", "messages "),
    ("administrativly", "administratively"),
    ("administrativley", "administratively"),
    ("useraccount", "user account"),
    ("mailaccount", "mail account"),
    ("emailaccount", "email account"),
    ("mailaddress", "mail address"),
    ("emailaddress", "email address"),
)
# Words that change nothing of what a sentence says.
_FILLER_WORDS: Final = (
    "unfortunately|apparently|sadly|indeed|also|hereby|simply|kindly|actually|obviously|really|currently|presently|regrettably"
    "|evidently|definitely|certainly|already|just|leider|malheureusement|desafortunadamente|lamentablemente|infelizmente"
    "|purtroppo|niestety|helaas"
)
_FILLERS: Final = frozenset(_FILLER_WORDS.split("|"))
# … and words that a sentence without verbs does without, as servers write it: "user unknown".
_SMALL: Final = "the|a|an|this|that|these|those|our|any|such|its|their|his|her|is|was|are|been|being|has|have"
_SMALL_WORDS: Final = frozenset(_SMALL.split("|"))
_REFUSED: Final = "text:sender_blocked/refused"  # says nothing but that
_START: Final = re.compile(r"(?<!\[)\^")
_STEM: Final = 4  # letters of a word by which rules are called: block, blocks, blocked and blocking call the same
# A report may quote the remote server's reply after words of its own: Postfix `host x said: 550 …`, Exim `error from
# remote mail server after RCPT TO:<…>: host x [ip]: 550 …`, qmail `Remote host said: 550 … Giving up on ip.`, Exchange
# `#5.1.1 smtp;550 …` and `Remote Server returned '550 …'`, IronPort `5.1.0 - Unknown address error 550-'…'`, Sendmail
# `(reason: 550 …)` and `<<< 550 …`, Gmail `The response from the remote server was: 550 …`.
_CODE_INSIDE: Final = re.compile(r"[45]\d\d[ -]")
_INTRODUCTION: Final = re.compile(
    r"(?:\b(?:sa(?:id|ys)|reason|respon(?:ded|se)|answer(?:ed)?|reply|replied|returned|error|problem|was|smtp|recv)"
    r"|[\])]|<<<|>>>)[:;]?[\s'\"]{0,3}$"
)
_INTRODUCTION_LENGTH: Final = 24
_AT_MAIL_FROM: Final = re.compile(r"(?:after|reply to|response to|command:?) (?:the )?\"?mail from")
# An IP address of which something is said: the client's, since recipients have none.
_IP_AS_SUBJECT: Final = re.compile(
    r"\b(?:address|host|client|ip):? {0,2}[\[(<]?\d{1,3}(?:\.\d{1,3}){3}[\])>]?:?"
    r" (?:is|was|has|not|does|cannot|could|unknown)\b"
)
# An address of which it is said what is said of a mailbox, and nothing that is said of senders: the recipient.
_SAID_OF_ADDRESS: Final = (
    r"@[\w.-]{1,255}[>\])\"']{0,2}:?(?: (?!only)\w{1,16}ly)?"
    r" (?=(?:is|isn't|was|wasn't|has|does|doesn't|did|cannot|could|never|no longer|only|got|gets|refuses|accepts|takes"
    r"|belongs)\b)(?!(?:is|isn't|was|wasn't|has been) (?:\w+ )?(?:black|block|bann|list|allow|permit|auth|verif|unverif"
    r"|unauth|spoof|forg|spam|send))"
)
_IS_SAID_OF_ADDRESS: Final = re.compile(_SAID_OF_ADDRESS)
_ADDRESS_AS_SUBJECT: Final = re.compile(
    r"(?:(?<=because )|(?<=that )|(?<=ly )|(?<![a-z] )(?<![a-z] <)(?<![a-z]))"
    rf"(?<![^\s<>\"(),;:@'])[^\s<>\"(),;:@']{{1,64}}{_SAID_OF_ADDRESS}"
)
# The mailboxes of RFC 2142 that every sending domain should have: receivers test those of the sender's.
_ROLE_AS_SUBJECT: Final = re.compile(
    r"\b(?:postmaster|abuse)@[\w.-]{1,255}[>\])]?:? (?:does|doesn|is|was|not|unknown|cannot|could|rejected|refused)\b"
)
_UNSPECIFIC_POLICY: Final = frozenset({"7.0", "7.1"})  # RFC 3463 §3.8: what servers add to any refusal
_SENDER_ADDRESS: Final = frozenset({"1.7", "1.8"})
_TYPE: Final = re.compile(r"^\s{0,4}[\w-]{1,20}\s{0,4};")  # RFC 3464 §2.3.6: the type of a diagnostic, `smtp;`
_QUOTE_END: Final = re.compile(r"giving up on|i'm not going to try again|\(in reply to|\(#?\d\.\d\.\d\)")
_QUOTE_END_MARKS: Final = ("giving up", "not going to", "(in reply", "(#")
# What the server had seen when it refused: the message, or nothing yet but us.
_AT_END_OF_DATA: Final = re.compile(
    r"end of data|after (?:\"?\.\"?|data)\b|(?:reply|response) to (?:\w+ )?data|after i sent the message|data command"
)
_AT_CONNECTION: Final = re.compile(
    r"refused to talk to me|(?:initial|server) greeting|after (?:initial )?connection|(?:helo|ehlo) command"
    r"|greeting failed"
)
_ADVICE: Final = re.compile(
    r"(?:for (?:more|further) (?:information|details|help)|to review|learn more|more information"
    r"|for (?:spam|abuse) complaints|if you (?:believe|think|feel)\b)[^.]*"
)
_ADVICE_MARKS: Final = ("more ", "further ", "to review", " complaints ", " if you ")
# RFC 5321 §4.2.2: what servers write for the code alone. GMX: of several lines the last one says what is meant.
# Postfix writes which of its restrictions refused before the text of that restriction.
_BOILERPLATE: Final = re.compile(
    r" requested (?:mail )?action (?:not taken|aborted|not performed)"
    r"(?: mailbox (?:unavailable|name not allowed)| (?:local )?error in processing| insufficient system storage)?(?= )"
    r"|(?: smtp| esmtp| mail)? service (?:currently )?(?:not available|unavailable)(?= (?!(?:please )?(?:try|retry)\b))"
    r"|^ mailbox (?:unavailable|not available) \.(?= )"
    r"|^ (?:client host rejected|access denied|(?:your |the |this )?(?:message|mail|email)(?: to| for)?"
    r" (?:is |was |has been )?(?:not accepted|rejected|refused))"
    r"(?= (?:no|not|unknown|invalid|bad|user|recipient|mailbox|account|address|addressee|unavailable|inactive|disabled"
    r"|transaction|service|server|system|backend|upstream|send|lmtp|database|internal|local|temporary"
    r"|the|this|that|your|our|we|because|since|sorry|sender|it)\b| \. \w)"
    r"|^ (?:cannot|can not|could not|couldnt|unable to|failed to) (?:be )?deliver(?:ed)?"
    r"(?: (?:your|this|the) (?:mail|email|message))?(?: to)?(?: (?:the|this))?"
    r"(?: (?:recipient|user|mailbox|address))?(?= )"
    r"|^ delivery (?:to )?(?:(?:the|this) )?(?:(?:recipient|user|mailbox) )?(?:has |was )?failed(?= )"
    r"|^ (?:(?:your |this |the )?(?:message|mail|email) )?reject(?:ed|ing)? (?:due to|because of|by|for)"
    r" (?:our |the |local |site |security |administrative )*polic(?:y|ies)"
    r"(?= (?!(?:please|see|restrictions?|violations?|reasons?|contact|of|at|for|on|in|and|or|against)\b)\w)"
    r"| error delivering to (?:the )?(?:mailbox(?:es)?|recipients?|users?)\b"
)
_BOILERPLATE_STARTS: Final = (
    " mailbox ",
    " client ",
    " access ",
    " your ",
    " the ",
    " this ",
    " message ",
    " mail ",
    " email ",
    " reject ",
    " rejected ",
    " rejecting ",
)
_BOILERPLATE_MARKS: Final = (" requested ", " service ", " deliver")
# A relative clause that only says whom the message was for: what follows it is said of the account before it.
_CLAUSE: Final = re.compile(
    r" (?:that |which |whom |who )?you"
    r" (?:(?:are|were|have|had|tried|trying|try|attempted|attempting|want|wanted|wish) ){0,3}"
    r"(?:to )?(?:reach|contact|deliver to|email|mail(?:ing|ed)?|send to|sending to|sent to"
    r"|wr(?:ite|ote|iting|itten) to|looking for"
    r"|specified|entered|provided|gave)\b"
)
# Whom a sentence is about: what is said of the sender is no fault of the recipient's address.
_SENDER_AS_SUBJECT: Final = re.compile(
    r"(?<! to)(?<! to the) senders?\b(?! (?:should|please|must check))| return ?path\b| mail ?from\b| envelope from\b"
    r"| from (?:address|domain|header|field)\b| (?:helo|ehlo)\b"
    r"| your (?:\w+ ){0,2}?(?:ips?|domain|host|hostname|server|mx|dns|network)\b| sending (?:domain|host|server|ip)\b"
    r"| (?:l|d|de l)?(?:expediteur|emetteur)| absender| remitente| remetente| mittente| nadawc| afzender| avsandar"
    r"| odesilatel| (?:d)?expedition| de origem| отправител| відправник|发件人|發件人|发信人"
    r"|寄件人|寄件者|送信者|発信者|差出人|발신|송신|보낸"
)
# … and what is ours whatever else is spoken of.
_OURS: Final = re.compile(
    r" (?:(?:connecting|originating|client|source) (?:ips?|hosts?|hostname|server|address|name)"
    r"|sending (?:user|account|address|mailbox)|(?:srs|batv|verp) (?:address|signature|tag)|submitter|originator"
    r"|return ?path|(?:bounce|return|(?<!no )reply|from) address"
    r"|(?:log ?in|auth|authentication|sasl) (?:\w+ ){0,3}?(?:failed|failure|required|refused|error)"
    r"|(?:in|of|for|at|by|verifying) (?:the |your )?"
    r"(?:envelope (?:from|sender)|senders?|mail from|sending (?:domain|server|host|system|site|address))"
    r"|reply to (?:address|header|field|mailbox|domain)|headers? (?:from|reply to|sender|to|cc)"
    r"|(?:origin|reverse) ?(?:address|path)"
    r"|(?:from|sender|cc) headers?"
    r"|(?:user|account|address|mailbox|recipient) (?:\w+ ){0,2}?(?:sending|to send|sends|that sent)"
    r"|(?:user|account|address|mailbox) (?:\w+ ){0,5}?(?:writ\w+|mail\w*|send\w*) from"
    r"|you are not (?:an? )?(?:\w+ ){0,2}?(?:member|subscriber|user|customer|client|contact)"
    r"|senders? (?:e ?mail )?(?:mailbox|account|user|inbox)"
    r"|(?:user|address|account|mailbox) (?:\w+ )?(?:in|of|for) (?:the )?(?:from|senders?|return ?path|reply to|helo)"
    r"|(?:accept|receive|take)s? bounces|to post|be used (?:here|as)"
    r"|(?:closed|restricted|reserved) (?:to|for) (?:(?:list|group|our|its|the) )?"
    r"(?:members|subscribers|non|external|internal|outside)"
    r"|(?:type|kind) of (?:contents?|message|mail|attachment|file)"
    r"|senders? (?:or|and) (?:the )?recipients?|recipients? (?:or|and) (?:the )?senders?"
    # whoever sends is the subject of what is lacking
    r"|(?:(?<! to )(?<! to the )(?<! for )(?<! for the )senders?|you)"
    r" (?:(?:do not|does not|dont|doesnt) have|has no|have no|lacks?) (?:an? |any )?(?:\w+ )?(?:account|mailbox|inbox)"
    r"|your (?:domain|server|host|ips?|site|system|company|organi[sz]ation|network|provider) (?:name )?"
    r"(?:is |are |was |has |have |does |do )*(?:not|no|isnt|doesnt|dont|hasnt|lacks?|unknown|cannot)"
    r"|(?<! to )(?<! to the )(?<! for )(?<! for the )(?:mail )?sending (?:is |was |has been )?"
    r"(?:not|disabled|suspended|forbidden)"
    r"|(?<! to )(?<! to the )(?<! for )(?<! for the )senders? (?:is |was )?"
    r"(?:not|isnt|unknown|no) (?:an? |the )?(?:\w+ )?(?:user|account|member|mailbox)"
    # our machines in other languages
    r"|(?<! en )(?<! em )(?<! no )(?<! na )(?<! sur )(?<! dans )(?<! auf )(?<! bei )(?<! nel )(?<! sul )"
    r"(?:su|tu|votre|vos|ton|ihre?r?|deine?|vostr[oa]|suo|sua|tuo|tua|seu|uw|je|twoja?|wasz|sendender?|ваша?|ваше)"
    r" (?:(?:direccion|adresse|endereco|indirizzo|adres) )?"
    r"(?:servidor|serveur|mail ?server|server|serwer|ip|dominio|domaine|domain|domane|domein|domena|host|rechner|netz"
    r"|домен|сервер)"
    r"|registro (?:ptr|spf|inverso)"
    r"|your (?:e ?mail )?(?:address(?! book)|account|mailbox|user)|(?:invalid|unknown|bad|illegal) from)\b"
)
# Beginnings of words of which one is in every text of ours: most texts have none, and need no search.
_OURS_WORDS: Final = (
    "abse|afze|avsa|batv|boun|cc|clie|clos|conn|dein|deme|dexp|ehlo|emet|enve|expe|from|head|helo|ihr|ihre|je|kind|leme|lexp"
    "|mitt|nada|odes|orig|post|regi|reme|remi|repl|rese|rest|retu|reve|send|seu|sour|srs|su|subm|suo|ton|sua|tu|tua|tuo|twoj|vos"
    "|type|used|uw|verp|vost|votr|you|your|log|logi|auth|sasl|sent"
)
_OURS_STEMS: Final = frozenset(_OURS_WORDS.split("|"))
_RECIPIENT: Final = re.compile(r" (?:recipients?|rcpt|users?|mailbox(?:es)?|addressee|destination|account|inbox)\b")
# … and what else a refusal may be about than the recipient.
_NOT_RECIPIENT: Final = re.compile(
    r" (?:(?:e ?)?mails?(?! (?:address|account|user))|messages?|senders?|sending|ips?|hosts?|servers?|clients?|domains?"
    r"|networks?|you|your|we|our|spam\w*|polic\w+|contents?|relay\w*|from|connections?|log ?in|auth\w*|password|rules?"
    r"|administrat\w+|filter\w*|lists?|black\w*|block ?lists?|sites?|systems?|too|many|limits?|virus\w*|temporar\w+"
    r"|try|retry|failure"
    r"|send|sends|sent|post|posting|submit\w*|number|exceed\w*|members?"
    r"|unavailable|one or more|\w*polic(?:y|ies)|violat\w+|compliance|security|abuse|reputation|identit\w+|error|size"
    r"|attachments?|headers?|country|unauthenticated|unverified|block\w*|greylist\w*)\b"
)
# What is so only for now is not dead, whatever else is said of it.
_PASSES: Final = re.compile(
    r" (?:(?:try|retry|come back|resend)(?: \w+){0,2} later|at (?:the|this) (?:moment|time)|right now"
    r"|being (?:moved|migrated)|for the moment|(?:not|isnt) ready)\b"
)
# Whom to turn to says nothing of the reason.
_CONTACT: Final = re.compile(
    r" (?:please )?(?:contact|ask|call|inform|notify|consult|write to) (?:(?:the|your|our|their|this) )?"
    r"(?:\w+ ){0,3}?(?:administrat\w+|admin|postmaster|support|help ?desk|provider|isp|recipient|sender|us)\b[^.]*"
)
_DEAD: Final = frozenset(
    {Reason.ADDRESS_NOT_FOUND, Reason.DOMAIN_NOT_FOUND, Reason.ADDRESS_MALFORMED, Reason.MAILBOX_DISABLED}
)
_ARGUMENT: Final = re.compile(r"\s{0,4}50[14](?!\d)")
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


def _spaced(text: str) -> str:
    """Return text with corrected spelling, `mail box` as `mailbox`, and only the ends of sentences as punctuation."""
    spaced = f"{text} ".translate(_PUNCTUATION).replace(".", " . ")
    for written, meant in (*_WRITTEN_TOGETHER, *_MISSPELT):
        if written in spaced:
            spaced = re.sub(rf"\b{written}", meant, spaced)
    return spaced


def _stems(words: Iterable[str]) -> set[str]:
    return {word[:_STEM] for word in words}


def _code_stems(words: Iterable[str]) -> set[str]:
    """Return words of letters whole, so that prose calls no codes, and the beginnings of codes with numbers."""
    return {word if word.isalpha() else word[:_STEM] for word in words}


@cache
def _search(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return the search for a pattern, compiled when first needed: most texts call for a handful of hundreds."""
    return re.compile(pattern).search


def _is_unspaced(word: str) -> bool:
    return word[0] >= "\u2e80"  # Chinese, Japanese and Korean


def _of_whole_words(pattern: str) -> str:
    """Return the pattern to begin where a word begins.

    Prose begins with a blank and has one before every word: a pattern that begins with a blank too is tried at these
    places only, several times as fast as one that looks behind at every letter.
    """
    if any(_is_unspaced(letter) for letter in pattern):
        return f"(?<![a-z0-9])(?:{pattern})"
    return f" (?:{_START.sub('(?<=^ )', pattern)})"


def _triggers(written: str, stems: Callable[[Iterable[str]], set[str]]) -> frozenset[str]:
    words = _folded(written).split("|") if written else []
    spaced = [word for word in words if not _is_unspaced(word)]
    return frozenset(stems(spaced).union(word for word in words if _is_unspaced(word)))


@cache
def _code_index() -> _Index:
    from undelivered.domain.classification.codes import CODES

    return _indexed(CODES, str, _code_stems)


@cache
def _prose_index() -> _Index:
    from undelivered.domain.classification.wordings import PROSE

    return _indexed(PROSE, _of_whole_words, _stems)


@cache
def _vocabulary() -> frozenset[str]:
    """Return the beginnings of the words of which wordings consist."""
    patterns = " ".join(rule.pattern for rule in _prose_index().rules)
    return frozenset(word[:_STEM] for word in re.findall(r"[a-z]{2,}", re.sub(r"\\[a-z]", " ", patterns)))


def _indexed(
    families: "Iterable[Family]", bounded: Callable[[str], str], stems: Callable[[Iterable[str]], set[str]]
) -> _Index:
    """Sort the rules by their triggers: done once, when the first text is to be read."""
    rules: list[_Rule] = []
    calls: dict[str, tuple[int, int]] = {}
    single = 0
    for family in families:
        name = f"text:{family.reason}/{family.name}"
        for triggers, wordings in family.wordings:
            bit = 1 << len(rules)
            pattern = bounded(_folded_pattern("|".join(wordings)))
            rules.append(
                _Rule(
                    pattern,
                    family.reason,
                    name,
                    family.temporary_as,
                    family.policy_as,
                    family.message_as,
                    family.reply_as,
                    family.recipient_as,
                    family.is_weak,
                    family.is_about_us,
                )
            )
            first, _, second = triggers.partition("+")
            for trigger in _triggers(first, stems):
                called, seconded = calls.get(trigger, (0, 0))
                calls[trigger] = (called | bit, seconded)
            for trigger in _triggers(second, stems):
                called, seconded = calls.get(trigger, (0, 0))
                calls[trigger] = (called, seconded | bit)
            if not second:
                single |= bit
    return _Index(tuple(rules), calls, single, tuple(trigger for trigger in calls if _is_unspaced(trigger)))


def _first(index: _Index, stems: Iterable[str], text: str) -> _Rule | None:
    """Return the highest ranking rule whose wording occurs in the text."""
    called, seconded = 0, index.single
    call = index.calls.get
    for stem in stems:
        if bits := call(stem):
            called |= bits[0]
            seconded |= bits[1]
    called &= seconded
    while called:
        bit = called & -called
        rule = index.rules[bit.bit_length() - 1]
        if _search(rule.pattern)(text):
            return rule
        called ^= bit
    return None


def classify_diagnostic(diagnostic: str, enhanced_status: str | None, smtp_code: int | None) -> Classification:
    """Return the classification of a diagnostic as a delivery report gives it.

    `enhanced_status` is the report's RFC 3463 status, often a bare 5.0.0; codes inside the text are read too.
    Never raises; a text that says nothing known is soft and undetermined.
    """
    raw = _TYPE.sub("", _folded(_shortened(diagnostic)))
    replies = _quoted_replies(raw)
    if smtp_code is None:
        smtp_code = _reply_code(raw) or (replies[0][0] if replies else None)
    statuses = _statuses(raw, enhanced_status, smtp_code)
    rule = _by_text(raw, [reply for _, reply in replies])
    if rule is None or rule.is_weak:
        by_stage = _by_stage(smtp_code, raw)
        by_code = _by_status(statuses, raw) or by_stage
        # a weak rule with `policy_as` has found what the reply speaks of
        outranks_code = rule is not None and rule.policy_as is not None and by_stage is None
        if (
            by_code is not None
            and not (outranks_code and statuses[0][1] in _UNSPECIFIC_POLICY)
            and not (rule is not None and rule.is_about_us and _says_less(by_code, statuses))
        ):
            return by_code
    if rule is None:
        return _by_reply(smtp_code)
    reason = _refined(rule, raw, statuses)
    if _is_temporary(statuses, smtp_code, enhanced_status):
        reason = rule.temporary_as or reason
        if classification_of(reason).kind is not Kind.SOFT:
            reason = Reason.SERVER_UNAVAILABLE  # RFC 5321 §4.2.1: what may succeed later is not dead
    return classification_of(reason, rule=rule.name)


def _says_less(by_code: Classification, statuses: list[tuple[str, str]]) -> bool:
    """Whether a code says less than words that are about us: a dead address, or a policy that it does not name."""
    if by_code.reason in _DEAD:
        return True
    return by_code.reason is Reason.SENDER_BLOCKED and bool(statuses) and statuses[0][1] in _UNSPECIFIC_POLICY


def _refined(rule: _Rule, raw: str, statuses: list[tuple[str, str]]) -> Reason:
    """Return what a rule means in its context: the codes beside it, and when and by whom it was said."""
    if classification_of(rule.reason).kind is not Kind.SOFT and _is_about_sender(raw, statuses):
        return Reason.SENDER_BLOCKED
    if rule.reason is Reason.RATE_LIMITED and statuses and statuses[0][1] == "1.3":
        return Reason.ADDRESS_MALFORMED  # RFC 3463 §3.2: what there are too many of are characters of the address
    if rule.policy_as is not None and any(subject.startswith("7.") for _, subject in statuses):
        return rule.policy_as
    if rule.message_as is not None and _AT_END_OF_DATA.search(raw):
        return rule.message_as
    if rule.reason is Reason.DOMAIN_NOT_FOUND and (_AT_END_OF_DATA.search(raw) or _names_our_host(raw, statuses)):
        return Reason.SENDER_BLOCKED  # the recipient's domain was accepted long before, or is not spoken of
    return rule.reply_as if rule.reply_as is not None and _is_plain_reply(raw, statuses) else rule.reason


def _is_plain_reply(raw: str, statuses: list[tuple[str, str]]) -> bool:
    """Whether a receiving server said this, and neither the words nor a code name the recipient's address or route."""
    if _REPLY.match(raw) is None:
        return False
    if "requested action" in raw:
        return True  # RFC 5321 §4.2.2: what a server that answers for the domain says
    if any(subject.startswith(("1.", "4.")) and subject != "1.0" for _, subject in statuses):
        return False
    return not any(word in raw for word in ("recipient", "rcpt", "destination"))


def _names_our_host(raw: str, statuses: list[tuple[str, str]]) -> bool:
    """Whether a host that does not exist is the one that the client named: 501 and 504 are about a command's argument.

    RFC 5321 §4.2.4. Without an address and without a code about one, the argument was that of HELO.
    """
    return _ARGUMENT.match(raw) is not None and "@" not in raw and _is_plain_reply(raw, statuses)


def _is_about_sender(raw: str, statuses: list[tuple[str, str]]) -> bool:
    """Whether an address or domain spoken of is ours: by RFC 3463 X.1.7 and X.1.8, or as the reply to MAIL FROM."""
    return (
        raw.lstrip().startswith("517")  # Courier, submit.C: X.1.7 written as a reply code
        or any(subject in _SENDER_ADDRESS for _, subject in statuses)
        or _AT_MAIL_FROM.search(raw) is not None
        or _IP_AS_SUBJECT.search(raw) is not None
        or _ROLE_AS_SUBJECT.search(raw) is not None
    )


def _by_text(raw: str, replies: list[str]) -> _Rule | None:
    """Return the rule for the text: what the remote server replied decides, then the cause, then the rest."""
    rule = _first(_code_index(), _code_stems(raw.translate(_PUNCTUATION).replace(".", " ").split()), raw)
    if rule is not None:
        return rule
    cause = _cause(raw)
    rule = next(filter(None, map(_by_prose, [*replies, cause])), None)
    if rule is None:
        return _by_prose(raw) if cause != raw else None
    if rule.reason is Reason.SERVER_UNAVAILABLE and (replies or cause != raw):
        whole = _by_prose(raw)  # why it was hard to reach says less than that it was given up
        return whole if whole is not None and whole.reason is Reason.TIMED_OUT else rule
    return rule


def _quoted_replies(raw: str) -> list[tuple[int, str]]:
    """Return the remote servers' replies quoted in a report, as (code, text).

    The last comes first: the last attempt says what is so now.
    """
    if _REPLY.match(raw):
        return []  # the report is a reply itself
    replies: list[tuple[int, str]] = []
    end = len(raw)
    for code in reversed(list(_CODE_INSIDE.finditer(raw))):
        start = code.start()
        if _INTRODUCTION.search(raw, max(0, start - _INTRODUCTION_LENGTH), start):
            replies.append((int(code[0][:3]), _cause(raw[code.end() : end])))
            end = start
    return replies


def _cause(text: str) -> str:
    """Return a text without what the reporting software adds behind a reply."""
    if any(mark in text for mark in _QUOTE_END_MARKS):
        return _QUOTE_END.split(text, maxsplit=1)[0]
    return text


def _by_prose(raw: str) -> _Rule | None:
    """Return the rule for a text, with the reason that it has when what is spoken of is considered."""
    words = _words(raw)
    prose = _without_asides(f" {' '.join(words)}")
    stems = _stems(words)
    if not prose.isascii():
        stems.update(trigger for trigger in _prose_index().unspaced if trigger in prose)
    specific = _without_boilerplate(prose)
    rule = _best(stems, prose, specific)
    if (rule is None or rule.is_weak or rule.name == _REFUSED) and (english := in_english(specific)) is not None:
        stems = _stems(english.split())
        translated = _best(stems, english, english)
        if translated is not None and _says_more(translated, rule):
            rule, prose, specific = translated, english, english
    if rule is None:
        return None
    if rule.reason in _DEAD and _PASSES.search(specific):
        return structs.replace(rule, reason=Reason.SERVER_UNAVAILABLE)
    if rule.reason in _DEAD and _may_be_ours(stems, prose) and _is_ours(specific):
        return structs.replace(rule, reason=Reason.SENDER_BLOCKED, policy_as=None)
    if (
        rule.recipient_as is not None
        and _RECIPIENT.search(specific)
        and not _NOT_RECIPIENT.search(_CONTACT.sub("", specific))
    ):
        return structs.replace(
            rule,
            reason=rule.recipient_as,
            policy_as=rule.reason,
            temporary_as=Reason.SERVER_UNAVAILABLE if rule.recipient_as in _DEAD else None,
        )
    if rule.is_about_us and _RECIPIENT.search(specific):
        return structs.replace(rule, is_about_us=False)
    return rule


def _words(raw: str) -> list[str]:
    """Return the words of a text that say something, and the ends of its sentences."""
    if _IS_SAID_OF_ADDRESS.search(raw):
        raw = _ADDRESS_AS_SUBJECT.sub("recipient ", raw)
    words = _spaced(
        " ".join(
            [
                _NOISE.sub(" ", run) if "." in run or "@" in run or run[0] in "45" else run  # nothing else is noise
                for run in raw.split()
            ]
        )
    ).split()
    return words if _FILLERS.isdisjoint(words) else [word for word in words if word not in _FILLERS]


def _without_asides(prose: str) -> str:
    if any(mark in prose for mark in _ADVICE_MARKS):
        prose = _ADVICE.sub("", prose)
    return _CLAUSE.sub("", prose) if " you " in prose else prose


def _without_boilerplate(prose: str) -> str:
    has_boilerplate = prose.startswith(_BOILERPLATE_STARTS) or any(mark in prose for mark in _BOILERPLATE_MARKS)
    return _BOILERPLATE.sub("", prose, count=1) if has_boilerplate else prose


def _best(stems: set[str], prose: str, specific: str) -> _Rule | None:
    """Return the rule of what is specific, else of the whole, else of the bare words.

    Where single words are all that is known, the same sentence without its small words may be a known wording.
    """
    index = _prose_index()
    rule = _first(index, stems, specific)
    if rule is None and specific != prose:
        rule = _first(index, stems, prose)
    if rule is None or rule.is_weak:
        closer = _first(index, stems, _bare(specific))
        if closer is not None and not closer.is_weak:
            # like single words it yields to a code, unless that is one of those added to any refusal
            return structs.replace(closer, is_weak=True, policy_as=closer.policy_as or closer.reason)
    return rule


def _says_more(translated: _Rule, rule: _Rule | None) -> bool:
    """Whether a reading in English says more than the one of the foreign words."""
    if rule is None or translated.reason in {rule.reason, Reason.MAILBOX_FULL}:
        return True
    return not (translated.is_weak or rule.is_about_us or rule.reason is Reason.MAILBOX_FULL)


def _may_be_ours(stems: set[str], prose: str) -> bool:
    return not stems.isdisjoint(_OURS_STEMS) or not prose.isascii() or "mailfrom" in prose


def _bare(prose: str) -> str:
    """Return prose without small words, names and identifiers: nothing but words of which wordings consist."""
    return " " + " ".join(
        word
        for word in prose.split()
        if word not in _SMALL_WORDS and (word == "." or not word.isascii() or word[:_STEM] in _vocabulary())
    )


def _is_ours(prose: str) -> bool:
    """Whether what does not exist is an address, an account or a domain of ours."""
    if _OURS.search(prose):
        return True
    return _SENDER_AS_SUBJECT.search(prose) is not None and _RECIPIENT.search(prose) is None


def _statuses(raw: str, enhanced_status: str | None, smtp_code: int | None) -> list[tuple[str, str]]:
    """Return the RFC 3463 codes, those in the text first, as (class, "subject.detail").

    x.0.0 says nothing. Beside a temporary reply a code of class 5 says nothing either: RFC 3463 §2 has the two agree.
    """
    codes = [(code[0], code[1]) for code in _CODE.findall(raw)]
    if enhanced_status:
        codes += [(code[0], code[1]) for code in _CODE.findall(enhanced_status[:20])]
    is_temporary = smtp_code is not None and smtp_code // 100 == _TRANSIENT_CLASS
    return [code for code in codes if code[1] != "0.0" and not (is_temporary and code[0] == "5")]


def _is_temporary(statuses: list[tuple[str, str]], smtp_code: int | None, enhanced_status: str | None = None) -> bool:
    """Whether the reply code or the first status that says anything is of class 4: the receiver may accept later."""
    if smtp_code is not None and smtp_code // 100 == _TRANSIENT_CLASS:
        return True
    if statuses:
        return statuses[0][0] == "4"
    return smtp_code is None and (enhanced_status or "").startswith("4.")


def _by_status(statuses: list[tuple[str, str]], raw: str) -> Classification | None:
    """Return the classification by the first RFC 3463 code that says something."""
    from undelivered.domain.classification import codes

    for severity, subject in statuses:
        code = f"{severity}.{subject}"
        reason = codes.ENHANCED.get(code) or codes.ENHANCED.get(subject)
        if reason is None and subject.startswith("6."):
            reason = Reason.CONTENT_REJECTED
        if reason is None and subject.startswith("7."):
            reason = Reason.SENDER_BLOCKED  # RFC 3463 §3.8: security or policy, and Exchange Online's blocks of senders
        if reason is Reason.SENDER_BLOCKED and _AT_END_OF_DATA.search(raw):
            reason = Reason.CONTENT_REJECTED
        if reason is not None:
            if severity == "4" and classification_of(reason).kind is not Kind.SOFT:
                reason = Reason.UNDETERMINED
            return classification_of(reason, rule=f"rfc3463:{code}")
    return None


def _by_stage(smtp_code: int | None, raw: str) -> Classification | None:
    """Return the classification of a refusal without a known reason by what had been seen: the message, or us alone."""
    if smtp_code is None or smtp_code // 100 != _PERMANENT_CLASS:
        return None
    if _AT_END_OF_DATA.search(raw):
        return classification_of(Reason.CONTENT_REJECTED, rule="rfc5321:data")
    if _AT_CONNECTION.search(raw) or _AT_MAIL_FROM.search(raw):
        return classification_of(Reason.SENDER_BLOCKED, rule="rfc5321:sender")
    return None


def _by_reply(smtp_code: int | None) -> Classification:
    """Return the classification by the RFC 5321 reply code alone."""
    from undelivered.domain.classification import codes

    reason = codes.REPLY.get(smtp_code) if smtp_code is not None else None
    if reason is not None:
        return classification_of(reason, rule=f"rfc5321:{smtp_code}")
    return classification_of(Reason.UNDETERMINED, rule="undetermined")


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
_HEALS: Final = frozenset({Reason.MAILBOX_FULL, Reason.TIMED_OUT, Reason.SERVER_UNAVAILABLE, Reason.UNREACHABLE})


def classify_bounce(
    bounce_type: str | None, bounce_subtype: str | None, diagnostic: str | None, enhanced_status: str | None
) -> Classification:
    """Return the classification of one bounced recipient: Amazon's type and subtype together with the diagnostic.

    The reason decides how grave a Permanent bounce is, not the label. It is invalid when the address or its domain
    does not exist. It stays soft when the reason heals (a full mailbox, a server that is down, a message that expired),
    so that only repeated failures suppress the address. Otherwise it is hard. When the fault is the sender's, a hard
    bounce suppresses nothing (`taxonomy.suppresses`). An unexplained Permanent bounce is hard and suppresses: SES
    itself refuses such an address for days, and sending on would cost reputation. Any other type, known or not, is
    soft, and never says that an address does not exist.
    """
    kind = (bounce_type or "").strip().lower()
    subtype = (bounce_subtype or "").strip().lower()
    if kind == "permanent":
        if subtype in _SUPPRESSED:
            return classification_of(_SUPPRESSED[subtype], rule=f"ses:permanent/{subtype}")
        return _permanent(subtype, diagnostic or "", enhanced_status)
    return _transient(subtype, diagnostic or "", enhanced_status)


def _permanent(subtype: str, diagnostic: str, enhanced_status: str | None) -> Classification:
    smtp_code = _reply_code(diagnostic)
    classification = classify_diagnostic(diagnostic, enhanced_status, smtp_code)
    if classification.status is Status.INVALID:
        return classification
    if classification.reason is Reason.UNDETERMINED and subtype == "noemail":
        return classification_of(Reason.ADDRESS_NOT_FOUND, rule="ses:permanent/noemail")
    heals = classification.reason in _HEALS
    if classification.reason is Reason.UNDETERMINED:
        heals = _is_temporary(_statuses(_shortened(diagnostic), enhanced_status, smtp_code), smtp_code)
    return classification_of(
        classification.reason, Kind.SOFT if heals else Kind.HARD, rule=f"ses:permanent+{classification.rule}"
    )


def _transient(subtype: str, diagnostic: str, enhanced_status: str | None) -> Classification:
    stated = _TRANSIENT.get(subtype)
    if stated in {Reason.MAILBOX_FULL, Reason.MESSAGE_TOO_LARGE}:
        return classification_of(stated, rule=f"ses:transient/{subtype}")
    classification = classify_diagnostic(diagnostic, enhanced_status, _reply_code(diagnostic))
    if stated is not None:
        refined = classification.reason if classification.fault is Fault.SENDER else stated
        return classification_of(refined, rule=f"ses:transient/{subtype}")
    if classification.status is Status.INVALID:
        return classification_of(Reason.UNDETERMINED, rule=f"ses:transient+{classification.rule}")
    return classification_of(classification.reason, Kind.SOFT, rule=f"ses:transient+{classification.rule}")


def _reply_code(diagnostic: str) -> int | None:
    """Return the RFC 5321 reply code a diagnostic starts with, after its type (`smtp; 550 …`)."""
    reply = _REPLY.match(diagnostic)
    return int(reply[1]) if reply else None
