"""What follows from a change of an item.

It is announced, flagged when the contact that failed was corrected meanwhile, and repeated soft failures
suppress the address.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Attempt, AttemptResult, UndeliveredItem
from undelivered.domain.item_event import item_event
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.suppression import (
    Suppression,
    SuppressionReason,
    counts_as_soft_failure,
)
from undelivered.services.flag_ready import flag_if_ready
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    ItemEventPublisher,
    NotificationStore,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.suppress import suppress

_TOO_LATE = timedelta(hours=1)
"""An item that leaves the report within this time is not flagged any more."""


class OnItemChanged(Struct, frozen=True):
    """The use case behind the stream of changes. Doing it again does no harm: events have stable ids."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    publisher: ItemEventPublisher
    clock: Callable[[], datetime]

    def __call__(self, before: UndeliveredItem | None, after: UndeliveredItem | None) -> None:
        """Follow a change up; None is an item that was not there, or is no more."""
        if told := item_event(before, after):
            self.publisher.publish(told)
        if after is None or (before and after.failure == before.failure):
            return
        self._flag_if_ready(after)
        if counts_as_soft_failure(after.classification):
            self._escalate(after)

    def _flag_if_ready(self, item: UndeliveredItem) -> None:
        """Flag an item that failed at a contact which was corrected before the failure was known.

        Whoever corrects a contact flags the items that are there; this one was not.
        """
        customer = self.customers.find(item.account_id, item.customer_id) if item.customer_id else None
        if customer:
            flag_if_ready(self.undelivered, item, customer, leaves_after=self.clock() + _TOO_LATE)

    def _escalate(self, item: UndeliveredItem) -> None:
        """Suppress the address when its newest attempts all failed softly, over long enough."""
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
        """Return the attempts at an address: failed ones from the items, arrived ones from the sends."""
        failed = {
            (found.notification_id, attempt.number): attempt
            for found in self.undelivered.items_of_customer(item)
            for attempt in found.attempts
            if attempt.to == address and attempt.result
        }
        sends = {
            (send.notification_id, send.number): _as_arrived(send)
            for send in self.notifications.recent_sends_to(item.account_id, address, limit)
            if send.outcome is SendOutcome.SENT
        }
        return list({**sends, **failed}.values())


def _as_arrived(send: SendAttempt) -> Attempt:
    """Take a send that no failure is known of as arrived: ordinary deliveries are not published to us."""
    report = AttemptResult(Outcome.UNCONFIRMED, send.claimed_at)
    return Attempt(send.number, send.to, send.claimed_at, send.by, send.provider_message_id, report)
