"""The shape of a diagnostic: its wording without anything that names a person, a message or a server."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from undelivered.domain import base64url

SHAPE_LENGTH: Final = 200
"""The maximum length of a shape."""

_ADDRESS, _URL, _HOST, _IP = "<address>", "<url>", "<host>", "<ip>"
_NUMBER, _ID, _QUOTED = "<number>", "<id>", "<text>"
_PLACEHOLDERS: Final = frozenset({_ADDRESS, _URL, _HOST, _IP, _NUMBER, _ID, _QUOTED})

_WORD_LENGTH: Final = 100  # Chinese and Japanese sentences are one word
_LONGEST_WORD: Final = 30  # a longer run of Latin letters is an ID
_SHORTEST_NAME: Final = 3  # a shorter local part, such as "a", is also a word of the language
_ID_BYTES: Final = 9

_QUOTED_TOKEN: Final = re.compile(r"<[^<>\s]+>|\"[^\"\s]+\"|(?<!\w)'[^'\s]+'(?!\w)|`[^`'\s]+['`]|“[^“”\s]+”|«[^«»\s]+»")
_IPV6: Final = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])")
_REPEATED_REPLY_CODE: Final = re.compile(r"(?<![\w.-])([45][0-9]{2})-")  # RFC 5321 section 4.2.1: 550-text
_WORD: Final = re.compile(rf"{'|'.join(sorted(_PLACEHOLDERS))}|[\w.-]+")
_CODE: Final = re.compile(r"[45][0-9]{2}|[245]\.[0-9]{1,3}\.[0-9]{1,3}")  # RFC 5321 section 4.2, RFC 3463 section 2
_IPV4: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_DIGITS: Final = re.compile(r"[\d.-]+")
# It starts only behind what separates words, so that a long word without an @ is read once.
_WRITTEN_ADDRESS: Final = re.compile(
    r"(?<![^\s<>\"'()\[\]{},;:=&])<?[^\s<>\"'()\[\]{},;:=&]+(?:@|%40)[^\s<>\"'()\[\]{},;:&]+>?"
)
_NUMBERS: Final = re.compile(r"\+?\d{7,}")


def diagnostic_shape(text: str, recipient: str = "") -> str:
    """Return the shape of a diagnostic, which is the same for all recipients and messages.

    It is in lower case and has placeholders for addresses, links, hosts, IP addresses, numbers, IDs, quoted words and
    the local part of ``recipient``. Reply codes and enhanced status codes stay; punctuation does not. It is empty for
    a text without words. The shape of a shape is the shape itself.
    """
    local_part = recipient.rpartition("@")[0].lower()
    words: list[str] = []
    length = 0
    for word in _words(text.lower()):
        shown = _ADDRESS if word == local_part and len(word) >= _SHORTEST_NAME else word
        if words and shown == words[-1] and shown in _PLACEHOLDERS:
            continue
        length += len(shown) + 1
        if length > SHAPE_LENGTH + 1:
            break
        words.append(shown)
    return " ".join(words)


def without_addresses(text: str, recipient: str) -> str:
    """Return a diagnostic as it is, but without addresses, phone numbers and the local part of ``recipient``."""
    local_part = recipient.rpartition("@")[0]
    shown = _NUMBERS.sub(_NUMBER, _WRITTEN_ADDRESS.sub(_ADDRESS, text))
    if len(local_part) < _SHORTEST_NAME:
        return shown
    return re.sub(rf"(?<![\w.-]){re.escape(local_part)}(?![\w-])", _ADDRESS, shown, flags=re.IGNORECASE)


def shape_id(shape: str) -> str:
    """Return the ID of a shape: a short hash in URL-safe base64."""
    return base64url.encode(hashlib.sha256(shape.encode()).digest()[:_ID_BYTES])


def _words(text: str) -> Iterator[str]:
    text = _REPEATED_REPLY_CODE.sub(r"\1 ", _IPV6.sub(f" {_IP} ", _QUOTED_TOKEN.sub(_unquoted, text)))
    for token in text.split():
        if "@" in token:
            yield _ADDRESS
        elif "://" in token or token.startswith("www."):
            yield _URL
        else:
            yield from (shown for word in _WORD.findall(token) if (shown := _shown(word)))


def _unquoted(match: re.Match[str]) -> str:
    quoted = match[0]
    if quoted in _PLACEHOLDERS:
        return f" {quoted} "
    return f" {_ADDRESS} " if "@" in quoted else f" {_QUOTED} "


def _shown(word: str) -> str:  # noqa: PLR0911 - one return for each kind of word
    """Return a word as the shape has it, or an empty text for punctuation."""
    if word in _PLACEHOLDERS:
        return word
    word = word[:_WORD_LENGTH].strip("._-")
    if not word or _CODE.fullmatch(word):
        return word
    if _IPV4.fullmatch(word):
        return _IP
    if _DIGITS.fullmatch(word):
        return _NUMBER
    if "." in word:
        return _HOST
    if any(letter.isdigit() for letter in word) or (word.isascii() and len(word) > _LONGEST_WORD):
        return _ID
    return word
