"""The composition root: builds the use cases of each function from its settings and the adapters, once per container.

Those of ``api_handler`` are in ``bootstrap.api``. Adapters and use cases are imported where they are built, so that a
function loads only the code that it uses.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.adapters.aws.clients import client as client
from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import (
    AccountStore,
    AttachmentFiles,
    ContactRequestStore,
    CustomerStore,
    ErasureStore,
    InParallel,
    KeyedHashes,
    NotificationStore,
    SendJob,
    ShapeMappingStore,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.settings import (
    ArchiveSettings,
    CleanupSettings,
    DeliverWebhooksSettings,
    ExportReportSettings,
    IngestFeedbackSettings,
    IngestSmsLogsSettings,
    ManagePeopleSettings,
    OnItemChangedSettings,
    OwnMailSettings,
    ReadRepliesSettings,
    SendSettings,
    SyncSuppressionsSettings,
    table_names,
)

if TYPE_CHECKING:
    from undelivered.adapters.dynamodb.search_index import DynamoSearchIndex
    from undelivered.adapters.feedback import ParsedEvent
    from undelivered.domain.notification import SendAttempt
    from undelivered.domain.reply import Reply
    from undelivered.domain.send_rate import SendQuota
    from undelivered.services.announce_incidents import AnnounceIncidents, WatchIncidents
    from undelivered.services.archive_items import ArchiveItem
    from undelivered.services.ask_by_rule import AskByRule
    from undelivered.services.cleanup import CleanUp
    from undelivered.services.count_sends import CountSends
    from undelivered.services.customer_data.erase import EraseCustomers
    from undelivered.services.deliver_webhook import DeliverWebhook, Publishers
    from undelivered.services.export_report import ExportReport
    from undelivered.services.manage_people import ManagePeople
    from undelivered.services.on_item_changed import OnItemChanged
    from undelivered.services.own_mail import OwnMail
    from undelivered.services.ports.people import People
    from undelivered.services.ports.webhooks import DeliveryJob
    from undelivered.services.read_reply import ReadReply
    from undelivered.services.reconcile_counts import ReconcileCounts
    from undelivered.services.record_feedback import RecordFeedback
    from undelivered.services.record_unrecognised import RecordUnrecognised
    from undelivered.services.search_index import BuildSearchIndex, IndexItems
    from undelivered.services.send_batch import SendBatch
    from undelivered.services.send_contact_request import SendDueContactRequests
    from undelivered.services.send_digests import SendDigests
    from undelivered.services.send_pace import SendPace
    from undelivered.services.sender_rule import SenderRule
    from undelivered.services.sync_suppressions import SyncSuppressions
    from undelivered.services.track_repeat_failures import TrackRepeatFailures


class Queue(Struct, frozen=True):
    """An SQS queue: the one that invokes a function, or a function's dead-letter queue."""

    client: Any
    url: str


class ItemImages(Struct, frozen=True):
    """How to read the images of items in stream records: ``is_erased`` is True for an item that is being erased."""

    read: Callable[[dict[str, Any]], UndeliveredItem]
    is_erased: Callable[[dict[str, Any]], bool]


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


# --- stores that several functions use


@cache
def _use_tables() -> None:
    """Set the names of the tables in the table models."""
    from undelivered.adapters.dynamodb.models import TableNames, use_tables

    use_tables(TableNames(**table_names()))


@cache
def accounts() -> AccountStore:
    """Return the store of accounts."""
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore

    _use_tables()
    return DynamoAccountStore()


def zone_of(account_id: str) -> ZoneInfo:
    """Return the time zone of an account."""
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

    _use_tables()
    return DynamoNotificationStore(content_days_of=_content_days)


@cache
def customer_store() -> CustomerStore:
    """Return the store of customers."""
    from undelivered.adapters.dynamodb.customer_store import DynamoCustomerStore

    _use_tables()
    return DynamoCustomerStore()


@cache
def undelivered_store(*, accept_late_events: bool = False) -> UndeliveredStore:
    """Return the store of items. With ``accept_late_events`` it also changes items that are in history."""
    from undelivered.adapters.dynamodb.undelivered_store import DynamoUndeliveredStore

    _use_tables()
    return DynamoUndeliveredStore(
        zone_of=zone_of, history_days_of=_history_days, grace_of=_grace, accept_late_events=accept_late_events
    )


@cache
def search_index() -> "DynamoSearchIndex":
    """Return the search index of the report."""
    from undelivered.adapters.dynamodb.search_index import DynamoSearchIndex

    _use_tables()
    return DynamoSearchIndex(_history_days)


@cache
def keyed_hashes(erasure_secret_arn: str) -> KeyedHashes:
    """Return the keyed hashes of erased customers and addresses."""
    from undelivered.adapters.aws.secrets import SecretsManagerKeys
    from undelivered.adapters.keyed_hashes import HmacHashes

    # The secret is read when a hash is first needed, which is rare.
    return HmacHashes(SecretsManagerKeys(client("secretsmanager"), erasure_secret_arn, stages=("AWSCURRENT",)))


@cache
def suppression_store(erasure_secret_arn: str) -> SuppressionStore:
    """Return the store of suppressions."""
    from undelivered.adapters.dynamodb.suppression_store import DynamoSuppressionStore

    _use_tables()
    return DynamoSuppressionStore(keyed_hashes(erasure_secret_arn))


@cache
def erasure_store(erasure_secret_arn: str) -> ErasureStore:
    """Return the store of erasures."""
    from undelivered.adapters.dynamodb.erasure_store import DynamoErasureStore

    _use_tables()
    return DynamoErasureStore(keyed_hashes(erasure_secret_arn))


@cache
def shape_mapping_store() -> ShapeMappingStore:
    """Return the store of the mappings of shapes."""
    from undelivered.adapters.dynamodb.diagnostic_store import DynamoShapeMappingStore

    _use_tables()
    return DynamoShapeMappingStore()


@cache
def contact_request_store() -> ContactRequestStore:
    """Return the store of requests to customers to correct a contact."""
    from undelivered.adapters.dynamodb.contact_request_store import DynamoContactRequestStore

    _use_tables()
    return DynamoContactRequestStore()


@cache
def count_sends() -> "CountSends":
    """Return the use case that counts messages that were sent."""
    from undelivered.adapters.dynamodb.sent_count_store import DynamoSentCountStore
    from undelivered.services.count_sends import CountSends

    _use_tables()
    return CountSends(DynamoSentCountStore(), zone_of, _log_not_counted)


def _log_not_counted(account_id: str, number: int) -> None:
    from undelivered.observability import logger

    logger.warning("sends not counted", account_id=account_id, number=number)


@cache
def attachment_files(bucket: str) -> AttachmentFiles:
    """Return the files of emails."""
    from undelivered.adapters.aws.attachment_files import S3AttachmentFiles

    return S3AttachmentFiles(client("s3"), bucket)


# --- ingest_feedback, ingest_sms_logs


class FeedbackIngestion(Struct, frozen=True):
    """The parts of ``ingest_feedback``."""

    parse_event: Callable[[dict[str, Any]], "ParsedEvent"]
    record_feedback: "RecordFeedback"
    queue: Queue
    count_sends: Callable[[], None]


@cache
def feedback_ingestion() -> FeedbackIngestion:
    """Return the parts of ``ingest_feedback``."""
    from undelivered.adapters.feedback import parse_event

    settings = IngestFeedbackSettings.read()
    return FeedbackIngestion(
        partial(parse_event, known_topics=frozenset({settings.topic_arn})),
        _record_feedback(settings),
        Queue(client("sqs"), settings.queue_url),
        count_sends().add_noted,
    )


class SmsLogIngestion(Struct, frozen=True):
    """The parts of ``ingest_sms_logs``."""

    parse_event: Callable[[dict[str, Any]], "ParsedEvent"]
    record_feedback: "RecordFeedback"
    count_sends: Callable[[], None]


@cache
def sms_log_ingestion() -> SmsLogIngestion:
    """Return the parts of ``ingest_sms_logs``."""
    from undelivered.adapters.feedback import parse_event

    settings = IngestSmsLogsSettings.read()
    return SmsLogIngestion(parse_event, _record_feedback(settings), count_sends().add_noted)


def _record_feedback(settings: IngestFeedbackSettings | IngestSmsLogsSettings) -> "RecordFeedback":
    from undelivered.adapters.dynamodb.account_mapping_store import DynamoAccountMapping
    from undelivered.adapters.dynamodb.last_event_store import DynamoLastEventStore, DynamoSetupTestStore
    from undelivered.services.message_accounts import MessageAccounts
    from undelivered.services.note_event import NoteEvent
    from undelivered.services.record_feedback import RecordFeedback

    return RecordFeedback(
        undelivered=undelivered_store(accept_late_events=True),
        notifications=notification_store(),
        customers=customer_store(),
        suppressions=suppression_store(settings.erasure_secret_arn),
        erasures=erasure_store(settings.erasure_secret_arn),
        hashes=keyed_hashes(settings.erasure_secret_arn),
        shape_mappings=shape_mapping_store(),
        accounts=MessageAccounts(
            DynamoAccountMapping(), accounts(), settings.default_account_id, settings.accounts_from_tags
        ),
        clock=now,
        note_event=NoteEvent(DynamoLastEventStore(), DynamoSetupTestStore(), now),
        note_recorded=count_sends().note,
        records_accepted=_records_accepted if isinstance(settings, IngestFeedbackSettings) else _records_nothing,
    )


def _records_accepted(account_id: str) -> bool:
    return accounts().settings(account_id).record_accepted


def _records_nothing(_account_id: str) -> bool:
    return False


# --- send_notifications, process_resends, send_digests


def sender_rule(default_account: str, default_sender: str) -> "SenderRule":
    """Return the rule on the senders of accounts."""
    from undelivered.adapters.dynamodb.account_mapping_store import DynamoAccountMapping
    from undelivered.services.sender_rule import SenderRule

    return SenderRule(DynamoAccountMapping(), default_account, default_sender)


class SendWorker(Struct, frozen=True):
    """The parts of ``send_notifications`` and ``process_resends``.

    ``read_job`` reads a message and raises UnreadableEventError. ``correlation_of`` returns the ID of the API request
    that led to a message, or an empty text. ``count_sends`` counts the attempts of a batch for the rates.
    """

    send: "SendBatch"
    read_job: Callable[[Mapping[str, Any]], SendJob]
    correlation_of: Callable[[Mapping[str, Any]], str]
    queue: Queue
    count_sends: Callable[[Iterable[tuple[Channel, "SendAttempt"]]], None]


@cache
def send_notifications() -> SendWorker:
    """Return the parts of ``send_notifications``."""
    return _send_worker(SendSettings.read("SENDS_QUEUE_URL"), urgent=False)


@cache
def process_resends() -> SendWorker:
    """Return the parts of ``process_resends``."""
    return _send_worker(SendSettings.read("RESENDS_QUEUE_URL"), urgent=True)


def _send_worker(settings: SendSettings, *, urgent: bool) -> SendWorker:
    from undelivered.adapters.aws.secrets import SecretsManagerKeys
    from undelivered.adapters.aws.ses import SesSender, read_ses_quota
    from undelivered.adapters.aws.sns import SnsSmsSender
    from undelivered.adapters.aws.sqs import correlation_of, received_job
    from undelivered.domain.send_rate import SendQuota
    from undelivered.services.in_parallel import in_threads
    from undelivered.services.send_batch import SendBatch
    from undelivered.services.send_message import SendMessage

    ses = client("sesv2", retries=False)
    send_message = SendMessage(
        undelivered=undelivered_store(accept_late_events=True),
        notifications=notification_store(),
        customers=customer_store(),
        suppressions=suppression_store(settings.erasure_secret_arn),
        erasures=erasure_store(settings.erasure_secret_arn),
        accounts=accounts(),
        senders={
            Channel.EMAIL: SesSender(
                ses,
                settings.configuration_set,
                settings.resend_configuration_set,
                attachment_files(settings.attachments_bucket).read,
            ),
            Channel.SMS: SnsSmsSender(client("sns", retries=False)),
        },
        sender_rule=sender_rule(settings.default_account_id, settings.sender),
        keys=SecretsManagerKeys(client("secretsmanager"), settings.signing_secret_arn),
        public_url=settings.public_url,
        clock=now,
    )
    quotas: dict[Channel, Callable[[], SendQuota | None]] = {
        Channel.EMAIL: partial(read_ses_quota, ses),
        # SNS has no API for its rate.
        Channel.SMS: lambda: SendQuota(settings.texts_per_second),
    }
    send = SendBatch(send_message, _pace(quotas), in_threads, urgent=urgent)
    queue = Queue(client("sqs"), settings.queue_url)
    return SendWorker(send, received_job, correlation_of, queue, count_sends().own)


def _pace(quotas: "Mapping[Channel, Callable[[], SendQuota | None]]") -> "SendPace":
    from undelivered.adapters.dynamodb.send_rate_store import DynamoSendRateStore
    from undelivered.services.send_pace import SendPace

    return SendPace(DynamoSendRateStore(), quotas, now, time.sleep)


@cache
def send_digests() -> "SendDigests":
    """Return the use case of ``send_digests``."""
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.adapters.language_files import texts
    from undelivered.services.send_digests import SendDigests

    settings = OwnMailSettings.read()
    return SendDigests(
        accounts=accounts(),
        reports=DynamoReportReader(),
        mail=_own_mail(settings),
        link=f"{settings.public_url}/console/",
        clock=now,
        texts=texts,
    )


def _own_mail(settings: OwnMailSettings) -> "OwnMail":
    from undelivered.adapters.aws.ses import SesSender
    from undelivered.services.own_mail import OwnMail

    return OwnMail(
        notifications=notification_store(),
        # An email of our own is never resent, so it needs only one configuration set. It has no files.
        sender=SesSender(
            client("sesv2", retries=False), settings.configuration_set, settings.configuration_set, lambda _: None
        ),
        sender_rule=sender_rule(settings.default_account_id, settings.sender),
        clock=now,
        # These functions have no permission to read the quota. They use the rate that the sending functions have read.
        pace=_pace({Channel.EMAIL: lambda: None}),
    )


# --- archive, on_item_changed


def _item_images() -> ItemImages:
    from undelivered.adapters.dynamodb.item_rows import is_erased, item_of

    return ItemImages(item_of, is_erased)


class Archiving(Struct, frozen=True):
    """The parts of ``archive``."""

    archive: "ArchiveItem"
    images: ItemImages
    dead_letters: Queue


@cache
def archiving() -> Archiving:
    """Return the parts of ``archive``."""
    from undelivered.services.archive_items import ArchiveItem

    settings = ArchiveSettings.read()
    archive = ArchiveItem(undelivered_store(), erasure_store(settings.erasure_secret_arn))
    return Archiving(archive, _item_images(), Queue(client("sqs"), settings.dead_letters_url))


class ItemChangeHandlers(Struct, frozen=True):
    """The parts of ``on_item_changed``."""

    on_item_changed: "OnItemChanged"
    track_repeat_failures: "TrackRepeatFailures"
    record_unrecognised: "RecordUnrecognised"
    index_items: "IndexItems"
    ask_by_rule: "AskByRule"
    watch_incidents: "WatchIncidents"
    images: ItemImages
    dead_letters: Queue


@cache
def item_change_handlers() -> ItemChangeHandlers:
    """Return the parts of ``on_item_changed``."""
    from undelivered.adapters.dynamodb.diagnostic_store import DynamoUnrecognisedStore
    from undelivered.adapters.dynamodb.incident_watch_store import DynamoIncidentWatch
    from undelivered.adapters.dynamodb.repeat_failure_store import DynamoRepeatFailureStore
    from undelivered.services.announce_incidents import WatchIncidents
    from undelivered.services.ask_by_rule import AskByRule
    from undelivered.services.ask_for_contact import AskForContact
    from undelivered.services.on_item_changed import OnItemChanged
    from undelivered.services.record_unrecognised import RecordUnrecognised
    from undelivered.services.search_index import IndexItems
    from undelivered.services.track_repeat_failures import TrackRepeatFailures

    settings = OnItemChangedSettings.read()
    publisher = _publishers(settings.topic_arn, settings.webhooks_queue_url, with_address=settings.with_address)
    ask_for_contact = AskForContact(
        contact_request_store(),
        customer_store(),
        undelivered_store(),
        suppression_store(settings.erasure_secret_arn),
        accounts(),
        now,
    )
    return ItemChangeHandlers(
        OnItemChanged(
            undelivered=undelivered_store(),
            notifications=notification_store(),
            customers=customer_store(),
            suppressions=suppression_store(settings.erasure_secret_arn),
            accounts=accounts(),
            publisher=publisher,
            clock=now,
        ),
        TrackRepeatFailures(undelivered_store(), DynamoRepeatFailureStore(), zone_of),
        RecordUnrecognised(DynamoUnrecognisedStore()),
        IndexItems(search_index(), erasure_store(settings.erasure_secret_arn)),
        AskByRule(accounts(), ask_for_contact),
        WatchIncidents(DynamoIncidentWatch(), now),
        _item_images(),
        Queue(client("sqs"), settings.dead_letters_url),
    )


def _publishers(topic_arn: str, webhooks_queue_url: str, *, with_address: bool) -> "Publishers":
    from undelivered.adapters.aws.sns import SnsEventPublisher
    from undelivered.adapters.aws.webhook_queue import SqsDeliveryQueue
    from undelivered.adapters.dynamodb.webhook_store import DynamoDeliveryStore, DynamoWebhookStore
    from undelivered.services.deliver_webhook import Publishers, StartDelivery, WebhookPublisher

    start = StartDelivery(DynamoDeliveryStore(), SqsDeliveryQueue(client("sqs"), webhooks_queue_url), now)
    return Publishers(
        (
            SnsEventPublisher(client("sns"), topic_arn, with_address=with_address),
            WebhookPublisher(DynamoWebhookStore(), start, with_address=with_address),
        )
    )


# --- cleanup


@cache
def clean_up() -> "CleanUp":
    """Return the use case of ``cleanup`` that removes items and settles resends and sends."""
    from undelivered.adapters.aws.sqs import SqsSendQueue
    from undelivered.services.cleanup import CleanUp

    settings = CleanupSettings.read()
    return CleanUp(
        undelivered=undelivered_store(),
        notifications=notification_store(),
        customers=customer_store(),
        accounts=accounts(),
        resends=SqsSendQueue(client("sqs"), settings.resends_queue_url),
        attachments=attachment_files(settings.attachments_bucket),
        clock=now,
    )


@cache
def send_due_contact_requests() -> "SendDueContactRequests":
    """Return the use case of ``cleanup`` that sends the requests to correct a contact that waited."""
    from undelivered.adapters.aws.sqs import SqsSendQueue
    from undelivered.adapters.language_files import texts
    from undelivered.services.send_contact_request import SendContactRequest, SendDueContactRequests

    resends = SqsSendQueue(client("sqs"), CleanupSettings.read().resends_queue_url)
    send = SendContactRequest(notification_store(), accounts(), resends, texts)
    return SendDueContactRequests(contact_request_store(), customer_store(), send, now)


@cache
def erase_customers() -> "EraseCustomers":
    """Return the use case of ``cleanup`` that erases customers."""
    from undelivered.adapters.aws.s3 import S3ExportFiles
    from undelivered.adapters.dynamodb.act_store import DynamoActStore
    from undelivered.adapters.dynamodb.export_store import DynamoExportStore
    from undelivered.adapters.dynamodb.repeat_failure_store import DynamoRepeatFailureStore
    from undelivered.adapters.dynamodb.webhook_store import DynamoDeliveryStore
    from undelivered.services.customer_data.erase import EraseCustomers

    settings = CleanupSettings.read()
    return EraseCustomers(
        erasures=erasure_store(settings.erasure_secret_arn),
        customers=customer_store(),
        undelivered=undelivered_store(),
        notifications=notification_store(),
        suppressions=suppression_store(settings.erasure_secret_arn),
        repeats=DynamoRepeatFailureStore(),
        exports=DynamoExportStore(),
        files=S3ExportFiles(client("s3"), settings.exports_bucket),
        attachments=attachment_files(settings.attachments_bucket),
        deliveries=DynamoDeliveryStore(),
        contact_requests=contact_request_store(),
        index=search_index(),
        acts=DynamoActStore(),
        zone_of=zone_of,
        clock=now,
    )


@cache
def announce_incidents() -> "AnnounceIncidents":
    """Return the use case of ``cleanup`` that publishes when incidents start and end."""
    from undelivered.adapters.dynamodb.incident_watch_store import DynamoIncidentWatch
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.services.announce_incidents import AnnounceIncidents
    from undelivered.services.read_incidents import ReadIncidents

    settings = CleanupSettings.read()
    _use_tables()
    publisher = _publishers(settings.topic_arn, settings.webhooks_queue_url, with_address=False)
    return AnnounceIncidents(DynamoIncidentWatch(), ReadIncidents(DynamoReportReader(), now), publisher, now)


@cache
def reconcile_counts() -> "ReconcileCounts":
    """Return the use case of ``cleanup`` that compares the counters with the items."""
    from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
    from undelivered.services.reconcile_counts import ReconcileCounts

    _use_tables()
    return ReconcileCounts(DynamoCountReconciliation(zone_of=zone_of), accounts(), now)


@cache
def build_search_index() -> "BuildSearchIndex":
    """Return the use case of ``cleanup`` that adds the items from before the search index to it."""
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.services.search_index import BuildSearchIndex

    return BuildSearchIndex(search_index(), DynamoReportReader(), accounts(), now)


# --- sync_suppressions


@cache
def sync_suppressions() -> "SyncSuppressions":
    """Return the use case of ``sync_suppressions``."""
    from undelivered.adapters.aws.suppression_lists import AwsSuppressionLists
    from undelivered.adapters.dynamodb.list_position_store import DynamoListPositionStore
    from undelivered.services.sync_suppressions import SyncSuppressions

    return SyncSuppressions(
        lists=AwsSuppressionLists(client("sesv2"), client("sns")),
        positions=DynamoListPositionStore(),
        suppressions=suppression_store(SyncSuppressionsSettings.read().erasure_secret_arn),
        customers=customer_store(),
        accounts=accounts(),
        clock=now,
    )


# --- export_report


class ExportWorker(Struct, frozen=True):
    """The parts of ``export_report``. ``read_job`` reads the body of a message and raises UnreadableEventError."""

    write: "ExportReport"
    read_job: Callable[[str], tuple[str, str]]
    queue: Queue


@cache
def export_report() -> ExportWorker:
    """Return the parts of ``export_report``."""
    from undelivered.adapters.aws.export_queue import SqsExportRunner, read_export_job
    from undelivered.adapters.aws.s3 import S3ExportFiles
    from undelivered.adapters.dynamodb.export_store import DynamoExportStore
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.adapters.language_files import texts
    from undelivered.services.export_report import ExportReport
    from undelivered.services.mail_export import MailExport

    settings, sending = ExportReportSettings.read(), OwnMailSettings.read()
    write = ExportReport(
        store=DynamoExportStore(),
        files=S3ExportFiles(client("s3"), settings.bucket),
        runner=SqsExportRunner(client("sqs"), settings.queue_url),
        reports=DynamoReportReader(),
        accounts=accounts(),
        clock=now,
        texts=texts,
        mail=MailExport(_own_mail(sending), accounts(), f"{sending.public_url}/console/#/exports", texts),
    )
    return ExportWorker(write, read_export_job, Queue(client("sqs"), settings.queue_url))


# --- read_replies


class ReplyReader(Struct, frozen=True):
    """The parts of ``read_replies``. ``read_message`` reads a message of the queue and raises UnreadableEventError."""

    read: "ReadReply"
    read_message: "Callable[[Mapping[str, Any]], Reply | None]"
    queue: Queue


@cache
def read_replies() -> ReplyReader:
    """Return the parts of ``read_replies``."""
    from undelivered.adapters.aws.replies import read_reply
    from undelivered.adapters.aws.sqs import SqsSendQueue
    from undelivered.adapters.aws.suppression_lists import AwsSuppressionLists
    from undelivered.adapters.dynamodb.request_count_store import DynamoRequestCountStore
    from undelivered.adapters.language_files import texts
    from undelivered.services.opt_in import OptIn
    from undelivered.services.read_reply import ReadReply
    from undelivered.services.record_consent import RecordConsent
    from undelivered.services.send_contact_code import SendContactCode
    from undelivered.services.send_contact_request import SendContactRequest

    settings = ReadRepliesSettings.read()
    suppressions = suppression_store(settings.erasure_secret_arn)
    resends = SqsSendQueue(client("sqs"), settings.resends_queue_url)
    record_consent = RecordConsent(
        customer_store(), suppressions, lambda: AwsSuppressionLists(client("sesv2"), client("sns")), now
    )
    read = ReadReply(
        requests=contact_request_store(),
        customers=customer_store(),
        undelivered=undelivered_store(),
        notifications=notification_store(),
        suppressions=suppressions,
        accounts=accounts(),
        opt_in=OptIn(customer_store(), undelivered_store(), suppressions, record_consent),
        codes=SendContactCode(
            contact_request_store(), notification_store(), DynamoRequestCountStore(), resends, texts, now
        ),
        send=SendContactRequest(notification_store(), accounts(), resends, texts),
        clock=now,
    )
    queue = Queue(client("sqs"), settings.queue_url)
    return ReplyReader(read, partial(read_reply, topic_arn=settings.topic_arn), queue)


# --- deliver_webhooks


class WebhookWorker(Struct, frozen=True):
    """The parts of ``deliver_webhooks``. ``read_job`` reads the body of a message and raises UnreadableEventError."""

    deliver: "DeliverWebhook"
    read_job: "Callable[[str], DeliveryJob]"
    in_parallel: InParallel
    queue: Queue


@cache
def deliver_webhooks() -> WebhookWorker:
    """Return the parts of ``deliver_webhooks``."""
    import ssl

    from undelivered.adapters.aws.webhook_queue import read_delivery_job
    from undelivered.adapters.dynamodb.webhook_store import DynamoDeliveryStore, DynamoWebhookStore
    from undelivered.adapters.webhook_client import HttpWebhookClient
    from undelivered.services.deliver_webhook import DeliverWebhook
    from undelivered.services.in_parallel import in_threads

    settings = DeliverWebhooksSettings.read()
    _use_tables()
    webhooks = HttpWebhookClient(settings.webhooks_to_loopback, ssl.create_default_context())
    deliver = DeliverWebhook(DynamoWebhookStore(), DynamoDeliveryStore(), webhooks, now)
    return WebhookWorker(deliver, read_delivery_job, in_threads, Queue(client("sqs"), settings.queue_url))


# --- manage_people


class PeopleWorker(Struct, frozen=True):
    """The parts of ``manage_people``. ``answer`` returns the answer to the event of a request."""

    people: "ManagePeople"
    answer: "Callable[[People, dict[str, Any]], dict[str, Any]]"


@cache
def manage_people() -> PeopleWorker:
    """Return the parts of ``manage_people``."""
    from undelivered.adapters.aws.people_function import answer_request
    from undelivered.adapters.aws.user_pool import CognitoUserPool
    from undelivered.adapters.dynamodb.ended_session_store import DynamoEndedSessions
    from undelivered.adapters.dynamodb.people_store import DynamoPeopleStore
    from undelivered.services.manage_people import ManagePeople

    _use_tables()
    users = CognitoUserPool(client("cognito-idp"), ManagePeopleSettings.read().user_pool_id)
    return PeopleWorker(ManagePeople(DynamoPeopleStore(), users, DynamoEndedSessions(), now), answer_request)
