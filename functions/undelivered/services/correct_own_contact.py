"""Customers correct a contact themselves, with the link in a message and a code that proves the new contact."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.contact_link import is_code_of, read_link_token
from undelivered.domain.contact_request import ContactRequest, ContactRequestState, other_channel
from undelivered.domain.errors import NotFoundError
from undelivered.domain.item import BY_CUSTOMER, Audit
from undelivered.domain.item_event import CORRECT_ACTION
from undelivered.domain.suppression import SUPPRESS_ACTION, Suppression, SuppressionReason
from undelivered.services.add_audit import add_audit
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.manage_customers import ManageCustomers, contact_change
from undelivered.services.ports import (
    AccountStore,
    ContactRequestStore,
    CustomerStore,
    SigningKeys,
    SuppressionStore,
    UndeliveredStore,
)
from undelivered.services.request_resend import RequestResend
from undelivered.services.send_contact_code import NewContact, SendContactCode
from undelivered.services.suppress import suppress


class CodeResult(StrEnum):
    """What became of a code that was entered."""

    CORRECTED = "corrected"  #: it was right, and the contact is corrected
    WRONG = "wrong"  #: it was wrong, and can be tried again
    UNUSABLE = "unusable"  #: it has expired, or was tried too often


class OpenLink(Struct, frozen=True):
    """A link that can be used or was used: its request, what became of it, and who asks."""

    request: ContactRequest
    state: ContactRequestState
    sender_name: str


class CorrectOwnContact(Struct, frozen=True):
    """The use case of the page behind a link."""

    requests: ContactRequestStore
    customers: CustomerStore
    undelivered: UndeliveredStore
    suppressions: SuppressionStore
    accounts: AccountStore
    codes: SendContactCode
    manage_customers: ManageCustomers
    request_resend: RequestResend
    keys: SigningKeys
    clock: Callable[[], datetime]

    def check(self, token: str) -> OpenLink:
        """Return the link of a token, and change nothing; raises NotFoundError if the token is not valid."""
        key = read_link_token(self.keys.secrets(), token)
        request = self.requests.find(key) if key else None
        if request is None:
            raise NotFoundError("link not found")
        customer = self.customers.find(request.account_id, request.customer_id)
        settings = self.accounts.settings(request.account_id).contact_requests
        return OpenLink(request, request.state_at(self.clock(), customer), settings.sender_name)

    @retry_on_conflict
    def send_code(self, token: str, new: NewContact) -> OpenLink:
        """Send a code to a new contact, and return the link.

        Raises NotFoundError, InvalidInputError (with a suggestion for a likely spelling), LimitReachedError and
        RetryableError. Nothing is sent to a suppressed contact, but the result is the same, so that a link cannot be
        used to find out which contacts are suppressed.
        """
        link = self.check(token)
        if link.state is not ContactRequestState.OPEN:
            return link
        return replace(link, request=self.codes(link.request, new, link.sender_name))

    def enter_code(self, token: str, text: str) -> CodeResult:
        """Correct the contact if the code is right; raises NotFoundError and RetryableError.

        A try is counted before the code is compared, so that tries at the same time are counted too.
        """
        request = self._count_try(token)
        if request is None or request.code is None:
            return CodeResult.UNUSABLE
        if not is_code_of(self.keys.secrets(), request.code.nonce, text):
            return CodeResult.WRONG if request.code.is_usable(self.clock()) else CodeResult.UNUSABLE
        self._correct(request, request.code.contact)
        return CodeResult.CORRECTED

    @retry_on_conflict
    def _count_try(self, token: str) -> ContactRequest | None:
        """Count a try to enter the code and return the request; None if the link or the code cannot be used."""
        link = self.check(token)
        request = link.request
        if link.state is not ContactRequestState.OPEN or not (request.code and request.code.is_usable(self.clock())):
            return None
        return self.requests.save(replace(request, code=replace(request.code, tries=request.code.tries + 1)))

    def _correct(self, request: ContactRequest, contact: str) -> None:
        """Correct the contact. If this is interrupted, the customer can enter the code again to complete it."""
        now = self.clock()
        change = contact_change(request.channel, contact, by=BY_CUSTOMER)
        ready = self.manage_customers.update(request.account_id, request.customer_id, change).ready
        audit = Audit(now, BY_CUSTOMER, CORRECT_ACTION)
        add_audit(self.undelivered, request.account_id, request.entry_key, audit, now)
        if self.accounts.settings(request.account_id).contact_requests.resend:
            keys = [item.entry_key for item in ready if item.channel is request.channel]
            self.request_resend.many(request.account_id, keys, by=BY_CUSTOMER)
        self._settle(request, contact)

    @retry_on_conflict
    def _settle(self, request: ContactRequest, contact: str) -> None:
        """Record the correction, unless another press of the button at the same time has."""
        stored = self.requests.find(request.key)
        if stored and not stored.settled_at:
            self.requests.save(replace(stored, corrected_to=contact, settled_at=self.clock()))

    @retry_on_conflict
    def disown(self, token: str) -> OpenLink:
        """Suppress the contact that got the link, because it is not the customer's; return the link.

        Raises NotFoundError and RetryableError.
        """
        link = self.check(token)
        request, now = link.request, self.clock()
        if link.state is not ContactRequestState.OPEN:
            return link
        cause = Suppression(
            request.account_id,
            other_channel(request.channel),
            request.to,
            SuppressionReason.MANUAL,
            now,
            origin="recipient",
            audit=(Audit(now, "recipient", SUPPRESS_ACTION, "says that this is not them"),),
        )
        suppress(self.suppressions, cause)
        add_audit(
            self.undelivered, request.account_id, request.entry_key, Audit(now, "recipient", "disown_contact"), now
        )
        request = self.requests.save(replace(request, is_disowned=True, settled_at=now))
        return replace(link, request=request, state=ContactRequestState.NOT_THE_CUSTOMER)
