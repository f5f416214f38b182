"""Customers and their contacts; correcting a contact flags what can now be resent."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Customer
from undelivered.domain.errors import InvalidInputError, NotFoundError, StaleWriteError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.resend_policy import ready_contact
from undelivered.domain.taxonomy import Channel
from undelivered.services.contact_validation import checked_email, checked_phone
from undelivered.services.ports import CustomerStore, UndeliveredStore

_TRIES = 4


class CustomerChange(Struct, frozen=True):
    """What a caller says of a customer, as written: None leaves a value as it is, an empty text removes it."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class CustomerState(Struct, frozen=True):
    """A customer, with the items on the report that are ready to be resent."""

    customer: Customer
    ready: Sequence[UndeliveredItem]


class ManageCustomers(Struct, frozen=True):
    """The use cases on customers of an account."""

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

    def by_address(self, account_id: str, text: str) -> Sequence[Customer]:
        """Return the customers that share an e-mail address or phone number; raises InvalidInputError."""
        if "@" in text:
            return self.customers.by_address(account_id, Channel.EMAIL, checked_email(text, "address"))
        return self.customers.by_address(account_id, Channel.SMS, checked_phone(text, "address"))

    def replace(self, account_id: str, customer_id: str, wanted: CustomerChange) -> CustomerState:
        """Create a customer or put another in its place; raises InvalidInputError."""
        whole = CustomerChange(wanted.name or "", wanted.email or "", wanted.phone or "")
        return self._change(account_id, customer_id, _checked(whole), create=True)

    def update(self, account_id: str, customer_id: str, change: CustomerChange) -> CustomerState:
        """Change what is named of a customer; raises NotFoundError and InvalidInputError."""
        return self._change(account_id, customer_id, _checked(change), create=False)

    def _change(self, account_id: str, customer_id: str, change: CustomerChange, *, create: bool) -> CustomerState:
        for _ in range(_TRIES):
            known = self.customers.find(account_id, customer_id)
            if known is None and not create:
                raise NotFoundError("customer not found")
            before = known or Customer(account_id, customer_id)
            after = _changed(before, change, self.clock())
            try:
                # Nothing to write is not written, so that doing it again is free of conflicts.
                saved = before if known and after == before else self.customers.save(after)
            except StaleWriteError:
                continue
            # The flags are set even when nothing changed: the call before may have been broken off here.
            return CustomerState(saved, self._flag_ready(saved))
        raise StaleWriteError("too many concurrent updates of this customer")

    def _flag_ready(self, customer: Customer) -> Sequence[UndeliveredItem]:
        """Flag the customer's items whose failed contact is no longer the present one; return those flagged."""
        items = self.undelivered.live_items_of_customer(customer.account_id, customer.customer_id)
        now = self.clock()
        flagged = [self._flag(item, customer) for item in items if now < item.leaves_at]
        return [item for item in flagged if item is not None and item.ready_contact]

    def _flag(self, item: UndeliveredItem, customer: Customer) -> UndeliveredItem | None:
        for _ in range(_TRIES):
            after = replace(item, ready_contact=ready_contact(item, customer))
            if after == item:
                return item
            try:
                self.undelivered.save(item, after)
            except StaleWriteError:
                found = self.undelivered.find(item.account_id, item.entry_key)
                if found is None or self.clock() >= found.leaves_at:
                    return None
                item = found
                continue
            return after
        raise StaleWriteError("too many concurrent updates of this item")


def _checked(change: CustomerChange) -> CustomerChange:
    return CustomerChange(
        change.name.strip() if change.name is not None else None,
        checked_email(change.email, "email") if change.email else change.email,
        checked_phone(change.phone, "phone") if change.phone else change.phone,
    )


def _changed(customer: Customer, change: CustomerChange, now: datetime) -> Customer:
    if change.name == "":
        raise InvalidInputError("name", "is required")
    email = customer.email if change.email is None else change.email
    phone = customer.phone if change.phone is None else change.phone
    return replace(
        customer,
        name=customer.name if change.name is None else change.name,
        email=email,
        phone=phone,
        email_changed_at=customer.email_changed_at if email == customer.email else now,
        phone_changed_at=customer.phone_changed_at if phone == customer.phone else now,
    )
