"""All data about a customer: found page by page, and erased completely."""

from datetime import timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_attempt, an_item, resent
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
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.act import Act
from undelivered.domain.attachment import Attachment
from undelivered.domain.customer import Consent, RecordedConsent
from undelivered.domain.erasure import ErasedCounts, Erasure, ErasureState, ErasureTask, known_addresses
from undelivered.domain.errors import NotFoundError, StaleWriteError
from undelivered.domain.identifiers import item_id, recipient_digest
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.domain.webhook import WebhookDelivery
from undelivered.services.customer_data.erase import EraseCustomers, RequestErasure
from undelivered.services.customer_data.export import CustomerDataPage, ExportCustomerData
from undelivered.services.ports import UploadedFile

EMAIL, OLD_EMAIL, PHONE = "ada@example.com", "old@example.com", "+12065550100"
KINDS_OF_DATA = ["item", "item in history", "notification"]


class World:
    def __init__(self):
        self.now = NOW
        self.suppressions, self.customers = FakeSuppressionStore(), FakeCustomerStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=lambda: self.now)
        self.notifications = FakeNotificationStore(clock=lambda: self.now)
        self.erasures, self.repeats = FakeErasureStore(self.customers), FakeRepeatStore()
        self.exports, self.files = FakeExportStore(), FakeExportFiles()
        self.index = FakeSearchIndex()
        self.attachments, self.deliveries = FakeAttachmentFiles(), FakeDeliveryStore()
        self.contact_requests, self.acts = FakeContactRequestStore(lambda: self.now), FakeActStore()
        self.request = RequestErasure(
            self.erasures, self.customers, self.items, self.notifications, FakeHashes(), lambda: self.now
        )
        self.erase = EraseCustomers(
            self.erasures,
            self.customers,
            self.items,
            self.notifications,
            self.suppressions,
            self.repeats,
            self.exports,
            self.files,
            self.attachments,
            self.deliveries,
            self.contact_requests,
            self.index,
            self.acts,
            lambda account_id: ZoneInfo({ACCOUNT: "Pacific/Auckland"}[account_id]),
            lambda: self.now,
        )
        self.export = ExportCustomerData(
            self.customers, self.items, self.notifications, self.suppressions, self.contact_requests
        )

    def add_file(self):
        """Let a notification have an uploaded file and one that came with it; others have files too."""
        file = Attachment("invoice.pdf", "application/pdf", 3, "held/2026-12-30/acc-1/1", "a" * 32)
        inline = Attachment("terms.txt", "text/plain", 3, "held/2026-12-30/acc-1/2", "sha256:1")
        self.notifications.add(
            a_notification("n-files", customer_id="c-1", created_at=NOW - timedelta(days=1), attachments=(file, inline))
        )
        self.attachments.kept = {file.key: b"pdf", inline.key: b"txt", "held/2026-12-30/acc-1/3": b"other"}
        upload = UploadedFile("invoice.pdf", "application/pdf", 3, "v")
        self.attachments.uploads = {(ACCOUNT, file.source): (upload, b"pdf"), (ACCOUNT, "b" * 32): (upload, b"pdf")}

    def add(self, kind, customer_id="c-1"):
        if kind == "notification":
            self.notifications.add(a_notification(customer_id=customer_id, created_at=NOW - timedelta(days=1)))
            return
        item = an_item(customer_id=customer_id, recipient=EMAIL, days_ago=40 if "history" in kind else 1)
        self.items.save(None, item)

    def start_erasure(self, customer_id="c-1"):
        return self.request(ACCOUNT, customer_id, by="ada")

    def wait(self):
        self.now += timedelta(minutes=4)

    def erasure(self):
        return self.erasures.find(ACCOUNT, "c-1")

    def pages(self, limit):
        """Return all pages, of which each holds at most ``limit`` records."""
        position, pages = None, []
        while not pages or position is not None:
            pages.append(self.export(ACCOUNT, "c-1", limit, position))
            position = pages[-1].next_position
            assert len(pages) < 100
        return pages


@pytest.mark.parametrize("kind", KINDS_OF_DATA)
def test_any_data_is_enough_to_export_or_erase_a_customer_without_a_record(kind):
    world = World()
    world.add(kind)

    pages = world.pages(10)

    assert sum(len(page.items) + len(page.notifications) for page in pages) == 1
    assert world.start_erasure() == Erasure(ACCOUNT, FakeHashes().of_customer(ACCOUNT, "c-1"), NOW, "ada")
    assert world.erasures.running()[0].addresses == ()


@pytest.mark.parametrize("kind", KINDS_OF_DATA)
def test_the_data_of_others_is_not_found(kind):
    world = World()
    world.add(kind, "c-2")

    with pytest.raises(NotFoundError):
        world.export(ACCOUNT, "c-1", 10, None)
    with pytest.raises(NotFoundError):
        world.start_erasure()
    with pytest.raises(NotFoundError):
        world.request("acc-2", "c-2", by="ada")
    with pytest.raises(NotFoundError):
        world.export("acc-2", "c-2", 10, None)


@pytest.mark.parametrize("kind", KINDS_OF_DATA)
def test_data_that_is_created_after_an_erasure_starts_another(kind):
    world = World()
    world.add("item")
    world.start_erasure()
    assert world.start_erasure() == world.erasure()
    world.wait()
    world.erase(lambda: True)
    assert world.start_erasure() == world.erasure()
    assert world.erasure().state is ErasureState.DONE

    world.add(kind)

    assert world.start_erasure().state is ErasureState.RUNNING


def test_a_customer_is_exported_in_pages_each_record_once():
    world = World()
    consent = RecordedConsent(Channel.EMAIL, OLD_EMAIL, Consent("Ada", "by phone", NOW), "ada", NOW)
    customer = world.customers.save(a_customer(email=EMAIL, consents=(consent,)))
    world.customers.save(a_customer("c-2", email=OLD_EMAIL))
    for address in (EMAIL, OLD_EMAIL):
        world.suppressions.save(None, a_suppression(address))
    places = [("c-1", 1), ("c-1", 2), ("c-1", 3), ("c-1", 40), ("", 4), ("", 41)]
    for number, (customer_id, days_ago) in enumerate(places):
        world.items.save(None, an_item(number=number, customer_id=customer_id, recipient=EMAIL, days_ago=days_ago))
    world.items.save(None, an_item(number=9, customer_id="", recipient=OLD_EMAIL))
    for number in range(3):
        world.notifications.add(a_notification(f"n-{number}"))
    world.notifications.claim(an_attempt("n-1"))

    first, *others = pages = world.pages(2)

    assert (first.customer, first.suppressions) == (
        customer,
        [world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL)],
    )
    assert all((page.customer, page.suppressions) == (None, ()) for page in others)
    assert sorted(item.origin_id for page in pages for item in page.items) == [f"m-{n}" for n in range(6)]
    assert [pair for page in pages for pair in page.notifications] == [
        (a_notification("n-0"), []),
        (a_notification("n-1"), [an_attempt("n-1")]),
        (a_notification("n-2"), []),
    ]
    assert all(len(page.items) + len(page.notifications) <= 2 for page in pages)
    assert pages[-1].next_position is None


def test_a_customer_without_data_is_exported_as_one_record():
    world = World()
    customer = world.customers.save(a_customer(email=""))

    assert world.export(ACCOUNT, "c-1", 10, None) == CustomerDataPage(customer, [], [], (), "1~", [])
    assert [page.next_position for page in world.pages(10)] == ["1~", "2~", None]


@pytest.mark.parametrize(("characters", "sizes"), [(500_000, [2, 1]), (500_001, [1, 1, 1]), (1_000_001, [1, 1, 1])])
def test_a_page_of_notifications_ends_before_a_million_characters(characters, sizes):
    world = World()
    for number in range(3):
        text, html = "x" * (characters - 10), "x" * 10
        world.notifications.add(a_notification(f"n-{number}", text=text, html=html))

    assert [len(page.notifications) for page in world.pages(10) if page.notifications] == sizes


def test_all_addresses_of_a_customer_are_known_once():
    consents = tuple(
        RecordedConsent(Channel.EMAIL, address, Consent("Ada", "by phone", NOW), "ada", NOW)
        for address in (EMAIL, OLD_EMAIL, OLD_EMAIL)
    )

    assert known_addresses(a_customer(email=EMAIL, phone=PHONE, consents=consents)) == (
        (Channel.EMAIL, EMAIL),
        (Channel.SMS, PHONE),
        (Channel.EMAIL, OLD_EMAIL),
    )
    assert known_addresses(a_customer(email="", phone="")) == ()


def test_an_erasure_counts_what_it_erases_over_several_runs():
    world = World()
    world.customers.save(a_customer(email=EMAIL))
    for number in range(150):
        world.items.save(None, an_item(number=number, customer_id="c-1", recipient=EMAIL, days_ago=2))
        world.notifications.add(a_notification(f"n-{number:03}", created_at=NOW - timedelta(days=2)))
    world.items.save(None, an_item(number=200, customer_id="c-1", days_ago=40))
    world.items.save(None, an_item(number=201, customer_id="", recipient=EMAIL))
    world.start_erasure()

    assert world.erase(lambda: True) == ErasedCounts(152, 0)
    assert world.erasure().erased == ErasedCounts(152, 0)
    assert world.erasure().state is ErasureState.RUNNING
    world.wait()
    assert world.erase(lambda: True) == ErasedCounts(0, 150)

    assert (world.erasure().erased, world.erasure().state) == (ErasedCounts(152, 150), ErasureState.DONE)
    assert world.erasures.running() == []
    assert (world.items.items, world.items.history, world.notifications.notifications) == ({}, {}, {})
    assert world.erase(lambda: True) == ErasedCounts()


def test_events_in_the_log_of_webhooks_are_erased_at_once_and_those_of_others_stay():
    world = World()
    world.customers.save(a_customer(email=EMAIL))
    known = ("c-1", f"~{recipient_digest(EMAIL)}", "c-2", "")
    for number, key in enumerate(known):
        delivery = WebhookDelivery(ACCOUNT, "w-1", f"d-{number}", "e", "t", "{}", key, NOW, NOW)
        world.deliveries.save(delivery)
    world.start_erasure()

    world.erase(lambda: True)

    assert [row.customer_key for row in world.deliveries.rows.values()] == ["c-2", ""]


def test_files_are_erased_with_their_notification_and_so_are_their_uploads():
    world = World()
    world.add_file()
    world.start_erasure()
    world.wait()

    world.erase(lambda: True)

    assert list(world.attachments.kept) == ["held/2026-12-30/acc-1/3"]
    assert list(world.attachments.uploads) == [(ACCOUNT, "b" * 32)]


def test_notifications_are_erased_in_batches_while_there_is_time():
    world = World()
    world.customers.save(a_customer(email=EMAIL))
    for number in range(250):
        world.notifications.add(a_notification(f"n-{number:03}", created_at=NOW - timedelta(days=2)))
    world.start_erasure()
    world.wait()
    asked = count()

    # Time for the erasure itself, four reads of items, and the first batch of notifications.
    assert world.erase(lambda: next(asked) < 6) == ErasedCounts(0, 100)
    assert world.erasure().state is ErasureState.RUNNING
    assert world.erase(lambda: True) == ErasedCounts(0, 150)
    assert world.erasure().state is ErasureState.DONE


def test_notifications_from_after_an_erasure_stay():
    world = World()
    world.add("notification")
    world.start_erasure()
    world.notifications.add(a_notification("n-2", created_at=NOW + timedelta(minutes=4)))
    world.wait()

    assert world.erase(lambda: True) == ErasedCounts(0, 1)
    assert [notification_id for _, notification_id in world.notifications.notifications] == ["n-2"]


def test_items_that_changed_meanwhile_are_erased_by_the_next_run():
    world = World()
    world.add("item")
    world.start_erasure()
    world.wait()
    erase, world.items.erase = world.items.erase, lambda _items, *, in_history: 0  # noqa: ARG005

    assert world.erase(lambda: True) == ErasedCounts()
    assert world.erasure().state is ErasureState.RUNNING

    world.items.erase = erase
    assert world.erase(lambda: True) == ErasedCounts(1, 0)
    assert world.erasure().state is ErasureState.DONE


def test_the_texts_of_erased_items_are_taken_out_of_the_search_index():
    world = World()
    world.add("item")
    world.index.add(ACCOUNT, world.items.all_items(ACCOUNT))
    world.start_erasure()
    world.wait()

    assert world.erase(lambda: True) == ErasedCounts(1, 0)
    assert world.index.texts == {}


def test_the_audit_trail_of_the_account_names_an_erased_customer_and_their_items_no_more():
    world = World()
    own, other = an_item(number=1, customer_id="c-1"), an_item(number=2, customer_id="c-2")
    for item in (own, other):
        world.items.save(None, item)
        acts = {"item_id": item_id(item.entry_key)}, {"customer_id": item.customer_id}
        for ids in acts:
            world.acts.add(Act(ACCOUNT, f"{item.entry_key}{len(world.acts.acts)}", NOW, "manager", "x", **ids))
    world.customers.save(a_customer())

    world.request(ACCOUNT, "c-1", by="manager")
    world.wait()
    world.erase(lambda: True)

    named = [(act.item_id, act.customer_id) for act in world.acts.acts]
    assert named == [("", ""), ("", ""), (item_id(other.entry_key), ""), ("", "c-2")]


def test_without_time_nothing_is_erased():
    world = World()
    world.add("item")
    world.start_erasure()

    assert world.erase(lambda: False) == ErasedCounts()
    assert len(world.items.items) == 1


def test_an_erasure_that_conflicts_does_not_stop_the_others():
    world = World()
    world.add("item")
    world.notifications.add(a_notification("n-9", customer_id="c-2", created_at=NOW))
    world.start_erasure()
    world.start_erasure("c-2")
    world.wait()
    save = world.erasures.save
    digest = FakeHashes().of_customer(ACCOUNT, "c-1")

    def conflict(erasure):
        if erasure.digest == digest:
            raise StaleWriteError("changed")
        return save(erasure)

    world.erasures.save = conflict

    assert world.erase(lambda: True) == ErasedCounts(0, 1)
    assert world.erasures.find(ACCOUNT, "c-2").state is ErasureState.DONE


def test_every_address_that_is_erased_is_hidden_and_no_longer_counted_as_a_repeat():
    world = World()
    world.customers.save(a_customer(email=EMAIL, phone=PHONE))
    world.customers.save(a_customer("c-2", email="shared@example.com"))
    item = an_item(Reason.MAILBOX_FULL, customer_id="c-1", recipient=OLD_EMAIL, days_ago=2)
    world.items.save(None, resent(resent(item, to="second@example.com"), to="shared@example.com"))
    world.notifications.add(a_notification(to="named@example.com", created_at=NOW - timedelta(days=2)))
    world.notifications.add(a_notification("n-2", to="", created_at=NOW - timedelta(days=2)))
    world.notifications.claim(an_attempt(to="Sent@Example.com"))
    day = NOW.date() - timedelta(days=1)  # in Auckland
    world.repeats.noted = {(ACCOUNT, OLD_EMAIL, day), (ACCOUNT, "shared@example.com", day), ("acc-2", OLD_EMAIL, day)}
    world.start_erasure()
    world.wait()

    world.erase(lambda: True)

    erased = [EMAIL, OLD_EMAIL, "second@example.com", "named@example.com", "sent@example.com"]
    hashes = {FakeHashes().of_address(ACCOUNT, Channel.EMAIL, address) for address in erased}
    assert {digest for _, digest in world.erasures.marks} == {
        *hashes,
        FakeHashes().of_address(ACCOUNT, Channel.SMS, PHONE),
    }
    assert world.repeats.noted == {(ACCOUNT, "shared@example.com", day), ("acc-2", OLD_EMAIL, day)}


@pytest.mark.parametrize(("done", "state"), [(False, ErasureState.RUNNING), (True, ErasureState.DONE)])
def test_progress_is_added_to_what_was_erased_before(done, state):
    erasure = Erasure(ACCOUNT, "digest", NOW, "ada", erased=ErasedCounts(1, 2))

    assert erasure.with_progress(ErasedCounts(10, 20), done=done) == replace(
        erasure, erased=ErasedCounts(11, 22), state=state
    )


@pytest.mark.parametrize(("seconds", "covers"), [(0, True), (180, True), (181, False)])
def test_an_erasure_covers_what_is_written_until_every_process_knows_of_it(seconds, covers):
    assert Erasure(ACCOUNT, "digest", NOW, "ada").covers(NOW + timedelta(seconds=seconds)) is covers


def test_the_erasure_of_a_customer_keeps_what_is_needed_to_carry_it_out():
    world = World()
    world.customers.save(a_customer(email=EMAIL, phone=PHONE))

    erasure = world.start_erasure()

    assert world.erasures.running() == [
        ErasureTask(replace(erasure, version=1), "c-1", ((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE)))
    ]
    assert world.customers.stored == {}


def test_a_run_adds_up_what_it_erases_for_several_customers():
    world = World()
    for number, customer_id in ((1, "c-1"), (2, "c-2")):
        world.items.save(None, an_item(number=number, customer_id=customer_id, days_ago=2))
        world.start_erasure(customer_id)
    world.wait()

    assert world.erase(lambda: True) == ErasedCounts(2, 0)


def test_notifications_from_after_an_erasure_are_passed_over_page_by_page():
    world = World()
    world.add("item")
    world.start_erasure()
    for number in range(150):
        world.notifications.add(a_notification(f"n-{number:03}", created_at=NOW + timedelta(minutes=4)))
    world.notifications.add(a_notification("n-999", created_at=NOW))
    world.wait()

    assert world.erase(lambda: True) == ErasedCounts(1, 1)
    assert world.erasure().state is ErasureState.DONE
    assert len(world.notifications.notifications) == 150
