"""Languages: which one a reader gets, and that each has every text."""

import ast
import json
import re
from pathlib import Path

import pytest

import undelivered
from undelivered.adapters.language_files import texts
from undelivered.domain import explanations, resend_policy
from undelivered.domain.language import Language, wanted_language
from undelivered.domain.taxonomy import Reason

CODE = Path(undelivered.__file__).parent
ASSETS = CODE / "console" / "assets"
PLACEHOLDER = re.compile(r"\{(\w+)")
OTHERS = [language for language in Language if language is not Language.ENGLISH]
PARTS = ["", ".views", ".import", ".setup", ".sheet", ".webhooks"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("es", "es"),
        ("de-AT, de;q=0.9, en;q=0.8", "de"),
        ("PT-br", "pt"),
        ("en;q=0.5, fr;q=0.7", "fr"),
        ("fr, de", "fr"),
        ("it, nl;q=0.9, es;q=0.1", "es"),
        ("it", None),
        ("*", None),
        ("es;q=0", None),
        ("es;q=0, de;q=0.1", "de"),
        ("es;q=2, de", "de"),
        ("zh-Hans-CN, fr ; q=0.4", "fr"),
        (";;;,,,=", None),
        ("es\n", "es"),
        ("x" * 100_000, None),
        ("de;q=0.1," * 50_000, "de"),
    ],
)
def test_the_language_is_the_one_that_the_reader_prefers(header, language):
    assert wanted_language(header) == language


def constants():
    """Return every text in the code, for which a language may have a sentence."""
    trees = (ast.parse(path.read_text()) for path in CODE.rglob("*.py"))
    return {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def read(name):
    return json.loads((ASSETS / name).read_text())


def server_sentences():
    """Return the sentences that the functions translate."""
    tables = (
        explanations._EXPLANATIONS,
        explanations._SMS_EXPLANATIONS,
        explanations._REMEDIES,
        explanations._SMS_REMEDIES,
        explanations._PERMANENT_REMEDIES,
        resend_policy._DETAILS,
    )
    written = {text for table in tables for text in table.values()} | {"Ready to resend."}
    for name in ("domain/digest.py", "entrypoints/http/routes/unsubscribe.py"):
        calls = (node for node in ast.walk(ast.parse((CODE / name).read_text())) if isinstance(node, ast.Call))
        for call in calls:
            if getattr(call.func, "attr", getattr(call.func, "id", "")) == "sentence":
                written |= {node.value for node in call.args if isinstance(node, ast.Constant)}
    return written


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_sentence_and_no_unknown_ones(language):
    sentences = read(f"{language}.sentences.json")

    assert server_sentences() - sentences.keys() == set()
    assert sentences.keys() - constants() == set()
    assert sentences.keys() == read("es.sentences.json").keys()
    for english, text in sentences.items():
        assert text.strip() == text != "", english
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(english)), english


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_text_of_the_console_and_no_unknown_ones(language, part):
    english, other = read(f"en{part}.json"), read(f"{language}{part}.json")
    plural_more = {key for key in other if key.endswith(".many") and key.removesuffix(".many") + ".other" in english}

    assert other.keys() - plural_more == english.keys()
    for key, text in english.items():
        assert other[key].strip(), key
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(other[key])), key


@pytest.mark.parametrize("language", Language)
def test_each_language_names_every_reason(language):
    assert {reason for reason in Reason if not texts(language).reason(reason)} == set()


def test_the_console_offers_every_language():
    script = (ASSETS / "i18n.js").read_text()
    offered = re.search(r"LANGUAGES = \{([^}]*)\}", script)[1]

    assert set(re.findall(r"(\w+):", offered)) == set(Language)
