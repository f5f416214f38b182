"""Requests to correct a contact are kept the same in memory and on DynamoDB."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import Clock, in_memory, on_moto
from tests.fakes import FakeContactRequestStore
from undelivered.adapters.dynamodb.contact_request_store import DynamoContactRequestStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.contact_request import RECORD_LIFETIME, ContactRequest, SentCode, WaitingRequest
from undelivered.domain.errors import StaleWriteError, UnreadableRecordError
from undelivered.domain.language import Language
from undelivered.domain.taxonomy import Channel

FULL = ContactRequest(
    account_id=ACCOUNT,
    customer_id="ada@example.com",
    request_id="2026-11-1",
    channel=Channel.EMAIL,
    failed_contact="ada@example.com",
    to="+12065550100",
    entry_key="2026-11-22T18:00:00Z~m-1~0",
    asked_at=NOW,
    send_at=NOW + timedelta(hours=14),
    by="manager@example.com",
    nonce="0123456789abcdef",
    language=Language.GERMAN,
    code=SentCode("ada@example.org", "fedcba9876543210", NOW + timedelta(hours=1), tries=2),
    codes=3,
    corrected_to="ada@example.org",
    settled_at=NOW + timedelta(hours=2),
    undone_at=NOW + timedelta(hours=3),
    undone_by="manager@example.com",
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "moto"])
def store(request, clock):
    with {"memory": in_memory, "moto": on_moto}[request.param]():
        yield FakeContactRequestStore(clock) if request.param == "memory" else DynamoContactRequestStore(clock)


def test_a_request_is_found_as_it_was_saved(store):
    saved = store.save(FULL)

    assert saved == replace(FULL, version=1)
    assert store.find(FULL.key) == saved
    assert list(store.of_customer(ACCOUNT, FULL.customer_id)) == [saved]


def test_a_request_is_found_by_its_own_key_only(store):
    store.save(FULL)

    for changes in ({"account_id": "acc-2"}, {"customer_digest": "0"}, {"request_id": "2026-11-2"}, {"nonce": "0"}):
        assert store.find(replace(FULL.key, **changes)) is None
    assert list(store.of_customer(ACCOUNT, "c-2")) == []
    assert list(store.of_customer("acc-2", FULL.customer_id)) == []


def test_the_requests_of_a_customer_are_in_their_order(store):
    second = store.save(replace(FULL, request_id="2026-11-10", asked_at=NOW + timedelta(days=1)))
    first = store.save(replace(FULL, request_id="2026-11-9"))

    assert list(store.of_customer(ACCOUNT, FULL.customer_id)) == [first, second]


def test_of_two_writes_the_second_is_refused(store):
    saved = store.save(FULL)
    store.save(saved)

    with pytest.raises(StaleWriteError):
        store.save(replace(saved, codes=4))
    with pytest.raises(StaleWriteError):
        store.save(replace(FULL, by="somebody else"))


def test_a_request_is_kept_for_ninety_days(store, clock):
    store.save(FULL)
    clock.now += RECORD_LIFETIME

    assert store.find(FULL.key) is None
    assert list(store.of_customer(ACCOUNT, FULL.customer_id)) == []


def test_a_request_waits_until_its_time(store):
    later = replace(FULL, request_id="2026-11-2", send_at=FULL.send_at + timedelta(seconds=1))
    for request in (FULL, FULL, later):
        store.wait(request)

    assert list(store.due(FULL.send_at - timedelta(seconds=1))) == []
    waiting = WaitingRequest(FULL.key, FULL.send_at)
    assert list(store.due(FULL.send_at)) == [waiting]

    store.end_wait(waiting)
    store.end_wait(waiting)
    assert list(store.due(later.send_at)) == [WaitingRequest(later.key, later.send_at)]


def test_the_requests_of_a_customer_are_removed_together(store):
    store.save(FULL)
    other = store.save(replace(FULL, customer_id="c-2"))

    store.remove_all(ACCOUNT, FULL.customer_id)

    assert store.find(FULL.key) is None
    assert store.find(other.key) == other


def test_a_row_names_no_customer_ends_by_itself_and_is_removed_also_if_it_cannot_be_read(clock):
    with on_moto():
        store = DynamoContactRequestStore(clock)
        store.save(FULL)
        (row,) = AccountModel.query(ACCOUNT, AccountModel.record.startswith("contact-request~"))
        assert "ada" not in row.record
        assert row.purge_at == NOW + RECORD_LIFETIME

        row.update([AccountModel.body.set("[]")])
        with pytest.raises(UnreadableRecordError):
            store.find(FULL.key)
        assert list(store.of_customer(ACCOUNT, FULL.customer_id)) == []

        store.remove_all(ACCOUNT, FULL.customer_id)
        assert list(AccountModel.query(ACCOUNT, AccountModel.record.startswith("contact-request~"))) == []
