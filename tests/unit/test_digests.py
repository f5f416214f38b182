"""The daily digest: to whom, when, about what, and never twice."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_failure, an_item
from tests.builders.pace import START, MovedClock, a_pace
from tests.fakes import (
    FakeAccountMappings,
    FakeAccountStore,
    FakeCustomerStore,
    FakeErasureStore,
    FakeHashes,
    FakeNotificationStore,
    FakeReportReader,
    FakeSender,
    FakeShapeMappingStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.adapters.language_files import texts
from undelivered.domain.account_settings import AccountSettings, DigestSettings
from undelivered.domain.digest import days_due
from undelivered.domain.errors import ProviderBusyError, RetryableError, UnreadableRecordError
from undelivered.domain.taxonomy import Reason
from undelivered.services.own_mail import OwnMail
from undelivered.services.record_feedback import RecordFeedback
from undelivered.services.send_digests import SendDigests
from undelivered.services.sender_rule import SenderRule

MONDAY_EIGHT_IN_NEW_YORK = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
WANTED = DigestSettings(recipients=("boss@example.com", "deputy@example.com"), hour=8)
SETTINGS = AccountSettings(ACCOUNT, time_zone="America/New_York", digest=WANTED)


class Desk:
    def __init__(self, settings=SETTINGS, now=MONDAY_EIGHT_IN_NEW_YORK):
        self.now = now
        self.items = FakeUndeliveredStore(clock=self.clock)
        self.notifications = FakeNotificationStore(clock=self.clock)
        self.mail = FakeSender()
        self.accounts = accounts = FakeAccountStore()
        accounts.save_settings(settings)
        self.pace_clock = MovedClock()
        send_digests = SendDigests(
            accounts,
            FakeReportReader(self.items),
            OwnMail(
                self.notifications,
                self.mail,
                SenderRule(FakeAccountMappings(), ACCOUNT, "us@example.com"),
                self.clock,
                a_pace(1.0, clock=self.pace_clock),
            ),
            "https://example.com/console/",
            self.clock,
            texts,
        )
        self.send_digests = partial(send_digests, START + 60)

    def clock(self):
        return self.now

    def damage_settings_of(self, damaged):
        settings = self.accounts.settings

        def read(account_id):
            if account_id == damaged:
                raise UnreadableRecordError("a stored record cannot be read")
            return settings(account_id)

        settings(damaged)
        self.accounts.settings = read

    def failed(self, reason=Reason.MAILBOX_FULL, number=1, hours_ago=24):
        self.items.save(None, an_item(reason, number=number, sent_at=self.now - timedelta(hours=hours_ago)))


@pytest.mark.parametrize(
    ("moment", "days", "expected"),
    [
        (datetime(2026, 11, 24, 13, 5, tzinfo=UTC), (0, 1, 2, 3, 4), (date(2026, 11, 23), date(2026, 11, 23))),
        (datetime(2026, 11, 23, 13, 5, tzinfo=UTC), (0, 1, 2, 3, 4), (date(2026, 11, 20), date(2026, 11, 22))),
        (datetime(2026, 11, 23, 13, 5, tzinfo=UTC), (0,), (date(2026, 11, 16), date(2026, 11, 22))),
        (datetime(2026, 11, 23, 14, 5, tzinfo=UTC), (0, 1, 2, 3, 4), None),
        (datetime(2026, 11, 22, 13, 5, tzinfo=UTC), (0, 1, 2, 3, 4), None),
        # In summer New York is an hour nearer.
        (datetime(2026, 7, 7, 12, 5, tzinfo=UTC), (0, 1, 2, 3, 4), (date(2026, 7, 6), date(2026, 7, 6))),
    ],
)
def test_a_digest_is_due_at_the_accounts_own_hour_and_covers_the_days_since_the_last(moment, days, expected):
    settings = AccountSettings(ACCOUNT, "America/New_York", digest=DigestSettings(("a@example.com",), days, 8))

    assert days_due(settings, moment) == expected


def test_a_digest_tells_failures_by_reason_and_leads_to_the_report():
    desk = Desk()
    for number in range(3):
        desk.failed(Reason.MAILBOX_FULL, number)
    desk.failed(Reason.ADDRESS_NOT_FOUND, 9)

    assert desk.send_digests() == 2

    message = desk.mail.sent[0]
    assert message.subject == "Notifications: 4 undelivered"
    assert "3  Mailbox is full" in message.text
    assert "1  Address does not exist" in message.text
    assert "https://example.com/console/" in message.text
    assert "person-" not in message.text


def test_nothing_is_sent_when_there_is_nothing_to_tell():
    assert Desk().send_digests() == 0


def test_nothing_is_sent_to_an_account_that_did_not_ask():
    desk = Desk(AccountSettings(ACCOUNT, "America/New_York"))
    desk.failed()

    assert desk.send_digests() == 0


def test_a_digest_goes_out_once_however_often_the_schedule_fires():
    desk = Desk()
    desk.failed()

    assert [desk.send_digests(), desk.send_digests()] == [2, 0]


def test_a_digest_that_was_throttled_goes_out_when_tried_again():
    desk = Desk()
    desk.failed()
    desk.mail.errors = [RetryableError("busy")]

    with pytest.raises(RetryableError):
        desk.send_digests()

    assert desk.send_digests() == 2


def test_a_digest_that_bounces_never_shows_in_the_report():
    desk = Desk()
    desk.failed()
    desk.send_digests()
    tagged = desk.mail.sent[0].tags["undelivered-notification"]
    suppressions = FakeSuppressionStore()
    record = RecordFeedback(
        desk.items,
        desk.notifications,
        FakeCustomerStore(),
        suppressions,
        FakeErasureStore(),
        FakeHashes(),
        FakeShapeMappingStore(),
        message_accounts(),
        lambda: NOW,
    )

    record([[a_failure(notification_id=tagged, message_id="provider-1", recipient="boss@example.com")]])

    assert len(desk.items.all_items(ACCOUNT)) == 1


def test_digests_go_out_at_the_sending_rate_and_a_busy_provider_is_asked_again():
    desk = Desk()
    desk.failed()
    desk.mail.errors = [ProviderBusyError("Maximum sending rate exceeded")]

    assert desk.send_digests() == 2
    assert len(desk.mail.sent) == 2
    assert desk.pace_clock.time >= START + 1


def test_a_digest_without_a_slot_in_time_is_left_to_the_next_try():
    desk = Desk()
    desk.failed()
    desk.pace_clock.time = START + 61

    with pytest.raises(RetryableError):
        desk.send_digests()

    desk.pace_clock.time = START
    assert desk.send_digests() == 2


def test_an_account_whose_settings_cannot_be_read_stops_no_digest_of_another():
    desk = Desk()
    desk.damage_settings_of("acc-0")
    desk.failed()

    assert desk.send_digests() == 2
