"""Ask a customer by the other channel to correct a contact to which messages fail for good."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.contact_link import ContactMessage
from undelivered.domain.contact_request import (
    ContactRequest,
    ContactRequestState,
    asking_text,
    asking_title,
    needs_contact,
    other_channel,
)
from undelivered.domain.customer import Customer
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Audit, UndeliveredItem
from undelivered.domain.language import Language, Texts
from undelivered.domain.notification import Notification
from undelivered.domain.suppression import blocks
from undelivered.domain.taxonomy import Channel
from undelivered.services.add_audit import add_audit
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    AccountStore,
    ContactRequestStore,
    CustomerStore,
    NotificationStore,
    SendJob,
    SendQueue,
    SuppressionStore,
    UndeliveredStore,
)

_NONCE_BYTES: Final = 8
_ACTION: Final = "ask_for_contact"


class AskForContact(Struct, frozen=True):
    """The use case of a manager who asks a customer for a new contact."""

    requests: ContactRequestStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    suppressions: SuppressionStore
    accounts: AccountStore
    urgent: SendQueue
    texts: Callable[[Language], Texts]
    clock: Callable[[], datetime]

    @retry_on_conflict
    def __call__(
        self, account_id: str, customer_id: str, channel: Channel, *, by: str, language: Language | None = None
    ) -> ContactRequest:
        """Ask for the contact of a channel, and return the request. While one is open, it is returned again.

        Without a ``language``, the message is in that of the account. Raises NotFoundError, RefusedError and
        RetryableError. After a RetryableError, the same call completes what was begun.
        """
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            raise NotFoundError("customer not found")
        known = self.requests.of_customer(account_id, customer_id)
        now = self.clock()
        is_open = ContactRequestState.OPEN
        request = next(
            (each for each in known if each.channel is channel and each.state_at(now, customer) is is_open), None
        )
        if request is None:
            new = self._new_request(customer, channel, known, by)
            request = self.requests.save(replace(new, language=language or self._settings_language(account_id)))
        self._send(request)
        return request

    def _settings_language(self, account_id: str) -> Language:
        return self.accounts.settings(account_id).locale

    def _new_request(
        self, customer: Customer, channel: Channel, known: Sequence[ContactRequest], by: str
    ) -> ContactRequest:
        """Return a new request, not yet saved; raises RefusedError."""
        account_id, now = customer.account_id, self.clock()
        settings = self.accounts.settings(account_id)
        if not settings.contact_requests.sender_name:
            raise RefusedError(
                "contact_request_needs_sender_name",
                "Say in the settings who asks: the name by which your customers know you.",
            )
        to = customer.contact(other_channel(channel))
        if not to:
            raise RefusedError("contact_request_no_contact", "The customer has no contact for the other channel.")
        item = self._item(customer, channel)
        if blocks(self.suppressions.find(account_id, other_channel(channel), to)):
            raise RefusedError(
                "contact_request_suppressed", "The customer's other contact is suppressed, so we do not write to it."
            )
        month = f"{now.astimezone(ZoneInfo(settings.time_zone)):%Y-%m}"
        this_month = [each for each in known if each.request_id.startswith(month)]
        if len(this_month) >= settings.contact_requests.monthly_limit:
            raise RefusedError("contact_request_limit", "The customer was asked often enough this month.")
        return ContactRequest(
            account_id=account_id,
            customer_id=customer.customer_id,
            # Of two requests at the same time, one finds its place taken.
            request_id=f"{month}-{len(this_month) + 1}",
            channel=channel,
            failed_contact=customer.contact(channel),
            to=to,
            entry_key=item.entry_key,
            asked_at=now,
            by=by,
            nonce=secrets.token_hex(_NONCE_BYTES),
        )

    def _item(self, customer: Customer, channel: Channel) -> UndeliveredItem:
        """Return the newest item that only a new contact mends; raises RefusedError if there is none."""
        items = self.undelivered.live_items_of_customer(customer.account_id, customer.customer_id)
        failed = [item for item in items if item.channel is channel and needs_contact(item, customer)]
        if not failed:
            raise RefusedError(
                "contact_request_not_needed", "No message failed for good at the customer's contact. Just resend."
            )
        return max(failed, key=lambda item: item.entry_key)

    def _send(self, request: ContactRequest) -> None:
        """Queue the message. Doing it again changes nothing, because an attempt is claimed once."""
        account_id, channel = request.account_id, other_channel(request.channel)
        settings, texts = self.accounts.settings(account_id).contact_requests, self.texts(request.language)
        notification = Notification(
            account_id=account_id,
            notification_id=request.notification_id,
            customer_id=request.customer_id,
            channel=channel,
            title=asking_title(request.channel, texts),
            text=asking_text(request, settings.sender_name, texts),
            created_at=request.asked_at,
            to=request.to,
            contact_message=ContactMessage(link=request.key),
        )
        self.notifications.add(notification)
        audit = Audit(request.asked_at, request.by, _ACTION)
        add_audit(self.undelivered, account_id, request.entry_key, audit, self.clock())
        self.urgent.put([SendJob(account_id, request.notification_id, 1, channel=channel)])
