"""Suppress an address."""

from undelivered.domain.suppression import Suppression, merge_suppression
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import SuppressionStore


@retry_on_conflict
def suppress(suppressions: SuppressionStore, cause: Suppression) -> Suppression:
    """Suppress the address of a cause and return the suppression as stored; doing it again changes nothing."""
    known = suppressions.find(cause.account_id, cause.channel, cause.address, cause.category)
    return save_cause(suppressions, known, cause)


def save_cause(suppressions: SuppressionStore, known: Suppression | None, cause: Suppression) -> Suppression:
    """Save what a cause changes in a suppression that was read; raises StaleWriteError if it has changed since."""
    merged = merge_suppression(known, cause)
    if merged != known:
        suppressions.save(known, merged)
    return merged
