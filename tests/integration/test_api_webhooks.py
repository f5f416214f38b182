"""Webhooks in the API: who may manage them, what is shown of them, and the log of their deliveries."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, NOW
from undelivered.domain.identifiers import timestamp
from undelivered.domain.webhook import MAX_WEBHOOKS, DeliveryState, DeliveryTry, DisabledReason

URL, OTHER_URL = "https://app.example.com/hook", "https://other.example.com/"
OPENED = "undelivered.item.opened"


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


@pytest.fixture
def webhook_id(api):
    return api.post("/webhooks", {"url": URL}).json["webhook"]["webhook_id"]


def settle(api, delivery_id, state, status=500):
    """Let a delivery end in a state."""
    key = next(key for key in api.deliveries.rows if key[2] == delivery_id)
    made = DeliveryTry(api.time, status, None, 40)
    api.deliveries.rows[key] = replace(api.deliveries.rows[key], state=state, failures=10, tries=(made,))


def test_a_secret_is_shown_when_it_is_made_and_never_again(api):
    added = api.post("/webhooks", {"url": URL, "event_types": ["undelivered.item.opened"]})
    webhook_id, secret = added.json["webhook"]["webhook_id"], added.json["secret"]
    rotated = api.post(f"/webhooks/{webhook_id}/rotate-secret")
    later = [
        api.get("/webhooks"),
        api.get(f"/webhooks/{webhook_id}"),
        api.patch(f"/webhooks/{webhook_id}", {"enabled": False}),
        api.get(f"/webhooks/{webhook_id}/deliveries"),
        api.delete(f"/webhooks/{webhook_id}"),
    ]

    assert (added.status, rotated.status) == (201, 200)
    assert secret.startswith("whsec_")
    assert secret != rotated.json["secret"]
    assert rotated.json["webhook"]["old_secret_valid_until"] == timestamp(NOW + timedelta(hours=24))
    assert all(answer.status == 200 for answer in later)
    assert not any("whsec_" in answer.text for answer in later)


def test_every_change_is_in_the_audit_trail_without_the_secret(api, webhook_id):
    path = f"/webhooks/{webhook_id}"
    api.patch(path, {"enabled": False}, headers=host())
    api.patch(path, {"enabled": False})
    api.patch(path, {"url": OTHER_URL, "event_types": [OPENED], "enabled": True})
    api.post(f"{path}/rotate-secret")

    audit = api.get(path).json["audit"]

    assert [(entry["by"], entry["action"], entry["detail"]) for entry in audit] == [
        (MANAGER_NAME, "create", URL),
        ("host", "change", "state was enabled, is by_user"),
        (
            MANAGER_NAME,
            "change",
            f"url was {URL}, is {OTHER_URL}; event_types was all, is {OPENED}; state was by_user, is enabled",
        ),
        (MANAGER_NAME, "rotate_secret", ""),
    ]


@pytest.mark.parametrize("who", [manager, host])
def test_managers_and_the_host_application_manage_and_viewers_read(api, who):
    path = f"/webhooks/{api.post('/webhooks', {'url': URL}, headers=who()).json['webhook']['webhook_id']}"
    delivery = api.post(f"{path}/test", headers=who()).json["delivery_id"]

    for reading in ("/webhooks", path, f"{path}/deliveries", f"{path}/deliveries/{delivery}"):
        assert api.get(reading, headers=viewer()).status == 200
    for acting in (f"{path}/test", f"{path}/rotate-secret", f"{path}/deliveries/{delivery}/replay"):
        assert api.post(acting, headers=viewer()).status == 403
    assert api.delete(path, headers=viewer()).status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://app.example.com/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": URL, "event_types": ["undelivered.item.opened", "undelivered.item.lost"]}, "event_types[1]"),
        ({"url": URL, "event_types": ["undelivered.test"]}, "event_types[0]"),
        ({"url": URL, "secret": "whsec_AAAA"}, "secret"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_with_the_field(api, body, field):
    refused = api.post("/webhooks", body)

    assert (refused.status, [error["field"] for error in refused.json["errors"]]) == (400, [field])
    assert api.get("/webhooks").json["webhooks"] == []


def test_a_changed_url_is_checked_as_a_new_one(api, webhook_id):
    assert api.patch(f"/webhooks/{webhook_id}", {"url": "https://10.0.0.1/"}).status == 400
    assert api.get(f"/webhooks/{webhook_id}").json["url"] == URL


def test_an_account_has_five_webhooks_at_most_and_another_account_none_of_them(api):
    ids = [api.post("/webhooks", {"url": URL}).json["webhook"]["webhook_id"] for _ in range(MAX_WEBHOOKS)]
    refused = api.post("/webhooks", {"url": URL})

    assert (refused.status, refused.json["code"]) == (409, "too_many_webhooks")
    api.delete(f"/webhooks/{ids[0]}")
    assert [each["webhook_id"] for each in api.get("/webhooks").json["webhooks"]] == ids[1:]
    assert api.get("/webhooks", headers=manager("acc-2")).json["webhooks"] == []
    assert api.get(f"/webhooks/{ids[1]}", headers=manager("acc-2")).status == 404


def test_a_test_is_queued_and_its_delivery_can_be_followed(api, webhook_id):
    started = api.post(f"/webhooks/{webhook_id}/test")
    delivery_id = started.json["delivery_id"]
    path = f"/webhooks/{webhook_id}/deliveries/{delivery_id}"

    assert started.status == 202
    assert [(job.account_id, job.webhook_id, job.delivery_id) for job in api.delivery_queue.jobs] == [
        (ACCOUNT, webhook_id, delivery_id)
    ]
    assert api.get(path).json["state"] == "waiting"
    settle(api, delivery_id, DeliveryState.DELIVERED, 204)
    shown = api.get(path).json
    assert (shown["event_type"], shown["state"], shown["next_try_at"]) == ("undelivered.test", "delivered", None)
    assert shown["tries"] == [{"at": timestamp(NOW), "status": 204, "error": None, "milliseconds": 40}]
    assert "payload" not in shown


def test_the_log_is_paged_newest_first_and_a_cursor_belongs_to_its_webhook(api, webhook_id):
    ids = []
    for _ in range(5):
        api.time += timedelta(seconds=1)
        ids.append(api.post(f"/webhooks/{webhook_id}/test").json["delivery_id"])

    first = api.get(f"/webhooks/{webhook_id}/deliveries?limit=3").json
    second = api.get(f"/webhooks/{webhook_id}/deliveries?limit=3&cursor={first['next_cursor']}").json
    other = api.post("/webhooks", {"url": URL}).json["webhook"]["webhook_id"]

    assert [each["delivery_id"] for each in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    refused = api.get(f"/webhooks/{other}/deliveries?cursor={first['next_cursor']}")
    assert (refused.status, refused.json["code"]) == (400, "invalid_cursor")


def test_a_failed_delivery_is_replayed_with_its_event_and_its_earlier_tries(api, webhook_id):
    started = api.post(f"/webhooks/{webhook_id}/test").json
    settle(api, started["delivery_id"], DeliveryState.FAILED)

    replayed = api.post(f"/webhooks/{webhook_id}/deliveries/{started['delivery_id']}/replay")

    assert (replayed.status, replayed.json["state"], len(replayed.json["tries"])) == (202, "waiting", 1)
    assert replayed.json["event_id"] == started["event_id"]
    assert [job.delivery_id for job in api.delivery_queue.jobs] == [started["delivery_id"]] * 2


def test_all_that_failed_since_a_time_is_replayed_once(api, webhook_id):
    ids = []
    for _ in range(4):
        api.time += timedelta(hours=1)
        ids.append(api.post(f"/webhooks/{webhook_id}/test").json["delivery_id"])
    for delivery_id, state in zip(ids, ["failed", "failed", "delivered", "failed"], strict=True):
        settle(api, delivery_id, DeliveryState(state))
    api.delivery_queue.jobs.clear()

    since = {"since": timestamp(NOW + timedelta(hours=2))}
    replayed = api.post(f"/webhooks/{webhook_id}/replay", since)

    assert (replayed.status, replayed.json) == (202, {"started": 2})
    assert {job.delivery_id for job in api.delivery_queue.jobs} == {ids[1], ids[3]}
    assert api.post(f"/webhooks/{webhook_id}/replay", since).json == {"started": 0}
    assert api.post(f"/webhooks/{webhook_id}/replay", {"since": "yesterday"}).json["errors"][0]["field"] == "since"


def test_a_delivery_that_is_long_due_is_started_again_with_those_that_failed(api, webhook_id):
    lost = api.post(f"/webhooks/{webhook_id}/test").json["delivery_id"]
    api.delivery_queue.jobs.clear()
    since = {"since": timestamp(NOW)}

    early = api.post(f"/webhooks/{webhook_id}/replay", since)
    api.time += timedelta(minutes=5)
    late = api.post(f"/webhooks/{webhook_id}/replay", since)

    assert (early.json, late.json) == ({"started": 0}, {"started": 1})
    assert [job.delivery_id for job in api.delivery_queue.jobs] == [lost]


def test_a_disabled_webhook_is_neither_tested_nor_replayed_until_it_is_enabled(api, webhook_id):
    delivery_id = api.post(f"/webhooks/{webhook_id}/test").json["delivery_id"]
    stored = api.webhooks.of_account(ACCOUNT)
    gone = replace(stored.find(webhook_id), disabled=DisabledReason.GONE)
    api.webhooks.save(stored.with_changed(gone))
    path = f"/webhooks/{webhook_id}"
    since = {"since": timestamp(NOW)}

    assert (api.get(path).json["enabled"], api.get(path).json["disabled_reason"]) == (False, "gone")
    for url, body in (
        (f"{path}/test", None),
        (f"{path}/deliveries/{delivery_id}/replay", None),
        (f"{path}/replay", since),
    ):
        refused = api.post(url, body)
        assert (refused.status, refused.json["code"]) == (409, "webhook_disabled")
    api.patch(path, {"enabled": True})
    assert api.post(f"{path}/test").status == 202


@pytest.mark.parametrize(
    "unknown", ["w", "..", "%20", "x" * 400, "20260110T000000000000-abcdefabcdef", "%F0%9F%98%80" * 300]
)
def test_an_unknown_webhook_or_delivery_is_not_found(api, webhook_id, unknown):
    assert api.get(f"/webhooks/{unknown}").status == 404
    assert api.get(f"/webhooks/{unknown}/deliveries").status == 404
    assert api.get(f"/webhooks/{webhook_id}/deliveries/{unknown}").status == 404
    assert api.post(f"/webhooks/{webhook_id}/deliveries/{unknown}/replay").status == 404
