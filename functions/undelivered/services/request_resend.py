"""Accept a resend: the rules are asked, the item goes to *resending*, the order is queued."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.customer import Consent, Customer, same_contact
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import start_resend
from undelivered.domain.notification import Notification
from undelivered.domain.resend_policy import decide_item_resend
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    CustomerStore,
    NotificationStore,
    ProviderSuppressions,
    SendJob,
    SendQueue,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.record_consent import RecordConsent, reported_opt_out


class RequestResend(Struct, frozen=True):
    """The use case behind the *Resend* button. The message goes to the customer's contact as it is now."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    resends: SendQueue
    provider: Callable[[], ProviderSuppressions]
    clock: Callable[[], datetime]

    def many(
        self, account_id: str, entry_keys: Sequence[str], *, by: str, note: str = ""
    ) -> Sequence[UndeliveredItem | RefusedError | NotFoundError]:
        """Start resends and return, in order, each item that is now *resending*, or why it is not.

        To the same rules as one by one, with the reads and writes of many put together.
        """
        items = {item.entry_key: item for item in self.undelivered.find_many(account_id, entry_keys)}
        known = self._known_of(account_id, list(items.values()))
        answers: dict[str, UndeliveredItem | RefusedError | NotFoundError] = {}
        changes: list[tuple[UndeliveredItem, UndeliveredItem]] = []
        for key, item in items.items():
            try:
                changes.append((item, self._start(item, known.of(item), by=by, note=note, consent=None)))
            except RefusedError as error:
                answers[key] = error
        stale = self.undelivered.save_many(changes)
        started = {after.entry_key: after for _, after in changes if after.entry_key not in stale}
        self.resends.put([resend_job(after) for after in started.values()])
        for key in stale:
            answers[key] = self._one(account_id, key, by=by, note=note)
        unknown = NotFoundError("item not found")
        return [started.get(key) or answers.get(key, unknown) for key in entry_keys]

    def _one(
        self, account_id: str, entry_key: str, *, by: str, note: str
    ) -> UndeliveredItem | RefusedError | NotFoundError:
        try:
            return self(account_id, entry_key, by=by, note=note)
        except (RefusedError, NotFoundError) as error:
            return error

    def _known_of(self, account_id: str, items: Sequence[UndeliveredItem]) -> "_Known":
        customer_ids = list(dict.fromkeys(item.customer_id for item in items if item.customer_id))
        notification_ids = list(dict.fromkeys(item.notification_id for item in items))
        customers = {one.customer_id: one for one in self.customers.find_many(account_id, customer_ids)}
        contacts = {_contact_key(item, customers.get(item.customer_id)) for item in items}
        addresses = sorted(key for key in contacts if key[1])
        return _Known(
            customers,
            {one.notification_id: one for one in self.notifications.find_many(account_id, notification_ids)},
            {(one.channel, one.address): one for one in self.suppressions.find_many(account_id, addresses)},
        )

    @retry_on_conflict
    def __call__(
        self, account_id: str, entry_key: str, *, by: str, consent: Consent | None = None, note: str = ""
    ) -> UndeliveredItem:
        """Start a resend and return the item, now *resending*.

        A consent ends the opt-out of the contact first, here and at the provider; when that fails, nothing
        is started. Raises NotFoundError, RefusedError with the rule's code, and SuppressionNotLiftedError.
        Two calls at once start one resend: the slower one is refused with ``resend_already_running``.
        """
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        customer = self.customers.find(account_id, item.customer_id) if item.customer_id else None
        notification = self.notifications.find(account_id, item.notification_id)
        suppression = contact_suppression(self.suppressions, item, customer)
        started = self._start(item, (customer, notification, suppression), by=by, note=note, consent=consent)
        self.undelivered.save(item, started)
        self.resends.put([resend_job(started)])
        return started

    def _start(
        self,
        item: UndeliveredItem,
        known: tuple[Customer | None, Notification | None, Suppression | None],
        *,
        by: str,
        note: str,
        consent: Consent | None,
    ) -> UndeliveredItem:
        """Return the item with a resend begun, not yet saved; raises RefusedError."""
        customer, notification, suppression = known
        now = self.clock()
        decision = decide_item_resend(
            item,
            now,
            customer=customer,
            notification=notification,
            suppression=suppression,
            consent=consent is not None,
        )
        if not decision.allowed or customer is None:
            raise RefusedError(str(decision.code), decision.detail)
        if consent:
            self._honour(item, customer, consent, by)
        return start_resend(item, customer.contact(item.channel), by, now, note)

    def _honour(self, item: UndeliveredItem, customer: Customer, consent: Consent, by: str) -> None:
        same = same_contact(item.channel, customer.contact(item.channel), item.failure.to)
        honour = RecordConsent(self.customers, self.suppressions, self.provider, self.clock)
        reported = reported_opt_out(item) if same else None
        honour(customer, item.channel, consent, by=by, why="consent given with a resend", reported=reported)


class _Known(Struct, frozen=True):
    """What the rules need to know of many items, read at once."""

    customers: Mapping[str, Customer]
    notifications: Mapping[str, Notification]
    suppressions: Mapping[tuple[Channel, str], Suppression]

    def of(self, item: UndeliveredItem) -> tuple[Customer | None, Notification | None, Suppression | None]:
        customer = self.customers.get(item.customer_id)
        suppression = self.suppressions.get(_contact_key(item, customer))
        return customer, self.notifications.get(item.notification_id), suppression


def contact_suppression(
    suppressions: SuppressionStore, item: UndeliveredItem, customer: Customer | None
) -> Suppression | None:
    """Return what is known of the contact that an item would be resent to, lifted or not."""
    channel, address = _contact_key(item, customer)
    return suppressions.find(item.account_id, channel, address) if address else None


def _contact_key(item: UndeliveredItem, customer: Customer | None) -> tuple[Channel, str]:
    contact = customer.contact(item.channel) if customer else ""
    return item.channel, normalise_address(item.channel, contact)


def resend_job(item: UndeliveredItem) -> SendJob:
    """Return the order for the attempt that an item is being resent by."""
    return SendJob(item.account_id, item.notification_id, item.last_attempt.number, item.entry_key)
