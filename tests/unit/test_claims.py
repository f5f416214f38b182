"""Tags are claims: what SES states about the sender outranks them, and a tag alone creates no account."""

import json

import pytest
from msgspec.structs import replace

from tests.builders import events
from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, an_attempt
from tests.builders.recording import Recording
from tests.fakes import (
    FakeAccountStore,
)
from undelivered.adapters.feedback import parse_event
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.feedback import Attribution
from undelivered.domain.identifiers import entry_key
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel, Reason

HARBOR, MEADOW, DEFAULT = "acc-harbor", "acc-meadow", "acc-default"
MAPPING = AccountMapping({"meadow-tenant": MEADOW}, {"harbour.example": HARBOR})


class World(Recording):
    def __init__(self, *, accounts_from_tags=False):
        self.accounts = FakeAccountStore()
        rules = message_accounts(MAPPING, DEFAULT, accounts=self.accounts, accounts_from_tags=accounts_from_tags)
        super().__init__(rules)

    def receive(self, **attribution):
        """Record a failure and return how it is attributed."""
        return self.record_all(replace(a_failure(), attribution=Attribution(**attribution)))

    def record_all(self, *feedbacks):
        observed = []
        assert self.use_case([list(feedbacks)], observe=observed.append) == {}
        return observed[0]


FORGED = {
    "notification_id": "n-1", "customer_id": "c-1", "customer_name": "Mallory", "title": "Forged", "attempt": 2,
    "entry_key": entry_key(NOW, "m-1", "ada@example.com"), "correlation_id": "r-1",
}  # fmt: skip


def test_mail_from_a_mapped_identity_is_its_accounts_whatever_its_tags_claim():
    world = World()
    world.accounts.settings(MEADOW)
    world.customers.save(replace(a_customer("c-1"), account_id=MEADOW))

    told = world.receive(account_id=MEADOW, identity="rent@mail.harbour.example", **FORGED)

    assert (told.account_id, told.attributed, told.tags_refused) == (HARBOR, True, True)
    assert world.items.all_items(MEADOW) == []
    (item,) = world.items.all_items(HARBOR)
    assert (item.customer_id, item.customer_name, item.title) == ("", "", "")
    assert len(item.attempts) == 1


def test_it_suppresses_no_address_of_the_account_that_it_claims():
    world = World()
    world.accounts.settings(MEADOW)
    forged = Attribution(MEADOW, identity="rent@harbour.example")

    world.record_all(replace(a_failure(Reason.MAILBOX_DISABLED), attribution=forged))

    assert {account for account, _ in world.suppressions.stored} == {HARBOR}


def test_the_tenant_that_ses_states_outranks_the_identity_and_the_tags():
    told = World().receive(account_id=HARBOR, tenant="meadow-tenant", identity="rent@harbour.example")

    assert (told.account_id, told.tags_refused) == (MEADOW, True)


def test_tags_that_agree_with_the_mapping_are_used_in_full():
    told = World().receive(account_id=HARBOR, identity="rent@harbour.example", customer_id="c-9", title="Rent")

    assert (told.account_id, told.tags_refused) == (HARBOR, False)
    assert (told.feedback.attribution.customer_id, told.feedback.attribution.title) == ("c-9", "Rent")


def test_our_own_record_of_a_send_outranks_a_mapping_that_was_changed_since():
    """An identity was moved to another account. Mail from before belongs to the account that sent it."""
    world = World()
    world.accounts.settings(MEADOW)
    sent = an_attempt("n-7", account_id=MEADOW, provider_message_id="m-1", outcome=SendOutcome.SENT)
    world.notifications.claim(sent)

    told = world.receive(account_id=MEADOW, notification_id="n-7", identity="rent@harbour.example")

    assert (told.account_id, told.tags_refused) == (MEADOW, True)
    assert told.feedback.attribution.notification_id == "n-7"


@pytest.mark.parametrize("identity", [None, "rent@elsewhere.example"])
def test_a_tag_alone_creates_no_account(identity):
    world = World()

    told = world.receive(account_id="acc-made-up", identity=identity)

    assert (told.account_id, told.attributed, told.tags_refused) == (DEFAULT, False, True)
    assert "acc-made-up" not in world.accounts.stored


@pytest.mark.parametrize("account_id", [DEFAULT, HARBOR, MEADOW, "acc-known"])
def test_an_account_that_the_operator_named_or_that_has_been_used_is_accepted_from_a_tag(account_id):
    world = World()
    world.accounts.settings("acc-known")

    told = world.receive(account_id=account_id)

    assert (told.account_id, told.tags_refused) == (account_id, False)


def test_with_the_parameter_a_tag_creates_an_account_but_still_does_not_outrank_a_mapping():
    world = World(accounts_from_tags=True)

    assert world.receive(account_id="acc-new").account_id == "acc-new"
    assert world.receive(account_id="acc-new", identity="rent@harbour.example").account_id == HARBOR


def test_an_event_as_ses_writes_it_is_attributed_by_its_sender():
    world = World()
    world.accounts.settings(ACCOUNT)
    bounce = events.bounce()
    bounce["mail"]["tags"] = {"undelivered-account": [ACCOUNT], "undelivered-customer": ["c-1"]}
    parsed = parse_event({"body": json.dumps(bounce)})

    told = world.record_all(*parsed.feedback)

    assert (told.account_id, told.tags_refused) == (HARBOR, True)


def test_a_text_without_an_identity_is_attributed_as_before():
    world = World()
    feedback = replace(a_failure(Reason.UNREACHABLE), channel=Channel.SMS, attribution=Attribution())

    assert world.record_all(feedback).account_id == DEFAULT
