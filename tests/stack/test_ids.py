"""Ids that SES message tags cannot hold, and ids with a slash, from the request to the event and back."""

from urllib.parse import quote

import httpx

from infrastructure.local.scenario import call_api, eventually
from tests.stack.acting import WITHIN


def test_ids_of_every_allowed_character_work_from_the_request_to_the_report(acting):
    account = acting.name("harbor.example@north")
    customer, notification = acting.name("ada/1.b@example.com"), acting.name("INV/2026/17")
    address = acting.mailbox("unknown-user", "slash")
    headers = {"Authorization": acting.host.headers["Authorization"], "X-Account-Id": account}
    with httpx.Client(base_url=acting.stack.api_url, headers=headers, timeout=30) as host:
        path = f"/customers/{quote(customer, safe='')}"
        created = call_api(host, "PUT", path, json={"name": "Ada", "email": address})
        given = {"notification_id": notification, "customer_id": customer, "channel": "email"}
        body = {"notifications": [{**given, "title": "Invoice", "text": "Dear Ada"}]}
        assert call_api(host, "POST", "/notifications", 202, json=body)["refused"] == []

        items = eventually(
            lambda: call_api(host, "GET", "/undelivered", params={"customer_id": customer})["items"],
            f"{customer} is not on the report",
            WITHIN,
        )

        (item,) = items
        found = call_api(host, "GET", f"/notifications/{quote(notification, safe='')}")
        detail = call_api(host, "GET", f"/undelivered/{item['id']}")
    assert created["id"] == customer
    assert (item["notification_id"], item["customer"]["id"], item["status"]) == (notification, customer, "invalid")
    assert (found["notification_id"], found["undelivered"]) == (notification, [item["id"]])
    assert detail["attempt_chain"][0]["provider_message_id"]
