"""Events on their way to a receiver on this computer, which verifies them with the library of the specification."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from infrastructure.local.scenario import call_api, eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from tests.stack.acting import WITHIN
from tests.stack.receiver import Receiver
from tests.stack.test_direct_ways import store, wake
from undelivered.adapters.dynamodb.stored_json import to_json
from undelivered.domain.incidents import LEAST_FAILURES
from undelivered.domain.webhook import RETRY_DELAYS, WebhookDelivery, delivery_id


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def webhook(acting, receiver):
    added = acting.call_api("POST", "/webhooks", 201, json={"url": receiver.url})
    yield added["webhook"]["webhook_id"], added["secret"]
    acting.call_api("DELETE", f"/webhooks/{added['webhook']['webhook_id']}")


def deliveries(acting, webhook_id):
    return acting.call_api("GET", f"/webhooks/{webhook_id}/deliveries")["items"]


def comes_to(acting, webhook_id, wanted, state):
    """Wait until a delivery is in a state, and return it."""

    def there():
        shown = acting.call_api("GET", f"/webhooks/{webhook_id}/deliveries/{wanted}")
        return shown if shown["state"] == state else None

    return eventually(there, f"the delivery is not {state}", WITHIN)


def test_a_bounce_reaches_the_receiver_signed_after_two_failures_and_again_when_it_is_replayed(
    acting, receiver, webhook
):
    webhook_id, secret = webhook
    receiver.statuses = [500, 503]
    item = acting.undelivered("wanda", acting.mailbox("unknown-user", "wanda"))

    def failed():
        return next((each for each in deliveries(acting, webhook_id) if len(each["tries"]) >= 2), None)

    waiting = eventually(failed, "it was not tried twice", WITHIN)
    acting.call_api("POST", f"/webhooks/{webhook_id}/deliveries/{waiting['delivery_id']}/replay", 202)
    delivered = comes_to(acting, webhook_id, waiting["delivery_id"], "delivered")
    acting.call_api("POST", f"/webhooks/{webhook_id}/deliveries/{waiting['delivery_id']}/replay", 202)
    messages = eventually(
        lambda: found if len(found := receiver.messages(item["notification_id"])) >= 4 else None,
        "it was not delivered again",
        WITHIN,
    )

    assert [made["status"] for made in delivered["tries"]] == [500, 503, 204]
    assert {headers["webhook-id"] for headers, _ in messages} == {delivered["event_id"]}
    for headers, body in messages:
        document = Verifier(secret).verify(body, headers)
        assert (document["type"], document["item_id"]) == ("undelivered.item.opened", item["id"])
        assert item["recipient"] not in body
    headers, body = messages[0]
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body.replace("opened", "resolved"), headers)


def test_while_a_secret_rotates_both_verify_and_another_verifies_nothing(acting, receiver, webhook):
    webhook_id, old = webhook
    new = acting.call_api("POST", f"/webhooks/{webhook_id}/rotate-secret")["secret"]

    started = acting.call_api("POST", f"/webhooks/{webhook_id}/test", 202)
    comes_to(acting, webhook_id, started["delivery_id"], "delivered")

    ((headers, body),) = [each for each in receiver.received if "undelivered.test" in each[1]]
    for secret in (old, new):
        assert Verifier(secret).verify(body, headers)["type"] == "undelivered.test"
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(body, headers)


def a_delivery(acting, webhook_id, **changes):
    """Store a delivery that is due, and return it with the event that wakes its function."""
    now = datetime.now(UTC)
    identity = {"account_id": acting.stack.user().account_id, "webhook_id": webhook_id}
    delivery = replace(
        WebhookDelivery(
            **identity,
            delivery_id=delivery_id(now, "f" * 32),
            event_id="f" * 32,
            event_type="undelivered.test",
            payload=json.dumps({"type": "undelivered.test"}),
            customer_key="",
            created_at=now - timedelta(days=3, hours=4),
            next_try_at=now - timedelta(seconds=1),
            version=1,
        ),
        **changes,
    )
    record = f"webhook-delivery~{webhook_id}~{delivery.delivery_id}"
    purge_at = int(time.time()) + 86_400
    row = {"account_id": delivery.account_id, "record": record, "body": to_json(delivery), "version": 1}
    store(acting, "accounts", **row, purge_at=purge_at)
    body = json.dumps({**identity, "delivery_id": delivery.delivery_id})
    return delivery, {"Records": [{"messageId": "m-1", "receiptHandle": "r-1", "body": body, "attributes": {}}]}


def test_an_endpoint_that_fails_for_three_days_is_disabled_and_what_failed_can_be_replayed(acting, receiver, webhook):
    webhook_id, _ = webhook
    receiver.statuses = [500]
    delivery, event = a_delivery(acting, webhook_id, failures=len(RETRY_DELAYS))
    path = f"/webhooks/{webhook_id}"

    wake(acting, "DeliverWebhooks", event)

    shown = acting.call_api("GET", path)
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "failing")
    comes_to(acting, webhook_id, delivery.delivery_id, "failed")
    acting.call_api("PATCH", path, json={"enabled": True})
    since = {"since": (delivery.created_at - timedelta(seconds=1)).isoformat()}
    assert acting.call_api("POST", f"{path}/replay", 202, json=since) == {"started": 1}
    comes_to(acting, webhook_id, delivery.delivery_id, "delivered")


def test_erasing_a_customer_erases_their_events_in_the_log(acting, receiver, webhook):
    webhook_id, _ = webhook
    acting.undelivered("xenia", acting.mailbox("unknown-user", "xenia"))
    eventually(lambda: deliveries(acting, webhook_id), "the event is not in the log", WITHIN)

    acting.call_api("DELETE", f"/customers/{acting.name('xenia')}", 202)

    def erased():
        acting.invoke("Cleanup")
        return not deliveries(acting, webhook_id)

    eventually(erased, "the event is still in the log", WITHIN)
    assert any(acting.name("xenia") in body for _, body in receiver.received)


def test_the_start_of_an_incident_reaches_the_receiver(acting, receiver):
    headers = {"X-Account-Id": acting.name("blocked")}
    call_api(acting.host, "GET", "/settings", headers=headers)  # an account exists from its first use
    added = call_api(acting.host, "POST", "/webhooks", 201, json={"url": receiver.url}, headers=headers)
    for number in range(LEAST_FAILURES):
        mail = ReceivedMail(
            message_id=acting.name(f"0100018b-blocked-{number}"),
            source="shop@blocked.example",
            recipients=(f"blocked{number}.{acting.story.suffix}@outlook.com",),
            received_at=datetime.now(UTC).replace(microsecond=0),
            subject="A reminder",
            configuration_set="undelivered-sends",
            tags={
                "undelivered-account": (headers["X-Account-Id"],),
                "undelivered-notification": (acting.name(f"n-blocked-{number}"),),
                "undelivered-attempt": ("1",),
            },
        )
        for planned in plan_events_as("blocked-by-outlook", mail):
            acting.stack.client("sns").publish(
                TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(planned.event)
            )

    def on():
        return call_api(acting.host, "GET", "/incidents", params={"state": "on"}, headers=headers)["incidents"]

    (incident,) = eventually(on, "there is no incident", WITHIN)

    def announced():
        acting.invoke("Cleanup")
        return receiver.messages("undelivered.incident.started")

    ((signed, body),) = eventually(announced, "it was not announced", WITHIN)
    document = Verifier(added["secret"]).verify(body, signed)
    assert (document["receiver"], document["reason"]) == ("microsoft", incident["reason"])
    assert (document["failures"] >= LEAST_FAILURES, document["ended_at"]) == (True, None)
