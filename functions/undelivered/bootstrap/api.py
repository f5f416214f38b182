"""The composition root of ``api_handler``: the use cases behind the routes, each built when a route first needs it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from undelivered import bootstrap
from undelivered.domain.language import Language, Texts
from undelivered.observability import logger, measure
from undelivered.services.ports import (
    AccountStore,
    AttachmentFiles,
    ContactRequestStore,
    CustomerStore,
    EmbedRevocations,
    ErasureStore,
    IdempotencyStore,
    KeyedHashes,
    NotificationStore,
    ProviderSuppressions,
    ReportReader,
    RequestCountStore,
    ResendBatchStore,
    SendQueue,
    SentCountStore,
    SigningKeys,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.settings import ApiSettings

if TYPE_CHECKING:
    from undelivered.services.accept_notifications import AcceptNotifications
    from undelivered.services.ask_for_contact import AskForContact
    from undelivered.services.bulk_resend import BulkResend
    from undelivered.services.change_settings import ChangeSettings
    from undelivered.services.check_setup import CheckSetup
    from undelivered.services.correct_contacts import CorrectContacts
    from undelivered.services.correct_own_contact import CorrectOwnContact
    from undelivered.services.count_matches import CountMatches
    from undelivered.services.customer_data.erase import RequestErasure
    from undelivered.services.customer_data.export import ExportCustomerData
    from undelivered.services.dismiss import Dismiss
    from undelivered.services.download_attachment import DownloadAttachment
    from undelivered.services.embed_tokens import EmbedTokens
    from undelivered.services.find_evidence import FindEvidence
    from undelivered.services.find_notification import FindNotification
    from undelivered.services.follow_up import FollowUps
    from undelivered.services.idempotency import IdempotentResend
    from undelivered.services.keep_attachments import KeepAttachments
    from undelivered.services.list_suppressions import ListSuppressions
    from undelivered.services.look_up_notifications import LookUpNotifications
    from undelivered.services.manage_customers import ManageCustomers
    from undelivered.services.manage_diagnostics import ManageDiagnostics
    from undelivered.services.manage_suppressions import ManageSuppressions
    from undelivered.services.manage_views import ManageViews
    from undelivered.services.manage_webhooks import ManageWebhooks
    from undelivered.services.opt_in import OptIn
    from undelivered.services.ports import ExportFiles, ExportRunner, ExportStore, ShapeMappingStore, UnrecognisedStore
    from undelivered.services.ports.acts import ActStore
    from undelivered.services.ports.evidence import EvidenceKeys
    from undelivered.services.ports.people import EndedSessions, People, PeopleStore
    from undelivered.services.ports.setup import LastEventStore, SetupTestStore
    from undelivered.services.ports.views import ViewStore
    from undelivered.services.ports.webhooks import DeliveryQueue, DeliveryStore, WebhookStore
    from undelivered.services.read_incidents import ReadIncidents
    from undelivered.services.read_rates import ReadRates
    from undelivered.services.read_reports import ReadReports
    from undelivered.services.read_setup import ReadSetup
    from undelivered.services.report_by_customer import ReportByCustomer
    from undelivered.services.request_export import Exports
    from undelivered.services.request_limits import LimitedWork, RequestLimits
    from undelivered.services.request_resend import RequestResend
    from undelivered.services.send_as_text import SendAsText
    from undelivered.services.sender_rule import SenderRule
    from undelivered.services.start_upload import StartUpload
    from undelivered.services.undo_correction import UndoCorrection
    from undelivered.services.unsubscribe import Unsubscribe


class ExportPorts(Struct, frozen=True):
    """The ports of the use case on exports."""

    store: "ExportStore"
    files: "ExportFiles"
    runner: "ExportRunner"


class DiagnosticPorts(Struct, frozen=True):
    """The ports of the use cases on diagnostics."""

    unrecognised: "UnrecognisedStore"
    mappings: "ShapeMappingStore"


class WebhookPorts(Struct, frozen=True):
    """The ports of the use cases on webhooks. With ``loopback``, endpoints on this computer are allowed."""

    webhooks: "WebhookStore"
    deliveries: "DeliveryStore"
    queue: "DeliveryQueue"
    loopback: bool


class ApiPorts(Struct, frozen=True):
    """The ports of the use cases. Those after ``idempotency`` are functions, because few requests need them."""

    undelivered: UndeliveredStore
    reports: ReportReader
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    erasures: ErasureStore
    hashes: KeyedHashes
    accounts: AccountStore
    sends: SendQueue
    resends: SendQueue
    resend_batches: ResendBatchStore
    idempotency: IdempotencyStore
    request_counts: Callable[[], RequestCountStore]
    provider_suppressions: Callable[[], ProviderSuppressions]
    signing_keys: Callable[[], SigningKeys]
    exports: Callable[[], ExportPorts]
    diagnostics: Callable[[], DiagnosticPorts]
    webhooks: Callable[[], WebhookPorts]
    sender_rule: Callable[[], "SenderRule"]
    attachment_files: Callable[[], AttachmentFiles]
    embed_revocations: Callable[[], EmbedRevocations]
    last_events: Callable[[], "LastEventStore"]
    views: Callable[[], "ViewStore"]
    sent_counts: Callable[[], SentCountStore]
    contact_requests: Callable[[], ContactRequestStore]
    evidence_keys: Callable[[], "EvidenceKeys"]
    people_store: Callable[[], "PeopleStore"]
    ended_sessions: Callable[[], "EndedSessions"]
    setup_tests: Callable[[], "SetupTestStore"]
    people: Callable[[], "People"]
    acts: Callable[[], "ActStore"]


class ApiUseCases:
    """The use cases of the API.

    ``reports``, ``accounts``, ``suppressions``, ``contact_requests`` and ``evidence_keys`` are ports, because a use
    case for a single read would only call the port.
    """

    def __init__(
        self, ports: ApiPorts, limits: Callable[[], Mapping["LimitedWork", int]], clock: Callable[[], datetime]
    ) -> None:
        self._ports = ports
        self._limits = limits
        self.clock = clock
        self.reports = ports.reports
        self.accounts = ports.accounts
        self.suppressions = ports.suppressions

    @cached_property
    def request_limits(self) -> "RequestLimits":
        from undelivered.services.request_limits import RequestLimits

        return RequestLimits(self._ports.request_counts(), self._limits(), self.clock, _report_unlimited)

    @cached_property
    def count_matches(self) -> "CountMatches":
        from undelivered.services.count_matches import CountMatches

        return CountMatches(self._ports.reports, self._ports.accounts.settings)

    @cached_property
    def read_reports(self) -> "ReadReports":
        from undelivered.services.read_reports import ReadReports

        ports = self._ports
        return ReadReports(
            ports.undelivered,
            ports.reports,
            ports.notifications,
            ports.customers,
            ports.suppressions,
            ports.accounts,
            ports.attachment_files,
            self.clock,
        )

    @cached_property
    def read_incidents(self) -> "ReadIncidents":
        from undelivered.services.read_incidents import ReadIncidents

        return ReadIncidents(self._ports.reports, self.clock)

    @cached_property
    def read_rates(self) -> "ReadRates":
        from undelivered.services.read_rates import ReadRates

        return ReadRates(self._ports.sent_counts(), self._ports.reports)

    @cached_property
    def request_resend(self) -> "RequestResend":
        from undelivered.services.request_resend import RequestResend

        ports = self._ports
        return RequestResend(
            ports.undelivered,
            ports.notifications,
            ports.customers,
            ports.suppressions,
            ports.accounts,
            ports.resends,
            ports.provider_suppressions,
            ports.attachment_files,
            self.clock,
        )

    @cached_property
    def idempotent_resend(self) -> "IdempotentResend":
        from undelivered.services.idempotency import IdempotentResend

        return IdempotentResend(self._ports.undelivered, self._ports.idempotency, self.clock)

    @cached_property
    def manage_views(self) -> "ManageViews":
        from undelivered.services.manage_views import ManageViews

        return ManageViews(self._ports.views())

    @cached_property
    def bulk_resend(self) -> "BulkResend":
        from undelivered.services.bulk_resend import BulkResend

        return BulkResend(self.request_resend, self._ports.undelivered, self._ports.resend_batches, self.clock)

    @cached_property
    def dismiss(self) -> "Dismiss":
        from undelivered.services.dismiss import Dismiss

        return Dismiss(self._ports.undelivered, self.clock)

    @cached_property
    def send_as_text(self) -> "SendAsText":
        from undelivered.services.send_as_text import SendAsText

        ports = self._ports
        return SendAsText(
            ports.undelivered,
            ports.notifications,
            ports.customers,
            ports.suppressions,
            self.accept_notifications,
            self.dismiss,
            self.clock,
        )

    @cached_property
    def exports(self) -> "Exports":
        from undelivered.services.request_export import Exports

        ports = self._ports.exports()
        return Exports(ports.store, ports.files, ports.runner, self._ports.accounts, self.clock)

    @cached_property
    def manage_customers(self) -> "ManageCustomers":
        from undelivered.services.manage_customers import ManageCustomers

        return ManageCustomers(self._ports.customers, self._ports.undelivered, self.clock)

    @cached_property
    def correct_contacts(self) -> "CorrectContacts":
        from undelivered.services.correct_contacts import CorrectContacts

        return CorrectContacts(self._ports.customers, self._ports.undelivered, self.clock)

    @cached_property
    def opt_in(self) -> "OptIn":
        from undelivered.services.opt_in import OptIn
        from undelivered.services.record_consent import RecordConsent

        ports = self._ports
        record_consent = RecordConsent(ports.customers, ports.suppressions, ports.provider_suppressions, self.clock)
        return OptIn(ports.customers, ports.undelivered, ports.suppressions, record_consent)

    @cached_property
    def follow_ups(self) -> "FollowUps":
        from undelivered.services.follow_up import FollowUps

        return FollowUps(self._ports.customers, self._ports.accounts, self.clock)

    @cached_property
    def report_by_customer(self) -> "ReportByCustomer":
        from undelivered.services.report_by_customer import ReportByCustomer

        return ReportByCustomer(self._ports.reports, self._ports.undelivered, self.clock)

    @cached_property
    def export_customer_data(self) -> "ExportCustomerData":
        from undelivered.services.customer_data.export import ExportCustomerData

        ports = self._ports
        return ExportCustomerData(
            ports.customers, ports.undelivered, ports.notifications, ports.suppressions, self.contact_requests
        )

    @cached_property
    def request_erasure(self) -> "RequestErasure":
        from undelivered.services.customer_data.erase import RequestErasure

        ports = self._ports
        return RequestErasure(
            ports.erasures, ports.customers, ports.undelivered, ports.notifications, ports.hashes, self.clock
        )

    @cached_property
    def list_suppressions(self) -> "ListSuppressions":
        from undelivered.services.list_suppressions import ListSuppressions

        return ListSuppressions(self._ports.suppressions)

    @cached_property
    def manage_suppressions(self) -> "ManageSuppressions":
        from undelivered.services.manage_suppressions import ManageSuppressions

        return ManageSuppressions(self._ports.suppressions, self._ports.provider_suppressions(), self.clock)

    @property
    def change_settings(self) -> "ChangeSettings":
        from undelivered.services.change_settings import ChangeSettings

        return ChangeSettings(self._ports.accounts, self._ports.sender_rule())

    def texts(self, language: Language) -> Texts:
        """Return the texts of a language."""
        from undelivered.adapters.language_files import texts

        return texts(language)

    @cached_property
    def manage_diagnostics(self) -> "ManageDiagnostics":
        from undelivered.services.manage_diagnostics import ManageDiagnostics

        ports = self._ports.diagnostics()
        return ManageDiagnostics(ports.unrecognised, ports.mappings, self.clock)

    @cached_property
    def manage_webhooks(self) -> "ManageWebhooks":
        from undelivered.services.deliver_webhook import StartDelivery
        from undelivered.services.manage_webhooks import ManageWebhooks

        ports = self._ports.webhooks()
        start = StartDelivery(ports.deliveries, ports.queue, self.clock)
        return ManageWebhooks(ports.webhooks, ports.deliveries, start, ports.loopback, self.clock)

    @cached_property
    def acts(self) -> "ActStore":
        return self._ports.acts()

    @cached_property
    def ended_sessions(self) -> "EndedSessions":
        return self._ports.ended_sessions()

    @cached_property
    def people(self) -> "People":
        return self._ports.people()

    @cached_property
    def check_setup(self) -> "CheckSetup":
        from undelivered.services.check_setup import CheckSetup

        ports = self._ports
        return CheckSetup(ports.setup_tests(), ports.notifications, ports.sends, self.clock)

    @cached_property
    def read_setup(self) -> "ReadSetup":
        from undelivered.services.read_setup import ReadSetup

        return ReadSetup(self._ports.last_events(), self._ports.customers, self._ports.people_store())

    @cached_property
    def accept_notifications(self) -> "AcceptNotifications":
        from undelivered.services.accept_notifications import AcceptNotifications

        ports = self._ports
        return AcceptNotifications(
            ports.notifications,
            ports.customers,
            ports.undelivered,
            ports.accounts,
            ports.sends,
            self._keep_attachments,
            ports.sender_rule,
            self.clock,
        )

    def _keep_attachments(self) -> "KeepAttachments":
        from undelivered.services.in_parallel import in_threads
        from undelivered.services.keep_attachments import KeepAttachments

        return KeepAttachments(self._ports.attachment_files(), self._ports.accounts, in_threads)

    @cached_property
    def start_upload(self) -> "StartUpload":
        from undelivered.services.start_upload import StartUpload

        return StartUpload(self._ports.attachment_files(), self.clock)

    @cached_property
    def download_attachment(self) -> "DownloadAttachment":
        from undelivered.services.download_attachment import DownloadAttachment

        ports = self._ports
        return DownloadAttachment(ports.undelivered, ports.notifications, ports.attachment_files(), self.clock)

    @cached_property
    def look_up_notifications(self) -> "LookUpNotifications":
        from undelivered.services.look_up_notifications import LookUpNotifications

        ports = self._ports
        return LookUpNotifications(ports.customers, ports.undelivered, ports.notifications, self.clock)

    @cached_property
    def find_evidence(self) -> "FindEvidence":
        from undelivered.services.find_evidence import FindEvidence

        ports = self._ports
        return FindEvidence(ports.undelivered, ports.notifications, ports.customers, ports.attachment_files)

    @cached_property
    def evidence_keys(self) -> "EvidenceKeys":
        return self._ports.evidence_keys()

    @cached_property
    def find_notification(self) -> "FindNotification":
        from undelivered.services.find_notification import FindNotification

        return FindNotification(self._ports.notifications, self._ports.undelivered, self.clock)

    @cached_property
    def unsubscribe(self) -> "Unsubscribe":
        from undelivered.services.unsubscribe import Unsubscribe

        ports = self._ports
        return Unsubscribe(ports.notifications, ports.suppressions, ports.accounts, ports.signing_keys(), self.clock)

    @cached_property
    def contact_requests(self) -> ContactRequestStore:
        return self._ports.contact_requests()

    @cached_property
    def ask_for_contact(self) -> "AskForContact":
        from undelivered.services.ask_for_contact import AskForContact
        from undelivered.services.send_contact_request import SendContactRequest

        ports = self._ports
        return AskForContact(
            self.contact_requests,
            ports.customers,
            ports.undelivered,
            ports.suppressions,
            ports.accounts,
            self.clock,
            SendContactRequest(ports.notifications, ports.accounts, ports.resends, self.texts),
        )

    @cached_property
    def undo_correction(self) -> "UndoCorrection":
        from undelivered.services.undo_correction import UndoCorrection

        return UndoCorrection(self.contact_requests, self._ports.undelivered, self.manage_customers, self.clock)

    @cached_property
    def correct_own_contact(self) -> "CorrectOwnContact":
        from undelivered.services.correct_own_contact import CorrectOwnContact
        from undelivered.services.send_contact_code import SendContactCode

        ports = self._ports
        codes = SendContactCode(
            self.contact_requests, ports.notifications, ports.request_counts(), ports.resends, self.texts, self.clock
        )
        return CorrectOwnContact(
            self.contact_requests,
            ports.customers,
            ports.undelivered,
            ports.suppressions,
            ports.accounts,
            codes,
            self.manage_customers,
            self.request_resend,
            ports.signing_keys(),
            self.clock,
        )

    @cached_property
    def embed_tokens(self) -> "EmbedTokens":
        from undelivered.services.embed_tokens import EmbedTokens

        return EmbedTokens(self._ports.signing_keys(), self._ports.embed_revocations(), self.clock)


@cache
def settings() -> ApiSettings:
    """Return the settings of ``api_handler``."""
    return ApiSettings.read()


@cache
def use_cases() -> ApiUseCases:
    """Return the use cases on AWS."""
    from undelivered.adapters.aws.sqs import SqsSendQueue
    from undelivered.adapters.dynamodb.idempotency_store import DynamoIdempotencyStore
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.adapters.dynamodb.resend_batch_store import DynamoResendBatchStore

    secret_arn, sqs = settings().erasure_secret_arn, bootstrap.client("sqs")
    ports = ApiPorts(
        undelivered=bootstrap.undelivered_store(),
        reports=DynamoReportReader(bootstrap.search_index()),
        notifications=bootstrap.notification_store(),
        customers=bootstrap.customer_store(),
        suppressions=bootstrap.suppression_store(secret_arn),
        erasures=bootstrap.erasure_store(secret_arn),
        hashes=bootstrap.keyed_hashes(secret_arn),
        accounts=bootstrap.accounts(),
        sends=SqsSendQueue(sqs, settings().sends_queue_url),
        resends=SqsSendQueue(sqs, settings().resends_queue_url),
        resend_batches=DynamoResendBatchStore(),
        idempotency=DynamoIdempotencyStore(),
        request_counts=_request_counts,
        provider_suppressions=_provider_suppressions,
        signing_keys=_signing_keys,
        exports=_export_ports,
        diagnostics=_diagnostic_ports,
        webhooks=_webhook_ports,
        sender_rule=_sender_rule,
        attachment_files=lambda: bootstrap.attachment_files(settings().attachments_bucket),
        embed_revocations=_embed_revocations,
        last_events=_last_events,
        views=_views,
        sent_counts=_sent_counts,
        contact_requests=bootstrap.contact_request_store,
        evidence_keys=_evidence_keys,
        people_store=_people_store,
        ended_sessions=_ended_sessions,
        setup_tests=_setup_tests,
        people=_people,
        acts=_acts,
    )
    return ApiUseCases(ports, _limits, bootstrap.now)


def _request_counts() -> RequestCountStore:
    from undelivered.adapters.dynamodb.request_count_store import DynamoRequestCountStore

    return DynamoRequestCountStore()


def _limits() -> Mapping["LimitedWork", int]:
    from undelivered.services.request_limits import LimitedWork

    return {LimitedWork(work): number for work, number in settings().per_minute.items()}


def _report_unlimited(error: Exception) -> None:
    """Record that a request was not counted."""
    logger.error("request not limited", exc_info=error)
    measure("RequestsNotLimited", [1])


def _provider_suppressions() -> ProviderSuppressions:
    from undelivered.adapters.aws.suppression_lists import AwsSuppressionLists

    return AwsSuppressionLists(bootstrap.client("sesv2"), bootstrap.client("sns"))


def _signing_keys() -> SigningKeys:
    from undelivered.adapters.aws.secrets import SecretsManagerKeys

    return SecretsManagerKeys(bootstrap.client("secretsmanager"), settings().signing_secret_arn)


def _embed_revocations() -> EmbedRevocations:
    from undelivered.adapters.dynamodb.embed_revocation_store import DynamoEmbedRevocations

    return DynamoEmbedRevocations()


def _evidence_keys() -> "EvidenceKeys":
    from undelivered.adapters.aws.kms import KmsKeys

    return KmsKeys(bootstrap.client("kms"), settings().evidence_keys)


def _views() -> "ViewStore":
    from undelivered.adapters.dynamodb.view_store import DynamoViewStore

    return DynamoViewStore()


def _setup_tests() -> "SetupTestStore":
    from undelivered.adapters.dynamodb.last_event_store import DynamoSetupTestStore

    return DynamoSetupTestStore()


def _acts() -> "ActStore":
    from undelivered.adapters.dynamodb.act_store import DynamoActStore

    return DynamoActStore()


def _people() -> "People":
    from undelivered.adapters.aws.people_function import PeopleFunction

    return PeopleFunction(bootstrap.client("lambda"), settings().people_function)


def _people_store() -> "PeopleStore":
    from undelivered.adapters.dynamodb.people_store import DynamoPeopleStore

    return DynamoPeopleStore()


def _ended_sessions() -> "EndedSessions":
    from undelivered.adapters.dynamodb.ended_session_store import DynamoEndedSessions

    return DynamoEndedSessions()


def _sent_counts() -> SentCountStore:
    from undelivered.adapters.dynamodb.sent_count_store import DynamoSentCountStore

    return DynamoSentCountStore()


def _last_events() -> "LastEventStore":
    from undelivered.adapters.dynamodb.last_event_store import DynamoLastEventStore

    return DynamoLastEventStore()


def _export_ports() -> ExportPorts:
    from undelivered.adapters.aws.export_queue import SqsExportRunner
    from undelivered.adapters.aws.s3 import S3ExportFiles
    from undelivered.adapters.dynamodb.export_store import DynamoExportStore

    return ExportPorts(
        DynamoExportStore(),
        S3ExportFiles(bootstrap.client("s3"), settings().exports_bucket),
        SqsExportRunner(bootstrap.client("sqs"), settings().exports_queue_url),
    )


def _sender_rule() -> "SenderRule":
    from undelivered.adapters.dynamodb.account_mapping_store import DynamoAccountMapping
    from undelivered.services.sender_rule import SenderRule

    # Built, and so read again, at every request that needs it, so that a new identity can be used at once.
    return SenderRule(DynamoAccountMapping(), settings().default_account_id, default_sender="")


def _diagnostic_ports() -> DiagnosticPorts:
    from undelivered.adapters.dynamodb.diagnostic_store import DynamoUnrecognisedStore

    return DiagnosticPorts(DynamoUnrecognisedStore(), bootstrap.shape_mapping_store())


def _webhook_ports() -> WebhookPorts:
    from undelivered.adapters.aws.webhook_queue import SqsDeliveryQueue
    from undelivered.adapters.dynamodb.webhook_store import DynamoDeliveryStore, DynamoWebhookStore

    queue = SqsDeliveryQueue(bootstrap.client("sqs"), settings().webhooks_queue_url)
    return WebhookPorts(DynamoWebhookStore(), DynamoDeliveryStore(), queue, settings().webhooks_to_loopback)
