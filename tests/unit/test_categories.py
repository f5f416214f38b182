"""Categories: who unsubscribed from one gets no message of it, every other message, and all essential notices."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_notification, a_suppression
from tests.builders.sending import EMAIL, Product
from undelivered.domain.account_settings import AccountSettings, Category
from undelivered.domain.customer import Consent
from undelivered.domain.errors import InvalidInputError, NotFoundError, RefusedError
from undelivered.domain.item import State
from undelivered.domain.signed_tokens import sign_token
from undelivered.domain.suppression import SuppressionReason, deciding_suppression, holds_provider_entry
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.manage_suppressions import ManageSuppressions, NewSuppression
from undelivered.services.ports import SendJob

CONSENT = Consent("Ada Byron", "phone", NOW)
NEWSLETTER = (Channel.EMAIL, EMAIL, "newsletter")


class World(Product):
    """A product whose account has two categories."""

    def prepare(self):
        categories = (Category("newsletter", "Monthly newsletter"), Category("offers", "Offers"))
        self.accounts.save_settings(AccountSettings(ACCOUNT, categories=categories))
        return self

    def send_one(self, notification_id, category="", **changes):
        self.notifications.add(a_notification(notification_id, category=category, **changes))
        return self.send_message(SendJob(ACCOUNT, notification_id, 1))

    def link(self):
        return self.sent[-1].headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]

    def unsubscribe_from_newsletter(self):
        self.send_one("n-first", "newsletter")
        self.unsubscribe(self.link())


@pytest.fixture
def world():
    return World().prepare()


def test_the_link_of_a_category_unsubscribes_from_it_alone(world):
    world.unsubscribe_from_newsletter()

    outcomes = [world.send_one(f"n-{name}", name).outcome for name in ("newsletter", "offers", "")]

    assert outcomes == ["dropped", "sent", "sent"]
    item = world.item()
    assert item.classification.reason is Reason.UNSUBSCRIBED
    assert item.failure.result.diagnostic == "Unsubscribed from Monthly newsletter since 2026-11-23"


def test_an_essential_notice_of_the_category_is_sent_anyway_and_has_no_link(world):
    world.unsubscribe_from_newsletter()

    assert world.send_one("n-bill", "newsletter", essential=True).outcome == "sent"
    assert world.sent[-1].headers == {}


def test_a_link_without_a_category_unsubscribes_from_all(world):
    world.send_one("n-first", "newsletter")
    (secret,) = world.unsubscribe.keys.secrets()

    world.unsubscribe(sign_token(secret, "unsubscribe", f"{ACCOUNT}~n-first~1"))

    assert [world.send_one(f"n-{name}", name).outcome for name in ("offers", "")] == ["dropped", "dropped"]


def test_a_link_cannot_be_turned_into_that_of_another_category(world):
    (secret,) = world.unsubscribe.keys.secrets()
    world.send_one("n-first", "newsletter")
    forged = sign_token(secret, "unsubscribe", f"{ACCOUNT}~n-first~1~offers")

    with pytest.raises(NotFoundError):
        world.unsubscribe(forged)


def test_a_category_that_the_account_no_longer_has_is_named_by_its_id(world):
    world.unsubscribe_from_newsletter()
    world.accounts.save_settings(AccountSettings(ACCOUNT))

    world.send_one("n-next", "newsletter")

    assert world.item().failure.result.diagnostic == "Unsubscribed from newsletter since 2026-11-23"


def test_a_resend_needs_a_consent_which_ends_the_unsubscription_from_the_category(world):
    world.unsubscribe_from_newsletter()
    world.send_one("n-next", "newsletter")
    key = world.item().entry_key

    with pytest.raises(RefusedError) as refused:
        world.resend(ACCOUNT, key, by="manager")
    (result,) = world.resend.many(ACCOUNT, [key], by="manager")
    world.pass_time(hours=1)
    world.resend(ACCOUNT, key, by="manager", consent=replace(CONSENT, at=world.time))
    sent = world.send_message(world.queue.orders[-1])

    assert refused.value.code == result.code == "resend_needs_consent"
    assert (sent.outcome, world.item().state) == ("sent", State.RESENDING)
    assert not world.suppressions.find(ACCOUNT, *NEWSLETTER).active
    assert world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL) is None


def test_the_unsubscription_is_lifted_here_and_the_provider_is_not_asked(world):
    world.unsubscribe_from_newsletter()
    manage = ManageSuppressions(world.suppressions, None, world.clock)

    with pytest.raises(RefusedError):
        manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="m", why="asked", category="newsletter")
    with pytest.raises(NotFoundError):
        manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="m", why="asked", consent=CONSENT)
    world.pass_time(minutes=1)
    lift = manage.lift(ACCOUNT, Channel.EMAIL, EMAIL, by="m", why="asked", consent=CONSENT, category="newsletter")

    assert (lift.suppression.active, lift.suppression.category) == (False, "newsletter")
    assert world.send_one("n-next", "newsletter").outcome == "sent"


def test_unsubscriptions_from_categories_can_be_brought_along(world):
    manage = ManageSuppressions(world.suppressions, None, world.clock)
    new = NewSuppression(Channel.EMAIL, EMAIL, SuppressionReason.UNSUBSCRIBED, category="newsletter")

    first, other, wrong = manage.add_many(
        ACCOUNT, [new, replace(new, category="offers"), replace(new, reason=SuppressionReason.BOUNCE)], by="host"
    )
    (again,) = manage.add_many(ACCOUNT, [new], by="host")

    assert (first.outcome, other.outcome, again.outcome) == ("suppressed", "suppressed", "unchanged")
    assert isinstance(wrong.error, InvalidInputError)
    assert wrong.error.field == "reason"
    assert [world.send_one(f"n-{name}", name).outcome for name in ("newsletter", "offers", "")] == [
        "dropped",
        "dropped",
        "sent",
    ]


def test_a_suppression_of_the_address_comes_before_that_of_a_category(world):
    address, category = a_suppression(), a_suppression(reason=SuppressionReason.UNSUBSCRIBED, category="newsletter")
    soft = a_suppression(reason=SuppressionReason.REPEATEDLY_UNREACHABLE)
    lifted = replace(address, lifted_at=NOW)

    def decides(*found, essential=False, resend=False):
        return deciding_suppression(*found, essential=essential, resend=resend)

    assert decides(address, category) is address
    assert decides(soft, category, resend=True) is category
    assert decides(lifted, category) is category
    assert decides(lifted, replace(category, lifted_at=NOW - timedelta(hours=1))) is lifted
    assert decides(lifted, category, essential=True) is lifted
    assert decides(None, None) is None


def test_an_unsubscription_from_a_category_holds_no_entry_at_the_provider():
    assert not holds_provider_entry(a_suppression(reason=SuppressionReason.UNSUBSCRIBED, category="newsletter"))


def test_an_erased_address_stays_unsubscribed_from_the_category(world):
    world.unsubscribe_from_newsletter()

    world.suppressions.hide(ACCOUNT, Channel.EMAIL, EMAIL)

    assert world.suppressions.find(ACCOUNT, *NEWSLETTER).active
    assert world.send_one("n-next", "newsletter").outcome == "dropped"
