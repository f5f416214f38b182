"""Saved views through the API."""

import pytest

from tests.builders.api import Api, believe_test_tokens, manager, viewer
from undelivered.domain.saved_view import MAX_VIEWS

BOUNCED = {"name": "Bounced last week", "filter": {"status": ["bounced.hard"], "channel": "email"}, "last_days": 7}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def test_a_view_is_saved_renamed_and_deleted_for_the_whole_account(api):
    saved = api.put("/views/v-1", BOUNCED)
    assert (saved.status, saved.json) == (200, {"views": [{"view_id": "v-1", **BOUNCED}]})
    api.put("/views/v-2", {"name": "Texts", "filter": {"channel": "sms"}})
    api.put("/views/v-1", BOUNCED | {"name": "Bounced"})

    assert [view["name"] for view in api.get("/views", viewer()).json["views"]] == ["Bounced", "Texts"]
    assert [view["name"] for view in api.delete("/views/v-1").json["views"]] == ["Texts"]
    assert api.delete("/views/v-1").status == 404
    assert api.get("/views", manager("acc-2")).json == {"views": []}


def test_a_view_that_is_saved_again_as_it_is_stays_as_it_is(api):
    api.put("/views/v-1", BOUNCED)
    before = api.views.of_account("acc-1")

    api.put("/views/v-1", BOUNCED)

    assert api.views.of_account("acc-1") == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"filter": {"q": "ada"}}, "filter.q"),
        ({"filter": {"customer_id": "c-1"}}, "filter.customer_id"),
        ({"filter": {"status": "lost"}}, "filter.status"),
        ({"filter": {"from": "2026-11-01"}}, "last_days"),
        ({"last_days": 0}, "last_days"),
    ],
)
def test_what_names_a_person_or_is_no_filter_is_refused(api, change, field):
    answer = api.put("/views/v-1", BOUNCED | change)

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)
    assert api.get("/views").json == {"views": []}


def test_a_name_is_given_once(api):
    api.put("/views/v-1", BOUNCED)

    assert api.put("/views/v-2", BOUNCED).json["errors"] == [
        {"field": "name", "message": "is already the name of another view"}
    ]


def test_there_are_only_so_many(api):
    for number in range(MAX_VIEWS):
        api.put(f"/views/v-{number}", BOUNCED | {"name": f"View {number}"})

    answer = api.put("/views/v-more", BOUNCED)

    assert (answer.status, answer.json["code"]) == (409, "too_many_views")
    assert api.put("/views/v-0", BOUNCED).status == 200


def test_viewers_see_views_and_change_none(api):
    assert api.put("/views/v-1", BOUNCED, viewer()).status == 403
    assert api.get("/views", viewer()).status == 200
