"""Unsubscribe with the link in a message. The link needs no sign-in and contains no address."""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.address import normalise_address
from undelivered.domain.errors import NotFoundError
from undelivered.domain.item import Audit
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.signed_tokens import sign_token, verify_token
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import AccountStore, NotificationStore, SigningKeys, SuppressionStore
from undelivered.services.suppress import suppress

_FROM_ALL = "unsubscribe"
_FROM_CATEGORY = "unsubscribe-category"


def unsubscribe_headers(
    keys: SigningKeys, public_url: str, attempt: SendAttempt, category: str = ""
) -> Mapping[str, str]:
    """Return the headers for unsubscribing (RFC 2369 section 3.2), also with one click (RFC 8058 section 3.1).

    The token identifies the attempt, from which the address is known, and the category, empty for all messages.
    """
    payload = f"{attempt.account_id}~{attempt.notification_id}~{attempt.number}"
    secret = keys.secrets()[0]
    if category:
        token = sign_token(secret, _FROM_CATEGORY, f"{payload}~{category}")
    else:
        token = sign_token(secret, _FROM_ALL, payload)
    return {
        "List-Unsubscribe": f"<{public_url.rstrip('/')}/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


class UnsubscribeLink(Struct, frozen=True):
    """A valid link: the attempt that it was sent with, its category, and the settings of the account."""

    attempt: SendAttempt
    category: str
    settings: AccountSettings

    @property
    def category_title(self) -> str:
        """The title of the category, empty for all messages."""
        return self.settings.category_title(self.category) if self.category else ""


class Unsubscribe(Struct, frozen=True):
    """The use case behind the link. Doing it again changes nothing."""

    notifications: NotificationStore
    suppressions: SuppressionStore
    accounts: AccountStore
    keys: SigningKeys
    clock: Callable[[], datetime]

    def check(self, token: str) -> UnsubscribeLink:
        """Return the link of a token; raises NotFoundError if the token is not valid or the attempt has expired."""
        payload, category = self._read(token)
        account_id, notification_id, number = (payload or "~~").rsplit("~", 2)
        if payload:
            for attempt in self.notifications.attempts(account_id, notification_id):
                if str(attempt.number) == number and attempt.outcome is not SendOutcome.ERASED:
                    return UnsubscribeLink(attempt, category, self.accounts.settings(account_id))
        raise NotFoundError("link not found")

    def _read(self, token: str) -> tuple[str, str]:
        """Return the attempt in a token and the category, both empty if the token is not valid."""
        secrets = self.keys.secrets()
        with_category = verify_token(secrets, _FROM_CATEGORY, token)
        if with_category:
            payload, _, category = with_category.rpartition("~")
            return payload, category
        return verify_token(secrets, _FROM_ALL, token) or "", ""

    def __call__(self, token: str) -> UnsubscribeLink:
        """Suppress the address to which the link was sent, and return the link; raises NotFoundError.

        A link with a category suppresses only messages of this category.
        """
        link = self.check(token)
        attempt = link.attempt
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
            category=link.category,
        )
        suppress(self.suppressions, cause)
        return link
