"""The classifier's index of wordings is a short cut and nothing else: it finds what trying every wording would find."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.wordings import is_unspaced, lacking
from tests.unit.test_classification import SENTENCES
from undelivered.domain.classification import classify_diagnostic
from undelivered.domain.classification import engine as classification
from undelivered.domain.classification.codes import CODES
from undelivered.domain.classification.wordings import PROSE
from undelivered.domain.taxonomy import Reason

_SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "bounces"
_FILES = [Path(os.environ.get("BOUNCE_SAMPLE", _SHARED / "dev.jsonl")), _SHARED / "field.jsonl"]


def labelled(file):
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [(told["diagnostic"], told["enhanced_status"], told["smtp_code"]) for told in map(json.loads, lines)]


SAMPLES = [
    *((text, None, None) for texts in SENTENCES.values() for text in texts),
    *(sample for file in _FILES for sample in labelled(file)),
]
WORDS = sorted({word for text, *_ in SAMPLES for word in text.split()})
FAMILIES = [(family, classification._stems) for family in PROSE] + [
    (family, classification._code_stems) for family in CODES
]


def try_every_rule(index, _stems, text):
    """Return the highest ranking rule whose wording occurs in a text, without asking which its words call for."""
    return next((rule for rule in index.rules if classification._search(rule.pattern)(text)), None)


def judged_both_ways(sample):
    indexed = classify_diagnostic(*sample)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classification, classification._first.__name__, try_every_rule)
        return indexed, classify_diagnostic(*sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample[0])[:40].encode("ascii", "ignore").decode())
def test_every_sample_is_judged_as_if_every_wording_had_been_tried(sample):
    indexed, naive = judged_both_ways(sample)

    assert indexed == naive


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), st.sampled_from([None, 421, 450, 550, 552, 554]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_so_is_whatever_else_is_said_in_the_same_words(words, code):
    indexed, naive = judged_both_ways((" ".join(words), None, code))

    assert indexed == naive


def spaced(letter):
    return letter.translate(classification._PUNCTUATION).replace(".", " ")


@pytest.mark.parametrize(("family", "stems"), FAMILIES, ids=lambda each: getattr(each, "name", ""))
def test_every_wording_contains_one_of_its_triggers(family, stems):
    """Else there are texts that it was written for and that never call it."""
    never_called = {
        (words, wording): text
        for triggers, wordings in family.wordings
        for words in triggers.split("+")
        for wording in wordings
        if (text := lacking(classification._folded_pattern(wording), classification._triggers(words, stems), spaced))
    }

    assert never_called == {}


def test_a_wording_lacks_a_word_when_any_way_through_it_does():
    assert lacking("user (?:unknown|missing)", {"user"}, spaced) is None
    assert lacking("user (?:unknown|missing)", {"unkn"}, spaced) == " user missing".lstrip()
    assert lacking("user (?:unknown|missing)", {"unkn", "miss"}, spaced) is None
    assert lacking("(?:user )?unknown", {"user"}, spaced) == "unknown"
    assert lacking("(?:user )+unknown", {"user"}, spaced) is None
    assert lacking(r"no [^.;]{0,60}user", {"user"}, spaced) is None
    assert lacking(r"no \w+", {"user"}, spaced) is not None
    assert lacking("superuser", {"user"}, spaced) == "superuser"
    assert lacking("用户不存在", {"不存在"}, spaced) is None
    assert is_unspaced("不存在")
    assert not is_unspaced("user")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.DOMAIN_NOT_FOUND, "smtp; No answer by DNS for shop.example"),
        (Reason.DOMAIN_NOT_FOUND, "smtp; DNS server returned no relevant answers"),
        (Reason.SENDER_BLOCKED, "smtp; 550 Su servidor ha sido bloqueado"),
        (Reason.MESSAGE_TOO_LARGE, "smtp; 552 Message exceeds the limit"),
        (Reason.MAILBOX_FULL, "smtp; 550 Konto erschöpft"),
        (Reason.MAILBOX_FULL, "smtp; 550 メールボックスが上限を超えました"),
        (Reason.MAILBOX_DISABLED, "smtp; 550 帳號被關閉"),
        (Reason.ADDRESS_NOT_FOUND, "smtp; 550 查无此用户"),
        (Reason.SERVER_UNAVAILABLE, "smtp; server terminated unexpectedly"),
        (Reason.SERVER_UNAVAILABLE, "smtp; 550 Please retry in a few hours"),
    ],
)
def test_wordings_that_once_lacked_a_trigger_are_called(reason, text):
    assert classify_diagnostic(text, None, None).reason is reason
