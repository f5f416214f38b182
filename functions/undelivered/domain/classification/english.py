"""Texts of other languages and in rarer words, word by word in the English that wordings are written in."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

_VERBS: Final = frozenset(
    {"exist", "respond", "correspond", "receive", "want", "accept"}
)  # some languages negate behind them
_NO_LONGER: Final = re.compile(r" (?:not (\w+ )?longer|longer (?:not|no)) ")
_SHORTEST: Final = 4  # letters of the beginnings of words that glosses have …
_LONGEST: Final = 14
_SAME: Final = 4  # a word that begins as its gloss does needs none


def in_english(prose: str) -> str | None:
    """Return prose in the words of wordings, None where none of its words has a gloss.

    The order of words stays: wordings of single words allow for it. Only negations are moved before what they negate.
    """
    whole, begun, skipped = _glosses()
    words: list[str] = []
    is_translated = False
    for word in prose.replace(" su questo ", " ").split():  # "on this" in Italian, where Spanish has "your"
        lengths = range(min(len(word), _LONGEST), _SHORTEST - 1, -1)
        gloss = whole.get(word) or next((begun[word[:length]] for length in lengths if word[:length] in begun), None)
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
def _glosses() -> tuple[Mapping[str, str], Mapping[str, str], frozenset[str]]:
    """Return glosses by whole words and by beginnings of words, and the words that are left out."""
    from undelivered.domain.classification.wordings.glosses import GLOSSES, SKIPPED

    whole: dict[str, str] = {}
    begun: dict[str, str] = {}
    for gloss, words in GLOSSES.items():
        for word in words.split():
            (begun if word.endswith("*") else whole).setdefault(word.rstrip("*"), gloss)
    return whole, begun, frozenset(SKIPPED.split("|"))
