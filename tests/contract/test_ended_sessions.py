"""When the sessions of a user ended is found for this user alone, a little late, and as long as tokens are valid."""

from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import on_moto
from tests.fakes import FakeEndedSessions
from undelivered.adapters.dynamodb.ended_session_store import DynamoEndedSessions
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.people import TOKEN_LIFETIME


@pytest.fixture(params=["memory", "moto"])
def sessions(request):
    if request.param == "memory":
        yield FakeEndedSessions()
        return
    with on_moto():
        yield DynamoEndedSessions()


def test_an_end_is_found_for_this_user_of_this_account_alone(sessions):
    sessions.end(ACCOUNT, "sub-1", NOW)

    found = [sessions.ended_at(*whose) for whose in ((ACCOUNT, "sub-1"), (ACCOUNT, "sub-2"), ("acc-2", "sub-1"))]

    assert found == [NOW, None, None]


def test_the_last_end_counts(sessions):
    for minutes in (0, 5):
        sessions.end(ACCOUNT, "sub-1", NOW + timedelta(minutes=minutes))

    assert sessions.ended_at(ACCOUNT, "sub-1") == NOW + timedelta(minutes=5)


def test_a_process_reads_a_user_at_most_twice_a_minute():
    with on_moto():
        ticks = [0.0]
        sessions = DynamoEndedSessions(lambda: ticks[-1])
        assert sessions.ended_at(ACCOUNT, "sub-1") is None
        sessions.end(ACCOUNT, "sub-1", NOW)
        seen = []
        for tick in (29.9, 30.0):
            ticks.append(tick)
            seen.append(sessions.ended_at(ACCOUNT, "sub-1"))

    assert seen == [None, NOW]


def test_a_row_ends_when_no_token_from_before_is_valid():
    with on_moto():
        DynamoEndedSessions().end(ACCOUNT, "sub-1", NOW)
        (row,) = AccountModel.query(ACCOUNT)

    assert timedelta() < row.purge_at - (NOW + TOKEN_LIFETIME) <= timedelta(minutes=5)
