"""One stream record that cannot be read holds up nobody: it is kept with its reason, and the batch goes on."""

import copy
import json
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.items import NOW, an_item, reported, resent
from tests.fakes import (
    FakeAccountStore,
    FakeAnnouncer,
    FakeCustomerStore,
    FakeErasureStore,
    FakeNotificationStore,
    FakeSearchIndex,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered import bootstrap
from undelivered.adapters.dynamodb.item_rows import facts_of, is_erased, item_of, undelivered_row
from undelivered.domain.errors import RetryableError, UnreadableRecordError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, Dismissal
from undelivered.domain.taxonomy import Reason
from undelivered.entrypoints.archive import archive
from undelivered.entrypoints.on_item_changed import on_item_changed
from undelivered.services.archive_items import ArchiveItem
from undelivered.services.on_item_changed import OnItemChanged
from undelivered.services.record_unrecognised import RecordUnrecognised
from undelivered.services.search_index import IndexItems
from undelivered.services.track_repeat_failures import TrackRepeatFailures

CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=256, invoked_function_arn="arn:x", aws_request_id="request-1"
)
OTHERS = [None, True, 7, 1.5, "", "x", [], ["x"], {}, {"S": "x"}, {"N": "1"}, {"S": 7}, {"NULL": True}]
OTHER_TEXTS = ["", "x", "null", "7", "[]", "{}", "[[]]", '[["x"]]']
"""Texts where an attribute holds JSON, a time or a number."""
NEEDED = ["account_id", "entry_key", "class_partition", "recipient", "attempts", "version"]
IMAGES = bootstrap.ItemImages(item_of, is_erased)


class Letters:
    """A dead-letter queue."""

    def __init__(self):
        self.bodies = []

    def send_message(self, QueueUrl, MessageBody):  # noqa: N803 - botocore's names
        assert QueueUrl == "https://dead"
        self.bodies.append(json.loads(MessageBody))


def image(item):
    return undelivered_row(item, facts_of(item), item.version)


def record(kind, number, **images):
    return {
        "eventID": f"{number}",
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "dynamodb": {"SequenceNumber": f"{number}", **images, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }


RETURNED = replace(
    reported(resent(an_item()), Outcome.FAILED, reason=Reason.MAILBOX_FULL),
    dismissal=Dismissal(NOW, "manager", "other"),
    audit=(Audit(NOW, "manager", "dismiss", ""),),
    ready_contact="new@example.com",
)
GOOD = an_item(number=2)
CHANGES = {
    "archive": (
        record("REMOVE", 100, OldImage=image(RETURNED)),
        record("REMOVE", 101, OldImage=image(GOOD)),
    ),
    "on_item_changed": (
        record("MODIFY", 100, OldImage=image(resent(an_item())), NewImage=image(RETURNED)),
        record("INSERT", 101, NewImage=image(GOOD)),
    ),
}


class World:
    """The functions with stores in memory. ``processed`` has the changes that they acted on."""

    def __init__(self, monkeypatch):
        self.letters, self.processed, self.fails = Letters(), [], None
        dead = bootstrap.Queue(self.letters, "https://dead")
        items = FakeUndeliveredStore(clock=lambda: NOW)
        act = OnItemChanged(
            items,
            FakeNotificationStore(clock=lambda: NOW),
            FakeCustomerStore(),
            FakeSuppressionStore(),
            FakeAccountStore(),
            FakeAnnouncer(),
            lambda: NOW,
        )
        ignored = SimpleNamespace(record=lambda *_: None)
        handlers = bootstrap.ItemChangeHandlers(
            self._then(act),
            TrackRepeatFailures(items, ignored, lambda _: ZoneInfo("UTC")),
            RecordUnrecognised(ignored),
            IndexItems(FakeSearchIndex(), FakeErasureStore()),
            lambda *_: None,
            lambda *_: None,
            IMAGES,
            dead,
        )
        keep = self._then(ArchiveItem(items, FakeErasureStore()))
        monkeypatch.setattr(bootstrap, "archiving", lambda: bootstrap.Archiving(keep, IMAGES, dead))
        monkeypatch.setattr(bootstrap, "item_change_handlers", lambda: handlers)

    def _then(self, act):
        def noted(*change, **options):
            if self.fails:
                raise self.fails
            act(*change, **options)
            (item,) = [each for each in change if each][-1:]
            self.processed.append(item.entry_key)

        return noted

    def invoke(self, function, *records, **more):
        event = {"Records": list(records), **more}
        answer = {"archive": archive, "on_item_changed": on_item_changed}[function](event, CONTEXT)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def broken(value, path=()):
    """Yield copies of a value, each with one field missing or of another type, and the path of the field."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), {other: kept for other, kept in value.items() if other != name}
            for place, changed in broken(inner, (*path, name)):
                yield place, {**value, name: changed}
    if path:
        others = [*OTHERS, *OTHER_TEXTS, *broken_json(value)] if isinstance(value, str) else OTHERS
        yield from ((path, copy.deepcopy(other)) for other in others if other != value)


def broken_json(text):
    """Yield copies of a JSON text with one element missing or of another type."""
    if not text.startswith("["):
        return
    for changed in broken_list(json.loads(text)):
        yield json.dumps(changed)


def broken_list(values):
    for place, inner in enumerate(values):
        yield [*values[:place], *values[place + 1 :]]
        others = broken_list(inner) if isinstance(inner, list) else ()
        for other in (*OTHERS, *others):
            yield [*values[:place], other, *values[place + 1 :]]


@pytest.mark.parametrize("function", CHANGES)
def test_a_record_with_any_field_missing_or_of_another_type_is_kept_or_processed_and_the_next_is_processed(
    monkeypatch, function
):
    whole, good = CHANGES[function]
    cases = [*broken(whole), *(((), other) for other in OTHERS)]
    wrong = []
    for path, bad in cases:
        world = World(monkeypatch)
        held = world.invoke(function, bad, good)
        kept = [letter["Records"] for letter in world.letters.bodies]
        sound = not held and kept in ([], [[bad]]) and len(kept) + len(world.processed) == 2
        if not sound or world.processed[-1] != GOOD.entry_key:
            wrong.append((path, bad))

    assert len(cases) > 500
    assert wrong == []


@pytest.mark.parametrize("function", CHANGES)
@pytest.mark.parametrize("name", NEEDED)
def test_a_record_without_a_needed_attribute_is_kept_with_the_reason(world, function, name):
    bad, good = copy.deepcopy(CHANGES[function])
    del bad["dynamodb"]["OldImage"][name]

    assert world.invoke(function, bad, good) == []
    assert world.letters.bodies == [{"unreadable": "KeyError", "Records": [bad]}]
    assert len(world.processed) == 1


@pytest.mark.parametrize(
    ("function", "lost"), [("archive", "OldImage"), ("on_item_changed", "OldImage"), ("on_item_changed", "NewImage")]
)
def test_a_record_without_an_image_of_its_event_is_kept(world, function, lost):
    bad, good = copy.deepcopy(CHANGES[function])
    del bad["dynamodb"][lost]

    assert world.invoke(function, bad, good) == []
    assert [letter["Records"] for letter in world.letters.bodies] == [[bad]]


@pytest.mark.parametrize("function", CHANGES)
def test_a_change_that_fails_still_holds_up_the_changes_behind_it(world, function):
    world.fails = RetryableError("DynamoDB is busy")

    assert world.invoke(function, *CHANGES[function]) == ["100"]
    assert world.letters.bodies == []


@pytest.mark.parametrize("function", CHANGES)
def test_a_change_about_a_stored_record_that_cannot_be_read_is_kept_and_processed_when_it_can(world, function):
    first, second = CHANGES[function]
    world.fails = UnreadableRecordError("a stored record cannot be read")
    held = world.invoke(function, first)
    (letter,) = world.letters.bodies
    again = world.invoke(function, *letter["Records"], unreadable=letter["unreadable"])
    world.fails = None

    assert (held, again, len(world.letters.bodies)) == ([], ["100"], 1)
    assert world.invoke(function, second) == []
    assert world.invoke(function, *letter["Records"], unreadable=letter["unreadable"]) == []
    assert len(world.processed) == 2


@pytest.mark.parametrize("function", CHANGES)
def test_a_record_that_cannot_be_kept_is_held(world, function):
    bad, good = copy.deepcopy(CHANGES[function])
    bad["eventName"] = "OTHER"

    def refuse(**_):
        raise RetryableError("SQS is busy")

    world.letters.send_message = refuse

    assert world.invoke(function, bad, good) == ["100"]
    assert world.processed == []


@pytest.mark.parametrize("function", CHANGES)
def test_a_kept_record_is_processed_when_it_can_be_read_and_else_not_kept_twice(world, function):
    bad, _ = copy.deepcopy(CHANGES[function])
    version = bad["dynamodb"]["OldImage"].pop("version")
    world.invoke(function, bad)
    (letter,) = world.letters.bodies

    assert world.invoke(function, *letter["Records"], unreadable=letter["unreadable"]) == ["100"]
    assert len(world.letters.bodies) == 1
    letter["Records"][0]["dynamodb"]["OldImage"]["version"] = version
    assert world.invoke(function, *letter["Records"], unreadable=letter["unreadable"]) == []
    assert len(world.processed) == 1


def test_the_reason_has_no_value_of_the_record(world):
    bad, good = copy.deepcopy(CHANGES["archive"])
    bad["dynamodb"]["OldImage"]["version"] = {"N": "Grace Hopper"}

    world.invoke("archive", bad, good)

    assert world.letters.bodies == [{"unreadable": "ValueError", "Records": [bad]}]
