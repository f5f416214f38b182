"""Functions are killed between each two of their calls of AWS, and each call is throttled once.

Whatever happens: nothing is lost, nothing is sent twice, the count is exact, and nothing waits for ever.
"""

import contextlib
import csv
import json
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError

from infrastructure.local.deployment import DEFAULT_ACCOUNT
from infrastructure.local.stack import LocalStack
from tests.stack.acting import this_hour
from tests.stack.acting_requests import REQUESTS, UNTRIED, asked_by_text
from tests.stack.crashed import CRASH_POINTS, CrashedStack, Message
from tests.stack.lambda_platform import FunctionFailedError
from undelivered.entrypoints.http.routes import ROUTES

EXPORTED = {"status": "bounced", "from": "2020-01-01"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with (
        LocalStack.start(state_dir=tmp_path_factory.mktemp("crashed"), empty=True) as stack,
        CrashedStack.on(stack) as crashed,
    ):
        yield crashed


@pytest.fixture(autouse=True)
def count_is_exact(world):
    yield
    world.platform.settle()
    world.remove_webhooks()
    dead, world.platform.dead_letters = world.platform.dead_letters, []
    assert dead == []
    world.counts_are_exact()


@pytest.fixture
def note(record_property):
    """Keep what was tried on a function, and how often one message was sent at most, for the report of the tests."""

    def keep(function, tried, sent=()):
        record_property(CRASH_POINTS, (function, tried.killed, tried.throttled, max([0, *sent])))

    return keep


def test_events_are_recorded_once(world, note):
    def fresh():
        names = [world.name("c") for _ in range(3)]
        for name, situation in zip(names, ("unknown-user", "mailbox-full", "complaint"), strict=True):
            world.publish(situation, world.a_mail(f"n-{name}", name, world.people.mailbox("anybody", name)))
        return names, world.platform.queued("IngestFeedback")

    def act(subject):
        world.platform.deliver("IngestFeedback", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("IngestFeedback", fresh, act)

    note("IngestFeedback", tried)
    items = world.items()
    suppressed = {row["address_key"]["S"].partition("#")[2] for row in world.scan("suppressions")}
    for names, _ in subjects:
        assert [len(items.get(f"n-{name}", [])) for name in names] == [1, 1, 1]
        assert [world.people.mailbox("anybody", name) in suppressed for name in names] == [True, False, True]


def test_delivery_statuses_of_texts_are_recorded_once(world, note):
    subjects, tried = world.try_everywhere(
        "IngestSmsLogs",
        lambda: str(uuid4()),
        lambda message_id: world.platform.deliver("IngestSmsLogs", world.sms_log(message_id, "+12065550141")),
    )

    note("IngestSmsLogs", tried)
    items = world.items()
    assert [len(items.get(message_id, [])) for message_id in subjects] == [1] * len(subjects)


@pytest.mark.parametrize("mailbox", ["fine", "unknown-user"])
def test_a_first_send_is_made_once_at_most_and_shown_if_it_may_not_have_been(world, note, mailbox):
    def fresh():
        (message,) = world.handed_over(1, mailbox)
        return message, world.platform.queued("SendNotifications")

    def act(subject):
        world.platform.deliver("SendNotifications", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("SendNotifications", fresh, act)

    messages = [message for message, _ in subjects]
    sent = world.sent()
    note("SendNotifications", tried, [sent[message.address] for message in messages])
    if mailbox != "fine":
        bounced = {message.notification_id for message in messages if sent[message.address]}
        world.eventually(lambda: bounced <= world.items().keys(), "not all of them bounced")
    world.let_time_pass()
    items = world.items()
    shown = Counter()
    for message in messages:
        assert sent[message.address] <= 1
        reasons = [item["reason"] for item in items.get(message.notification_id, [])]
        known = world.people.call_api("GET", f"/notifications/{message.notification_id}")
        shown[sent[message.address], tuple(reasons), known["attempts"][0]["outcome"]] += 1
    if mailbox == "fine":
        # Either it was sent and is known to be, or the report says that it may not have been.
        assert shown.keys() <= {
            (1, (), "sent"),
            (0, ("sending_interrupted",), "interrupted"),
            (1, ("sending_interrupted",), "interrupted"),
        }
    else:
        assert {len(reasons) for _, reasons, _ in shown} == {1}


def test_a_first_text_is_sent_once_at_most(world, note):
    numbers = world.phones()

    def fresh():
        (message,) = world.handed_over(1, next(numbers), "sms")
        return message, world.platform.queued("SendNotifications")

    def act(subject):
        world.platform.deliver("SendNotifications", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("SendNotifications", fresh, act)

    messages = [message for message, _ in subjects]
    sent = world.sent()
    note("SendNotifications", tried, [sent[message.address] for message in messages])
    # The log entry of a text that was sent without a record is passed on again until the record is no longer awaited.
    world.age_claims()
    for message in messages:
        for message_id in world.texts(message.address):
            world.platform.deliver("IngestSmsLogs", world.sms_log(message_id, message.address))
    world.let_time_pass()
    shown = Counter()
    by_recipient = Counter(item["recipient"] for item in world.report())
    for message in messages:
        known = world.people.call_api("GET", f"/notifications/{message.notification_id}")
        shown[sent[message.address], by_recipient[message.address], known["attempts"][0]["outcome"]] += 1
    assert {(number, items) for number, items, _ in shown} <= {(1, 1), (0, 1)}


def test_a_resend_is_made_once_at_most_and_comes_to_an_end(world, note):
    waiting = []

    def fresh():
        if not waiting:
            messages = world.undelivered(12)
            by_item = {message.item["id"]: message for message in messages}
            world.people.call_api("POST", "/undelivered/resend", 202, json={"ids": list(by_item)})
            by_notification = {message.notification_id: message for message in messages}
            waiting.extend(
                (by_notification[json.loads(record["body"])["notification_id"]], [record])
                for record in world.platform.queued("ProcessResends")
            )
        return waiting.pop()

    def act(subject):
        world.platform.deliver("ProcessResends", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("ProcessResends", fresh, act)

    messages = [message for message, _ in [*subjects, *waiting]]
    for _, records in waiting:
        world.platform.deliver("ProcessResends", {"Records": records})
    sent = world.sent()
    note("ProcessResends", tried, [sent[message.address] for message in messages])

    def state(message):
        return world.people.page(message.item)["state"]

    world.eventually(
        lambda: all(state(message) == "resolved" for message in messages if sent[message.address]), "not all arrived"
    )
    world.let_time_pass()
    ends = {(sent[message.address], state(message), world.people.page(message.item)["reason"]) for message in messages}
    assert ends <= {(1, "resolved", "mailbox_full"), (0, "open", "sending_interrupted")}
    assert len(ends) == 2


def test_what_cleanup_does_is_done_once(world, note):
    def fresh():
        due = datetime.now(UTC) + timedelta(seconds=3)
        expiring = world.name("c")
        address = world.people.mailbox("fine", expiring)
        world.publish(
            "mailbox-full", world.a_mail(f"n-{expiring}", expiring, address, due - timedelta(days=30, seconds=-1))
        )
        broken, *others = world.handed_over(1, "fine") + world.undelivered(3, mailbox="silent")
        world.claim(broken)
        lost, silent, erased = others
        for message in (lost, silent):
            world.people.resend(message.item)
        records = world.platform.queued("ProcessResends")
        kept = [record for record in records if json.loads(record["body"])["notification_id"] == silent.notification_id]
        world.platform.deliver("ProcessResends", {"Records": kept})
        world.people.call_api("DELETE", f"/customers/{erased.customer}", 202)
        world.age_erasures()
        world.end_grace()
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        return expiring, broken, lost, silent, erased

    subjects, tried = world.try_everywhere("Cleanup", fresh, lambda _: world.platform.deliver("Cleanup", {}))

    world.platform.settle()
    world.let_time_pass()
    sent, items, stored = world.sent(), world.items(), world.everything_stored()
    note("Cleanup", tried, [sent[message.address] for _, *messages in subjects for message in messages])
    for expiring, broken, lost, silent, erased in subjects:
        assert [item["state"] for item in items[f"n-{expiring}"]] == ["expired"]
        assert [item["reason"] for item in items[broken.notification_id]] == ["sending_interrupted"]
        assert [sent[message.address] for message in (broken, lost, silent)] == [0, 1, 1]
        assert world.people.page(silent.item)["state"] == world.people.page(lost.item)["state"] == "resolved"
        assert [row for row in stored if erased.customer in row or erased.address in row] == []


def test_a_failure_of_a_send_that_is_shown_as_interrupted_is_shown_on_the_same_item(world):
    mail, text = world.handed_over(1, "anybody") + world.handed_over(1, next(world.phones()), "sms")
    world.platform.queued("SendNotifications")
    for message in (mail, text):
        world.claim(message)
    world.let_time_pass()
    shown = [item for message in (mail, text) for item in world.report(customer_id=message.customer)]
    assert [item["reason"] for item in shown] == ["sending_interrupted"] * 2

    sent_at = datetime.fromisoformat(shown[1]["sent_at"]) + timedelta(seconds=1)
    for _ in range(2):
        world.publish("unknown-user", world.a_mail(mail.notification_id, mail.customer, mail.address, sent_at))
        world.platform.deliver("IngestSmsLogs", world.sms_log(f"id-{text.customer}", text.address, sent_at))
        world.platform.settle()

    (bounced,), (failed,) = world.report(customer_id=mail.customer), world.report(customer_id=text.customer)
    assert (bounced["state"], bounced["reason"]) == ("open", "address_not_found")
    assert (failed["state"], failed["notification_id"]) == ("open", text.notification_id)
    assert failed["reason"] != "sending_interrupted"


def test_a_digest_is_sent_once_at_most(world, note):
    (message,) = world.undelivered(1, "unknown-user", "anybody")
    world.people.call_api(
        "PATCH", f"/customers/{message.customer}", json={"email": world.people.mailbox("fine", message.customer)}
    )

    def fresh():
        boss = world.people.mailbox("fine", world.name("boss"))
        wanted = {"recipients": [boss], "days": list(range(7)), "hour": this_hour()}
        world.people.call_api("PUT", "/settings", json={"digest": wanted})
        world.platform.kill("SendDigests")  # which keeps settings for a while
        return boss

    subjects, tried = world.try_everywhere("SendDigests", fresh, lambda _: world.platform.deliver("SendDigests", {}))

    world.people.call_api("PUT", "/settings", json={})
    world.let_time_pass()
    sent = world.sent()
    note("SendDigests", tried, [sent[boss] for boss in subjects])
    outcomes = {
        json.loads(row["body"]["S"])[0]: row["outcome"]["S"] for row in world.scan("notifications") if "outcome" in row
    }
    ends = {(sent[boss], outcomes[boss]) for boss in subjects}
    assert ends <= {(1, "sent"), (0, "interrupted"), (1, "interrupted")}
    assert (1, "sent") in ends


def test_what_others_put_on_the_list_of_ses_is_found_once(world, note):
    world.undelivered(1)  # so that there is an account

    def fresh():
        customer = world.name("c")
        message = Message(f"n-{customer}", customer, world.people.mailbox("anybody", customer))
        world.save_customers([message])
        world.ses().put_suppressed_destination(EmailAddress=message.address, Reason="BOUNCE")
        return message.address

    subjects, tried = world.try_everywhere(
        "SyncSuppressions", fresh, lambda _: world.platform.deliver("SyncSuppressions", {})
    )

    note("SyncSuppressions", tried)
    for address in subjects:
        found = world.people.suppression("email", address).json()
        assert (found["active"], found["reason"], len(found["audit"])) == (True, "bounce", 1)


def test_an_export_comes_to_an_end_and_has_every_row_once(world, note):
    world.undelivered(3)
    rows = len(world.report(**EXPORTED))

    def fresh():
        asked = world.people.call_api("POST", "/exports", 202, json={"format": "csv", "filter": EXPORTED})
        return asked["export_id"], world.platform.pending("ExportReport")

    def act(subject):
        for event in subject[1]:
            world.platform.deliver("ExportReport", event)
        world.platform.settle()

    subjects, tried = world.try_everywhere("ExportReport", fresh, act)

    note("ExportReport", tried)
    for export_id, _ in subjects:
        export = world.people.call_api("GET", f"/exports/{export_id}")
        assert (export["state"], export["rows"]) == ("done", rows)
        file = httpx.get(**world.past_the_wire(export["url"]), timeout=60).raise_for_status()
        lines = list(csv.reader(StringIO(file.text)))
        assert len(lines) == len({str(line) for line in lines}) == 1 + rows


def test_items_that_dynamodb_removes_are_archived_and_taken_off_the_count_once(world, note):
    by_ttl = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

    def fresh():
        (message,) = world.undelivered(1)
        world.remove(message)
        return message, [{**record, "userIdentity": by_ttl} for record in world.platform.changes("Archive")]

    def act(subject):
        world.platform.deliver("Archive", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("Archive", fresh, act)

    note("Archive", tried)
    kept = Counter(row["notification_id"]["S"] for row in world.scan("history") if "notification_id" in row)
    assert {kept[message.notification_id] for message, _ in subjects} == {1}


def test_changes_of_items_are_announced_at_least_once_and_always_as_the_same_event(world, note):
    announced = world.subscribed()
    world.new_webhook()

    def fresh():
        (message,) = world.handed_over(1, "fine")
        world.platform.queued("SendNotifications")
        world.publish("mailbox-full", world.a_mail(message.notification_id, message.customer, message.address))
        world.platform.deliver("IngestFeedback", {"Records": world.platform.queued("IngestFeedback")})
        return message, world.platform.changes("OnItemChanged")

    def act(subject):
        world.platform.deliver("OnItemChanged", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("OnItemChanged", fresh, act)

    note("OnItemChanged", tried)
    opened = defaultdict(list)
    for event in announced():
        if event["type"] == "undelivered.item.opened":
            opened[event["item_id"]].append(event["event_id"])
    items = world.items()
    assert {len(set(opened[item["id"]])) for message, _ in subjects for item in items[message.notification_id]} == {1}
    assert max(len(events) for events in opened.values()) > 1
    world.platform.settle()
    for item in (item for message, _ in subjects for item in items[message.notification_id]):
        messages = [headers["webhook-id"] for headers, body in world.receiver.messages(item["id"]) if "opened" in body]
        assert set(messages) == set(opened[item["id"]])


def test_a_reply_with_an_address_gets_one_code_and_one_answer(world, note):
    def fresh():
        message, phone = asked_by_text(world)
        address = world.people.mailbox("success", message.customer)
        world.people.reply(phone, f"Please use {address}", answers=world.texts(phone)[-1])
        return address, phone, world.platform.queued("ReadReplies")

    def act(subject):
        world.platform.deliver("ReadReplies", {"Records": subject[2]})

    subjects, tried = world.try_everywhere("ReadReplies", fresh, act)
    world.platform.settle()

    sent = world.sent()
    note("ReadReplies", tried, [sent[address] for address, _, _ in subjects])
    assert {sent[address] for address, _, _ in subjects} == {1}
    assert {len(world.texts(phone)) for _, phone, _ in subjects} == {2}


def test_stop_and_start_are_carried_out(world, note):
    """Of numbers that SNS has on its list, so that they can be opted in only once."""
    numbers = (f"+1{area}5550154" for area in (301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316))

    def fresh():
        phone, customer = next(numbers), world.name("c")
        world.people.call_api("PUT", f"/customers/{customer}", json={"name": customer, "phone": phone})
        with contextlib.suppress(ClientError):
            world.stack.client("sns").publish(PhoneNumber=phone, Message="SNS refuses this")
        for text in ("STOP", "START"):
            world.people.reply(phone, text)
        return phone, customer, world.platform.queued("ReadReplies")

    def act(subject):
        world.platform.deliver("ReadReplies", {"Records": subject[2]})

    subjects, tried = world.try_everywhere("ReadReplies", fresh, act)

    note("ReadReplies", tried)
    for phone, customer, _ in subjects:
        assert not world.people.suppression("sms", phone).json()["active"]
        assert len(world.people.call_api("GET", f"/customers/{customer}")["consents"]) == 1


@pytest.mark.parametrize("first_status", [204, 503])
def test_an_event_reaches_a_webhook_at_least_once_and_always_as_the_same_message(world, note, first_status):
    webhook_id = world.webhook_id()

    def fresh():
        world.receiver.statuses = [first_status]
        started = world.people.call_api("POST", f"/webhooks/{webhook_id}/test", 202)
        return started, world.platform.queued("DeliverWebhooks")

    def act(subject):
        world.platform.deliver("DeliverWebhooks", {"Records": subject[1]})

    subjects, tried = world.try_everywhere("DeliverWebhooks", fresh, act)
    # And killed after the endpoint has the message, before the log knows. Another one may be tried again first.
    subjects.append(fresh())
    event_id = subjects[-1][0]["event_id"]
    world.receiver.on_message = lambda: world.receiver.messages(event_id) and world.platform.kill("DeliverWebhooks")
    with pytest.raises(FunctionFailedError):
        world.platform.invoke("DeliverWebhooks", {"Records": subjects[-1][1]})
    world.receiver.on_message = lambda: None
    act(subjects[-1])

    note("DeliverWebhooks", tried)
    started = [(each["delivery_id"], each["event_id"]) for each, _ in subjects]

    def all_are_delivered():
        log = world.people.call_api("GET", f"/webhooks/{webhook_id}/deliveries", params={"limit": 200})["items"]
        return {each for each, _ in started} <= {each["delivery_id"] for each in log if each["state"] == "delivered"}

    world.eventually(all_are_delivered, "not all of them are delivered")
    world.are_delivered(started)
    assert len(world.receiver.messages(event_id)) > 1


def test_a_person_is_invited_once_and_removed_however_often_the_function_of_people_is_interrupted(world, note):
    caller = world.people.call_api("GET", "/people")["people"]
    manager = next(each for each in caller if each["is_you"])

    def ask(operation, **more):
        request = {
            "operation": operation,
            "account_id": DEFAULT_ACCOUNT,
            "caller": {"person_id": manager["person_id"], "name": "crash"},
            **more,
        }
        for _ in range(4):
            try:
                answer = world.platform.invoke("ManagePeople", request)
            except FunctionFailedError:
                continue
            if (answer["failure"] or {}).get("kind") != "busy":
                return answer
        raise AssertionError(answer)

    def invite_and_remove(email):
        ask("invite", email=email, role="viewer")
        person = next(each for each in ask("find_all")["people"] if each["email"] == email)
        ask("change_role", person_id=person["person_id"], role="manager")
        ask("remove", person_id=person["person_id"])

    emails, tried = world.try_everywhere("ManagePeople", lambda: f"{world.name('ada')}@example.com", invite_and_remove)

    note("ManagePeople", tried)
    left = {each["email"] for each in ask("find_all")["people"]}
    pool = world.stack.outputs["UserPoolId"]
    pages = world.stack.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=pool)
    users = {a["Value"] for page in pages for user in page["Users"] for a in user["Attributes"] if a["Name"] == "email"}
    assert not (left | users) & set(emails)


def test_every_acting_route_is_tried():
    acting = {f"{route.method} {route.path}" for route in ROUTES if route.method != "GET"}

    assert acting == REQUESTS.keys() | UNTRIED.keys()
    assert not REQUESTS.keys() & UNTRIED.keys()


@pytest.mark.parametrize("route", REQUESTS)
def test_a_request_made_again_does_its_work_once(world, note, route):
    case = REQUESTS[route]

    def act(subject):
        for _ in range(4):
            answer = case.request(world, subject)
            if not (answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS):
                return
        raise AssertionError(answer.text)

    subjects, tried = world.try_everywhere("APIHandler", lambda: case.fresh(world), act)

    note("APIHandler", tried)
    case.check(world, subjects)


def test_every_function_of_the_template_is_tried(world):
    tried = re.findall(r'try_everywhere\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8"))

    assert world.platform.functions.keys() == set(tried)


def test_the_counters_agree_with_a_recount_of_all_items(world):
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "reconcile", "--json"]
    done = subprocess.run(
        [*command, "--state-dir", str(world.stack.state_dir)], check=False, capture_output=True, text=True, timeout=300
    )

    answer = json.loads(done.stdout)
    assert answer["wrong"] == answer["busy"] == []
    assert answer["counters"] > 0
