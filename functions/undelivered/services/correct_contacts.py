"""Correct the contacts of many customers at once: only those contacts that are still the ones that failed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.address import is_address
from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.customer import Customer, same_contact
from undelivered.domain.errors import InvalidInputError, UnreadableRecordError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.contact_validation import checked_contact
from undelivered.services.flag_ready import flag_customer
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import CustomerStore, UndeliveredStore

_AT_ONCE: Final = 16
"""How many customers are worked on at the same time."""


class Correction(Struct, frozen=True):
    """A new contact for a customer, not yet validated, in place of the one that failed.

    ``country`` is that of a phone number without a country code. If it is empty, it is the country of ``failed``.
    ``by`` is who corrects it.
    """

    customer_id: str
    channel: Channel
    failed: str
    contact: str
    country: str = ""
    by: str = ""


class CorrectionOutcome(StrEnum):
    """What became of a correction."""

    CORRECTED = "corrected"
    UNCHANGED = "unchanged"  #: the customer has the new contact already
    REFUSED = "refused"  #: nothing was written


class CorrectionResult(Struct, frozen=True):
    """What became of a correction.

    ``contact`` is the customer's contact after it, empty if there is none. ``suggestion`` is a likely spelling if the
    new contact may have a typo. ``ready`` are the customer's items on the channel that are ready to resend. ``error``
    says why a correction was refused.
    """

    outcome: CorrectionOutcome
    contact: str
    suggestion: str = ""
    ready: Sequence[UndeliveredItem] = ()
    error: InvalidInputError | None = None


class _Plan(Struct, frozen=True):
    """A customer as it was read and as it is to be, and the results of its corrections by their position."""

    before: Customer | None
    after: Customer | None
    results: Mapping[int, CorrectionResult]


_Rows = Mapping[int, Correction]
"""The corrections of one customer by their position in the list."""


class CorrectContacts(Struct, frozen=True):
    """The use case behind a list of corrections."""

    customers: CustomerStore
    undelivered: UndeliveredStore
    clock: Callable[[], datetime]

    def __call__(
        self, account_id: str, corrections: Sequence[Correction], *, dry_run: bool = False
    ) -> Sequence[CorrectionResult]:
        """Correct contacts, each on its own; return the results in order. With ``dry_run``, write nothing."""
        rows: dict[str, dict[int, Correction]] = {}
        for place, correction in enumerate(corrections):
            rows.setdefault(correction.customer_id, {})[place] = correction
        known = {each.customer_id: each for each in self.customers.find_many(account_id, list(rows))}
        plans = {customer_id: self._plan(known.get(customer_id), rows[customer_id]) for customer_id in rows}
        if not dry_run:
            plans = self._carry_out(account_id, plans, rows)
        results = {place: result for plan in plans.values() for place, result in plan.results.items()}
        return [results[place] for place in range(len(corrections))]

    def _plan(self, customer: Customer | None, rows: _Rows) -> _Plan:
        """Return what the corrections make of a customer. Each applies to the result of those before."""
        after, results = customer, {}
        for place, correction in rows.items():
            after, results[place] = _corrected(after, correction, self.clock())
        return _Plan(customer, after, results)

    def _carry_out(self, account_id: str, plans: Mapping[str, _Plan], rows: Mapping[str, _Rows]) -> dict[str, _Plan]:
        stale = self.customers.save_many(
            [plan.after for plan in plans.values() if plan.after and plan.after != plan.before]
        )

        def finish(customer_id: str) -> _Plan:
            plan = plans[customer_id]
            if customer_id in stale:
                plan = self._correct(account_id, customer_id, rows[customer_id])
            done = any(result.outcome is not CorrectionOutcome.REFUSED for result in plan.results.values())
            # The flags are set even when nothing changed: an earlier call may have been interrupted here.
            return self._with_ready(plan, rows[customer_id]) if done else plan

        return dict(zip(plans, in_threads(finish, list(plans), at_once=_AT_ONCE), strict=True))

    @retry_on_conflict
    def _correct(self, account_id: str, customer_id: str, rows: _Rows) -> _Plan:
        try:
            plan = self._plan(self.customers.find(account_id, customer_id), rows)
        except UnreadableRecordError:
            error = InvalidInputError("customer_id", "the customer that is stored cannot be read")
            return _Plan(None, None, dict.fromkeys(rows, CorrectionResult(CorrectionOutcome.REFUSED, "", error=error)))
        if plan.after and plan.after != plan.before:
            self.customers.save(plan.after)
        return plan

    def _with_ready(self, plan: _Plan, rows: _Rows) -> _Plan:
        assert plan.after is not None
        ready = flag_customer(self.undelivered, plan.after, self.clock)
        results = {
            place: replace(result, ready=[item for item in ready if item.channel is rows[place].channel])
            if result.outcome is not CorrectionOutcome.REFUSED
            else result
            for place, result in plan.results.items()
        }
        return replace(plan, results=results)


def _corrected(
    customer: Customer | None, correction: Correction, now: datetime
) -> tuple[Customer | None, CorrectionResult]:
    """Return a customer with a correction, or as it was, and the result."""
    try:
        return _applied(customer, correction, now)
    except InvalidInputError as error:
        current = customer.contact(correction.channel) if customer else ""
        return customer, CorrectionResult(CorrectionOutcome.REFUSED, current, error=error)


def _applied(
    customer: Customer | None, correction: Correction, now: datetime
) -> tuple[Customer | None, CorrectionResult]:
    """Return a customer with a correction, and the result; raises InvalidInputError if it is refused."""
    if customer is None:
        raise InvalidInputError("customer_id", "is not the ID of a customer")
    channel, failed = correction.channel, correction.failed
    current = customer.contact(channel)
    contact = checked_contact(
        channel, correction.contact, "contact", country=correction.country, like=_with_plus(failed)
    )
    suggestion = suggest_address(contact) if channel is Channel.EMAIL else ""
    if contact == current and not _is_same(channel, failed, contact):
        return customer, CorrectionResult(CorrectionOutcome.UNCHANGED, current, suggestion)
    if current and _is_known(channel, failed) and not _is_same(channel, failed, current):
        raise InvalidInputError("failed", "is no longer the customer's contact")
    if contact == current:
        raise InvalidInputError("contact", "is the contact that failed")
    changed = customer.with_contact(channel, contact, now, correction.by)
    return changed, CorrectionResult(CorrectionOutcome.CORRECTED, contact, suggestion)


def _is_known(channel: Channel, failed: str) -> bool:
    """Whether the contact that failed is known. Carriers mask some numbers."""
    return is_address(channel, failed if channel is Channel.EMAIL else _with_plus(failed))


def _is_same(channel: Channel, failed: str, contact: str) -> bool:
    return same_contact(channel, failed if channel is Channel.EMAIL else _with_plus(failed), contact)


def _with_plus(number: str) -> str:
    """Return a phone number with the plus sign that spreadsheets remove."""
    bare = number.strip()
    return f"+{bare}" if bare[:1].isdecimal() else bare
