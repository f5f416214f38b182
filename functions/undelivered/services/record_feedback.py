"""Record feedback. The order in which feedback arrives, and how often, does not change the result."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from undelivered.domain.accepted_message import accepted_message
from undelivered.domain.address import normalise_address
from undelivered.domain.contact_link import CODE_PREFIX
from undelivered.domain.customer import Customer
from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.errors import NotYetKnownError, RetryableError, UndeliveredError, UnreadableRecordError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.identifiers import entry_key
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import merge_feedback
from undelivered.domain.notification import LONGEST_SEND, SendAttempt, SendOutcome
from undelivered.domain.report_query import window_start
from undelivered.domain.setup_test import TEST_PREFIX
from undelivered.domain.suppression import Suppression, merge_suppression, suppression_reason
from undelivered.domain.taxonomy import Channel, suppresses
from undelivered.domain.unrecognised import mapped_classification, unrecognised_shape
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.erased_messages import Message, erased_messages
from undelivered.services.interrupted_sends import InterruptedSends, SettledSends
from undelivered.services.message_accounts import MessageAccounts
from undelivered.services.ports import (
    CustomerStore,
    ErasureStore,
    KeyedHashes,
    NewEntry,
    NotificationStore,
    ShapeMappingStore,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.readable import readable_or_none
from undelivered.services.suppress import suppress

_RECORD_ERRORS = (RetryableError, UnreadableRecordError)
"""The errors that concern a message or an account, and not the other messages of a batch."""

_MAX_UNRECORDED = 100
"""The maximum number of unrecorded sends that are read to find out whether an event may be about one of them."""


class AttributedFeedback(Struct, frozen=True):
    """A feedback with its account and the entry key of its item.

    ``source`` is the index of the message that it came in. ``attributed`` is False if nothing identifies the account,
    so that the feedback goes to the default account. ``is_erased`` is set if the send was erased, and ``tags_refused``
    if the account in the tags cannot be right (``MessageAccounts``).
    """

    source: int
    account_id: str
    key: str
    feedback: Feedback
    attributed: bool
    is_erased: bool = False
    tags_refused: bool = False


def _ignore(_event: AttributedFeedback) -> None:
    """Do nothing."""


def _never(_account_id: str) -> bool:
    """Return False for every account."""
    return False


def _note_nothing(_account_id: str, _feedback: Feedback) -> None:
    """Do nothing."""


class RecordFeedback(Struct, frozen=True):
    """The use case of ``ingest_feedback`` and ``ingest_sms_logs``.

    New items are written many at a time; feedback on existing items is merged item by item. ``note_event`` is called
    with each feedback that arrives, also with what changes no item, and ``note_recorded`` once its message is recorded
    and will not be delivered again. ``records_accepted`` returns whether an account wants a record of messages that
    were accepted at the first send.
    """

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    erasures: ErasureStore
    hashes: KeyedHashes
    shape_mappings: ShapeMappingStore
    accounts: MessageAccounts
    clock: Callable[[], datetime]
    settled_sends: SettledSends = field(default_factory=SettledSends)
    note_event: Callable[[str, Feedback], None] = _note_nothing
    note_recorded: Callable[[str, Feedback], None] = _note_nothing
    records_accepted: Callable[[str], bool] = _never

    def __call__(
        self,
        batch: Sequence[Sequence[Feedback]],
        *,
        no_longer_waiting: Collection[int] = (),
        observe: Callable[[AttributedFeedback], None] = _ignore,
    ) -> dict[int, UndeliveredError]:
        """Record the feedback of a batch of messages; recording it again changes nothing.

        ``no_longer_waiting`` are the indexes of messages that no longer wait for the record of a send. ``observe`` is
        called with each feedback that is to be recorded. Return the errors of messages that must be delivered again,
        by index; all other messages are recorded.
        """
        seen: list[AttributedFeedback] = []
        by_account, failures = self._by_account(batch, no_longer_waiting, seen)
        failures |= self._record_accepted(list(filter(_is_first_delivery, seen)))
        for account_id, events in by_account.items():
            for event in events:
                observe(event)
            try:
                remaining = self._with_customers(account_id, self._without_erased(account_id, events))
            except _RECORD_ERRORS as error:
                failures |= {event.source: error for event in events}
                continue
            failures |= self._record_account(account_id, remaining)
        for event in seen:
            if event.source not in failures:
                self.note_recorded(event.account_id, event.feedback)
        return failures

    def _by_account(
        self,
        batch: Sequence[Sequence[Feedback]],
        no_longer_waiting: Collection[int],
        seen: list[AttributedFeedback],
    ) -> tuple[Mapping[str, Sequence[AttributedFeedback]], dict[int, UndeliveredError]]:
        """Return the feedback to record by account, and the errors of messages by index.

        Add all feedback whose account is known, also what changes no item, to ``seen``.
        """
        by_account: dict[str, list[AttributedFeedback]] = defaultdict(list)
        failures: dict[int, UndeliveredError] = {}
        for source, feedbacks in enumerate(batch):
            may_wait = source not in no_longer_waiting
            try:
                relevant = filter(_matters, feedbacks)
                events = [self._attribute(source, feedback, may_wait=may_wait) for feedback in relevant]
                seen += [*events, *self._irrelevant(source, feedbacks)]
            except _RECORD_ERRORS as error:
                failures[source] = error
                continue
            for event in events:
                if not _is_left_out(event.feedback):
                    by_account[event.account_id].append(event)
        for event in seen:
            self.note_event(event.account_id, event.feedback)
        return by_account, failures

    def _irrelevant(self, source: int, feedbacks: Sequence[Feedback]) -> Sequence[AttributedFeedback]:
        """Return the feedback that changes no item. Its account comes from its tags."""
        return [
            AttributedFeedback(source, account_id, _own_key(feedback), feedback, attributed=True)
            for feedback in feedbacks
            if (account_id := feedback.attribution.account_id)
            and not _matters(feedback)
            and self.accounts.accepts_tags(feedback.attribution)
        ]

    def _record_accepted(self, events: Sequence[AttributedFeedback]) -> dict[int, UndeliveredError]:
        """Record the accepted messages of the accounts that want it, together; return the errors by index."""
        by_account: dict[str, list[AttributedFeedback]] = defaultdict(list)
        for event in events:
            by_account[event.account_id].append(event)
        failures: dict[int, UndeliveredError] = {}
        for account_id, of_account in by_account.items():
            try:
                if self.records_accepted(account_id):
                    messages = [_message_of(event.feedback) for event in of_account]
                    erased = erased_messages(self.erasures, account_id, messages)
                    self.notifications.add_accepted(
                        [
                            accepted_message(account_id, event.feedback)
                            for event, message in zip(of_account, messages, strict=True)
                            if not event.is_erased and message not in erased
                        ]
                    )
            except _RECORD_ERRORS as error:
                failures |= {event.source: error for event in of_account}
        return failures

    def _without_erased(self, account_id: str, events: Sequence[AttributedFeedback]) -> Sequence[AttributedFeedback]:
        """Return the events that are not about erased messages.

        Erased messages create no items, but still suppress their addresses, by hash.
        """
        erased = erased_messages(self.erasures, account_id, (_message_of(event.feedback) for event in events))
        remaining: list[AttributedFeedback] = []
        for event in events:
            if not event.is_erased and not (erased and _message_of(event.feedback) in erased):
                remaining.append(event)
            elif cause := caused_suppression(event.feedback, account_id):
                digest = self.hashes.of_address(account_id, cause.channel, cause.address)
                suppress(self.suppressions, replace(cause, address_hash=digest))
        return remaining

    def _with_customers(self, account_id: str, events: Sequence[AttributedFeedback]) -> Sequence[AttributedFeedback]:
        """Return the events, with the customer added to failures that do not name one, or only by id.

        If a failure has only an address, its customer is known if exactly one has the address. Each address and each
        id is read once.
        """
        events = self._with_names(account_id, events)
        addresses = {
            (event.feedback.channel, event.feedback.recipient): None
            for event in events
            if event.feedback.recipient and _lacks_customer(event.feedback)
        }
        owners: dict[tuple[Channel, str | None], Customer] = {}
        for channel, address in addresses:
            customers = self.customers.find_by_address(account_id, channel, address, limit=2)
            if len(customers) == 1:
                owners[channel, address] = customers[0]
        if not owners:
            return events
        return [
            replace(event, feedback=_of_customer(event.feedback, owner))
            if _lacks_customer(event.feedback)
            and (owner := owners.get((event.feedback.channel, event.feedback.recipient)))
            else event
            for event in events
        ]

    def _with_names(self, account_id: str, events: Sequence[AttributedFeedback]) -> Sequence[AttributedFeedback]:
        """Return the events, with the customer's name added to failures whose tags have only the customer's id."""
        ids = dict.fromkeys(
            event.feedback.attribution.customer_id or "" for event in events if _lacks_name(event.feedback)
        )
        by_id = {id_: customer for id_ in ids if (customer := readable_or_none(self.customers.find, account_id, id_))}
        if not by_id:
            return events
        return [
            replace(event, feedback=_of_customer(event.feedback, customer))
            if _lacks_name(event.feedback) and (customer := by_id.get(event.feedback.attribution.customer_id or ""))
            else event
            for event in events
        ]

    def _record_account(self, account_id: str, events: Sequence[AttributedFeedback]) -> dict[int, UndeliveredError]:
        by_key: dict[str, list[AttributedFeedback]] = defaultdict(list)
        for event in events:
            by_key[event.key].append(event)
        oldest = window_start(self.clock())
        new = {
            key: entry
            for key, same_item in by_key.items()
            if (entry := _new_entry([event.feedback for event in same_item], account_id))
            and entry.item.sent_at > oldest
        }
        failures: dict[int, UndeliveredError] = {}
        try:
            refused = self.undelivered.add_new(_with_one_cause_per_address([*new.values()]))
            to_merge = by_key.keys() - new.keys() | {entry.item.entry_key for entry in refused}
        except _RECORD_ERRORS as error:
            failures |= {event.source: error for key in new for event in by_key[key]}
            to_merge = by_key.keys() - new.keys()
        for key, same_item in by_key.items():
            if key not in to_merge:
                continue
            try:
                self._merge(account_id, key, [event.feedback for event in same_item])
            except _RECORD_ERRORS as error:
                failures |= {event.source: error for event in same_item}
        return failures

    @retry_on_conflict
    def _merge(self, account_id: str, key: str, feedbacks: Sequence[Feedback]) -> None:
        before = self.undelivered.find(account_id, key)
        if before is None and any(feedback.attribution.entry_key for feedback in feedbacks):
            # The item no longer exists, so the failure makes an item of its own.
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

    def _attribute(self, source: int, feedback: Feedback, *, may_wait: bool) -> AttributedFeedback:
        is_erased, tags_refused = False, not self.accounts.accepts_tags(feedback.attribution)
        if tags_refused:
            feedback = _without_tags(feedback)
        if not feedback.attribution.account_id:
            feedback, is_erased = self._correlate(feedback, may_wait=may_wait)
        if key := self._interrupted.item_key(feedback, may_wait=may_wait):
            feedback = replace(feedback, attribution=replace(feedback.attribution, entry_key=key))
        attribution = feedback.attribution
        account_id = attribution.account_id or self.accounts.mapped_account(attribution)
        key = attribution.entry_key or _own_key(feedback)
        owner = account_id or self.accounts.default_account
        mapped = self._mapped(owner, feedback)
        return AttributedFeedback(source, owner, key, mapped, bool(account_id), is_erased, tags_refused)

    @property
    def _interrupted(self) -> InterruptedSends:
        return InterruptedSends(self.notifications, self.clock, self.settled_sends)

    def _mapped(self, account_id: str, feedback: Feedback) -> Feedback:
        """Return feedback without a known reason with the reason that the account maps its shape to, if any."""
        shape = unrecognised_shape(feedback.classification, feedback.diagnostic, feedback.recipient or "")
        reason = self.shape_mappings.reason_of(account_id, shape_id(shape)) if shape else None
        if reason is None or feedback.classification is None:
            return feedback
        classification = mapped_classification(reason, shape, feedback.classification.kind)
        return replace(feedback, classification=classification.without_rule(), rule=classification.rule)

    def _correlate(self, feedback: Feedback, *, may_wait: bool) -> tuple[Feedback, bool]:
        """Find the send of a message without tags by its provider's message id; return also whether it was erased."""
        attempt = (
            self.notifications.find_by_provider_message_id(feedback.provider_message_id)
            or self._unrecorded_send(feedback, may_wait=may_wait)
            or self._interrupted.find_text(feedback)
        )
        if attempt is None:
            return feedback, False
        notification = readable_or_none(self.notifications.find, attempt.account_id, attempt.notification_id)
        customer_id = notification.customer_id if notification else ""
        customer = readable_or_none(self.customers.find, attempt.account_id, customer_id) if customer_id else None
        attribution = replace(
            feedback.attribution,
            account_id=attempt.account_id,
            notification_id=attempt.notification_id,
            attempt=attempt.number,
            entry_key=attempt.entry_key or None,
            customer_id=customer_id,
            customer_name=customer.name if customer else "",
            title=notification.title if notification else None,
            correlation_id=attempt.correlation_id,
            content_held=notification is not None,
        )
        correlated = replace(feedback, recipient=feedback.recipient or attempt.to, attribution=attribution)
        return correlated, attempt.outcome is SendOutcome.ERASED

    def _unrecorded_send(self, feedback: Feedback, *, may_wait: bool) -> SendAttempt | None:
        """Return the send without a record that the event must be about, or None.

        An event can arrive before the record of its send, and the record is missing if the function was stopped after
        the send. Raises NotYetKnownError while the record may still follow.
        """
        unrecorded = [
            attempt
            for attempt in self.notifications.unrecorded(self.clock(), _MAX_UNRECORDED)
            if attempt.claimed_at <= feedback.at and _may_be_about(feedback, attempt)
        ]
        if may_wait and any(self.clock() < attempt.claimed_at + LONGEST_SEND for attempt in unrecorded):
            raise NotYetKnownError("the send of this message may not be recorded yet")
        return unrecorded[-1] if unrecorded and feedback.recipient else None


def _message_of(feedback: Feedback) -> Message:
    customer_id = feedback.attribution.customer_id or ""
    return Message(customer_id, feedback.channel, feedback.recipient or "", feedback.sent_at)


def _may_be_about(feedback: Feedback, attempt: SendAttempt) -> bool:
    """Whether an event may be about a send: both have the same recipient, if the event has one."""
    return not feedback.recipient or normalise_address(feedback.channel, attempt.to) == feedback.recipient


def _matters(feedback: Feedback) -> bool:
    """Whether a feedback can change an item: a failure, and a delivery of or an automatic reply to a resend.

    An event without tags may be about a resend. A delay never changes an item.
    """
    if feedback.outcome >= Outcome.FAILED:
        return True
    may_be_resend = feedback.attribution.attempt > 1 or not feedback.attribution.account_id
    return feedback.outcome in {Outcome.AUTO_REPLY, Outcome.DELIVERED} and may_be_resend


def _is_first_delivery(event: AttributedFeedback) -> bool:
    """Whether a feedback says that a message was accepted when it was first sent. Items have the other deliveries."""
    feedback = event.feedback
    is_first = feedback.attribution.attempt == 1 and not feedback.attribution.entry_key
    is_delivery = feedback.outcome is Outcome.DELIVERED and bool(feedback.recipient)
    return is_delivery and is_first and not _is_left_out(feedback)


def _is_left_out(feedback: Feedback) -> bool:
    """Whether a feedback is about a digest, which has no place in a report on customers, or about a code.

    A code goes to a contact that is not proved. Whoever mistypes an address must not have it suppressed for others.
    """
    return (feedback.attribution.notification_id or "").startswith((DIGEST_PREFIX, CODE_PREFIX, TEST_PREFIX))


def _own_key(feedback: Feedback) -> str:
    return entry_key(feedback.sent_at, feedback.provider_message_id, feedback.recipient or "")


def _lacks_customer(feedback: Feedback) -> bool:
    """Whether a feedback can make a new item, and neither a tag nor a known send names its customer."""
    attribution = feedback.attribution
    is_known = attribution.customer_id or attribution.notification_id or attribution.entry_key
    return feedback.outcome >= Outcome.FAILED and attribution.attempt == 1 and not is_known


def _lacks_name(feedback: Feedback) -> bool:
    """Whether a feedback can make a new item, and its tags have the customer's id but not the name."""
    attribution = feedback.attribution
    return feedback.outcome >= Outcome.FAILED and bool(attribution.customer_id) and attribution.customer_name is None


def _of_customer(feedback: Feedback, customer: Customer) -> Feedback:
    named = replace(feedback.attribution, customer_id=customer.customer_id, customer_name=customer.name)
    return replace(feedback, attribution=named)


def _without_tags(feedback: Feedback) -> Feedback:
    """Return a feedback with only what SES itself states about the message."""
    stated = Attribution(tenant=feedback.attribution.tenant, identity=feedback.attribution.identity)
    return replace(feedback, attribution=stated)


def _detached(feedback: Feedback) -> Feedback:
    return replace(feedback, attribution=replace(feedback.attribution, attempt=1, entry_key=None))


def caused_suppression(feedback: Feedback, account_id: str) -> Suppression | None:
    """Return the suppression that a feedback causes, or None."""
    if feedback.classification is None or not feedback.recipient or not suppresses(feedback.classification):
        return None
    return Suppression(
        account_id=account_id,
        channel=feedback.channel,
        address=feedback.recipient,
        reason=suppression_reason(feedback.classification),
        since=feedback.at,
        origin=feedback.provider_message_id,
        spellings=(feedback.written,) if feedback.written else (),
    )


def _new_entry(feedbacks: Sequence[Feedback], account_id: str) -> NewEntry | None:
    """Return the new item of the feedback on a first attempt, or None if the feedback must be merged."""
    if any(feedback.attribution.attempt > 1 or feedback.attribution.entry_key for feedback in feedbacks):
        return None
    item: UndeliveredItem | None = None
    suppression: Suppression | None = None
    for feedback in feedbacks:
        item = merge_feedback(item, feedback, account_id)
        if cause := caused_suppression(feedback, account_id):
            suppression = merge_suppression(suppression, cause)
    return NewEntry(item, suppression) if item else None


def _with_one_cause_per_address(entries: Sequence[NewEntry]) -> list[NewEntry]:
    """Return the entries with one suppression for each address: a transaction can write a row only once."""
    merged: dict[tuple[Channel, str], Suppression] = {}
    for entry in entries:
        if cause := entry.suppression:
            address = (cause.channel, cause.address)
            merged[address] = merge_suppression(merged.get(address), cause)
    result = []
    for entry in entries:
        cause = entry.suppression and merged.pop((entry.suppression.channel, entry.suppression.address), None)
        result.append(replace(entry, suppression=cause))
    return result
