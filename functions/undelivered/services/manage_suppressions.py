"""Add and lift suppressions by hand. A lift must succeed at the provider first, and is kept in the audit."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Consent
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Audit
from undelivered.domain.suppression import Lift, ProviderEntry, Suppression, SuppressionReason, merge_suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import ProviderSuppressions, SuppressionStore
from undelivered.services.suppress import suppress

NEEDS_CONSENT = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.OPTED_OUT})
"""Suppressions by the recipient's choice: a lift needs the recipient's consent."""


class ManageSuppressions(Struct, frozen=True):
    """The use cases on suppressions."""

    suppressions: SuppressionStore
    provider: ProviderSuppressions
    clock: Callable[[], datetime]

    def add(self, account_id: str, channel: Channel, address: str, *, by: str, why: str) -> Suppression:
        """Suppress an address and return the suppression; a stronger reason that is in force stays."""
        now = self.clock()
        audit = Audit(now, by, "suppress", why)
        cause = Suppression(account_id, channel, address, SuppressionReason.MANUAL, now, origin=by, audit=(audit,))
        return suppress(self.suppressions, cause)

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
    ) -> Lift:
        """Lift a suppression, first at the provider, whose entry stays if another account also holds it.

        ``reported`` is an opt-out that is known from a failure, and may be on the provider's list only. Raises
        NotFoundError when the address is not suppressed, RefusedError after a complaint and when the consent is
        missing, and SuppressionNotLiftedError when the provider does not lift it: then the suppression stays.
        """
        stored = self.suppressions.find(account_id, channel, address)
        known = merge_suppression(stored, reported) if reported else stored
        if known is None or not known.active:
            raise NotFoundError("the address is not suppressed")
        _check_liftable(known, consent)
        opt_in = known.reason is SuppressionReason.OPTED_OUT
        entry = ProviderEntry.KEPT
        if not self.suppressions.is_held_by_others(account_id, channel, address):
            self.provider.lift(channel, address, spellings=known.spellings, opt_in=opt_in)
            entry = ProviderEntry.REMOVED
        now = self.clock()
        audit = Audit(now, by, "lift", _record(known, why, consent, entry))
        lifted = replace(known, lifted_at=now, audit=(*known.audit, audit))
        self.suppressions.save(stored, lifted)
        return Lift(lifted, entry)


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
