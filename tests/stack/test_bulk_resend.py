"""A thousand items resent by one call, within API Gateway's limit, and told about exactly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest

from infrastructure.local.deployment import OTHER_ACCOUNT
from infrastructure.local.scenario import call_api, eventually
from infrastructure.local.seed import _aws_environment, _stores
from tests.builders.items import a_customer, a_notification, an_item
from tests.stack.acting import WITHIN
from undelivered.domain.identifiers import item_id
from undelivered.domain.taxonomy import Reason
from undelivered.services.ports import NewEntry

GATEWAY_SECONDS = 29
A_THOUSAND = 1_000
CUSTOMERS = 40
PER_MINUTE = 6


def summed(progress):
    return sum(progress[name] for name in ("resending", "resolved", "returned", "refused"))


def test_by_filter_resends_what_the_report_shows_and_tells_how_far_it_has_got(acting):
    acting.undelivered("nina", acting.mailbox("mailbox-full", "nina"))
    acting.hand_over("nina", number=2)
    eventually(lambda: len(acting.story.report("nina")) == 2, "the second is not on the report", WITHIN)
    wanted = {"customer_id": acting.name("nina"), "status": "bounced.soft"}

    batch = acting.call_api("POST", "/undelivered/resend", 202, json={"filter": wanted, "note": "once more"})

    def progress():
        told = acting.call_api("GET", f"/resend-batches/{batch['batch_id']}")
        assert summed(told) == told["total"] == 2
        return told if told["resending"] == 0 else None

    assert (batch["accepted"], batch["refused"]) == (2, [])
    assert eventually(progress, "the batch is not through", WITHIN)["returned"] == 2


def test_beyond_the_limit_of_a_minute_a_bulk_resend_is_refused_with_the_time_to_wait(stack, acting):
    """At most twice the limit is accepted first, because the minute may turn."""
    bulk = {"ids": ["no item"]}
    headers = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": acting.name("busy")}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=GATEWAY_SECONDS) as host:
        responses = [host.post("/undelivered/resend", json=bulk) for _ in range(2 * PER_MINUTE + 1)]
        other = host.post("/undelivered/resend", json=bulk, headers={"X-Account-Id": acting.name("calm")})

    refused = [response for response in responses if response.status_code != HTTPStatus.ACCEPTED]
    assert len(responses) - len(refused) >= PER_MINUTE
    assert {(response.status_code, response.json()["code"]) for response in refused} == {(429, "too_many_bulk_resends")}
    assert all(1 <= int(response.headers["Retry-After"]) <= 60 for response in refused)
    assert other.status_code == HTTPStatus.ACCEPTED


@pytest.fixture
def thousand(stack, acting):
    """Put a thousand soft bounces of another account on the report, in its stores; return their ids."""
    now = datetime.now(UTC).replace(microsecond=0)
    suffix = acting.story.suffix
    customers = [
        a_customer(f"bulk-{suffix}-{n}", account_id=OTHER_ACCOUNT, email=f"fine.bulk{n}.{suffix}@undelivered.example")
        for n in range(CUSTOMERS)
    ]
    items, notifications = [], []
    for number in range(A_THOUSAND):
        customer, notification_id = customers[number % CUSTOMERS], f"bulk-{suffix}-{number}"
        held = {"customer_id": customer.customer_id, "created_at": now}
        notifications.append(a_notification(notification_id, account_id=OTHER_ACCOUNT, **held))
        items.append(
            an_item(
                Reason.MAILBOX_FULL,
                account_id=OTHER_ACCOUNT,
                sent_at=now - timedelta(days=number % 25, hours=1),
                message_id=notification_id,
                recipient=customer.email,
                customer_id=customer.customer_id,
                notification_id=notification_id,
            )
        )
    with _aws_environment(stack), ThreadPoolExecutor(4) as writers:
        stores = _stores(stack, OTHER_ACCOUNT)
        list(writers.map(stores.customers.save, customers))
        list(writers.map(stores.notifications.add, notifications))
        assert list(stores.undelivered.add_new([NewEntry(item) for item in items])) == []
    return [item_id(item.entry_key) for item in items]


def test_a_thousand_are_accepted_within_the_gateways_limit_and_counted_exactly(stack, acting, thousand):
    token = stack.token(stack.user("manager", OTHER_ACCOUNT).email)
    with httpx.Client(base_url=stack.api_url, headers={"Authorization": token}, timeout=GATEWAY_SECONDS) as manager:
        assert call_api(manager, "GET", "/undelivered/count")["total"] == A_THOUSAND
        batch = call_api(manager, "POST", "/undelivered/resend", 202, json={"ids": thousand})
        again = call_api(manager, "POST", "/undelivered/resend", 202, json={"ids": thousand[:50]})
        too_many = call_api(manager, "POST", "/undelivered/resend", 400, json={"ids": [*thousand, "one more"]})

        def progress():
            told = call_api(manager, "GET", f"/resend-batches/{batch['batch_id']}")
            assert summed(told) == told["total"] == A_THOUSAND
            return told if told["resending"] == 0 else None

        done = eventually(progress, "the thousand are not through", 900)
        count = call_api(manager, "GET", "/undelivered/count")

    assert (batch["accepted"], batch["refused"]) == (A_THOUSAND, [])
    assert {one["code"] for one in again["refused"]} <= {"resend_already_running", "resend_already_resolved"}
    assert (again["accepted"], len(again["refused"])) == (0, 50)
    assert too_many["code"] == "too_many_items"
    assert (done["resolved"], done["returned"]) == (A_THOUSAND, 0)
    assert (count["total"], count["resending"]) == (0, 0)
