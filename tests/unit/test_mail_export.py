"""The email about an export that has ended: whom it reaches, what it says, and that it is sent once."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT
from tests.builders.pace import a_pace
from tests.fakes import FakeAccountMappings, FakeAccountStore, FakeNotificationStore, FakeSender
from undelivered.adapters.language_files import texts
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import RetryableError
from undelivered.domain.export import Export, ExportState
from undelivered.domain.item import LIVE_STATES
from undelivered.domain.language import Language
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.services.mail_export import MailExport
from undelivered.services.own_mail import OwnMail
from undelivered.services.sender_rule import SenderRule

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LINK = "https://example.com/console/#/exports"
EXPORT = Export(
    ACCOUNT,
    "e-1",
    ReportFilter(Period(NOW, NOW), states=LIVE_STATES),
    NOW,
    "ada@example.com (1)",
    NOW,
    ExportState.DONE,
    rows=4_543,
    mail_to="ada@example.com",
)


class Desk:
    def __init__(self):
        self.outbox, self.accounts = FakeSender(), FakeAccountStore()
        rule = SenderRule(FakeAccountMappings(), ACCOUNT, "us@example.com")
        mail = OwnMail(FakeNotificationStore(clock=lambda: NOW), self.outbox, rule, lambda: NOW, a_pace())
        self.send = MailExport(mail, self.accounts, LINK, texts)

    @property
    def sent(self):
        return [(message.to, message.subject, message.text) for message in self.outbox.sent]


@pytest.fixture
def desk():
    return Desk()


def test_it_has_a_link_to_the_console_and_no_data(desk):
    desk.send(EXPORT)

    text = f"The export that you asked for is ready. It has 4543 rows.\n\nDownload it within seven days: {LINK}\n"
    assert desk.sent == [("ada@example.com", "Your export is ready", text)]
    (message,) = desk.outbox.sent
    assert message.tags["undelivered-notification"] == "undelivered-digest-export-e-1"


def test_it_is_in_the_language_of_the_account(desk):
    desk.accounts.save_settings(AccountSettings(ACCOUNT, locale=Language.SPANISH))

    desk.send(EXPORT)

    assert [subject for _, subject, _ in desk.sent] == ["Su exportación está lista"]


def test_it_says_so_if_the_export_failed(desk):
    desk.send(replace(EXPORT, state=ExportState.FAILED))

    assert [subject for _, subject, _ in desk.sent] == ["Your export failed"]


@pytest.mark.parametrize("export", [replace(EXPORT, mail_to=""), replace(EXPORT, state=ExportState.RUNNING)])
def test_nobody_who_did_not_ask_is_mailed_and_nobody_before_the_end(desk, export):
    desk.send(export)

    assert desk.sent == []


def test_it_is_sent_once_however_often_the_message_is_delivered(desk):
    for _ in range(3):
        desk.send(EXPORT)

    assert len(desk.sent) == 1


def test_it_is_tried_again_after_a_busy_provider(desk, monkeypatch):
    def refuse(_message):
        raise RetryableError("busy")

    with monkeypatch.context() as busy:
        busy.setattr(desk.outbox, "send", refuse)
        with pytest.raises(RetryableError):
            desk.send(EXPORT)
    desk.send(EXPORT)

    assert len(desk.sent) == 1
