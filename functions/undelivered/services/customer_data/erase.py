"""Erase a customer: a manager requests it, and ``cleanup`` carries it out.

Erased: the customer, the requests to correct their contacts, their items on the report, in history and in the search
index, the ids of both in the audit trail of the account, their notifications with the attempts, the records of messages
to them that were accepted, the account's earlier exports, their events in the log of webhooks, and their addresses in
suppressions and among repeat failures. Not erased: the suppression of an address, which is then stored under a keyed
hash; counters, which identify nobody; and for a time, the record of the erasure, so that late events about old messages
do not create data. An address that another customer has stays.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.customer import Customer
from undelivered.domain.erasure import ErasedCounts, Erasure, ErasureState, ErasureTask, known_addresses
from undelivered.domain.errors import NotFoundError, StaleWriteError, UnreadableRecordError
from undelivered.domain.identifiers import item_id, recipient_digest
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification
from undelivered.domain.report_query import local_day
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    AttachmentFiles,
    ContactRequestStore,
    CustomerStore,
    ErasureStore,
    ExportFiles,
    ExportStore,
    KeyedHashes,
    NotificationStore,
    RepeatFailureStore,
    SearchIndex,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.ports.acts import ActStore
from undelivered.services.ports.webhooks import DeliveryStore
from undelivered.services.try_each import OnError, raise_error, try_each

_BATCH = 100

Address = tuple[Channel, str]


class RequestErasure(Struct, frozen=True):
    """The use case of a manager who requests an erasure. A second request returns the progress of the first."""

    erasures: ErasureStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    hashes: KeyedHashes
    clock: Callable[[], datetime]

    @retry_on_conflict
    def __call__(self, account_id: str, customer_id: str, *, by: str) -> Erasure:
        """Start an erasure and return it, or return the current one; raises NotFoundError if there is no data.

        The customer record is deleted at once. Data that is created after an erasure starts another.
        """
        known = self.erasures.find(account_id, customer_id)
        customer, is_unreadable = self._customer(account_id, customer_id)
        if customer is None and not is_unreadable:
            if known and known.state is ErasureState.RUNNING:
                return known
            if not self._has_data(account_id, customer_id):
                if known is None:
                    raise NotFoundError("customer not found")
                return known
        erasure = Erasure(
            account_id,
            self.hashes.of_customer(account_id, customer_id),
            self.clock(),
            by,
            version=known.version if known else 0,
        )
        addresses = known_addresses(customer) if customer else ()
        if is_unreadable:
            addresses = tuple(self.customers.find_contacts(account_id, customer_id))
        self.erasures.begin(ErasureTask(erasure, customer_id, addresses), customer)
        if is_unreadable:
            self.customers.remove(account_id, customer_id)
        return erasure

    def _customer(self, account_id: str, customer_id: str) -> tuple[Customer | None, bool]:
        """Return the record of a customer, and whether there is one that cannot be read."""
        try:
            return self.customers.find(account_id, customer_id), False
        except UnreadableRecordError:
            return None, True

    def _has_data(self, account_id: str, customer_id: str) -> bool:
        return bool(
            any(
                self.undelivered.find_by_customer(account_id, customer_id, 1, in_history=in_history)
                or self.undelivered.unreadable_of_customer(account_id, customer_id, in_history=in_history)
                for in_history in (False, True)
            )
            or self.notifications.find_by_customer(account_id, customer_id, 1)[0]
        )


class EraseCustomers(Struct, frozen=True):
    """The use case that carries erasures out. Each run continues where the run before stopped."""

    erasures: ErasureStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    suppressions: SuppressionStore
    repeats: RepeatFailureStore
    exports: ExportStore
    files: ExportFiles
    attachments: AttachmentFiles
    deliveries: DeliveryStore
    contact_requests: ContactRequestStore
    index: SearchIndex
    acts: ActStore
    zone_of: Callable[[str], ZoneInfo]
    clock: Callable[[], datetime]

    def __call__(self, has_time: Callable[[], bool], on_error: OnError = raise_error) -> ErasedCounts:
        """Continue all erasures while ``has_time`` returns True; return how much was erased.

        An error goes to ``on_error``, and the other erasures still continue.
        """
        total = ErasedCounts()

        def continue_(task: ErasureTask) -> None:
            nonlocal total
            with suppress(StaleWriteError):  # the next run tries again
                total += self._continue(task, has_time)

        try_each(self.erasures.running, continue_, has_time, on_error)
        return total

    def _continue(self, task: ErasureTask, has_time: Callable[[], bool]) -> ErasedCounts:
        erasure, started_at = task.erasure, self.clock()
        addresses = self._exclusive(erasure, task.addresses)
        for channel, address in task.addresses:
            self._erase_accepted(erasure, channel, address, task.customer_id)
        self._hide_addresses(erasure, addresses)
        self.contact_requests.remove_all(erasure.account_id, task.customer_id)
        self.acts.forget(erasure.account_id, task.customer_id, ())
        items, is_complete = self._erase_all_items(task, addresses, has_time)
        self._remove_deliveries(erasure, _customer_keys(task.customer_id, addresses))
        notifications = 0
        # Until the erasure has reached every process, a send may still need its notification, and may write data.
        is_complete = is_complete and not erasure.covers(started_at)
        if is_complete:
            notifications, is_complete = self._erase_notifications(task, has_time)
        if is_complete:
            self._remove_exports(erasure)
        erased = ErasedCounts(items, notifications)
        if is_complete or erased != ErasedCounts():
            self.erasures.save(erasure.with_progress(erased, done=is_complete))
        if is_complete:
            self.erasures.finish(task)
        return erased

    def _remove_exports(self, erasure: Erasure) -> None:
        """Remove all exports from before the erasure: which of them contain the customer is not known."""
        for export in self.exports.find_all(erasure.account_id):
            if erasure.covers(export.at):
                self.files.remove(export.file)
                self.exports.remove(export)

    def _remove_deliveries(self, erasure: Erasure, customer_keys: Collection[str]) -> None:
        """Remove the customer's events from the log of webhooks. Those that wait are then not delivered."""
        for delivery in self.deliveries.find_by_customer(erasure.account_id, customer_keys):
            if erasure.covers(delivery.created_at):
                self.deliveries.remove(delivery)

    def _exclusive(self, erasure: Erasure, addresses: Iterable[Address]) -> list[Address]:
        """Return the addresses that no other customer has."""
        return [
            (channel, address)
            for channel, address in addresses
            if not self.customers.find_by_address(erasure.account_id, channel, address)
        ]

    def _erase_all_items(
        self, task: ErasureTask, addresses: Sequence[Address], has_time: Callable[[], bool]
    ) -> tuple[int, bool]:
        """Erase the items on the report and in history; return how many, and whether that is all of them."""
        erased, is_complete = 0, True
        for customer_key in _customer_keys(task.customer_id, addresses):
            for in_history in (False, True):
                number, is_all = self._erase_items(task, customer_key, has_time, in_history=in_history)
                erased += number
                is_complete = is_complete and is_all
        return erased, is_complete

    def _erase_items(
        self, task: ErasureTask, customer_key: str, has_time: Callable[[], bool], *, in_history: bool
    ) -> tuple[int, bool]:
        erasure, erased = task.erasure, 0
        while has_time():
            batch = self.undelivered.find_by_customer(erasure.account_id, customer_key, _BATCH, in_history=in_history)
            items = [item for item in batch if erasure.covers(item.sent_at)]
            if not items:
                return erased + self._erase_unreadable(task, customer_key, in_history=in_history), True
            self._hide_addresses_of(erasure, items)
            self._forget_items(erasure.account_id, {item.entry_key for item in items})
            number = self.undelivered.erase(items, in_history=in_history)
            erased += number
            if not number:
                # The items changed since they were read, or the index still returns items that are gone.
                return erased, False
        return erased, False

    def _erase_unreadable(self, task: ErasureTask, customer_key: str, *, in_history: bool) -> int:
        """Erase the items that cannot be read, whenever they were sent; return how many.

        Their addresses are those that their rows still show, or else those of the customer.
        """
        account_id = task.erasure.account_id
        items = self.undelivered.unreadable_of_customer(account_id, customer_key, in_history=in_history)
        if items:
            shown = {(_channel_of(item.recipient), item.recipient) for item in items if item.recipient}
            days = [item.sent_at for item in items if item.sent_at]
            self._hide_recipients(task.erasure, shown.union(task.addresses), days)
            self._forget_items(account_id, {item.entry_key for item in items})
            self.undelivered.erase_unreadable(items, in_history=in_history)
        return len(items)

    def _forget_items(self, account_id: str, entry_keys: Collection[str]) -> None:
        """Take items out of the search index and of the audit trail, before they are erased.

        An item that is gone would not be found again for this.
        """
        self.index.remove(account_id, entry_keys)
        self.acts.forget(account_id, "", {item_id(key) for key in entry_keys})

    def _hide_addresses_of(self, erasure: Erasure, items: Sequence[UndeliveredItem]) -> None:
        recipients = {(item.channel, item.recipient) for item in items}
        recipients |= {(item.channel, attempt.to) for item in items for attempt in item.attempts}
        for channel, address in recipients:
            self._erase_accepted(erasure, channel, address, items[0].customer_id)
        self._hide_recipients(erasure, recipients, [item.sent_at for item in items])

    def _hide_recipients(self, erasure: Erasure, recipients: Iterable[Address], sent_at: Iterable[datetime]) -> None:
        addresses = self._exclusive(erasure, sorted(recipient for recipient in recipients if recipient[1]))
        self._hide_addresses(erasure, addresses)
        zone = self.zone_of(erasure.account_id)
        days = {local_day(moment, zone) for moment in sent_at}
        self.repeats.remove(erasure.account_id, {address for _, address in addresses}, sorted(days))

    def _hide_addresses(self, erasure: Erasure, addresses: Sequence[Address]) -> None:
        """Store the hashes of addresses before the data that contains them is erased."""
        for channel, text in addresses:
            address = normalise_address(channel, text)
            self.erasures.mark_address(erasure, channel, address)
            self.suppressions.hide(erasure.account_id, channel, address)
            self.notifications.erase_accepted(erasure.account_id, address, None)

    def _erase_accepted(self, erasure: Erasure, channel: Channel, text: str, customer_id: str) -> None:
        """Erase the customer's accepted messages at an address that others may have too."""
        if customer_id and text:
            self.notifications.erase_accepted(erasure.account_id, normalise_address(channel, text), customer_id)

    def _erase_notifications(self, task: ErasureTask, has_time: Callable[[], bool]) -> tuple[int, bool]:
        """Erase the notifications; return how many, and whether that is all of them."""
        account_id = task.erasure.account_id
        erased, after, has_more = 0, None, True
        while has_more and has_time():
            notifications, after = self.notifications.find_by_customer(account_id, task.customer_id, _BATCH, after)
            for notification in notifications:
                if task.erasure.covers(notification.created_at):
                    self._erase_notification(task.erasure, notification)
                    erased += 1
            has_more = after is not None
        if not has_more:
            erased += self.notifications.erase_unreadable(account_id, task.customer_id)
        return erased, not has_more

    def _erase_notification(self, erasure: Erasure, notification: Notification) -> None:
        attempts = self.notifications.attempts(erasure.account_id, notification.notification_id)
        recipients = {notification.to, *(attempt.to for attempt in attempts)} - {""}
        addresses = [(notification.channel, address) for address in sorted(recipients)]
        for channel, address in addresses:
            self._erase_accepted(erasure, channel, address, notification.customer_id)
        self._hide_addresses(erasure, self._exclusive(erasure, addresses))
        if files := notification.attachments:
            keys, uploads = [file.key for file in files], [file.upload_id for file in files if file.upload_id]
            self.attachments.remove(erasure.account_id, keys, uploads)
        self.notifications.erase(notification)


def _channel_of(recipient: str) -> Channel:
    return Channel.EMAIL if "@" in recipient else Channel.SMS


def _customer_keys(customer_id: str, addresses: Iterable[Address]) -> Sequence[str]:
    """Return the keys that a customer's data is filed under. Without a customer id, it is filed under its address."""
    return [customer_id, *(f"~{recipient_digest(address)}" for _, address in addresses)]
