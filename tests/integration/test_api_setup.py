"""How far an account is set up, as the API says it."""

from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, manager, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer, an_attempt
from undelivered.domain.identifiers import timestamp
from undelivered.domain.notification import SendOutcome
from undelivered.domain.setup_test import LATE_AFTER
from undelivered.domain.taxonomy import Channel

NOTHING = {"last_events": {"email": None, "sms": None}, "has_customers": False, "has_colleagues": False, "test": None}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def test_an_account_that_never_received_an_event_says_so(api):
    assert api.get("/setup").json == NOTHING


def test_the_last_event_of_each_channel_and_the_first_customer_are_shown_to_everybody_of_the_account(api):
    api.last_events.note(ACCOUNT, Channel.EMAIL, NOW - timedelta(minutes=3))
    api.customers.save(a_customer("c-1", name="Ada"))
    api.post("/people", {"email": "grace@example.com", "role": "viewer"})

    for who in (manager, viewer):
        shown = api.get("/setup", who()).json
        assert shown == {
            "last_events": {"email": timestamp(NOW - timedelta(minutes=3)), "sms": None},
            "has_customers": True,
            "has_colleagues": True,
            "test": None,
        }
    assert api.get("/setup", manager("acc-2")).json == NOTHING


def test_a_test_is_queued_to_the_mailbox_simulator_and_its_state_is_shown(api):
    sent = api.post("/setup/test")
    (order,) = api.sends.orders
    notification = api.notifications.find(ACCOUNT, order.notification_id)

    assert (sent.status, sent.json["state"]) == (202, "waiting")
    assert notification.to.startswith("bounce+")
    assert notification.to.endswith("@simulator.amazonses.com")
    assert state(api) == "waiting"
    api.time = NOW + LATE_AFTER
    assert state(api) == "late"
    api.setup_tests.answer(ACCOUNT, order.notification_id, api.time)
    assert state(api) == "arrived"


def state(api):
    return api.get("/setup").json["test"]["state"]


def test_a_test_that_was_not_accepted_says_so_and_each_goes_to_an_address_of_its_own(api):
    api.post("/setup/test")
    api.post("/setup/test")
    first, second = (api.notifications.find(ACCOUNT, order.notification_id) for order in api.sends.orders)
    api.notifications.claim(an_attempt(second.notification_id, to=second.to))
    api.notifications.record(an_attempt(second.notification_id, to=second.to, outcome=SendOutcome.FAILED))

    assert first.to != second.to
    assert state(api) == "not_sent"


def test_a_viewer_sends_no_test(api):
    assert api.post("/setup/test", headers=viewer()).status == 403
    assert api.sends.orders == []
