"""The composition root: settings and adapters become use cases, once per container.

Adapters are imported here when they are asked for, so that a function loads only what it uses.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from undelivered.adapters.aws.clients import client
from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import (
    AccountStore,
    ErasureStore,
    KeyedHashes,
    NotificationStore,
    ProviderSuppressions,
    SigningKeys,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.settings import (
    AnnouncementSettings,
    ApiSettings,
    ExportSettings,
    SendingSettings,
    account_mapping,
    erasure_secret,
    exports_bucket,
    queue_url,
    table_names,
)

if TYPE_CHECKING:
    from undelivered.adapters.feedback import ParsedEvent
    from undelivered.entrypoints.http.services import ApiServices
    from undelivered.services.cleanup import CleanUp
    from undelivered.services.customer_data.erase import EraseCustomers
    from undelivered.services.export_report import ExportReport
    from undelivered.services.on_item_changed import OnItemChanged
    from undelivered.services.reconcile_counts import ReconcileCounts
    from undelivered.services.record_feedback import RecordFeedback
    from undelivered.services.request_export import Exports
    from undelivered.services.send_digests import SendDigests
    from undelivered.services.send_message import SendMessage
    from undelivered.services.track_repeat_failures import TrackRepeatFailures


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


@cache
def _tables() -> None:
    """Tell the table models their names."""
    from undelivered.adapters.dynamodb.models import TableNames, use_tables

    use_tables(TableNames(**table_names(os.environ)))


@cache
def accounts() -> AccountStore:
    """Return the store of accounts."""
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore

    _tables()
    return DynamoAccountStore()


def zone_of(account_id: str) -> ZoneInfo:
    """Return an account's time zone."""
    return ZoneInfo(accounts().settings(account_id).time_zone)


def _history_days(account_id: str) -> int:
    return accounts().settings(account_id).history_days


def _grace(account_id: str) -> GraceSettings:
    return accounts().settings(account_id).grace


def _content_days(account_id: str) -> int:
    return accounts().settings(account_id).content_days


@cache
def notification_store() -> NotificationStore:
    """Return the store of notifications."""
    from undelivered.adapters.dynamodb.notification_store import DynamoNotificationStore

    _tables()
    return DynamoNotificationStore(content_days_of=_content_days)


@cache
def undelivered_store(*, accept_late_events: bool = False) -> UndeliveredStore:
    """Return the store of items; with ``accept_late_events`` it changes those as well that are history."""
    from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore

    _tables()
    return DynamoUndeliveredStore(
        zone_of=zone_of, history_days_of=_history_days, grace_of=_grace, accept_late_events=accept_late_events
    )


@cache
def _hashes() -> KeyedHashes:
    from undelivered.adapters.aws.secrets import SecretsManagerKeys
    from undelivered.adapters.keyed_hashes import HmacHashes

    # Made without a look at the secret, which few invocations need.
    return HmacHashes(SecretsManagerKeys(client("secretsmanager"), erasure_secret(os.environ), stages=("AWSCURRENT",)))


@cache
def _suppression_store() -> SuppressionStore:
    from undelivered.adapters.dynamodb.suppression_store import DynamoSuppressionStore

    _tables()
    return DynamoSuppressionStore(_hashes())


@cache
def _erasure_store() -> ErasureStore:
    from undelivered.adapters.dynamodb.erasure_store import DynamoErasureStore

    _tables()
    return DynamoErasureStore(_hashes())


class Ingestion(NamedTuple):
    """What the ingesting functions work with."""

    parse_event: Callable[..., "ParsedEvent"]
    record_feedback: "RecordFeedback"
    known_topics: frozenset[str] | None


@cache
def ingestion() -> Ingestion:
    """Return the parts of ``ingest_feedback`` and ``ingest_sms_logs``."""
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
    from undelivered.adapters.feedback import parse_event
    from undelivered.services.record_feedback import RecordFeedback

    topic = os.environ.get("FEEDBACK_TOPIC_ARN")
    return Ingestion(
        parse_event,
        RecordFeedback(
            undelivered=undelivered_store(accept_late_events=True),
            notifications=notification_store(),
            customers=DynamoCustomerStore(),
            suppressions=_suppression_store(),
            erasures=_erasure_store(),
            hashes=_hashes(),
            mapping=account_mapping(os.environ),
            clock=now,
        ),
        known_topics=frozenset({topic}) if topic else None,
    )


class Queue(NamedTuple):
    """A queue that a function is fed from: its client and its URL."""

    client: Any
    url: str


@cache
def queue(variable: str) -> Queue:
    """Return the queue whose URL an environment variable holds."""
    return Queue(client("sqs"), queue_url(os.environ, variable))


@cache
def send_message() -> "SendMessage":
    """Return the use case of the sending functions."""
    from undelivered.adapters.aws.secrets import SecretsManagerKeys
    from undelivered.adapters.aws.ses import SesSender
    from undelivered.adapters.aws.sns import SnsSmsSender
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
    from undelivered.services.send_message import SendMessage

    settings = SendingSettings.read(os.environ)
    return SendMessage(
        undelivered=undelivered_store(accept_late_events=True),
        notifications=notification_store(),
        customers=DynamoCustomerStore(),
        suppressions=_suppression_store(),
        erasures=_erasure_store(),
        accounts=accounts(),
        senders={
            Channel.EMAIL: SesSender(
                client("sesv2", once=True), settings.configuration_set, settings.resend_configuration_set
            ),
            Channel.SMS: SnsSmsSender(client("sns", once=True)),
        },
        default_sender=settings.sender,
        keys=SecretsManagerKeys(client("secretsmanager"), settings.signing_secret_arn),
        public_url=settings.public_url,
        clock=now,
    )


@cache
def clean_up() -> "CleanUp":
    """Return the use case of ``cleanup``."""
    from undelivered.adapters.aws.sqs import SqsSendQueue
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
    from undelivered.services.cleanup import CleanUp

    return CleanUp(
        undelivered=undelivered_store(),
        notifications=notification_store(),
        customers=DynamoCustomerStore(),
        accounts=accounts(),
        resends=SqsSendQueue(client("sqs"), queue_url(os.environ, "RESENDS_QUEUE_URL")),
        clock=now,
    )


@cache
def erase_customers() -> "EraseCustomers":
    """Return the use case that carries erasures out, a part of ``cleanup``."""
    from undelivered.adapters.aws.s3 import S3ExportFiles
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
    from undelivered.adapters.dynamodb.export_store import DynamoExportStore
    from undelivered.adapters.dynamodb.repeat_failure_store import DynamoRepeatFailureStore
    from undelivered.services.customer_data.erase import EraseCustomers

    return EraseCustomers(
        erasures=_erasure_store(),
        customers=DynamoCustomerStore(),
        undelivered=undelivered_store(),
        notifications=notification_store(),
        suppressions=_suppression_store(),
        repeats=DynamoRepeatFailureStore(),
        exports=DynamoExportStore(),
        files=S3ExportFiles(client("s3"), exports_bucket(os.environ)),
        zone_of=zone_of,
        clock=now,
    )


@cache
def reconcile_counts() -> "ReconcileCounts":
    """Return the use case of the counters' upkeep, a part of ``cleanup``."""
    from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
    from undelivered.services.reconcile_counts import ReconcileCounts

    _tables()
    return ReconcileCounts(DynamoCountReconciliation(zone_of=zone_of), accounts(), now)


class Archiving(NamedTuple):
    """What ``archive`` works with; ``read_image`` turns a stream record's image into an item.

    ``is_erased`` tells an image of an item that is being erased.
    """

    undelivered: UndeliveredStore
    read_image: Callable[[dict[str, Any]], UndeliveredItem]
    is_erased: Callable[[dict[str, Any]], bool]


@cache
def archiving() -> Archiving:
    """Return the parts of ``archive``."""
    from undelivered.adapters.dynamodb.item_rows import is_erased, item_of

    return Archiving(undelivered_store(), item_of, is_erased)


@cache
def send_digests() -> "SendDigests":
    """Return the use case of ``send_digests``."""
    from undelivered.adapters.aws.ses import SesSender
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.services.send_digests import SendDigests

    settings = SendingSettings.read(os.environ)
    sender = SesSender(client("sesv2", once=True), settings.configuration_set, settings.resend_configuration_set)
    return SendDigests(
        accounts=accounts(),
        reports=DynamoReportReader(),
        notifications=notification_store(),
        sender=sender,
        default_sender=settings.sender,
        link=f"{settings.public_url.rstrip('/')}/console/",
        clock=now,
    )


class ItemChangeHandlers(NamedTuple):
    """What ``on_item_changed`` works with; ``read_image`` and ``is_erased`` as in ``Archiving``."""

    on_item_changed: "OnItemChanged"
    track_repeat_failures: "TrackRepeatFailures"
    read_image: Callable[[dict[str, Any]], UndeliveredItem]
    is_erased: Callable[[dict[str, Any]], bool]


@cache
def item_change_handlers() -> ItemChangeHandlers:
    """Return the parts of ``on_item_changed``."""
    from undelivered.adapters.aws.sns import SnsItemEventPublisher
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
    from undelivered.adapters.dynamodb.item_rows import is_erased, item_of
    from undelivered.adapters.dynamodb.repeat_failure_store import DynamoRepeatFailureStore
    from undelivered.services.on_item_changed import OnItemChanged
    from undelivered.services.track_repeat_failures import TrackRepeatFailures

    settings = AnnouncementSettings.read(os.environ)
    publisher = SnsItemEventPublisher(client("sns"), settings.topic_arn, with_address=settings.with_address)
    return ItemChangeHandlers(
        OnItemChanged(
            undelivered=undelivered_store(),
            notifications=notification_store(),
            customers=DynamoCustomerStore(),
            suppressions=_suppression_store(),
            accounts=accounts(),
            publisher=publisher,
            clock=now,
        ),
        TrackRepeatFailures(undelivered_store(), DynamoRepeatFailureStore(), zone_of),
        item_of,
        is_erased,
    )


@cache
def export_report() -> "ExportReport":
    """Return the use case of ``export_report``."""
    from undelivered.adapters.aws.lambda_ import LambdaExportRunner
    from undelivered.adapters.aws.s3 import S3ExportFiles
    from undelivered.adapters.dynamodb.export_store import DynamoExportStore
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.services.export_report import ExportReport

    # Lambda itself tells a function its name: the template cannot, it would refer to what it defines. What an export
    # has begun as, it goes on as: the same version reads the rest that was handed over.
    settings = ExportSettings.read(os.environ, function="AWS_LAMBDA_FUNCTION_NAME")
    same = f"{settings.function}:{os.environ.get('AWS_LAMBDA_FUNCTION_VERSION', '$LATEST')}"
    return ExportReport(
        store=DynamoExportStore(),
        files=S3ExportFiles(client("s3"), settings.bucket),
        runner=LambdaExportRunner(client("lambda"), same),
        reports=DynamoReportReader(),
        accounts=accounts(),
        clock=now,
    )


@cache
def _exports() -> "Exports":
    from undelivered.adapters.aws.lambda_ import LambdaExportRunner
    from undelivered.adapters.aws.s3 import S3ExportFiles
    from undelivered.adapters.dynamodb.export_store import DynamoExportStore
    from undelivered.services.request_export import Exports

    settings = ExportSettings.read(os.environ)
    return Exports(
        store=DynamoExportStore(),
        files=S3ExportFiles(client("s3"), settings.bucket),
        runner=LambdaExportRunner(client("lambda"), settings.function),
        accounts=accounts(),
        clock=now,
    )


@cache
def _provider_suppressions() -> ProviderSuppressions:
    from undelivered.adapters.aws.suppression_lists import AwsSuppressionLists

    return AwsSuppressionLists(client("sesv2"), client("sns"))


@cache
def _signing_keys() -> SigningKeys:
    from undelivered.adapters.aws.secrets import SecretsManagerKeys

    return SecretsManagerKeys(client("secretsmanager"), ApiSettings.read(os.environ).signing_secret_arn)


@cache
def api() -> "ApiServices":
    """Return what the routes of the API work with."""
    from undelivered.adapters.aws.sqs import SqsSendQueue
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore
    from undelivered.adapters.dynamodb.idempotency_store import DynamoIdempotencyStore
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.adapters.dynamodb.resend_batch_store import DynamoResendBatchStore
    from undelivered.entrypoints.http.services import ApiServices
    from undelivered.services.request_resend import RequestResend

    notifications, customers, suppressions = notification_store(), DynamoCustomerStore(), _suppression_store()
    resends = SqsSendQueue(client("sqs"), queue_url(os.environ, "RESENDS_QUEUE_URL"))
    return ApiServices(
        undelivered=undelivered_store(),
        reports=DynamoReportReader(),
        notifications=notifications,
        customers=customers,
        suppressions=suppressions,
        erasures=_erasure_store(),
        hashes=_hashes(),
        accounts=accounts(),
        sends=SqsSendQueue(client("sqs"), queue_url(os.environ, "SENDS_QUEUE_URL")),
        resends=resends,
        resend_batches=DynamoResendBatchStore(),
        idempotency=DynamoIdempotencyStore(),
        request_resend=RequestResend(
            undelivered_store(), notifications, customers, suppressions, resends, _provider_suppressions, now
        ),
        provider_suppressions=_provider_suppressions,
        signing_keys=_signing_keys,
        exports=_exports,
        clock=now,
        settings=ApiSettings.read(os.environ),
    )
