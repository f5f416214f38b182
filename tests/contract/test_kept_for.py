"""Everything is kept as long as is promised, and DynamoDB is told when that is over: as whole seconds since 1970."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.api import Api, believe_test_tokens, manager
from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, an_attempt, an_item
from tests.contract.worlds import BACKENDS
from tests.fakes import FakeHashes
from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.erasure_store import DynamoErasureStore
from undelivered.adapters.dynamodb.export_store import DynamoExportStore
from undelivered.adapters.dynamodb.idempotency_store import DynamoIdempotencyStore
from undelivered.adapters.dynamodb.models import AccountModel, HistoryModel, NotificationModel, UndeliveredModel
from undelivered.adapters.dynamodb.resend_batch_store import DynamoResendBatchStore
from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.erasure import Erasure, ErasureTask
from undelivered.domain.identifiers import item_id
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.bulk_resend import ResendBatch
from undelivered.services.idempotency import IdempotencyRecord
from undelivered.services.request_export import Export

SECOND = timedelta(seconds=1)
FRACTION = timedelta(milliseconds=734)


@pytest.fixture(params=[each for each in BACKENDS if each != "memory"])
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


def ends_of(model, attribute="purge_at", *, beginning=""):
    """Return when the rows of an account end, as DynamoDB reads it, by how their sort key begins."""
    rows = query_all(model, ACCOUNT, None, consistent=True)
    sort_key = model._range_key_attribute().attr_name
    return [
        NOW + timedelta(seconds=int(row[attribute]["N"]) - int(NOW.timestamp()))
        for row in rows
        if row[sort_key]["S"].startswith(beginning) and attribute in row
    ]


# --- what the table Accounts holds -----------------------------------------------------------------------------


def test_a_bulk_resend_can_be_asked_after_for_thirty_days(world):
    batch = ResendBatch(ACCOUNT, "b-1", NOW + FRACTION, "manager@example.com", (("key-1", 2), ("key-2", 3)), refused=4)

    DynamoResendBatchStore().save(batch)

    assert ends_of(AccountModel, beginning="batch~") == [NOW + timedelta(days=30)]
    assert DynamoResendBatchStore().find(ACCOUNT, "b-1") == batch
    assert DynamoResendBatchStore().find(ACCOUNT, "b-2") is None
    assert DynamoResendBatchStore().find("acc-2", "b-1") is None


def test_an_idempotency_key_is_remembered_until_the_second_it_was_promised_to_be(world):
    times = [NOW]
    store = DynamoIdempotencyStore(lambda: times[-1])
    record = IdempotencyRecord(ACCOUNT, "k-1", "fingerprint", done=False, forget_at=NOW + timedelta(hours=24))

    store.save(record)
    store.save(replace(record, done=True))

    assert ends_of(AccountModel, beginning="idempotency~") == [NOW + timedelta(hours=24)]
    known = []
    for apart in (-SECOND, timedelta()):
        times.append(record.forget_at + apart)
        known.append(store.find(ACCOUNT, "k-1"))
    assert known == [replace(record, done=True), None]


def test_the_api_promises_a_day_for_each(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    item = an_item(Reason.MAILBOX_FULL)
    api.items.save(None, item)
    api.notifications.add(a_notification())
    api.customers.save(a_customer(email=item.recipient))

    answer = api.post(f"/undelivered/{item_id(item.entry_key)}/resend", {}, {**manager(), "Idempotency-Key": "k-1"})

    (record,) = api.idempotency.stored.values()
    assert answer.status == 202
    assert (record.key, record.done, record.forget_at) == ("k-1", True, NOW + timedelta(days=1))


def test_an_export_can_be_asked_after_for_seven_days_however_often_it_is_written_meanwhile(world):
    times = [NOW]
    store = DynamoExportStore(lambda: times[-1])
    period = Period(NOW - timedelta(days=30), NOW)
    export = store.save(Export(ACCOUNT, "e-1", ReportFilter(period), NOW + FRACTION, "m@example.com", touched_at=NOW))

    times.append(NOW + timedelta(days=3))
    written = store.save(replace(export, rows=7, touched_at=times[-1]))

    assert ends_of(AccountModel, beginning="export~") == [NOW + timedelta(days=7)]
    found = []
    for apart in (-SECOND, timedelta()):
        times.append(NOW + timedelta(days=7) + apart)
        found.append(store.find(ACCOUNT, "e-1"))
    assert found == [written, None]


@pytest.fixture
def erasing(world):
    """Return a store with an erasure of a customer and their address, and the times it is read at."""
    times = [NOW]
    store = DynamoErasureStore(FakeHashes(), clock=lambda: times[-1])
    erasure = Erasure(ACCOUNT, FakeHashes().of_customer(ACCOUNT, "c-1"), NOW + FRACTION, "m@example.com")
    store.begin(ErasureTask(erasure, "c-1", ((Channel.EMAIL, "ada@example.com"),)), None)
    store.mark_address(erasure, Channel.EMAIL, "ada@example.com")
    return store, times


@pytest.mark.parametrize("beginning", ["erasure~", "erased~"], ids=["of a customer", "of an address"])
def test_it_is_kept_for_400_days_who_was_erased(erasing, beginning):
    assert ends_of(AccountModel, beginning=beginning) == [NOW + timedelta(days=400)]


def test_however_far_an_erasure_gets_meanwhile(erasing):
    store, times = erasing
    times.append(NOW + timedelta(days=2))
    store.save(store.find(ACCOUNT, "c-1").with_progress(store.find(ACCOUNT, "c-1").erased, done=True))

    assert ends_of(AccountModel, beginning="erasure~") == [NOW + timedelta(days=400)]


def test_it_is_known_until_the_last_second_of_that_and_no_longer(erasing):
    store, times = erasing
    asked = {"c-1"}, {(Channel.EMAIL, "ada@example.com")}

    known = []
    for apart in (-SECOND, timedelta()):
        times.append(NOW + timedelta(days=400) + apart)
        by_customer, by_address = store.erased_at(ACCOUNT, *asked)
        known.append((store.find(ACCOUNT, "c-1") is not None, len(by_customer), len(by_address)))

    assert known == [(True, 1, 1), (False, 0, 0)]


def test_that_an_account_ever_erased_anybody_is_never_forgotten(erasing):
    store, _ = erasing

    assert ends_of(AccountModel, beginning="erasures") == []
    assert DynamoErasureStore(FakeHashes()).has_erasures(ACCOUNT)
    assert store.has_erasures(ACCOUNT)


# --- items and content -----------------------------------------------------------------------------------------


def test_items_and_history_and_content_are_kept_as_the_account_has_set(world):
    assert AccountSettings(ACCOUNT).history_days == 400
    assert AccountSettings(ACCOUNT).content_days == 60


def test_an_item_of_the_report_ends_with_its_thirty_days(world):
    world.undelivered.save(None, an_item(sent_at=NOW - timedelta(days=2)))

    assert ends_of(UndeliveredModel, "expires_at") == [NOW + timedelta(days=28)]


@pytest.mark.parametrize("days", [45, 400])
def test_history_is_kept_for_the_accounts_days_after_the_message_was_sent(world, days):
    store = DynamoUndeliveredStore(zone_of=world.zones, history_days_of=lambda _: days, clock=world.clock)
    old = an_item(number=1, sent_at=NOW - timedelta(days=31))
    removed = replace(an_item(number=2, sent_at=NOW - timedelta(days=30)), version=2)

    store.save(None, old)
    store.archive([removed], settle_counters=False)

    assert ends_of(HistoryModel) == [NOW - timedelta(days=31) + timedelta(days=days), NOW + timedelta(days=days - 30)]


def test_content_and_attempts_are_kept_for_the_accounts_days_each_from_its_own_time_on(world):
    world.clock.now = NOW + timedelta(days=3)
    world.notifications.add(a_notification(created_at=NOW + FRACTION))
    world.notifications.claim(an_attempt(claimed_at=NOW + timedelta(days=2)))

    assert ends_of(NotificationModel) == [NOW + timedelta(days=60), NOW + timedelta(days=62)]
