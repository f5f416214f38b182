"""Every call to the outside is cut in turn, before and after it took effect: nothing is lost, nothing is done twice."""

from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification
from tests.contract.worlds import in_memory, on_moto
from tests.fakes import (
    FakeAccountMappings,
    FakeAttachmentFiles,
    FakeHashes,
    FakeProviderSuppressions,
    FakeQueue,
    FakeSender,
    FakeShapeMappingStore,
    FakeSigningKeys,
)
from undelivered.domain.errors import RefusedError, RetryableError
from undelivered.domain.item import State
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.cleanup import CleanUp
from undelivered.services.ports import SendJob
from undelivered.services.record_feedback import RecordFeedback
from undelivered.services.request_resend import RequestResend
from undelivered.services.send_message import SendMessage
from undelivered.services.sender_rule import SenderRule

BEFORE, AFTER = "before", "after"


class Cut(Exception):  # noqa: N818 - it is the cut itself
    """The process died, or the answer was lost."""


class Scissors:
    """Wraps ports and cuts the n-th call made through any of them."""

    def __init__(self, at, moment, error=Cut):
        self.calls, self.at, self.moment, self.error = 0, at, moment, error
        self.happened = False

    def wrap(self, port):
        return _Wrapped(port, self)

    def call(self, method, *args, **named):
        self.calls += 1
        cut = self.calls == self.at
        self.happened |= cut
        if cut and self.moment == BEFORE:
            raise self.error("cut before")
        result = method(*args, **named)
        if cut:
            raise self.error("cut after")
        return result


class _Wrapped:
    def __init__(self, port, scissors):
        self._port, self._scissors = port, scissors

    def __getattr__(self, name):
        method = getattr(self._port, name)
        return lambda *args, **named: self._scissors.call(method, *args, **named)


class Case:
    """The use cases of sending on a world whose every port can be cut."""

    def __init__(self, world, scissors):
        self.world, self.mail, self.queue = world, FakeSender(), FakeQueue()
        wrap = scissors.wrap
        stores = {
            "undelivered": wrap(world.undelivered),
            "notifications": wrap(world.notifications),
            "customers": wrap(world.customers),
        }
        suppressions = wrap(world.suppressions)
        self.send_message = SendMessage(
            **stores,
            suppressions=suppressions,
            erasures=wrap(world.erasures),
            accounts=wrap(world.accounts),
            senders={Channel.EMAIL: wrap(self.mail)},
            sender_rule=SenderRule(FakeAccountMappings(), ACCOUNT, "us@example.com"),
            keys=FakeSigningKeys(),
            public_url="https://api.example.com",
            clock=world.clock,
        )
        self.provider = FakeProviderSuppressions()
        self.resend = RequestResend(
            **stores,
            suppressions=suppressions,
            accounts=wrap(world.accounts),
            resends=wrap(self.queue),
            provider=lambda: wrap(self.provider),
            files=FakeAttachmentFiles,
            clock=world.clock,
        )
        self.record = RecordFeedback(
            **stores,
            suppressions=suppressions,
            erasures=wrap(world.erasures),
            hashes=FakeHashes(),
            shape_mappings=FakeShapeMappingStore(),
            accounts=message_accounts(),
            clock=world.clock,
        )
        self.clean_up = CleanUp(
            undelivered=world.undelivered,
            notifications=world.notifications,
            customers=world.customers,
            accounts=world.accounts,
            resends=self.queue,
            attachments=FakeAttachmentFiles(),
            clock=world.clock,
        )

    def carry_out(self, order):
        """Do as the queue does: once more after whatever went wrong."""
        for _ in range(2):
            with suppress(Cut):
                self.send_message(order)

    def items(self):
        return self.world.undelivered.live_items_of_customer(ACCOUNT, "c-1")


def a_world(scissors, world):
    world.customers.save(a_customer())
    world.notifications.add(a_notification())
    world.accounts.settings(ACCOUNT)
    return Case(world, scissors)


def every_cut(run, moments=(BEFORE, AFTER), errors=(Cut,)):
    """Run with the first call cut, then the second, … until a run goes through whole; return how many were cut."""
    for at in count(1):
        happened = False
        for moment in moments:
            for error in errors:
                scissors = Scissors(at, moment, error)
                run(scissors)
                happened |= scissors.happened
        if not happened:
            return at - 1
    return None


def test_a_first_send_is_made_at_most_once_and_never_forgotten():
    def run(scissors):
        with in_memory() as world:
            case = a_world(scissors, world)
            case.carry_out(SendJob(ACCOUNT, "n-1", 1))
            world.clock.now += timedelta(minutes=20)
            case.clean_up(lambda: True)

            assert len(case.mail.sent) <= 1
            recorded = [attempt.outcome for attempt in world.notifications.attempts(ACCOUNT, "n-1")]
            shown = [item.classification.reason for item in case.items()]
            # Either it is known to be sent, or the report shows that it was interrupted.
            assert (recorded, shown) in (
                (["sent"], []),
                (["interrupted"], [Reason.SENDING_INTERRUPTED]),
            )

    assert every_cut(run) >= 6


def test_a_resend_is_made_at_most_once_and_always_comes_to_an_end():
    def run(scissors):
        with in_memory() as world:
            case = a_world(Scissors(0, BEFORE), world)
            case.record([[a_failure(Reason.MAILBOX_FULL, customer_id="c-1", notification_id="n-1")]])
            (item,) = case.items()
            case = Case(world, scissors)
            for _ in range(2):
                with suppress(Cut, RefusedError):
                    case.resend(ACCOUNT, item.entry_key, by="manager")
            for _ in range(3):
                for order in list(case.queue.orders):
                    case.carry_out(order)
                world.clock.now += timedelta(minutes=20)
                case.clean_up(lambda: True)
            world.clock.now += timedelta(hours=17)
            case.clean_up(lambda: True)

            now = world.undelivered.find(ACCOUNT, item.entry_key)
            assert len(case.mail.sent) <= 1
            assert now.state in {State.RESOLVED, State.OPEN}
            if now.state is State.RESOLVED:
                assert len(case.mail.sent) == 1

    assert every_cut(run) >= 10


EVENTS = [
    [a_failure(Reason.MAILBOX_DISABLED, message_id="m-1", recipient="one@example.com")],
    [a_failure(Reason.MAILBOX_FULL, message_id="m-2", recipient="two@example.com")],
    [a_failure(Reason.COMPLAINT, message_id="m-1", recipient="one@example.com")],
    [a_failure(Reason.ADDRESS_NOT_FOUND, message_id="m-3", recipient="three@example.com")],
]


@pytest.mark.parametrize("ground", [in_memory, on_moto], ids=["memory", "moto"])
def test_a_batch_cut_anywhere_and_delivered_again_is_recorded_once_and_whole(ground):
    def run(scissors):
        with ground() as world:
            case = a_world(scissors, world)
            for batch in (EVENTS[:2], EVENTS[2:]):
                for _ in range(3):
                    with suppress(Cut):
                        case.record(batch)

            assert world.reports.count(ACCOUNT, NOW).total == 3
            assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "one@example.com").reason == "complaint"
            assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "two@example.com") is None
            assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "three@example.com").active

    assert every_cut(run, errors=(Cut,)) >= 3


def test_a_store_that_throttles_makes_only_the_messages_in_question_come_again():
    def run(scissors):
        with in_memory() as world:
            case = a_world(scissors, world)
            for batch in (EVENTS[:2], EVENTS):
                failed = case.record(batch)
                failed = case.record([batch[index] for index in failed])
                assert case.record([batch[index] for index in failed]) == {}

            assert world.reports.count(ACCOUNT, NOW).total == 3

    assert every_cut(run, errors=(RetryableError,)) >= 2
