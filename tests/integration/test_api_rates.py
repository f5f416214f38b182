"""The route of the rates."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.builders.api import Api, believe_test_tokens, viewer
from tests.builders.items import ACCOUNT, NOW, an_item
from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb.sent_count_store import DynamoSentCountStore
from undelivered.domain.rates import Sent, SentKey
from undelivered.domain.taxonomy import Channel, Reason

OWN = SentKey(Channel.EMAIL, Sent.OWN)
TODAY = NOW.date()


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.sent_counts.add(ACCOUNT, TODAY - timedelta(days=1), {OWN: 40})
    api.sent_counts.add(ACCOUNT, TODAY - timedelta(days=40), {OWN: 10})
    api.add(an_item(Reason.ADDRESS_NOT_FOUND, number=1), an_item(Reason.MAILBOX_FULL, number=2))
    api.add(an_item(Reason.MAILBOX_FULL, number=3, days_ago=40))
    return api


def test_the_rates_of_thirty_days_are_compared_with_the_thirty_before(api):
    answer = api.get("/undelivered/rates", viewer()).json

    assert (answer["from"], answer["to"]) == ("2026-10-25", "2026-11-23")
    assert answer["hard_bounce_limits"] == {"review": 0.05, "pause": 0.1}
    assert answer["complaint_limits"] == {"review": 0.001, "pause": 0.005}
    email, sms = answer["channels"]
    before = email.pop("before")
    assert email == {
        "channel": "email",
        "sent": 40,
        "failed": 2,
        "hard_bounced": 1,
        "complaints": 0,
        "failure_rate": 0.05,
        "hard_bounce_rate": 0.025,
        "complaint_rate": 0.0,
        "leaves_out_host": False,
    }
    assert (before["sent"], before["failed"], before["failure_rate"]) == (10, 1, 0.1)
    assert (sms["channel"], sms["sent"], sms["failure_rate"], sms["before"]["complaint_rate"]) == ("sms", 0, None, None)


def test_a_span_that_is_not_valid_is_refused(api):
    assert api.get("/undelivered/rates?from=2026-11-02&to=2026-11-01").status == 400


def test_numbers_of_a_day_add_up_in_the_table():
    with on_moto():
        store = DynamoSentCountStore()
        store.add(ACCOUNT, TODAY, {OWN: 7})
        store.add(ACCOUNT, TODAY, {OWN: 3, SentKey(Channel.SMS, Sent.HOST_HARD): 1})
        store.add(ACCOUNT, TODAY - timedelta(days=2), {OWN: 1})

        assert store.by_day(ACCOUNT, TODAY - timedelta(days=1), TODAY) == {
            TODAY: Counter({OWN: 10, SentKey(Channel.SMS, Sent.HOST_HARD): 1})
        }
