"""An account sends only from identities that the operator gave it, at the time of sending."""

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, a_customer, a_notification
from tests.builders.sending import FIRST, Product
from undelivered.domain.account_mapping import AccountMapping, normalise_identity
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.sender import Sender, parse_sender
from undelivered.domain.taxonomy import CLASSIFICATIONS, Channel, Fault, Reason
from undelivered.services.ports import SendJob

OTHER = "acc-2"
MAPPING = AccountMapping(
    identities={"meadow.example": OTHER, "mail.meadow.example": "acc-3", "boss@mail.meadow.example": "acc-4"}
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("rent@example.com", Sender("", "rent@example.com")),
        (" Rentals <rent@example.com> ", Sender("Rentals", "rent@example.com")),
        ("<rent@example.com>", Sender("", "rent@example.com")),
        ('"Harbor, Inc." <rent@example.com>', Sender("Harbor, Inc.", "rent@example.com")),
        ("Harbor Inc. <rent@küste.example>", Sender("Harbor Inc.", "rent@küste.example")),
        (r'"Ada \"Rent\" Byron" <a@example.com>', Sender('Ada "Rent" Byron', "a@example.com")),
    ],
)
def test_a_sender_has_an_address_and_perhaps_a_name(written, expected):
    assert parse_sender(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "rent",
        "Rentals",
        "a@b@example.com",
        "rent@example.com, boss@example.com",
        "Team: rent@example.com;",
        "rent@example.com (Rentals)",
        "Rentals (Harbor) <rent@example.com>",
        "rent@example.com>",
        "Rentals <rent@example.com> <boss@example.com>",
        "Rentals <>",
        "Rentals <rent at example.com>",
        "<@relay.example:rent@example.com>",
        '"rent"@example.com',
        "=?utf-8?q?Rentals?= <rent@example.com>",
        "Rentals\n<rent@example.com>",
        "boss@example.com <rent@example.com>",
        '"boss@example.com" <rent@example.com>',
        r'"boss\@example.com" <rent@example.com>',
        '"Rentals <rent@example.com>',
        "Rentals; <rent@example.com>",
        "rent@exa mple.com",
    ],
)
def test_what_mail_software_could_read_in_two_ways_is_no_sender(written):
    assert parse_sender(written) is None


def test_every_escape_of_a_quoted_name_is_taken_away():
    assert parse_sender(r'"a\\b \"c\" \d" <rent@example.com>') == Sender(r'a\b "c" d', "rent@example.com")
    assert parse_sender('"" <rent@example.com>') == Sender("", "rent@example.com")


@pytest.mark.parametrize(
    ("identity", "owner"),
    [
        ("a@meadow.example", OTHER),
        ("A@MEADOW.example", OTHER),
        ("a@other.meadow.example", OTHER),
        ("a@mail.meadow.example", "acc-3"),
        ("a@deep.mail.meadow.example", "acc-3"),
        ("boss@mail.meadow.example", "acc-4"),
        ("Boss@Mail.Meadow.Example", "acc-4"),
        ("mail.meadow.example", "acc-3"),
        ("a@notmeadow.example", None),
        ("example", None),
        ("", None),
        ("@", None),
    ],
)
def test_the_most_specific_identity_that_covers_an_address_says_whose_it_is(identity, owner):
    assert MAPPING.owner_of(identity) == owner


@pytest.mark.parametrize("written", ["Küste.Example", "xn--kste-0ra.example"])
def test_both_forms_of_a_domain_are_one_identity(written):
    mapping = AccountMapping(identities={written: OTHER}).normalised()

    assert mapping.owner_of("a@küste.example") == mapping.owner_of("a@xn--kste-0ra.example") == OTHER


@pytest.mark.parametrize("written", ["", "example", "a b.example", "a@", "a@b@c.example", "shop.example, b.example"])
def test_what_is_neither_an_address_nor_a_domain_is_no_identity(written):
    assert normalise_identity(written) is None


class World(Product):
    """A product in which another account, the tenant, has a customer and a notification."""

    def send_as_tenant(self, sender=""):
        self.accounts.save_settings(AccountSettings(OTHER, sender=sender))
        self.customers.save(replace(a_customer(email="ada@example.com"), account_id=OTHER))
        self.notifications.add(a_notification("n-t", account_id=OTHER))
        self.send_message(SendJob(OTHER, "n-t", 1))

    def reason(self, account_id=OTHER):
        (item,) = self.items.all_items(account_id)
        return item.classification.reason


def test_mail_does_not_leave_in_the_name_of_another_account():
    world = World()
    world.accounts.save_settings(AccountSettings(ACCOUNT, sender="Meadow <rent@meadow.example>"))
    world.mappings.mapping = MAPPING

    world.send_message(FIRST)

    assert world.sent == []
    assert world.reason(ACCOUNT) is Reason.SENDER_NOT_ALLOWED
    assert CLASSIFICATIONS[Reason.SENDER_NOT_ALLOWED].fault is Fault.SENDER


def test_the_same_mail_leaves_when_the_identity_is_the_accounts():
    world = World()
    world.mappings.mapping = MAPPING

    world.send_as_tenant("Meadow <rent@meadow.example>")

    assert [message.sender for message in world.sent] == ["Meadow <rent@meadow.example>"]


def test_an_identity_of_nobody_is_only_the_default_accounts():
    world = World()

    world.send_as_tenant("rent@harbor.example")
    world.accounts.save_settings(AccountSettings(ACCOUNT, sender="rent@harbor.example"))
    world.send_message(FIRST)

    assert world.reason() is Reason.SENDER_NOT_ALLOWED
    assert [message.sender for message in world.sent] == ["rent@harbor.example"]


def test_an_account_without_a_sender_uses_the_operators_until_it_is_another_accounts():
    world = World()
    world.send_as_tenant()
    assert [message.sender for message in world.sent] == ["us@example.com"]

    world.mappings.mapping = AccountMapping(identities={"example.com": ACCOUNT})
    world.notifications.add(a_notification("n-u", account_id=OTHER))
    world.send_message(SendJob(OTHER, "n-u", 1))

    assert len(world.sent) == 1
    assert world.reason() is Reason.SENDER_NOT_ALLOWED


def test_two_addresses_that_were_saved_earlier_send_nothing():
    world = World()
    world.accounts.save_settings(AccountSettings(ACCOUNT, sender="us@example.com, rent@meadow.example"))

    world.send_message(FIRST)

    assert world.sent == []
    assert world.reason(ACCOUNT) is Reason.SENDER_NOT_ALLOWED


def test_a_text_has_no_sender_to_check():
    world = World(channel=Channel.SMS)
    world.accounts.save_settings(AccountSettings(ACCOUNT, sender="rent@meadow.example"))
    world.mappings.mapping = MAPPING

    world.send_message(FIRST)

    assert len(world.sent) == 1


def test_a_message_leaves_in_the_name_and_with_the_reply_address_that_it_has_itself():
    world = World()
    world.notifications.add(a_notification("n-s", sender="Rent <rent@example.com>", reply_to="Desk <desk@example.com>"))

    world.send_message(SendJob(ACCOUNT, "n-s", 1))

    (message,) = world.sent
    assert (message.sender, message.reply_to) == ("Rent <rent@example.com>", "Desk <desk@example.com>")


@pytest.mark.parametrize("field", ["sender", "reply_to"])
def test_an_address_of_a_message_is_checked_again_when_it_is_sent(field):
    world = World()
    world.notifications.add(a_notification("n-s", **{field: "rent@meadow.example"}))
    world.mappings.mapping = MAPPING

    world.send_message(SendJob(ACCOUNT, "n-s", 1))

    assert world.sent == []
    assert world.reason(ACCOUNT) is Reason.SENDER_NOT_ALLOWED
