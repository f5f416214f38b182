"""What the routes of the API work with: put together once per container by ``undelivered.bootstrap``."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from undelivered.services.bulk_resend import ResendBatchStore
from undelivered.services.idempotency import IdempotencyStore
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    ErasureStore,
    KeyedHashes,
    NotificationStore,
    ProviderSuppressions,
    ReportReader,
    SendQueue,
    SigningKeys,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.request_export import Exports
from undelivered.services.request_resend import RequestResend


class ApiSettings(Protocol):
    """The settings that the API reads; ``undelivered.settings`` fills them from the environment."""

    @property
    def cognito_issuer(self) -> str:
        """The user pool's issuer, as it stands in the claim ``iss``."""

    @property
    def cognito_client_ids(self) -> tuple[str, ...]:
        """The app clients whose tokens are taken: the console's and the host application's."""

    @property
    def cognito_jwks_url(self) -> str:
        """Where the pool's keys are, when not at ``<issuer>/.well-known/jwks.json``; else empty."""

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Of which other sites' pages may call the API from a browser."""


class ApiServices(Struct, frozen=True):
    """The ports and use cases behind the routes. What few routes need is made when it is asked for."""

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
    request_resend: RequestResend
    provider_suppressions: Callable[[], ProviderSuppressions]
    signing_keys: Callable[[], SigningKeys]
    exports: Callable[[], Exports]
    clock: Callable[[], datetime]
    settings: ApiSettings
