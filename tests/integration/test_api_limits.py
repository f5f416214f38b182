"""Limits of each account: what is counted, how a refusal looks, and that accounts do not share them."""

from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, an_item
from undelivered.domain.errors import RetryableError
from undelivered.domain.identifiers import item_id
from undelivered.entrypoints.http.routes import ROUTES
from undelivered.services.request_limits import LimitedWork

SEARCHES, NOTIFICATIONS, BULK_RESENDS, INVITATIONS = 4, 90, 2, 1
LIMITS = dict(zip(LimitedWork, (SEARCHES, NOTIFICATIONS, BULK_RESENDS, INVITATIONS), strict=True))


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api(limits=LIMITS)
    api.time = api.time.replace(second=48, microsecond=500_000)
    api.add(an_item())
    return api


def notify(api, number, account=ACCOUNT):
    some = {"customer_id": "c-1", "channel": "email", "title": "T", "text": "x"}
    return api.post("/notifications", {"notifications": [some] * number}, host(account))


def resend(api, account=ACCOUNT):
    return api.post("/undelivered/resend", {"ids": [item_id(an_item().entry_key)]}, manager(account))


def refusal(response):
    """The code of a refusal, and in how many seconds to try again."""
    assert response.status == 429
    return response.json["code"], response.headers["Retry-After"]


SEARCHING = {
    "report": lambda api, account: api.get("/undelivered?q=ada", manager(account)),
    "customers": lambda api, account: api.get("/customers?address=ada%40example.com", manager(account)),
}


@pytest.mark.parametrize("search", SEARCHING.values(), ids=SEARCHING)
def test_searches_have_a_limit_for_each_account_in_a_minute(api, search):
    allowed = [search(api, ACCOUNT).status for _ in range(SEARCHES)]
    refused, other = search(api, ACCOUNT), search(api, "acc-2")
    api.time += timedelta(seconds=12)
    after = search(api, ACCOUNT)

    assert set(allowed) == {200}
    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (429, "too_many_searches", "12")
    assert (
        refused.json["detail"] == f"Your account can make at most {SEARCHES} searches in a minute. Try again in 12 s."
    )
    assert (other.status, after.status) == (200, 200)


def test_a_report_without_a_search_is_neither_counted_nor_refused(api):
    for _ in range(SEARCHES + 1):
        assert api.get("/undelivered").status == 200
        assert api.get("/undelivered?q=%20").status == 200
        assert api.get("/undelivered/count").status == 200
    assert api.request_counts.counts == {}

    for _ in range(SEARCHES + 1):
        api.get("/undelivered?q=ada")
    assert api.get("/undelivered").status == 200


def test_notifications_are_counted_one_by_one(api):
    allowed = notify(api, NOTIFICATIONS - 1)
    refused = notify(api, 2)
    last = notify(api, 1)
    other = notify(api, 2, "acc-2")

    assert (allowed.status, last.status, other.status) == (202, 202, 202)
    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (
        429,
        "too_many_notifications",
        "12",
    )
    assert f"at most {NOTIFICATIONS} notifications in a minute" in refused.json["detail"]


def test_bulk_resends_have_a_limit_and_nothing_is_resent_beyond_it(api):
    for _ in range(BULK_RESENDS):
        assert resend(api).status == 202
    queued = len(api.resends.orders)
    refused, other = resend(api), resend(api, "acc-2")

    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (
        429,
        "too_many_bulk_resends",
        "12",
    )
    assert f"at most {BULK_RESENDS} bulk resends in a minute" in refused.json["detail"]
    assert other.status == 202
    assert len(api.resends.orders) == queued


@pytest.mark.parametrize("error", [RetryableError("busy"), ValueError("broken")])
def test_counts_that_cannot_be_written_stop_nobody_and_are_measured(api, error, capsys):
    def add(*_):
        raise error

    api.request_counts.add = add

    assert {SEARCHING["report"](api, ACCOUNT).status for _ in range(SEARCHES + 1)} == {200}
    assert notify(api, 1).status == 202
    assert capsys.readouterr().out.count('"RequestsNotLimited":[1]') == SEARCHES + 2


def test_every_route_with_a_limit_says_so_in_the_openapi_document(api):
    described = api.get("/openapi.json").json["paths"]
    limited = {
        f"{route.method} {route.path}": described[route.path][route.method.lower()]["responses"]["429"]
        for route in ROUTES
        if route.limit
    }

    assert limited.keys() == {
        "GET /undelivered",
        "GET /undelivered/total",
        "GET /customers",
        "GET /notifications",
        "POST /notifications",
        "POST /undelivered/resend",
        "POST /undelivered/{item_id}/text",
        "POST /exports",
        "POST /people",
        "POST /people/{person_id}/invitation",
        "POST /setup/test",
    }
    assert all("Retry-After" in response["headers"] for response in limited.values())
    assert all("`too_many_" in response["description"] for response in limited.values())
    schemas = [response["content"]["application/problem+json"]["schema"] for response in limited.values()]
    assert schemas == [{"$ref": "#/components/schemas/Problem"}] * len(limited)


# --- exports of viewers


def forbid_viewers_to_export(api):
    settings = {**api.get("/settings").json, "viewers_may_export": False}
    return api.call("PUT", "/settings", headers=manager(), body=settings)


def test_viewers_may_export_unless_the_settings_forbid_it(api):
    export_id = api.post("/exports", {}, viewer()).json["export_id"]
    changed_settings = forbid_viewers_to_export(api)
    asked, status = api.post("/exports", {}, viewer()), api.get(f"/exports/{export_id}", viewer())

    assert (changed_settings.status, changed_settings.json["viewers_may_export"]) == (200, False)
    for refused in (asked, status):
        assert (refused.status, refused.json["code"]) == (403, "export_not_allowed")
        assert "viewers cannot export the report" in refused.json["detail"]
    for who in (manager(), host()):
        assert api.get(f"/exports/{export_id}", who).status == 200
        assert api.post("/exports", {}, who).status == 202


def test_the_settings_of_one_account_forbid_nothing_in_another(api):
    forbid_viewers_to_export(api)

    assert api.post("/exports", {}, viewer("acc-2")).status == 202


def test_viewers_cannot_allow_themselves_to_export(api):
    forbid_viewers_to_export(api)

    assert api.call("PUT", "/settings", headers=viewer(), body={"viewers_may_export": True}).status == 403
    assert api.post("/exports", {}, viewer()).status == 403
