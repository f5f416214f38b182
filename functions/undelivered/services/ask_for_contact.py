"""Ask a customer by the other channel to correct a contact to which messages fail for good."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.contact_request import (
    ContactRequest,
    ContactRequestState,
    first_loud_moment,
    needs_contact,
    other_channel,
)
from undelivered.domain.customer import Customer
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Audit, UndeliveredItem
from undelivered.domain.language import Language
from undelivered.domain.suppression import blocks
from undelivered.domain.taxonomy import Channel
from undelivered.services.add_audit import add_audit
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    AccountStore,
    ContactRequestStore,
    CustomerStore,
    SuppressionStore,
    UndeliveredStore,
)

_NONCE_BYTES: Final = 8
_ACTION: Final = "ask_for_contact"


class AskForContact(Struct, frozen=True):
    """The use case of a manager, or the rule of an account, that asks a customer for a new contact.

    ``send_now`` queues a message that need not wait. Without it, ``cleanup`` sends all messages.
    """

    requests: ContactRequestStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    suppressions: SuppressionStore
    accounts: AccountStore
    clock: Callable[[], datetime]
    send_now: Callable[[ContactRequest], None] | None = None

    @retry_on_conflict
    def __call__(  # noqa: PLR0913 - what a request says
        self,
        account_id: str,
        customer_id: str,
        channel: Channel,
        *,
        by: str,
        language: Language | None = None,
        item: UndeliveredItem | None = None,
    ) -> ContactRequest:
        """Ask for the contact of a channel, and return the request. While one is open, it is returned again.

        Without a ``language``, the message is in that of the account. Without an ``item``, the request is about the
        newest that needs another contact. Raises NotFoundError, RefusedError and RetryableError. After a
        RetryableError, the same call completes what was begun.
        """
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            raise NotFoundError("customer not found")
        known = self.requests.of_customer(account_id, customer_id)
        request = _open_request(known, channel, self.clock(), customer)
        if request is None:
            settings = self.accounts.settings(account_id)
            items = [item] if item else self._items(customer)
            request = self.requests.save(self._request(customer, channel, known, settings, by, language, items))
        add_audit(
            self.undelivered, account_id, request.entry_key, Audit(request.asked_at, request.by, _ACTION), self.clock()
        )
        if self.send_now and request.send_at <= self.clock():
            self.send_now(request)
        else:
            self.requests.wait(request)
        return request

    def _items(self, customer: Customer) -> Sequence[UndeliveredItem]:
        return self.undelivered.live_items_of_customer(customer.account_id, customer.customer_id)

    def _request(  # noqa: PLR0913, PLR0917 - what a request is made from
        self,
        customer: Customer,
        channel: Channel,
        known: Sequence[ContactRequest],
        settings: AccountSettings,
        by: str,
        language: Language | None,
        items: Sequence[UndeliveredItem],
    ) -> ContactRequest:
        """Return a new request, not yet saved; raises RefusedError."""
        asking, now, zone = settings.contact_requests, self.clock(), ZoneInfo(settings.time_zone)
        month = f"{now.astimezone(zone):%Y-%m}"
        this_month = [each for each in known if each.request_id.startswith(month)]
        to = customer.contact(other_channel(channel))
        failed = [item for item in items if item.channel is channel and needs_contact(item, customer)]
        if not asking.sender_name:
            raise RefusedError(
                "contact_request_needs_sender_name",
                "Say in the settings who asks: the name by which your customers know you.",
            )
        if not to:
            raise RefusedError("contact_request_no_contact", "The customer has no contact for the other channel.")
        if not failed:
            raise RefusedError(
                "contact_request_not_needed", "No message failed for good at the customer's contact. Just resend."
            )
        if blocks(self.suppressions.find(customer.account_id, other_channel(channel), to)):
            raise RefusedError(
                "contact_request_suppressed", "The customer's other contact is suppressed, so we do not write to it."
            )
        if len(this_month) >= asking.monthly_limit:
            raise RefusedError("contact_request_limit", "The customer was asked often enough this month.")
        return ContactRequest(
            account_id=customer.account_id,
            customer_id=customer.customer_id,
            # Of two requests at the same time, one finds its place taken.
            request_id=f"{month}-{len(this_month) + 1}",
            channel=channel,
            failed_contact=customer.contact(channel),
            to=to,
            entry_key=max(failed, key=lambda item: item.entry_key).entry_key,
            asked_at=now,
            send_at=first_loud_moment(now, zone, asking.quiet_from, asking.quiet_until),
            by=by,
            nonce=secrets.token_hex(_NONCE_BYTES),
            language=language or settings.locale,
        )


def _open_request(
    known: Sequence[ContactRequest], channel: Channel, now: datetime, customer: Customer
) -> ContactRequest | None:
    """Return the request for the contact of a channel that is open, or None."""
    is_open = ContactRequestState.OPEN
    return next((each for each in known if each.channel is channel and each.state_at(now, customer) is is_open), None)
