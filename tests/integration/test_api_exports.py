"""Exports through the API: filters, roles, progress and errors."""

from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, NOW, an_item
from undelivered.adapters.language_files import texts
from undelivered.domain.errors import RetryableError
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.report_query import window_start
from undelivered.domain.taxonomy import Channel, Kind, Reason, Status
from undelivered.services.export_report import ExportReport
from undelivered.services.request_export import SILENT_AFTER


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def run(api):
    """Write the exports that were asked for, and return those that had ended after an invocation."""
    ports, mailed = api.ports, []
    write = ExportReport(
        api.exports, api.export_files, api.export_runner, ports.reports, ports.accounts, api.clock, texts, mailed.append
    )
    while api.export_runner.events:
        write(*api.export_runner.events.pop(0), lambda: True)
    return mailed


def wanted_by(api, export_id):
    return api.exports.find(ACCOUNT, export_id).report_filter


def test_an_export_is_asked_for_written_and_fetched(api):
    api.add(an_item(number=1), an_item(Reason.MAILBOX_FULL, number=2))

    asked = api.post("/exports", {"format": "csv", "filter": {"status": "bounced.soft"}})
    url = f"/exports/{asked.json['export_id']}"
    running = api.get(url)
    run(api)
    done = api.get(url)

    assert (asked.status, list(asked.json)) == (202, ["export_id"])
    assert running.json == {"state": "running", "rows": 0, "url": None, "detail": None}
    assert {**done.json, "url": ""} == {"state": "done", "rows": 1, "url": "", "detail": None}
    assert done.json["url"].startswith(f"https://files.test/exports/{ACCOUNT}/{asked.json['export_id']}.csv")


def test_the_exports_of_an_account_are_listed_for_as_long_as_their_files_are_kept(api):
    first = api.post("/exports", {}).json["export_id"]
    run(api)
    api.time += timedelta(days=1)
    second = api.post("/exports", {}).json["export_id"]

    listed = api.get("/exports").json["exports"]

    assert [(one["export_id"], one["state"], one["rows"]) for one in listed] == [
        (second, "running", 0),
        (first, "done", 0),
    ]
    assert listed[0]["requested_at"] < listed[0]["kept_until"]
    assert api.get("/exports", manager("acc-2")).json == {"exports": []}
    api.time += timedelta(days=6)
    assert [one["export_id"] for one in api.get("/exports").json["exports"]] == [second]
    assert api.get("/exports").json["exports"][0]["state"] == "failed"


def test_only_a_user_with_a_verified_address_is_mailed_and_only_if_they_want(api):
    quiet, wanted = (api.post("/exports", body).json["export_id"] for body in ({}, {"mail_when_ready": True}))
    by_host = api.post("/exports", {"mail_when_ready": True}, host())

    assert [api.exports.find(ACCOUNT, one).mail_to for one in (quiet, wanted)] == ["", "manager@example.com"]
    assert (by_host.status, by_host.json["errors"][0]["field"]) == (400, "mail_when_ready")


@pytest.mark.parametrize("who", [manager, viewer, host])
def test_who_may_read_may_export(api, who):
    asked = api.post("/exports", {"format": "csv", "filter": {}}, who())

    assert asked.status == 202
    assert api.get(f"/exports/{asked.json['export_id']}", who()).status == 200


def test_an_account_has_three_exports_in_progress_at_once(api):
    for _ in range(3):
        assert api.post("/exports", {}).status == 202
    refused = api.post("/exports", {})
    other = api.post("/exports", {}, manager("acc-2"))
    run(api)
    after = api.post("/exports", {})

    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (429, "too_many_exports", "60")
    assert "3 exports are in progress" in refused.json["detail"]
    assert (other.status, after.status) == (202, 202)


def test_an_export_that_was_interrupted_does_not_count(api):
    for _ in range(3):
        api.post("/exports", {})
    api.time += SILENT_AFTER + timedelta(seconds=1)

    assert api.post("/exports", {}).status == 202


def test_nobody_else_may(api):
    export_id = api.post("/exports", {"format": "csv"}).json["export_id"]

    assert api.post("/exports", {"format": "csv"}, {}).status == 401
    assert api.get(f"/exports/{export_id}", manager("acc-2")).status == 404
    assert api.get("/exports/unknown").json["code"] == "not_found"


def test_without_a_filter_it_is_the_report_as_it_opens(api):
    wanted = wanted_by(api, api.post("/exports", {"format": "csv", "filter": {}}).json["export_id"])

    assert (wanted.period.start, wanted.states, wanted.classes) == (window_start(NOW), LIVE_STATES, None)


def test_a_filter_has_the_names_and_forms_of_the_parameters(api):
    given = {
        "from": "2026-01-01",
        "to": "2026-06-30",
        "status": ["bounced.hard", "invalid"],
        "state": "expired,resolved",
        "channel": "email",
        "fault": "recipient",
        "reason": ["mailbox_disabled"],
        "ready": True,
        "customer_id": "c-1",
        "q": " ada ",
    }

    wanted = wanted_by(api, api.post("/exports", {"format": "csv", "filter": given}).json["export_id"])

    assert (wanted.period.start.isoformat(), wanted.period.end.isoformat()) == (
        "2026-01-01T00:00:00+00:00",
        "2026-07-01T00:00:00+00:00",
    )
    assert wanted.states == {State.EXPIRED, State.RESOLVED}
    assert {(each.channel, each.status, each.kind) for each in wanted.classes} == {
        (Channel.EMAIL, Status.BOUNCED, Kind.HARD),
        (Channel.EMAIL, Status.INVALID, None),
    }
    assert (wanted.ready, wanted.customer_id, wanted.search) == (True, "c-1", "ada")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "xlsx"}, "format"),
        ({"format": "csv", "filters": {}}, "filters"),
        ({"format": "csv", "filter": []}, "filter"),
        ({"format": "csv", "filter": {"stauts": "bounced"}}, "filter.stauts"),
        ({"format": "csv", "filter": {"status": "lost"}}, "filter.status"),
        ({"format": "csv", "filter": {"limit": 10}}, "filter.limit"),
        ({"format": "csv", "filter": {"cursor": "x"}}, "filter.cursor"),
        ({"format": "csv", "filter": {"from": "yesterday"}}, "filter.from"),
        ({"format": "csv", "filter": {"from": "2026-11-02", "to": "2026-11-01"}}, "filter.from"),
    ],
)
def test_what_is_wrong_is_named(api, body, field):
    answer = api.post("/exports", body)

    assert (answer.status, answer.json["code"]) == (400, "invalid_body")
    assert answer.json["errors"][0]["field"] == field
    assert not api.export_runner.events


def test_when_an_export_cannot_start_the_caller_can_try_again(api, monkeypatch):
    def refuse(*_):
        raise RetryableError("busy")

    monkeypatch.setattr(api.export_runner, "start", refuse)

    answer = api.post("/exports", {"format": "csv"})

    assert (answer.status, answer.json["code"]) == (503, "throttled")
