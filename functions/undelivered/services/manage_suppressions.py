"""Add and lift suppressions by hand. A lift must succeed at the provider first, and is kept in the audit."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Consent
from undelivered.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RefusedError,
    StaleWriteError,
    UnreadableRecordError,
)
from undelivered.domain.item import Audit
from undelivered.domain.suppression import (
    SUPPRESS_ACTION,
    Lift,
    ProviderEntry,
    Suppression,
    SuppressionReason,
    merge_suppression,
)
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.contact_validation import well_formed_contact
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import ProviderSuppressions, SuppressionStore
from undelivered.services.suppress import save_cause, suppress

_WRONG_CHANNEL: Final = "must not be '{reason}' in the channel '{channel}'"
NEEDS_CONSENT = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.OPTED_OUT})
"""Suppressions by the recipient's choice: a lift needs the recipient's consent."""

_ONLY_FOR: Final = {SuppressionReason.UNSUBSCRIBED: Channel.EMAIL, SuppressionReason.OPTED_OUT: Channel.SMS}
"""Reasons that exist in one channel only."""

_MAX_CLOCK_SKEW: Final = timedelta(minutes=5)

_AT_ONCE: Final = 16
"""How many suppressions of a list are written at the same time."""


class NewSuppression(Struct, frozen=True):
    """An address to suppress, as it was given. ``since`` is when the reason arose, None for now.

    With a ``category``, only its messages are suppressed, because the recipient unsubscribed from them.
    """

    channel: Channel
    address: str
    reason: SuppressionReason = SuppressionReason.MANUAL
    since: datetime | None = None
    why: str = ""
    category: str = ""


class SuppressionOutcome(StrEnum):
    """What became of a suppression in a list."""

    SUPPRESSED = "suppressed"
    UNCHANGED = "unchanged"  #: a stronger or earlier reason is known, or the suppression was lifted later
    REFUSED = "refused"  #: a value is not valid


class AddResult(Struct, frozen=True):
    """What became of a suppression in a list. ``error`` says why it was refused."""

    outcome: SuppressionOutcome
    error: InvalidInputError | None = None


class ManageSuppressions(Struct, frozen=True):
    """The use cases on suppressions."""

    suppressions: SuppressionStore
    provider: ProviderSuppressions
    clock: Callable[[], datetime]

    def add(self, account_id: str, new: NewSuppression, *, by: str) -> Suppression:
        """Suppress an address and return the suppression; a stronger reason that is in force stays.

        Raises InvalidInputError.
        """
        return suppress(self.suppressions, self._cause(account_id, new, by))

    def add_many(
        self, account_id: str, news: Sequence[NewSuppression], *, by: str, dry_run: bool = False
    ) -> Sequence[AddResult]:
        """Suppress addresses, each on its own; return the results in order. With ``dry_run``, write nothing."""
        causes = [self._cause_or_error(account_id, new, by) for new in news]
        valid = [cause for cause in causes if isinstance(cause, Suppression)]
        stored = self.suppressions.find_many(
            account_id, [(cause.channel, cause.address, cause.category) for cause in valid]
        )
        known = {_key(suppression): suppression for suppression in stored}

        def add_one(cause: Suppression | InvalidInputError) -> AddResult:
            if isinstance(cause, InvalidInputError):
                return AddResult(SuppressionOutcome.REFUSED, cause)
            before = known.get(_key(cause))
            if before is not None and not _changes(before, cause):
                return AddResult(SuppressionOutcome.UNCHANGED)
            if not dry_run:
                try:
                    self._save_read(before, cause)
                except UnreadableRecordError:
                    error = InvalidInputError("address", "the suppression that is stored cannot be read")
                    return AddResult(SuppressionOutcome.REFUSED, error)
            return AddResult(SuppressionOutcome.SUPPRESSED)

        return in_threads(add_one, causes, at_once=_AT_ONCE)

    def _save_read(self, before: Suppression | None, cause: Suppression) -> None:
        try:
            save_cause(self.suppressions, before, cause)
        except StaleWriteError:
            suppress(self.suppressions, cause)

    def _cause_or_error(self, account_id: str, new: NewSuppression, by: str) -> Suppression | InvalidInputError:
        try:
            return self._cause(account_id, new, by)
        except InvalidInputError as error:
            return error

    def _cause(self, account_id: str, new: NewSuppression, by: str) -> Suppression:
        """Return a valid cause of a suppression; raises InvalidInputError."""
        address = well_formed_contact(new.channel, new.address, "address")
        channel, now = _ONLY_FOR.get(new.reason), self.clock()
        if channel and channel is not new.channel:
            raise InvalidInputError("reason", _WRONG_CHANNEL.format(reason=new.reason, channel=new.channel))
        if new.category and new.reason is not SuppressionReason.UNSUBSCRIBED:
            raise InvalidInputError("reason", "must be 'unsubscribed' for a category")
        if new.since and new.since > now + _MAX_CLOCK_SKEW:
            raise InvalidInputError("since", "must not be in the future")
        written = new.address.strip()
        return Suppression(
            account_id,
            new.channel,
            address,
            new.reason,
            min(new.since or now, now),
            origin=by,
            audit=(Audit(now, by, SUPPRESS_ACTION, new.why),),
            # The address may be on the provider's list as it was given, and is removed from it in that spelling.
            spellings=(written,) if new.channel is Channel.EMAIL and written != address and written.isascii() else (),
            category=new.category,
        )

    @retry_on_conflict
    def lift(  # noqa: PLR0913 - the address, and what the audit keeps
        self,
        account_id: str,
        channel: Channel,
        address: str,
        *,
        by: str,
        why: str,
        consent: Consent | None = None,
        reported: Suppression | None = None,
        category: str = "",
        at: datetime | None = None,
    ) -> Lift:
        """Lift a suppression, first at the provider, whose entry stays if another account also holds it.

        The unsubscription from a category is lifted here only, because it is not on the provider's list.

        ``reported`` is an opt-out that is known from a failure, and may be on the provider's list only. ``at`` is when
        the recipient asked for it, None for now: what happens later suppresses the address again. Raises NotFoundError
        when the address is not suppressed, RefusedError after a complaint and when the consent is missing, and
        SuppressionNotLiftedError when the provider does not lift it: then the suppression stays.
        """
        stored = self.suppressions.find(account_id, channel, address, category)
        known = merge_suppression(stored, reported) if reported else stored
        if known is None or not known.active:
            raise NotFoundError("the address is not suppressed")
        _check_liftable(known, consent)
        opt_in = known.reason is SuppressionReason.OPTED_OUT
        entry = ProviderEntry.KEPT
        if category:
            entry = ProviderEntry.REMOVED
        elif not self.suppressions.is_held_by_others(account_id, channel, address):
            self.provider.lift(channel, address, spellings=known.spellings, opt_in=opt_in)
            entry = ProviderEntry.REMOVED
        now = at or self.clock()
        audit = Audit(now, by, "lift", _record(known, why, consent, entry))
        lifted = replace(known, lifted_at=now, audit=(*known.audit, audit))
        self.suppressions.save(stored, lifted)
        return Lift(lifted, entry)


def _key(suppression: Suppression) -> tuple[Channel, str, str]:
    return suppression.channel, suppression.address, suppression.category


def _changes(known: Suppression, cause: Suppression) -> bool:
    merged = merge_suppression(known, cause)
    return (merged.reason, merged.since, merged.active) != (known.reason, known.since, known.active)


def _check_liftable(known: Suppression, consent: Consent | None) -> None:
    if known.reason is SuppressionReason.COMPLAINT:
        raise RefusedError(
            "suppression_blocked_by_complaint",
            "The customer marked a message as spam. You cannot lift this. Contact them another way.",
        )
    if known.reason in NEEDS_CONSENT and consent is None:
        raise RefusedError(
            "suppression_needs_consent",
            "The customer opted out. To lift this, record their consent: who gave it, how and when.",
        )


def _record(known: Suppression, why: str, consent: Consent | None, entry: ProviderEntry) -> str:
    """Return the detail of the audit: why, what the suppression was, the consent, and the entry if it stays."""
    before = f"was {known.reason} since {known.since.isoformat()}"
    given = f"consent by {consent.given_by}, {consent.how}, {consent.at.isoformat()}" if consent else ""
    kept = "stays on the provider's list for another account" if entry is ProviderEntry.KEPT else ""
    return "; ".join(part for part in (why, before, given, kept) if part)
