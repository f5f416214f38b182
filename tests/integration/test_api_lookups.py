"""Did it arrive? What was sent to a customer or an address in the past thirty days, and what is known of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.api import Api, believe_test_tokens, manager, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, an_attempt, an_item, resent
from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import item_id, timestamp
from undelivered.domain.item import AttemptResult
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services import look_up_notifications

BY_CUSTOMER = "/customers/c-1/notifications"
BY_ADDRESS = "/notifications?address=ada%40example.com"


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer("c-1", email="ada@example.com"))
    return api


def sent(api, notification_id, *, outcome=SendOutcome.SENT, days=0, customer_id="c-1", **changes):
    at = NOW - timedelta(days=days)
    api.notifications.add(
        a_notification(notification_id, customer_id=customer_id, created_at=at, title=f"Title of {notification_id}")
    )
    attempt = an_attempt(notification_id, claimed_at=at, **changes)
    api.notifications.claim(attempt)
    api.notifications.record(replace(attempt, outcome=outcome))


def found(api, path=BY_CUSTOMER):
    answer = api.get(path)
    assert answer.status == 200, answer.json
    return [(each["notification_id"], each["arrival"]) for each in answer.json["notifications"]]


@pytest.mark.parametrize("path", [BY_CUSTOMER, BY_ADDRESS])
def test_what_was_sent_is_found_newest_first_with_what_is_known_of_it(api, path):
    sent(api, "n-old", days=31)
    sent(api, "n-sent", days=3)
    sent(api, "n-dropped", days=2, outcome=SendOutcome.DROPPED)
    sent(api, "n-failed", days=1)
    item = an_item(
        Reason.MAILBOX_FULL, notification_id="n-failed", customer_id="c-1", recipient="ada@example.com",
        sent_at=NOW - timedelta(days=1), title="Rent",
    )  # fmt: skip
    api.add(item)

    assert found(api, path) == [("n-failed", "undelivered"), ("n-dropped", "not_sent"), ("n-sent", "sent")]
    first, *_, last = api.get(path, viewer()).json["notifications"]
    assert (first["item_id"], first["reason"], first["title"]) == (item_id(item.entry_key), "mailbox_full", "Rent")
    assert (last["title"], last["customer_id"], last["item_id"]) == ("Title of n-sent", "c-1", None)


def test_a_resend_that_the_server_accepted_says_so_in_its_words(api):
    item = resent(an_item(Reason.ADDRESS_NOT_FOUND, notification_id="n-1", customer_id="c-1"), to="new@example.com")
    answer = AttemptResult(Outcome.DELIVERED, NOW, diagnostic="250 2.0.0 OK", source="ses:delivery")
    api.add(item.with_attempt(replace(item.last_attempt, result=answer)))

    (only,) = api.get(BY_CUSTOMER).json["notifications"]

    assert (only["arrival"], only["accepted_at"], only["answer"]) == ("accepted", timestamp(NOW), "250 2.0.0 OK")
    assert (only["to"], only["reason"]) == ("new@example.com", None)


def test_a_resend_on_its_way_and_one_that_nothing_was_reported_of(api):
    running = resent(an_item(Reason.MAILBOX_FULL, number=1, notification_id="n-1", customer_id="c-1"))
    silent = resent(an_item(Reason.MAILBOX_FULL, number=2, notification_id="n-2", customer_id="c-1"))
    nothing = AttemptResult(Outcome.UNCONFIRMED, NOW)
    api.add(running)
    api.add(silent.with_attempt(replace(silent.last_attempt, result=nothing)))

    assert dict(found(api)) == {"n-1": "resending", "n-2": "sent"}


def test_what_went_to_an_earlier_address_of_the_customer_is_found_by_the_customer_and_by_that_address(api):
    sent(api, "n-1", to="before@example.com")

    assert found(api) == [("n-1", "sent")]
    assert found(api, BY_ADDRESS) == []
    assert found(api, "/notifications?address=Before%40Example.com") == [("n-1", "sent")]


def test_messages_of_the_hosts_own_software_are_found_when_they_failed(api):
    api.add(an_item(Reason.MAILBOX_FULL, notification_id="ses-1", customer_id="", recipient="ada@example.com"))

    assert found(api, BY_ADDRESS) == [("ses-1", "undelivered")]


def accepted(api, notification_id, **changes):
    message = AcceptedMessage(
        ACCOUNT, f"ses-{notification_id}", Channel.EMAIL, "ada@example.com", NOW - timedelta(hours=2), NOW,
        notification_id, "c-1", f"Title of {notification_id}", "250 2.0.0 OK",
    )  # fmt: skip
    api.notifications.add_accepted([replace(message, **changes)])


@pytest.mark.parametrize("path", [BY_CUSTOMER, BY_ADDRESS])
def test_what_a_server_accepted_is_found_if_the_account_records_it(api, path):
    sent(api, "n-1")
    accepted(api, "n-1")
    accepted(api, "ses-2", customer_id="", sent_at=NOW - timedelta(days=2))
    accepted(api, "n-old", sent_at=NOW - timedelta(days=31))
    accepted(api, "n-failed", sent_at=NOW - timedelta(days=3))
    api.add(an_item(Reason.MAILBOX_FULL, notification_id="n-failed", customer_id="c-1", recipient="ada@example.com"))

    entries = {each["notification_id"]: each for each in api.get(path).json["notifications"]}

    assert {id_: each["arrival"] for id_, each in entries.items()} == {
        "n-1": "accepted", "ses-2": "accepted", "n-failed": "undelivered",
    }  # fmt: skip
    assert (entries["n-1"]["answer"], entries["n-1"]["accepted_at"]) == ("250 2.0.0 OK", timestamp(NOW))
    assert entries["ses-2"]["title"] == "Title of ses-2"


def test_another_customers_message_at_a_shared_address_is_found_by_the_address_alone(api):
    accepted(api, "n-other", customer_id="c-2")

    assert found(api) == []
    assert found(api, BY_ADDRESS) == [("n-other", "accepted")]


def test_personal_data_has_what_was_accepted_but_not_what_others_got_at_the_address(api):
    accepted(api, "n-1")
    accepted(api, "n-other", customer_id="c-2")

    data = api.get("/customers/c-1/data").json

    assert [each["notification_id"] for each in data["accepted_messages"]] == ["n-1"]


def test_digests_and_erased_sends_are_not_found(api):
    sent(api, "n-1", outcome=SendOutcome.ERASED)
    sent(api, f"{DIGEST_PREFIX}1", to="ada@example.com")

    assert (found(api), found(api, BY_ADDRESS)) == ([], [])


def test_an_unknown_customer_and_a_wrong_address_are_refused(api):
    assert api.get("/customers/c-9/notifications").status == 404
    assert api.get("/notifications?address=ada").json["errors"][0]["field"] == "address"


def test_another_account_finds_nothing(api):
    sent(api, "n-1")

    assert api.get(BY_CUSTOMER, manager("acc-2")).status == 404
    assert api.get(BY_ADDRESS, manager("acc-2")).json["notifications"] == []
    assert api.notifications.find(ACCOUNT, "n-1")


def test_of_a_customer_with_many_items_the_newest_are_shown(api, monkeypatch):
    monkeypatch.setattr(look_up_notifications, "_ITEMS", 2)
    for number in (1, 2, 3):
        api.add(an_item(number=number, notification_id=f"n-{number}", customer_id="c-1", days_ago=number))

    assert [found_id for found_id, _ in found(api)] == ["n-1", "n-2"]
