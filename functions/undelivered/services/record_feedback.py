"""Take in feedback: whatever order it comes in and however often, the report ends up right."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.errors import NotYetKnownError, RetryableError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.identifiers import entry_key
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import merge_feedback, open_item
from undelivered.domain.notification import SendOutcome
from undelivered.domain.report_query import window_start
from undelivered.domain.suppression import Suppression, merge_suppression, suppression_reason
from undelivered.domain.taxonomy import suppresses
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import (
    CustomerStore,
    ErasureStore,
    KeyedHashes,
    NewEntry,
    NotificationStore,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.suppress import suppress

UNRECORDED_LIMIT = 100


class AccountMapping(Struct, frozen=True):
    """Whose mail it is that carries no tags: by SES tenant, by sending identity, else the default account."""

    default: str
    tenants: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)

    def account_of(self, told: Attribution) -> str | None:
        """Return the account that a message is of, None where nothing tells; an address falls back to its domain."""
        if told.tenant and told.tenant in self.tenants:
            return self.tenants[told.tenant]
        identity = told.identity or ""
        domain = identity.rpartition("@")[2]
        return self.identities.get(identity) or self.identities.get(domain)


class AttributedFeedback(Struct, frozen=True):
    """A feedback whose account and item are known; ``source`` is the index of the message it came in.

    ``attributed`` is False where nothing tells whose mail it is, so that it falls to the default account;
    ``is_erased`` when it is about a message to somebody who was erased since.
    """

    source: int
    account_id: str
    key: str
    feedback: Feedback
    attributed: bool
    is_erased: bool = False


def _ignore(_located: AttributedFeedback) -> None:
    """Take no notes."""


class RecordFeedback(Struct, frozen=True):
    """The use case of ingestion. New failures go in by one transaction a hundred; the rest is merged one by one."""

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    erasures: ErasureStore
    hashes: KeyedHashes
    mapping: AccountMapping
    clock: Callable[[], datetime]

    def __call__(
        self,
        batch: Sequence[Sequence[Feedback]],
        *,
        no_longer_waiting: Collection[int] = (),
        observe: Callable[[AttributedFeedback], None] = _ignore,
    ) -> dict[int, RetryableError]:
        """Record the feedback of a batch of messages.

        ``no_longer_waiting`` holds the indexes of those that are not to wait any longer for the record of a
        send they may be about. ``note`` is told each feedback on customers that matters, before it is recorded.
        Return, by index, why messages could not be recorded and have to be
        delivered again; all others are safely stored. Recording one again changes nothing.
        """
        failures: dict[int, RetryableError] = {}
        by_account: dict[str, list[AttributedFeedback]] = defaultdict(list)
        for source, feedbacks in enumerate(batch):
            try:
                located = [
                    self._locate(source, feedback, may_wait=source not in no_longer_waiting)
                    for feedback in feedbacks
                    if _matters(feedback)
                ]
            except RetryableError as error:
                failures[source] = error
                continue
            for one in located:
                if not _is_of_a_digest(one.feedback):
                    observe(one)
                    by_account[one.account_id].append(one)
        for account_id, group in by_account.items():
            try:
                kept = self._without_erased(account_id, group)
            except RetryableError as error:
                failures |= {one.source: error for one in group}
                continue
            failures |= self._record_account(account_id, kept)
        return failures

    def _without_erased(self, account_id: str, group: Sequence[AttributedFeedback]) -> Sequence[AttributedFeedback]:
        """Leave out what is about messages to those who were erased; addresses that it would suppress still are."""
        is_erased = self._tells_erased(account_id, group)
        kept: list[AttributedFeedback] = []
        for one in group:
            if not one.is_erased and not is_erased(one.feedback):
                kept.append(one)
            elif cause := caused_suppression(one.feedback, account_id):
                digest = self.hashes.of_address(account_id, cause.channel, cause.address)
                suppress(self.suppressions, replace(cause, address_hash=digest))
        return kept

    def _tells_erased(self, account_id: str, group: Sequence[AttributedFeedback]) -> Callable[[Feedback], bool]:
        """Return what tells a feedback of the group about a message to a customer or address that was erased."""
        if not self.erasures.has_erasures(account_id):
            return lambda _: False
        told = [one.feedback for one in group]
        by_customer, by_address = self.erasures.erased_at(
            account_id,
            {each.attribution.customer_id for each in told if each.attribution.customer_id},
            {(each.channel, each.recipient) for each in told if each.recipient},
        )

        def is_erased(feedback: Feedback) -> bool:
            until = (
                by_customer.get(feedback.attribution.customer_id or ""),
                by_address.get((feedback.channel, feedback.recipient or "")),
            )
            return any(each is not None and feedback.sent_at <= each for each in until)

        return is_erased

    def _record_account(self, account_id: str, group: Sequence[AttributedFeedback]) -> dict[int, RetryableError]:
        by_key: dict[str, list[AttributedFeedback]] = defaultdict(list)
        for one in group:
            by_key[one.key].append(one)
        oldest = window_start(self.clock())
        new = {
            key: entry
            for key, located in by_key.items()
            if (entry := _new_entry([one.feedback for one in located], account_id)) and entry.item.sent_at > oldest
        }
        failures: dict[int, RetryableError] = {}
        try:
            collided = {entry.item.entry_key for entry in self.undelivered.add_new(_one_cause_each([*new.values()]))}
        except RetryableError as error:
            failures |= {one.source: error for key in new for one in by_key[key]}
            collided = set()
        for key, located in by_key.items():
            if key in new and key not in collided:
                continue
            try:
                self._merge(account_id, key, [one.feedback for one in located])
            except RetryableError as error:
                failures |= {one.source: error for one in located}
        return failures

    @retry_on_conflict
    def _merge(self, account_id: str, key: str, feedbacks: Sequence[Feedback]) -> None:
        before = self.undelivered.find(account_id, key)
        if before is None and any(feedback.attribution.entry_key for feedback in feedbacks):
            # The item of the resend no longer exists, so the failure makes an item of its own.
            detached = [_detached(feedback) for feedback in feedbacks]
            self._merge(account_id, _own_key(detached[0]), detached)
            return
        after = before
        for feedback in feedbacks:
            after = merge_feedback(after, feedback, account_id)
        changes = self._suppression_changes(account_id, feedbacks)
        if after is None or (after == before and not changes):
            return
        self.undelivered.save(before, after, changes[0] if changes else None)
        for _, suppression in changes[1:]:
            suppress(self.suppressions, suppression)

    def _suppression_changes(
        self, account_id: str, feedbacks: Sequence[Feedback]
    ) -> Sequence[tuple[Suppression | None, Suppression]]:
        """Return the suppressions that feedback changes, as stored and as changed."""
        changes = []
        for feedback in feedbacks:
            if cause := caused_suppression(feedback, account_id):
                known = self.suppressions.find(account_id, cause.channel, cause.address)
                merged = merge_suppression(known, cause)
                if merged != known:
                    changes.append((known, merged))
        return changes

    def _locate(self, source: int, feedback: Feedback, *, may_wait: bool) -> AttributedFeedback:
        told, is_erased = feedback.attribution, False
        if not told.account_id:
            feedback, is_erased = self._correlate(feedback, may_wait=may_wait)
            told = feedback.attribution
        account_id = told.account_id or self.mapping.account_of(told)
        key, attributed = told.entry_key or _own_key(feedback), bool(account_id)
        return AttributedFeedback(source, account_id or self.mapping.default, key, feedback, attributed, is_erased)

    def _correlate(self, feedback: Feedback, *, may_wait: bool) -> tuple[Feedback, bool]:
        """Find the send that an untagged event is about, by the provider's message id; say whether that is erased."""
        attempt = self.notifications.find_by_provider_message_id(feedback.provider_message_id)
        if attempt is None:
            if may_wait and self._may_outrun_a_send(feedback):
                raise NotYetKnownError("the send that this event may belong to is not recorded yet")
            return feedback, False
        notification = self.notifications.find(attempt.account_id, attempt.notification_id)
        customer_id = notification.customer_id if notification else ""
        customer = self.customers.find(attempt.account_id, customer_id) if customer_id else None
        told = replace(
            feedback.attribution,
            account_id=attempt.account_id,
            notification_id=attempt.notification_id,
            attempt=attempt.number,
            entry_key=attempt.entry_key or None,
            customer_id=customer_id,
            customer_name=customer.name if customer else "",
            title=notification.title if notification else None,
            correlation_id=attempt.correlation_id,
        )
        correlated = replace(feedback, recipient=feedback.recipient or attempt.to, attribution=told)
        return correlated, attempt.outcome is SendOutcome.ERASED

    def _may_outrun_a_send(self, feedback: Feedback) -> bool:
        """Whether a claimed send is unrecorded that this event may be about: events can outrun our own write."""
        waiting = self.notifications.unrecorded(self.clock(), UNRECORDED_LIMIT)
        return any(attempt.claimed_at <= feedback.at for attempt in waiting)


def _matters(feedback: Feedback) -> bool:
    """Whether a feedback can change an item: failures always, deliveries and automatic replies only of a resend.

    An untagged event may be about a resend. A delay never changes a state.
    """
    if feedback.outcome >= Outcome.FAILED:
        return True
    told = feedback.attribution
    return feedback.outcome in {Outcome.AUTO_REPLY, Outcome.DELIVERED} and (told.attempt > 1 or not told.account_id)


def _is_of_a_digest(feedback: Feedback) -> bool:
    """Whether this is about our own mail to managers, which has no place in a report on customers."""
    return (feedback.attribution.notification_id or "").startswith(DIGEST_PREFIX)


def _own_key(feedback: Feedback) -> str:
    return entry_key(feedback.sent_at, feedback.provider_message_id, feedback.recipient or "")


def _detached(feedback: Feedback) -> Feedback:
    return replace(feedback, attribution=replace(feedback.attribution, attempt=1, entry_key=None))


def caused_suppression(feedback: Feedback, account_id: str) -> Suppression | None:
    """Return the suppression that a feedback causes by itself, or None."""
    if feedback.classification is None or not feedback.recipient or not suppresses(feedback.classification):
        return None
    return Suppression(
        account_id=account_id,
        channel=feedback.channel,
        address=feedback.recipient,
        reason=suppression_reason(feedback.classification),
        since=feedback.at,
        origin=feedback.provider_message_id,
    )


def _new_entry(feedbacks: Sequence[Feedback], account_id: str) -> NewEntry | None:
    """Return the item that a batch's feedback on one first attempt makes, None when it must be merged."""
    if any(feedback.attribution.attempt > 1 for feedback in feedbacks):
        return None
    item: UndeliveredItem | None = None
    suppression: Suppression | None = None
    for feedback in feedbacks:
        if item is None and feedback.outcome >= Outcome.FAILED:
            item = open_item(feedback, account_id)
        else:
            item = merge_feedback(item, feedback, account_id)
        if cause := caused_suppression(feedback, account_id):
            suppression = merge_suppression(suppression, cause)
    return NewEntry(item, suppression) if item else None


def _one_cause_each(entries: Sequence[NewEntry]) -> list[NewEntry]:
    """Let each address be suppressed by one entry of the batch: a transaction writes a row once."""
    gravest: dict[tuple[str, str], Suppression] = {}
    for entry in entries:
        if cause := entry.suppression:
            place = (cause.channel, cause.address)
            gravest[place] = merge_suppression(gravest.get(place), cause)
    result = []
    for entry in entries:
        cause = entry.suppression and gravest.pop((entry.suppression.channel, entry.suppression.address), None)
        result.append(replace(entry, suppression=cause))
    return result
