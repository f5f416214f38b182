"""Suppress an address."""

from undelivered.domain.suppression import Suppression, merge_suppression
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import SuppressionStore


@retry_on_conflict
def suppress(suppressions: SuppressionStore, cause: Suppression) -> Suppression:
    """Suppress the address of a cause and return the suppression as stored; doing it again changes nothing."""
    known = suppressions.find(cause.account_id, cause.channel, cause.address)
    merged = merge_suppression(known, cause)
    if merged != known:
        suppressions.save(known, merged)
    return merged
