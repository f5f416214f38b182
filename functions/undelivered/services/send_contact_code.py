"""Send a code to a new contact, which proves it."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.contact_link import CODE_PREFIX, ContactMessage
from undelivered.domain.contact_request import MAX_CODES, ContactRequest, SentCode, code_text, code_title
from undelivered.domain.customer import same_contact
from undelivered.domain.errors import InvalidInputError, LimitReachedError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.language import Language, Texts
from undelivered.domain.notification import Notification
from undelivered.domain.taxonomy import Channel
from undelivered.services.contact_validation import checked_contact
from undelivered.services.ports import ContactRequestStore, NotificationStore, RequestCountStore, SendJob, SendQueue

_NONCE_BYTES: Final = 8
_CODES_PER_HOUR: Final = {"address": 5, "ip": 20}
"""How many codes an account sends in an hour to one address, and for one IP address."""


class NewContact(Struct, frozen=True):
    """A contact that a customer gave. With ``is_sure``, a likely spelling is not suggested.

    ``ip_address`` is that of the page's reader, ``reply_id`` the id of the text that had the contact, else empty.
    """

    text: str
    is_sure: bool = False
    ip_address: str = ""
    reply_id: str = ""


class SendContactCode(Struct, frozen=True):
    """Sends a code to the contact that a customer gave on the page, or in a reply."""

    requests: ContactRequestStore
    notifications: NotificationStore
    counts: RequestCountStore
    urgent: SendQueue
    texts: Callable[[Language], Texts]
    clock: Callable[[], datetime]

    def __call__(self, request: ContactRequest, new: NewContact, sender_name: str) -> ContactRequest:
        """Send a code to the new contact of an open request, and return the request.

        For a reply that was read before, no other code is sent. Raises InvalidInputError (with a suggestion for a
        likely spelling), LimitReachedError and RetryableError, also if the request has changed since it was read.
        """
        if new.reply_id and new.reply_id in request.replies:
            if request.code and new.reply_id == request.replies[-1]:
                self._send(request, request.code, sender_name)  # completes a call that was interrupted
            return request
        contact = _checked(request, new)
        self._count(request, contact, new.ip_address)
        code = SentCode(contact, secrets.token_hex(_NONCE_BYTES), self.clock())
        replies = (*request.replies, new.reply_id) if new.reply_id else request.replies
        request = self.requests.save(replace(request, code=code, codes=request.codes + 1, replies=replies))
        self._send(request, code, sender_name)
        return request

    def _count(self, request: ContactRequest, contact: str, ip_address: str) -> None:
        """Count a code before it is sent; raises LimitReachedError."""
        now = self.clock()
        start = now.replace(minute=0, second=0, microsecond=0)
        seconds = int((start + timedelta(hours=1) - now).total_seconds()) + 1
        refusal = LimitReachedError("too_many_codes", "Too many codes were sent.", seconds)
        if request.codes >= MAX_CODES:
            raise refusal
        for kind, value in (("address", contact), ("ip", ip_address)):
            work = f"codes-{kind}~{recipient_digest(value)}"
            if value and not self.counts.add(request.account_id, work, start, 1, _CODES_PER_HOUR[kind]):
                raise refusal

    def _send(self, request: ContactRequest, code: SentCode, sender_name: str) -> None:
        texts = self.texts(request.language)
        notification = Notification(
            account_id=request.account_id,
            notification_id=f"{CODE_PREFIX}{code.nonce}",
            customer_id=request.customer_id,
            channel=request.channel,
            title=code_title(sender_name, texts),
            text=code_text(sender_name, texts),
            created_at=code.sent_at,
            to=code.contact,
            # The recipient asks for it, also if they have unsubscribed.
            essential=True,
            contact_message=ContactMessage(code=code.nonce),
        )
        self.notifications.add(notification)
        self.urgent.put([SendJob(request.account_id, notification.notification_id, 1, channel=request.channel)])


def _checked(request: ContactRequest, new: NewContact) -> str:
    """Return a new contact as it is stored; raises InvalidInputError."""
    contact = checked_contact(request.channel, new.text, "contact", like=request.failed_contact)
    suggestion = suggest_address(contact) if request.channel is Channel.EMAIL else ""
    if suggestion and not new.is_sure:
        raise InvalidInputError("contact", "may have a typing error", suggestion)
    if same_contact(request.channel, contact, request.failed_contact):
        raise InvalidInputError("contact", "is the one that does not work")
    return contact
