"""Accept a resend: the rules are asked, the item goes to *resending*, the order is queued."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from undelivered.domain.account import Consent, same_contact
from undelivered.domain.address import normalise_email, normalise_phone
from undelivered.domain.errors import NotFoundError, RefusedError, StaleWriteError
from undelivered.domain.lifecycle import start_resend
from undelivered.domain.notification import UndeliveredItem
from undelivered.domain.resend import Ruling, resend_ruling
from undelivered.domain.suppression import Suppression, dropped_verdict
from undelivered.domain.taxonomy import Channel, Verdict
from undelivered.services.ports import (
    CustomerStore,
    NotificationStore,
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
    clock: Callable[[], datetime]

    def __call__(
        self, account_id: str, entry_key: str, *, by: str, consent: Consent | None = None, note: str = ""
    ) -> UndeliveredItem:
        """Start a resend and return the item, now *resending*.

        Raises NotFoundError, and RefusedError with the rule's code. Two calls at once start one resend:
        the slower one is refused with ``resend_already_running``.
        """
        for _ in range(_TRIES):
            item = self.undelivered.find(account_id, entry_key)
            if item is None:
                raise NotFoundError("no such item")
            contact = self._contact(item)
            ruling = self._ruling(item, contact, consent)
            if not ruling.allowed:
                raise RefusedError(str(ruling.code), ruling.detail)
            started = start_resend(item, contact, by, self.clock(), note)
            try:
                self.undelivered.save(item, started)
            except StaleWriteError:
                continue
            self.resends.put([resend_order(started)])
            return started
        raise StaleWriteError("others keep writing this item")

    def _contact(self, item: UndeliveredItem) -> str:
        customer = self.customers.find(item.account_id, item.customer_id) if item.customer_id else None
        return customer.contact(item.channel) if customer else ""

    def _ruling(self, item: UndeliveredItem, contact: str, consent: Consent | None) -> Ruling:
        failed_at = item.failure.to
        changed = bool(contact) and not same_contact(item.channel, contact, failed_at)
        held = self.notifications.find(item.account_id, item.notification_id) is not None
        state = item.state_at(self.clock())

        def rule(judgement: Verdict, *, contact_changed: bool) -> Ruling:
            return resend_ruling(
                state=state,
                verdict=judgement,
                contact_changed=contact_changed,
                consent=consent is not None,
                has_contact=bool(contact),
                content_held=held,
            )

        ruling = rule(item.verdict, contact_changed=changed)
        suppression = self._suppression(item, contact) if ruling.allowed and changed else None
        # A changed contact may itself be on the list: then its own reason decides.
        return rule(dropped_verdict(suppression), contact_changed=False) if suppression else ruling

    def _suppression(self, item: UndeliveredItem, contact: str) -> Suppression | None:
        normalise = normalise_email if item.channel is Channel.EMAIL else normalise_phone
        known = self.suppressions.find(item.account_id, item.channel, normalise(contact) or contact)
        return known if known and known.active else None


def resend_order(item: UndeliveredItem) -> SendOrder:
    """Return the order for the attempt that an item is being resent by."""
    return SendOrder(item.account_id, item.notification_id, item.last_attempt.number, item.entry_key)
