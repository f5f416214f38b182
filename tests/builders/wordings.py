"""What a wording cannot do without: worked out from its pattern, for all texts that it matches, or nearly so."""

import re
from collections.abc import Callable, Collection
from functools import cache

_parser = re._parser  # what a pattern consists of is told nowhere else
_AS_GOOD_AS_ANY = " .-q0_ж"
"""Where a pattern takes many letters, the first of these that it takes stands for all: it helps no word to be there."""

_CATEGORIES = {
    "CATEGORY_WORD": r"\w",
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_NOT_SPACE": r"\S",
}


def lacking(pattern: str, beginnings: Collection[str], spaced: Callable[[str], str]) -> str | None:
    """Return a text that a pattern matches though no word in it begins so, None where there is no such text.

    Every way through the pattern is tried: each alternative, and each number of repetitions that makes a difference.
    What stands around a match (lookarounds, boundaries) is passed over. A blank that may be left out is there in one
    reading of the pattern and not in another, and one of them suffices. ``spaced`` makes blanks of what parts words.
    """
    found = []
    for blanks in (0, 1):
        texts = _Texts(beginnings, spaced, blanks).after(_parser.parse(pattern), {" ": ""})
        found += list(texts.values())[:1]
    return found[0] if len(found) > 1 else None


_BLANK = str(_parser.parse(" "))


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script written without spaces, so that it begins anywhere."""
    return word[0] >= "\u2e80"


class _Texts:
    """Texts without any such word: one for each end that a word may begin with."""

    def __init__(self, beginnings, spaced, blanks):
        self._words = frozenset(word if is_unspaced(word) else f" {word}" for word in beginnings)
        self._begun = frozenset(word[:length] for word in self._words for length in range(len(word)))
        self._spaced, self._blanks = spaced, blanks
        self._ends = {}

    def after(self, nodes, texts):
        for kind, told in nodes:
            texts = self._after_node(str(kind), told, texts)
        return texts

    def _after_node(self, kind, told, texts):
        match kind:
            case "LITERAL":
                return self._with_letter(chr(told), texts)
            case "NOT_LITERAL" | "ANY" | "IN":
                letters = _letters_of(kind, tuple(told) if kind == "IN" else told)
                return self._joined(self._with_letter(letter, texts) for letter in letters)
            case "BRANCH":
                return self._joined(self.after(branch, texts) for branch in told[1])
            case "SUBPATTERN":
                return self.after(told[-1], texts)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, repeated = told
                if (least, most, str(repeated)) == (0, 1, _BLANK):
                    least = most = self._blanks
                return self._repeated(least, most, repeated, texts)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return texts
            case _:
                raise NotImplementedError(kind)

    @staticmethod
    def _joined(several):
        return {end: text for texts in several for end, text in texts.items()}

    def _repeated(self, least, most, nodes, texts):
        for _ in range(least):
            texts = self.after(nodes, texts)
        found = texts
        for _ in range(least, min(most, least + 60)):
            texts = {end: text for end, text in self.after(nodes, texts).items() if end not in found}
            if not texts:
                break
            found = {**found, **texts}
        return found

    def _with_letter(self, letter, texts):
        after = {}
        for end, text in texts.items():
            longer = self._end_after(end, letter)
            if longer is not None:
                after.setdefault(longer, text + letter)
        return after

    def _end_after(self, end, letter):
        """Return what a text ends with, as far as a word begins with it; None where a word is complete."""
        if (end, letter) not in self._ends:
            longer = end + self._spaced(letter)
            ends = [longer[place:] for place in range(len(longer) + 1)]
            is_complete = not self._words.isdisjoint(ends)
            self._ends[end, letter] = None if is_complete else next(each for each in ends if each in self._begun)
        return self._ends[end, letter]


@cache
def _letters_of(kind, told):
    """Return the letters that stand for a class: all that it names, or one that is as good as any."""
    if kind == "IN" and all(str(name) == "LITERAL" for name, _ in told):
        return [chr(code) for _, code in told]
    taken = re.compile(_class_of(kind, told), re.DOTALL)
    return [next(letter for letter in (*_AS_GOOD_AS_ANY, *map(chr, range(0x20, 0x10000))) if taken.fullmatch(letter))]


def _class_of(kind, told):
    if kind == "ANY":
        return "."
    if kind == "NOT_LITERAL":
        return f"[^{re.escape(chr(told))}]"
    parts = []
    for name, value in told:
        match str(name):
            case "NEGATE":
                parts.append("^")
            case "LITERAL":
                parts.append(re.escape(chr(value)))
            case "RANGE":
                parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
            case "CATEGORY":
                parts.append(_CATEGORIES[str(value)])
    return f"[{''.join(parts)}]"
