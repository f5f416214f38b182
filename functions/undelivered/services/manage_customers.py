"""Manage customers and their contacts. A corrected contact flags the items that are ready to resend."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.customer import Customer, customer_search
from undelivered.domain.errors import InvalidInputError, NotFoundError, UnreadableRecordError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.contact_validation import checked_email, checked_phone, well_formed_contact
from undelivered.services.flag_ready import flag_customer
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import CustomerStore, UndeliveredStore

_AT_ONCE: Final = 16
"""How many customers of a list are worked on at the same time."""


class CustomerChange(Struct, frozen=True):
    """A change of a customer, not yet validated. None leaves a value as it is, an empty text removes it.

    ``accept_unassigned_number`` accepts a phone number that is not assigned in its country. ``country`` is that of a
    phone number without a country code. ``by`` is who makes the change.
    """

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    accept_unassigned_number: bool = False
    country: str = ""
    by: str = ""


def contact_change(channel: Channel, contact: str, *, by: str) -> CustomerChange:
    """Return the change to a contact that was proved or used before."""
    if channel is Channel.EMAIL:
        return CustomerChange(email=contact, by=by)
    return CustomerChange(phone=contact, accept_unassigned_number=True, by=by)


class CustomerState(Struct, frozen=True):
    """A customer, and the customer's items that are ready to resend."""

    customer: Customer
    ready: Sequence[UndeliveredItem]


class CustomerOutcome(StrEnum):
    """What became of a customer in a list."""

    CREATED = "created"
    UPDATED = "updated"  #: the customer existed, and now has these values
    REFUSED = "refused"  #: a value is not valid; nothing was written


class ReplaceResult(Struct, frozen=True):
    """What became of a customer in a list.

    ``error`` says why a customer was refused. ``suggestion`` is a likely spelling of a new email address that may have
    a typo.
    """

    customer_id: str
    outcome: CustomerOutcome
    error: InvalidInputError | None = None
    suggestion: str = ""


class _Replacement(Struct, frozen=True):
    """A customer as it was read, or None, as it is to be, and the change between the two."""

    before: Customer | None
    after: Customer
    change: CustomerChange

    @property
    def result(self) -> ReplaceResult:
        outcome = CustomerOutcome.UPDATED if self.before else CustomerOutcome.CREATED
        is_new = self.before is None or self.before.email != self.after.email
        suggestion = suggest_address(self.after.email) if is_new else ""
        return ReplaceResult(self.after.customer_id, outcome, suggestion=suggestion)


class ManageCustomers(Struct, frozen=True):
    """The use cases on customers."""

    customers: CustomerStore
    undelivered: UndeliveredStore
    clock: Callable[[], datetime]

    def find(self, account_id: str, customer_id: str) -> CustomerState:
        """Return a customer; raises NotFoundError."""
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            raise NotFoundError("customer not found")
        items = self.undelivered.live_items_of_customer(account_id, customer_id)
        now = self.clock()
        return CustomerState(customer, [item for item in items if item.ready_contact and now < item.leaves_at])

    def find_by_address(self, account_id: str, text: str) -> Sequence[Customer]:
        """Return the customers that have an email address or phone number; raises InvalidInputError."""
        channel = Channel.EMAIL if "@" in text else Channel.SMS
        return self.customers.find_by_address(account_id, channel, well_formed_contact(channel, text, "address"))

    def search(
        self, account_id: str, text: str, limit: int, after: str | None
    ) -> tuple[Sequence[Customer], str | None]:
        """Return a page of the customers that have a part of a text; see ``CustomerStore.search``.

        A whole address is found at once, with the customers who have it.
        """
        if after is None:
            with suppress(InvalidInputError):
                if holders := self.find_by_address(account_id, text):
                    return holders, None
        return self.customers.search(account_id, customer_search(text), limit, after)

    def replace(self, account_id: str, customer_id: str, values: CustomerChange) -> CustomerState:
        """Create a customer, or replace all values; raises InvalidInputError."""
        return self._change(account_id, customer_id, _checked(_in_full(values)), create=True)

    def replace_many(
        self, account_id: str, customers: Sequence[tuple[str, CustomerChange]], *, dry_run: bool = False
    ) -> Sequence[ReplaceResult]:
        """Create or replace customers by ID, each on its own; return the results in order.

        With ``dry_run``, return the same results but write nothing.
        """
        stored = self.customers.find_many(account_id, [customer_id for customer_id, _ in customers])
        known = {customer.customer_id: customer for customer in stored}
        planned = [
            self._planned(account_id, known.get(customer_id), customer_id, values) for customer_id, values in customers
        ]
        changes = [each for each in planned if isinstance(each, _Replacement)]
        refused: Collection[str] = ()
        if not dry_run:
            refused = self._save_all(account_id, changes)
        return [_result(each, refused) for each in planned]

    def _planned(
        self, account_id: str, before: Customer | None, customer_id: str, values: CustomerChange
    ) -> "_Replacement | ReplaceResult":
        """Return what replaces a customer, or why it is refused."""
        try:
            change = _checked(_in_full(values))
            after = _changed(before or Customer(account_id, customer_id), change, self.clock())
        except InvalidInputError as error:
            return ReplaceResult(customer_id, CustomerOutcome.REFUSED, error)
        return _Replacement(before, after, change)

    def _save_all(self, account_id: str, replacements: Sequence["_Replacement"]) -> Collection[str]:
        """Write customers; return the IDs of those whose stored record cannot be read."""
        refused: set[str] = set()
        stale = self.customers.save_many([each.after for each in replacements if each.after != each.before])

        def finish(replacement: _Replacement) -> None:
            customer = replacement.after
            if customer.customer_id in stale:
                try:
                    customer = self._save_change(account_id, customer.customer_id, replacement.change, create=True)
                except UnreadableRecordError:
                    refused.add(customer.customer_id)
                    return
            flag_customer(self.undelivered, customer, self.clock)

        in_threads(finish, replacements, at_once=_AT_ONCE)
        return refused

    def update(self, account_id: str, customer_id: str, change: CustomerChange) -> CustomerState:
        """Change some values of a customer; raises NotFoundError and InvalidInputError."""
        return self._change(account_id, customer_id, _checked(change), create=False)

    def _change(self, account_id: str, customer_id: str, change: CustomerChange, *, create: bool) -> CustomerState:
        customer = self._save_change(account_id, customer_id, change, create=create)
        # The flags are set even when nothing changed: an earlier call may have been interrupted here.
        return CustomerState(customer, flag_customer(self.undelivered, customer, self.clock))

    @retry_on_conflict
    def _save_change(self, account_id: str, customer_id: str, change: CustomerChange, *, create: bool) -> Customer:
        known = self.customers.find(account_id, customer_id)
        if known is None and not create:
            raise NotFoundError("customer not found")
        after = _changed(known or Customer(account_id, customer_id), change, self.clock())
        return after if after == known else self.customers.save(after)


def _result(planned: "_Replacement | ReplaceResult", refused: Collection[str]) -> ReplaceResult:
    result = planned.result if isinstance(planned, _Replacement) else planned
    if result.customer_id not in refused:
        return result
    error = InvalidInputError("customer_id", "the customer that is stored cannot be read")
    return ReplaceResult(result.customer_id, CustomerOutcome.REFUSED, error)


def _in_full(values: CustomerChange) -> CustomerChange:
    """Return values that replace all values of a customer."""
    return replace(values, name=values.name or "", email=values.email or "", phone=values.phone or "")


def _checked(change: CustomerChange) -> CustomerChange:
    return replace(
        change,
        name=change.name.strip() if change.name is not None else None,
        email=checked_email(change.email, "email") if change.email else change.email,
        phone=checked_phone(
            change.phone, "phone", accept_unassigned=change.accept_unassigned_number, country=change.country
        )
        if change.phone
        else change.phone,
    )


def _changed(customer: Customer, change: CustomerChange, now: datetime) -> Customer:
    if change.name == "":
        raise InvalidInputError("name", "is required")
    if change.name is not None:
        customer = replace(customer, name=change.name)
    for channel, contact in ((Channel.EMAIL, change.email), (Channel.SMS, change.phone)):
        if contact is not None:
            customer = customer.with_contact(channel, contact, now, change.by)
    return customer
