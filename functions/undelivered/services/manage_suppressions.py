"""Suppressions by hand: look up, add, and lift: audited, carried to the provider, and fail-closed."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.customer import Consent
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Audit
from undelivered.domain.suppression import Suppression, SuppressionReason, merge_suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import ProviderSuppressions, SuppressionStore
from undelivered.services.suppress import suppress

NEEDS_CONSENT = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.OPTED_OUT})
"""Suppressions that a person chose: only their consent lifts them."""


class ManageSuppressions(Struct, frozen=True):
    """The use cases on the suppression list of an account."""

    suppressions: SuppressionStore
    provider: ProviderSuppressions
    clock: Callable[[], datetime]

    def add(self, account_id: str, channel: Channel, address: str, *, by: str, why: str) -> Suppression:
        """Suppress an address by hand and return what now holds; a graver reason that holds already stays."""
        now = self.clock()
        audit = Audit(now, by, "suppress", why)
        cause = Suppression(account_id, channel, address, SuppressionReason.MANUAL, now, origin=by, audit=(audit,))
        return suppress(self.suppressions, cause)

    @retry_on_conflict
    def lift(  # noqa: PLR0913 - who, whose, why and with what consent
        self,
        account_id: str,
        channel: Channel,
        address: str,
        *,
        by: str,
        why: str,
        consent: Consent | None = None,
        reported: Suppression | None = None,
    ) -> Suppression:
        """Lift a suppression and return it, lifted.

        ``reported`` is an opt-out that a provider told of, which may stand on its list alone. The provider
        is told first: while it cannot be, the suppression stays and SuppressionNotLiftedError says why.
        Raises NotFoundError when the address is not suppressed, RefusedError for a complaint and for what
        needs a consent.
        """
        stored = self.suppressions.find(account_id, channel, address)
        known = merge_suppression(stored, reported) if reported else stored
        if known is None or not known.active:
            raise NotFoundError("the address is not suppressed")
        _check_liftable(known, consent)
        self.provider.lift(channel, address, opt_in=known.reason is SuppressionReason.OPTED_OUT)
        now = self.clock()
        audit = Audit(now, by, "lift", _record(known, why, consent))
        lifted = replace(known, lifted_at=now, audit=(*known.audit, audit))
        self.suppressions.save(stored, lifted)
        return lifted


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


def _record(known: Suppression, why: str, consent: Consent | None) -> str:
    """Return what the audit keeps: why, what was there before, and the consent."""
    before = f"was {known.reason} since {known.since.isoformat()}"
    given = f"consent by {consent.given_by}, {consent.how}, {consent.at.isoformat()}" if consent else ""
    return "; ".join(part for part in (why, before, given) if part)
