"""The routes of diagnostics without a known reason."""

from datetime import timedelta

import pytest

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, NOW, an_item
from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import MAPPABLE_REASONS
from undelivered.services.record_unrecognised import RecordUnrecognised

SHAPE = "550 5.0.0 odd <address>"
URL = f"/diagnostics/{shape_id(SHAPE)}"


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    record = RecordUnrecognised(api.unrecognised)
    for number, (name, days) in enumerate([("ada", 1), ("bob", 2), ("eve", 40)]):
        diagnostic = f"550 5.0.0 Odd <{name}@example.com>"
        record(None, an_item(Reason.UNDETERMINED, number=number, diagnostic=diagnostic, days_ago=days))
    return api


def shapes(api, headers=None):
    return api.get("/diagnostics/unrecognised", headers).json["shapes"]


def test_the_shapes_of_thirty_days_are_listed_without_addresses(api):
    answer = api.get("/diagnostics/unrecognised", viewer())

    assert answer.status == 200
    assert answer.json == {
        "shapes": [
            {
                "id": shape_id(SHAPE),
                "shape": SHAPE,
                "count": 2,
                "receivers": [{"domain": "example.com", "count": 2}],
                "first_seen": "2026-11-21T18:01:00Z",
                "last_seen": "2026-11-22T18:01:00Z",
                "reason": None,
                "audit": [],
            }
        ]
    }
    assert "@" not in answer.text


def test_the_most_frequent_shape_comes_first_and_a_mapped_one_stays(api):
    api.put(URL, {"reason": "timed_out"})
    for _ in range(3):
        api.unrecognised.record(ACCOUNT, "odder", "", NOW)

    assert [(shape["shape"], shape["count"]) for shape in shapes(api)] == [("odder", 3), (SHAPE, 2)]

    api.unrecognised.days.clear()

    (mapped,) = shapes(api)
    assert (mapped["reason"], mapped["count"], mapped["first_seen"], mapped["receivers"]) == ("timed_out", 0, None, [])


def test_a_shape_is_mapped_and_unmapped_and_every_change_is_audited(api):
    mapped = api.put(URL, {"reason": "mailbox_full", "why": " the receiver's page "})
    changed = api.put(URL, {"reason": "sender_blocked"}, host())
    unmapped = api.delete(URL, {"why": "it was something else"})

    assert [answer.status for answer in (mapped, changed, unmapped)] == [200, 200, 200]
    assert [answer.json["reason"] for answer in (mapped, changed, unmapped)] == ["mailbox_full", "sender_blocked", None]
    assert mapped.json["audit"] == [
        {
            "at": "2026-11-23T18:00:00Z",
            "by": MANAGER_NAME,
            "action": "map",
            "detail": "the receiver's page; was not mapped, is mailbox_full",
        }
    ]
    assert [audit["detail"] for audit in unmapped.json["audit"][1:]] == [
        "was mailbox_full, is sender_blocked",
        "it was something else; was sender_blocked, is not mapped",
    ]
    assert shapes(api) == [unmapped.json]


def test_removing_a_mapping_needs_no_body(api):
    api.put(URL, {"reason": "mailbox_full"})

    assert api.delete(URL).status == 200
    assert api.delete(URL).json["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "complaint"}, "reason"),
        ({"reason": "suppressed_bounce"}, "reason"),
        ({"reason": "undetermined"}, "reason"),
        ({"reason": "Mailbox_Full"}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "mailbox_full", "why": 1}, "why"),
        ({"reason": "mailbox_full", "shape": "x"}, "shape"),
    ],
)
def test_a_wrong_body_is_refused_and_the_field_named(api, body, field):
    answer = api.put(URL, body)

    assert (answer.status, answer.json["code"]) == (400, "invalid_body")
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert shapes(api)[0]["reason"] is None


def test_every_reason_of_the_description_is_taken(api):
    description = api.get("/openapi.json").json["components"]["schemas"]["MapShapeBody"]

    assert description["properties"]["reason"]["enum"] == sorted(MAPPABLE_REASONS)
    for reason in MAPPABLE_REASONS:
        assert api.put(URL, {"reason": reason}).json["reason"] == reason


def test_nothing_is_known_in_another_account_or_of_another_shape(api):
    assert shapes(api, manager("acc-2")) == []
    assert api.put(URL, {"reason": "timed_out"}, manager("acc-2")).status == 404
    assert api.put("/diagnostics/other", {"reason": "timed_out"}).status == 404
    assert api.put("/diagnostics/unrecognised", {"reason": "timed_out"}).status == 405


def test_viewers_do_not_map(api):
    assert api.put(URL, {"reason": "timed_out"}, viewer()).status == 403
    assert api.delete(URL, {}, viewer()).status == 403


def test_a_shape_not_seen_for_thirty_days_is_unknown(api):
    assert api.put(f"/diagnostics/{shape_id('old')}", {"reason": "timed_out"}).status == 404
    api.unrecognised.record(ACCOUNT, "old", "", NOW - timedelta(days=31))
    assert api.put(f"/diagnostics/{shape_id('old')}", {"reason": "timed_out"}).status == 404
    api.unrecognised.record(ACCOUNT, "old", "", NOW - timedelta(days=30))
    assert api.put(f"/diagnostics/{shape_id('old')}", {"reason": "timed_out"}).status == 200
