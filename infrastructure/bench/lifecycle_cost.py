"""What the rest of an event's and a send's life uses: following it up, letting it go, handing it over, sending it.

On DynamoDB Local; all other services are an endpoint that says yes.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from infrastructure.bench import events, subprocess_runner
from infrastructure.bench.cold_start import SETTINGS
from infrastructure.bench.meter import metering, units_of_transactions
from infrastructure.local import dynamodb_local

# What the product looks at in the answers of SES and Secrets Manager, in one document.
_YES = json.dumps({"MessageId": "0100bench-000000", "SecretString": "x" * 43})
_YES_OF_SNS = "<PublishResponse><PublishResult><MessageId>0</MessageId></PublishResult></PublishResponse>"


def measure(number: int) -> dict[str, dict[str, float]]:
    """Return what each stage of life uses for one event or send: write and read units, and calls by operation."""
    with (
        dynamodb_local.running() as local,
        subprocess_runner.responder(_YES) as others,
        subprocess_runner.responder(_YES_OF_SNS) as sns,
    ):
        environment = {
            **SETTINGS,
            **subprocess_runner.function_environment(others),
            **local.environment,
            "AWS_ENDPOINT_URL_SNS": sns,
        }
        told: dict[str, dict[str, float]] = subprocess_runner.run("lifetime", str(number), environment=environment)
    return told


def main() -> None:
    """Measure, in the environment of all functions; the argument is how many items go through."""
    from undelivered import bootstrap
    from undelivered.adapters.aws.clients import client as client_of
    from undelivered.adapters.dynamodb.models import MODELS, shared_connection

    number = int(sys.argv[1])
    store = bootstrap.undelivered_store()
    clients = [shared_connection().client, client_of("sns"), client_of("sqs"), client_of("sesv2", once=True)]
    for model in MODELS.values():
        model.create_table()
    bootstrap.accounts().settings(events.ACCOUNT)
    stages: dict[str, Any] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        began = time.process_time()
        with metering(*clients) as usage:
            yield
        stages[name] = usage, (time.process_time() - began) * 1e3

    with stage("taking in"):
        _take_in(bootstrap, number)
    items = _items()
    with stage("following up"):
        for item in items:
            bootstrap.item_change_handlers().on_item_changed(None, item)
    later = datetime.now(UTC) + timedelta(days=30)
    with stage("leaving"):
        while store.sweep(events.ACCOUNT, later, 100):
            pass
        store.archive(items, settle_counters=False)
    _hand_over(bootstrap, number, stage)
    for model in MODELS.values():
        model.delete_table()
        model.create_table()
    client = shared_connection().client
    subprocess_runner.hand_over(
        {
            name: {**_units(client, usage, number), "cpu_ms": milliseconds / number}
            for name, (usage, milliseconds) in stages.items()
        }
    )


def _take_in(bootstrap: Any, number: int) -> None:
    sent_at = datetime.now(UTC) - timedelta(days=1)
    parts = bootstrap.ingestion()
    for first in range(0, number, 100):
        told = [events.bounce(first + each, sent_at, suppressing=False) for each in range(100)]
        parts.record_feedback([parts.parse_event(event).feedback for event in told])


def _items() -> list[Any]:
    from undelivered.adapters.dynamodb.client import query_all
    from undelivered.adapters.dynamodb.item_rows import item_of
    from undelivered.adapters.dynamodb.models import UndeliveredModel

    return [item_of(row) for row in query_all(UndeliveredModel, events.ACCOUNT, None)]


def _hand_over(bootstrap: Any, number: int, stage: Any) -> None:
    """Take notifications over as the host application gives them, a hundred at once, and send them."""
    from undelivered.domain.customer import Customer
    from undelivered.domain.taxonomy import Channel
    from undelivered.services.accept_notifications import AcceptNotifications, NewNotification
    from undelivered.services.ports import SendJob

    api = bootstrap.api()
    for each in range(number):
        customer = Customer(events.ACCOUNT, f"s-{each}", "Ada Byron", email=f"sent-{each}@example.com")
        api.customers.save(customer)
    accept = AcceptNotifications(api.notifications, api.customers, api.sends, api.clock)
    text = "Dear Ada,\n\nyour invoice for November is ready. " * 12
    with stage("handing over"):
        for first in range(0, number, 100):
            handed = [
                NewNotification(f"s-{each}", Channel.EMAIL, "Invoice for November", text, f"n-{each}")
                for each in range(first, first + 100)
            ]
            accept(events.ACCOUNT, handed)
    with stage("sending"):
        for each in range(number):
            bootstrap.send_message()(SendJob(events.ACCOUNT, f"n-{each}", 1))


def _units(client: Any, usage: Any, number: int) -> Mapping[str, float]:
    written = usage.write_units + units_of_transactions(client, usage.transactions)
    calls = {name: count / number for name, count in usage.calls.items()}
    return {"write_units": written / number, "read_units": usage.read_units / number, **calls}


if __name__ == "__main__":
    main()
