"""The grace of an erasure: for three minutes what is under way may still come, and is erased too."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification, an_attempt, an_item
from tests.fakes import (
    FakeActStore,
    FakeAttachmentFiles,
    FakeContactRequestStore,
    FakeCustomerStore,
    FakeDeliveryStore,
    FakeErasureStore,
    FakeExportFiles,
    FakeExportStore,
    FakeHashes,
    FakeNotificationStore,
    FakeRepeatStore,
    FakeSearchIndex,
    FakeShapeMappingStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.erasure import PROPAGATION_TIME, Erasure, ErasureState
from undelivered.domain.export import Export
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.services.customer_data.erase import EraseCustomers, RequestErasure
from undelivered.services.record_feedback import RecordFeedback

SECOND = timedelta(seconds=1)
END = NOW + PROPAGATION_TIME


class Desk:
    """One customer, and what it takes to erase them, with a clock that a test moves."""

    def __init__(self):
        self.time = NOW
        self.customers, self.suppressions = FakeCustomerStore(), FakeSuppressionStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=self.clock)
        self.notifications = FakeNotificationStore(clock=self.clock)
        self.erasures = FakeErasureStore(self.customers)
        self.exports, self.files = FakeExportStore(), FakeExportFiles()
        self.customers.save(a_customer())
        self.ask = RequestErasure(
            self.erasures, self.customers, self.items, self.notifications, FakeHashes(), self.clock
        )
        self.carry_out = EraseCustomers(
            self.erasures,
            self.customers,
            self.items,
            self.notifications,
            self.suppressions,
            FakeRepeatStore(),
            self.exports,
            self.files,
            FakeAttachmentFiles(),
            FakeDeliveryStore(),
            FakeContactRequestStore(),
            FakeSearchIndex(),
            FakeActStore(),
            lambda _: ZoneInfo("UTC"),
            self.clock,
        )
        self.record = RecordFeedback(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            self.erasures,
            FakeHashes(),
            FakeShapeMappingStore(),
            message_accounts(),
            self.clock,
        )

    def clock(self):
        return self.time

    def clean_up(self, at):
        self.time = at
        self.carry_out(lambda: True)
        return self.erasures.find(ACCOUNT, "c-1").state


@pytest.fixture
def desk():
    made = Desk()
    made.ask(ACCOUNT, "c-1", by="manager@example.com")
    return made


def test_the_grace_is_three_minutes():
    assert timedelta(minutes=3) == PROPAGATION_TIME


@pytest.mark.parametrize(
    ("moment", "is_erased"),
    [(NOW - timedelta(days=300), True), (NOW, True), (END - SECOND, True), (END, True), (END + SECOND, False)],
)
def test_an_erasure_covers_what_was_sent_up_to_the_end_of_its_grace(moment, is_erased):
    assert Erasure(ACCOUNT, "f00d", NOW, "manager@example.com").covers(moment) is is_erased


def test_it_is_done_only_when_the_grace_is_over(desk):
    states = [desk.clean_up(at) for at in (NOW, END - SECOND, END, END + SECOND)]

    assert states == [ErasureState.RUNNING] * 3 + [ErasureState.DONE]


def test_a_send_that_was_under_way_finds_what_it_needs_until_the_grace_is_over_and_its_record_goes_too(desk):
    desk.notifications.add(a_notification())
    desk.clean_up(END)
    assert desk.notifications.find(ACCOUNT, "n-1") is not None

    desk.notifications.claim(an_attempt(claimed_at=END))
    desk.clean_up(END + SECOND)

    assert desk.notifications.find(ACCOUNT, "n-1") is None
    assert desk.notifications.attempts(ACCOUNT, "n-1") == []


def test_what_failed_within_the_grace_is_erased_and_what_was_sent_after_it_stays(desk):
    within = an_item(number=1, sent_at=END)
    after = an_item(number=2, sent_at=END + SECOND, customer_id="c-1")
    desk.items.save(None, within)
    desk.items.save(None, after)

    desk.clean_up(END + SECOND)

    assert [item.entry_key for item in desk.items.all_items(ACCOUNT)] == [after.entry_key]


def test_a_failure_of_a_message_from_within_the_grace_opens_nothing_and_one_from_after_it_does(desk):
    desk.time = END + timedelta(hours=1)

    for number, sent_at in enumerate((NOW, END, END + SECOND)):
        desk.record([[a_failure(message_id=f"m-{number}", sent_at=sent_at, customer_id="c-1")]])

    assert [item.origin_id for item in desk.items.all_items(ACCOUNT)] == ["m-2"]


def test_exports_from_within_the_grace_go_and_later_ones_stay(desk):
    everything = ReportFilter(Period(NOW - timedelta(days=30), NOW))
    for name, at in (("old", NOW - SECOND), ("last", END), ("new", END + SECOND)):
        export = desk.exports.save(Export(ACCOUNT, name, everything, at, "manager@example.com", touched_at=at))
        desk.files.write_remainder(export.file, b"")

    desk.clean_up(END + SECOND)

    assert [export.export_id for export in desk.exports.find_all(ACCOUNT)] == ["new"]
    assert list(desk.files.files) == [f"exports/{ACCOUNT}/new.csv"]
