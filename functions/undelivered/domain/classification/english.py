"""Texts of other languages and in rarer words, word by word in the English that wordings are written in."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

_VERBS: Final = frozenset(
    {"exist", "respond", "correspond", "receive", "want", "accept"}
)  # some languages negate behind them
_NO_LONGER: Final = re.compile(r" (?:not (\w+ )?longer|longer (?:not|no)) ")
_SAME: Final = 4  # letters: a word that begins as its gloss does needs none


def in_english(prose: str) -> str | None:
    """Return prose in the words of wordings, None where none of its words has a gloss.

    The order of words stays: wordings of single words allow for it. Only negations are moved before what they negate.
    """
    whole, begun, skipped = _glosses()
    words: list[str] = []
    is_translated = False
    for word in prose.replace(" su questo ", " ").split():  # "on this" in Italian, where Spanish has "your"
        gloss = whole.get(word) or next(
            (gloss for beginning, gloss in begun.get(word[:_SAME], ()) if word.startswith(beginning)), None
        )
        if gloss is None and word in skipped:
            continue
        is_translated |= gloss is not None and word[:_SAME] != gloss[:_SAME]
        if gloss == "not" and words and words[-1] in _VERBS:
            words.insert(-1, gloss)
        else:
            words.append(gloss or word)
    if not is_translated:
        return None
    return _NO_LONGER.sub(lambda found: f" no longer {found[1] or ''}", f" {' '.join(words)} ").rstrip()


@cache
def _glosses() -> tuple[Mapping[str, str], Mapping[str, list[tuple[str, str]]], frozenset[str]]:
    """Return glosses by whole words and by their beginnings, the longest first, and the words that are left out."""
    from undelivered.domain.classification.wordings.glosses import GLOSSES, SKIPPED

    whole: dict[str, str] = {}
    begun: dict[str, list[tuple[str, str]]] = {}
    for gloss, words in GLOSSES.items():
        for word in words.split():
            if word.endswith("*"):
                begun.setdefault(word[:_SAME].rstrip("*"), []).append((word[:-1], gloss))
            else:
                whole.setdefault(word, gloss)
    for found in begun.values():
        found.sort(key=lambda beginning: -len(beginning[0]))
    return whole, begun, frozenset(SKIPPED.split("|"))
