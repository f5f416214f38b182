"""A batch of send orders at the account's rate: what fits is sent in its slot, and what does not is queued again."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.builders.items import ACCOUNT, a_notification
from tests.builders.pace import START, MovedClock, a_pace, one_by_one
from tests.builders.sending import Product
from undelivered.adapters.aws.sqs import correlation_of, received_job
from undelivered.bootstrap import Queue, SendWorker
from undelivered.domain.attachment import Attachment
from undelivered.domain.errors import ProviderBusyError, QuotaUsedUpError, RetryableError
from undelivered.domain.send_rate import SendQuota, SendRate
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.send_worker import process_send_batch
from undelivered.services.ports import SendJob
from undelivered.services.send_batch import Postponed, ReceivedJob, SendBatch
from undelivered.services.send_pace import SendPace

MINUTE = 60_000
A_FILE = Attachment("invoice.pdf", "application/pdf", 30_000_000, "held/2026-12-30/acc-1/1", "a" * 32)


class QueueClient:
    """SQS as a function sees it: what was queued again, and what was delayed."""

    def __init__(self):
        self.queued, self.returned, self.failed = [], [], set()

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803 - botocore's names
        assert QueueUrl == "https://queue"
        assert len(Entries) <= 10
        self.queued += [entry for entry in Entries if entry["Id"] not in self.failed]
        refused = [{"Id": entry["Id"], "Code": "Full"} for entry in Entries if entry["Id"] in self.failed]
        return {"Successful": [], **({"Failed": refused} if refused else {})}

    def change_message_visibility_batch(self, QueueUrl, Entries):  # noqa: N803 - botocore's names
        assert QueueUrl == "https://queue"
        self.returned += [entry["Id"] for entry in Entries]


class Provider:
    """Refuses to be asked faster than its rate: a bucket of tokens as AWS has it."""

    def __init__(self, clock, per_second, left=1_000_000):
        self.clock, self.per_second, self.left = clock, per_second, left
        self.size = max(per_second, 1.0)
        self.tokens, self.filled_at = self.size, clock.time
        self.sent, self.refused = Counter(), 0

    def send(self, message):
        now = self.clock.time
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.left < 1:
            self.refused += 1
            raise QuotaUsedUpError("Daily message quota exceeded")
        if self.tokens < 1:
            self.refused += 1
            raise ProviderBusyError("Maximum sending rate exceeded")
        self.tokens -= 1
        self.left -= 1
        self.sent[message.tags["undelivered-notification"]] += 1
        return f"m-{self.sent.total()}"


class World:
    """The sending functions on a provider with a rate; the clock passes only while they wait."""

    def __init__(self, provider_rate=14.0, known_rate=None, left=1_000_000, *, urgent=False):
        self.clock = MovedClock()
        self.provider = Provider(self.clock, provider_rate, left)
        self.product = Product(time=self.clock())
        self.product.mail.send = self.provider.send
        self.quota = SendQuota(known_rate or provider_rate)
        self.pace = a_pace(clock=self.clock, quota=lambda: self.quota)
        self.sqs = QueueClient()
        send = SendBatch(self.product.send_message, self.pace, one_by_one, urgent=urgent)
        self.worker = SendWorker(send, received_job, correlation_of, Queue(self.sqs, "https://queue"), list)

    def order(self, number, *, channel=Channel.EMAIL, receives=1, attachments=()):
        notification_id = f"order-{number}"
        self.product.notifications.add(
            a_notification(
                notification_id=notification_id,
                channel=channel,
                created_at=self.clock(),
                attachments=attachments,
            )
        )
        return {
            "messageId": f"message-{number}",
            "receiptHandle": f"receipt-{number}",
            "body": json.dumps({"account_id": ACCOUNT, "notification_id": notification_id, "attempt": 1}),
            "attributes": {"ApproximateReceiveCount": str(receives), "AWSTraceHeader": "Root=1-5759e988"},
            "messageAttributes": {
                "channel": {"dataType": "String", "stringValue": channel.value},
                "correlation_id": {"dataType": "String", "stringValue": "request-1"},
                "bytes": {"dataType": "Binary", "binaryValue": "AAEC"},
            },
        }

    def process(self, records, milliseconds=MINUTE):
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)
        response = process_send_batch({"Records": records}, self.worker, context)
        return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def test_messages_with_files_that_take_long_are_queued_again_without_a_claim_and_nothing_is_lost():
    """A function sends one of them at a time, and starts none in its last thirty seconds."""
    world = World()
    world.product.mail.send = lambda message: (world.clock.sleep(12), world.provider.send(message))[1]
    orders = [world.order(number, attachments=(A_FILE,)) for number in range(5)]

    failed = world.process(orders)

    assert failed == []
    assert sorted(world.provider.sent) == ["order-0", "order-1", "order-2"]
    assert [json.loads(entry["MessageBody"])["notification_id"] for entry in world.sqs.queued] == ["order-3", "order-4"]
    assert [world.product.notifications.attempts(ACCOUNT, f"order-{number}") for number in (3, 4)] == [[], []]


def test_ten_orders_at_one_a_second_take_ten_seconds_and_no_receive():
    world = World(1.0)

    failed = world.process([world.order(number) for number in range(10)])

    assert failed == []
    assert set(world.provider.sent.values()) == {1}
    assert len(world.provider.sent) == 10
    assert world.sqs.queued == []
    assert world.clock.time - START == pytest.approx(9, rel=0.05)
    assert world.provider.refused == 0


def test_what_does_not_fit_into_the_invocation_is_queued_again_with_everything_that_it_had():
    world = World(0.1)
    records = [world.order(number, receives=4) for number in range(10)]

    failed = world.process(records)

    sent = len(world.provider.sent)
    assert failed == []
    assert 4 <= sent <= 5
    assert [entry["MessageBody"] for entry in world.sqs.queued] == [record["body"] for record in records[sent:]]
    for entry in world.sqs.queued:
        assert 1 <= entry["DelaySeconds"] <= 900
        assert entry["MessageAttributes"] == {
            "channel": {"DataType": "String", "StringValue": "email"},
            "correlation_id": {"DataType": "String", "StringValue": "request-1"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01\x02"},
        }
        assert entry["MessageSystemAttributes"] == {
            "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988"}
        }
    delays = [entry["DelaySeconds"] for entry in world.sqs.queued]
    assert delays == sorted(set(delays))
    assert world.clock.time - START < 45


@pytest.mark.parametrize(("per_second", "delays"), [(0.01, [103, 206]), (0.002, [515, 900])])
def test_an_order_is_delayed_until_its_turn_but_no_longer_than_sqs_allows(per_second, delays):
    world = World(per_second)

    world.process([world.order(number) for number in range(3)])

    assert [entry["DelaySeconds"] for entry in world.sqs.queued] == delays


def test_an_order_that_the_queue_does_not_take_again_is_delivered_again():
    world = World(0.01)
    world.sqs.failed = {"1"}

    failed = world.process([world.order(number) for number in range(3)])

    assert failed == ["message-1"]
    assert [entry["Id"] for entry in world.sqs.queued] == ["2"]


def test_a_busy_provider_is_asked_again_in_the_same_invocation():
    """The host sends at the same time, so that the account's rate is not ours alone."""
    world = World(provider_rate=1.0, known_rate=2.0)

    failed = world.process([world.order(number) for number in range(10)])

    assert failed == []
    assert world.provider.refused > 0
    assert len(world.provider.sent) + len(world.sqs.queued) == 10
    assert set(world.provider.sent.values()) == {1}


def test_a_provider_that_stays_busy_costs_no_receive_either():
    world = World(14.0)
    world.provider.tokens = world.provider.per_second = 0.0

    failed = world.process([world.order(number) for number in range(10)])

    assert failed == []
    assert len(world.sqs.queued) == 10
    assert world.product.notifications.attempts(ACCOUNT, "order-1") == []


def test_when_the_quota_of_the_day_is_used_up_the_rest_waits_long():
    world = World(14.0, left=3)

    failed = world.process([world.order(number) for number in range(10)])

    assert failed == []
    assert len(world.provider.sent) == 3
    assert len(world.sqs.queued) == 7
    assert all(entry["DelaySeconds"] >= 890 for entry in world.sqs.queued)


def test_what_waits_for_the_day_to_end_does_not_ask_the_provider():
    world = World(14.0, left=0)
    world.quota = SendQuota(14.0, 0.0)

    world.process([world.order(number) for number in range(10)])

    assert world.provider.refused == 0
    assert len(world.sqs.queued) == 10


def test_sending_goes_on_when_the_quota_has_something_left_again():
    world = World(14.0, left=0)
    orders = [world.order(number) for number in range(10)]
    world.process(orders)
    world.clock.time += 901
    world.provider.left = 100

    failed = world.process(orders)

    assert failed == []
    assert len(world.provider.sent) == 10


def test_an_order_that_sends_nothing_leaves_its_slot_to_the_next():
    world = World(1.0)
    orders = [world.order(number) for number in range(5)]
    world.process(orders)
    took = world.clock.time

    world.process([*orders, world.order(5)])

    assert world.clock.time - took <= 2
    assert world.provider.sent["order-5"] == 1
    assert set(world.provider.sent.values()) == {1}


def test_texts_and_emails_are_paced_apart():
    world = World(1.0)
    orders = [world.order(number, channel=Channel.SMS if number % 2 else Channel.EMAIL) for number in range(10)]

    failed = world.process(orders)

    assert failed == []
    assert len(world.provider.sent) == 5
    assert len(world.product.texts.sent) == 5


def test_an_unreadable_order_and_a_store_that_is_busy_do_not_keep_the_others_from_being_sent():
    world = World(14.0)
    find = world.product.notifications.find

    def busy_for_one(account_id, notification_id):
        if notification_id == "order-1":
            raise RetryableError("DynamoDB is busy")
        return find(account_id, notification_id)

    orders = [world.order(number) for number in range(4)]
    orders[2]["body"] = "no order"
    world.product.notifications.find = busy_for_one

    failed = world.process(orders)

    assert sorted(failed) == ["message-1", "message-2"]
    assert set(world.provider.sent) == {"order-0", "order-3"}


def test_a_rate_that_cannot_be_shared_leaves_every_order_to_be_delivered_again():
    world = World(14.0)

    def busy(_channel):
        raise RetryableError("DynamoDB is busy")

    world.pace.rates.find = busy

    assert len(world.process([world.order(number) for number in range(3)])) == 3
    assert world.provider.sent == {}


# --- the slots of a batch


INTERVAL = SendRate(per_second=1.0).interval


class NotingPace(SendPace):
    """A pace that notes for which channel it was asked to send later, and after how many refusals in a row."""

    refusals: list[tuple[Channel, int]]

    def back_off(self, channel, times):
        self.refusals.append((channel, times))
        return super().back_off(channel, times)


class Batch:
    """Orders of emails at one a second, to a provider that answers each try as a test says, or takes the message."""

    def __init__(self, *answers, number=1, urgent=False):
        self.clock = MovedClock()
        self.product = Product(time=self.clock())
        self.answers = list(answers)
        self.product.mail.send = self.send
        plain = a_pace(1.0, clock=self.clock)
        self.pace = NotingPace(plain.rates, plain.quotas, plain.clock, plain.sleep, [])
        self.batch = SendBatch(self.product.send_message, self.pace, one_by_one, urgent=urgent)
        self.orders = [ReceivedJob(SendJob(ACCOUNT, f"n-{place}", 1), f"request-{place}") for place in range(number)]
        for order in self.orders:
            notification = a_notification(order.job.notification_id, created_at=self.clock())
            self.product.notifications.add(notification)
        self.seen = []

    def send(self, message):
        if self.answers and (answer := self.answers.pop(0)):
            raise answer
        return f"m-{message.tags['undelivered-notification']}"

    def run(self, seconds=60.0):
        return self.batch(self.orders, START + seconds, lambda *seen: self.seen.append(seen))


def test_every_order_is_reported_with_the_result_of_its_try_and_keeps_its_request():
    batch = Batch(number=2)

    results = batch.run()

    assert [(result.provider_message_id, result.correlation_id) for result in results] == [
        ("m-n-0", "request-0"),
        ("m-n-1", "request-1"),
    ]
    assert batch.seen == list(zip(batch.orders, results, strict=True))


def test_an_urgent_batch_reserves_its_slots_ahead_and_a_bulk_send_half_a_second_before_each():
    urgent, bulk = Batch(number=3, urgent=True), Batch(number=3)

    urgent.run()
    bulk.run()

    assert urgent.clock.slept == pytest.approx([INTERVAL, INTERVAL], abs=1e-5)
    assert bulk.clock.slept == pytest.approx([INTERVAL - 0.5, 0.5] * 2, abs=1e-5)


def test_a_refused_message_is_tried_again_in_its_slot_and_longer_after_each_refusal_in_a_row():
    busy = ProviderBusyError("too fast")
    batch = Batch(busy, busy, None, busy, number=2, urgent=True)

    results = batch.run()

    assert [result.provider_message_id for result in results] == ["m-n-0", "m-n-1"]
    assert batch.pace.refusals == [(Channel.EMAIL, 1), (Channel.EMAIL, 2)]


def test_after_a_round_without_a_refusal_the_next_refusal_is_the_first_again():
    batch = Batch(ProviderBusyError("too fast"), None, ProviderBusyError("too fast"), number=2)

    batch.run()

    assert batch.pace.refusals == [(Channel.EMAIL, 1), (Channel.EMAIL, 1)]


def test_a_refused_message_keeps_its_slot():
    batch = Batch(ProviderBusyError("too fast"))

    batch.run()

    assert batch.clock.slept == pytest.approx([0.1 * INTERVAL], abs=1e-5)


def test_a_message_that_the_provider_may_have_counted_uses_its_slot_up():
    batch = Batch(TimeoutError("no answer"), number=2, urgent=True)

    results = batch.run()

    assert isinstance(results[0], TimeoutError)
    assert results[1].provider_message_id == "m-n-1"
    assert batch.clock.slept == pytest.approx([INTERVAL], abs=1e-5)


def test_without_a_slot_before_the_deadline_an_order_waits_a_second_at_least():
    batch = Batch(number=2)

    assert batch.run(seconds=0) == [Postponed(1), Postponed(2)]
    assert batch.seen == []


def test_what_was_sent_stays_sent_when_the_rate_cannot_be_read_any_more():
    batch = Batch(number=3)
    find = batch.pace.rates.find

    def busy_after_the_first(channel):
        if batch.seen:
            raise RetryableError("DynamoDB is busy")
        return find(channel)

    batch.pace.rates.find = busy_after_the_first

    first, *others = batch.run()

    assert first.provider_message_id == "m-n-0"
    assert [type(result) for result in others] == [RetryableError, RetryableError]
