"""Erase customers on request: asked for by a manager, carried out by ``cleanup``, and it stays so.

What goes: the customer, their items on the report and in history, what they were sent with its attempts, the
account's exports up to then, and the addresses in suppressions and among those that fail again and again. What stays:
that a suppressed address is suppressed, under a keyed hash; figures that tell of nobody; and, for a time, that somebody
was erased, so that late news of old messages bring nobody back. An address that another customer has stays theirs.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.erasure import ErasedCounts, Erasure, ErasureState, ErasureTask, known_addresses
from undelivered.domain.errors import NotFoundError, StaleWriteError
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.notification import Notification
from undelivered.domain.report_query import local_day
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    CustomerStore,
    ErasureStore,
    ExportFiles,
    ExportStore,
    KeyedHashes,
    NotificationStore,
    RepeatFailureStore,
    SuppressionStore,
    UndeliveredStore,
)

_AT_ONCE = 100

Address = tuple[Channel, str]


class RequestErasure(Struct, frozen=True):
    """The use case of a manager who asks for an erasure. Asking again says how far it has got."""

    erasures: ErasureStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    hashes: KeyedHashes
    clock: Callable[[], datetime]

    @retry_on_conflict
    def __call__(self, account_id: str, customer_id: str, *, by: str) -> Erasure:
        """Begin an erasure, or return the one there is; raises NotFoundError when nothing is known of a customer.

        From here on the customer is unknown. What came after an erasure was done begins another.
        """
        known = self.erasures.find(account_id, customer_id)
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            if known and known.state is ErasureState.RUNNING:
                return known
            if not self._is_anything_held(account_id, customer_id):
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
        self.erasures.begin(ErasureTask(erasure, customer_id, addresses), customer)
        return erasure

    def _is_anything_held(self, account_id: str, customer_id: str) -> bool:
        return bool(
            self.undelivered.find_by_customer(account_id, customer_id, 1, in_history=False)
            or self.undelivered.find_by_customer(account_id, customer_id, 1, in_history=True)
            or self.notifications.find_by_customer(account_id, customer_id, 1)[0]
        )


class EraseCustomers(Struct, frozen=True):
    """The use case that carries erasures out. It may be cut short anywhere and is taken up by the next run."""

    erasures: ErasureStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    suppressions: SuppressionStore
    repeats: RepeatFailureStore
    exports: ExportStore
    files: ExportFiles
    zone_of: Callable[[str], ZoneInfo]
    clock: Callable[[], datetime]

    def __call__(self, time_left: Callable[[], bool]) -> ErasedCounts:
        """Go on with every erasure while ``time_left`` says so; return how much was removed."""
        total = ErasedCounts()
        for task in self.erasures.running():
            if not time_left():
                break
            try:
                total += self._go_on(task, time_left)
            except StaleWriteError:
                continue  # others were at it; the next run looks again
        return total

    def _go_on(self, task: ErasureTask, time_left: Callable[[], bool]) -> ErasedCounts:
        erasure, begun = task.erasure, self.clock()
        own = [each for each in task.addresses if self._is_nobody_elses(erasure, *each)]
        self._forget(erasure, own)
        items, notifications, complete = 0, 0, True
        # Items of messages that nobody was named with are filed by their address.
        for who in (task.customer_id, *(f"~{recipient_digest(address)}" for _, address in own)):
            for past in (False, True):
                removed, all_of_them = self._erase_items(erasure, who, time_left, past=past)
                items += removed
                complete = complete and all_of_them
        # While a send may be under way it finds what it needs, and records what it did where that is erased after it.
        if complete and not erasure.covers(begun):
            notifications, complete = self._erase_notifications(task, time_left)
        else:
            complete = False
        if complete:
            self._remove_exports(erasure)
        erased = ErasedCounts(items, notifications)
        if complete or erased != ErasedCounts():
            self.erasures.save(erasure.with_progress(erased, done=complete))
        if complete:
            self.erasures.finish(task)
        return erased

    def _remove_exports(self, erasure: Erasure) -> None:
        """Remove the account's exports from before: what they hold cannot be told without reading them all."""
        for export in self.exports.find_all(erasure.account_id):
            if erasure.covers(export.at):
                self.files.remove(export.file)
                self.exports.remove(export)

    def _is_nobody_elses(self, erasure: Erasure, channel: Channel, address: str) -> bool:
        return not self.customers.find_by_address(erasure.account_id, channel, address)

    def _erase_items(
        self, erasure: Erasure, who: str, time_left: Callable[[], bool], *, past: bool
    ) -> tuple[int, bool]:
        """Erase the items that an erasure covers; return how many, and whether that was all of them."""
        erased = 0
        while time_left():
            held = self.undelivered.find_by_customer(erasure.account_id, who, _AT_ONCE, in_history=past)
            items = [item for item in held if erasure.covers(item.sent_at)]
            if not items:
                return erased, True
            self._forget_addresses_of(erasure, items)
            removed = self.undelivered.erase(items, in_history=past)
            erased += removed
            if not removed:
                # Others are writing them, or the index tells of what has gone already.
                return erased, False
        return erased, False

    def _forget_addresses_of(self, erasure: Erasure, items: Sequence[UndeliveredItem]) -> None:
        told = {(item.channel, attempt.to) for item in items for attempt in item.attempts}
        told |= {(item.channel, item.recipient) for item in items}
        own = [each for each in sorted(told) if each[1] and self._is_nobody_elses(erasure, *each)]
        zone = self.zone_of(erasure.account_id)
        days = {local_day(item.sent_at, zone) for item in items}
        self._forget(erasure, own)
        self.repeats.remove(erasure.account_id, {address for _, address in own}, sorted(days))

    def _forget(self, erasure: Erasure, own: Sequence[Address]) -> None:
        """Keep of addresses only what stands for them, before what tells of them goes."""
        for channel, text in own:
            address = normalise_address(channel, text)
            self.erasures.mark_address(erasure, channel, address)
            self.suppressions.hide(erasure.account_id, channel, address)

    def _erase_notifications(self, task: ErasureTask, time_left: Callable[[], bool]) -> tuple[int, bool]:
        account_id = task.erasure.account_id
        erased, after, more = 0, None, True
        while more and time_left():
            held, after = self.notifications.find_by_customer(account_id, task.customer_id, _AT_ONCE, after)
            for notification in held:
                if task.erasure.covers(notification.created_at):
                    self._erase_notification(task.erasure, notification)
                    erased += 1
            more = after is not None
        return erased, not more

    def _erase_notification(self, erasure: Erasure, notification: Notification) -> None:
        attempts = self.notifications.attempts(erasure.account_id, notification.notification_id)
        told = {(notification.channel, to) for to in (notification.to, *(attempt.to for attempt in attempts)) if to}
        self._forget(erasure, [each for each in sorted(told) if self._is_nobody_elses(erasure, *each)])
        self.notifications.erase(notification)
