"""The interfaces that the use cases need from stores, providers and AWS; the adapters implement them."""

from undelivered.services.ports.accounts import AccountMappings, AccountStore, EmbedRevocations, SigningKeys
from undelivered.services.ports.attachments import AttachmentFiles, UploadedFile, UploadForm
from undelivered.services.ports.contact_requests import ContactRequestStore
from undelivered.services.ports.counts import CountReconciliation, RepeatFailureStore, SentCountStore
from undelivered.services.ports.customers import CustomerStore, ErasureStore, KeyedHashes
from undelivered.services.ports.diagnostics import ShapeMappingStore, UnrecognisedStore
from undelivered.services.ports.exports import ExportFiles, ExportRunner, ExportStore
from undelivered.services.ports.items import (
    NewEntry,
    Page,
    ReportReader,
    SearchIndex,
    SearchIndexState,
    UndeliveredStore,
    UnreadableItem,
)
from undelivered.services.ports.notifications import (
    Event,
    EventPublisher,
    MessageSender,
    NotificationStore,
    OutgoingMessage,
    SendJob,
    SendQueue,
)
from undelivered.services.ports.requests import (
    IdempotencyRecord,
    IdempotencyStore,
    RequestCountStore,
    ResendBatch,
    ResendBatchStore,
)
from undelivered.services.ports.sending import InParallel, SendRateStore
from undelivered.services.ports.suppressions import (
    ListedAddress,
    ListPosition,
    ListPositionStore,
    ProviderLists,
    ProviderSuppressions,
    SuppressedAddress,
    SuppressionStore,
)

__all__ = [
    "AccountMappings",
    "AccountStore",
    "AttachmentFiles",
    "ContactRequestStore",
    "CountReconciliation",
    "CustomerStore",
    "EmbedRevocations",
    "ErasureStore",
    "Event",
    "EventPublisher",
    "ExportFiles",
    "ExportRunner",
    "ExportStore",
    "IdempotencyRecord",
    "IdempotencyStore",
    "InParallel",
    "KeyedHashes",
    "ListPosition",
    "ListPositionStore",
    "ListedAddress",
    "MessageSender",
    "NewEntry",
    "NotificationStore",
    "OutgoingMessage",
    "Page",
    "ProviderLists",
    "ProviderSuppressions",
    "RepeatFailureStore",
    "ReportReader",
    "RequestCountStore",
    "ResendBatch",
    "ResendBatchStore",
    "SearchIndex",
    "SearchIndexState",
    "SendJob",
    "SendQueue",
    "SendRateStore",
    "SentCountStore",
    "ShapeMappingStore",
    "SigningKeys",
    "SuppressedAddress",
    "SuppressionStore",
    "UndeliveredStore",
    "UnreadableItem",
    "UnrecognisedStore",
    "UploadForm",
    "UploadedFile",
]
