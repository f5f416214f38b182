"""The total of a filter of the report: as many items as its pages have, from the counters or by reading."""

from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.contract.worlds import BACKENDS, classes
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import LIVE_STATES, State
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Channel, Fault, Reason, Status
from undelivered.services import count_matches
from undelivered.services.count_matches import CountMatches, Total

MIDNIGHT = NOW.replace(hour=0)
MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
DAYS = Period(MIDNIGHT - timedelta(days=50), MIDNIGHT - timedelta(days=2))
HOURS = Period(NOW - timedelta(days=50), NOW)
EVER = frozenset(State)
FILTERS = {
    "the report": ReportFilter(MONTH),
    "a status on the report": ReportFilter(MONTH, classes=classes(Status.INVALID)),
    "a channel on the report": ReportFilter(MONTH, classes=classes(channel=Channel.EMAIL)),
    "a reason on the report": ReportFilter(MONTH, reasons=frozenset({Reason.MAILBOX_FULL})),
    "whole days": ReportFilter(DAYS, EVER),
    "a status of whole days": ReportFilter(DAYS, EVER, classes=classes(Status.BOUNCED)),
    "a reason of whole days": ReportFilter(DAYS, EVER, reasons=frozenset({Reason.MAILBOX_FULL})),
    "a fault of whole days": ReportFilter(DAYS, EVER, faults=frozenset({Fault.SENDER})),
    "a state of whole days": ReportFilter(DAYS, frozenset({State.RESOLVED})),
    "hours": ReportFilter(HOURS, EVER),
    "a customer": ReportFilter(MONTH, customer_id="c-3"),
    "a search": ReportFilter(DAYS, EVER, search="person-1"),
    "open only": ReportFilter(MONTH, frozenset({State.OPEN})),
    "from a week ago": ReportFilter(Period(MIDNIGHT - timedelta(days=7), NOW + timedelta(days=1)), EVER),
    "live of a week": ReportFilter(Period(MIDNIGHT - timedelta(days=7), NOW + timedelta(days=1)), LIVE_STATES),
}


@pytest.fixture(params=BACKENDS)
def world(request):
    if request.param == "dynamodb_local":
        request.getfixturevalue("dynamodb_local")
    with BACKENDS[request.param]() as made:
        made.accounts.save_settings(AccountSettings(ACCOUNT, time_zone="UTC"))
        yield made


def total(world, wanted):
    return CountMatches(world.reports, world.accounts.settings)(ACCOUNT, wanted, NOW)


def put(world):
    """Put items of 50 days: of several reasons, and some that were resent and arrived."""
    reasons = [Reason.MAILBOX_FULL, Reason.ADDRESS_NOT_FOUND, Reason.CONTENT_REJECTED]
    for number in range(24):
        item = an_item(reasons[number % 3], number=number, days_ago=0.3 + 2 * number)
        if number % 5 == 0:
            item = reported(resent(item), Outcome.DELIVERED)
        elif number % 7 == 0:
            item = resent(item)
        world.undelivered.save(None, item)


def test_a_total_is_the_number_of_items_on_all_pages(world):
    put(world)

    for name, wanted in FILTERS.items():
        items = world.reports.page(ACCOUNT, wanted, 100, None, NOW).items
        assert total(world, wanted) == Total(len(items), is_exact=True), name


def test_what_the_counters_do_not_know_is_counted_up_to_a_number(world, monkeypatch):
    monkeypatch.setattr(count_matches, "COUNTED_AT_MOST", 3)
    put(world)

    assert total(world, FILTERS["hours"]) == Total(3, is_exact=False)
    assert total(world, FILTERS["whole days"]).is_exact


def test_what_was_erased_is_in_no_total(world):
    put(world)
    before = total(world, FILTERS["whole days"])
    items = world.reports.page(ACCOUNT, FILTERS["whole days"], 100, None, NOW).items
    world.undelivered.erase([item for item in items if item.sent_at > NOW - timedelta(days=30)][:2], in_history=False)

    assert total(world, FILTERS["whole days"]) == Total(before.number - 2, is_exact=True)


def test_days_from_before_history_are_not_in_a_total(world):
    put(world)
    world.accounts.save_settings(AccountSettings(ACCOUNT, time_zone="UTC", history_days=40))
    wanted = FILTERS["whole days"]

    assert total(world, wanted) == Total(len(world.reports.page(ACCOUNT, wanted, 100, None, NOW).items), is_exact=True)
