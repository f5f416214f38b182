"""How far an account is set up, as the API says it."""

from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, manager, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer
from undelivered.domain.identifiers import timestamp
from undelivered.domain.taxonomy import Channel

NOTHING = {"last_events": {"email": None, "sms": None}, "has_customers": False, "has_colleagues": False}


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
        }
    assert api.get("/setup", manager("acc-2")).json == NOTHING
