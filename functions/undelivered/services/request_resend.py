"""Request a resend: check the rules, start a new attempt on the item, and queue it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.customer import Consent, Customer, same_contact
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import start_resend
from undelivered.domain.notification import Notification
from undelivered.domain.resend_policy import ResendCode, decide_item_resend, refusal
from undelivered.domain.suppression import Suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.keep_attachments import files_are_kept
from undelivered.services.ports import (
    AttachmentFiles,
    CustomerStore,
    NotificationStore,
    ProviderSuppressions,
    SendJob,
    SendQueue,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.record_consent import RecordConsent, reported_opt_out


class _Facts(Struct, frozen=True):
    """What the rules need to know about an item. ``suppression`` is that of the customer's contact."""

    customer: Customer | None
    notification: Notification | None
    suppression: Suppression | None


class RequestResend(Struct, frozen=True):
    """The use case behind *Resend*. The message is sent to the customer's current contact."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    resends: SendQueue
    provider: Callable[[], ProviderSuppressions]
    files: Callable[[], AttachmentFiles]
    clock: Callable[[], datetime]

    def many(
        self, account_id: str, entry_keys: Sequence[str], *, by: str, note: str = ""
    ) -> Sequence[UndeliveredItem | RefusedError | NotFoundError]:
        """Start resends with few reads and writes. Return the item of each, or why it is not resent, in order."""
        items = {item.entry_key: item for item in self.undelivered.find_many(account_id, entry_keys)}
        facts = self._facts_of(account_id, list(items.values()))
        results: dict[str, UndeliveredItem | RefusedError | NotFoundError] = {}
        changes: list[tuple[UndeliveredItem, UndeliveredItem]] = []
        for key, item in items.items():
            try:
                changes.append((item, self._start(item, facts[key], by=by, note=note, consent=None)))
            except RefusedError as error:
                results[key] = error
        stale = self.undelivered.save_many(changes)
        started = {after.entry_key: after for _, after in changes if after.entry_key not in stale}
        self.resends.put([resend_job(item) for item in started.values()])
        for key in stale:
            results[key] = self._resend_alone(account_id, key, by=by, note=note)
        not_found = NotFoundError("item not found")
        return [started.get(key) or results.get(key, not_found) for key in entry_keys]

    def _resend_alone(
        self, account_id: str, entry_key: str, *, by: str, note: str
    ) -> UndeliveredItem | RefusedError | NotFoundError:
        try:
            return self(account_id, entry_key, by=by, note=note)
        except (RefusedError, NotFoundError) as error:
            return error

    def _facts_of(self, account_id: str, items: Sequence[UndeliveredItem]) -> Mapping[str, _Facts]:
        """Return the facts about many items by entry key, read at once."""
        customer_ids = list(dict.fromkeys(item.customer_id for item in items if item.customer_id))
        notification_ids = list(dict.fromkeys(item.notification_id for item in items))
        customers = {customer.customer_id: customer for customer in self.customers.find_many(account_id, customer_ids)}
        notifications = {
            notification.notification_id: notification
            for notification in self.notifications.find_many(account_id, notification_ids)
        }
        contacts = {item.entry_key: _contact_of(item, customers.get(item.customer_id)) for item in items}
        addresses = sorted({contact for contact in contacts.values() if contact[1]})
        suppressions = {
            (suppression.channel, suppression.address): suppression
            for suppression in self.suppressions.find_many(account_id, addresses)
        }
        return {
            item.entry_key: _Facts(
                customers.get(item.customer_id),
                notifications.get(item.notification_id),
                suppressions.get(contacts[item.entry_key]),
            )
            for item in items
        }

    @retry_on_conflict
    def __call__(
        self, account_id: str, entry_key: str, *, by: str, consent: Consent | None = None, note: str = ""
    ) -> UndeliveredItem:
        """Start a resend and return the item, which is then *resending*.

        A consent first lifts the opt-out of the contact, here and at the provider; if that fails, the resend does not
        start. Raises NotFoundError, RefusedError with the code of the rule, and SuppressionNotLiftedError. Of two
        calls at the same time, one is refused with ``resend_already_running``.
        """
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        customer = self.customers.find(account_id, item.customer_id) if item.customer_id else None
        facts = _Facts(
            customer,
            self.notifications.find(account_id, item.notification_id),
            contact_suppression(self.suppressions, item, customer),
        )
        if not files_are_kept(self.files, facts.notification):
            raise RefusedError(ResendCode.CONTENT_NOT_HELD, refusal(ResendCode.CONTENT_NOT_HELD).detail)
        started = self._start(item, facts, by=by, note=note, consent=consent)
        self.undelivered.save(item, started)
        self.resends.put([resend_job(started)])
        return started

    def _start(
        self, item: UndeliveredItem, facts: _Facts, *, by: str, note: str, consent: Consent | None
    ) -> UndeliveredItem:
        """Return the item with a new attempt, not yet saved; raises RefusedError."""
        now = self.clock()
        decision = decide_item_resend(
            item,
            now,
            customer=facts.customer,
            notification=facts.notification,
            suppression=facts.suppression,
            consent=consent is not None,
        )
        if not decision.allowed or facts.customer is None:
            raise RefusedError(str(decision.code), decision.detail)
        if consent:
            self._record_consent(item, facts.customer, consent, by)
        return start_resend(item, facts.customer.contact(item.channel), by, now, note)

    def _record_consent(self, item: UndeliveredItem, customer: Customer, consent: Consent, by: str) -> None:
        failed_at_contact = same_contact(item.channel, customer.contact(item.channel), item.failure.to)
        reported = reported_opt_out(item) if failed_at_contact else None
        record = RecordConsent(self.customers, self.suppressions, self.provider, self.clock)
        record(customer, item.channel, consent, by=by, why="consent given with a resend", reported=reported)


def contact_suppression(
    suppressions: SuppressionStore, item: UndeliveredItem, customer: Customer | None
) -> Suppression | None:
    """Return the suppression of the contact to which an item would be resent, in force or lifted."""
    channel, address = _contact_of(item, customer)
    return suppressions.find(item.account_id, channel, address) if address else None


def _contact_of(item: UndeliveredItem, customer: Customer | None) -> tuple[Channel, str]:
    contact = customer.contact(item.channel) if customer else ""
    return item.channel, normalise_address(item.channel, contact)


def resend_job(item: UndeliveredItem) -> SendJob:
    """Return the job for the last attempt of an item."""
    return SendJob(item.account_id, item.notification_id, item.last_attempt.number, item.entry_key, item.channel)
