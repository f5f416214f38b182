"""What the stack tests of acting on items have in common: a cast of customers, and what to do with them."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from infrastructure.local.scenario import (
    Json,
    Scenario,
    call_api,
    contact_code,
    contact_link,
    eventually,
    reply_by_text,
    texts_to,
)
from infrastructure.local.stack import LocalStack

WITHIN = 90.0
CONSENT = {"given_by": "Ada Byron", "how": "by telephone", "at": "2026-01-05T10:00:00Z"}


def this_hour() -> int:
    """Return the hour (UTC) in which a digest is due now. In its last minute, wait for the next."""
    eventually(lambda: datetime.now(UTC).minute < 59, "the hour does not turn", WITHIN)
    return datetime.now(UTC).hour


@dataclass
class Acting:
    """A story's people on a stack, and the short ways to what they do."""

    stack: LocalStack
    story: Scenario
    viewer: httpx.Client

    @classmethod
    def on(cls, stack: LocalStack) -> "Acting":
        token = stack.token(stack.user("viewer").email)
        viewer = httpx.Client(base_url=stack.api_url, headers={"Authorization": token}, timeout=30)
        return cls(stack, Scenario.on(stack), viewer)

    def close(self) -> None:
        self.viewer.close()
        self.story.close()

    @property
    def manager(self) -> httpx.Client:
        return self.story.manager

    @property
    def host(self) -> httpx.Client:
        return self.story.host

    def name(self, base: str) -> str:
        return self.story.name(base)

    def mailbox(self, situation: str, person: str = "") -> str:
        """Return an address of the SES simulator, different for each person."""
        return f"{situation}.{person or situation}.{self.story.suffix}@undelivered.example"

    def call_api(self, method: str, path: str, expect: int = 200, **request: Any) -> Json:
        return call_api(self.manager, method, path, expect, **request)

    def items_to(self, recipient: str, client: httpx.Client | None = None, **filters: str) -> list[Json]:
        """Return the items of a recipient on a page of the report. Searches have a limit that all tests share."""
        page = call_api(client or self.manager, "GET", "/undelivered", params={"limit": 200, **filters})
        return [item for item in page["items"] if item["recipient"] == recipient]

    def undelivered(self, customer: str, contact: str, *, channel: str = "email", **more: Any) -> Json:
        """Have a customer fail to get a message and return the item."""
        self.send(customer, contact, channel=channel, **more)
        (item,) = eventually(lambda: self.story.report(customer), f"{customer} is not on the report", WITHIN)
        return item

    def send(self, customer: str, contact: str, *, channel: str = "email", number: int = 1, **more: Any) -> str:
        """Save a customer, hand a notification over and return its id."""
        field = "email" if channel == "email" else "phone"
        customer_id = self.name(customer)
        call_api(self.host, "PUT", f"/customers/{customer_id}", json={"name": customer.capitalize(), field: contact})
        return self.hand_over(customer, channel=channel, number=number, **more)

    def hand_over(self, customer: str, *, channel: str = "email", number: int = 1, **more: Any) -> str:
        notification = {
            "notification_id": self.name(f"n-{customer}-{number}"),
            "customer_id": self.name(customer),
            "channel": channel,
            "title": "Rent reminder",
            "text": f"Dear {customer}, this is about your unit.",
            **more,
        }
        answer = call_api(self.host, "POST", "/notifications", 202, json={"notifications": [notification]})
        assert answer["refused"] == []
        return str(notification["notification_id"])

    def correct(self, customer: str, **contact: str | None) -> Json:
        return self.call_api("PATCH", f"/customers/{self.name(customer)}", json=contact)

    def resend(self, item: Json, expect: int = 202, headers: dict[str, str] | None = None, **body: Any) -> Json:
        path = f"/undelivered/{item['id']}/resend"
        return self.call_api("POST", path, expect, json=body, headers=headers or {})

    def page(self, item: Json) -> Json:
        return self.call_api("GET", f"/undelivered/{item['id']}")

    def comes_to(self, item: Json, state: str, attempts: int | None = None, seconds: float = WITHIN) -> Json:
        """Wait until an item is in a state, with that many attempts that all have an outcome; return its page."""

        def there() -> Json | None:
            page = self.page(item)
            settled = [each for each in page["attempt_chain"] if each["outcome"] != "pending"]
            return page if page["state"] == state and len(settled) >= (attempts or 1) else None

        return eventually(there, f"{item['recipient']} is not {state}: {self.page(item)['attempt_chain']}", seconds)

    def suppression(self, channel: str, address: str) -> httpx.Response:
        return self.manager.get(f"/suppressions/{channel}/{address}")

    def sent(self, address: str) -> list[Json]:
        """Return what SES was asked to send to an address, with tags and headers."""
        messages = httpx.get(f"{self.stack.simulator_url}/_simulator/messages", timeout=30).json()["messages"]
        return [message for message in messages if address in message["recipients"]]

    def unsubscribe_link(self, address: str) -> str:
        """Return the link that the last message to an address carried."""
        message = eventually(lambda: self.sent(address), f"nothing was sent to {address}", WITHIN)[-1]
        headers = {each["name"]: each["value"] for each in message["headers"]}
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        found = re.fullmatch(r"<(http[^>]+)>", headers["List-Unsubscribe"])
        assert found
        return found[1]

    def contact_link(self, phone: str) -> str:
        """Return the link to correct a contact in the last text to a number."""

        return contact_link(self.story.emulator, phone)

    def contact_code(self, address: str) -> str:
        """Return the code in the last email to an address."""
        return contact_code(self.story.emulator, address)

    def texts(self, phone: str) -> list[Json]:
        """Return the texts to a number, oldest first."""
        return texts_to(self.story.emulator, phone)

    def reply(self, phone: str, text: str, *, answers: str | None = None) -> None:
        """Have a phone send a text to the two-way number."""
        reply_by_text(self.stack.client("sns"), phone, text, answers=answers)

    def invoke(self, function: str) -> Json:
        """Invoke a function of the schedule at once."""
        functions = self.stack.client("lambda")
        name = next(
            each["FunctionName"]
            for each in functions.list_functions()["Functions"]
            if f"-{function}-" in each["FunctionName"] or each["FunctionName"].endswith(function)
        )
        return dict(functions.invoke(FunctionName=name, Payload=b"{}"))

    def stays(self, check: Any, seconds: float = 3.0) -> None:
        """Require that a condition holds for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert check()
            time.sleep(0.5)
