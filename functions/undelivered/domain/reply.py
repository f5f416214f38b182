"""Texts that customers send to a number of ours, and what they say."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

LONGEST_TEXT: Final = 1_600
"""How many characters of a reply are read. SNS sends no longer texts (API Reference, "Publish")."""

_STOP: Final = frozenset({"arret", "cancel", "end", "opt-out", "optout", "quit", "remove", "stop", "td", "unsubscribe"})
"""The words with which recipients opt out (AWS End User Messaging SMS User Guide, "Required opt-out keywords")."""

_START: Final = frozenset({"start", "unstop"})
"""The words with which recipients opt in again (same chapter)."""

_AROUND: Final = " \t\r\n.,;:!?\"'“”„«»()"
_BETWEEN: Final = re.compile(r"[\s<>()\[\],;:\"“”„«»]+")


class Reply(Struct, frozen=True):
    """A text that a customer sent to a number of ours.

    ``number`` is the customer's, in E.164 form. ``sent_at`` is when AWS published the text. ``answers`` is AWS's id of
    the message before, or empty. AWS calls it the one that the customer responds to.
    """

    message_id: str
    number: str
    text: str
    sent_at: datetime
    answers: str = ""


class Keyword(StrEnum):
    """What a reply of one word asks for."""

    STOP = "stop"  #: no more texts
    START = "start"  #: texts again


def keyword_of(text: str) -> Keyword | None:
    """Return the keyword that a reply is, or None. Case, accents and punctuation around it do not matter.

    A longer reply that begins with *stop* opts out too, as it does at AWS by default (End User Messaging SMS User
    Guide, "Self-managed opt-outs").
    """
    decomposed = unicodedata.normalize("NFKD", text[:LONGEST_TEXT])
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    word = plain.casefold().strip(_AROUND)
    if word in _STOP or word.startswith("stop"):
        return Keyword.STOP
    return Keyword.START if word in _START else None


def addresses_in(text: str) -> frozenset[str]:
    """Return what looks like an email address in a reply, in lower case."""
    words = (word.strip(".!?'").casefold() for word in _BETWEEN.split(text[:LONGEST_TEXT]))
    return frozenset(word for word in words if "@" in word.strip("@"))
