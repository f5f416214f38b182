"""What goes out is what was handed over, whole; and what could not go out is told whole."""

import base64
from datetime import timedelta

import pytest
from msgspec.structs import replace

from infrastructure.local.ses_simulator.send_rules import tag_problem
from tests.builders.items import ACCOUNT, NOW, a_notification, a_suppression
from tests.builders.sending import EMAIL, FIRST, Product
from tests.fakes import FakeProviderSuppressions
from undelivered.adapters.feedback.json_values import attribution
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import PermanentSendError
from undelivered.domain.feedback import Attribution, Outcome
from undelivered.domain.item import Attempt, AttemptResult, State, UndeliveredItem
from undelivered.domain.message_tags import encode_text
from undelivered.domain.notification import SendAttempt
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.services.manage_suppressions import ManageSuppressions, NewSuppression
from undelivered.services.ports import SendJob
from undelivered.services.send_message import message_tags

REQUEST = "5b1f0c8e-6a2d-4f73-90be-1c52d8a97f04"
WRITTEN = a_notification("n-2", title="Miete fällig", subject="Ihre Miete", text="Liebe Ada", html="<p>Liebe Ada")
SECOND = SendJob(ACCOUNT, "n-2", 1)


@pytest.fixture
def product():
    made = Product()
    made.notifications.add(WRITTEN)
    return made


def told_by(tags):
    """Return what an event about a message tells by the tags that were put on it."""
    return attribution(lambda name: tags.get(name, ""))


def test_a_message_goes_out_as_it_was_written(product):
    product.send_message(SECOND)

    (message,) = product.sent
    assert (message.channel, message.to, message.sender) == (Channel.EMAIL, EMAIL, "us@example.com")
    assert (message.subject, message.text, message.html) == ("Ihre Miete", "Liebe Ada", "<p>Liebe Ada")


def test_without_a_subject_the_title_is_it(product):
    product.send_message(FIRST)

    (message,) = product.sent
    assert (message.subject, message.text, message.html) == ("Rent reminder", "Dear Ada", "")


def test_an_account_has_a_sender_of_its_own(product):
    product.accounts.save_settings(AccountSettings(ACCOUNT, sender="Harbour <office@harbour.example>"))

    product.send_message(SECOND)

    assert product.sent[0].sender == "Harbour <office@harbour.example>"


def test_a_message_for_somebody_who_is_named_goes_there_and_not_to_the_customer(product):
    product.notifications.add(a_notification("n-3", to="bob@example.com"))

    product.send_message(SendJob(ACCOUNT, "n-3", 1))

    assert product.sent[0].to == "bob@example.com"


def test_the_tags_of_a_first_send_tell_all_of_it(product):
    product.send_message(SECOND, REQUEST)

    assert told_by(product.sent[0].tags) == Attribution(
        account_id=ACCOUNT,
        notification_id="n-2",
        attempt=1,
        customer_id="c-1",
        customer_name="Ada Byron",
        title="Miete fällig",
        correlation_id=REQUEST,
        content_held=True,
    )


def test_those_of_a_resend_tell_its_item_too(product):
    item = product.fail()
    product.send_message(product.press_resend())

    told = told_by(product.sent[-1].tags)

    assert (told.attempt, told.entry_key) == (2, item.entry_key)


@pytest.mark.parametrize(
    "identifier",
    [
        "n-17",
        "a_B-9",
        "INV/2026/17",
        "ada@example.com",
        "-base64url",
        "SU5WLzIwMjYvMTc",
        "a" * 128,
        "." * 128,
    ],
)
def test_an_id_of_any_allowed_characters_comes_back_with_the_events_of_its_message(identifier):
    attempt = SendAttempt(f"{identifier[:63]}.", identifier, 1, EMAIL, NOW, correlation_id=identifier)

    tags = message_tags(attempt, replace(WRITTEN, customer_id=identifier), None)

    told = told_by(tags)
    assert (told.account_id, told.correlation_id) == (f"{identifier[:63]}.", identifier)
    assert (told.notification_id, told.customer_id) == (identifier, identifier)
    assert tag_problem([*tags.items()]) == ""


def test_an_id_that_fits_in_a_tag_is_in_it_as_it_is():
    tags = message_tags(SendAttempt(ACCOUNT, "n_2-A", 1, EMAIL, NOW), WRITTEN, None)

    assert (tags["undelivered-account"], tags["undelivered-notification"]) == (ACCOUNT, "n_2-A")


def test_what_is_not_known_has_no_tag(product):
    assert set(message_tags(SendAttempt(ACCOUNT, "n-2", 1, EMAIL, NOW), replace(WRITTEN, title=""), None)) == {
        "undelivered-account",
        "undelivered-notification",
        "undelivered-attempt",
        "undelivered-customer",
        "undelivered-content",
    }


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "a" * 190])
def test_a_text_that_fits_is_in_its_tag_whole(text):
    assert base64.urlsafe_b64decode(encode_text(text) + "==").decode() == text


@pytest.mark.parametrize("text", ["a" * 191, "ä" * 96, "a" + "ä" * 95, "€" * 64, "😀" * 48])
def test_a_longer_one_is_cut_between_characters_to_what_a_tag_can_hold(text):
    tag = encode_text(text)

    kept = base64.urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()
    assert len(tag) <= 256
    assert text.startswith(kept)
    assert 186 < len(kept.encode()) <= 190
    assert set(tag) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_attempt_is_recorded_with_all_that_is_known_of_it(product):
    recorded = product.send_message(SECOND, REQUEST)

    assert recorded == SendAttempt(
        ACCOUNT,
        "n-2",
        1,
        EMAIL,
        NOW,
        by="host",
        provider_message_id="provider-1",
        outcome="sent",
        correlation_id=REQUEST,
    )
    assert product.notifications.attempts(ACCOUNT, "n-2") == [recorded]


def test_that_of_a_resend_names_its_item_and_who_asked_for_it(product):
    item = product.fail()

    recorded = product.send_message(product.press_resend())

    assert (recorded.number, recorded.by, recorded.entry_key) == (2, "manager@example.com", item.entry_key)
    assert (recorded.to, recorded.outcome, recorded.provider_message_id) == (EMAIL, "sent", "provider-1")


def unsent(reason, diagnostic, *, to=EMAIL, at=NOW):
    """Return the item that a first send of ``WRITTEN`` leaves when it never went out."""
    result = AttemptResult(Outcome.FAILED, at, classification_of(reason), diagnostic, "undelivered")
    return UndeliveredItem(
        account_id=ACCOUNT,
        origin_id="n-2",
        notification_id="n-2",
        channel=Channel.EMAIL,
        recipient=to,
        sent_at=NOW,
        attempts=(Attempt(1, to, NOW, provider_message_id="n-2", result=result),),
        title="Miete fällig",
        customer_id="c-1",
        customer_name="Ada Byron",
        version=1,
    )


def test_what_a_suppression_stopped_is_told_whole(product):
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.UNSUBSCRIBED))

    recorded = product.send_message(SECOND)

    assert product.item() == unsent(Reason.UNSUBSCRIBED, "suppressed: unsubscribed since 2026-11-22")
    assert recorded.outcome == "dropped"


def test_what_an_imported_suppression_stopped_says_where_it_comes_from(product):
    why = "imported from SendGrid on 2026-11-20: 550 5.1.1 no such user"
    imported = NewSuppression(Channel.EMAIL, EMAIL, SuppressionReason.BOUNCE, NOW - timedelta(days=900), why)
    ManageSuppressions(product.suppressions, FakeProviderSuppressions(), lambda: NOW).add(ACCOUNT, imported, by="host")

    product.send_message(SECOND)

    assert product.item() == unsent(Reason.SUPPRESSED_BOUNCE, f"suppressed: bounce since 2024-06-06; {why}")


def test_so_is_what_the_provider_refused(product):
    product.mail.errors = [PermanentSendError(Reason.BODY_INVALID, "SES refused the message: BadRequestException")]

    recorded = product.send_message(SECOND)

    assert product.item() == unsent(Reason.BODY_INVALID, "SES refused the message: BadRequestException")
    assert recorded.outcome == "failed"


def test_so_is_what_nobody_could_be_sent(product):
    product.move_to(email="")

    recorded = product.send_message(SECOND)

    assert product.item() == unsent(Reason.ADDRESS_MALFORMED, "no contact", to="")
    assert recorded.outcome == "failed"


def test_a_resend_that_a_suppression_stopped_is_told_on_its_item(product):
    item = product.fail()
    order = product.press_resend()
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.MANUAL))
    product.pass_time(seconds=30)

    product.send_message(order)

    last = product.item().last_attempt
    result = AttemptResult(
        Outcome.FAILED,
        NOW + timedelta(seconds=30),
        classification_of(Reason.SUPPRESSED_MANUALLY),
        "suppressed: manual since 2026-11-22",
        "undelivered",
    )
    assert (product.item().entry_key, product.item().state) == (item.entry_key, State.OPEN)
    assert last == Attempt(2, EMAIL, NOW, "manager@example.com", provider_message_id="n-1", result=result)


@pytest.mark.parametrize("channel", Channel)
def test_a_suppression_is_found_however_the_contact_is_spelled(channel):
    product = Product(channel)
    spelled = {"email": "Ada@Example.COM", "phone": "+1 206 555 0100"}
    product.move_to(**spelled)
    product.suppressions.save(None, a_suppression(product.address, channel=channel))

    product.send_message(FIRST)

    assert product.sent == []
    assert product.item().recipient == product.address
