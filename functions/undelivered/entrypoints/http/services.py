"""What the routes of the API work with: put together once per container by ``undelivered.bootstrap``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from undelivered.domain.account import Consent
from undelivered.domain.notification import UndeliveredItem
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    NotificationStore,
    ReportReader,
    SendQueue,
    SuppressionStore,
    UndeliveredStore,
)


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


class ResendRequest(Protocol):
    """The use case ``services.request_resend.RequestResend``, as the routes call it."""

    def __call__(
        self, account_id: str, entry_key: str, *, by: str, consent: Consent | None = None, note: str = ""
    ) -> UndeliveredItem:
        """Start a resend and return the item in its new state; raises RefusedError and NotFoundError."""


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """A key that a caller chose for a request. ``fingerprint`` says which request, ``done`` that it was accepted."""

    account_id: str
    key: str
    fingerprint: str
    done: bool
    forget_at: datetime


class IdempotencyStore(Protocol):
    """Keys of requests that may be repeated."""

    def find(self, account_id: str, key: str) -> IdempotencyRecord | None:
        """Return what is known of a key (a consistent read)."""

    def save(self, record: IdempotencyRecord) -> None:
        """Write what is known of a key."""


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The ports and use cases behind the routes.

    Without an ``idempotency`` store the header ``Idempotency-Key`` is accepted and has no effect.
    """

    undelivered: UndeliveredStore
    reports: ReportReader
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    sends: SendQueue
    resends: SendQueue
    request_resend: ResendRequest
    clock: Callable[[], datetime]
    settings: ApiSettings
    idempotency: IdempotencyStore | None = None
