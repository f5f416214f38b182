"""One contract for every store: the same sentences hold in memory, on moto and on DynamoDB Local."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import (
    ACCOUNT,
    NOW,
    a_customer,
    a_notification,
    a_suppression,
    an_attempt,
    an_item,
    reported,
    resent,
)
from tests.contract.worlds import BACKENDS, classes
from undelivered.adapters.dynamodb import customer_store
from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.account_settings import AccountSettings, Category, DigestSettings, GraceSettings
from undelivered.domain.customer import Consent, FollowUp, RecordedConsent, customer_search
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, Dismissal, State
from undelivered.domain.lifecycle import settles_at
from undelivered.domain.notification import SendOutcome
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Kind, Reason, Status
from undelivered.domain.work import Work
from undelivered.services.ports import NewEntry

EVERY_STATE = frozenset(State)
MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
EVER = Period(NOW - timedelta(days=400), NOW + timedelta(days=1))


@pytest.fixture(params=BACKENDS)
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        yield made


def put(world, *items):
    """Store items as they are, whatever their state."""
    for item in items:
        world.undelivered.save(None, item)
    return [world.undelivered.find(item.account_id, item.entry_key) for item in items]


def keys(items):
    return [item.entry_key for item in items]


def count(world, now=NOW):
    return world.reports.count(ACCOUNT, now)


def page(world, limit=50, after=None, now=NOW, **changes):
    return world.reports.page(ACCOUNT, ReportFilter(**{"period": MONTH, **changes}), limit, after, now)


# --- items -----------------------------------------------------------------------------------------------------


def test_a_new_item_is_found_as_it_was_written(world):
    item = replace(
        an_item(diagnostic="550 5.1.1 недоступен 宛先不明"),
        ready_contact="ada@new.example",
        dismissal=Dismissal(NOW, "m@example.com", "moved away", restored=True),
        audit=(Audit(NOW, "m@example.com", "dismiss", "moved away"),),
    )
    item = resent(item, to="ada@newer.example")

    assert world.undelivered.add_new([NewEntry(item)]) == []

    assert world.undelivered.find(ACCOUNT, item.entry_key) == replace(item, version=1)


def test_an_unusual_judgement_is_kept_whole(world):
    hardened = an_item(Reason.UNDETERMINED, kind=Kind.HARD)

    put(world, hardened)

    assert world.undelivered.find(ACCOUNT, hardened.entry_key).classification == hardened.classification


def test_the_time_sent_is_kept_to_the_second(world):
    item = an_item(sent_at=NOW - timedelta(days=2, milliseconds=-750))

    [found] = put(world, item)

    assert found.sent_at == NOW - timedelta(days=2)


def test_half_a_surrogate_pair_does_not_keep_an_item_out(world):
    [found] = put(world, an_item(title="Rent \ud83d", diagnostic="550 \udce4"))

    assert found.title.startswith("Rent ")


def test_an_unknown_item_is_not_found(world):
    assert world.undelivered.find(ACCOUNT, an_item().entry_key) is None


def test_another_accounts_item_is_not_found(world):
    [item] = put(world, an_item())

    assert world.undelivered.find("acc-2", item.entry_key) is None


def test_an_item_keeps_a_number_that_cannot_be_normalised(world):
    item = an_item(channel=Channel.SMS, recipient="", written="+1XXX5550100", customer_id="")

    assert world.undelivered.add_new([NewEntry(item)]) == []

    assert world.undelivered.find(ACCOUNT, item.entry_key) == replace(item, version=1)
    assert [each.failure.to for each in page(world, search="xxx555").items] == ["+1XXX5550100"]


def test_items_that_are_there_already_come_back_and_the_others_are_written(world):
    known, new = an_item(number=1), an_item(number=2)
    world.undelivered.add_new([NewEntry(known)])

    refused = world.undelivered.add_new([NewEntry(known), NewEntry(new)])

    assert keys(entry.item for entry in refused) == [known.entry_key]
    assert world.undelivered.find(ACCOUNT, new.entry_key) is not None
    assert count(world).total == 2


def test_an_item_that_comes_twice_at_once_is_counted_once(world):
    refused = world.undelivered.add_new([NewEntry(an_item()), NewEntry(an_item())])

    assert len(refused) == 1
    assert count(world).total == 1


def test_more_items_than_fit_into_one_transaction_are_all_written(world):
    items = [an_item(number=number, days_ago=1 + number % 3) for number in range(130)]

    assert world.undelivered.add_new([NewEntry(item) for item in items]) == []

    assert count(world).total == 130


def test_an_entry_past_its_thirty_days_comes_back_to_be_merged(world):
    old = an_item(days_ago=31)

    assert world.undelivered.add_new([NewEntry(old)]) == [NewEntry(old)]


def test_a_suppression_is_written_with_its_item(world):
    item, cause = an_item(), a_suppression("person-1@example.com")

    world.undelivered.add_new([NewEntry(item, cause)])

    found = world.suppressions.find(ACCOUNT, Channel.EMAIL, "person-1@example.com")
    assert found == replace(cause, version=1)


def test_nothing_of_an_entry_is_written_whose_suppression_is_there_already(world):
    world.suppressions.save(None, a_suppression("person-1@example.com"))
    first, second = an_item(number=1), an_item(number=2)

    refused = world.undelivered.add_new([NewEntry(first, a_suppression("person-1@example.com")), NewEntry(second)])

    assert keys(entry.item for entry in refused) == [first.entry_key]
    assert world.undelivered.find(ACCOUNT, first.entry_key) is None
    assert world.undelivered.find(ACCOUNT, second.entry_key) is not None


def test_saving_over_what_was_read_succeeds(world):
    [item] = put(world, an_item())
    changed = resent(item)

    world.undelivered.save(item, changed)

    assert world.undelivered.find(ACCOUNT, item.entry_key) == replace(changed, version=2)


def test_saving_over_what_somebody_else_changed_is_stale(world):
    [item] = put(world, an_item())
    world.undelivered.save(item, resent(item))

    with pytest.raises(StaleWriteError):
        world.undelivered.save(item, resent(item))


def test_saving_as_new_what_is_there_is_stale(world):
    put(world, an_item())

    with pytest.raises(StaleWriteError):
        world.undelivered.save(None, an_item())


def test_an_item_is_not_saved_without_its_suppression(world):
    [item] = put(world, an_item())
    cause = a_suppression()
    world.suppressions.save(None, cause)

    with pytest.raises(StaleWriteError):
        world.undelivered.save(item, resent(item), (None, cause))

    assert world.undelivered.find(ACCOUNT, item.entry_key) == item


def test_an_item_and_its_suppression_are_saved_together(world):
    [item] = put(world, an_item())
    world.suppressions.save(None, a_suppression())
    known = world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")

    world.undelivered.save(item, resent(item), (known, replace(known, reason=SuppressionReason.COMPLAINT)))

    found = world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")
    assert (found.reason, found.version) == (SuppressionReason.COMPLAINT, 2)


def test_a_customers_live_items_are_found_newest_first(world):
    older, newer = an_item(number=1, customer_id="c", days_ago=9), an_item(number=2, customer_id="c", days_ago=2)
    cleared = reported(resent(an_item(number=3, customer_id="c")), Outcome.DELIVERED)
    put(world, older, newer, cleared, an_item(number=4, customer_id="other"), an_item(number=5, customer_id="c2"))

    assert keys(world.undelivered.live_items_of_customer(ACCOUNT, "c")) == keys([newer, older])


def test_a_customers_newest_items_in_any_state_are_found_newest_first(world):
    older, newer = an_item(number=1, customer_id="c", days_ago=9), an_item(number=2, customer_id="c", days_ago=2)
    cleared = reported(resent(an_item(number=3, customer_id="c", days_ago=5)), Outcome.DELIVERED)
    put(world, older, newer, cleared, an_item(number=4, customer_id="other"))

    assert keys(world.undelivered.newest_of_customer(ACCOUNT, "c", 2)) == keys([newer, cleared])


def test_items_of_a_customer_are_found_in_any_state(world):
    one = an_item(number=1, customer_id="c")
    cleared = reported(resent(an_item(number=2, customer_id="c", days_ago=3)), Outcome.DELIVERED)
    put(world, one, cleared, an_item(number=3))

    assert keys(world.undelivered.items_of_customer(one)) == keys([one, cleared])


def test_items_without_a_customer_are_found_by_their_address(world):
    one = an_item(number=1, customer_id="", recipient="x@example.com")
    other = an_item(number=2, customer_id="", recipient="x@example.com", days_ago=3)
    put(world, one, other, an_item(number=3, customer_id=""))

    assert keys(world.undelivered.items_of_customer(one)) == keys([one, other])


def test_resends_come_due_when_their_grace_period_is_over(world):
    waiting, silent, settled = (resent(an_item(number=number), at=NOW) for number in (1, 2, 3))
    silent = resent(an_item(number=2), at=NOW - timedelta(hours=1))
    put(world, waiting, silent, reported(settled, Outcome.DELIVERED), an_item(number=4))

    due = world.undelivered.resends_to_settle(settles_at(silent, GraceSettings()), 10)

    assert keys(due) == [silent.entry_key]


# --- the count -------------------------------------------------------------------------------------------------


def test_an_account_without_items_counts_nothing(world):
    assert count(world).total == 0


def test_live_items_are_counted_by_class(world):
    put(
        world,
        an_item(number=1),
        an_item(number=2, days_ago=29),
        an_item(Reason.MAILBOX_FULL, number=3),
        an_item(Reason.UNREACHABLE, number=4, channel=Channel.SMS, recipient="+4915112345678"),
        resent(an_item(Reason.ADDRESS_NOT_FOUND, number=5)),
    )

    counted = count(world)

    assert counted.by_class == Counter(
        {
            next(iter(classes(Status.BOUNCED, Kind.HARD, Channel.EMAIL))): 2,
            next(iter(classes(Status.BOUNCED, Kind.SOFT, Channel.EMAIL))): 1,
            next(iter(classes(Status.BOUNCED, Kind.SOFT, Channel.SMS))): 1,
            next(iter(classes(Status.INVALID, None, Channel.EMAIL))): 1,
        }
    )
    assert (counted.total, counted.resending) == (5, 1)
    assert counted.by_work == {Work.CORRECT: 2, Work.RESEND: 2, Work.OURS: 0, Work.LEAVE: 0}


def test_a_resolved_item_leaves_the_count_and_a_late_bounce_returns_it(world):
    [item] = put(world, resent(an_item()))
    world.undelivered.save(item, reported(item, Outcome.DELIVERED))
    gone = count(world)
    item = world.undelivered.find(ACCOUNT, item.entry_key)

    world.undelivered.save(item, reported(item, Outcome.FAILED, reason=Reason.MAILBOX_FULL))

    assert (gone.total, gone.resending) == (0, 0)
    assert count(world).by_class == {next(iter(classes(Status.BOUNCED, Kind.SOFT, Channel.EMAIL))): 1}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
@pytest.mark.parametrize("hours", [0, 0.001, 1, 5, 12, 23.999])
def test_items_leave_the_count_with_the_second_their_thirty_days_are_over(world, zone, hours):
    world.zones.name = zone
    world.clock.now = NOW - timedelta(days=1)
    edge = NOW - timedelta(days=30) + timedelta(hours=hours)
    put(
        world,
        *(
            an_item(number=number, sent_at=edge + timedelta(seconds=seconds))
            for number, seconds in enumerate([-3600, -1, 0, 1, 3600])
        ),
    )

    assert count(world, NOW + timedelta(hours=hours)).total == 2


def test_the_count_is_the_same_before_and_after_a_sweep(world):
    world.clock.now = NOW - timedelta(days=1)
    put(world, *(an_item(number=number, days_ago=29.5 + number / 10) for number in range(10)))
    before = count(world)

    removed = world.undelivered.sweep(ACCOUNT, NOW, 100)

    assert (before.total, removed) == (5, 5)
    assert count(world) == before


# --- falling off -----------------------------------------------------------------------------------------------


def test_a_sweep_removes_no_more_than_it_is_told(world):
    world.clock.now = NOW - timedelta(days=5)
    put(world, *(an_item(number=number, days_ago=31) for number in range(5)))

    assert [world.undelivered.sweep(ACCOUNT, NOW, 3) for _ in range(3)] == [3, 2, 0]


def test_what_was_swept_is_found_in_history_once_archived(world):
    world.clock.now = NOW - timedelta(days=5)
    [item] = put(world, an_item(days_ago=31))
    world.undelivered.sweep(ACCOUNT, NOW, 100)
    between = world.undelivered.find(ACCOUNT, item.entry_key)

    world.undelivered.archive([item], settle_counters=False)

    assert between is None
    assert world.undelivered.find(ACCOUNT, item.entry_key) == item


def test_archiving_again_changes_nothing(world):
    [item] = put(world, an_item())
    world.undelivered.archive([item], settle_counters=False)
    world.undelivered.archive([item], settle_counters=False)

    assert len(page(world, period=EVER, states=EVERY_STATE).items) == 1


def test_what_history_learned_in_the_meantime_survives_a_replay(world):
    world.clock.now = NOW - timedelta(days=5)
    [item] = put(world, resent(an_item(days_ago=31)))
    world.clock.now = NOW
    world.undelivered.sweep(ACCOUNT, NOW, 100)
    world.undelivered.archive([item], settle_counters=False)
    kept = world.undelivered.find(ACCOUNT, item.entry_key)
    world.undelivered.save(kept, reported(kept, Outcome.DELIVERED))

    world.undelivered.archive([item], settle_counters=False)

    assert world.undelivered.find(ACCOUNT, item.entry_key).state is State.RESOLVED


def test_a_failure_reported_after_thirty_days_is_history_at_once(world):
    world.clock.now = NOW
    [item] = put(world, an_item(days_ago=31))

    assert item is not None
    assert count(world).total == 0
    assert keys(page(world, period=EVER, states=EVERY_STATE).items) == [item.entry_key]


# --- the report ------------------------------------------------------------------------------------------------


def test_the_report_shows_the_newest_first(world):
    items = [an_item(number=number, days_ago=1 + number) for number in range(5)]
    put(world, *reversed(items))

    assert keys(page(world).items) == keys(items)


def test_pages_go_on_where_the_last_one_ended(world):
    items = [an_item(number=number, days_ago=1 + number) for number in range(7)]
    put(world, *items)

    first = page(world, limit=3)
    second = page(world, limit=3, after=first.next_key)
    third = page(world, limit=3, after=second.next_key)

    assert [keys(each.items) for each in (first, second, third)] == [
        keys(items[:3]),
        keys(items[3:6]),
        keys(items[6:]),
    ]
    assert third.next_key is None


def test_a_page_that_is_just_full_is_the_last(world):
    put(world, an_item(number=1), an_item(number=2))

    assert page(world, limit=2).next_key is None


def test_a_failure_is_told_on_the_day_of_the_accounts_zone(world):
    world.zones.name = "America/New_York"
    put(world, an_item(sent_at=datetime.fromisoformat("2026-11-20T03:00:00Z")))

    days = world.reports.failures_by_day(ACCOUNT, date(2026, 11, 18), date(2026, 11, 21))

    assert [day.day for day, failed in days.items() if failed] == [19]


# --- notifications ---------------------------------------------------------------------------------------------


def test_a_notification_is_accepted_once(world):
    notification = a_notification(subject="Rent", html="<p>Dear</p>", essential=True, metadata=(("unit", "B-7"),))

    assert world.notifications.add(notification)
    assert not world.notifications.add(replace(notification, title="Another"))

    assert world.notifications.find(ACCOUNT, "n-1") == notification


def test_a_notification_is_not_found_once_its_content_is_no_longer_held(world):
    world.notifications.add(a_notification())
    world.clock.now = NOW + timedelta(days=60)

    assert world.notifications.find(ACCOUNT, "n-1") is None


def test_an_attempt_is_claimed_once(world):
    assert world.notifications.claim(an_attempt())
    assert not world.notifications.claim(an_attempt(by="another"))


def test_a_claim_that_was_given_back_can_be_made_again(world):
    world.notifications.claim(an_attempt())

    world.notifications.release(an_attempt())

    assert world.notifications.claim(an_attempt())


def test_a_recorded_attempt_is_not_given_back(world):
    world.notifications.claim(an_attempt())
    sent = an_attempt(outcome=SendOutcome.SENT, provider_message_id="p-1")
    world.notifications.record(sent)

    world.notifications.release(an_attempt())

    assert list(world.notifications.attempts(ACCOUNT, "n-1")) == [sent]


def test_attempts_are_told_in_order_and_not_mixed_up_with_another_notifications(world):
    attempts = [an_attempt(number=number, entry_key="key" if number > 1 else "") for number in (2, 10, 1)]
    for attempt in [*attempts, an_attempt("n-1~x"), an_attempt("n-11")]:
        world.notifications.claim(attempt)
    world.notifications.add(a_notification())

    assert [each.number for each in world.notifications.attempts(ACCOUNT, "n-1")] == [1, 2, 10]


def test_an_attempt_is_found_by_the_providers_message_id(world):
    world.notifications.claim(an_attempt())
    sent = an_attempt(outcome=SendOutcome.SENT, provider_message_id="p-1", correlation_id="request-1")
    world.notifications.record(sent)

    assert world.notifications.find_by_provider_message_id("p-1") == sent
    assert world.notifications.find_by_provider_message_id("p-2") is None


def test_claims_without_a_record_are_told_oldest_first(world):
    for number, minutes in [(1, 20), (2, 30), (3, 5), (4, 40)]:
        world.notifications.claim(an_attempt(number=number, claimed_at=NOW - timedelta(minutes=minutes)))
    world.notifications.record(
        an_attempt(
            number=4, claimed_at=NOW - timedelta(minutes=40), outcome=SendOutcome.SENT, provider_message_id="p-4"
        )
    )

    waiting = world.notifications.unrecorded(NOW - timedelta(minutes=15), 10)

    assert [each.number for each in waiting] == [2, 1]


def test_what_was_sent_after_all_is_not_recorded_as_interrupted(world):
    world.notifications.claim(an_attempt())
    sent = an_attempt(outcome=SendOutcome.SENT, provider_message_id="p-1")
    world.notifications.record(sent)

    world.notifications.record(an_attempt(outcome=SendOutcome.INTERRUPTED))

    assert list(world.notifications.attempts(ACCOUNT, "n-1")) == [sent]


def test_the_newest_sends_to_an_address_are_told_first(world):
    for number in range(1, 5):
        claimed_at = NOW - timedelta(hours=number)
        world.notifications.claim(an_attempt(number=number, claimed_at=claimed_at))
        if number != 2:
            world.notifications.record(an_attempt(number=number, claimed_at=claimed_at, outcome=SendOutcome.SENT))

    assert [each.number for each in world.notifications.recent_sends_to(ACCOUNT, "ada@example.com", 2)] == [1, 3]


def test_the_first_sends_of_a_customer_are_found_without_those_of_others_and_of_resends(world):
    for id_, customer_id in [("n-1", "c-1"), ("n-2", "c-1"), ("n-3", "c-2"), ("n-4", "c-1")]:
        world.notifications.add(a_notification(id_, customer_id=customer_id))
        if id_ != "n-4":
            world.notifications.claim(an_attempt(id_))
            world.notifications.claim(an_attempt(id_, number=2))

    sends = world.notifications.first_sends_of_customer(ACCOUNT, "c-1", 10)

    assert sorted((each.notification_id, each.number) for each in sends) == [("n-1", 1), ("n-2", 1)]
    assert len(world.notifications.first_sends_of_customer(ACCOUNT, "c-1", 1)) == 1
    assert list(world.notifications.first_sends_of_customer(ACCOUNT, "c-9", 10)) == []


def an_accepted_message(number, **changes):
    sent_at = NOW - timedelta(minutes=number)
    message = AcceptedMessage(
        ACCOUNT, f"ses-{number}", Channel.EMAIL, "ada@example.com", sent_at, NOW, f"n-{number}", "c-1", "Rent", "250 OK"
    )
    return replace(message, **changes)


def test_accepted_messages_are_found_by_address_newest_first_and_apart_from_sends(world):
    messages = [an_accepted_message(number) for number in range(60)]
    world.notifications.add_accepted([*messages, an_accepted_message(1), an_accepted_message(7, to="bo@example.com")])
    world.notifications.add_accepted([an_accepted_message(3, account_id="acc-2")])

    assert list(world.notifications.accepted_to(ACCOUNT, "ada@example.com", 50)) == messages[:50]
    assert len(world.notifications.accepted_to(ACCOUNT, "bo@example.com", 50)) == 1
    assert list(world.notifications.recent_sends_to(ACCOUNT, "ada@example.com", 10)) == []


def test_accepted_messages_are_erased_of_one_customer_or_of_all_at_an_address(world):
    others = an_accepted_message(2, customer_id="c-2")
    world.notifications.add_accepted([an_accepted_message(1), others, an_accepted_message(3, to="bo@example.com")])

    world.notifications.erase_accepted(ACCOUNT, "ada@example.com", "c-1")
    assert list(world.notifications.accepted_to(ACCOUNT, "ada@example.com", 50)) == [others]

    world.notifications.erase_accepted(ACCOUNT, "ada@example.com", None)
    assert list(world.notifications.accepted_to(ACCOUNT, "ada@example.com", 50)) == []
    assert len(world.notifications.accepted_to(ACCOUNT, "bo@example.com", 50)) == 1


def test_interrupted_sends_of_all_accounts_are_found_by_when_they_were_claimed(world):
    for account_id, number, minutes in [("acc-2", 1, 20), (ACCOUNT, 2, 30), (ACCOUNT, 3, 50), (ACCOUNT, 4, 25)]:
        attempt = replace(an_attempt(number=number, claimed_at=NOW - timedelta(minutes=minutes)), account_id=account_id)
        world.notifications.claim(attempt)
        if number != 4:
            world.notifications.record(replace(attempt, outcome=SendOutcome.INTERRUPTED))

    found = world.notifications.interrupted(NOW - timedelta(minutes=30), NOW - timedelta(minutes=20), 10)

    assert [(each.account_id, each.number) for each in found] == [(ACCOUNT, 2), ("acc-2", 1)]
    assert world.notifications.interrupted(NOW - timedelta(minutes=30), NOW, 1) == found[:1]
    assert world.notifications.recent_sends_to(ACCOUNT, "ada@example.com", 10) == []


def test_an_attempt_is_found_by_its_number(world):
    world.notifications.claim(an_attempt(number=2))

    assert world.notifications.find_attempt(ACCOUNT, "n-1", 2) == an_attempt(number=2)
    assert world.notifications.find_attempt(ACCOUNT, "n-1", 1) is None


# --- customers, suppressions, accounts -------------------------------------------------------------------------


def test_a_customer_is_found_as_it_was_written(world):
    word = RecordedConsent(Channel.SMS, "+4915112345678", Consent("Ada", "by telephone", NOW), "manager", NOW)
    saved = world.customers.save(a_customer(phone="+4915112345678", email_changed_at=NOW, consents=(word,)))

    assert saved.version == 1
    assert world.customers.find(ACCOUNT, "c-1") == saved
    assert world.customers.find(ACCOUNT, "c-2") is None


def test_a_customer_that_somebody_else_changed_is_stale(world):
    saved = world.customers.save(a_customer())
    world.customers.save(replace(saved, name="Ada Lovelace"))

    with pytest.raises(StaleWriteError):
        world.customers.save(saved)
    with pytest.raises(StaleWriteError):
        world.customers.save(a_customer())


def test_customers_are_written_together_but_for_those_that_changed_since_they_were_read(world):
    old = world.customers.save(a_customer("c-old"))
    read = world.customers.save(a_customer("c-read"))
    world.customers.save(replace(old, name="Ada Lovelace"))
    new = [a_customer(f"c-{number:03}") for number in range(150)]

    stale = world.customers.save_many([*new, replace(old, name="Eve"), replace(read, name="Grace")])

    assert list(stale) == ["c-old"]
    assert world.customers.find(ACCOUNT, "c-old").name == "Ada Lovelace"
    assert world.customers.find(ACCOUNT, "c-read") == replace(read, name="Grace", version=2)
    assert len(world.customers.find_many(ACCOUNT, [each.customer_id for each in new])) == 150
    assert list(world.customers.save_many([])) == []
    assert list(world.customers.save_many([a_customer("c-old")])) == ["c-old"]


def test_customers_to_look_at_again_are_found_by_the_day(world):
    days = {"c-1": date(2026, 11, 23), "c-2": date(2026, 11, 20), "c-3": date(2026, 11, 24), "c-4": None}
    for customer_id, day in days.items():
        arranged = FollowUp("called, will come by", "bo@example.com", day)
        world.customers.save(a_customer(customer_id).with_follow_up(arranged, NOW, "manager"))
    world.customers.save(replace(a_customer("c-1", account_id="acc-2"), follow_up=FollowUp(look_again_on=NOW.date())))

    found = world.customers.to_look_at(ACCOUNT, date(2026, 11, 23), 10)

    assert [each.customer_id for each in found] == ["c-2", "c-1"]
    assert found[0].follow_up == FollowUp("called, will come by", "bo@example.com", days["c-2"])
    assert [(entry.by, entry.detail) for entry in found[0].follow_up_audit] == [
        ("manager", "called, will come by · bo@example.com · 2026-11-20")
    ]
    assert len(world.customers.to_look_at(ACCOUNT, date(2026, 11, 30), 2)) == 2
    done = world.customers.find(ACCOUNT, "c-2")
    world.customers.save(done.with_follow_up(FollowUp("done"), NOW, "manager"))
    assert [each.customer_id for each in world.customers.to_look_at(ACCOUNT, date(2026, 11, 23), 10)] == ["c-1"]


def test_customers_are_found_by_an_address_they_share(world):
    for customer in (
        a_customer("c-1"),
        a_customer("c-2", email="Ada@Example.com"),
        a_customer("c-3", email="else@example.com", phone="+4915112345678"),
        a_customer("c-1", account_id="acc-2"),
    ):
        world.customers.save(customer)

    by_email = world.customers.find_by_address(ACCOUNT, Channel.EMAIL, "ADA@example.com")
    by_phone = world.customers.find_by_address(ACCOUNT, Channel.SMS, "+49 151 12345678")

    assert [each.customer_id for each in by_email] == ["c-1", "c-2"]
    assert len(world.customers.find_by_address(ACCOUNT, Channel.EMAIL, "ada@example.com", limit=1)) == 1
    assert [each.customer_id for each in by_phone] == ["c-3"]


def test_customers_are_found_by_a_part_of_what_they_have(world, monkeypatch):
    monkeypatch.setattr(customer_store, "_FIRST_ROWS", 2)
    monkeypatch.setattr(customer_store, "_EXAMINED_AT_MOST", 3)
    for number in range(8):
        world.customers.save(a_customer(f"c-{number}", name=f"Zoë {number}", email=f"z{number}@example.com", phone=""))
    world.customers.save(a_customer("d-1", name="Grace Hopper", email="", phone="+4915112345678"))
    world.customers.save(a_customer("c-1", account_id="acc-2", name="Grace Hopper"))

    def found(text, limit=20):
        ids, after = [], None
        while True:
            page, after = world.customers.search(ACCOUNT, customer_search(text), limit, after)
            ids += [each.customer_id for each in page]
            if after is None:
                return ids

    assert found("ZOË") == found("zoë", 3) == [f"c-{number}" for number in range(8)]
    assert found("hop") == found("0151 / 123-45") == found("D-1") == ["d-1"]
    assert found("z4@") == ["c-4"]
    assert found("nobody") == []


def test_a_contact_that_was_removed_is_found_no_more(world):
    saved = world.customers.save(a_customer())
    world.customers.save(replace(saved, email=""))

    assert list(world.customers.find_by_address(ACCOUNT, Channel.EMAIL, "ada@example.com")) == []


def test_a_suppression_is_found_as_it_was_written(world):
    lifted = a_suppression(
        lifted_at=NOW,
        spellings=("ADA@example.com", "Ada@Example.com"),
        audit=(Audit(NOW, "m@example.com", "lift", "typo"),),
    )
    world.suppressions.save(None, lifted)

    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com") == replace(lifted, version=1)
    assert world.suppressions.find(ACCOUNT, Channel.SMS, "ada@example.com") is None


def test_a_suppression_that_somebody_else_changed_is_stale(world):
    world.suppressions.save(None, a_suppression())

    with pytest.raises(StaleWriteError):
        world.suppressions.save(None, a_suppression())
    with pytest.raises(StaleWriteError):
        world.suppressions.save(a_suppression(), a_suppression())


def test_active_suppressions_are_told_page_by_page(world):
    for number in range(5):
        lifted_at = NOW if number == 2 else None
        world.suppressions.save(None, a_suppression(f"{number}@example.com", lifted_at=lifted_at))
    world.suppressions.save(None, a_suppression("+4915112345678", channel=Channel.SMS))
    world.suppressions.save(None, a_suppression("else@example.com", account_id="acc-2"))

    pages, after = [], None
    while True:
        found, after = world.suppressions.page(ACCOUNT, None, 2, after)
        pages.append([each.address for each in found])
        if after is None:
            break
    texts, _ = world.suppressions.page(ACCOUNT, Channel.SMS, 2, None)

    assert pages == [["0@example.com", "1@example.com"], ["3@example.com", "4@example.com"], ["+4915112345678"]]
    assert [each.address for each in texts] == ["+4915112345678"]


def test_a_suppression_of_a_category_exists_beside_that_of_the_address(world):
    bounced = a_suppression()
    unsubscribed = a_suppression(reason=SuppressionReason.UNSUBSCRIBED, category="newsletter")
    world.suppressions.save(None, bounced)
    world.suppressions.save(None, unsubscribed)
    world.suppressions.save(None, a_suppression("ada@example.com.au", category="offers"))

    def find(*category):
        return world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com", *category)

    assert find() == replace(bounced, version=1)
    assert find("newsletter") == replace(unsubscribed, version=1)
    assert find("offers") is None
    found = world.suppressions.of_categories(ACCOUNT, Channel.EMAIL, "ada@example.com")
    assert list(found) == [replace(unsubscribed, version=1)]
    listed, _ = world.suppressions.page(ACCOUNT, Channel.EMAIL, 10, None)
    assert [(each.address, each.category) for each in listed] == [
        ("ada@example.com", ""),
        ("ada@example.com", "newsletter"),
        ("ada@example.com.au", "offers"),
    ]


def test_an_erased_address_stays_unsubscribed_from_its_categories(world):
    for category in ("", "newsletter"):
        world.suppressions.save(None, a_suppression(reason=SuppressionReason.UNSUBSCRIBED, category=category))

    world.suppressions.hide(ACCOUNT, Channel.EMAIL, "ada@example.com")

    found = world.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com", "newsletter")
    assert (found.active, found.category, bool(found.address_hash)) == (True, "newsletter", True)
    categories = world.suppressions.of_categories(ACCOUNT, Channel.EMAIL, "ada@example.com")
    assert [each.category for each in categories] == ["newsletter"]
    listed, _ = world.suppressions.page(ACCOUNT, None, 10, None)
    assert [(each.address, each.category) for each in listed] == [("", ""), ("", "newsletter")]


def test_an_account_that_set_nothing_has_the_defaults_and_is_known_from_then_on(world):
    assert world.accounts.settings("acc-9") == AccountSettings("acc-9")
    assert "acc-9" in world.accounts.account_ids()


def test_settings_are_found_as_they_were_written(world):
    world.accounts.settings(ACCOUNT)
    wanted = AccountSettings(
        ACCOUNT,
        "Europe/Berlin",
        history_days=90,
        digest=DigestSettings(("m@example.com",), (0, 3), 7),
        categories=(Category("newsletter", "Newsletter"),),
    )

    world.accounts.save_settings(wanted)

    assert world.accounts.settings(ACCOUNT) == wanted


# --- many at once


def test_many_changes_are_saved_together_and_only_the_stale_are_left_out(world):
    added = [an_item(number=number, days_ago=1 + number % 3) for number in range(130)]
    assert list(world.undelivered.add_new([NewEntry(item) for item in added])) == []
    keys = [item.entry_key for item in added]
    items = list(world.undelivered.find_many(ACCOUNT, keys))
    changed = [(item, resent(item)) for item in items]
    world.undelivered.save(items[7], replace(items[7], title="somebody else was here"))

    stale = world.undelivered.save_many(changed)

    assert set(stale) == {items[7].entry_key}
    states = Counter(item.state for item in world.undelivered.find_many(ACCOUNT, keys))
    assert states == {State.RESENDING: 129, State.OPEN: 1}
    count = world.reports.count(ACCOUNT, NOW)
    assert (count.total, count.resending) == (130, 129)


def test_saving_no_changes_does_nothing(world):
    assert list(world.undelivered.save_many([])) == []


def test_many_customers_notifications_and_suppressions_are_found_at_once(world):
    for number in range(1, 4):
        world.customers.save(a_customer(f"c-{number}"))
        world.notifications.add(a_notification(f"n-{number}"))
        world.suppressions.save(None, a_suppression(f"person-{number}@example.com"))

    customers = world.customers.find_many(ACCOUNT, ["c-1", "c-3", "c-1", "nobody"])
    notifications = world.notifications.find_many(ACCOUNT, ["n-2", "n-2", "nothing"])
    addresses = [(Channel.EMAIL, "person-3@example.com"), (Channel.EMAIL, "nobody@example.com")]
    suppressions = world.suppressions.find_many(ACCOUNT, addresses)

    assert sorted(one.customer_id for one in customers) == ["c-1", "c-3"]
    assert [one.notification_id for one in notifications] == ["n-2"]
    assert [one.address for one in suppressions] == ["person-3@example.com"]
    assert list(world.customers.find_many(ACCOUNT, [])) == []


class TestSuppressionsOfOtherAccounts:
    def held(self, world, channel=Channel.EMAIL, address="ada@example.com"):
        return world.suppressions.is_held_by_others(ACCOUNT, channel, address)

    def test_an_address_is_held_as_long_as_any_other_account_suppresses_it(self, world):
        for number in range(60):
            world.accounts.settings(f"acc-other-{number:02}")
        world.suppressions.save(None, a_suppression())
        assert not self.held(world)

        suppression = a_suppression(account_id="acc-other-59")
        world.suppressions.save(None, suppression)
        assert self.held(world)

        lifted = replace(suppression, lifted_at=NOW)
        world.suppressions.save(replace(suppression, version=1), lifted)
        assert not self.held(world)

    def test_an_erased_address_is_held_too(self, world):
        world.accounts.settings("acc-other")
        world.suppressions.save(None, a_suppression(account_id="acc-other"))
        world.suppressions.hide("acc-other", Channel.EMAIL, "ada@example.com")

        assert self.held(world)

    def test_a_number_is_held_by_an_opt_out_only(self, world):
        world.accounts.settings("acc-other")
        for number, reason in (
            ("+12065550100", SuppressionReason.BOUNCE),
            ("+12065550101", SuppressionReason.OPTED_OUT),
        ):
            world.suppressions.save(
                None, a_suppression(number, account_id="acc-other", channel=Channel.SMS, reason=reason)
            )

        assert not self.held(world, Channel.SMS, "+12065550100")
        assert self.held(world, Channel.SMS, "+12065550101")
