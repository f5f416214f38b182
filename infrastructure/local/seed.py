"""Put a believable month into a local stack: through the API, the stores, and the topic that SES publishes to.

Failures come in as the events of SES and SNS, with their times of then, and what is corrected today goes through the
API. Only what the API would do now and not then, handing over and resending, is written to the stores.
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
from infrastructure.local.sample_data import Handed, Month, Resent, sample_month
from infrastructure.local.scenario import RunningStack
from infrastructure.local.ses_simulator.mail_rules import Event
from infrastructure.local.ses_simulator.sms_rules import log_group
from undelivered.adapters.aws.secrets import SecretsManagerKeys
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
from undelivered.adapters.dynamodb.models import TableNames, use_tables
from undelivered.adapters.dynamodb.notification_store import DynamoNotificationStore
from undelivered.adapters.dynamodb.suppression_store import DynamoSuppressionStore
from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore
from undelivered.adapters.keyed_hashes import HmacHashes
from undelivered.domain.item import Dismissal
from undelivered.domain.lifecycle import open_item, record_sent, start_resend
from undelivered.domain.suppression import dropped_classification
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import NewEntry
from undelivered.services.send_message import unsent_feedback

Progress = Callable[[str], None]

_REGION = "us-east-1"
_BATCH = 10
"""Messages that SNS takes in one call."""
_WITHIN = 60.0
_WRITERS = 4
_ONE_DAY = timedelta(days=1)
_SUBJECT = "Amazon SES Email Event Notification"


@dataclass(frozen=True, slots=True)
class _Stores:
    undelivered: DynamoUndeliveredStore
    customers: DynamoCustomerStore
    notifications: DynamoNotificationStore
    suppressions: DynamoSuppressionStore


def seed(stack: RunningStack, *, progress: Progress | None = None, now: datetime | None = None) -> None:
    """Fill the default account of an empty stack; raise ToolError when the API does not take it.

    ``now`` is the month's end. ``progress`` is told each step as it begins.
    """
    manager = stack.user()
    month = sample_month(manager.account_id, manager.email, now or datetime.now(UTC))
    tell = progress or (lambda _step: None)
    with _aws_environment(stack), _api(stack, month) as api:
        threading.Thread(target=api.get, args=["/health"]).start()  # the API's function starts meanwhile, too
        stores = _stores(stack, manager.account_id)
        tell(f"{len(month.handed)} notifications to {len(month.customers)} customers, {len(month.failed)} failed")
        # One event and the texts first: the functions that take them in start while the rest is written. Had they
        # all events at once before they are up, many copies of them would start, and take as many times longer.
        events = [event for handed in month.failed for event in handed.events]
        _hand_over(stores, month.failed)
        _publish(stack, events[:1])
        _log(stack, [handed.log for handed in month.failed if handed.log])
        for customer in month.customers:
            stores.customers.save(customer)
        for suppression in month.unsubscribed:
            stores.suppressions.save(None, suppression)
        _drop(stores, month)
        _hand_over(stores, [handed for handed in month.handed if not handed.failed])
        _await(
            stores, [handed.entry_key for handed in month.failed if handed.events][:1], manager.account_id, attempts=1
        )
        _publish(stack, events[1:])
        _await(stores, [handed.entry_key for handed in month.failed], manager.account_id, attempts=1)
        tell(f"{len(month.resent)} were resent")
        _resend(stack, stores, month)
        _dismiss(stores, month, manager.email)
        _correct(api, month)


@contextmanager
def _aws_environment(stack: RunningStack) -> Iterator[None]:
    """Point the stores, which find their connection in the environment, at the stack; then put all back."""
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
    accounts.settings(account_id)  # reading them first makes their row: before several threads do
    return _Stores(
        DynamoUndeliveredStore(
            zone_of=lambda account_id: ZoneInfo(accounts.settings(account_id).time_zone),
            history_days_of=lambda account_id: accounts.settings(account_id).history_days,
        ),
        DynamoCustomerStore(),
        DynamoNotificationStore(content_days_of=lambda account_id: accounts.settings(account_id).content_days),
        DynamoSuppressionStore(hashes),
    )


@contextmanager
def _api(stack: RunningStack, month: Month) -> Iterator[httpx.Client]:
    account_id = month.customers[0].account_id
    headers = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": account_id}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=30) as client:
        yield client


def _checked(answer: httpx.Response) -> None:
    if answer.is_error:
        path = answer.request.url.path.rpartition("_user_request_")[2]
        raise ToolError(f"The API rejected the sample data: {path} returned {answer.status_code}, {answer.text[:200]}.")


def _hand_over(stores: _Stores, all_handed: Sequence[Handed]) -> None:
    def write(handed: Handed) -> None:
        stores.notifications.add(handed.notification)
        stores.notifications.record(handed.attempt)

    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(write, all_handed))  # as a list, so that an error shows


def _drop(stores: _Stores, month: Month) -> None:
    """Write what was not sent because the address is suppressed: no provider ever reports on that."""
    customers = {customer.customer_id: customer for customer in month.customers}
    stores.undelivered.add_new(
        [
            NewEntry(
                open_item(
                    unsent_feedback(
                        handed.attempt,
                        handed.notification,
                        customers[handed.notification.customer_id],
                        dropped_classification(handed.dropped),
                        f"suppressed: {handed.dropped.reason}",
                        handed.attempt.claimed_at,
                    ),
                    handed.attempt.account_id,
                )
            )
            for handed in month.failed
            if handed.dropped
        ]
    )


def _publish(stack: RunningStack, events: Sequence[Event]) -> None:
    sns = stack.client("sns")
    for start in range(0, len(events), _BATCH):
        entries: list[dict[str, Any]] = [
            {"Id": str(place), "Subject": _SUBJECT, "Message": json.dumps(event) + "\n"}
            for place, event in enumerate(events[start : start + _BATCH])
        ]
        sns.publish_batch(TopicArn=stack.outputs["FeedbackTopicArn"], PublishBatchRequestEntries=entries)


def _log(stack: RunningStack, entries: Sequence[str]) -> None:
    """Write delivery-status entries where SNS writes them; their own times are in them."""
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


def _await(stores: _Stores, keys: Sequence[str], account_id: str, *, attempts: int) -> None:
    """Wait until the reports of that many attempts are on the items; what does not come in is not waited for long."""
    missing = list(keys)
    deadline = time.monotonic() + _WITHIN
    while missing and time.monotonic() < deadline:
        # One question at a time: the machine is busy with the answers.
        if _is_reported(stores, account_id, missing[-1], attempts):
            missing.pop()
        else:
            time.sleep(0.1)


def _is_reported(stores: _Stores, account_id: str, key: str, attempts: int) -> bool:
    item = stores.undelivered.find(account_id, key)
    return item is not None and len(item.attempts) >= attempts and item.last_attempt.result is not None


def _resend(stack: RunningStack, stores: _Stores, month: Month) -> None:
    started = [resent for resent in month.resent if _start_resend(stores, resent)]
    _publish(stack, [event for resent in started for event in resent.events])
    _log(stack, [resent.log for resent in started if resent.log])
    told = [resent.attempt for resent in started if resent.events or resent.log]
    if told:
        _await(stores, [attempt.entry_key for attempt in told], told[0].account_id, attempts=2)


def _start_resend(stores: _Stores, resent: Resent) -> bool:
    attempt = resent.attempt
    item = stores.undelivered.find(attempt.account_id, attempt.entry_key)
    if item is None:
        return False
    stores.notifications.record(attempt)
    started = start_resend(item, attempt.to, attempt.by, attempt.claimed_at, resent.note)
    stores.undelivered.save(item, record_sent(started, attempt.number, attempt.provider_message_id))
    return True


def _dismiss(stores: _Stores, month: Month, manager: str) -> None:
    for handed in month.dismissed:
        item = stores.undelivered.find(handed.attempt.account_id, handed.entry_key)
        if item:
            at = min(handed.attempt.claimed_at.replace(hour=17) + _ONE_DAY, datetime.now(UTC))
            stores.undelivered.save(item, replace(item, dismissal=Dismissal(at, manager, "The customer has moved out")))


def _correct(api: httpx.Client, month: Month) -> None:
    """Correct contacts today: the API flags what failed at the old ones as ready to resend."""
    for correction in month.corrections:
        field = "email" if correction.channel is Channel.EMAIL else "phone"
        _checked(api.patch(f"/customers/{correction.customer_id}", json={field: correction.contact}))
