"""A stored record that cannot be read fails what is about it, with its reason, and nothing else."""

from types import SimpleNamespace

import pytest

from tests.builders.api import Api, believe_test_tokens
from tests.builders.items import ACCOUNT, a_customer, a_failure, a_notification, a_suppression, an_item
from tests.builders.sending import EMAIL, FIRST, Product
from undelivered.bootstrap import Queue
from undelivered.domain.errors import RetryableError, UnreadableRecordError
from undelivered.domain.identifiers import item_id
from undelivered.domain.taxonomy import Reason
from undelivered.entrypoints import sqs_batch

DAMAGED = "a stored record cannot be read"
OTHER = "bob@example.com"


def unreadable(monkeypatch, store, method, *damaged):
    """Let reads of damaged records fail."""
    read = getattr(store, method)

    def find(*key):
        if {*key} & {*damaged}:
            raise UnreadableRecordError(DAMAGED)
        return read(*key)

    monkeypatch.setattr(store, method, find)


@pytest.fixture
def product():
    return Product()


@pytest.mark.parametrize(("store", "record"), [("notifications", "n-1"), ("customers", "c-1"), ("suppressions", EMAIL)])
def test_a_send_that_needs_a_damaged_record_fails_and_is_sent_when_it_can_be_read(product, monkeypatch, store, record):
    with monkeypatch.context() as damage:
        unreadable(damage, getattr(product, store), "find", record)
        with pytest.raises(UnreadableRecordError):
            product.send_message(FIRST)
    assert product.sent == []

    product.send_message(FIRST)

    assert [message.to for message in product.sent] == [EMAIL]


def test_a_send_whose_suppression_was_not_read_in_time_is_tried_again(product, monkeypatch):
    def busy(*_):
        raise RetryableError("DynamoDB is busy")

    with monkeypatch.context() as damage:
        damage.setattr(product.suppressions, "find", busy)
        with pytest.raises(RetryableError):
            product.send_message(FIRST)

    product.send_message(FIRST)

    assert [message.to for message in product.sent] == [EMAIL]


def test_a_message_about_a_damaged_record_goes_to_the_dead_letter_queue_without_a_delay(monkeypatch, caplog):
    counts, delays = [], []
    monkeypatch.setattr(sqs_batch, "count", counts.append)
    client = SimpleNamespace(change_message_visibility_batch=lambda **call: delays.extend(call["Entries"]))
    records = [{"messageId": f"message-{number}", "receiptHandle": "h", "attributes": {}} for number in (0, 1)]

    held = sqs_batch.report_failures(records, {1: UnreadableRecordError(DAMAGED)}, Queue(client, "https://queue"))

    assert held == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert [entry["VisibilityTimeout"] for entry in delays] == [0]
    assert counts == ["UnreadableMessages"]
    assert "UnreadableRecordError: a stored record cannot be read" in str([vars(line) for line in caplog.records])


def tagged(number, recipient, **more):
    return a_failure(Reason.ADDRESS_NOT_FOUND, message_id=f"m-{number}", recipient=recipient, **more)


def test_an_event_about_a_damaged_suppression_fails_and_the_others_of_its_batch_are_recorded(product, monkeypatch):
    product.suppressions.save(None, a_suppression(EMAIL))
    unreadable(monkeypatch, product.suppressions, "find", EMAIL)

    failures = product.record([[tagged(1, EMAIL)], [tagged(2, OTHER)]])

    assert {source: type(error) for source, error in failures.items()} == {0: UnreadableRecordError}
    assert [item.recipient for item in product.items.all_items(ACCOUNT)] == [OTHER]


def test_an_event_about_a_damaged_customer_is_recorded_without_the_name(product, monkeypatch):
    unreadable(monkeypatch, product.customers, "find", "c-1")

    failures = product.record([[tagged(1, EMAIL, customer_id="c-1")]])

    assert failures == {}
    assert (product.item().customer_id, product.item().customer_name) == ("c-1", "")


def test_a_resend_whose_notification_is_damaged_is_settled_and_not_queued_again_and_again(product, monkeypatch):
    product.fail()
    product.press_resend()
    product.queue.orders.clear()
    product.pass_time(days=9)
    unreadable(monkeypatch, product.notifications, "find", "n-1")

    assert product.run_cleanup().settled == 1
    assert product.queue.orders == []


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    made = Api()
    made.customers.save(a_customer(email=EMAIL))
    made.customers.save(a_customer("c-2", email=OTHER))
    return made


@pytest.mark.parametrize(
    ("store", "record", "path"),
    [
        ("customers", "c-1", "/customers/c-1"),
        ("notifications", "n-1", "/notifications/n-1"),
        ("suppressions", EMAIL, f"/suppressions/email/{EMAIL}"),
    ],
)
def test_a_request_for_a_damaged_record_gets_a_problem_that_says_so(api, monkeypatch, store, record, path):
    api.notifications.add(a_notification())
    unreadable(monkeypatch, getattr(api, store), "find", record)

    answer = api.get(path)

    assert (answer.status, answer.json["code"]) == (500, "unreadable_record")
    assert "damaged" in answer.json["detail"]


def test_the_page_of_an_item_shows_without_its_damaged_customer_and_content(api, monkeypatch):
    item = an_item(number=1, customer_id="c-1", notification_id="n-1")
    api.add(item)
    unreadable(monkeypatch, api.customers, "find", "c-1")
    unreadable(monkeypatch, api.notifications, "find", "n-1")

    assert api.get(f"/undelivered/{item_id(item.entry_key)}").status == 200


def test_a_list_of_customers_refuses_the_damaged_one_alone(api, monkeypatch):
    unreadable(monkeypatch, api.customers, "find", "c-1")
    monkeypatch.setattr(api.customers, "find_many", lambda *_: [])
    rows = [{"customer_id": f"c-{number}", "name": "New"} for number in (1, 3)]

    results = api.put("/customers", {"customers": rows}).json["results"]

    assert [(each["customer_id"], each["outcome"]) for each in results] == [("c-1", "refused"), ("c-3", "created")]
    assert api.customers.find(ACCOUNT, "c-3").name == "New"


def test_a_list_of_suppressions_refuses_the_damaged_one_alone(api, monkeypatch):
    api.suppressions.save(None, a_suppression(EMAIL))
    unreadable(monkeypatch, api.suppressions, "find", EMAIL)
    monkeypatch.setattr(api.suppressions, "find_many", lambda *_: [])
    rows = [{"channel": "email", "address": address} for address in (EMAIL, OTHER)]

    results = api.put("/suppressions", {"suppressions": rows}).json["results"]

    assert [each["outcome"] for each in results] == ["refused", "suppressed"]
