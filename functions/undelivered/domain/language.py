"""The languages of texts for people, and which of them a reader wants."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from undelivered.domain.taxonomy import Reason


class Language(StrEnum):
    """A language in which all texts are available. Sentences are written in English and translated from it."""

    ENGLISH = "en"
    SPANISH = "es"
    GERMAN = "de"
    FRENCH = "fr"
    PORTUGUESE = "pt"


class Texts(Struct, frozen=True):
    """The texts of a language: ``sentences`` by their English form, and ``names``, such as those of reasons."""

    language: Language
    sentences: Mapping[str, str]
    names: Mapping[str, str]

    def sentence(self, english: str, **values: object) -> str:
        """Return a sentence in the language, with the values of its placeholders."""
        text = self.sentences.get(english, english)
        return text.format(**values) if values else text

    def reason(self, reason: Reason) -> str:
        """Return the name of a reason."""
        return self.names[f"reason.{reason}"]


_RANGE: Final = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*(?: ?; ?[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?")
_LONGEST_HEADER: Final = 1_000


def wanted_language(accept_language: str) -> Language | None:
    """Return the language that an ``Accept-Language`` header prefers (RFC 9110 section 12.5.4), None for another.

    Regions do not matter. Of languages with the same weight, the first is preferred.
    """
    weights: dict[Language, float] = {}
    for part in accept_language[:_LONGEST_HEADER].split(","):
        found = _RANGE.fullmatch(part.strip())
        tag = found[1].lower() if found else ""
        if found and tag in set(Language):
            weights.setdefault(Language(tag), float(found[2] or 1))
    return max(weights, key=lambda language: weights[language], default=None) if any(weights.values()) else None
