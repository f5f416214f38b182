"""Suppress an address for one more cause."""

from undelivered.domain.errors import StaleWriteError
from undelivered.domain.suppression import Suppression, merge_suppression
from undelivered.services.ports import SuppressionStore

_TRIES = 4


def suppress(suppressions: SuppressionStore, cause: Suppression) -> Suppression:
    """Join a cause with what is known of its address, and return what now holds; again changes nothing.

    Raises StaleWriteError when others keep writing the same address.
    """
    for _ in range(_TRIES):
        known = suppressions.find(cause.account_id, cause.channel, cause.address)
        merged = merge_suppression(known, cause)
        if merged == known:
            return merged
        try:
            suppressions.save(known, merged)
        except StaleWriteError:
            continue
        return merged
    raise StaleWriteError("too many concurrent updates of this suppression")
