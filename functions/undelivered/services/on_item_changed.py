"""Act on a change of an item.

Publish it, keep the flags of the customer's items up to date, and suppress an address after repeated soft failures.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from undelivered.domain.address import is_address
from undelivered.domain.customer import Customer
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Attempt, UndeliveredItem
from undelivered.domain.item_event import contact_correction, item_event, requests_resend, resend_request
from undelivered.domain.notification import SendOutcome
from undelivered.domain.resend_policy import fails_permanently, ready_contact
from undelivered.domain.suppression import (
    Suppression,
    SuppressionReason,
    counts_as_soft_failure,
)
from undelivered.services.flag_ready import flag_if_ready, recent_items
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    EventPublisher,
    NotificationStore,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.suppress import suppress

_TOO_LATE = timedelta(hours=1)
"""An item that leaves the report within this time is not flagged."""


class OnItemChanged(Struct, frozen=True):
    """The use case behind the stream of items. It can be repeated: a repeated event has the same id."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    publisher: EventPublisher
    clock: Callable[[], datetime]

    def __call__(self, before: UndeliveredItem | None, after: UndeliveredItem | None) -> None:
        """Act on a change. ``before`` is None for a new item, ``after`` for a removed item."""
        for event in (item_event(before, after), contact_correction(before, after)):
            if event:
                self.publisher.publish(event)
        if after is None:
            return
        if requests_resend(before, after):
            grace = self.accounts.settings(after.account_id).grace
            self.publisher.publish(resend_request(after, after.last_attempt.at + grace.host_period))
        if _failed_attempts(before) != _failed_attempts(after) or _has_new_flag(before, after):
            self._update_flags(before, after)
        if before and after.failure == before.failure:
            return
        if counts_as_soft_failure(after.classification) and is_address(after.channel, after.failure.to):
            self._suppress_after_repeats(after)

    def _update_flags(self, before: UndeliveredItem | None, after: UndeliveredItem) -> None:
        """Flag the item if the customer's contact was corrected before the failure was recorded.

        A correction flags the items that exist at that time only. If the message failed permanently at the
        current contact, the customer's other items are no longer ready to be resent there. An item that was flagged in
        the meantime is checked again, because its flag and such a failure may have been written at the same time.
        """
        customer = self.customers.find(after.account_id, after.customer_id) if after.customer_id else None
        if customer is None:
            return
        fails = fails_permanently(after, customer)
        failed_before = before is not None and fails_permanently(before, customer)
        items: Sequence[UndeliveredItem] = [after]
        failed: Sequence[UndeliveredItem] = []
        if fails != failed_before or after.ready_contact or ready_contact(after, customer):
            failed = self._failed_permanently(after, customer)
        if fails != failed_before and not any(_other_item_suffices(after, other, fails=fails) for other in failed):
            live = self.undelivered.live_items_of_customer(after.account_id, after.customer_id)
            items = [after, *(item for item in live if item.entry_key != after.entry_key)]
        if fails:
            failed = [after]
        for item in items:
            flag_if_ready(self.undelivered, item, customer, failed, leaves_after=lambda: self.clock() + _TOO_LATE)

    def _failed_permanently(self, item: UndeliveredItem, customer: Customer) -> Sequence[UndeliveredItem]:
        """Return the other recent items of the channel that failed permanently at the customer's contact."""
        others = recent_items(self.undelivered, item, self.clock())
        return [
            other
            for other in others
            if other.entry_key != item.entry_key
            and other.channel is item.channel
            and fails_permanently(other, customer)
        ]

    def _suppress_after_repeats(self, item: UndeliveredItem) -> None:
        """Suppress the address if its newest attempts meet the account's ``SoftFailureRule``."""
        address = item.failure.to
        rule = self.accounts.settings(item.account_id).soft_failures
        attempts = self._attempts_at(item, address, rule.failures)
        if not rule.is_met_by(attempts):
            return
        cause = Suppression(
            item.account_id,
            item.channel,
            address,
            SuppressionReason.REPEATEDLY_UNREACHABLE,
            max(attempt.result.at for attempt in attempts if attempt.result),
            origin=item.failure.provider_message_id,
        )
        suppress(self.suppressions, cause)

    def _attempts_at(self, item: UndeliveredItem, address: str, limit: int) -> list[Attempt]:
        """Return the attempts at an address: from the items, and from sends without a known failure.

        Such a send has no result, because SES publishes no deliveries of first sends.
        """
        failed = {
            (other.notification_id, attempt.number): attempt
            for other in self.undelivered.items_of_customer(item)
            for attempt in other.attempts
            if attempt.to == address and attempt.result
        }
        sends = {
            (send.notification_id, send.number): Attempt(send.number, send.to, send.claimed_at)
            for send in self.notifications.recent_sends_to(item.account_id, address, limit)
            if send.outcome is SendOutcome.SENT
        }
        return list({**sends, **failed}.values())


def _failed_attempts(item: UndeliveredItem | None) -> Sequence[Attempt]:
    """Return the attempts that failed, and those that the host application did not send."""
    return [attempt for attempt in item.attempts if _has_failed(attempt)] if item else []


def _has_failed(attempt: Attempt) -> bool:
    return attempt.outcome >= Outcome.FAILED or attempt.outcome is Outcome.NOT_SENT


def _has_new_flag(before: UndeliveredItem | None, after: UndeliveredItem) -> bool:
    return bool(after.ready_contact) and (before is None or before.ready_contact != after.ready_contact)


def _other_item_suffices(item: UndeliveredItem, other: UndeliveredItem, *, fails: bool) -> bool:
    """Whether another item that failed permanently at the contact makes an update of all flags unnecessary.

    If several messages failed, only the failure of the oldest updates the customer's items, so that a customer with
    many failures is read once. If this item no longer fails but another does, the flags stay as they are.
    """
    return not fails or other.entry_key < item.entry_key
