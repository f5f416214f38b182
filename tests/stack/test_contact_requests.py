"""A customer corrects a contact on the deployed stack: asked by the account's rule, proved by a code, and resent."""

import time

import httpx
import pytest

from infrastructure.local.scenario import ASKING, eventually
from tests.stack.acting import WITHIN

SETTINGS_KEPT = 61
"""How long a function may keep settings that it has read, in seconds."""


@pytest.fixture(scope="module")
def asking(acting):
    """Let the account ask by itself, and resend what is ready, as soon as every function knows it."""
    before = acting.call_api("GET", "/settings")
    rules = {**ASKING, "automatic": True, "resend": True}
    acting.call_api("PUT", "/settings", json={**before, "contact_requests": rules})
    known_by = time.monotonic() + SETTINGS_KEPT
    eventually(lambda: time.monotonic() > known_by, "the settings are not known", WITHIN)
    yield
    acting.call_api("PUT", "/settings", json=before)


def asked_by_text(acting, customer, phone):
    """Have an email to a customer fail for good, and return its item and the link that the customer gets by text."""
    customer_id = acting.name(customer)
    contacts = {"name": customer, "email": acting.mailbox("unknown-user", customer), "phone": phone}
    acting.call_api("PUT", f"/customers/{customer_id}", json=contacts)
    acting.hand_over(customer)
    (item,) = eventually(lambda: acting.story.report(customer), f"{customer} is not on the report", WITHIN)
    requests = f"/customers/{customer_id}/contact-requests"
    eventually(lambda: acting.call_api("GET", requests)["contact_requests"], "nobody was asked", WITHIN)
    acting.invoke("Cleanup")
    return item, acting.contact_link(phone)


def test_a_failure_asks_the_customer_who_corrects_the_address_and_gets_the_message(acting, asking):
    item, link = asked_by_text(acting, "wendy", "+12195550100")
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


def test_a_reply_with_an_address_starts_the_proof_and_the_message_arrives_there(acting, asking):
    phone, address = "+12195550103", acting.mailbox("success", "wilma-new")
    item, link = asked_by_text(acting, "wilma", phone)
    (asked,) = acting.texts(phone)
    acting.reply(phone, f"Oh. Please use {address}", answers=asked["MessageId"])
    code = acting.contact_code(address)
    eventually(lambda: len(acting.texts(phone)) == 2, "the reply is not answered", WITHIN)
    assert acting.contact_link(phone) == link
    assert address in httpx.post(link, data={"step": "begin"}, timeout=30).text

    assert httpx.post(link, data={"step": "code", "code": code}, timeout=30).is_success

    page = acting.comes_to(item, "resolved", 2)
    assert [(entry["by"], entry["action"]) for entry in page["audit"]] == [
        ("rule", "ask_for_contact"),
        ("customer", "reply_with_contact"),
        ("customer", "correct_contact"),
        ("customer", "resend"),
    ]


class TestStopAndStart:
    def test_drop_the_next_text_and_let_the_one_after_it_pass(self, acting):
        phone = "+12195550104"
        acting.send("stan", phone, channel="sms")
        (text,) = eventually(lambda: acting.texts(phone), "no text was sent", WITHIN)
        acting.reply(phone, "Stop", answers=text["MessageId"])
        eventually(lambda: acting.suppression("sms", phone).is_success, "it is not suppressed", WITHIN)

        acting.hand_over("stan", channel="sms", number=2)
        (item,) = eventually(lambda: acting.story.report("stan"), "it is not on the report", WITHIN)
        assert (item["status"], item["reason"]) == ("dropped", "opted_out")
        assert len(acting.texts(phone)) == 1

        acting.reply(phone, "START")
        eventually(lambda: not acting.suppression("sms", phone).json()["active"], "it stays suppressed", WITHIN)
        acting.hand_over("stan", channel="sms", number=3)
        eventually(lambda: len(acting.texts(phone)) == 2, "no text was sent again", WITHIN)
        consents = acting.call_api("GET", f"/customers/{acting.name('stan')}")["consents"]
        assert [(each["how"], each["recorded_by"]) for each in consents] == [("text_message", "customer")]
        story = eventually(lambda: acting.page(item)["audit"], "the item does not say so", WITHIN)
        assert [(entry["by"], entry["action"]) for entry in story] == [("customer", "start_texts")]

    def test_start_takes_a_number_off_the_list_of_sns_where_a_stop_to_aws_itself_has_put_it(self, acting):
        phone, sns = "+12195550154", acting.stack.client("sns")
        acting.undelivered("stella", phone, channel="sms")
        assert acting.suppression("sms", phone).json()["audit"][-1]["by"] == "Amazon SNS"
        # The emulator's SNS names the time to the second, so a text may seem to be from before the refusal.
        refused = time.time()
        eventually(lambda: int(time.time()) > refused, "the second does not turn", WITHIN)

        acting.reply(phone, "UNSTOP")

        eventually(lambda: not acting.suppression("sms", phone).json()["active"], "it stays suppressed", WITHIN)
        assert not sns.check_if_phone_number_is_opted_out(phoneNumber=phone)["isOptedOut"]

    def test_stop_is_also_known_from_a_resend_that_sns_refuses(self, acting):
        phone = "+12135550154"
        item = acting.undelivered("saul", "+12135550140", channel="sms")
        acting.correct("saul", phone=phone)

        acting.resend(item)

        acting.comes_to(item, "open", 2)
        assert acting.suppression("sms", phone).json()["reason"] == "opted_out"
