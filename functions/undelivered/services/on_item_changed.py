"""Act on a change of an item.

Publish it, flag the item if the failed contact was corrected before the failure was recorded, and suppress an address
after repeated soft failures.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from undelivered.domain.address import is_address
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
"""An item that leaves the report within this time is not flagged."""


class OnItemChanged(Struct, frozen=True):
    """The use case behind the stream of items. It can be repeated: a repeated event has the same id."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    publisher: ItemEventPublisher
    clock: Callable[[], datetime]

    def __call__(self, before: UndeliveredItem | None, after: UndeliveredItem | None) -> None:
        """Act on a change. ``before`` is None for a new item, ``after`` for a removed item."""
        if event := item_event(before, after):
            self.publisher.publish(event)
        if after is None or (before and after.failure == before.failure):
            return
        self._flag_if_ready(after)
        if counts_as_soft_failure(after.classification) and is_address(after.channel, after.failure.to):
            self._suppress_after_repeats(after)

    def _flag_if_ready(self, item: UndeliveredItem) -> None:
        """Flag the item if the customer's contact was corrected before the failure was recorded.

        A correction flags the items that exist at that time only.
        """
        customer = self.customers.find(item.account_id, item.customer_id) if item.customer_id else None
        if customer:
            flag_if_ready(self.undelivered, item, customer, leaves_after=lambda: self.clock() + _TOO_LATE)

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
        """Return the attempts at an address: from the items, and from sends without a known failure."""
        failed = {
            (other.notification_id, attempt.number): attempt
            for other in self.undelivered.items_of_customer(item)
            for attempt in other.attempts
            if attempt.to == address and attempt.result
        }
        sends = {
            (send.notification_id, send.number): _as_arrived(send)
            for send in self.notifications.recent_sends_to(item.account_id, address, limit)
            if send.outcome is SendOutcome.SENT
        }
        return list({**sends, **failed}.values())


def _as_arrived(send: SendAttempt) -> Attempt:
    """Return a send without a known failure as an arrived attempt: SES publishes no deliveries of first sends."""
    result = AttemptResult(Outcome.UNCONFIRMED, send.claimed_at)
    return Attempt(send.number, send.to, send.claimed_at, send.by, send.provider_message_id, result)
