"""Read the texts that customers send back: STOP, START, or a new email address after a request for one."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.contact_request import (
    REQUEST_PREFIX,
    ContactRequest,
    ContactRequestState,
    first_loud_moment,
)
from undelivered.domain.customer import Consent, Customer, same_contact
from undelivered.domain.errors import InvalidInputError, LimitReachedError, NotFoundError, RefusedError
from undelivered.domain.item import BY_CUSTOMER, Audit, UndeliveredItem
from undelivered.domain.notification import SendAttempt
from undelivered.domain.reply import Keyword, Reply, addresses_in, keyword_of
from undelivered.domain.resend_policy import ResendRequirement, resend_requirement
from undelivered.domain.suppression import SUPPRESS_ACTION, Suppression, SuppressionReason, causes_of
from undelivered.domain.taxonomy import Channel
from undelivered.services.add_audit import add_audit
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.in_parallel import in_threads
from undelivered.services.opt_in import OptIn
from undelivered.services.ports import (
    AccountStore,
    ContactRequestStore,
    CustomerStore,
    NotificationStore,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.send_contact_code import NewContact, SendContactCode
from undelivered.services.send_contact_request import SendContactRequest
from undelivered.services.suppress import save_cause

MAX_CODES_BY_REPLY: Final = 3
"""How many codes of a request replies can use up. Some are left for the page, because a sender can be forged."""

STARTS_PER_HOUR: Final = 5
"""How many START of a customer are read in an hour. Each is kept as a consent, and STOP has no limit."""

_BY_TEXT: Final = "text_message"
"""How a customer who replied START has consented."""

_REPLIED_STOP: Final = "replied STOP"
_AFTER_ANOTHER: Final = "; was "
"""Between that and the reason for which a number was suppressed already, in the audit."""

_AT_ONCE: Final = 16
"""In how many accounts the number is looked up at the same time."""

_MOST_CUSTOMERS: Final = 10
"""How many customers of an account with the same number are looked at: a family or a firm."""


class ReplyResult(StrEnum):
    """What became of a reply."""

    STOPPED = "stopped"  #: the number gets no more texts
    STARTED = "started"  #: the number gets texts again
    CODE_SENT = "code_sent"  #: it had a new address, which got a code
    ANSWERED = "answered"  #: no address could be read in it, and the answer has the link again
    IGNORED = "ignored"  #: it is from no customer, or it is not clear to which request


class _Sender(Struct, frozen=True):
    """Who a reply is from: the customers with its number, and the attempt that it answers, if that is known."""

    customers: Sequence[Customer]
    attempt: SendAttempt | None

    @property
    def account_ids(self) -> set[str]:
        """The accounts of the customers, and of the attempt."""
        of_attempt = {self.attempt.account_id} if self.attempt else set()
        return {customer.account_id for customer in self.customers} | of_attempt


class ReadReply(Struct, frozen=True):
    """The use case of ``read_replies``. Reading a reply again changes nothing, and completes what was interrupted.

    A forged sender can do little. A new address gets a code, which counts only on the page, behind the link in the text
    that the number got.
    """

    requests: ContactRequestStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    notifications: NotificationStore
    suppressions: SuppressionStore
    accounts: AccountStore
    opt_in: OptIn
    codes: SendContactCode
    send: SendContactRequest
    clock: Callable[[], datetime]

    @retry_on_conflict
    def __call__(self, reply: Reply) -> ReplyResult:
        """Carry out what a reply asks for; raises RetryableError, and SuppressionNotLiftedError for START."""
        sender = self._sender(reply)
        match keyword_of(reply.text):
            case Keyword.STOP:
                return self._stop(reply, sender)
            case Keyword.START:
                return self._start(reply, sender)
            case _:
                return self._read_contact(reply, sender)

    def _sender(self, reply: Reply) -> _Sender:
        def customers_of(account_id: str) -> Sequence[Customer]:
            return self.customers.find_by_address(account_id, Channel.SMS, reply.number, limit=_MOST_CUSTOMERS)

        found = in_threads(customers_of, list(self.accounts.account_ids()), at_once=_AT_ONCE)
        customers = [customer for of_account in found for customer in of_account]
        attempt = self.notifications.find_by_provider_message_id(reply.answers) if reply.answers else None
        return _Sender(customers, attempt if attempt and attempt.to == reply.number else None)

    # --- STOP and START

    def _stop(self, reply: Reply, sender: _Sender) -> ReplyResult:
        """Suppress the number for all accounts that write to it: the recipient sees one sender."""
        wanted_since = {customer.account_id for customer in sender.customers if _wants_texts(customer, reply)}
        stopped = sender.account_ids - wanted_since
        for account_id in sorted(stopped):
            self._suppress(account_id, reply)
        for customer in sender.customers:
            for request in self._open_requests(customer, reply):
                self._note(request.account_id, request.entry_key, reply, "stop_texts")
        return ReplyResult.STOPPED if stopped else ReplyResult.IGNORED

    def _suppress(self, account_id: str, reply: Reply) -> None:
        known = self.suppressions.find(account_id, Channel.SMS, reply.number)
        held = f"{_AFTER_ANOTHER}{known.reason}" if known and known.active else ""
        cause = Suppression(
            account_id,
            Channel.SMS,
            reply.number,
            SuppressionReason.OPTED_OUT,
            reply.sent_at,
            origin=BY_CUSTOMER,
            audit=(Audit(reply.sent_at, BY_CUSTOMER, SUPPRESS_ACTION, f"{_REPLIED_STOP}{held}"),),
        )
        if known is None or not known.active or known.reason is not SuppressionReason.OPTED_OUT:
            save_cause(self.suppressions, known, cause)
        elif known.since < reply.sent_at:
            # Of several, the last counts, because a START from before it may still arrive.
            self.suppressions.save(known, replace(known, since=reply.sent_at))

    def _start(self, reply: Reply, sender: _Sender) -> ReplyResult:
        """Record the consent of each customer with the number, which lifts an opt-out and nothing else."""
        result = ReplyResult.IGNORED
        for customer in (customer for customer in sender.customers if not _started_often(customer, reply)):
            known = self.suppressions.find(customer.account_id, Channel.SMS, reply.number)
            if known and known.active and (known.since > reply.sent_at or _is_held_otherwise(known)):
                continue  # a STOP from after it has arrived before, or the number was suppressed before STOP
            consent = Consent(customer.name or customer.customer_id, _BY_TEXT, reply.sent_at)
            try:
                self.opt_in(
                    customer.account_id,
                    customer.customer_id,
                    consent,
                    channel=Channel.SMS,
                    by=BY_CUSTOMER,
                    why="replied START",
                    at=reply.sent_at,
                )
            except (NotFoundError, InvalidInputError, RefusedError):
                continue  # the customer has just changed, or complained
            for item in self.undelivered.live_items_of_customer(customer.account_id, customer.customer_id):
                if _waits_for_consent(item, reply):
                    self._note(item.account_id, item.entry_key, reply, "start_texts")
            result = ReplyResult.STARTED
        return result

    # --- a new address

    def _read_contact(self, reply: Reply, sender: _Sender) -> ReplyResult:
        request = self._request(reply, sender)
        if request is None:
            return ReplyResult.IGNORED
        contacts = [
            address
            for address in addresses_in(reply.text)
            if not same_contact(Channel.EMAIL, address, request.failed_contact)
        ]
        result = ReplyResult.ANSWERED
        is_known, is_spent = reply.message_id in request.replies, len(request.replies) >= MAX_CODES_BY_REPLY
        if len(contacts) == 1 and (is_known or not is_spent):
            name = self.accounts.settings(request.account_id).contact_requests.sender_name
            with suppress(InvalidInputError, LimitReachedError):
                request = self.codes(request, NewContact(contacts[0], reply_id=reply.message_id), name)
                self._note(request.account_id, request.entry_key, reply, "reply_with_contact")
                result = ReplyResult.CODE_SENT
        self._answer(request)
        return result

    def _request(self, reply: Reply, sender: _Sender) -> ContactRequest | None:
        """Return the open request that a reply belongs to, or None if that is not clear."""
        attempt = sender.attempt
        account_ids = {attempt.account_id} if attempt else sender.account_ids
        if len(account_ids) != 1:
            return None
        customers = (customer for customer in sender.customers if customer.account_id in account_ids)
        found = [request for customer in customers for request in self._open_requests(customer, reply)]
        if attempt and attempt.notification_id.startswith(REQUEST_PREFIX):
            found = [each for each in found if attempt.notification_id in {each.notification_id, each.answer_id}]
        return found[0] if len(found) == 1 else None

    def _open_requests(self, customer: Customer, reply: Reply) -> Sequence[ContactRequest]:
        """Return the requests that the number of a reply has got, and that can still be answered."""
        now = self.clock()
        return [
            request
            for request in self.requests.of_customer(customer.account_id, customer.customer_id)
            if (request.channel, request.to) == (Channel.EMAIL, reply.number)
            and request.send_at <= now
            and request.state_at(now, customer) is ContactRequestState.OPEN
        ]

    def _answer(self, request: ContactRequest) -> None:
        """Send the link again, once for a request and after quiet hours."""
        now = self.clock()
        if request.answer_at is None:
            settings = self.accounts.settings(request.account_id)
            asking, zone = settings.contact_requests, ZoneInfo(settings.time_zone)
            self.requests.end_wait(request.waiting)
            answer_at = first_loud_moment(now, zone, asking.quiet_from, asking.quiet_until)
            request = self.requests.save(replace(request, answer_at=answer_at))
        if request.waits_until <= now:
            self.send.answer(request)
        else:
            self.requests.wait(request)

    def _note(self, account_id: str, entry_key: str, reply: Reply, action: str) -> None:
        """Add a reply to the story of an item."""
        add_audit(self.undelivered, account_id, entry_key, Audit(reply.sent_at, BY_CUSTOMER, action), self.clock())


def _wants_texts(customer: Customer, reply: Reply) -> bool:
    """Whether a customer has agreed to texts after a reply was sent, such as by START that arrived before STOP."""
    return any(
        (recorded.channel, recorded.contact) == (Channel.SMS, reply.number) and recorded.consent.at > reply.sent_at
        for recorded in customer.consents
    )


def _started_often(customer: Customer, reply: Reply) -> bool:
    earlier = [
        recorded
        for recorded in customer.consents
        if (recorded.consent.how, recorded.contact) == (_BY_TEXT, reply.number)
        and timedelta() < reply.sent_at - recorded.consent.at < timedelta(hours=1)
    ]
    return len(earlier) >= STARTS_PER_HOUR


def _is_held_otherwise(suppression: Suppression) -> bool:
    """Whether an address was suppressed for another reason when STOP came. A manager then decides, and not START."""
    return next((entry.detail for entry in causes_of(suppression)), "").startswith(f"{_REPLIED_STOP}{_AFTER_ANOTHER}")


def _waits_for_consent(item: UndeliveredItem, reply: Reply) -> bool:
    return (item.channel, item.failure.to) == (Channel.SMS, reply.number) and resend_requirement(
        item.classification
    ) is ResendRequirement.CONSENT
