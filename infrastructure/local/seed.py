"""Write the sample data to a local stack: through the API, the stores, and the topic to which SES publishes.

Failures arrive as events of SES and SNS with their original times. Today's corrections go through the API. Sends and
resends are written to the stores, because the API would send them now instead of at their original times.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from msgspec.structs import replace

from infrastructure.errors import ToolError
from infrastructure.local.sample_data import Month, Resend, SentNotification, sample_month
from infrastructure.local.scenario import RunningStack
from infrastructure.local.ses_simulator.mail_rules import Event
from infrastructure.local.ses_simulator.sms_rules import log_group
from undelivered.adapters.aws.secrets import SecretsManagerKeys
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
from undelivered.adapters.dynamodb.models import TableNames, use_tables
from undelivered.adapters.dynamodb.notification_store import DynamoNotificationStore
from undelivered.adapters.dynamodb.sent_count_store import DynamoSentCountStore
from undelivered.adapters.dynamodb.suppression_store import DynamoSuppressionStore
from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore
from undelivered.adapters.keyed_hashes import HmacHashes
from undelivered.domain.item import BY_CUSTOMER, Audit, Dismissal, UndeliveredItem
from undelivered.domain.item_event import CORRECT_ACTION
from undelivered.domain.lifecycle import open_item, record_sent, start_resend
from undelivered.domain.suppression import dropped_classification
from undelivered.domain.taxonomy import Channel
from undelivered.services.ask_by_rule import BY_RULE
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.count_sends import CountSends
from undelivered.services.ports import NewEntry
from undelivered.services.send_message import Send, unsent_feedback

Progress = Callable[[str], None]

_REGION = "us-east-1"
_BATCH = 10
"""The limit of messages in one call to SNS."""
_TIMEOUT_SECONDS = 60.0
_WRITERS = 4
_ONE_DAY = timedelta(days=1)
_SUBJECT = "Amazon SES Email Event Notification"


@dataclass(frozen=True, slots=True)
class _Stores:
    undelivered: DynamoUndeliveredStore
    customers: DynamoCustomerStore
    notifications: DynamoNotificationStore
    suppressions: DynamoSuppressionStore
    zone_of: Callable[[str], ZoneInfo]


def seed(stack: RunningStack, *, progress: Progress | None = None, now: datetime | None = None) -> None:
    """Fill the default account of an empty stack. Raises ToolError if the API rejects the data.

    ``now`` is the end of the month. ``progress`` receives each step before it starts.
    """
    manager = stack.user()
    month = sample_month(manager.account_id, manager.email, now or datetime.now(UTC))
    report = progress or (lambda _step: None)
    with _aws_environment(stack), _api(stack, month) as api:
        threading.Thread(target=api.get, args=["/health"]).start()  # starts the API's function in the meantime
        stores = _stores(stack, manager.account_id)
        report(f"{len(month.sent)} notifications to {len(month.customers)} customers, {len(month.failed)} failed")
        # Publish one event and the texts first, so that the ingest functions start in the meantime. All events at once
        # would start many copies of the functions, and take much longer.
        events = [event for sent in month.failed for event in sent.events]
        _write_sends(stores, month.failed)
        _publish(stack, events[:1])
        _log(stack, [sent.log for sent in month.failed if sent.log])
        for customer in month.customers:
            stores.customers.save(customer)
        for suppression in month.unsubscribed:
            stores.suppressions.save(None, suppression)
        _write_dropped(stores, month)
        _write_sends(stores, [sent for sent in month.sent if not sent.failed])
        count = CountSends(DynamoSentCountStore(), stores.zone_of, _raise_not_counted)
        count.own((sent.notification.channel, sent.attempt) for sent in month.sent)
        _wait_for_results(
            stores, [sent.entry_key for sent in month.failed if sent.events][:1], manager.account_id, attempts=1
        )
        _publish(stack, events[1:])
        _wait_for_results(stores, [sent.entry_key for sent in month.failed], manager.account_id, attempts=1)
        report(f"{len(month.resends)} were resent")
        _resend(stack, stores, month)
        for sent in month.dismissed:
            _dismiss(stores, sent, manager.email)
        _correct(api, month)


@contextmanager
def _aws_environment(stack: RunningStack) -> Iterator[None]:
    """Make the stores use the stack through environment variables, and restore the environment afterwards."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    use_tables(TableNames(**stack.tables))
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(before)


def _stores(stack: RunningStack, account_id: str) -> _Stores:
    secrets = stack.client("secretsmanager")
    hashes = HmacHashes(SecretsManagerKeys(secrets, stack.outputs["ErasureSecretArn"], stages=("AWSCURRENT",)))
    accounts = DynamoAccountStore()
    accounts.settings(account_id)  # the first read creates the row, before several threads read it

    def zone_of(account_id: str) -> ZoneInfo:
        return ZoneInfo(accounts.settings(account_id).time_zone)

    return _Stores(
        DynamoUndeliveredStore(
            zone_of=zone_of,
            history_days_of=lambda account_id: accounts.settings(account_id).history_days,
        ),
        DynamoCustomerStore(),
        DynamoNotificationStore(content_days_of=lambda account_id: accounts.settings(account_id).content_days),
        DynamoSuppressionStore(hashes),
        zone_of,
    )


@contextmanager
def _api(stack: RunningStack, month: Month) -> Iterator[httpx.Client]:
    account_id = month.customers[0].account_id
    headers = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": account_id}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=30) as client:
        yield client


def _raise_for_error(response: httpx.Response) -> None:
    if response.is_error:
        path = response.request.url.path.rpartition("_user_request_")[2]
        raise ToolError(
            f"The API rejected the sample data: {path} returned {response.status_code}, {response.text[:200]}."
        )


def _write_sends(stores: _Stores, notifications: Sequence[SentNotification]) -> None:
    def write(sent: SentNotification) -> None:
        stores.notifications.add(sent.notification)
        stores.notifications.record(sent.attempt)

    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(write, notifications))  # the list makes an error visible


def _raise_not_counted(account_id: str, number: int) -> None:
    raise ToolError(f"{number} messages of {account_id} could not be counted.")


def _write_dropped(stores: _Stores, month: Month) -> None:
    """Write the items of dropped notifications. There is no event for a message that was not sent."""
    customers = {customer.customer_id: customer for customer in month.customers}
    stores.undelivered.add_new(
        [
            NewEntry(
                open_item(
                    unsent_feedback(
                        Send(sent.attempt, sent.notification, customers[sent.notification.customer_id]),
                        dropped_classification(sent.dropped),
                        f"suppressed: {sent.dropped.reason}",
                        sent.attempt.claimed_at,
                    ),
                    sent.attempt.account_id,
                )
            )
            for sent in month.failed
            if sent.dropped
        ]
    )


def _publish(stack: RunningStack, events: Sequence[Event]) -> None:
    sns = stack.client("sns")
    for start in range(0, len(events), _BATCH):
        entries: list[dict[str, Any]] = [
            {"Id": str(position), "Subject": _SUBJECT, "Message": json.dumps(event) + "\n"}
            for position, event in enumerate(events[start : start + _BATCH])
        ]
        sns.publish_batch(TopicArn=stack.outputs["FeedbackTopicArn"], PublishBatchRequestEntries=entries)


def _log(stack: RunningStack, entries: Sequence[str]) -> None:
    """Write delivery-status entries, which contain their times, to SNS's log groups."""
    logs = stack.client("logs")
    account_id = stack.outputs["FeedbackTopicArn"].split(":")[4]
    for failed in (False, True):
        group = log_group(_REGION, account_id, failed=failed)
        messages = [entry for entry in entries if (json.loads(entry)["status"] == "FAILURE") is failed]
        if messages:
            stream = f"month-{time.time_ns()}"
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            logs.put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": int(time.time() * 1000), "message": message} for message in messages],
            )


def _wait_for_results(stores: _Stores, keys: Sequence[str], account_id: str, *, attempts: int) -> None:
    """Wait until the items have the results of this many attempts. Return after a timeout in any case."""
    missing = list(keys)
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while missing and time.monotonic() < deadline:
        # One read at a time, because the machine is busy with the events.
        if _is_reported(stores, account_id, missing[-1], attempts):
            missing.pop()
        else:
            time.sleep(0.1)


def _is_reported(stores: _Stores, account_id: str, key: str, attempts: int) -> bool:
    item = stores.undelivered.find(account_id, key)
    return item is not None and len(item.attempts) >= attempts and item.last_attempt.result is not None


def _resend(stack: RunningStack, stores: _Stores, month: Month) -> None:
    started = [resend for resend in month.resends if _start_resend(stores, resend)]
    _publish(stack, [event for resend in started for event in resend.events])
    _log(stack, [resend.log for resend in started if resend.log])
    attempts = [resend.attempt for resend in started if resend.events or resend.log]
    if attempts:
        _wait_for_results(stores, [attempt.entry_key for attempt in attempts], attempts[0].account_id, attempts=2)


@retry_on_conflict
def _start_resend(stores: _Stores, resend: Resend) -> bool:
    attempt = resend.attempt
    item = stores.undelivered.find(attempt.account_id, attempt.entry_key)
    if item is None:
        return False
    stores.notifications.record(attempt)
    before = _corrected(item, attempt.claimed_at) if attempt.by == BY_CUSTOMER else item
    started = start_resend(before, attempt.to, attempt.by, attempt.claimed_at, resend.note)
    stores.undelivered.save(item, record_sent(started, attempt.number, attempt.provider_message_id))
    return True


def _corrected(item: UndeliveredItem, at: datetime) -> UndeliveredItem:
    """Return an item whose customer was asked by the account's rule, and corrected the address."""
    asked = Audit(item.last_attempt.at + timedelta(minutes=2), BY_RULE, "ask_for_contact")
    return replace(item, audit=(*item.audit, asked, Audit(at, BY_CUSTOMER, CORRECT_ACTION)))


@retry_on_conflict
def _dismiss(stores: _Stores, sent: SentNotification, manager: str) -> None:
    item = stores.undelivered.find(sent.attempt.account_id, sent.entry_key)
    if item:
        at = min(sent.attempt.claimed_at.replace(hour=17) + _ONE_DAY, datetime.now(UTC))
        stores.undelivered.save(item, replace(item, dismissal=Dismissal(at, manager, "The customer has moved out")))


def _correct(api: httpx.Client, month: Month) -> None:
    """Correct contacts today. The API then marks the failed items as ready to resend."""
    for correction in month.corrections:
        field = "email" if correction.channel is Channel.EMAIL else "phone"
        _raise_for_error(api.patch(f"/customers/{correction.customer_id}", json={field: correction.contact}))
