"""Request a resend: check the rules, start a new attempt on the item, and queue it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from undelivered.domain.address import normalise_address
from undelivered.domain.customer import Consent, Customer, same_contact
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import SentBy, UndeliveredItem
from undelivered.domain.lifecycle import start_resend
from undelivered.domain.notification import Notification
from undelivered.domain.resend_policy import ResendDecision, decide_item_resend, decide_resender
from undelivered.domain.resender import ResendBy, Resender
from undelivered.domain.suppression import Suppression, deciding_suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.keep_attachments import files_are_kept
from undelivered.services.message_suppression import message_suppression
from undelivered.services.ports import (
    AccountStore,
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
    """What the rules need to know about an item.

    ``notification`` is None if its content is not stored in full, ``suppression`` is the one that decides on a message
    to the customer's contact.
    """

    customer: Customer | None
    notification: Notification | None
    suppression: Suppression | None


class _Request(Struct, frozen=True):
    """A request for a resend. ``resender`` is the chosen resender, None for the usual one."""

    by: str
    note: str
    resend_by: ResendBy
    resender: Resender | None = None
    consent: Consent | None = None
    is_claim: bool = False

    def sent_by(self, decision: ResendDecision) -> SentBy:
        """Return who sends the attempt, by the decision on the request."""
        if decision.resenders[0] is Resender.UNDELIVERED:
            return SentBy.UNDELIVERED
        return SentBy.HOST if self.is_claim else SentBy.HOST_ASKED


class RequestResend(Struct, frozen=True):
    """The use case behind *Resend*. The message is sent to the customer's current contact.

    The account's settings say who sends it. ``on_item_changed`` announces a resend that the host application is asked
    for.
    """

    undelivered: UndeliveredStore
    notifications: NotificationStore
    customers: CustomerStore
    suppressions: SuppressionStore
    accounts: AccountStore
    resends: SendQueue
    provider: Callable[[], ProviderSuppressions]
    files: Callable[[], AttachmentFiles]
    clock: Callable[[], datetime]

    def many(
        self, account_id: str, entry_keys: Sequence[str], *, by: str, note: str = ""
    ) -> Sequence[UndeliveredItem | RefusedError | NotFoundError]:
        """Start resends with few reads and writes. Return the item of each, or why it is not resent, in order.

        Each is sent by its usual resender.
        """
        resend_by = self.accounts.settings(account_id).resend_by
        items = {item.entry_key: item for item in self.undelivered.find_many(account_id, entry_keys)}
        facts = self._facts_of(account_id, list(items.values()))
        results: dict[str, UndeliveredItem | RefusedError | NotFoundError] = {}
        changes: list[tuple[UndeliveredItem, UndeliveredItem]] = []
        for key, item in items.items():
            try:
                changes.append((item, self._start(item, facts[key], _Request(by, note, resend_by))))
            except RefusedError as error:
                results[key] = error
        stale = self.undelivered.save_many(changes)
        started = {after.entry_key: after for _, after in changes if after.entry_key not in stale}
        self.resends.put([resend_job(item) for item in started.values() if _is_ours(item)])
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
        addresses = {(*contact, "") for contact in contacts.values() if contact[1]} | {
            (*contacts[item.entry_key], notifications[item.notification_id].category)
            for item in items
            if item.notification_id in notifications and contacts[item.entry_key][1]
        }
        suppressions = {
            (suppression.channel, suppression.address, suppression.category): suppression
            for suppression in self.suppressions.find_many(account_id, sorted(addresses))
        }

        def suppression_of(item: UndeliveredItem) -> Suppression | None:
            notification, contact = notifications.get(item.notification_id), contacts[item.entry_key]
            of_address = suppressions.get((*contact, ""))
            if notification is None or not notification.category:
                return of_address
            of_category = suppressions.get((*contact, notification.category))
            return deciding_suppression(of_address, of_category, essential=notification.essential, resend=True)

        return {
            item.entry_key: _Facts(
                customers.get(item.customer_id),
                notifications.get(item.notification_id),
                suppression_of(item),
            )
            for item in items
        }

    def __call__(  # noqa: PLR0913 - what a request for a resend says
        self,
        account_id: str,
        entry_key: str,
        *,
        by: str,
        consent: Consent | None = None,
        note: str = "",
        resender: Resender | None = None,
    ) -> UndeliveredItem:
        """Start a resend and return the item, which is then *resending*.

        ``resender`` is the chosen resender, None for the usual one. A consent first lifts the opt-out of the contact,
        here and at the provider; if that fails, the resend does not start. Raises NotFoundError, RefusedError with the
        code of the rule, and SuppressionNotLiftedError. Of two calls at the same time, one is refused with
        ``resend_already_running``.
        """
        resend_by = self.accounts.settings(account_id).resend_by
        return self._request(account_id, entry_key, _Request(by, note, resend_by, resender, consent))

    def claim(self, account_id: str, entry_key: str, *, by: str) -> UndeliveredItem:
        """Start an attempt that the host application sends itself, whoever resends by the settings.

        Nothing is queued or announced. Raises as ``__call__`` does.
        """
        return self._request(account_id, entry_key, _Request(by, "", ResendBy.ASK, Resender.HOST, is_claim=True))

    @retry_on_conflict
    def _request(self, account_id: str, entry_key: str, request: _Request) -> UndeliveredItem:
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        customer = self.customers.find(account_id, item.customer_id) if item.customer_id else None
        notification = self.notifications.find(account_id, item.notification_id)
        facts = _Facts(
            customer,
            notification if files_are_kept(self.files, notification) else None,
            contact_suppression(self.suppressions, item, customer, notification),
        )
        started = self._start(item, facts, request)
        self.undelivered.save(item, started)
        if _is_ours(started):
            self.resends.put([resend_job(started)])
        return started

    def preview(self, account_id: str, entry_keys: Sequence[str]) -> Sequence[RefusedError | NotFoundError | None]:
        """Return why each item would not be resent, in order; None for one that would be. Nothing is written."""
        request = _Request("", "", self.accounts.settings(account_id).resend_by)
        items = {item.entry_key: item for item in self.undelivered.find_many(account_id, entry_keys)}
        facts = self._facts_of(account_id, list(items.values()))

        def refusal_of(key: str) -> RefusedError | NotFoundError | None:
            if key not in items:
                return NotFoundError("item not found")
            try:
                self._decide(items[key], facts[key], request)
            except RefusedError as error:
                return error
            return None

        return [refusal_of(key) for key in entry_keys]

    def _start(self, item: UndeliveredItem, facts: _Facts, request: _Request) -> UndeliveredItem:
        """Return the item with a new attempt, not yet saved; raises RefusedError."""
        decision, customer = self._decide(item, facts, request)
        if request.consent:
            self._record_consent(item, facts, customer, request)
        contact, sent_by = customer.contact(item.channel), request.sent_by(decision)
        return start_resend(item, contact, request.by, self.clock(), request.note, sent_by)

    def _decide(self, item: UndeliveredItem, facts: _Facts, request: _Request) -> tuple[ResendDecision, Customer]:
        """Return the decision that allows a resend, and the customer; raises RefusedError if the rules forbid it."""
        decision = decide_item_resend(
            item,
            self.clock(),
            customer=facts.customer,
            notification=facts.notification,
            suppression=facts.suppression,
            consent=request.consent is not None,
            resend_by=request.resend_by,
        )
        if decision.allowed:
            decision = decide_resender(decision, request.resender)
        if not decision.allowed or facts.customer is None:
            raise RefusedError(str(decision.code), decision.detail)
        return decision, facts.customer

    def _record_consent(self, item: UndeliveredItem, facts: _Facts, customer: Customer, request: _Request) -> None:
        assert request.consent is not None
        failed_at_contact = same_contact(item.channel, customer.contact(item.channel), item.failure.to)
        reported = reported_opt_out(item) if failed_at_contact else None
        record = RecordConsent(self.customers, self.suppressions, self.provider, self.clock)
        record(
            customer,
            item.channel,
            request.consent,
            by=request.by,
            why="consent given with a resend",
            reported=reported,
            category=facts.notification.category if facts.notification else "",
        )


def contact_suppression(
    suppressions: SuppressionStore, item: UndeliveredItem, customer: Customer | None, notification: Notification | None
) -> Suppression | None:
    """Return the suppression that decides on a resend to the customer's contact, in force or lifted."""
    address = _contact_of(item, customer)[1]
    if not address:
        return None
    return message_suppression(suppressions, item.account_id, item.channel, address, notification, resend=True)


def _contact_of(item: UndeliveredItem, customer: Customer | None) -> tuple[Channel, str]:
    contact = customer.contact(item.channel) if customer else ""
    return item.channel, normalise_address(item.channel, contact)


def _is_ours(item: UndeliveredItem) -> bool:
    return item.last_attempt.sent_by is SentBy.UNDELIVERED


def resend_job(item: UndeliveredItem) -> SendJob:
    """Return the job for the last attempt of an item."""
    return SendJob(item.account_id, item.notification_id, item.last_attempt.number, item.entry_key, item.channel)
