"""Send orders in the queue: ten a call, marked with the request they go back to, and read as they were put."""

import json

import pytest

from tests.builders.aws import stubbed
from undelivered.adapters.aws.sqs import SqsSendQueue, correlation_of, read_send_job, received_job
from undelivered.domain.errors import RetryableError, UnreadableEventError
from undelivered.domain.taxonomy import Channel
from undelivered.observability import logger
from undelivered.services.ports import SendJob

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/resends"
REQUEST = "5b1f0c8e-6a2d-4f73-90be-1c52d8a97f04"


@pytest.fixture
def sqs():
    with stubbed("sqs") as (client, stub):
        yield SqsSendQueue(client, URL), stub
    logger.set_correlation_id(None)


def orders(number, first=0):
    return [SendJob("acc-1", f"n-{place}", 2, f"key-{place}") for place in range(first, first + number)]


def expect(stub, some, *, marked="", failed=()):
    """Expect one call with some orders; those at the places ``failed`` are not taken."""
    marks = {
        name: {"DataType": "String", "StringValue": text}
        for name, text in (("channel", "email"), ("correlation_id", marked))
        if text
    }
    entries = [
        {
            "Id": str(place),
            "MessageBody": json.dumps(
                {
                    "account_id": order.account_id,
                    "notification_id": order.notification_id,
                    "attempt": order.attempt,
                    "entry_key": order.entry_key,
                }
            ),
            "MessageAttributes": marks,
        }
        for place, order in enumerate(some)
    ]
    taken = [
        {"Id": str(place), "MessageId": f"m-{place}", "MD5OfMessageBody": "x"}
        for place in range(len(some))
        if place not in failed
    ]
    refused = [{"Id": str(place), "SenderFault": False, "Code": "InternalError"} for place in failed]
    answer = {"Successful": taken, "Failed": refused}
    stub.add_response("send_message_batch", answer, {"QueueUrl": URL, "Entries": entries})


@pytest.mark.parametrize("number", [1, 10])
def test_up_to_ten_orders_are_one_call(sqs, number):
    queue, stub = sqs
    expect(stub, orders(number))

    queue.put(orders(number))


def test_more_than_ten_are_put_ten_by_ten_in_order(sqs):
    queue, stub = sqs
    expect(stub, orders(10))
    expect(stub, orders(10, first=10))
    expect(stub, orders(1, first=20))

    queue.put(orders(21))


def test_no_orders_are_no_call(sqs):
    queue, _ = sqs

    queue.put([])


def test_an_order_is_marked_with_the_request_it_goes_back_to(sqs):
    queue, stub = sqs
    expect(stub, orders(2), marked=REQUEST)
    logger.set_correlation_id(REQUEST)

    queue.put(orders(2))


def test_the_mark_is_read_from_a_received_message():
    received = {"messageAttributes": {"correlation_id": {"dataType": "String", "stringValue": REQUEST}}}

    assert correlation_of(received) == REQUEST
    assert [correlation_of(each) for each in ({}, {"messageAttributes": {}})] == ["", ""]


@pytest.mark.parametrize("failed", [(0,), (9,), (2, 3, 4)])
def test_when_the_queue_did_not_take_every_order_the_caller_is_to_put_them_again(sqs, failed):
    queue, stub = sqs
    expect(stub, orders(10), failed=failed)

    with pytest.raises(RetryableError):
        queue.put(orders(10))


def test_an_order_is_read_as_it_was_put():
    (order,) = orders(1)
    body = '{"account_id": "acc-1", "notification_id": "n-0", "attempt": 2, "entry_key": "key-0"}'

    assert read_send_job(body) == order
    assert read_send_job('{"account_id": "acc-1", "notification_id": "n-0", "attempt": 1}').entry_key == ""


@pytest.mark.parametrize("channel", Channel)
def test_an_order_is_received_with_its_channel(channel):
    order = SendJob("acc-1", "n-0", 2, "key-0", channel)
    body = '{"account_id": "acc-1", "notification_id": "n-0", "attempt": 2, "entry_key": "key-0"}'
    marks = {"channel": {"dataType": "String", "stringValue": channel.value}}

    assert received_job({"body": body, "messageAttributes": marks}) == order


@pytest.mark.parametrize("marks", [{}, {"channel": {"dataType": "String", "stringValue": "pigeon"}}])
def test_an_order_without_a_known_channel_is_paced_as_an_email(marks):
    body = '{"account_id": "acc-1", "notification_id": "n-0", "attempt": 2}'

    assert received_job({"body": body, "messageAttributes": marks}).channel is Channel.EMAIL


JOB = '"account_id": "a", "notification_id": "n"'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        '"text"',
        "7",
        "{}",
        '{"account_id": "a", "colour": "red"}',
        f'{{{JOB}, "attempt": 1, "colour": "red"}}',
        f'{{{JOB}, "attempt": "1"}}',
        f'{{{JOB}, "attempt": 1e999999}}',
        f'{{{JOB}, "attempt": {"9" * 4_000}}}',
        f'{{{JOB}, "attempt": 1, "entry_key": {{}}}}',
        '{"account_id": ["a"], "notification_id": "n", "attempt": 1}',
        "[" * 100_000,
        '{"account_id": ' * 40_000,
        "\ud800",
    ],
)
def test_whatever_else_is_in_the_queue_is_not_an_order(body):
    with pytest.raises(UnreadableEventError):
        read_send_job(body)


@pytest.mark.parametrize("waiting", range(4))
def test_a_queue_is_empty_when_no_order_is_visible_worked_on_or_delayed(sqs, waiting):
    queue, stub = sqs
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    counts = {name: str(int(place == waiting)) for place, name in enumerate(names)}
    stub.add_response("get_queue_attributes", {"Attributes": counts}, {"QueueUrl": URL, "AttributeNames": names})

    assert queue.is_empty() == (waiting == len(names))
