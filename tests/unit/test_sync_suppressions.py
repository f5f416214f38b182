"""Entries that others put on the lists of SES and SNS: to whose accounts they belong, and how the lists are read."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression
from tests.fakes import FakeAccountStore, FakeCustomerStore, FakeSuppressionStore
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import ListedAddress, ListPosition
from undelivered.services.sync_suppressions import SyncSuppressions

OTHER = "acc-2"
LISTED_AT = NOW - timedelta(days=2)


@dataclass
class FakeLists:
    """Pages by channel; a token is the number of the next page."""

    pages: dict[Channel, list[list[ListedAddress]]] = field(default_factory=dict)
    asked: list[tuple[Channel, ListPosition]] = field(default_factory=list)

    def page(self, channel, position):
        self.asked.append((channel, position))
        pages, number = self.pages.get(channel, [[]]), int(position.token or 0)
        return pages[number], str(number + 1) if number + 1 < len(pages) else ""


@dataclass
class FakePositions:
    stored: dict[Channel, ListPosition] = field(default_factory=dict)

    def find(self, channel):
        return self.stored.get(channel, ListPosition())

    def save(self, channel, position):
        self.stored[channel] = position


class Product:
    def __init__(self):
        self.lists, self.positions, self.now = FakeLists(), FakePositions(), NOW
        self.suppressions, self.customers = FakeSuppressionStore(), FakeCustomerStore()
        self.accounts = FakeAccountStore()
        for account_id in (ACCOUNT, OTHER):
            self.accounts.settings(account_id)

    def lists_email(self, *entries):
        self.lists.pages[Channel.EMAIL] = [list(entries)]

    def run(self, has_time=lambda: True):
        sync = SyncSuppressions(
            self.lists, self.positions, self.suppressions, self.customers, self.accounts, lambda: self.now
        )
        return sync(has_time)

    def suppressed(self, channel=Channel.EMAIL, address="ada@example.com"):
        found = {account_id: self.suppressions.find(account_id, channel, address) for account_id in (ACCOUNT, OTHER)}
        return {account_id: each for account_id, each in found.items() if each and each.active}


@pytest.fixture
def product():
    return Product()


def a_bounce(address="Ada@Example.com", reason=SuppressionReason.BOUNCE, since=LISTED_AT):
    return ListedAddress(address, reason, since)


def test_an_entry_of_others_belongs_to_each_account_with_a_customer_of_that_address(product):
    product.lists_email(a_bounce(reason=SuppressionReason.COMPLAINT))
    product.customers.save(a_customer("c-1", email="ada@example.com"))

    result = product.run()

    (found,) = product.suppressed().values()
    assert (found.account_id, found.reason, found.since) == (ACCOUNT, SuppressionReason.COMPLAINT, LISTED_AT)
    assert found.spellings == ("Ada@Example.com",)
    assert found.audit[0].detail == "found on SES's account-level suppression list"
    assert (result.added, result.unknown) == (1, 0)


def test_an_entry_that_an_account_suppresses_is_its_own_and_not_shown_to_others(product):
    product.lists_email(a_bounce())
    product.suppressions.save(None, a_suppression("ada@example.com", account_id=OTHER))
    product.customers.save(a_customer("c-1", email="ada@example.com"))

    result = product.run()

    assert list(product.suppressed()) == [OTHER]
    assert (result.added, result.unknown) == (0, 0)


def test_an_entry_of_no_customer_is_counted_and_suppressed_nowhere(product):
    product.lists_email(a_bounce())

    assert product.run().unknown == 1
    assert product.suppressed() == {}


def test_an_entry_from_before_a_lift_suppresses_nobody_again_and_a_later_one_does(product):
    product.customers.save(a_customer("c-1", email="ada@example.com"))
    lifted_at = LISTED_AT + timedelta(hours=1)
    product.suppressions.save(None, a_suppression("ada@example.com", since=LISTED_AT, lifted_at=lifted_at))

    product.lists_email(a_bounce())
    product.run()
    assert product.suppressed() == {}

    product.lists_email(a_bounce(since=lifted_at + timedelta(hours=1)))
    product.run()
    assert list(product.suppressed()) == [ACCOUNT]


def test_an_opted_out_number_is_suppressed_since_now_because_sns_says_no_date(product):
    product.lists.pages[Channel.SMS] = [[ListedAddress("+12065550100", SuppressionReason.OPTED_OUT)]]
    product.customers.save(a_customer("c-1", phone="+12065550100"))

    product.run()
    product.now += timedelta(days=1)
    product.run()

    (found,) = product.suppressed(Channel.SMS, "+12065550100").values()
    assert (found.reason, found.since, len(found.audit)) == (SuppressionReason.OPTED_OUT, NOW, 1)


def test_a_date_in_the_future_is_now(product):
    product.lists_email(a_bounce(since=NOW + timedelta(hours=3)))
    product.customers.save(a_customer("c-1", email="ada@example.com"))

    product.run()

    assert product.suppressed()[ACCOUNT].since == NOW


def test_what_is_no_address_is_left(product):
    product.lists_email(a_bounce("not an address"))

    assert product.run().unknown == 0


def test_a_run_without_time_left_is_continued_by_the_next(product):
    addresses = [f"person{number}@example.com" for number in range(3)]
    product.lists.pages[Channel.EMAIL] = [[a_bounce(address)] for address in addresses]
    for number, address in enumerate(addresses):
        product.customers.save(a_customer(f"c-{number}", email=address))
    times = iter([True, True, False, False])

    first = product.run(lambda: next(times))
    product.now += timedelta(days=1)
    second = product.run()

    assert (first.added, second.added) == (2, 1)
    read = [position for channel, position in product.lists.asked if channel is Channel.EMAIL]
    assert [(position.token, position.until) for position in read] == [("", NOW), ("1", NOW), ("2", NOW)]


def test_the_next_run_reads_what_was_added_since_the_run_before(product):
    product.run()
    product.now += timedelta(days=1)
    product.run()

    first, second = (position for channel, position in product.lists.asked if channel is Channel.EMAIL)
    assert (first.since, first.until) == (None, NOW)
    assert NOW - timedelta(hours=2) < second.since < NOW
    assert second.until == NOW + timedelta(days=1)
