"""The requests that change something: how to make a subject, the request, and what holds when it was made for sure."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook as Verifier

from infrastructure.local.scenario import ask_at_any_hour
from tests.stack.acting import CONSENT
from tests.stack.crashed import CrashedStack, Message
from undelivered.domain.webhook import WebhookDelivery


@dataclass(frozen=True)
class ActingRequest:
    """``fresh`` makes a subject, ``request`` makes the request once, ``check`` holds for all subjects at the end."""

    fresh: Callable[[CrashedStack], Any]
    request: Callable[[CrashedStack, Any], httpx.Response]
    check: Callable[[CrashedStack, list[Any]], None]


_TOGETHER = 6
"""How many subjects are made at a time: about as many as a request is made with."""


def _soft(world: CrashedStack) -> list[Message]:
    return world.undelivered(_TOGETHER)


def _hard(world: CrashedStack) -> list[Message]:
    return world.undelivered(_TOGETHER, "unknown-user", "anybody")


def _one(world: CrashedStack) -> Message:
    return world.next_of(_soft)


def _one_without_address(world: CrashedStack) -> Message:
    return world.next_of(_hard)


def _page(world: CrashedStack, message: Message) -> Any:
    return world.people.page(message.item)


# --- notifications


def _new(world: CrashedStack) -> Message:
    customer = world.name("c")
    message = Message(f"n-{customer}", customer, world.people.mailbox("fine", customer))
    world.save_customers([message])
    return message


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


def _claim_attempt(world: CrashedStack, subject: Any) -> httpx.Response:
    message, key = subject
    path = f"/notifications/{message.notification_id}/attempts"
    return world.people.host.post(path, json={"item_id": message.item["id"]}, headers={"Idempotency-Key": key})


def _are_claimed_once(world: CrashedStack, subjects: list[Any]) -> None:
    for message, _ in subjects:
        page = _page(world, message)
        assert [(each["attempt"], each["sent_by"]) for each in page["attempt_chain"]] == [
            (1, "undelivered"),
            (2, "host"),
        ]
        assert len(page["audit"]) == 1


# --- items


def _dismiss(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.post(f"/undelivered/{message.item['id']}/dismiss", json={"reason": "by telephone"})


def _dismissed(world: CrashedStack) -> Message:
    message = _one(world)
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


# --- texts instead of emails


def _with_phones(world: CrashedStack) -> list[Message]:
    messages = _hard(world)
    for message in messages:
        world.people.call_api("PATCH", f"/customers/{message.customer}", json={"phone": world.quiet_phone()})
    return messages


def _to_be_texted(world: CrashedStack) -> list[Message]:
    """The texts of the messages before are sent first, because making messages fail takes what is queued."""
    world.platform.settle()
    return _with_phones(world)


def _send_as_text(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.post(f"/undelivered/{message.item['id']}/text", json={"text": "Your rent is due."})


def _are_texted_once(world: CrashedStack, messages: list[Message]) -> None:
    world.platform.settle()
    for message in messages:
        phone = world.people.call_api("GET", f"/customers/{message.customer}")["phone"]
        assert len(world.texts(phone)) == 1
    _are("dismissed", ["dismiss"])(world, messages)


# --- customers


def _correct(world: CrashedStack, message: Message) -> httpx.Response:
    email = world.people.mailbox("corrected", message.customer)
    return world.people.manager.patch(f"/customers/{message.customer}", json={"email": email})


def _replace(world: CrashedStack, message: Message) -> httpx.Response:
    email = world.people.mailbox("corrected", message.customer)
    return world.people.host.put(f"/customers/{message.customer}", json={"name": "Ada", "email": email})


def _replace_all(world: CrashedStack, messages: list[Message]) -> httpx.Response:
    rows = [
        {"customer_id": each.customer, "name": "Ada", "email": world.people.mailbox("corrected", each.customer)}
        for each in messages
    ]
    return world.people.host.put("/customers", json={"customers": rows})


def _correct_all(world: CrashedStack, messages: list[Message]) -> httpx.Response:
    rows = [
        {
            "customer_id": each.customer,
            "channel": "email",
            "failed": each.address,
            "contact": world.people.mailbox("corrected", each.customer),
        }
        for each in messages
    ]
    return world.people.manager.patch("/customers", json={"corrections": rows})


def _are_ready(world: CrashedStack, messages: list[Message]) -> None:
    for message in messages:
        customer = world.people.call_api("GET", f"/customers/{message.customer}")
        assert customer["ready_to_resend"] == [message.item["id"]]


_ARRANGED = {"note": "called, will come by", "owner": "bo@example.com", "look_again_on": "2020-01-31"}


def _arrange(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.put(f"/customers/{message.customer}/follow-up", json=_ARRANGED)


def _are_arranged(world: CrashedStack, messages: list[Message]) -> None:
    due = {each["id"] for each in world.people.call_api("GET", "/follow-ups")["customers"]}
    for message in messages:
        arranged = world.people.call_api("GET", f"/customers/{message.customer}")["follow_up"]
        assert {name: arranged[name] for name in _ARRANGED} == _ARRANGED
        assert len(arranged["audit"]) == 1
        assert message.customer in due


def _opt_in(world: CrashedStack, message: Message) -> httpx.Response:
    return world.people.manager.post(f"/customers/{message.customer}/opt-in", json={"consent": CONSENT})


def _sent(world: CrashedStack) -> list[Message]:
    messages = world.handed_over(_TOGETHER, "fine")
    world.platform.settle()
    return messages


def _with_link(world: CrashedStack) -> tuple[Message, httpx.URL]:
    message = world.next_of(_sent)
    return message, httpx.URL(world.people.unsubscribe_link(message.address))


def _unsubscribed(world: CrashedStack) -> Message:
    message, link = _with_link(world)
    assert _unsubscribe(world, (message, link)).is_success
    return message


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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


# --- contacts that customers correct themselves


def _without_address(world: CrashedStack) -> list[Message]:
    """Have messages fail for good, of customers who have a phone; the account says who asks."""
    messages = _with_phones(world)
    ask_at_any_hour(world.people.manager)
    world.platform.kill("APIHandler")  # which keeps settings for a while
    return messages


def _ask(world: CrashedStack, message: Message) -> httpx.Response:
    path = f"/customers/{message.customer}/contact-requests"
    return world.people.manager.post(path, json={"channel": "email"})


def _are_asked_once(world: CrashedStack, messages: list[Message]) -> None:
    world.platform.settle()
    for message in messages:
        phone = world.people.call_api("GET", f"/customers/{message.customer}")["phone"]
        assert len(world.texts(phone)) == 1
        assert [entry["action"] for entry in _page(world, message)["audit"]] == ["ask_for_contact"]


def asked_by_text(world: CrashedStack) -> tuple[Message, str]:
    """Have a customer asked by text for a new address; return what did not arrive, and the number of the phone."""
    message = world.next_of(_without_address)
    assert _ask(world, message).is_success
    world.platform.settle()
    return message, world.people.call_api("GET", f"/customers/{message.customer}")["phone"]


def _with_code(world: CrashedStack) -> tuple[Message, httpx.URL, str]:
    """Have a customer enter a new address; return the link and the code that was sent there."""
    message, phone = asked_by_text(world)
    link = world.people.contact_link(phone)
    entered = {"step": "contact", "contact": world.people.mailbox("success", message.customer)}
    assert httpx.post(link, data=entered, timeout=30).is_success
    world.platform.settle()
    return message, httpx.URL(link), world.people.contact_code(entered["contact"])


def _correct_themselves(_world: CrashedStack, subject: Any) -> httpx.Response:
    _, link, code = subject
    return httpx.post(link, data={"step": "code", "code": code}, timeout=30)


def _are_corrected(world: CrashedStack, subjects: list[Any]) -> None:
    _are_ready(world, [message for message, _, _ in subjects])
    for message, _, _ in subjects:
        actions = [entry["action"] for entry in _page(world, message)["audit"]]
        assert actions[0] == "ask_for_contact"
        assert set(actions[1:]) == {"correct_contact"}
        (asked,) = world.people.call_api("GET", f"/customers/{message.customer}/contact-requests")["contact_requests"]
        assert asked["state"] == "corrected"


def _corrected(world: CrashedStack) -> tuple[Message, str]:
    message, link, code = _with_code(world)
    assert _correct_themselves(world, (message, link, code)).is_success
    (asked,) = world.people.call_api("GET", f"/customers/{message.customer}/contact-requests")["contact_requests"]
    return message, asked["id"]


def _undo(world: CrashedStack, subject: Any) -> httpx.Response:
    message, request_id = subject
    return world.people.manager.post(f"/customers/{message.customer}/contact-requests/{request_id}/undo")


def _are_undone(world: CrashedStack, subjects: list[Any]) -> None:
    for message, _ in subjects:
        assert world.people.call_api("GET", f"/customers/{message.customer}")["email"] == message.address
        actions = [entry["action"] for entry in _page(world, message)["audit"]]
        assert actions[:2] == ["ask_for_contact", "correct_contact"]
        assert set(actions[2:]) == {"undo_contact"}


# --- suppressions


def _suppressed(world: CrashedStack) -> str:
    message = _one_without_address(world)
    world.ses().put_suppressed_destination(EmailAddress=message.address, Reason="BOUNCE")
    return message.address


def _lift(world: CrashedStack, address: str) -> httpx.Response:
    return world.people.manager.request("DELETE", f"/suppressions/email/{address}", json={"why": "it works again"})


def _suppress_all(world: CrashedStack, addresses: list[str]) -> httpx.Response:
    rows = [{"channel": "email", "address": address, "why": "asked"} for address in addresses]
    return world.people.manager.put("/suppressions", json={"suppressions": rows})


def _anybody(world: CrashedStack) -> str:
    return world.people.mailbox("anybody", world.name("c"))


# --- exports


def _export(world: CrashedStack, started: list[str]) -> httpx.Response:
    world.platform.settle()
    response = world.people.manager.post("/exports", json={"format": "csv", "filter": {}})
    if response.is_success:
        started.append(response.json()["export_id"])
    return response


def _are_exported(world: CrashedStack, exports: list[list[str]]) -> None:
    world.platform.settle()
    for started in exports:
        assert [world.people.call_api("GET", f"/exports/{export}")["state"] for export in started] == ["done"]
    # A request that was killed before it queued its export holds one of three places, until somebody needs it.
    world.age_exports()
    answers = [world.people.manager.post("/exports", json={"format": "csv", "filter": {}}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    world.platform.settle()
    assert {json.loads(row["body"]["S"])["state"] for row in world.exports()} == {"done"}


# --- files


def _file_is_sent(world: CrashedStack, forms: list[list[Any]]) -> None:
    for (form,) in forms:
        upload = {"data": form["upload_fields"], "files": {"file": ("x", b"%PDF")}, "timeout": 60}
        assert httpx.post(**world.past_the_wire(form["upload_url"]), **upload).is_success
        (message,) = world.handed_over(1, "fine", attachments=[{"attachment_id": form["attachment_id"]}])
        world.platform.settle()
        (mail,) = world.people.sent(message.address)
        assert [file["filename"] for file in mail["attachments"]] == ["invoice.pdf"]


def _start_upload(world: CrashedStack, forms: list[Any]) -> httpx.Response:
    wanted = {"filename": "invoice.pdf", "content_type": "application/pdf"}
    response = world.people.host.post("/attachments", json=wanted)
    if response.is_success:
        forms.append(response.json())
    return response


_TERMS = {"filename": "terms.txt", "content_type": "text/plain", "content_base64": "SGVsbG8="}


def _with_files(world: CrashedStack) -> list[Any]:
    return [(message, []) for message in world.undelivered(_TOGETHER, attachments=[_TERMS])]


def _download(world: CrashedStack, subject: Any) -> httpx.Response:
    message, links = subject
    response = world.people.manager.post(f"/undelivered/{message.item['id']}/attachments/1/download")
    if response.is_success:
        links.append(response.json()["url"])
    return response


def _are_downloaded(world: CrashedStack, subjects: list[Any]) -> None:
    for message, (link,) in subjects:
        assert httpx.get(**world.past_the_wire(link), timeout=60).content == b"Hello"
        assert [entry["action"] for entry in _page(world, message)["audit"]] == ["download"]


# --- settings


def _settings(world: CrashedStack, days: int) -> httpx.Response:
    return world.people.manager.put("/settings", json={"content_days": days})


def _are_set(world: CrashedStack, days: list[int]) -> None:
    world.platform.kill("APIHandler")  # which keeps settings for a while
    assert world.people.call_api("GET", "/settings")["content_days"] == days[-1]


# --- diagnostics


def _shapes(world: CrashedStack) -> list[str]:
    """Have messages fail with diagnostics that nobody knows; return the ids of their shapes."""
    words = [world.word() for _ in range(_TOGETHER)]
    for word in words:
        customer = world.name("c")
        mail = world.a_mail(f"n-{customer}", customer, world.people.mailbox("anybody", customer))
        world.publish("undetermined", mail, diagnostic=f"smtp; 554 5.9.9 quibbled {word}")
    world.platform.settle()
    return [each["id"] for each in _known_shapes(world) if each["shape"].split()[-1] in words]


def _known_shapes(world: CrashedStack) -> list[Any]:
    return list(world.people.call_api("GET", "/diagnostics/unrecognised")["shapes"])


def _map(world: CrashedStack, shape: str) -> httpx.Response:
    return world.people.manager.put(f"/diagnostics/{shape}", json={"reason": "mailbox_full"})


def _mapped(world: CrashedStack) -> str:
    shape: str = world.next_of(_shapes)
    assert _map(world, shape).is_success
    return shape


def _unmap(world: CrashedStack, shape: str) -> httpx.Response:
    return world.people.manager.delete(f"/diagnostics/{shape}")


def _have_reason(reason: str | None, audit: list[str]) -> Callable[[CrashedStack, list[str]], None]:
    def check(world: CrashedStack, shapes: list[str]) -> None:
        known = {each["id"]: each for each in _known_shapes(world)}
        for shape in shapes:
            assert known[shape]["reason"] == reason
            assert [entry["action"] for entry in known[shape]["audit"]] == audit

    return check


# --- embed tokens


def _mint(world: CrashedStack, tokens: list[str]) -> httpx.Response:
    response = world.people.host.post("/embed-tokens", json={"role": "manager", "name": world.name("eve")})
    if response.is_success:
        tokens.append(response.json()["token"])
    return response


def _status_with(world: CrashedStack, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{world.stack.api_url}/undelivered/count", headers=headers, timeout=30).status_code


def _open_the_count(world: CrashedStack, minted: list[list[str]]) -> None:
    assert {_status_with(world, token) for tokens in minted for token in tokens} == {200}


def _embedded(world: CrashedStack) -> Any:
    name = world.name("eve")
    answer = world.people.host.post("/embed-tokens", json={"role": "manager", "name": name})
    return name, answer.json()["token"]


def _revoke(world: CrashedStack, subject: Any) -> httpx.Response:
    return world.people.host.delete("/embed-tokens", params={"name": subject[0]})


def _are_revoked(world: CrashedStack, subjects: list[Any]) -> None:
    world.platform.kill("APIHandler")  # which keeps revocations for a while
    assert {_status_with(world, token) for _, token in subjects} == {401}


# --- webhooks


# --- saved views


def _save_view(world: CrashedStack, view_id: str) -> httpx.Response:
    body = {"name": f"Bounced, {view_id}", "filter": {"status": ["bounced"]}, "last_days": 7}
    return world.people.manager.put(f"/views/{view_id}", json=body)


def _view_ids(world: CrashedStack) -> list[str]:
    return [view["view_id"] for view in world.people.call_api("GET", "/views")["views"]]


def _saved_view(world: CrashedStack) -> str:
    view_id = world.name("view")
    assert _save_view(world, view_id).is_success
    return view_id


def _delete_view(world: CrashedStack, view_id: str) -> httpx.Response:
    return world.people.manager.delete(f"/views/{view_id}")


def _are_views(world: CrashedStack, view_ids: list[str]) -> None:
    """Each is saved once. They are deleted, because an account can have only so many."""
    known = _view_ids(world)
    for view_id in view_ids:
        assert known.count(view_id) == 1
        assert _delete_view(world, view_id).is_success


def _are_no_views(world: CrashedStack, view_ids: list[str]) -> None:
    assert not set(view_ids) & set(_view_ids(world))


def _room_for_a_webhook(world: CrashedStack) -> Any:
    """Return a path for a webhook, and a list for what is added. An account can have few webhooks, so others go."""
    world.remove_webhooks()
    return world.name("added"), []


def _add_webhook(world: CrashedStack, subject: Any) -> httpx.Response:
    path, added = subject
    response = world.people.manager.post("/webhooks", json={"url": f"{world.receiver.url}/{path}"})
    if response.is_success:
        added.append(response.json())
    return response


def _are_added(world: CrashedStack, subjects: list[Any]) -> None:
    """A request without an answer, made again, may add a second webhook. The list shows both, so one can be deleted."""
    present = world.webhooks()
    for path, (added,) in subjects:
        found = [each["webhook_id"] for each in (*world.removed_webhooks, *present) if each["url"].endswith(f"/{path}")]
        assert found[-1] == added["webhook"]["webhook_id"]
        assert len(found) <= 2
    _, (last,) = subjects[-1]
    _is_signed_with(world, last["webhook"]["webhook_id"], last["secret"])


def _is_signed_with(world: CrashedStack, webhook_id: str, *secrets: str) -> None:
    started = world.people.call_api("POST", f"/webhooks/{webhook_id}/test", 202)
    world.platform.settle()
    ((headers, body),) = world.receiver.messages(started["event_id"])
    for secret in secrets:
        assert Verifier(secret).verify(body, headers)["type"] == "undelivered.test"


def _change_webhook(world: CrashedStack, added: Any) -> httpx.Response:
    wanted = {"event_types": ["undelivered.item.opened"]}
    return world.people.manager.patch(f"/webhooks/{added['webhook']['webhook_id']}", json=wanted)


def _are_changed(world: CrashedStack, subjects: list[Any]) -> None:
    for added in subjects:
        webhook = world.people.call_api("GET", f"/webhooks/{added['webhook']['webhook_id']}")
        assert webhook["event_types"] == ["undelivered.item.opened"]
        assert [entry["action"] for entry in webhook["audit"]] == ["create", "change"]


def _delete_webhook(world: CrashedStack, added: Any) -> httpx.Response:
    return world.people.manager.delete(f"/webhooks/{added['webhook']['webhook_id']}")


def _are_deleted(world: CrashedStack, subjects: list[Any]) -> None:
    listed = {webhook["webhook_id"] for webhook in world.webhooks()}
    assert not listed & {added["webhook"]["webhook_id"] for added in subjects}


def _rotate(world: CrashedStack, subject: Any) -> httpx.Response:
    added, secrets = subject
    response = world.people.manager.post(f"/webhooks/{added['webhook']['webhook_id']}/rotate-secret")
    if response.is_success:
        secrets.append(response.json()["secret"])
    return response


def _both_secrets_sign(world: CrashedStack, subjects: list[Any]) -> None:
    for added, (new,) in subjects:
        _is_signed_with(world, added["webhook"]["webhook_id"], added["secret"], new)


def _test_webhook(world: CrashedStack, subject: Any) -> httpx.Response:
    webhook_id, started = subject
    response = world.people.manager.post(f"/webhooks/{webhook_id}/test")
    if response.is_success:
        started.append((response.json()["delivery_id"], response.json()["event_id"]))
    return response


def _tests_arrive(world: CrashedStack, subjects: list[Any]) -> None:
    world.platform.settle()
    world.are_delivered(each for _, (each,) in subjects)


def _replay(world: CrashedStack, delivery: WebhookDelivery) -> httpx.Response:
    path = f"/webhooks/{delivery.webhook_id}/deliveries/{delivery.delivery_id}/replay"
    return world.people.manager.post(path)


def _replay_failed(world: CrashedStack, delivery: WebhookDelivery) -> httpx.Response:
    since = {"since": (delivery.created_at - timedelta(hours=1)).isoformat()}
    return world.people.manager.post(f"/webhooks/{delivery.webhook_id}/replay", json=since)


def _are_replayed(world: CrashedStack, deliveries: list[WebhookDelivery]) -> None:
    world.platform.settle()
    world.are_delivered((each.delivery_id, each.event_id) for each in deliveries)


def _are_all_replayed(world: CrashedStack, deliveries: list[WebhookDelivery]) -> None:
    world.platform.settle()
    # A delivery that a request started and did not queue, because it was killed, is started again after a while.
    world.age_deliveries()
    assert _replay_failed(world, deliveries[0]).is_success
    _are_replayed(world, deliveries)
    assert _replay_failed(world, deliveries[0]).json() == {"started": 0}


# --- setup


def _tests_are_sent_once(world: CrashedStack, subjects: list[Any]) -> None:
    """A request without an answer, made again, sends another test. Each goes to an address of its own, once."""
    world.platform.settle()
    sent = {address: number for address, number in world.sent().items() if address.startswith("bounce+")}
    assert set(sent.values()) == {1}
    assert len(sent) >= len(subjects)


# --- people


@dataclass
class Invited:
    """Somebody who is, or is to be, one of the people of the account."""

    email: str
    person_id: str = ""


def _to_be_invited(world: CrashedStack) -> Invited:
    return Invited(f"{world.name('grace')}@example.com")


def _invited(world: CrashedStack) -> Invited:
    person = _to_be_invited(world)
    person.person_id = world.people.call_api("POST", "/people", 201, json=_invitation(person))["person_id"]
    return person


def _invitation(person: Invited) -> dict[str, str]:
    return {"email": person.email, "role": "viewer"}


def _people(world: CrashedStack) -> dict[str, Any]:
    listed = world.people.call_api("GET", "/people")["people"]
    assert len({each["email"] for each in listed}) == len(listed)
    return {each["email"]: each for each in listed}


def _are_people(role: str) -> Callable[[CrashedStack, list[Any]], None]:
    def check(world: CrashedStack, subjects: list[Any]) -> None:
        people = _people(world)
        assert {people[each.email]["role"] for each in subjects} == {role}

    return check


def _are_gone(world: CrashedStack, subjects: list[Any]) -> None:
    assert not _people(world).keys() & {each.email for each in subjects}


REQUESTS = {
    "POST /notifications": ActingRequest(_new, _hand_over, _sent_once),
    "POST /undelivered/{item_id}/resend": ActingRequest(
        lambda world: (_one(world), uuid4().hex),
        _resend,
        lambda world, subjects: _resent_once(world, [message for message, _ in subjects]),
    ),
    "POST /undelivered/resend": ActingRequest(
        lambda world: [_one(world), _one(world)],
        _resend_all,
        lambda world, subjects: _resent_once(world, [message for messages in subjects for message in messages]),
    ),
    "POST /notifications/{notification_id}/attempts": ActingRequest(
        lambda world: (_one(world), uuid4().hex), _claim_attempt, _are_claimed_once
    ),
    "POST /undelivered/{item_id}/dismiss": ActingRequest(_one, _dismiss, _are("dismissed", ["dismiss"])),
    "POST /undelivered/{item_id}/restore": ActingRequest(_dismissed, _restore, _are("open", ["dismiss", "restore"])),
    "POST /undelivered/{item_id}/text": ActingRequest(
        lambda world: world.next_of(_to_be_texted), _send_as_text, _are_texted_once
    ),
    "POST /undelivered/{item_id}/attachments/{number}/download": ActingRequest(
        lambda world: world.next_of(_with_files), _download, _are_downloaded
    ),
    "PATCH /customers/{customer_id}": ActingRequest(_one_without_address, _correct, _are_ready),
    "PUT /customers/{customer_id}": ActingRequest(_one_without_address, _replace, _are_ready),
    "PUT /customers": ActingRequest(
        lambda world: [_one_without_address(world), _one_without_address(world)],
        _replace_all,
        lambda world, subjects: _are_ready(world, [message for messages in subjects for message in messages]),
    ),
    "PATCH /customers": ActingRequest(
        lambda world: [_one_without_address(world), _one_without_address(world)],
        _correct_all,
        lambda world, subjects: _are_ready(world, [message for messages in subjects for message in messages]),
    ),
    "PUT /customers/{customer_id}/follow-up": ActingRequest(_one, _arrange, _are_arranged),
    "DELETE /customers/{customer_id}": ActingRequest(_one, _erase, _are_erased),
    "POST /customers/{customer_id}/opt-in": ActingRequest(
        _unsubscribed, _opt_in, lambda world, messages: _are_lifted(world, [message.address for message in messages])
    ),
    "PUT /suppressions/{channel}/{address}": ActingRequest(
        _anybody,
        lambda world, address: world.people.manager.put(f"/suppressions/email/{address}", json={"why": "asked"}),
        _are_suppressed("manual"),
    ),
    "PUT /suppressions": ActingRequest(
        lambda world: [_anybody(world), _anybody(world)],
        _suppress_all,
        lambda world, subjects: _are_suppressed("manual")(world, [each for some in subjects for each in some]),
    ),
    "DELETE /suppressions/{channel}/{address}": ActingRequest(_suppressed, _lift, _are_lifted),
    "POST /unsubscribe/{token}": ActingRequest(
        _with_link,
        _unsubscribe,
        lambda world, subjects: _are_suppressed("unsubscribed")(world, [message.address for message, _ in subjects]),
    ),
    "POST /customers/{customer_id}/contact-requests": ActingRequest(
        lambda world: world.next_of(_without_address), _ask, _are_asked_once
    ),
    "POST /customers/{customer_id}/contact-requests/{request_id}/undo": ActingRequest(_corrected, _undo, _are_undone),
    "POST /correct/{token}": ActingRequest(_with_code, _correct_themselves, _are_corrected),
    "POST /exports": ActingRequest(lambda _world: [], _export, _are_exported),
    "POST /attachments": ActingRequest(lambda _world: [], _start_upload, _file_is_sent),
    "POST /embed-tokens": ActingRequest(lambda _world: [], _mint, _open_the_count),
    "DELETE /embed-tokens": ActingRequest(_embedded, _revoke, _are_revoked),
    "PUT /settings": ActingRequest(lambda world: world.days(), _settings, _are_set),
    "PUT /diagnostics/{shape_id}": ActingRequest(
        lambda world: world.next_of(_shapes), _map, _have_reason("mailbox_full", ["map"])
    ),
    "DELETE /diagnostics/{shape_id}": ActingRequest(_mapped, _unmap, _have_reason(None, ["map", "unmap"])),
    "PUT /views/{view_id}": ActingRequest(lambda world: world.name("view"), _save_view, _are_views),
    "DELETE /views/{view_id}": ActingRequest(_saved_view, _delete_view, _are_no_views),
    "POST /setup/test": ActingRequest(
        lambda _world: [], lambda world, _: world.people.manager.post("/setup/test"), _tests_are_sent_once
    ),
    "POST /people": ActingRequest(
        _to_be_invited,
        lambda world, person: world.people.manager.post("/people", json=_invitation(person)),
        _are_people("viewer"),
    ),
    "POST /people/{person_id}/invitation": ActingRequest(
        _invited,
        lambda world, person: world.people.manager.post(f"/people/{person.person_id}/invitation"),
        _are_people("viewer"),
    ),
    "PATCH /people/{person_id}": ActingRequest(
        _invited,
        lambda world, person: world.people.manager.patch(f"/people/{person.person_id}", json={"role": "manager"}),
        _are_people("manager"),
    ),
    "DELETE /people/{person_id}": ActingRequest(
        _invited, lambda world, person: world.people.manager.delete(f"/people/{person.person_id}"), _are_gone
    ),
    "POST /webhooks": ActingRequest(_room_for_a_webhook, _add_webhook, _are_added),
    "PATCH /webhooks/{webhook_id}": ActingRequest(CrashedStack.new_webhook, _change_webhook, _are_changed),
    "DELETE /webhooks/{webhook_id}": ActingRequest(CrashedStack.new_webhook, _delete_webhook, _are_deleted),
    "POST /webhooks/{webhook_id}/rotate-secret": ActingRequest(
        lambda world: (world.new_webhook(), []), _rotate, _both_secrets_sign
    ),
    "POST /webhooks/{webhook_id}/test": ActingRequest(
        lambda world: (world.webhook_id(), []), _test_webhook, _tests_arrive
    ),
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/replay": ActingRequest(
        CrashedStack.failed_delivery, _replay, _are_replayed
    ),
    "POST /webhooks/{webhook_id}/replay": ActingRequest(
        CrashedStack.failed_delivery, _replay_failed, _are_all_replayed
    ),
}
"""A case for each route that changes something: add one here with each new route."""

UNTRIED: dict[str, str] = {}
"""Acting routes without a case, and why."""
