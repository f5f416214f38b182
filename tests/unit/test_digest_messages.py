"""The digest as it is sent: its text, its subject, and what is stored about it."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, an_item
from tests.builders.pace import START, MovedClock, a_pace
from tests.fakes import (
    FakeAccountMappings,
    FakeAccountStore,
    FakeNotificationStore,
    FakeReportReader,
    FakeSender,
    FakeUndeliveredStore,
)
from undelivered.adapters.language_files import texts
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings, DigestSettings
from undelivered.domain.digest import Digest, failures_by_reason, subject_of, text_of
from undelivered.domain.errors import PermanentSendError, ProviderBusyError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.language import Language
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.own_mail import OwnMail
from undelivered.services.ports import OutgoingMessage
from undelivered.services.send_digests import SendDigests
from undelivered.services.sender_rule import SenderRule

LINK = "https://example.com/console/"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
BOSS = "boss@example.com"
ENGLISH = texts(Language.ENGLISH)
BOSS_ID = f"undelivered-digest-2026-11-23-{recipient_digest(BOSS)}"
FAILURES = {Reason.MAILBOX_FULL: 12, Reason.ADDRESS_NOT_FOUND: 3}

FULL_TEXT = """\
Undelivered notifications, 20 November to 22 November 2026

     12  Mailbox is full
      3  Address does not exist

4 ready to resend: the customer's contact details have been corrected.

Open the report: https://example.com/console/
"""
ONE_DAY_TEXT = """\
Undelivered notifications, 23 November 2026

      1  Mailbox is full

Open the report: https://example.com/console/
"""
READY_TEXT = """\
Undelivered notifications, 23 November 2026

  None.

1 ready to resend: the customer's contact details have been corrected.

Open the report: https://example.com/console/
"""


def monday(failures, ready):
    return Digest(date(2026, 11, 23), date(2026, 11, 23), failures, ready)


@pytest.mark.parametrize(
    ("digest", "subject", "text"),
    [
        (
            Digest(date(2026, 11, 20), date(2026, 11, 22), FAILURES, 4),
            "Notifications: 15 undelivered, 4 ready to resend",
            FULL_TEXT,
        ),
        (monday({Reason.MAILBOX_FULL: 1}, 0), "Notifications: 1 undelivered", ONE_DAY_TEXT),
        (monday({}, 1), "Notifications: 1 ready to resend", READY_TEXT),
    ],
)
def test_a_digest_lists_failures_by_reason_and_what_is_ready_to_resend(digest, subject, text):
    assert subject_of(digest, ENGLISH) == subject
    assert text_of(digest, LINK, ENGLISH) == text


def test_failures_of_several_days_and_classes_are_added_up_by_reason_most_frequent_first():
    by_day = {
        date(2026, 11, 20): {"es.mailbox_full": 2, "ei.address_not_found": 4, "eh.mailbox_disabled": 1},
        date(2026, 11, 21): {"es.mailbox_full": 3, "ss.mailbox_full": 1, "eh.mailbox_disabled": -1},
    }

    failures = failures_by_reason(by_day)

    assert list(failures.items()) == [(Reason.MAILBOX_FULL, 6), (Reason.ADDRESS_NOT_FOUND, 4)]


class World:
    """An account whose digest is due, with a failure of the day before."""

    def __init__(self, *, sender="", recipients=(BOSS,), pace=None, locale=Language.ENGLISH):
        self.mappings = FakeAccountMappings()
        self.items = FakeUndeliveredStore(clock=lambda: NOW)
        self.notifications = FakeNotificationStore(clock=lambda: NOW)
        self.mail, accounts = FakeSender(), FakeAccountStore()
        settings = DigestSettings(recipients, tuple(range(7)), 8)
        accounts.save_settings(AccountSettings(ACCOUNT, sender=sender, digest=settings, locale=locale))
        self.items.save(None, an_item(Reason.MAILBOX_FULL, sent_at=NOW - timedelta(days=1)))
        reports = FakeReportReader(self.items)
        send = SendDigests(
            accounts,
            reports,
            OwnMail(self.notifications, self.mail, self.sender_rule(), lambda: NOW, pace or a_pace()),
            LINK,
            lambda: NOW,
            texts,
        )
        self.send = partial(send, START + 60)

    def sender_rule(self):
        return SenderRule(self.mappings, ACCOUNT, "us@example.com")

    def attempts(self):
        return list(self.notifications.claims.values())


@pytest.mark.parametrize(
    ("sender", "expected"), [("", "us@example.com"), ("Rentals <rent@example.com>", "Rentals <rent@example.com>")]
)
def test_a_digest_is_an_email_from_the_account_with_tags_by_which_its_feedback_is_ignored(sender, expected):
    world = World(sender=sender)

    assert world.send() == 1

    assert world.mail.sent == [
        OutgoingMessage(
            channel=Channel.EMAIL,
            to=BOSS,
            sender=expected,
            subject="Notifications: 1 undelivered",
            text=ONE_DAY_TEXT,
            html="",
            resend=False,
            tags={"undelivered-account": ACCOUNT, "undelivered-notification": BOSS_ID},
            headers={},
        )
    ]


def test_a_digest_does_not_leave_in_the_name_of_another_account():
    world = World(sender="Rentals <rent@example.com>")
    world.mappings.mapping = AccountMapping(identities={"example.com": "acc-2"})

    assert world.send() == 0

    assert world.mail.sent == []
    assert [attempt.outcome for attempt in world.attempts()] == [SendOutcome.FAILED]


def test_a_digest_that_was_sent_is_stored_with_the_providers_message_id():
    world = World()

    world.send()

    assert world.attempts() == [
        SendAttempt(ACCOUNT, BOSS_ID, 1, BOSS, NOW, "digest", "", "provider-1", SendOutcome.SENT)
    ]


def test_a_digest_that_the_provider_refuses_is_stored_as_failed_and_the_next_is_sent():
    world = World(recipients=(BOSS, "deputy@example.com"))
    world.mail.errors = [PermanentSendError(Reason.REJECTED, "refused")]

    assert world.send() == 1

    first, second = world.attempts()
    assert first == SendAttempt(ACCOUNT, BOSS_ID, 1, BOSS, NOW, "digest", outcome=SendOutcome.FAILED)
    assert (second.to, second.outcome) == ("deputy@example.com", SendOutcome.SENT)


def test_items_that_are_ready_to_resend_are_counted_even_without_new_failures():
    world = World()
    world.items.items.clear()
    world.items.failed.clear()
    item = an_item(sent_at=NOW - timedelta(days=5))
    world.items.items[ACCOUNT, item.entry_key] = item
    assert world.send() == 0

    world.items.items[ACCOUNT, item.entry_key] = replace(item, ready_contact="new@example.com")

    assert world.send() == 1
    assert world.mail.sent[0].subject == "Notifications: 1 ready to resend"


INTERVAL = SendRate(per_second=1.0).interval


def test_digests_are_sent_one_by_one_at_the_rate_of_the_account():
    clock = MovedClock()
    world = World(recipients=("a@example.com", "b@example.com", "c@example.com"), pace=a_pace(1.0, clock=clock))

    assert world.send() == 3
    assert clock.slept == pytest.approx([INTERVAL, INTERVAL], abs=1e-5)


def test_a_digest_takes_its_slot_ahead_of_bulk_sends():
    clock = MovedClock()
    pace = a_pace(1.0, clock=clock)
    pace.reserve(Channel.EMAIL, 30, urgent=True, deadline=START + 60)

    assert World(pace=pace).send() == 1
    assert clock.slept == pytest.approx([30 * INTERVAL], abs=1e-5)


def test_a_busy_provider_is_asked_again_for_a_digest_after_a_longer_wait_each_time():
    clock = MovedClock()
    world = World(pace=a_pace(1.0, clock=clock))
    world.mail.errors = [ProviderBusyError("too fast"), ProviderBusyError("too fast")]

    assert world.send() == 1
    assert clock.slept == pytest.approx([0.1 * INTERVAL, INTERVAL, 0.2 * INTERVAL, INTERVAL], abs=1e-5)


@pytest.mark.parametrize(
    ("locale", "subject", "line", "days"),
    [
        (Language.SPANISH, "Notificaciones: 1 no entregadas", "Buzón lleno", "23/11/2026"),
        (Language.GERMAN, "Benachrichtigungen: 1 nicht zugestellt", "Postfach ist voll", "23.11.2026"),
    ],
)
def test_a_digest_is_in_the_language_of_the_account(locale, subject, line, days):
    world = World(locale=locale)

    world.send()

    (message,) = world.mail.sent
    assert message.subject == subject
    assert line in message.text
    assert days in message.text
