"""Unsubscribe with the link in a message. The link needs no sign-in and contains no address."""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.errors import NotFoundError
from undelivered.domain.item import Audit
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.signed_tokens import sign_token, verify_token
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import NotificationStore, SigningKeys, SuppressionStore
from undelivered.services.suppress import suppress

_PURPOSE = "unsubscribe"


def unsubscribe_headers(keys: SigningKeys, public_url: str, attempt: SendAttempt) -> Mapping[str, str]:
    """Return the headers for unsubscribing (RFC 2369 section 3.2), also with one click (RFC 8058 section 3.1).

    The token identifies the attempt, from which the address is known.
    """
    payload = f"{attempt.account_id}~{attempt.notification_id}~{attempt.number}"
    token = sign_token(keys.secrets()[0], _PURPOSE, payload)
    return {
        "List-Unsubscribe": f"<{public_url.rstrip('/')}/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


class Unsubscribe(Struct, frozen=True):
    """The use case behind the link. Doing it again changes nothing."""

    notifications: NotificationStore
    suppressions: SuppressionStore
    keys: SigningKeys
    clock: Callable[[], datetime]

    def check(self, token: str) -> SendAttempt:
        """Return the attempt of a token; raises NotFoundError if the token is not valid or the attempt has expired."""
        payload = verify_token(self.keys.secrets(), _PURPOSE, token)
        account_id, notification_id, number = (payload or "~~").rsplit("~", 2)
        if payload:
            for attempt in self.notifications.attempts(account_id, notification_id):
                if str(attempt.number) == number and attempt.outcome is not SendOutcome.ERASED:
                    return attempt
        raise NotFoundError("link not found")

    def __call__(self, token: str) -> None:
        """Suppress the address to which the link was sent; raises NotFoundError."""
        attempt = self.check(token)
        address = normalise_address(Channel.EMAIL, attempt.to)
        now = self.clock()
        cause = Suppression(
            attempt.account_id,
            Channel.EMAIL,
            address,
            SuppressionReason.UNSUBSCRIBED,
            now,
            origin=attempt.provider_message_id,
            audit=(Audit(now, "recipient", "unsubscribe"),),
        )
        suppress(self.suppressions, cause)
