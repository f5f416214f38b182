"""Undo the correction of a contact by a customer."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.contact_request import ContactRequest
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Audit
from undelivered.services.add_audit import add_audit
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.manage_customers import ManageCustomers, contact_change
from undelivered.services.ports import ContactRequestStore, UndeliveredStore

_ACTION: Final = "undo_contact"


class UndoCorrection(Struct, frozen=True):
    """The use case of a manager who does not believe a correction: the contact from before comes back."""

    requests: ContactRequestStore
    undelivered: UndeliveredStore
    manage_customers: ManageCustomers
    clock: Callable[[], datetime]

    @retry_on_conflict
    def __call__(self, account_id: str, customer_id: str, request_id: str, *, by: str) -> ContactRequest:
        """Undo a correction, and return its request; undoing it again changes nothing.

        Raises NotFoundError, and RefusedError if nothing was corrected or the contact has changed since.
        """
        customer = self.manage_customers.find(account_id, customer_id).customer
        known = self.requests.of_customer(account_id, customer_id)
        request = next((each for each in known if each.request_id == request_id), None)
        if request is None:
            raise NotFoundError("request not found")
        if request.undone_at:
            return request
        contact = customer.contact(request.channel)
        # If an earlier call was interrupted, the contact from before is there already.
        if not request.corrected_to or contact not in {request.corrected_to, request.failed_contact}:
            raise RefusedError(
                "contact_request_not_corrected",
                "The contact is not the one that the customer entered. Edit it instead.",
            )
        now = self.clock()
        self.manage_customers.update(
            account_id, customer_id, contact_change(request.channel, request.failed_contact, by=by)
        )
        add_audit(self.undelivered, account_id, request.entry_key, Audit(now, by, _ACTION), now)
        return self.requests.save(replace(request, undone_at=now, undone_by=by))
