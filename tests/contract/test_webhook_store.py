"""Webhooks and their deliveries are kept the same in memory and on DynamoDB."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import in_memory, on_moto
from tests.fakes import FakeDeliveryStore, FakeWebhookStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.webhook_store import DynamoDeliveryStore, DynamoWebhookStore
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.item import Audit
from undelivered.domain.webhook import (
    DELIVERY_KEPT_FOR,
    AccountWebhooks,
    DeliveryError,
    DeliveryState,
    DeliveryTry,
    DisabledReason,
    OldSecret,
    Webhook,
    WebhookDelivery,
    delivery_id,
    new_secret,
)

FULL = Webhook(
    webhook_id="w-1",
    url="https://app.example.com/",
    secret=new_secret(bytes(32)),
    created_at=NOW,
    event_types=("undelivered.item.opened",),
    disabled=DisabledReason.GONE,
    old_secrets=(OldSecret(new_secret(bytes(24)), NOW + timedelta(hours=24)),),
    audit=(Audit(NOW, "ada@example.com", "create"),),
)


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(params=["memory", "moto"])
def stores(request):
    with {"memory": in_memory, "moto": on_moto}[request.param]():
        if request.param == "memory":
            yield FakeWebhookStore(), FakeDeliveryStore()
        else:
            yield DynamoWebhookStore(), DynamoDeliveryStore(Clock())


def a_delivery(number, *, webhook_id="w-1", customer_key="c-1", **changes):
    at = NOW + timedelta(seconds=number)
    event_id = f"{number:032x}"
    identity = {"account_id": ACCOUNT, "webhook_id": webhook_id, "delivery_id": delivery_id(at, event_id)}
    content = {"event_id": event_id, "event_type": "t", "payload": "{}", "customer_key": customer_key}
    return replace(WebhookDelivery(**identity, **content, created_at=at, next_try_at=at), **changes)


def test_webhooks_come_back_as_they_were_written_and_a_stale_write_is_refused(stores):
    webhooks, _ = stores

    assert webhooks.of_account(ACCOUNT) == AccountWebhooks(ACCOUNT)
    saved = webhooks.save(AccountWebhooks(ACCOUNT, (FULL,)))

    assert webhooks.of_account(ACCOUNT) == saved
    assert saved.version == 1
    with pytest.raises(StaleWriteError):
        webhooks.save(AccountWebhooks(ACCOUNT))


def test_a_delivery_comes_back_as_it_was_written_and_a_stale_write_is_refused(stores):
    _, deliveries = stores
    tries = (DeliveryTry(NOW, 500, None, 3), DeliveryTry(NOW, None, DeliveryError.TLS_FAILED, 4))
    saved = deliveries.save(a_delivery(1, tries=tries, state=DeliveryState.FAILED, failures=2))

    assert deliveries.find(ACCOUNT, "w-1", saved.delivery_id) == saved
    assert deliveries.find(ACCOUNT, "w-2", saved.delivery_id) is None
    with pytest.raises(StaleWriteError):
        deliveries.save(a_delivery(1, failures=9))


def test_the_log_has_the_deliveries_of_one_webhook_newest_first_in_pages(stores):
    _, deliveries = stores
    mine = [deliveries.save(a_delivery(number)) for number in range(5)]
    deliveries.save(a_delivery(7, webhook_id="w-10"))

    first, after = deliveries.page(ACCOUNT, "w-1", 3, None)
    second, end = deliveries.page(ACCOUNT, "w-1", 3, after)

    assert [*first, *second] == mine[::-1]
    assert (after, end) == (mine[2].delivery_id, None)
    assert deliveries.page(ACCOUNT, "w-1", 5, None)[1] is None
    assert deliveries.page("acc-2", "w-1", 5, None) == ([], None)


def test_the_deliveries_of_a_customer_are_found_and_removed(stores):
    _, deliveries = stores
    first, other, unknown = (
        deliveries.save(a_delivery(number, customer_key=key)) for number, key in enumerate(["c-1", "c-2", "~hash"])
    )

    found = list(deliveries.find_by_customer(ACCOUNT, ["c-1", "~hash"]))
    for delivery in found:
        deliveries.remove(delivery)

    assert found == [first, unknown]
    assert deliveries.page(ACCOUNT, "w-1", 5, None) == ([other], None)


def test_a_delivery_that_was_removed_is_not_written_again(stores):
    _, deliveries = stores
    saved = deliveries.save(a_delivery(1))
    deliveries.remove(saved)

    with pytest.raises(StaleWriteError):
        deliveries.save(replace(saved, state=DeliveryState.DELIVERED))

    assert deliveries.page(ACCOUNT, "w-1", 5, None) == ([], None)


def test_a_delivery_that_cannot_be_read_is_left_out_of_the_log():
    with on_moto():
        deliveries = DynamoDeliveryStore(Clock())
        saved = [deliveries.save(a_delivery(number)) for number in range(3)]
        damaged = AccountModel.get(ACCOUNT, f"webhook-delivery~w-1~{saved[1].delivery_id}")
        damaged.update([AccountModel.body.set("[]")])

        assert deliveries.page(ACCOUNT, "w-1", 2, None) == ([saved[2], saved[0]], None)


def test_a_delivery_is_no_longer_shown_after_its_time_even_if_dynamodb_still_has_it():
    with on_moto():
        clock = Clock()
        deliveries = DynamoDeliveryStore(clock)
        saved = deliveries.save(a_delivery(1))
        clock.now = saved.created_at + DELIVERY_KEPT_FOR

        assert deliveries.find(ACCOUNT, "w-1", saved.delivery_id) is None
        assert deliveries.page(ACCOUNT, "w-1", 5, None) == ([], None)
        (row,) = AccountModel.query(ACCOUNT)
        assert row.purge_at == (saved.created_at + DELIVERY_KEPT_FOR).replace(microsecond=0)
