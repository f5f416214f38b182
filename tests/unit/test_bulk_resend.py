"""Many resends at once: the same rules as one by one, and a progress that stays exact."""

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_item, reported
from tests.fakes import (
    FakeAccountStore,
    FakeAttachmentFiles,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeProviderSuppressions,
    FakeQueue,
    FakeResendBatchStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.errors import NotFoundError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import State
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Reason
from undelivered.services.bulk_resend import BulkResend
from undelivered.services.request_resend import RequestResend


class Desk:
    def __init__(self):
        self.suppressions = FakeSuppressionStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=lambda: NOW)
        self.notifications, self.customers = FakeNotificationStore(clock=lambda: NOW), FakeCustomerStore()
        self.queue = FakeQueue()
        self.one = RequestResend(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            FakeAccountStore(),
            self.queue,
            FakeProviderSuppressions,
            FakeAttachmentFiles,
            lambda: NOW,
        )
        self.bulk = BulkResend(self.one, self.items, FakeResendBatchStore(), lambda: NOW)

    def failed(self, number, reason=Reason.MAILBOX_FULL, *, held=True, email=None):
        item = an_item(reason, number=number)
        self.customers.save(a_customer(f"c-{number}", email=email or item.recipient))
        if held:
            self.notifications.add(a_notification(f"n-{number}"))
        self.items.save(None, item)
        return item.entry_key

    def resend(self, *keys):
        return self.bulk(ACCOUNT, keys, by="manager", note="all of them")

    def find(self, key):
        return self.items.find(ACCOUNT, key)

    def report(self, key, outcome, reason=None):
        item = self.find(key)
        self.items.save(item, reported(item, outcome, attempt=item.last_attempt.number, reason=reason))


@pytest.fixture
def desk():
    return Desk()


def test_each_item_is_ruled_on_by_itself(desk):
    soft = desk.failed(1)
    corrected = desk.failed(2, Reason.ADDRESS_NOT_FOUND, email="new@example.com")
    dead, spam = desk.failed(3, Reason.ADDRESS_NOT_FOUND), desk.failed(4, Reason.COMPLAINT)
    unheld, dropped = desk.failed(5, held=False), desk.failed(6)
    desk.suppressions.save(None, a_suppression("person-6@example.com", reason=SuppressionReason.BOUNCE))
    unknown = "2026-11-01T00:00:00Z~nothing~000000000000"

    batch, refused = desk.resend(soft, dead, corrected, spam, unheld, dropped, unknown, soft)

    assert batch.started == ((soft, 2), (corrected, 2))
    assert [(one.entry_key, one.code) for one in refused] == [
        (dead, "resend_needs_changed_address"),
        (spam, "resend_blocked_by_complaint"),
        (unheld, "resend_content_not_held"),
        (dropped, "resend_needs_changed_address"),
        (unknown, "not_found"),
    ]
    assert [(order.entry_key, order.attempt) for order in desk.queue.orders] == [(soft, 2), (corrected, 2)]
    assert desk.find(corrected).last_attempt.to == "new@example.com"
    assert desk.find(soft).last_attempt.note == "all of them"


def test_more_than_a_hundred_are_taken_in_groups_and_all_are_started(desk):
    keys = [desk.failed(number) for number in range(250)]

    batch, refused = desk.resend(*keys)

    assert (len(batch.started), list(refused)) == (250, [])
    assert sorted(order.entry_key for order in desk.queue.orders) == sorted(keys)


def test_who_wrote_in_between_is_asked_again_one_by_one(desk, monkeypatch):
    untouched, raced, resent_elsewhere = (desk.failed(number) for number in (1, 2, 3))
    read = desk.items.find_many

    def read_then_others_write(account_id, keys):
        found = read(account_id, keys)
        desk.items.save(desk.find(raced), replace(desk.find(raced), title="another title"))
        desk.one(ACCOUNT, resent_elsewhere, by="somebody else")
        return found

    monkeypatch.setattr(desk.items, "find_many", read_then_others_write)
    batch, (refused,) = desk.resend(untouched, raced, resent_elsewhere)

    assert batch.started == ((untouched, 2), (raced, 2))
    assert (refused.entry_key, refused.code) == (resent_elsewhere, "resend_already_running")
    assert len(desk.queue.orders) == 3


def test_progress_counts_every_item_once_whatever_becomes_of_it_later(desk):
    arrived, returned, waiting, dead = (
        desk.failed(1),
        desk.failed(2),
        desk.failed(3),
        desk.failed(4, Reason.ADDRESS_NOT_FOUND),
    )
    batch, _ = desk.resend(arrived, returned, waiting, dead)
    desk.report(arrived, Outcome.DELIVERED)
    desk.report(returned, Outcome.FAILED, Reason.MAILBOX_FULL)
    desk.one(ACCOUNT, returned, by="somebody else")
    desk.report(returned, Outcome.DELIVERED)

    told = desk.bulk.progress(ACCOUNT, batch.batch_id)

    # The second resend of what had returned is not this batch's: its own attempt stays as it ended.
    assert desk.find(returned).state is State.RESOLVED
    assert (told.total, told.resending, told.resolved, told.returned, told.refused) == (4, 1, 1, 1, 1)


def test_another_accounts_batch_is_not_found(desk):
    batch, _ = desk.resend(desk.failed(1))

    with pytest.raises(NotFoundError):
        desk.bulk.progress("acc-2", batch.batch_id)


def test_a_preview_says_what_a_resend_would_and_changes_nothing(desk):
    soft, dead, spam = desk.failed(1), desk.failed(3, Reason.ADDRESS_NOT_FOUND), desk.failed(4, Reason.COMPLAINT)
    unknown = "2026-11-01T00:00:00Z~nothing~000000000000"

    accepted, refused = desk.bulk.preview(ACCOUNT, [soft, dead, spam, unknown, soft])

    assert accepted == 1
    assert [(one.entry_key, one.code) for one in refused] == [
        (dead, "resend_needs_changed_address"),
        (spam, "resend_blocked_by_complaint"),
        (unknown, "not_found"),
    ]
    assert desk.find(soft).state is State.OPEN
    assert desk.queue.orders == []
    batch, refused_then = desk.resend(soft, dead, spam, unknown)
    assert (len(batch.started), refused_then) == (accepted, refused)
