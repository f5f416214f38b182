"""What is known of a message, on the deployed stack: evidence, signed in KMS, and looking it up."""

import json
import time
from datetime import UTC, datetime

import httpx
from joserfc import jws
from joserfc.jwk import KeySet

from infrastructure.local.scenario import eventually
from tests.stack.acting import WITHIN


def test_a_resent_message_has_evidence_that_others_can_check(acting):
    item = acting.undelivered("eve", acting.mailbox("unknown-user", "eve"))
    corrected = acting.mailbox("success", "eve")
    row = {"customer_id": acting.name("eve"), "channel": "email", "failed": item["recipient"], "contact": corrected}
    answer = acting.call_api("PATCH", "/customers", json={"corrections": [row]})
    assert answer["results"][0]["ready_to_resend"] == [item["id"]]
    acting.call_api("POST", f"/undelivered/{item['id']}/resend", 202, json={})

    def arrived():
        signed = acting.call_api("GET", f"/undelivered/{item['id']}/evidence")
        return signed if signed["evidence"]["state"] == "resolved" else None

    signed = eventually(arrived, "the message has not arrived", WITHIN)
    keys = KeySet.import_key_set(httpx.get(f"{acting.stack.api_url}/.well-known/jwks.json", timeout=30).json())
    parts = {name: signed[name] for name in ("payload", "protected", "signature")}
    evidence = json.loads(jws.deserialize_json(parts, keys, algorithms=["ES256"]).payload)

    assert evidence == signed["evidence"]
    assert [attempt["outcome"] for attempt in evidence["attempts"]] == ["failed", "delivered"]
    assert evidence["attempts"][1]["report"]["diagnostic"].startswith("250")
    assert evidence["contact"]["contact"] == corrected
    assert evidence["contact"]["changed_by"] == evidence["attempts"][1]["by"]


def test_what_was_sent_is_looked_up_by_customer_and_by_address(acting):
    address = acting.mailbox("success", "sue")
    sent = acting.send("sue", address)

    def found(path, **query):
        notifications = acting.call_api("GET", path, params=query)["notifications"]
        return [(each["notification_id"], each["title"]) for each in notifications if each["arrival"] == "sent"]

    expected = [(sent, "Rent reminder")]
    eventually(lambda: found("/notifications", address=address) == expected, "the message is not found", WITHIN)
    assert found(f"/customers/{acting.name('sue')}/notifications") == expected


def test_a_delivery_of_the_hosts_own_software_is_recorded_if_the_account_wants_it(acting):
    address, message_id = acting.mailbox("success", "otto"), acting.name("ses-otto")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    event = {
        "eventType": "Delivery",
        "mail": {
            "timestamp": now,
            "messageId": message_id,
            "source": "desk@example.com",
            "destination": [address],
            "commonHeaders": {"subject": "Opening hours"},
            "tags": {},
        },
        "delivery": {"timestamp": now, "recipients": [address], "smtpResponse": "250 2.0.0 OK"},
    }
    settings = acting.call_api("GET", "/settings")

    def found():
        # A function knows the setting within a minute. Until then, it discards deliveries.
        acting.stack.client("sns").publish(TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(event))
        time.sleep(2)  # an account may search only so often in a minute
        return acting.call_api("GET", "/notifications", params={"address": address})["notifications"]

    try:
        acting.call_api("PUT", "/settings", json={**settings, "record_accepted": True})
        (entry,) = eventually(found, "the delivery is not recorded", WITHIN)
    finally:
        acting.call_api("PUT", "/settings", json=settings)

    assert (entry["arrival"], entry["answer"], entry["title"]) == ("accepted", "250 2.0.0 OK", "Opening hours")
    assert entry["notification_id"] == message_id
