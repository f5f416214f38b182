"""Consents, lifts and unsubscriptions: what is stored about them, compared as a whole."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression, an_item
from tests.builders.sending import EMAIL, FIRST, PHONE, Product
from tests.fakes import (
    FakeCustomerStore,
    FakeProviderSuppressions,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.customer import Consent, RecordedConsent
from undelivered.domain.errors import InvalidInputError, NotFoundError, RefusedError
from undelivered.domain.item import Audit
from undelivered.domain.signed_tokens import sign_token, verify_token
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.manage_suppressions import ManageSuppressions, NewSuppression
from undelivered.services.opt_in import OptIn
from undelivered.services.record_consent import RecordConsent, reported_opt_out

CONSENT = Consent("Ada Byron", "by telephone", NOW - timedelta(hours=1))
SINCE = NOW - timedelta(days=1)
COMPLAINED = "The customer marked a message as spam. You cannot lift this. Contact them another way."
OPTED_OUT = "The customer opted out. To lift this, record their consent: who gave it, how and when."


class World:
    def __init__(self):
        self.customers, self.suppressions = FakeCustomerStore(), FakeSuppressionStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=lambda: NOW)
        self.provider = FakeProviderSuppressions()
        self.manage = ManageSuppressions(self.suppressions, self.provider, lambda: NOW)
        record = RecordConsent(self.customers, self.suppressions, lambda: self.provider, lambda: NOW)
        self.use_case = OptIn(self.customers, self.items, self.suppressions, record)
        self.customer = self.customers.save(a_customer(email=EMAIL, phone=PHONE))

    def opt_in(self, channel=None, customer_id="c-1"):
        lifts = self.use_case(ACCOUNT, customer_id, CONSENT, channel=channel, by="ada")
        return [lift.suppression for lift in lifts]

    def suppress(self, reason, channel=Channel.EMAIL, **changes):
        address = EMAIL if channel is Channel.EMAIL else PHONE
        self.suppressions.save(None, a_suppression(address, channel=channel, reason=reason, **changes))
        return self.suppressions.find(ACCOUNT, channel, address)

    def consents(self):
        return self.customers.find(ACCOUNT, "c-1").consents


def recorded(channel, contact):
    return RecordedConsent(channel, contact, CONSENT, "ada", NOW)


def detail_of_lift(why, reason, *, consent=True):
    given = "; consent by Ada Byron, by telephone, 2026-11-23T17:00:00+00:00" if consent else ""
    return f"{why}; was {reason} since 2026-11-22T18:00:00+00:00{given}"


def test_an_address_that_a_manager_suppresses_is_stored_with_who_and_why():
    world = World()

    suppression = world.manage.add(ACCOUNT, NewSuppression(Channel.EMAIL, EMAIL, why="she asked"), by="ada")

    assert suppression == Suppression(
        ACCOUNT,
        Channel.EMAIL,
        EMAIL,
        SuppressionReason.MANUAL,
        NOW,
        origin="ada",
        audit=(Audit(NOW, "ada", "suppress", "she asked"),),
    )
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL) == replace(suppression, version=1)


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCE, SuppressionReason.UNSUBSCRIBED])
def test_a_lift_is_kept_with_who_why_what_was_lifted_and_the_consent(reason):
    world = World()
    known = world.suppress(reason, audit=(Audit(SINCE, "bob", "suppress", ""),))
    consent = CONSENT if reason is SuppressionReason.UNSUBSCRIBED else None

    lifted = world.manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="ada", why="she asked", consent=consent).suppression

    detail = detail_of_lift("she asked", reason, consent=consent is not None)
    assert lifted == replace(known, lifted_at=NOW, audit=(*known.audit, Audit(NOW, "ada", "lift", detail)))
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL) == replace(lifted, version=2)


@pytest.mark.parametrize(
    ("reason", "code", "detail"),
    [
        (SuppressionReason.COMPLAINT, "suppression_blocked_by_complaint", COMPLAINED),
        (SuppressionReason.OPTED_OUT, "suppression_needs_consent", OPTED_OUT),
        (SuppressionReason.UNSUBSCRIBED, "suppression_needs_consent", OPTED_OUT),
    ],
)
def test_a_lift_that_is_not_allowed_is_refused_with_what_to_do(reason, code, detail):
    world = World()
    world.suppress(reason)

    with pytest.raises(RefusedError) as refused:
        world.manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="ada", why="")

    assert (refused.value.code, refused.value.detail) == (code, detail)


def test_an_opt_in_lifts_the_opt_outs_of_all_contacts_and_is_kept_with_the_customer():
    world = World()
    email = world.suppress(SuppressionReason.UNSUBSCRIBED)
    phone = world.suppress(SuppressionReason.OPTED_OUT, Channel.SMS)

    lifted = world.opt_in()

    assert lifted == [
        replace(
            known,
            lifted_at=NOW,
            audit=(Audit(NOW, "ada", "lift", detail_of_lift("opt-in recorded", known.reason)),),
        )
        for known in (email, phone)
    ]
    assert world.provider.lifted == [(Channel.EMAIL, EMAIL, False), (Channel.SMS, PHONE, True)]
    assert world.consents() == (recorded(Channel.EMAIL, EMAIL), recorded(Channel.SMS, PHONE))


def test_an_opt_in_for_one_channel_leaves_the_other():
    world = World()
    world.suppress(SuppressionReason.UNSUBSCRIBED)
    world.suppress(SuppressionReason.OPTED_OUT, Channel.SMS)

    assert [suppression.address for suppression in world.opt_in(Channel.SMS)] == [PHONE]
    assert world.consents() == (recorded(Channel.SMS, PHONE),)


@pytest.mark.parametrize("reason", [None, SuppressionReason.BOUNCE, SuppressionReason.MANUAL])
def test_an_opt_in_is_kept_though_there_is_no_opt_out_and_lifts_nothing_else(reason):
    world = World()
    if reason:
        world.suppress(reason)

    assert world.opt_in(Channel.EMAIL) == []
    assert world.consents() == (recorded(Channel.EMAIL, EMAIL),)
    assert world.provider.lifted == []


@pytest.mark.parametrize("lifted_at", [None, NOW])
def test_an_opt_in_after_a_complaint_in_force_is_refused_whole(lifted_at):
    world = World()
    world.suppress(SuppressionReason.UNSUBSCRIBED)
    world.suppress(SuppressionReason.COMPLAINT, Channel.SMS, lifted_at=lifted_at)

    if lifted_at:
        assert len(world.opt_in()) == 1
        return
    with pytest.raises(RefusedError) as refused:
        world.opt_in()
    assert (refused.value.code, refused.value.detail) == ("suppression_blocked_by_complaint", COMPLAINED)
    assert (world.consents(), world.provider.lifted) == ((), [])


def test_an_opt_in_lifts_the_latest_opt_out_that_only_failures_report():
    world = World()
    for number, days_ago in ((1, 1), (2, 3), (3, 2)):
        world.items.save(
            None,
            an_item(
                Reason.OPTED_OUT,
                number=number,
                days_ago=days_ago,
                channel=Channel.SMS,
                recipient=PHONE,
                customer_id="c-1",
            ),
        )

    (lifted,) = world.opt_in(Channel.SMS)

    assert (lifted.origin, lifted.reason, lifted.lifted_at) == ("m-1", SuppressionReason.OPTED_OUT, NOW)
    assert world.provider.lifted == [(Channel.SMS, PHONE, True)]
    assert world.suppressions.find(ACCOUNT, Channel.SMS, PHONE) == replace(lifted, version=1)


def test_an_opt_in_needs_a_customer_with_a_contact():
    world = World()
    world.customers.save(a_customer("c-2"))

    with pytest.raises(NotFoundError):
        world.opt_in(customer_id="c-9")
    with pytest.raises(InvalidInputError) as refused:
        world.opt_in(Channel.SMS, "c-2")

    assert (refused.value.field, refused.value.message) == ("channel", "the customer has no contact for this channel")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (Reason.UNSUBSCRIBED, SuppressionReason.UNSUBSCRIBED),
        (Reason.OPTED_OUT, SuppressionReason.OPTED_OUT),
        (Reason.COMPLAINT, None),
        (Reason.MAILBOX_DISABLED, None),
        (Reason.MAILBOX_FULL, None),
    ],
)
def test_a_failure_reports_an_opt_out_by_its_reason(reason, cause):
    item = an_item(reason)
    expected = Suppression(ACCOUNT, item.channel, item.recipient, cause, item.failure.result.at, origin=item.origin_id)

    assert reported_opt_out(item) == (expected if cause else None)


def test_a_consent_with_a_resend_is_kept_with_its_occasion():
    product = Product()
    item = product.fail(Reason.UNSUBSCRIBED)
    product.suppressions.save(None, a_suppression(EMAIL, reason=SuppressionReason.UNSUBSCRIBED))

    product.resend(ACCOUNT, item.entry_key, by="ada", consent=CONSENT)

    lifted = product.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL)
    detail = detail_of_lift("consent given with a resend", "unsubscribed")
    assert lifted.audit == (Audit(NOW, "ada", "lift", detail),)
    assert product.customers.find(ACCOUNT, "c-1").consents == (recorded(Channel.EMAIL, EMAIL),)


def test_a_consent_with_a_resend_ends_an_opt_out_that_only_the_failure_reports():
    product = Product()
    item = product.fail(Reason.UNSUBSCRIBED)
    product.move_to(email="Ada@Example.com")

    product.resend(ACCOUNT, item.entry_key, by="ada", consent=CONSENT)

    (lifted,) = product.suppressions.stored.values()
    assert (lifted.reason, lifted.origin, lifted.lifted_at) == (SuppressionReason.UNSUBSCRIBED, "m-first", NOW)


def test_a_consent_with_a_resend_to_a_new_contact_leaves_the_opt_out_of_the_old_one():
    product = Product(Channel.SMS)
    item = product.fail(Reason.OPTED_OUT)
    product.move_to(phone="+12065550199")

    product.resend(ACCOUNT, item.entry_key, by="ada", consent=CONSENT)

    assert product.suppressions.stored == {}


def test_an_unsubscription_is_stored_with_the_message_that_led_to_it():
    product = Product()
    product.move_to(email="Ada@Example.com")
    product.send_message(FIRST)
    token = product.sent[0].headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]

    product.unsubscribe(token)

    assert product.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL) == Suppression(
        ACCOUNT,
        Channel.EMAIL,
        EMAIL,
        SuppressionReason.UNSUBSCRIBED,
        NOW,
        origin="provider-1",
        audit=(Audit(NOW, "recipient", "unsubscribe"),),
        version=1,
    )


@pytest.mark.parametrize("public_url", ["https://api.example.com/prod", "https://api.example.com/prod/"])
def test_the_headers_for_unsubscribing_hold_the_public_url_and_a_token(public_url):
    product = Product()
    replace(product.send_message, public_url=public_url)(FIRST)
    token = sign_token(b"a secret for tests", "unsubscribe", f"{ACCOUNT}~n-1~1")

    assert product.sent[0].headers == {
        "List-Unsubscribe": f"<https://api.example.com/prod/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_the_link_of_an_account_with_a_tilde_leads_to_its_own_attempt():
    product = Product()
    attempt = product.send_message(FIRST)
    tilde = replace(attempt, account_id="acc~1", notification_id="n-7")
    product.notifications.claims["acc~1", "n-7", 1] = tilde
    (secret,) = product.unsubscribe.keys.secrets()

    assert product.unsubscribe.check(sign_token(secret, "unsubscribe", "acc~1~n-7~1")).attempt == tilde


@pytest.mark.parametrize(("characters", "is_valid"), [(750, True), (751, False)])
def test_a_token_is_read_up_to_a_kilobyte(characters, is_valid):
    payload = "x" * characters
    token = sign_token(b"secret", "test", payload)

    assert (len(token) <= 1_024) is is_valid
    assert verify_token([b"secret"], "test", token) == (payload if is_valid else None)


@pytest.mark.parametrize("change", [lambda token: token.replace(".", ""), lambda token: f"{token}.", lambda _: "."])
def test_a_token_has_one_dot(change):
    assert verify_token([b"secret"], "test", change(sign_token(b"secret", "test", "payload"))) is None
