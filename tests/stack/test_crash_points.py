"""Functions are killed between each two of their calls of AWS, and each call is throttled once.

Whatever happens: nothing is lost, nothing is sent twice, the count is exact, and nothing waits for ever.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

import pytest

from infrastructure.local.stack import LocalStack
from tests.stack.acting_requests import REQUESTS
from tests.stack.crashed import CRASH_POINTS, CrashedStack
from tests.stack.lambda_platform import writes

EXPORTED = {"status": "bounced", "from": "2020-01-01"}
TRIED = set()


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
    dead, world.platform.dead_letters = world.platform.dead_letters, []
    assert dead == []
    world.counts_are_exact()


@pytest.fixture
def note(record_property):
    """Keep what was tried on a function, and how often one message was sent at most, for the report of the tests."""

    def keep(function, tried, sent=()):
        TRIED.add(function)
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

    subjects, tried = world.try_everywhere("SendNotifications", fresh, act, after=writes)

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


def test_a_digest_is_sent_once_at_most(world, note):
    (message,) = world.undelivered(1, "unknown-user", "anybody")
    world.people.call_api(
        "PATCH", f"/customers/{message.customer}", json={"email": world.people.mailbox("fine", message.customer)}
    )

    def fresh():
        boss = world.people.mailbox("fine", world.name("boss"))
        wanted = {"recipients": [boss], "days": list(range(7)), "hour": datetime.now(UTC).hour}
        world.people.call_api("PUT", "/settings", json={"digest": wanted})
        world.platform.kill("SendDigests")  # which keeps settings for a while
        return boss

    subjects, tried = world.try_everywhere(
        "SendDigests", fresh, lambda _: world.platform.deliver("SendDigests", {}), after=writes
    )

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
    kept = Counter(row["notification_id"]["S"] for row in world.scan("history"))
    assert {kept[message.notification_id] for message, _ in subjects} == {1}


def test_changes_of_items_are_announced_at_least_once_and_always_as_the_same_event(world, note):
    announced = world.subscribed()

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


@pytest.mark.parametrize("route", REQUESTS)
def test_a_request_made_again_does_its_work_once(world, note, route):
    case = REQUESTS[route]

    def act(subject):
        for _ in range(4):
            answer = case.request(world, subject)
            if not (answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS):
                return
        raise AssertionError(answer.text)

    subjects, tried = world.try_everywhere("APIHandler", lambda: case.fresh(world), act, after=writes)

    note("APIHandler", tried)
    case.check(world, subjects)


def test_the_counters_agree_with_a_recount_of_all_items(world):
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "reconcile", "--json"]
    done = subprocess.run(
        [*command, "--state-dir", str(world.stack.state_dir)], check=False, capture_output=True, text=True, timeout=300
    )

    answer = json.loads(done.stdout)
    assert answer["wrong"] == answer["busy"] == []
    assert answer["counters"] > 0
