"""The requests that change something: how to make a subject, the request, and what holds when it was made for sure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from infrastructure.local.scenario import call_api
from tests.stack.acting import CONSENT
from tests.stack.crashed import CrashedStack, Message


@dataclass(frozen=True)
class ActingRequest:
    """``fresh`` makes a subject, ``request`` makes the request once, ``check`` holds for all subjects at the end."""

    fresh: Callable[[CrashedStack], Any]
    request: Callable[[CrashedStack, Any], httpx.Response]
    check: Callable[[CrashedStack, list[Any]], None]


def _one(situation: str = "mailbox-full", mailbox: str = "fine") -> Callable[[CrashedStack], Message]:
    return lambda world: world.undelivered(1, situation, mailbox)[0]


def _page(world: CrashedStack, message: Message) -> Any:
    return world.people.page(message.item)


# --- notifications


def _new(world: CrashedStack) -> Message:
    customer = world.name("c")
    address = world.people.mailbox("fine", customer)
    call_api(world.people.host, "PUT", f"/customers/{customer}", json={"name": "Ada", "email": address})
    return Message(f"n-{customer}", customer, address)


def _hand_over(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.host.post("/notifications", json={"notifications": [world.notification(message)]})


def _sent_once(world: CrashedStack, messages: list[Message]) -> None:
    world.platform.settle()
    sent = world.sent()
    assert {sent[message.address] for message in messages} == {1}


# --- resends


def _resend(world: CrashedStack, subject: Any) -> httpx.Response:
    message, key = subject
    path = f"/undelivered/{message.item['id']}/resend"
    return world.people.manager.post(path, json={}, headers={"Idempotency-Key": key})


def _resend_all(world: CrashedStack, messages: list[Message]) -> httpx.Response:
    return world.people.manager.post("/undelivered/resend", json={"ids": [message.item["id"] for message in messages]})


def _resent_once(world: CrashedStack, messages: list[Message]) -> None:
    world.platform.settle()
    world.let_time_pass()
    _sent_once(world, messages)
    for message in messages:
        page = _page(world, message)
        assert [attempt["attempt"] for attempt in page["attempt_chain"]] == [1, 2]
        assert [entry["action"] for entry in page["audit"]] == ["resend"]
    world.eventually(
        lambda: {_page(world, message)["state"] for message in messages} == {"resolved"}, "not all of them are resolved"
    )


# --- items


def _dismiss(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.post(f"/undelivered/{message.item['id']}/dismiss", json={"reason": "by telephone"})


def _dismissed(world: CrashedStack) -> Message:
    message = _one()(world)
    assert _dismiss(world, message).is_success
    return message


def _restore(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.post(f"/undelivered/{message.item['id']}/restore", json={})


def _are(state: str, audit: list[str]) -> Callable[[CrashedStack, list[Message]], None]:
    def check(world: CrashedStack, messages: list[Message]) -> None:
        for message in messages:
            page = _page(world, message)
            assert (page["state"], [entry["action"] for entry in page["audit"]]) == (state, audit)

    return check


# --- customers


def _correct(world: CrashedStack, message: Message) -> httpx.Response:
    email = world.people.mailbox("corrected", message.customer)
    return world.people.manager.patch(f"/customers/{message.customer}", json={"email": email})


def _replace(world: CrashedStack, message: Message) -> httpx.Response:
    email = world.people.mailbox("corrected", message.customer)
    return world.people.host.put(f"/customers/{message.customer}", json={"name": "Ada", "email": email})


def _are_ready(world: CrashedStack, messages: list[Message]) -> None:
    for message in messages:
        customer = world.people.call_api("GET", f"/customers/{message.customer}")
        assert customer["ready_to_resend"] == [message.item["id"]]


def _opt_in(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.post(f"/customers/{message.customer}/opt-in", json={"consent": CONSENT})


def _unsubscribed(world: CrashedStack) -> Message:
    (message,) = world.handed_over(1, "fine")
    world.platform.settle()
    link = httpx.URL(world.people.unsubscribe_link(message.address))
    assert httpx.post(link, content="List-Unsubscribe=One-Click", headers=_FORM).is_success
    return message


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _with_link(world: CrashedStack) -> Any:
    (message,) = world.handed_over(1, "fine")
    world.platform.settle()
    return message, httpx.URL(world.people.unsubscribe_link(message.address))


def _unsubscribe(_world: CrashedStack, subject: Any) -> httpx.Response:
    return httpx.post(subject[1], content="List-Unsubscribe=One-Click", headers=_FORM, timeout=30)


def _are_suppressed(reason: str) -> Callable[[CrashedStack, list[Any]], None]:
    def check(world: CrashedStack, addresses: list[str]) -> None:
        for address in addresses:
            known = world.people.suppression("email", address).json()
            assert (known["active"], known["reason"]) == (True, reason)

    return check


def _are_lifted(world: CrashedStack, addresses: list[str]) -> None:
    provider = world.ses_list()
    for address in addresses:
        known = world.people.suppression("email", address).json()
        assert not known["active"]
        assert [entry["action"] for entry in known["audit"]].count("lift") == 1
        assert address not in provider


def _erase(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.delete(f"/customers/{message.customer}")


def _are_erased(world: CrashedStack, messages: list[Message]) -> None:
    world.finish_erasures()
    stored = world.everything_stored()
    for message in messages:
        assert [row for row in stored if message.customer in row or message.address in row] == []


# --- suppressions


def _suppressed(world: CrashedStack) -> str:
    message = world.undelivered(1, "unknown-user", "anybody")[0]
    world.ses().put_suppressed_destination(EmailAddress=message.address, Reason="BOUNCE")
    return message.address


def _lift(world: CrashedStack, address: str) -> httpx.Response:
    return world.people.manager.request("DELETE", f"/suppressions/email/{address}", json={"why": "it works again"})


REQUESTS = {
    "POST /notifications": ActingRequest(_new, _hand_over, _sent_once),
    "POST /undelivered/{item_id}/resend": ActingRequest(
        lambda world: (_one()(world), uuid4().hex),
        _resend,
        lambda world, subjects: _resent_once(world, [message for message, _ in subjects]),
    ),
    "POST /undelivered/resend": ActingRequest(
        lambda world: world.undelivered(2),
        _resend_all,
        lambda world, subjects: _resent_once(world, [message for messages in subjects for message in messages]),
    ),
    "POST /undelivered/{item_id}/dismiss": ActingRequest(_one(), _dismiss, _are("dismissed", ["dismiss"])),
    "POST /undelivered/{item_id}/restore": ActingRequest(_dismissed, _restore, _are("open", ["dismiss", "restore"])),
    "PATCH /customers/{customer_id}": ActingRequest(_one("unknown-user", "anybody"), _correct, _are_ready),
    "PUT /customers/{customer_id}": ActingRequest(_one("unknown-user", "anybody"), _replace, _are_ready),
    "DELETE /customers/{customer_id}": ActingRequest(_one(), _erase, _are_erased),
    "POST /customers/{customer_id}/opt-in": ActingRequest(
        _unsubscribed, _opt_in, lambda world, messages: _are_lifted(world, [message.address for message in messages])
    ),
    "PUT /suppressions/{channel}/{address}": ActingRequest(
        lambda world: world.people.mailbox("anybody", world.name("c")),
        lambda world, address: world.people.manager.put(f"/suppressions/email/{address}", json={"why": "asked"}),
        _are_suppressed("manual"),
    ),
    "DELETE /suppressions/{channel}/{address}": ActingRequest(_suppressed, _lift, _are_lifted),
    "POST /unsubscribe/{token}": ActingRequest(
        _with_link,
        _unsubscribe,
        lambda world, subjects: _are_suppressed("unsubscribed")(world, [message.address for message, _ in subjects]),
    ),
}
