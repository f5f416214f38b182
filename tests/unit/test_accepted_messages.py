"""Messages that were accepted: recorded together, for the accounts that want it, and for nobody who was erased."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW
from tests.builders.recording import Recording
from tests.fakes import FakeHashes
from undelivered.domain.contact_link import CODE_PREFIX
from undelivered.domain.erasure import Erasure, ErasureTask
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.taxonomy import Channel

DELIVERED = Feedback(
    Channel.EMAIL,
    "ses-1",
    "ada@example.com",
    Outcome.DELIVERED,
    NOW,
    NOW - timedelta(minutes=1),
    diagnostic="250 2.0.0 OK",
    source="ses:delivery",
    subject="Rent",
    attribution=Attribution(account_id=ACCOUNT, customer_id="c-1", notification_id="n-1"),
)


@pytest.fixture
def recording():
    made = Recording()
    made.use_case = replace(made.use_case, records_accepted=lambda account_id: account_id == ACCOUNT)
    return made


def stored(recording):
    return [*recording.notifications.accepted.values()]


def test_deliveries_of_a_batch_are_recorded_in_one_call(recording, monkeypatch):
    calls = []
    monkeypatch.setattr(recording.notifications, "add_accepted", calls.append)
    others = replace(DELIVERED, provider_message_id="ses-2", recipient="bo@example.com")

    assert recording.use_case([[DELIVERED], [others]]) == {}

    ((first, second),) = calls
    assert (first.to, first.title, first.answer, first.customer_id) == (
        "ada@example.com",
        "Rent",
        "250 2.0.0 OK",
        "c-1",
    )
    assert (first.sent_at, first.accepted_at, second.to) == (NOW - timedelta(minutes=1), NOW, "bo@example.com")


def test_a_message_without_tags_is_recorded_for_its_account_under_the_providers_id(recording):
    recording.use_case = replace(recording.use_case, records_accepted=lambda _: True)

    recording.use_case([[replace(DELIVERED, attribution=Attribution())]])

    (message,) = stored(recording)
    assert (message.notification_id, message.customer_id) == ("ses-1", "")


@pytest.mark.parametrize(
    "feedback",
    [
        replace(DELIVERED, attribution=replace(DELIVERED.attribution, account_id="acc-2")),
        replace(DELIVERED, attribution=replace(DELIVERED.attribution, attempt=2, entry_key="k")),
        replace(DELIVERED, attribution=replace(DELIVERED.attribution, notification_id=f"{CODE_PREFIX}1")),
        replace(DELIVERED, outcome=Outcome.DELAYED),
    ],
    ids=["of an account that does not want it", "of a resend", "of a code", "a delay"],
)
def test_nothing_else_is_recorded(recording, feedback):
    recording.use_case([[feedback]])

    assert stored(recording) == []


def test_the_same_delivery_twice_is_one_record(recording):
    recording.use_case([[DELIVERED], [DELIVERED]])
    recording.use_case([[DELIVERED]])

    assert len(stored(recording)) == 1


def test_a_message_to_a_customer_who_was_erased_since_is_not_recorded(recording):
    task = ErasureTask(Erasure(ACCOUNT, FakeHashes().of_customer(ACCOUNT, "c-1"), NOW, "manager"), "c-1", ())
    recording.erasures.begin(task, None)

    recording.use_case([[DELIVERED]])

    assert stored(recording) == []


def test_a_busy_store_lets_the_message_come_again(recording, monkeypatch):
    def busy(_messages):
        raise RetryableError("busy")

    monkeypatch.setattr(recording.notifications, "add_accepted", busy)

    assert recording.use_case([[DELIVERED]]).keys() == {0}
