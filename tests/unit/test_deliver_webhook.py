"""Events on their way to webhooks: who gets them, what happens when an endpoint fails, and when it is disabled."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item
from tests.fakes import FakeAnnouncer, FakeDeliveryQueue, FakeDeliveryStore, FakeWebhookStore
from undelivered.domain.errors import RetryableError
from undelivered.domain.item_event import event_document, item_event
from undelivered.domain.webhook import (
    RETRY_DELAYS,
    AccountWebhooks,
    DeliveryError,
    DeliveryState,
    DeliveryTry,
    DisabledReason,
    Webhook,
    new_secret,
)
from undelivered.services.deliver_webhook import (
    DeliverWebhook,
    Publishers,
    StartDelivery,
    WebhookMessage,
    WebhookPublisher,
    seconds_until,
)
from undelivered.services.ports.webhooks import DeliveryJob

OPENED = item_event(None, an_item(customer_id="c-1"))
WEBHOOK = Webhook("w-1", "https://app.example.com/hook", new_secret(bytes(32)), NOW)


class World:
    """An account with webhooks, an endpoint whose responses a test sets, and a clock that it moves."""

    def __init__(self, *webhooks):
        self.now = NOW
        self.webhooks, self.deliveries, self.queue = FakeWebhookStore(), FakeDeliveryStore(), FakeDeliveryQueue()
        self.webhooks.save(AccountWebhooks(ACCOUNT, webhooks))
        self.requests, self.response = [], 200
        self.start = StartDelivery(self.deliveries, self.queue, self.clock)
        self.publish = WebhookPublisher(self.webhooks, self.start, with_address=False).publish
        self.deliver = DeliverWebhook(self.webhooks, self.deliveries, self, self.clock)

    def clock(self):
        return self.now

    def post(self, url, headers, body, at):
        self.requests.append((url, headers, body))
        if isinstance(self.response, DeliveryError):
            return DeliveryTry(at, None, self.response, 5)
        return DeliveryTry(at, self.response, None, 5)

    def work(self):
        """Try each delivery that was queued, and return the results."""
        return [self.deliver(job) for job in self.queue.jobs]

    def work_until_settled(self):
        while any(each.state is DeliveryState.WAITING for each in self.deliveries.rows.values()):
            self.work()
            self.now += timedelta(hours=1)

    @property
    def disabled(self):
        return self.webhooks.of_account(ACCOUNT).webhooks[0].disabled


def test_an_event_goes_to_the_webhooks_that_ask_for_it_as_the_document_of_the_topic():
    world = World(
        WEBHOOK,
        replace(WEBHOOK, webhook_id="w-2", event_types=("undelivered.item.resolved",)),
        replace(WEBHOOK, webhook_id="w-3", event_types=("undelivered.item.opened",)),
        replace(WEBHOOK, webhook_id="w-4", disabled=DisabledReason.BY_USER),
    )

    world.publish(OPENED)
    results = world.work()

    assert [job.webhook_id for job in world.queue.jobs] == ["w-1", "w-3"]
    assert [result.state for result in results] == [DeliveryState.DELIVERED] * 2
    (url, headers, body), _ = world.requests
    assert (url, headers["webhook-id"]) == (WEBHOOK.url, OPENED.event_id)
    assert json.loads(body) == event_document(OPENED, with_address=False)


def test_an_account_without_webhooks_stores_nothing():
    world = World()

    world.publish(OPENED)

    assert (world.queue.jobs, world.deliveries.rows) == ([], {})


def test_the_queue_has_no_personal_data_and_the_log_says_whose_data_it_has():
    world = World(WEBHOOK)
    unknown = item_event(None, an_item(number=2, customer_id="", recipient="eve@example.com"))

    world.publish(OPENED)
    world.publish(unknown)

    assert all(set(job.__struct_fields__) == {"account_id", "webhook_id", "delivery_id"} for job in world.queue.jobs)
    keys = [delivery.customer_key for delivery in world.deliveries.rows.values()]
    assert keys[0] == "c-1"
    assert (keys[1].startswith("~"), "eve" in keys[1]) == (True, False)


def test_an_event_is_published_in_each_way_and_again_in_all_when_one_fails():
    class Busy:
        def publish(self, _event):
            raise RetryableError("busy")

    topic = FakeAnnouncer()

    with pytest.raises(RetryableError):
        Publishers((topic, Busy())).publish(OPENED)

    assert topic.told == [OPENED]


def test_a_delivery_is_tried_when_it_is_due_and_not_before():
    world = World(WEBHOOK)
    world.response = 503
    world.publish(OPENED)

    (first,) = world.work()
    (early,) = world.work()
    world.now, world.response = first.next_try_at, 200
    (second,) = world.work()

    assert (first.state, early, second.state) == (DeliveryState.WAITING, first, DeliveryState.DELIVERED)
    assert len({headers["webhook-id"] for _, headers, _ in world.requests}) == 1
    assert [made.status for made in second.tries] == [503, 200]
    assert world.work() == [None]
    assert len(world.requests) == 2


@pytest.mark.parametrize("response", [500, DeliveryError.CONNECTION_FAILED])
def test_an_endpoint_to_which_nothing_arrived_for_three_days_is_disabled(response):
    world = World(WEBHOOK)
    world.response = response
    world.publish(OPENED)

    world.work_until_settled()

    (delivery,) = world.deliveries.rows.values()
    assert (delivery.state, len(delivery.tries)) == (DeliveryState.FAILED, len(RETRY_DELAYS) + 1)
    assert world.now - NOW >= timedelta(days=3)
    assert world.disabled is DisabledReason.FAILING
    (entry,) = world.webhooks.of_account(ACCOUNT).webhooks[0].audit
    assert (entry.by, entry.action, entry.detail) == ("system", "disable", "failing")


def test_an_endpoint_that_accepts_other_events_stays_enabled():
    world = World(WEBHOOK)
    world.response = 500
    world.publish(OPENED)
    world.work()
    world.now += timedelta(days=1)
    world.response = 200
    other = world.start(ACCOUNT, "w-1", WebhookMessage("e-2", "undelivered.test", "{}"))
    world.deliver(DeliveryJob(ACCOUNT, "w-1", other.delivery_id))
    world.response = 500

    world.work_until_settled()

    assert world.disabled is None


def test_an_endpoint_that_is_gone_is_disabled_at_once_and_what_waits_is_given_up():
    world = World(WEBHOOK)
    world.publish(OPENED)
    world.publish(item_event(None, an_item(number=2)))
    world.response = 410

    world.work()

    assert world.disabled is DisabledReason.GONE
    assert len(world.requests) == 1
    waited = list(world.deliveries.rows.values())[1]
    assert (waited.state, waited.tries[-1].error) == (DeliveryState.FAILED, DeliveryError.WEBHOOK_DISABLED)


def test_nothing_is_sent_for_an_erased_delivery_or_a_deleted_webhook():
    world = World(WEBHOOK)
    world.publish(OPENED)
    (delivery,) = world.deliveries.rows.values()

    world.webhooks.save(replace(world.webhooks.of_account(ACCOUNT), webhooks=()))
    assert world.work() == [None]
    world.deliveries.remove(delivery)
    assert world.work() == [None]
    assert world.requests == []


@pytest.mark.parametrize(("wait", "seconds"), [(-5, 0), (0, 0), (0.2, 1), (5, 5), (10**6, 10**6)])
def test_a_wait_is_rounded_up_to_whole_seconds(wait, seconds):
    assert seconds_until(NOW + timedelta(seconds=wait), NOW) == seconds
