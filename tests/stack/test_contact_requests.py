"""A customer corrects a contact on the deployed stack: asked by the account's rule, proved by a code, and resent."""

import time

import httpx
import pytest

from infrastructure.local.scenario import ASKING, eventually
from tests.stack.acting import WITHIN

SETTINGS_KEPT = 61
"""How long a function may keep settings that it has read, in seconds."""


@pytest.fixture
def asking(acting):
    """Let the account ask by itself, and resend what is ready, as soon as every function knows it."""
    before = acting.call_api("GET", "/settings")
    rules = {**ASKING, "automatic": True, "resend": True}
    acting.call_api("PUT", "/settings", json={**before, "contact_requests": rules})
    known_by = time.monotonic() + SETTINGS_KEPT
    eventually(lambda: time.monotonic() > known_by, "the settings are not known", WITHIN)
    yield
    acting.call_api("PUT", "/settings", json=before)


def test_a_failure_asks_the_customer_who_corrects_the_address_and_gets_the_message(acting, asking):
    customer, phone = acting.name("wendy"), "+12195550100"
    contacts = {"name": "Wendy", "email": acting.mailbox("unknown-user", "wendy"), "phone": phone}
    acting.call_api("PUT", f"/customers/{customer}", json=contacts)
    acting.hand_over("wendy")
    (item,) = eventually(lambda: acting.story.report("wendy"), "wendy is not on the report", WITHIN)
    requests = f"/customers/{customer}/contact-requests"
    eventually(lambda: acting.call_api("GET", requests)["contact_requests"], "nobody was asked", WITHIN)
    acting.invoke("Cleanup")
    link = acting.contact_link(phone)
    assert httpx.get(link, timeout=30).is_success
    address = acting.mailbox("success", "wendy-new")
    assert address in httpx.post(link, data={"step": "contact", "contact": address}, timeout=30).text

    answer = httpx.post(link, data={"step": "code", "code": acting.contact_code(address)}, timeout=30)

    assert answer.is_success
    page = acting.comes_to(item, "resolved", 2)
    assert [(entry["by"], entry["action"]) for entry in page["audit"]] == [
        ("rule", "ask_for_contact"),
        ("customer", "correct_contact"),
        ("customer", "resend"),
    ]
    assert [attempt["to"] for attempt in page["attempt_chain"]] == [item["recipient"], address]
