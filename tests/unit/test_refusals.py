"""Requests that are refused: the field, the code, and the sentence that says what to do."""

from datetime import timedelta
from functools import partial

import pytest
from msgspec.structs import replace

from tests.builders.api import FakeIdempotencyStore
from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_item, reported, resent
from tests.fakes import FakeAccountMappings, FakeAccountStore, FakeUndeliveredStore
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings, DigestSettings
from undelivered.domain.customer import Consent, RecordedConsent
from undelivered.domain.errors import InvalidInputError, NotFoundError, PermanentSendError, RefusedError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Dismissal
from undelivered.domain.resend_policy import ResendCode, ResendDecision, decide_item_resend
from undelivered.domain.resender import Resender
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Kind, Reason
from undelivered.services.change_settings import ChangeSettings
from undelivered.services.contact_validation import checked_contact, checked_email, checked_phone
from undelivered.services.idempotency import IdempotentResend
from undelivered.services.ports import IdempotencyRecord
from undelivered.services.sender_rule import SenderRule

BAD_ZONE = "must be an IANA time zone name, for example 'Europe/Berlin'"
BAD_SENDER = "must be one address, or a name and one address: 'Rentals <rent@example.com>'"
RULE = SenderRule(FakeAccountMappings(), ACCOUNT, "us@example.com")
NO_COUNTRY = "must start with + and the country code, for example +49 30 123456"
NO_NUMBER = "is not a valid phone number: unknown country code or too few digits"
BAD_LENGTH = "is not a valid phone number: too short, too long, or with an extension"


def refusal_of(call, *arguments, **named):
    with pytest.raises(InvalidInputError) as refused:
        call(*arguments, **named)
    assert str(refused.value) == refused.value.message
    return refused.value.field, refused.value.message, refused.value.suggestion


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("ada", "must have an @", ""),
        ("ada@gmail.com.", "must have a valid domain after the @", "ada@gmail.com"),
        ("ada(at)gmial.com", "must have an @", "ada@gmail.com"),
        ("ada.@gmail.com", "must have a valid name before the @", "ada@gmail.com"),
        (
            "ada@.gmail.com",
            "must have a valid domain after the @",
            "ada@gmail.com",
        ),
        ("<ada@shop..test>", None, "ada@shop.test"),
        ("ada@@example.com;", None, "ada@example.com"),
    ],
)
@pytest.mark.parametrize("check", [checked_email, partial(checked_contact, Channel.EMAIL)])
def test_a_wrong_address_is_refused_with_the_rule_it_breaks_and_what_was_probably_meant(
    check, text, message, suggestion
):
    field, refused, suggested = refusal_of(check, text, "to")

    assert (field, suggested) == ("to", suggestion)
    assert refused == message or message is None
    assert not refused.endswith(".")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("030 123456", NO_COUNTRY),
        ("abc", NO_COUNTRY),
        ("+999 12345678", NO_NUMBER),
        ("00999 12345678", NO_NUMBER),
        ("+1 206", BAD_LENGTH),
        ("+1 206 555 0100 ext. 5", BAD_LENGTH),
    ],
)
@pytest.mark.parametrize("check", [checked_phone, partial(checked_contact, Channel.SMS)])
def test_a_wrong_number_is_refused_with_the_rule_it_breaks(check, text, message):
    assert refusal_of(check, text, "phone") == ("phone", message, "")


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone", BAD_ZONE),
        ({"time_zone": "../etc/passwd"}, "time_zone", BAD_ZONE),
        ({"time_zone": ""}, "time_zone", BAD_ZONE),
        ({"sender": "Rentals <rent@example.com> more"}, "sender", BAD_SENDER),
        ({"sender": "Rentals\n<rent@example.com>"}, "sender", BAD_SENDER),
        ({"sender": "rent@\u202eexample.com"}, "sender", BAD_SENDER),
        ({"sender": "Rentals"}, "sender", BAD_SENDER),
        (
            {"digest": DigestSettings(("boss@example.com", "deputy"))},
            "digest.recipients[1]",
            "must have an @",
        ),
    ],
)
def test_wrong_settings_are_refused_and_not_saved(changes, field, message):
    accounts = FakeAccountStore()

    assert refusal_of(ChangeSettings(accounts, RULE), AccountSettings(ACCOUNT, **changes)) == (field, message, "")
    assert accounts.stored == {}


NOT_YOURS = (
    "must be an address that your account may send from. Ask your administrator to allow this address or its domain"
)


@pytest.mark.parametrize("written", ["rent@meadow.example", "Meadow <rent@meadow.example>"])
def test_a_sender_of_another_account_is_refused_and_not_saved(written):
    accounts = FakeAccountStore()
    mappings = FakeAccountMappings(AccountMapping(identities={"meadow.example": "acc-2"}))
    change = ChangeSettings(accounts, SenderRule(mappings, ACCOUNT, "us@example.com"))

    assert refusal_of(change, AccountSettings(ACCOUNT, sender=written)) == ("sender", NOT_YOURS, "")
    assert accounts.stored == {}
    change(AccountSettings("acc-2", sender=written))


def test_a_sender_with_letters_that_ses_does_not_take_is_refused():
    accounts = FakeAccountStore()

    field, message, suggestion = refusal_of(
        ChangeSettings(accounts, RULE), AccountSettings(ACCOUNT, sender="Rent <küste@example.com>")
    )

    assert (field, suggestion) == ("sender", "")
    assert message == "must have only ASCII letters, digits and symbols before the @"
    assert accounts.stored == {}


@pytest.mark.parametrize(
    ("written", "saved"),
    [(" Rentals <rent@example.com> ", "Rentals <rent@example.com>"), ("  ", ""), ("", "")],
)
def test_a_sender_is_saved_as_it_is_written_without_the_blanks_around_it(written, saved):
    accounts = FakeAccountStore()

    assert ChangeSettings(accounts, RULE)(AccountSettings(ACCOUNT, sender=written)).sender == saved
    assert accounts.settings(ACCOUNT).sender == saved


@pytest.mark.parametrize(
    ("sender", "saved"),
    [
        (" ", ""),
        ("rent@example.com", "rent@example.com"),
        (" Rentals <rent@example.com> ", "Rentals <rent@example.com>"),
    ],
)
def test_settings_are_saved_in_one_spelling(sender, saved):
    accounts = FakeAccountStore()
    digest = DigestSettings(("Boss@Example.com", "boss@example.com", "deputy@example.com"), (4, 0, 4), 7)
    settings = AccountSettings(ACCOUNT, "Europe/Berlin", sender, digest=digest)

    expected = replace(
        settings,
        sender=saved,
        digest=DigestSettings(("boss@example.com", "deputy@example.com"), (0, 4), 7),
    )
    assert ChangeSettings(accounts, RULE)(settings) == expected
    assert accounts.stored == {ACCOUNT: expected}


@pytest.mark.parametrize("error", [PermanentSendError("rejected", "refused"), RefusedError("conflict", "refused")])
def test_an_error_reads_as_its_detail(error):
    assert str(error) == error.detail == "refused"


# --- idempotency


class Requests:
    """Resends of one item with the same key."""

    def __init__(self):
        self.items, self.records = FakeUndeliveredStore(clock=lambda: NOW), FakeIdempotencyStore()
        self.items.save(None, an_item())
        (self.item,) = self.items.all_items(ACCOUNT)
        self.use_case = IdempotentResend(self.items, self.records, lambda: NOW)
        self.starts = 0

    def start(self):
        self.starts += 1
        self.items.save(self.item, resent(self.item))
        return self.items.find(ACCOUNT, self.item.entry_key)

    def __call__(self, start=None, *, fingerprint="a", entry_key=None):
        return self.use_case(
            ACCOUNT, entry_key or self.item.entry_key, start or self.start, key="key-1", fingerprint=fingerprint
        )

    def last_attempt(self):
        return self.items.find(ACCOUNT, self.item.entry_key).last_attempt

    def record(self):
        return self.records.find(ACCOUNT, "key-1")


def running():
    raise RefusedError(ResendCode.ALREADY_RUNNING, "A resend is in progress.")


def test_a_repeated_request_with_the_same_key_starts_one_resend():
    requests = Requests()

    assert requests() == requests()
    assert requests() == (requests.items.find(ACCOUNT, requests.item.entry_key), requests.last_attempt())
    assert requests.starts == 1
    assert requests.record() == IdempotencyRecord(
        ACCOUNT, "key-1", "a", done=True, forget_at=NOW + timedelta(hours=24), attempt=2
    )


def test_a_key_cannot_be_used_for_another_request():
    requests = Requests()
    requests()

    with pytest.raises(RefusedError) as refused:
        requests(fingerprint="b")

    assert (refused.value.code, refused.value.detail) == (
        "idempotency_key_reused",
        "This Idempotency-Key was already used for a different request.",
    )


def test_a_request_whose_earlier_try_was_interrupted_after_its_start_succeeds():
    requests = Requests()

    def interrupted():
        requests.start()
        assert requests.record() == IdempotencyRecord(
            ACCOUNT, "key-1", "a", done=False, forget_at=NOW + timedelta(hours=24)
        )
        raise TimeoutError

    with pytest.raises(TimeoutError):
        requests(interrupted)

    assert requests(running) == (requests.items.find(ACCOUNT, requests.item.entry_key), requests.last_attempt())
    assert requests.record().done


def test_a_first_request_for_an_item_that_is_being_resent_is_refused():
    requests = Requests()

    with pytest.raises(RefusedError) as refused:
        requests(running)

    assert refused.value.code == ResendCode.ALREADY_RUNNING
    assert not requests.record().done


def test_a_repeated_request_is_refused_for_the_reason_of_the_rules():
    requests = Requests()

    def start():
        raise RefusedError(ResendCode.EXPIRED, "too old")

    for _ in range(2):
        with pytest.raises(RefusedError) as refused:
            requests(start)
        assert refused.value.code == ResendCode.EXPIRED


def test_a_repeated_request_for_an_item_that_is_gone_is_not_found():
    requests = Requests()
    requests()
    requests.items.items.clear()

    with pytest.raises(NotFoundError):
        requests()


# --- resends

DETAILS = {
    ResendCode.NEEDS_CHANGED_ADDRESS: "We cannot deliver to this address or number. Correct the contact details first.",
    ResendCode.BLOCKED_BY_COMPLAINT: "The customer marked a message as spam. Contact them another way.",
    ResendCode.NEEDS_CONSENT: "The customer opted out. To resend, record their consent: who gave it, how and when.",
    ResendCode.ALREADY_RUNNING: "A resend is in progress. Wait for the result.",
    ResendCode.CONTENT_NOT_HELD: (
        "The content of this message is not stored here. To have your application resend the messages that it sent, "
        "change who resends in the settings. Or send a new message."
    ),
    ResendCode.NO_CONTACT: "The customer has no contact details for this channel. Add them first.",
    ResendCode.ALREADY_RESOLVED: "The message has since been delivered. You do not need to resend it.",
    ResendCode.DISMISSED: "This notification was dismissed. Restore it first.",
    ResendCode.EXPIRED: "This notification is more than 30 days old. Send a new message instead.",
}
US = (Resender.UNDELIVERED,)
READY = ResendDecision(allowed=True, code=None, detail="Ready to resend.", resenders=US)
FIX = ResendDecision(allowed=True, code=None, detail="Fix the cause first, then resend.", resenders=US)
EMAIL = "ada@example.com"
SINCE_THE_FAILURE = NOW - timedelta(hours=1)
BEFORE_THE_FAILURE = NOW - timedelta(days=2)
CONSENT = Consent("Ada", "by phone", BEFORE_THE_FAILURE)


def an_item_of_ada(reason=Reason.MAILBOX_FULL, **changes):
    return an_item(reason, customer_id="c-1", recipient=EMAIL, **changes)


def decide(item, **facts):
    facts = {"customer": a_customer(), "notification": a_notification(), "suppression": None, **facts}
    return decide_item_resend(item, NOW, **facts)


def consented(at, *, contact=EMAIL, channel=Channel.EMAIL):
    return a_customer(consents=(RecordedConsent(channel, contact, CONSENT, "bob", at),))


@pytest.mark.parametrize(
    ("item", "facts", "code"),
    [
        (an_item_of_ada(Reason.ADDRESS_NOT_FOUND), {}, ResendCode.NEEDS_CHANGED_ADDRESS),
        (
            an_item_of_ada(Reason.ADDRESS_NOT_FOUND),
            {"customer": a_customer(email="Ada@Example.com")},
            ResendCode.NEEDS_CHANGED_ADDRESS,
        ),
        (an_item_of_ada(Reason.MAILBOX_FULL, kind=Kind.HARD), {}, ResendCode.NEEDS_CHANGED_ADDRESS),
        (an_item_of_ada(Reason.COMPLAINT), {"customer": a_customer(email="new@example.com")}, "complaint"),
        (an_item_of_ada(), {"suppression": a_suppression(reason=SuppressionReason.COMPLAINT)}, "complaint"),
        (an_item_of_ada(Reason.UNSUBSCRIBED), {}, ResendCode.NEEDS_CONSENT),
        (an_item_of_ada(Reason.UNSUBSCRIBED), {"customer": consented(BEFORE_THE_FAILURE)}, ResendCode.NEEDS_CONSENT),
        (
            an_item_of_ada(Reason.UNSUBSCRIBED),
            {"customer": consented(SINCE_THE_FAILURE, contact="old@example.com")},
            ResendCode.NEEDS_CONSENT,
        ),
        (
            an_item_of_ada(Reason.UNSUBSCRIBED),
            {"customer": consented(SINCE_THE_FAILURE, channel=Channel.SMS)},
            ResendCode.NEEDS_CONSENT,
        ),
        (
            an_item_of_ada(),
            {"suppression": a_suppression(reason=SuppressionReason.UNSUBSCRIBED), "customer": consented(NOW)},
            ResendCode.NEEDS_CONSENT,
        ),
        (an_item_of_ada(), {"suppression": a_suppression()}, ResendCode.NEEDS_CHANGED_ADDRESS),
        (
            an_item_of_ada(Reason.SUPPRESSED_BOUNCE),
            {"suppression": a_suppression(lifted_at=BEFORE_THE_FAILURE, since=NOW - timedelta(days=3))},
            ResendCode.NEEDS_CHANGED_ADDRESS,
        ),
        (
            an_item_of_ada(Reason.ADDRESS_NOT_FOUND),
            {"suppression": a_suppression(lifted_at=SINCE_THE_FAILURE)},
            ResendCode.NEEDS_CHANGED_ADDRESS,
        ),
        (resent(an_item_of_ada()), {}, ResendCode.ALREADY_RUNNING),
        (an_item_of_ada(), {"notification": None}, ResendCode.CONTENT_NOT_HELD),
        (an_item_of_ada(), {"customer": None}, ResendCode.NO_CONTACT),
        (an_item_of_ada(), {"customer": a_customer(email="")}, ResendCode.NO_CONTACT),
        (reported(resent(an_item_of_ada()), Outcome.DELIVERED), {}, ResendCode.ALREADY_RESOLVED),
        (replace(an_item_of_ada(), dismissal=Dismissal(NOW, "bob")), {}, ResendCode.DISMISSED),
        (an_item_of_ada(days_ago=30), {}, ResendCode.EXPIRED),
    ],
)
def test_a_resend_that_the_rules_forbid_is_refused_with_what_to_do(item, facts, code):
    code = ResendCode.BLOCKED_BY_COMPLAINT if code == "complaint" else code

    assert decide(item, **facts) == ResendDecision(allowed=False, code=code, detail=DETAILS[code])


@pytest.mark.parametrize(
    ("item", "facts", "decision"),
    [
        (an_item_of_ada(), {}, READY),
        (an_item_of_ada(Reason.ADDRESS_NOT_FOUND), {"customer": a_customer(email="new@example.com")}, READY),
        (an_item_of_ada(Reason.SENDER_BLOCKED), {}, FIX),
        (an_item_of_ada(Reason.UNSUBSCRIBED), {"consent": True}, READY),
        (an_item_of_ada(Reason.UNSUBSCRIBED), {"customer": consented(SINCE_THE_FAILURE)}, READY),
        (
            an_item_of_ada(),
            {"suppression": a_suppression(reason=SuppressionReason.UNSUBSCRIBED), "consent": True},
            READY,
        ),
        (
            an_item_of_ada(),
            {
                "suppression": a_suppression(reason=SuppressionReason.UNSUBSCRIBED),
                "notification": a_notification(essential=True),
            },
            READY,
        ),
        (
            an_item_of_ada(),
            {"suppression": a_suppression(reason=SuppressionReason.REPEATEDLY_UNREACHABLE)},
            READY,
        ),
        (
            an_item_of_ada(Reason.SUPPRESSED_BOUNCE),
            {"suppression": a_suppression(lifted_at=SINCE_THE_FAILURE)},
            READY,
        ),
    ],
)
def test_a_resend_that_the_rules_allow_says_what_comes_first(item, facts, decision):
    assert decide(item, **facts) == decision
