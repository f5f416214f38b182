"""Count the failures without a known reason."""

from msgspec import Struct

from undelivered.domain.item import UndeliveredItem
from undelivered.domain.taxonomy import Channel
from undelivered.domain.unrecognised import unrecognised_shape
from undelivered.services.ports import UnrecognisedStore


class RecordUnrecognised(Struct, frozen=True):
    """A use case behind the stream of items. A change that is processed twice is counted twice."""

    unrecognised: UnrecognisedStore

    def __call__(self, before: UndeliveredItem | None, after: UndeliveredItem | None) -> None:
        """Count the failure of a changed item if it is new and gives no known reason."""
        if after is None:
            return
        attempt = after.failure
        shape = _shape(after)
        if not shape or (before and before.failure.number == attempt.number and _shape(before) == shape):
            return
        assert attempt.result is not None
        domain = attempt.to.rpartition("@")[2] if after.channel is Channel.EMAIL else ""
        self.unrecognised.record(after.account_id, shape, domain, attempt.result.at)


def _shape(item: UndeliveredItem) -> str:
    result = item.failure.result
    assert result is not None
    return unrecognised_shape(result.classification, result.diagnostic, item.failure.to)
