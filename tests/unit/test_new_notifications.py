"""Notifications of the host application: what is stored and queued, and why some are refused."""

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification
from tests.fakes import (
    FakeAccountMappings,
    FakeAccountStore,
    FakeAttachmentFiles,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeQueue,
    FakeUndeliveredStore,
)
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings, Category
from undelivered.domain.errors import RefusedError
from undelivered.domain.notification import Notification
from undelivered.domain.taxonomy import Channel
from undelivered.services.accept_notifications import AcceptNotifications, NewNotification
from undelivered.services.in_parallel import in_threads
from undelivered.services.keep_attachments import KeepAttachments
from undelivered.services.ports import SendJob
from undelivered.services.sender_rule import SenderRule


class World:
    def __init__(self, *customers):
        self.now = NOW
        self.notifications = FakeNotificationStore(clock=lambda: self.now)
        self.customers, self.queue = FakeCustomerStore(), FakeQueue()
        self.items = FakeUndeliveredStore(clock=lambda: self.now)
        for customer in customers or (a_customer(),):
            self.customers.save(customer)
        self.files = FakeAttachmentFiles()
        self.mappings = FakeAccountMappings()
        self.accounts = FakeAccountStore()
        keep = KeepAttachments(self.files, FakeAccountStore(), in_threads)
        self.accept = AcceptNotifications(
            self.notifications,
            self.customers,
            self.items,
            self.accounts,
            self.queue,
            lambda: keep,
            self.rule,
            lambda: self.now,
        )

    def rule(self):
        return SenderRule(self.mappings, ACCOUNT, "us@example.com")

    def refusal_of(self, new):
        (error,) = self.accept(ACCOUNT, [new])
        assert isinstance(error, RefusedError)
        assert self.queue.orders == []
        return error.code, error.detail


def new(notification_id="n-1", **changes):
    values = {"customer_id": "c-1", "channel": Channel.EMAIL, "title": "Rent reminder", "text": "Dear Ada", **changes}
    return NewNotification(notification_id=notification_id, **values)


def test_a_notification_is_stored_as_it_is_requested_and_its_first_attempt_is_queued():
    world = World()
    requested = new(
        subject="Please pay",
        html="<p>Dear Ada</p>",
        to="Office@Example.com",
        essential=True,
        metadata=(("lease", "7"),),
    )

    assert world.accept(ACCOUNT, [requested]) == ["n-1"]

    assert world.notifications.find(ACCOUNT, "n-1") == Notification(
        ACCOUNT,
        "n-1",
        "c-1",
        Channel.EMAIL,
        "Rent reminder",
        "Dear Ada",
        NOW,
        "Please pay",
        "<p>Dear Ada</p>",
        "office@example.com",
        essential=True,
        metadata=(("lease", "7"),),
    )
    assert world.queue.orders == [SendJob(ACCOUNT, "n-1", 1)]


def test_what_a_request_does_not_give_is_stored_empty_and_gets_an_id():
    world = World()

    (notification_id,) = world.accept(ACCOUNT, [new("")])

    assert len(notification_id) == 32
    assert world.notifications.find(ACCOUNT, notification_id) == a_notification(notification_id)


def test_a_notification_that_is_requested_again_later_is_accepted_as_the_same():
    world = World()
    world.accept(ACCOUNT, [new()])
    world.now = NOW.replace(hour=20)

    assert world.accept(ACCOUNT, [new()]) == ["n-1"]
    assert world.notifications.find(ACCOUNT, "n-1").created_at == NOW


def test_a_text_message_is_queued_for_its_channel():
    world = World(a_customer(phone="+12065550100"))

    assert world.accept(ACCOUNT, [new(channel=Channel.SMS)]) == ["n-1"]
    assert world.queue.orders == [SendJob(ACCOUNT, "n-1", 1, channel=Channel.SMS)]


def test_a_notification_with_the_id_of_another_is_refused():
    world = World()
    world.accept(ACCOUNT, [new()])
    world.queue.orders.clear()

    assert world.refusal_of(new(text="Dear Bob")) == (
        "conflict",
        "Another notification already has this notification_id.",
    )


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        (
            {"customer_id": "c-9"},
            "unknown_customer",
            "There is no customer 'c-9'. Create it, or set 'to'.",
        ),
        (
            {"channel": Channel.SMS},
            "no_contact",
            "The customer has no contact for sms. Add one first, or set 'to'.",
        ),
        (
            {"to": "ada@gmial.com.", "channel": Channel.EMAIL},
            "invalid_address",
            "'to' is not valid: must have a valid domain after the @. Did you mean ada@gmail.com?",
        ),
        (
            {"to": "12345", "channel": Channel.SMS},
            "invalid_address",
            "'to' is not valid: must start with + and the country code, for example +49 30 123456.",
        ),
    ],
)
def test_a_notification_that_cannot_be_sent_is_refused_with_the_reason(changes, code, detail):
    assert World().refusal_of(new(**changes)) == (code, detail)


def test_a_refused_notification_does_not_affect_the_others():
    world = World(a_customer(), a_customer("c-2", email="bob@example.com"))

    results = world.accept(ACCOUNT, [new(), new("n-2", customer_id="c-9"), new("n-3", customer_id="c-2"), new()])

    assert [results[0], results[1].code, results[2], results[3]] == ["n-1", "unknown_customer", "n-3", "n-1"]
    assert world.queue.orders == [SendJob(ACCOUNT, "n-1", 1), SendJob(ACCOUNT, "n-3", 1)]


def test_nothing_is_queued_when_all_are_refused():
    world = World()
    world.queue.put = None

    assert [error.code for error in world.accept(ACCOUNT, [new(customer_id="c-9")])] == ["unknown_customer"]


def test_a_number_that_is_not_assigned_is_refused_unless_the_caller_insists():
    unassigned = new(channel=Channel.SMS, to="+11234567890")

    assert World().refusal_of(unassigned) == (
        "unassigned_number",
        "'to' is not valid: is not an assigned phone number in its country.",
    )
    assert World().accept(ACCOUNT, [replace(unassigned, accept_unassigned_number=True)]) == ["n-1"]


def test_a_text_message_may_have_as_many_characters_as_sns_accepts_and_no_more():
    longest, reachable = "ä" * 1_600, a_customer(phone="+12065550100")

    assert World(reachable).accept(ACCOUNT, [new(channel=Channel.SMS, text=longest)]) == ["n-1"]
    assert World(reachable).refusal_of(new(channel=Channel.SMS, text=f"{longest}!")) == (
        "text_too_long",
        "'text' has 1,601 characters. A text message has at most 1,600.",
    )
    assert World().accept(ACCOUNT, [new(text=f"{longest}!")]) == ["n-1"]


@pytest.mark.parametrize("field", ["sender", "reply_to"])
def test_a_message_has_a_sender_and_a_reply_address_of_identities_of_the_account(field):
    world = World()
    world.mappings.mapping = AccountMapping(identities={"meadow.example": "acc-2"})

    (refused,) = world.accept(ACCOUNT, [new(**{field: "Meadow <rent@meadow.example>"})])
    accepted = world.accept("acc-2", [new(**{field: "Meadow <rent@meadow.example>", "to": "ada@example.com"})])

    assert (refused.code, refused.field) == ("invalid_sender", field)
    assert refused.detail.startswith(f"'{field}' must be an address that your account may send from.")
    assert accepted == ["n-1"]
    assert getattr(world.notifications.find("acc-2", "n-1"), field) == "Meadow <rent@meadow.example>"


@pytest.mark.parametrize("field", ["sender", "reply_to"])
def test_a_text_message_has_neither_a_sender_nor_a_reply_address(field):
    world = World(a_customer(phone="+12065550100"))

    (refused,) = world.accept(ACCOUNT, [new(channel=Channel.SMS, **{field: "rent@example.com"})])

    assert (refused.code, refused.field) == ("invalid_body", field)


def test_a_category_is_one_of_the_account_and_only_for_emails():
    world = World(a_customer(phone="+12065550100"))
    world.accounts.save_settings(AccountSettings(ACCOUNT, categories=(Category("newsletter", "Newsletter"),)))

    accepted, unknown, text = world.accept(
        ACCOUNT,
        [
            new("n-1", category="newsletter"),
            new("n-2", category="offers"),
            new("n-3", category="newsletter", channel=Channel.SMS),
        ],
    )

    assert (accepted, world.notifications.find(ACCOUNT, "n-1").category) == ("n-1", "newsletter")
    assert (unknown.code, unknown.field) == ("unknown_category", "category")
    assert (text.code, text.field) == ("invalid_body", "category")
