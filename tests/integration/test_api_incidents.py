"""The routes of incidents, and the items and the bulk resend of one."""

from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, viewer
from tests.builders.items import NOW, a_customer, a_notification, an_item
from undelivered.domain.taxonomy import Reason

ANSWER = (
    "550 5.7.1 Messages from [198.51.100.7] to <Person-{number}@Hotmail.com> for person-{number} were not sent. (S3140)"
)


def blocked(number, *, hours_ago=2, recipient=None, **changes):
    at = NOW - timedelta(hours=hours_ago)
    recipient = recipient or f"person-{number}@hotmail.com"
    changes = {"diagnostic": ANSWER.format(number=number), **changes}
    return an_item(Reason.SENDER_BLOCKED, number=number, recipient=recipient, sent_at=at, at=at, **changes)


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.add(*(blocked(number) for number in range(6)))
    api.add(*(blocked(number, hours_ago=60, recipient=f"p-{number}@gmail.com") for number in range(10, 16)))
    api.add(blocked(20, recipient="ada@firm.example"), an_item(Reason.MAILBOX_FULL, number=21))
    for number in range(6):
        email = f"person-{number}@hotmail.com"
        api.customers.save(a_customer(f"c-{number}", email=email))
        api.notifications.add(a_notification(f"n-{number}", customer_id=f"c-{number}"))
    return api


def test_incidents_are_listed_with_what_the_administrator_has_to_do(api):
    answer = api.get("/incidents", viewer())

    assert answer.status == 200
    first, second = answer.json["incidents"]
    assert first == {
        "id": first["id"],
        "state": "on",
        "channel": "email",
        "reason": "sender_blocked",
        "receiver": {
            "id": "microsoft",
            "kind": "operator",
            "name": "Outlook (Microsoft)",
            "help_url": "https://sendersupport.olc.protection.outlook.com/pm/",
        },
        "started_at": "2026-11-23T16:00:00Z",
        "last_failure_at": "2026-11-23T16:00:00Z",
        "ended_at": None,
        "failures": 6,
        "explanation": "The recipient's mail server blocks email from us. The address is fine.",
        "task": "Find out in the answer which address or domain is blocked, and why. "
        "Ask the receiver to remove the block.",
    }
    assert (second["state"], second["receiver"]["id"], second["ended_at"]) == ("over", "google", "2026-11-21T07:00:00Z")
    assert [api.get(f"/incidents?state={state}").json["incidents"] for state in ("on", "over")] == [[first], [second]]


def test_the_texts_are_in_the_language_of_the_reader(api):
    answer = api.get("/incidents", {**viewer(), "Accept-Language": "de"})

    assert answer.json["incidents"][0]["task"].startswith("Stellen Sie anhand der Antwort fest")
    assert answer.headers["Content-Language"] == "de"


def test_an_incident_has_its_course_and_the_answer_without_addresses(api):
    (listed,) = api.get("/incidents?state=on").json["incidents"]

    shown = api.get(f"/incidents/{listed['id']}").json

    assert shown == {
        **listed,
        "hours": [{"at": "2026-11-23T16:00:00Z", "failures": 6}],
        "answer": "550 5.7.1 Messages from [198.51.100.7] to <address> for <address> were not sent. (S3140)",
    }


def test_its_id_stays_valid_when_an_earlier_failure_becomes_known(api):
    (listed,) = api.get("/incidents?state=on").json["incidents"]
    api.add(blocked(7, hours_ago=5))

    assert api.get(f"/incidents/{listed['id']}").json["failures"] == 7


def test_the_report_and_a_bulk_resend_can_be_limited_to_an_incident(api):
    (listed,) = api.get("/incidents?state=on").json["incidents"]

    items = api.get(f"/undelivered?incident={listed['id']}").json["items"]
    assert {item["recipient"] for item in items} == {f"person-{number}@hotmail.com" for number in range(6)}

    answer = api.post("/undelivered/resend", {"filter": {"incident": listed["id"], "state": "open"}})
    assert (answer.status, answer.json["accepted"], answer.json["refused"]) == (202, 6, [])
    assert api.get(f"/undelivered?incident={listed['id']}&state=open").json["items"] == []


@pytest.mark.parametrize(
    "incident_id",
    ["x", "ZW1haWw", "..", "%00", "a" * 400, "ZW1haWx-c2VuZGVyX2Jsb2NrZWR-MjAyNi0xMS0yM1QxNjowMDowMFp-eA"],
)
def test_an_unknown_incident_is_not_found_and_no_filter(api, incident_id):
    assert api.get(f"/incidents/{incident_id}").status == 404
    answer = api.get(f"/undelivered?incident={incident_id}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "incident")


def test_the_incident_of_another_account_is_not_found(api):
    (listed,) = api.get("/incidents?state=on").json["incidents"]

    other = viewer("acc-2")
    assert api.get("/incidents", other).json == {"incidents": []}
    assert api.get(f"/incidents/{listed['id']}", other).status == 404
    assert api.get(f"/undelivered?incident={listed['id']}", other).status == 400
