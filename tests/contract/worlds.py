"""The same stores on different ground: in memory, on moto, and on DynamoDB Local where it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from moto import mock_aws

from infrastructure.local.tables import definition
from tests import fakes
from tests.builders.items import NOW
from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
from undelivered.adapters.dynamodb.diagnostic_store import DynamoShapeMappingStore, DynamoUnrecognisedStore
from undelivered.adapters.dynamodb.erasure_store import DynamoErasureStore
from undelivered.adapters.dynamodb.export_store import DynamoExportStore
from undelivered.adapters.dynamodb.models import MODELS, TableNames, shared_connection, use_tables
from undelivered.adapters.dynamodb.notification_store import DynamoNotificationStore
from undelivered.adapters.dynamodb.repeat_failure_store import DynamoRepeatFailureStore
from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
from undelivered.adapters.dynamodb.suppression_store import DynamoSuppressionStore
from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore
from undelivered.domain.failure_counts import CLASSES
from undelivered.services import ports
from undelivered.services.ports import ExportStore

DYNAMODB_LOCAL = "DYNAMODB_LOCAL_URL"
"""Names the URL of a DynamoDB Local that tests may make tables in; conftest starts one where none is named."""

_FOR_TESTS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Zones:
    """The time zone of every account."""

    name: str = "UTC"

    def __call__(self, _: str) -> ZoneInfo:
        return ZoneInfo(self.name)


@dataclass
class World:
    undelivered: ports.UndeliveredStore
    reports: ports.ReportReader
    suppressions: ports.SuppressionStore
    notifications: ports.NotificationStore
    customers: ports.CustomerStore
    accounts: ports.AccountStore
    erasures: ports.ErasureStore
    repeats: ports.RepeatFailureStore
    exports: ExportStore
    unrecognised: ports.UnrecognisedStore
    shape_mappings: ports.ShapeMappingStore
    clock: Clock = field(default_factory=Clock)
    zones: Zones = field(default_factory=Zones)


@contextmanager
def in_memory() -> Iterator[World]:
    clock, zones = Clock(), Zones()
    suppressions = fakes.FakeSuppressionStore()
    undelivered = fakes.FakeUndeliveredStore(suppressions, clock=clock, zone_of=zones)
    customers = fakes.FakeCustomerStore()
    yield World(
        undelivered,
        fakes.FakeReportReader(undelivered),
        suppressions,
        fakes.FakeNotificationStore(clock=clock),
        customers,
        fakes.FakeAccountStore(),
        fakes.FakeErasureStore(customers),
        fakes.FakeRepeatStore(),
        fakes.FakeExportStore(),
        fakes.FakeUnrecognisedStore(),
        fakes.FakeShapeMappingStore(),
        clock,
        zones,
    )


def on_dynamodb() -> World:
    """Return the stores on tables just made, wherever botocore finds DynamoDB."""
    names = TableNames(**{key: f"{key}-{uuid4().hex[:8]}" for key in MODELS})
    use_tables(names)
    for model in MODELS.values():
        shared_connection().client.create_table(**definition(model))
    clock, zones = Clock(), Zones()
    return World(
        DynamoUndeliveredStore(zone_of=zones, history_days_of=lambda _: 400, clock=clock, sleep=lambda _: None),
        DynamoReportReader(),
        DynamoSuppressionStore(fakes.FakeHashes()),
        DynamoNotificationStore(content_days_of=lambda _: 60, clock=clock),
        DynamoCustomerStore(),
        DynamoAccountStore(),
        DynamoErasureStore(fakes.FakeHashes(), clock=clock),
        DynamoRepeatFailureStore(),
        DynamoExportStore(clock),
        DynamoUnrecognisedStore(),
        DynamoShapeMappingStore(),
        clock,
        zones,
    )


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def on_moto() -> Iterator[World]:
    with _environment(**_FOR_TESTS), mock_aws():
        yield on_dynamodb()


@contextmanager
def on_dynamodb_local() -> Iterator[World]:
    with _environment(**_FOR_TESTS, AWS_ENDPOINT_URL_DYNAMODB=os.environ[DYNAMODB_LOCAL]):
        yield on_dynamodb()
        for model in MODELS.values():
            model.delete_table()


BACKENDS = {"memory": in_memory, "moto": on_moto, "dynamodb_local": on_dynamodb_local}


def classes(status=None, kind=None, channel=None):
    """Return the classes of items that have a status, a kind and a channel; None stands for all of them."""
    return frozenset(
        each
        for each in CLASSES
        if status in {None, each.status} and kind in {None, each.kind} and channel in {None, each.channel}
    )
