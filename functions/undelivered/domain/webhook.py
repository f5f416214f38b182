"""Webhooks: HTTPS endpoints of an account that receive its events, signed after the Standard Webhooks specification.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.incident_event import IncidentEventType
from undelivered.domain.item import Audit
from undelivered.domain.item_event import ItemEventType

TEST_EVENT: Final = "undelivered.test"
"""The type of the event that the test of a webhook sends. Every webhook receives it."""

EVENT_TYPES: Final = tuple(event_type.published_name for event_type in (*ItemEventType, *IncidentEventType))
"""The types of events that a webhook can ask for."""

MAX_WEBHOOKS: Final = 5
"""How many webhooks an account can have."""

OLD_SECRET_VALID_FOR: Final = timedelta(hours=24)
"""How long messages are also signed with the secret before the current one."""

_MAX_OLD_SECRETS: Final = 4

SECRET_BYTES: Final = 32
"""The bytes of a secret. The specification asks for 24 to 64."""

_PREFIX: Final = "whsec_"

RETRY_DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The time between the tries of a delivery, as in the specification's example: just over three days together."""

LONGEST_SPREAD: Final = 0.2
"""By which share of the delay a delivery waits longer at most."""

LONGEST_ASKED: Final = RETRY_DELAYS[-1]
"""How long an endpoint can ask to wait."""

DELIVERY_KEPT_FOR: Final = timedelta(days=30)
"""How long a delivery is in the log."""

_OCTET: Final = 256
_MAX_TRIES_KEPT: Final = 20
_MAX_AUDIT_KEPT: Final = 20
_DELIVERY_ID: Final = re.compile(r"\d{8}T\d{12}-[0-9a-f]{12}", re.ASCII)


class DeliveryState(StrEnum):
    """The state of a delivery."""

    WAITING = "waiting"  #: not delivered yet; it is tried again
    DELIVERED = "delivered"  #: the endpoint accepted it
    FAILED = "failed"  #: given up


class DeliveryError(StrEnum):
    """Why a try of a delivery got no response."""

    ADDRESS_NOT_ALLOWED = "address_not_allowed"  #: the host name leads to an address that is not public
    NAME_NOT_FOUND = "name_not_found"  #: the host name has no address
    CONNECTION_FAILED = "connection_failed"  #: no connection, or the connection broke off
    TLS_FAILED = "tls_failed"  #: the certificate is not valid for the host name, or TLS failed
    TIMED_OUT = "timed_out"  #: no complete response in time
    NOT_HTTP = "not_http"  #: the response is not HTTP
    WEBHOOK_DISABLED = "webhook_disabled"  #: the webhook was disabled before the delivery


class DisabledReason(StrEnum):
    """Why a webhook is disabled."""

    BY_USER = "by_user"  #: a manager or the host application disabled it
    GONE = "gone"  #: the endpoint returned 410 Gone
    FAILING = "failing"  #: all deliveries have failed for three days


class OldSecret(Struct, frozen=True):
    """A secret that was replaced, and until when it also signs."""

    secret: str
    valid_until: datetime


class Webhook(Struct, frozen=True):
    """An endpoint of an account. ``event_types`` is empty for all types.

    ``old_secrets`` are the secrets before the current one, the oldest first. ``disabled`` is None while events are
    delivered.
    """

    webhook_id: str
    url: str
    secret: str
    created_at: datetime
    event_types: tuple[str, ...] = ()
    disabled: DisabledReason | None = None
    old_secrets: tuple[OldSecret, ...] = ()
    audit: tuple[Audit, ...] = ()

    def receives(self, event_type: str) -> bool:
        """Whether an event of this type is delivered."""
        return self.disabled is None and (not self.event_types or event_type in self.event_types)

    def audited(self, entry: Audit) -> "Webhook":
        """Return the webhook with an entry in its audit trail."""
        return replace(self, audit=(*self.audit, entry)[-_MAX_AUDIT_KEPT:])

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign a message: the current one, and those before while they are valid."""
        return (self.secret, *(old.secret for old in self._valid_old_secrets(now)))

    def with_secret(self, secret: str, now: datetime) -> "Webhook":
        """Return the webhook with a new secret.

        An older secret stays valid too: if the response to a rotation was lost, the receiver has it still after the
        next rotation.
        """
        replaced = OldSecret(self.secret, now + OLD_SECRET_VALID_FOR)
        old_secrets = (*self._valid_old_secrets(now), replaced)[-_MAX_OLD_SECRETS:]
        return replace(self, secret=secret, old_secrets=old_secrets)

    def _valid_old_secrets(self, now: datetime) -> tuple[OldSecret, ...]:
        return tuple(old for old in self.old_secrets if old.valid_until > now)


class AccountWebhooks(Struct, frozen=True):
    """The webhooks of an account. ``version`` counts the writes."""

    account_id: str
    webhooks: tuple[Webhook, ...] = ()
    version: int = 0

    def find(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or None if there is none."""
        return next((webhook for webhook in self.webhooks if webhook.webhook_id == webhook_id), None)

    def with_changed(self, changed: Webhook) -> "AccountWebhooks":
        """Return the webhooks with a changed one in its place."""
        webhooks = [changed if webhook.webhook_id == changed.webhook_id else webhook for webhook in self.webhooks]
        return replace(self, webhooks=tuple(webhooks))


class DeliveryTry(Struct, frozen=True):
    """A request to an endpoint. ``status`` is the HTTP status, None without a response. ``error`` is then the cause.

    ``retry_after`` is how many seconds the endpoint asked to wait, None if it did not ask.
    """

    at: datetime
    status: int | None
    error: DeliveryError | None
    milliseconds: int
    retry_after: int | None = None


class WebhookDelivery(Struct, frozen=True):
    """An event on its way to a webhook, with its tries, the last 20 at most.

    ``payload`` is the JSON that is sent. ``customer_key`` says whose data it has: the customer's id, or the hash of the
    address if the customer is not known. ``failures`` counts the failed tries since the start or the last replay.
    """

    account_id: str
    webhook_id: str
    delivery_id: str
    event_id: str
    event_type: str
    payload: str
    customer_key: str
    created_at: datetime
    next_try_at: datetime
    state: DeliveryState = DeliveryState.WAITING
    failures: int = 0
    tries: tuple[DeliveryTry, ...] = ()
    version: int = 0

    def after_try(self, made: DeliveryTry) -> "WebhookDelivery":
        """Return the delivery after a try: delivered, waiting for the next try, or failed."""
        tried = replace(self, tries=(*self.tries, made)[-_MAX_TRIES_KEPT:])
        if made.status is not None and HTTPStatus(200) <= made.status < HTTPStatus(300):
            return replace(tried, state=DeliveryState.DELIVERED)
        failures = self.failures + 1
        if failures > len(RETRY_DELAYS) or made.status == HTTPStatus.GONE or made.error is _DISABLED:
            return replace(tried, state=DeliveryState.FAILED, failures=failures)
        return replace(tried, failures=failures, next_try_at=made.at + self._wait(failures, made.retry_after or 0))

    def _wait(self, failures: int, asked: int) -> timedelta:
        """Return how long to wait after a number of failures, if the endpoint asked to wait some seconds.

        Each delivery waits a little longer than the delay, by a share of its own. So the deliveries that failed
        together do not come back together to an endpoint that could not take them.
        """
        digest = hashlib.sha256(f"{self.delivery_id}\n{failures}".encode()).digest()
        share = digest[0] / _OCTET * LONGEST_SPREAD
        delay = max(RETRY_DELAYS[failures - 1], min(timedelta(seconds=asked), LONGEST_ASKED))
        return delay * (1 + share)

    def replayed(self, now: datetime) -> "WebhookDelivery":
        """Return the delivery as it starts again."""
        return replace(self, state=DeliveryState.WAITING, failures=0, next_try_at=now)


_DISABLED: Final = DeliveryError.WEBHOOK_DISABLED


def delivery_id(created_at: datetime, event_id: str) -> str:
    """Return the id of a delivery. Ids sort by time."""
    return f"{created_at:%Y%m%dT%H%M%S%f}-{event_id[:12]}"


def is_delivery_id(text: str) -> bool:
    """Whether a text has the form of the id of a delivery."""
    return _DELIVERY_ID.fullmatch(text) is not None


def new_secret(random: bytes) -> str:
    """Return a secret of random bytes, in the form of the specification."""
    return _PREFIX + base64.b64encode(random).decode()


def signature_headers(webhook: Webhook, event_id: str, payload: str, now: datetime) -> dict[str, str]:
    """Return the headers with which receivers verify that a message is ours and recent.

    There is a signature for each valid secret. ``webhook-id`` is the same for each try, so that a receiver can ignore
    a message that it has already.
    """
    seconds = str(int(now.timestamp()))
    signed = f"{event_id}.{seconds}.{payload}".encode()
    signatures = [f"v1,{_signature(secret, signed)}" for secret in webhook.secrets(now)]
    return {"webhook-id": event_id, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
