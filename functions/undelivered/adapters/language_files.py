"""The texts of each language, from the files that the console loads too."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from undelivered.domain.language import Language, Texts

_FOLDER: Final = Path(__file__).parents[1] / "console" / "assets"


@cache
def texts(language: Language) -> Texts:
    """Return the texts of a language. The sentences of English are their own translations."""
    sentences = {} if language is Language.ENGLISH else _read(f"{language}.sentences.json")
    return Texts(language, sentences, _read(f"{language}.json"))


def _read(name: str) -> Mapping[str, str]:
    table: Mapping[str, str] = json.loads((_FOLDER / name).read_text("utf-8"))
    return table
