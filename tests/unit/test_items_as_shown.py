"""Items as events, as rows of a file, and as what a filter finds."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_suppression, an_item, reported, resent
from undelivered.adapters.language_files import texts
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.failure_counts import (
    CountChange,
    FailureClass,
    Resolution,
    class_of,
    count_change,
    live_codes,
    resolution_bucket,
    time_to_resolve,
)
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import entry_key, item_id, parse_item_id, parse_timestamp, timestamp
from undelivered.domain.item import Audit, Dismissal, State
from undelivered.domain.item_event import event_document, item_event, item_event_type
from undelivered.domain.language import Language
from undelivered.domain.lifecycle import merge_items
from undelivered.domain.report_query import Period, ReportFilter, resolve_period
from undelivered.domain.suppression import (
    SuppressionReason,
    effective_suppression,
    hide_address,
    merge_suppression,
    suppression_reason,
)
from undelivered.domain.taxonomy import Channel, Fault, Kind, Reason, Status, classification_of
from undelivered.services import report_csv

OPEN = an_item(Reason.MAILBOX_FULL, days_ago=2)
RUNNING = resent(OPEN)
RESOLVED = reported(RUNNING, Outcome.DELIVERED)
RETURNED = reported(RUNNING, Outcome.FAILED, reason=Reason.ADDRESS_NOT_FOUND)
DISMISSED = replace(OPEN, dismissal=Dismissal(NOW, "ada"))
RESTORED = replace(OPEN, dismissal=Dismissal(NOW, "ada", restored=True))


# --- events


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, OPEN, "opened"),
        (None, RUNNING, "opened"),
        (None, RESOLVED, None),
        (None, None, None),
        (OPEN, OPEN, None),
        (OPEN, RUNNING, "resending"),
        (OPEN, RESOLVED, "resolved"),
        (OPEN, DISMISSED, "dismissed"),
        (RUNNING, RESOLVED, "resolved"),
        (RUNNING, RETURNED, "returned"),
        (RESOLVED, RETURNED, "returned"),
        (DISMISSED, RESTORED, "restored"),
        (DISMISSED, RUNNING, "restored"),
        (DISMISSED, RESOLVED, "restored"),
        (OPEN, None, "expired"),
        (RUNNING, None, "expired"),
        (RESOLVED, None, None),
        (DISMISSED, None, None),
    ],
)
def test_a_change_of_an_item_is_named_by_the_states_before_and_after(before, after, change):
    event = item_event(before, after)

    assert item_event_type(before, after) == change
    assert (event and (event.type, event.item)) == (change and (change, after or before))


def test_the_id_of_an_event_is_the_same_each_time_and_another_for_another_change():
    changes = [
        (None, OPEN),
        (None, replace(OPEN, account_id="acc-2")),
        (None, replace(OPEN, origin_id="m-9")),
        (None, replace(OPEN, version=1)),
        (OPEN, None),
    ]
    ids = [item_event(*change).event_id for change in changes]

    assert ids == [item_event(*change).event_id for change in changes]
    assert len(set(ids)) == len(changes)
    assert ids[0] == "724235a8c0454be6b77e6e7956e4e0e7"


@pytest.mark.parametrize("with_address", [True, False])
def test_the_document_of_an_event_says_what_the_item_is(with_address):
    event = item_event(RUNNING, RETURNED)
    recipient = {"recipient": "new@example.com"} if with_address else {}

    assert event_document(event, with_address=with_address) == {
        "version": 1,
        "event_id": event.event_id,
        "type": "undelivered.item.returned",
        "account_id": ACCOUNT,
        "item_id": item_id(OPEN.entry_key),
        "notification_id": "n-1",
        "customer_id": "c-1",
        "channel": "email",
        "status": "invalid",
        "kind": None,
        "reason": "address_not_found",
        "fault": "recipient",
        "state": "open",
        "attempts": 2,
        "sent_at": "2026-11-21T18:00:00Z",
        **recipient,
    }


def test_the_document_of_an_expired_item_of_nobody_known_says_so():
    document = event_document(item_event(replace(OPEN, customer_id=""), None), with_address=False)

    assert (document["state"], document["customer_id"], document["kind"]) == ("expired", None, "soft")


# --- the file


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_row_of_the_file_has_a_cell_for_each_column(is_ready):
    item = replace(RETURNED, ready_contact="third@example.com" if is_ready else "")
    settings = AccountSettings(ACCOUNT, time_zone="Europe/Berlin")
    text = (report_csv.header() + report_csv.rows([item], settings, texts(Language.ENGLISH), NOW)).decode("utf-8-sig")

    assert list(csv.DictReader(StringIO(text, newline=""))) == [
        {
            "title": "Rent reminder",
            "customer_id": "c-1",
            "customer_name": "Ada Byron",
            "channel": "email",
            "recipient": "new@example.com",
            "status": "invalid",
            "kind": "",
            "reason": "address_not_found",
            "fault": "recipient",
            "explanation": "The email address does not exist.",
            "remedy": "Check for a typo, or ask the customer for the correct address.",
            "state": "open",
            "sent_at": "2026-11-21T19:00:00+01:00",
            "failed_at": "2026-11-23T19:00:00+01:00",
            "leaves_at": "2026-12-21T19:00:00+01:00",
            "attempts": "2",
            "ready_to_resend": "true" if is_ready else "false",
            "notification_id": "n-1",
            "id": item_id(OPEN.entry_key),
        }
    ]


# --- filters

ALL = Period(NOW - timedelta(days=30), NOW)


def matches(item=OPEN, *, period=ALL, now=NOW, **wanted):
    return ReportFilter(period, **wanted).matches(item, now)


@pytest.mark.parametrize(("start", "end", "is_found"), [(0, 1, True), (-1, 0, False), (1, 2, False), (-1, 1, True)])
def test_a_period_includes_its_start_and_excludes_its_end(start, end, is_found):
    period = Period(OPEN.sent_at + timedelta(seconds=start), OPEN.sent_at + timedelta(seconds=end))

    assert matches(period=period) is is_found


@pytest.mark.parametrize(
    ("wanted", "is_found"),
    [
        ({"states": frozenset({State.OPEN})}, True),
        ({"states": frozenset({State.RESENDING})}, False),
        ({"classes": frozenset({class_of(Channel.EMAIL, OPEN.classification)})}, True),
        ({"classes": frozenset({FailureClass(Channel.SMS, Status.BOUNCED, Kind.SOFT)})}, False),
        ({"classes": frozenset({FailureClass(Channel.EMAIL, Status.BOUNCED, Kind.HARD)})}, False),
        ({"classes": frozenset()}, False),
        ({"faults": frozenset({Fault.RECIPIENT})}, True),
        ({"faults": frozenset({Fault.SENDER})}, False),
        ({"reasons": frozenset({Reason.MAILBOX_FULL})}, True),
        ({"reasons": frozenset({Reason.TIMED_OUT})}, False),
        ({"customer_id": "c-1"}, True),
        ({"customer_id": "c-2"}, False),
        ({"search": "PERSON-1@"}, True),
        ({"search": "rent"}, True),
        ({"search": "byron"}, True),
        ({"search": "n-1x"}, False),
        ({"ready": True}, False),
    ],
)
def test_a_filter_finds_what_has_all_it_names(wanted, is_found):
    assert matches(**wanted) is is_found


def test_a_search_finds_the_id_of_the_notification():
    item = replace(OPEN, notification_id="invoice-2026-0017")

    assert matches(item, search="2026-0017")
    assert not matches(item, search="2026-0018")


@pytest.mark.parametrize(("item", "is_found"), [(OPEN, True), (RUNNING, False)])
def test_what_is_ready_to_resend_is_open_and_has_another_contact(item, is_found):
    assert matches(replace(item, ready_contact="new@example.com"), ready=True) is is_found


def test_an_item_is_expired_from_the_moment_it_leaves_the_report():
    period = Period(NOW - timedelta(days=60), NOW)

    assert not matches(period=period, now=OPEN.leaves_at)
    assert matches(period=period, now=OPEN.leaves_at, states=frozenset({State.EXPIRED}))
    assert matches(period=period, now=OPEN.leaves_at - timedelta(seconds=1))


BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        (None, None, Period(NOW - timedelta(days=30), NOW + timedelta(days=1))),
        (date(2026, 11, 2), date(2026, 11, 2), Period(utc(2026, 11, 1, 23), utc(2026, 11, 2, 23))),
        (date(2026, 10, 25), None, Period(utc(2026, 10, 24, 22), NOW + timedelta(days=1))),
        (None, date(2026, 11, 2), Period(NOW - timedelta(days=30), utc(2026, 11, 2, 23))),
        (
            datetime(2026, 11, 2, 12, 0, 0, 5, tzinfo=BERLIN),
            datetime(2026, 11, 2, 12, 0, 0, 5, tzinfo=BERLIN),
            Period(utc(2026, 11, 2, 11, 0, 0, 5), utc(2026, 11, 2, 11, 0, 1)),
        ),
    ],
)
def test_a_range_of_days_or_times_is_a_period(start, end, period):
    assert resolve_period(start, end, NOW, BERLIN) == period


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 11, 3), date(2026, 11, 2)),
        (utc(2026, 11, 3), date(2026, 11, 2)),
        (date(2026, 11, 3), utc(2026, 11, 2)),
        (None, date(2026, 10, 1)),
        (NOW + timedelta(days=1), None),
    ],
)
def test_a_range_that_ends_before_it_starts_is_refused(start, end):
    with pytest.raises(ValueError, match=r"^'from' comes after 'to'$"):
        resolve_period(start, end, NOW, BERLIN)


# --- counts


def test_the_counters_change_by_what_an_item_was_and_is():
    change = count_change(RUNNING, RETURNED)

    assert change.live == {"es": -1, "ei": 1, "resending": -1, "work.correct": 1}
    assert change.failed == {"es.mailbox_full": -1, "ei.address_not_found": 1}
    assert change.resolved == {}


def test_the_counters_of_a_resolved_item_have_the_time_it_took():
    change = count_change(OPEN, RESOLVED)

    assert (change.live, change.failed) == ({"es": -1, "work.resend": -1}, {})
    assert time_to_resolve(RESOLVED) == timedelta(days=2) - timedelta(minutes=1, milliseconds=250)
    assert change.resolved == {Resolution(resolution_bucket(time_to_resolve(RESOLVED))): 1}

    by_rule = replace(RESOLVED, attempts=(*RESOLVED.attempts[:-1], replace(RESOLVED.attempts[-1], by="customer")))
    (resolution,) = count_change(OPEN, by_rule).resolved
    assert resolution.by_customer
    assert time_to_resolve(OPEN) is None


@pytest.mark.parametrize("item", [OPEN, RUNNING, RESOLVED, RETURNED, DISMISSED, None])
def test_an_item_that_stays_as_it_is_changes_no_counter(item):
    assert count_change(item, item) == CountChange()


@pytest.mark.parametrize(
    ("reason", "code", "work"),
    [
        (Reason.SENDER_BLOCKED, "ess", "ours"),
        (Reason.UNREACHABLE, "esu", "resend"),
        (Reason.MAILBOX_FULL, "es", "resend"),
        (Reason.SPEND_LIMIT, "ef", "ours"),
    ],
)
def test_bounces_are_counted_by_whose_fault_they_are(reason, code, work):
    assert count_change(None, an_item(reason)).live == {code: 1, f"work.{work}": 1}


def test_the_codes_of_a_filter_are_those_of_its_classes_and_faults():
    soft, invalid = (
        FailureClass(Channel.EMAIL, Status.BOUNCED, Kind.SOFT),
        FailureClass(Channel.SMS, Status.INVALID),
    )

    assert live_codes([soft, invalid], frozenset()) == ["es", "ess", "esu", "si"]
    assert live_codes([invalid, soft], frozenset({Fault.SENDER, Fault.RECIPIENT})) == ["es", "ess", "si"]
    assert (soft.name, invalid.name) == ("bounced.soft.email", "invalid.sms")


# --- keys


@pytest.mark.parametrize(
    "text", ["", "x", "2026-11-01", item_id("2026-11-01T00:00:00Z~m-1"), item_id("yesterday~m-1~00"), "ä"]
)
def test_another_text_is_no_id_of_an_item(text):
    assert parse_item_id(text) is None


def test_an_id_of_an_item_has_one_spelling():
    key = entry_key(OPEN.sent_at, "m-1", "ada@example.com")

    assert key == "2026-11-21T18:00:00Z~m-1~b5fc85e55755"
    assert parse_item_id(item_id(key)) == key
    assert parse_item_id(f"{item_id(key)}=") is None


def test_times_are_written_in_utc_to_the_second():
    assert timestamp(datetime(2026, 11, 2, 12, 0, 0, 999_999, tzinfo=BERLIN)) == "2026-11-02T11:00:00Z"
    assert parse_timestamp("2026-11-02T12:00:00+01:00") == utc(2026, 11, 2, 11)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-11-02T12:00:00", "no UTC offset: '2026-11-02T12:00:00'"),
        ("9999-12-31T23:59:59-01:00", "out of range: '9999-12-31T23:59:59-01:00'"),
    ],
)
def test_a_time_without_an_offset_or_beyond_the_calendar_is_refused(text, message):
    with pytest.raises(ValueError, match=r".") as refused:
        parse_timestamp(text)

    assert str(refused.value) == message


# --- changes


def test_a_resend_ends_the_flag_of_an_item():
    ready = replace(OPEN, ready_contact="new@example.com")

    assert resent(ready) == RUNNING


# --- merging


def test_two_copies_of_an_item_keep_what_either_has():
    first = replace(
        record(OPEN, "m-1"),
        audit=(Audit(NOW, "ada", "resend"), Audit(NOW, "bob", "dismiss")),
        dismissal=Dismissal(NOW, "bob"),
        version=3,
    )
    later = Dismissal(NOW + timedelta(seconds=1), "ada", restored=True)
    second = replace(
        RETURNED,
        audit=(Audit(NOW - timedelta(days=1), "eve", "dismiss"), Audit(NOW, "ada", "resend")),
        dismissal=later,
        version=2,
    )

    merged = replace(
        RETURNED,
        audit=(
            Audit(NOW - timedelta(days=1), "eve", "dismiss"),
            Audit(NOW, "bob", "dismiss"),
            Audit(NOW, "ada", "resend"),
        ),
        dismissal=later,
        version=3,
    )
    assert merge_items(first, second) == merge_items(second, first) == merged


def record(item, provider_message_id):
    return item.with_attempt(replace(item.last_attempt, provider_message_id=provider_message_id))


@pytest.mark.parametrize("field", ["restored", "by", "reason"])
def test_of_two_dismissals_at_the_same_time_the_copies_agree_on_one(field):
    values = {"restored": (False, True), "by": ("ada", "bob"), "reason": ("", "x")}[field]
    items = [replace(OPEN, dismissal=replace(Dismissal(NOW, "ada"), **{field: value})) for value in values]

    assert merge_items(*items).dismissal == merge_items(*reversed(items)).dismissal == items[1].dismissal


def test_an_item_without_a_dismissal_takes_that_of_the_other_copy():
    assert merge_items(OPEN, DISMISSED).dismissal == merge_items(DISMISSED, OPEN).dismissal == DISMISSED.dismissal


# --- suppressions


@pytest.mark.parametrize(
    ("reason", "kind", "expected"),
    [
        (Reason.COMPLAINT, None, SuppressionReason.COMPLAINT),
        (Reason.MAILBOX_DISABLED, None, SuppressionReason.BOUNCE),
        (Reason.ADDRESS_NOT_FOUND, None, SuppressionReason.BOUNCE),
    ],
)
def test_a_complaint_suppresses_as_a_complaint_and_a_bounce_as_a_bounce(reason, kind, expected):
    assert suppression_reason(classification_of(reason, kind)) is expected


def test_a_stronger_cause_replaces_a_weaker_one_and_keeps_what_was_done():
    known = a_suppression(audit=(Audit(NOW, "ada", "suppress"),), version=4)
    new = a_suppression(
        reason=SuppressionReason.COMPLAINT, since=NOW, origin="m-2", audit=(Audit(NOW, "bob", "suppress"),)
    )

    assert merge_suppression(known, new) == replace(
        known, reason=new.reason, since=NOW, origin="m-2", audit=(*known.audit, *new.audit)
    )
    assert merge_suppression(replace(new, audit=()), known) == replace(new, audit=())


@pytest.mark.parametrize(("hours", "is_in_force"), [(0, False), (1, True)])
def test_only_a_cause_from_after_the_last_lift_suppresses_again(hours, is_in_force):
    known = a_suppression(reason=SuppressionReason.COMPLAINT, lifted_at=NOW)

    merged = merge_suppression(known, a_suppression(since=NOW + timedelta(hours=hours), origin="m-2"))

    assert merged.active is is_in_force
    assert merged.reason is (SuppressionReason.BOUNCE if is_in_force else SuppressionReason.COMPLAINT)


def test_an_erased_address_is_stored_by_its_hash_without_the_details_of_its_audit():
    readable = a_suppression(audit=(Audit(NOW, "ada", "suppress", "she asked"),), version=4)
    hidden = a_suppression("", reason=SuppressionReason.COMPLAINT, address_hash="hash", version=7)
    audit = (Audit(NOW, "ada", "suppress"),)

    assert hide_address(None, None, "hash") is None
    assert hide_address(readable, None, "hash") == replace(
        readable, address="", address_hash="hash", audit=audit, version=0
    )
    assert hide_address(None, hidden, "hash") == hidden
    assert hide_address(readable, hidden, "hash") == replace(
        readable,
        address="",
        address_hash="hash",
        reason=SuppressionReason.COMPLAINT,
        audit=audit,
        version=7,
    )


@pytest.mark.parametrize(
    ("lifted", "hidden_lifted", "expected"), [(None, 2, 2), (1, 2, 2), (3, 2, 3), (None, None, None)]
)
def test_a_lift_of_either_form_of_an_address_applies_to_both(lifted, hidden_lifted, expected):
    def at(hours):
        return NOW + timedelta(hours=hours) if hours is not None else None

    readable = a_suppression(lifted_at=at(lifted), since=NOW)
    hidden = a_suppression("", lifted_at=at(hidden_lifted), since=NOW)

    assert effective_suppression(readable, hidden).lifted_at == at(expected)
    assert effective_suppression(readable, None) == readable
    assert effective_suppression(None, hidden) == hidden
