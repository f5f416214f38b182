"""Sends to somebody who was erased: their links lead nowhere, their news open nothing, nothing more goes out."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_failure, a_notification, an_attempt
from tests.builders.sending import EMAIL, FIRST, Product
from tests.fakes import FakeHashes
from undelivered.domain.erasure import PROPAGATION_TIME
from undelivered.domain.errors import NotFoundError
from undelivered.domain.feedback import Attribution
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.services.customer_data.erase import RequestErasure
from undelivered.services.ports import SendJob


@pytest.fixture
def product():
    return Product()


def link_of(message):
    return message.headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]


def erase_the_send(product):
    product.notifications.erase(product.notifications.find(ACCOUNT, "n-1"))


def ask_for_erasure(product):
    ask = RequestErasure(
        product.erasures, product.customers, product.items, product.notifications, FakeHashes(), product.clock
    )
    return ask(ACCOUNT, "c-1", by="manager@example.com")


def test_the_link_of_an_erased_send_leads_nowhere_and_suppresses_nobody(product):
    product.send_message(FIRST)
    link = link_of(product.sent[0])
    erase_the_send(product)
    assert [send.outcome for send in product.notifications.attempts(ACCOUNT, "n-1")] == [SendOutcome.ERASED]

    for use in (product.unsubscribe.check, product.unsubscribe):
        with pytest.raises(NotFoundError):
            use(link)

    assert product.suppressions.stored == {}


def test_the_link_of_any_other_send_still_does_what_it_says(product):
    product.send_message(FIRST)

    assert product.unsubscribe.check(link_of(product.sent[0])).attempt.to == EMAIL
    product.unsubscribe(link_of(product.sent[0]))

    assert product.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL).active


def test_a_link_names_one_attempt_and_no_other_of_the_same_notification(product):
    product.send_message(FIRST)
    link = link_of(product.sent[0])
    product.notifications.claims.clear()
    product.notifications.claim(an_attempt(number=11, outcome=SendOutcome.SENT))

    with pytest.raises(NotFoundError):
        product.unsubscribe.check(link)


def test_late_news_of_an_erased_send_bring_nobody_back(product):
    product.send_message(FIRST)
    erase_the_send(product)
    untagged = replace(a_failure(message_id="provider-1", recipient=None), attribution=Attribution())

    assert product.record([[untagged]]) == {}

    assert product.items.all_items(ACCOUNT) == []


@pytest.mark.parametrize(
    ("handed_over", "sends"),
    [(NOW, 0), (NOW + PROPAGATION_TIME, 0), (NOW + PROPAGATION_TIME + timedelta(seconds=1), 1)],
    ids=["before", "as the grace ends", "a second later"],
)
def test_what_was_handed_over_before_the_grace_was_over_is_not_sent_any_more(product, handed_over, sends):
    ask_for_erasure(product)
    product.notifications.add(a_notification("n-2", created_at=handed_over, to=EMAIL))

    product.send_message(SendJob(ACCOUNT, "n-2", 1))

    assert len(product.sent) == sends
