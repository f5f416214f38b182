"""Unsubscribing by the link in a message: one click, no sign-in, no address in the URL."""

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
    """Return the headers that offer to unsubscribe: RFC 2369 section 3.2, and one click by RFC 8058 section 3.1.

    The token names the send, and the send knows its address.
    """
    payload = f"{attempt.account_id}~{attempt.notification_id}~{attempt.number}"
    token = sign_token(keys.secrets()[0], _PURPOSE, payload)
    return {
        "List-Unsubscribe": f"<{public_url.rstrip('/')}/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


class Unsubscribe(Struct, frozen=True):
    """The use case behind the link. Doing it twice is doing it once."""

    notifications: NotificationStore
    suppressions: SuppressionStore
    keys: SigningKeys
    clock: Callable[[], datetime]

    def check(self, token: str) -> SendAttempt:
        """Return the send that a token names; raises NotFoundError for a forged or forgotten one."""
        payload = verify_token(self.keys.secrets(), _PURPOSE, token)
        account_id, notification_id, number = (payload or "~~").rsplit("~", 2)
        if payload:
            for attempt in self.notifications.attempts(account_id, notification_id):
                if str(attempt.number) == number and attempt.outcome is not SendOutcome.ERASED:
                    return attempt
        raise NotFoundError("link not found")

    def __call__(self, token: str) -> None:
        """Suppress the address that the link was sent to; raises NotFoundError."""
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
