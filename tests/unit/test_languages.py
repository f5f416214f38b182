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
from undelivered.entrypoints.http import validation_messages

CODE = Path(undelivered.__file__).parent
ASSETS = CODE / "console" / "assets"
PLACEHOLDER = re.compile(r"\{(\w+)")
OTHERS = [language for language in Language if language is not Language.ENGLISH]
PARTS = [
    "", ".views", ".arrivals", ".asking", ".evidence", ".import", ".incidents", ".people", ".rates", ".setup", ".sheet",
    ".two_step", ".webhooks",
]  # fmt: skip


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
        explanations._ADMINISTRATOR_TASKS,
        resend_policy._DETAILS,
    )
    written = {text for table in tables for text in table.values()} | {"Ready to resend."}
    for name in (
        "domain/digest.py",
        "domain/contact_request.py",
        "entrypoints/http/routes/unsubscribe.py",
        "entrypoints/http/pages.py",
        "entrypoints/http/routes/contact_pages.py",
    ):
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


RAISED = {"InvalidInputError", "UnassignedNumberError", "RefusedError", "invalid_body", "invalid_parameter"}
NO_FORM = {
    "accept_notifications.py", "attachment.py", "keep_attachments.py", "idempotency.py", "find_notification.py",
    "notifications.py", "embed_tokens.py", "opt_in.py", "start_upload.py", "auth.py", "resends.py",
    "download_attachment.py", "send_contact_code.py",
}  # fmt: skip
"""Modules whose errors only software can cause: no form of the console sends these requests. Or the page of their form
has its own words for them (``contact_pages``)."""
NO_INPUT = {
    "is not a filter",
    "is not the ID of an incident",
    "is only for requests with a filter",
    "is only for requests with a limit",
    "must be given, or else 'address'",
    "is not for a filter with dates",
    "is not for saved views, because it names a person",
    "must have 1 to 64 letters, digits, '_' and '-'",
    "is not valid base64",
    "it is not a form",
    "it is not well-formed JSON in UTF-8",
    "must be 'email' or 'sms'",
    "must be 'unsubscribed' for a category",
    "must not be given more than once",
    "must not contain empty values",
    "set at least one of 'name', 'email' and 'phone'",
    "set either 'ids' or 'filter', but not both",
    "the suppression that is stored cannot be read",
}
"""Messages about requests that no form makes."""


def told_to_people():
    """Return the message of each error of each module, or the code that puts it together."""
    for path in CODE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {
            getattr(node.targets[0], "id", ""): node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)
        } | {getattr(node.target, "id", ""): node.value for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in RAISED and len(call.args) > 1:
                message = call.args[1]
                if isinstance(message, ast.Call) and getattr(message.func, "attr", "") == "format":
                    message = message.func.value
                if isinstance(message, ast.Name):
                    message = names.get(message.id, message)
                if isinstance(message, ast.Constant):
                    yield path.name, message.value
                elif isinstance(message, ast.JoinedStr):
                    yield path.name, ast.unparse(message)


def test_every_message_about_what_a_person_typed_has_a_translation():
    sentences = read("es.sentences.json")
    messages = {(module, text) for module, text in told_to_people() if module not in NO_FORM and text not in NO_INPUT}

    lengths = {text for pair in validation_messages._LENGTHS.values() for text in pair}
    messages |= {("msgspec", text) for text in (validation_messages._AT_MOST, validation_messages._AT_LEAST, *lengths)}

    assert len(messages) > 20
    assert sorted((module, text) for module, text in messages if text not in sentences) == []
