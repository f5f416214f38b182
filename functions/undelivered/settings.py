"""The environment variables of each function. No other module of this package reads the environment.

Each ``read`` raises SettingsError, which names the variable, when one is missing or not valid.
"""

import os
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

from msgspec import Struct

Environment = Mapping[str, str]


class SettingsError(Exception):
    """An environment variable is missing or not valid. The message names it."""


def _required(environment: Environment, name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"The environment variable {name} is not set")
    return value


TABLES = ("undelivered", "history", "counts", "notifications", "customers", "suppressions", "accounts")


def table_names(environment: Environment = os.environ) -> dict[str, str]:
    """Return the name of each table, from ``<TABLE>_TABLE``. Every function has these variables."""
    return {table: _required(environment, f"{table.upper()}_TABLE") for table in TABLES}


def metrics_namespace(environment: Environment = os.environ) -> str:
    """Return the CloudWatch namespace of the metrics: the name of the stack, so that stages do not share metrics."""
    return environment.get("POWERTOOLS_METRICS_NAMESPACE", "undelivered")


class ApiSettings(Struct, frozen=True):
    """``api_handler``: its queues, secrets, keys and files, the user pool, and the origins that CORS allows.

    ``evidence_keys`` are the IDs of KMS keys: the first signs evidence, the others signed it before.
    ``token_keys_url`` is empty where the keys of the pool are at ``<issuer>/.well-known/jwks.json``.
    ``default_account_id`` is the account of sending identities that are not assigned. ``per_minute`` is how many
    searches, notifications, bulk resends and invitations an account can make in a minute. ``webhooks_to_loopback`` is
    for the local stack. ``people_function`` is the ARN of ``manage_people``.
    """

    sends_queue_url: str
    resends_queue_url: str
    exports_bucket: str
    exports_queue_url: str
    attachments_bucket: str
    webhooks_queue_url: str
    webhooks_to_loopback: bool
    erasure_secret_arn: str
    signing_secret_arn: str
    evidence_keys: tuple[str, ...]
    people_function: str
    token_issuer: str
    token_client_ids: tuple[str, ...]
    token_keys_url: str
    allowed_origins: frozenset[str]
    default_account_id: str
    per_minute: Mapping[str, int]

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            sends_queue_url=_required(environment, "SENDS_QUEUE_URL"),
            resends_queue_url=_required(environment, "RESENDS_QUEUE_URL"),
            exports_bucket=_required(environment, "EXPORTS_BUCKET"),
            exports_queue_url=_required(environment, "EXPORTS_QUEUE_URL"),
            attachments_bucket=_required(environment, "ATTACHMENTS_BUCKET"),
            webhooks_queue_url=_required(environment, "WEBHOOKS_QUEUE_URL"),
            webhooks_to_loopback=environment.get("WEBHOOKS_TO_LOOPBACK") == "true",
            erasure_secret_arn=_required(environment, "ERASURE_SECRET_ARN"),
            signing_secret_arn=_required(environment, "SIGNING_SECRET_ARN"),
            evidence_keys=tuple(_required(environment, "EVIDENCE_KEYS").split(",")),
            people_function=_required(environment, "PEOPLE_FUNCTION"),
            token_issuer=_required(environment, "TOKEN_ISSUER"),
            token_client_ids=(_required(environment, "CONSOLE_CLIENT_ID"), _required(environment, "HOST_CLIENT_ID")),
            token_keys_url=environment.get("TOKEN_KEYS_URL", ""),
            allowed_origins=_origins(environment, "ALLOWED_ORIGINS"),
            default_account_id=_required(environment, "DEFAULT_ACCOUNT_ID"),
            per_minute={
                "searches": _count(environment, "SEARCHES_PER_MINUTE"),
                "notifications": _count(environment, "NOTIFICATIONS_PER_MINUTE"),
                "bulk_resends": _count(environment, "BULK_RESENDS_PER_MINUTE"),
                "invitations": _count(environment, "INVITATIONS_PER_MINUTE"),
            },
        )


class ConsoleSettings(Struct, frozen=True):
    """``api_handler``: what the console's page needs to sign users in, and the origins that may frame it.

    ``user_pool_url`` is the API of Cognito, where users change their own sign-in. The pool's keys are there too.
    """

    client_id: str
    sign_in_url: str
    user_pool_url: str
    frame_origins: frozenset[str]

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "CONSOLE_CLIENT_ID"),
            _required(environment, "SIGN_IN_URL").rstrip("/"),
            _origin_of(environment.get("TOKEN_KEYS_URL") or _required(environment, "TOKEN_ISSUER")),
            _origins(environment, "FRAME_ORIGINS"),
        )


class IngestFeedbackSettings(Struct, frozen=True):
    """``ingest_feedback``: its queue, the queue's topic, and the accounts of messages.

    ``default_account_id`` is the account of messages that cannot be attributed, ``accounts_from_tags`` whether a
    message tag can create an account.
    """

    queue_url: str
    topic_arn: str
    default_account_id: str
    accounts_from_tags: bool
    erasure_secret_arn: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "FEEDBACK_QUEUE_URL"),
            _required(environment, "FEEDBACK_TOPIC_ARN"),
            _required(environment, "DEFAULT_ACCOUNT_ID"),
            environment.get("ACCOUNTS_FROM_TAGS") == "true",
            _required(environment, "ERASURE_SECRET_ARN"),
        )


class IngestSmsLogsSettings(Struct, frozen=True):
    """``ingest_sms_logs``: the accounts of messages, as in ``IngestFeedbackSettings``."""

    default_account_id: str
    accounts_from_tags: bool
    erasure_secret_arn: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "DEFAULT_ACCOUNT_ID"),
            environment.get("ACCOUNTS_FROM_TAGS") == "true",
            _required(environment, "ERASURE_SECRET_ARN"),
        )


class SendSettings(Struct, frozen=True):
    """``send_notifications`` and ``process_resends``.

    ``queue_url`` is the queue that invokes the function, ``sender`` the default From address, and ``public_url`` the
    base URL of unsubscribe links, which the signing secret signs. ``texts_per_second`` is the rate of the AWS account.
    ``attachments_bucket`` has the files of emails.
    """

    queue_url: str
    configuration_set: str
    resend_configuration_set: str
    sender: str
    default_account_id: str
    public_url: str
    signing_secret_arn: str
    erasure_secret_arn: str
    texts_per_second: float
    attachments_bucket: str

    @classmethod
    def read(cls, queue: str, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment. The variable ``queue`` has the URL of the function's queue."""
        return cls(
            queue_url=_required(environment, queue),
            configuration_set=_required(environment, "CONFIGURATION_SET"),
            resend_configuration_set=_required(environment, "RESEND_CONFIGURATION_SET"),
            sender=_required(environment, "SENDER"),
            default_account_id=_required(environment, "DEFAULT_ACCOUNT_ID"),
            public_url=_required(environment, "PUBLIC_URL").rstrip("/"),
            signing_secret_arn=_required(environment, "SIGNING_SECRET_ARN"),
            erasure_secret_arn=_required(environment, "ERASURE_SECRET_ARN"),
            texts_per_second=_positive(environment, "TEXTS_PER_SECOND"),
            attachments_bucket=_required(environment, "ATTACHMENTS_BUCKET"),
        )


class OwnMailSettings(Struct, frozen=True):
    """``send_digests`` and ``export_report``. ``public_url`` is the base URL of the link to the console."""

    configuration_set: str
    sender: str
    default_account_id: str
    public_url: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "CONFIGURATION_SET"),
            _required(environment, "SENDER"),
            _required(environment, "DEFAULT_ACCOUNT_ID"),
            _required(environment, "PUBLIC_URL").rstrip("/"),
        )


class ArchiveSettings(Struct, frozen=True):
    """``archive``: its dead-letter queue."""

    dead_letters_url: str
    erasure_secret_arn: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(_required(environment, "DEAD_LETTERS_URL"), _required(environment, "ERASURE_SECRET_ARN"))


class OnItemChangedSettings(Struct, frozen=True):
    """``on_item_changed``: the topic of item events, whether the events have addresses, and its queues."""

    topic_arn: str
    with_address: bool
    erasure_secret_arn: str
    dead_letters_url: str
    webhooks_queue_url: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "OUTCOME_TOPIC_ARN"),
            environment.get("ANNOUNCE_ADDRESSES") == "true",
            _required(environment, "ERASURE_SECRET_ARN"),
            _required(environment, "DEAD_LETTERS_URL"),
            _required(environment, "WEBHOOKS_QUEUE_URL"),
        )


class DeliverWebhooksSettings(Struct, frozen=True):
    """``deliver_webhooks``: its queue, and whether webhooks may be on this computer, which is for the local stack."""

    queue_url: str
    webhooks_to_loopback: bool

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(_required(environment, "WEBHOOKS_QUEUE_URL"), environment.get("WEBHOOKS_TO_LOOPBACK") == "true")


class ReadRepliesSettings(Struct, frozen=True):
    """``read_replies``: its queue, the topic of the texts, and the queue of the messages that answer them."""

    queue_url: str
    topic_arn: str
    resends_queue_url: str
    erasure_secret_arn: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "REPLIES_QUEUE_URL"),
            _required(environment, "REPLIES_TOPIC_ARN"),
            _required(environment, "RESENDS_QUEUE_URL"),
            _required(environment, "ERASURE_SECRET_ARN"),
        )


class ManagePeopleSettings(Struct, frozen=True):
    """``manage_people``: the user pool."""

    user_pool_id: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(_required(environment, "USER_POOL_ID"))


class ExportReportSettings(Struct, frozen=True):
    """``export_report``: the bucket of the files, and its queue."""

    bucket: str
    queue_url: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(_required(environment, "EXPORTS_BUCKET"), _required(environment, "EXPORTS_QUEUE_URL"))


class CleanupSettings(Struct, frozen=True):
    """``cleanup``: its queues, the topic of events, and the buckets that it erases files from."""

    resends_queue_url: str
    exports_bucket: str
    attachments_bucket: str
    erasure_secret_arn: str
    topic_arn: str
    webhooks_queue_url: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(
            _required(environment, "RESENDS_QUEUE_URL"),
            _required(environment, "EXPORTS_BUCKET"),
            _required(environment, "ATTACHMENTS_BUCKET"),
            _required(environment, "ERASURE_SECRET_ARN"),
            _required(environment, "OUTCOME_TOPIC_ARN"),
            _required(environment, "WEBHOOKS_QUEUE_URL"),
        )


class SyncSuppressionsSettings(Struct, frozen=True):
    """``sync_suppressions``."""

    erasure_secret_arn: str

    @classmethod
    def read(cls, environment: Environment = os.environ) -> Self:
        """Return the settings of the environment."""
        return cls(_required(environment, "ERASURE_SECRET_ARN"))


def _positive(environment: Environment, name: str) -> float:
    value = _required(environment, name)
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise SettingsError(f"{name}: {value!r} is not a number above 0")
    return number


def _count(environment: Environment, name: str) -> int:
    value = _required(environment, name)
    if not (value.isascii() and value.isdecimal() and int(value) > 0):
        raise SettingsError(f"{name}: {value!r} is not a whole number above 0")
    return int(value)


def _origin_of(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"


def _origins(environment: Environment, name: str) -> frozenset[str]:
    """Return a comma-separated list of origins. Reject anything else, because a typo would silently allow nothing."""
    origins = frozenset(origin for part in environment.get(name, "").split(",") if (origin := part.strip()))
    for origin in origins:
        url = urlsplit(origin)
        if url.scheme not in {"http", "https"} or origin != f"{url.scheme}://{url.netloc}" or "*" in origin:
            raise SettingsError(f"{name}: {origin!r} is not an origin, for example https://app.example.com")
    return origins
