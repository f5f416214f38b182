"""Accept a resend: the rules are asked, the item goes to *resending*, the order is queued."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from undelivered.domain.account import Consent, Customer, same_contact
from undelivered.domain.address import normalise_email, normalise_phone
from undelivered.domain.errors import NotFoundError, RefusedError, StaleWriteError
from undelivered.domain.lifecycle import start_resend
from undelivered.domain.notification import UndeliveredItem
from undelivered.domain.resend import ruling_on_item
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.honour_consent import HonourConsent, opt_out_of
from undelivered.services.ports import (
    CustomerStore,
    NotificationStore,
    ProviderSuppressions,
    SendOrder,
    SendQueue,
    SuppressionStore,
    UndeliveredStore,
)

_TRIES = 4


@dataclass(frozen=True, slots=True)
class RequestResend:
    """The use case behind the *Resend* button. The message goes to the customer's contact as it is now."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    resends: SendQueue
    provider: Callable[[], ProviderSuppressions]
    clock: Callable[[], datetime]

    def __call__(
        self, account_id: str, entry_key: str, *, by: str, consent: Consent | None = None, note: str = ""
    ) -> UndeliveredItem:
        """Start a resend and return the item, now *resending*.

        A consent ends the opt-out of the contact first, here and at the provider; when that fails, nothing
        is started. Raises NotFoundError, RefusedError with the rule's code, and SuppressionNotLiftedError.
        Two calls at once start one resend: the slower one is refused with ``resend_already_running``.
        """
        for _ in range(_TRIES):
            item = self.undelivered.find(account_id, entry_key)
            if item is None:
                raise NotFoundError("no such item")
            customer = self.customers.find(account_id, item.customer_id) if item.customer_id else None
            ruling = ruling_on_item(
                item,
                self.clock(),
                customer=customer,
                notification=self.notifications.find(account_id, item.notification_id),
                suppression=contact_suppression(self.suppressions, item, customer),
                consent=consent is not None,
            )
            if not ruling.allowed or customer is None:
                raise RefusedError(str(ruling.code), ruling.detail)
            if consent:
                self._honour(item, customer, consent, by)
            started = start_resend(item, customer.contact(item.channel), by, self.clock(), note)
            try:
                self.undelivered.save(item, started)
            except StaleWriteError:
                continue
            self.resends.put([resend_order(started)])
            return started
        raise StaleWriteError("others keep writing this item")

    def _honour(self, item: UndeliveredItem, customer: Customer, consent: Consent, by: str) -> None:
        same = same_contact(item.channel, customer.contact(item.channel), item.failure.to)
        honour = HonourConsent(self.customers, self.suppressions, self.provider, self.clock)
        reported = opt_out_of(item) if same else None
        honour(customer, item.channel, consent, by=by, why="consent given with a resend", reported=reported)


def contact_suppression(
    suppressions: SuppressionStore, item: UndeliveredItem, customer: Customer | None
) -> Suppression | None:
    """Return what is known of the contact that an item would be resent to, lifted or not."""
    contact = customer.contact(item.channel) if customer else ""
    if not contact:
        return None
    normalise = normalise_email if item.channel is Channel.EMAIL else normalise_phone
    return suppressions.find(item.account_id, item.channel, normalise(contact) or contact)


def resend_order(item: UndeliveredItem) -> SendOrder:
    """Return the order for the attempt that an item is being resent by."""
    return SendOrder(item.account_id, item.notification_id, item.last_attempt.number, item.entry_key)
