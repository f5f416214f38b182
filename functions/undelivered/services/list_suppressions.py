"""List the suppressed addresses of an account."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import SuppressionStore

_MAX_READS: Final = 10
"""Maximum reads of the store for one page, when few addresses have the reason."""


class ListSuppressions(Struct, frozen=True):
    """The use case behind ``GET /suppressions``."""

    suppressions: SuppressionStore

    def __call__(  # noqa: PLR0913 - the filters of the list
        self,
        account_id: str,
        *,
        channel: Channel | None,
        reason: SuppressionReason | None,
        category: str | None = None,
        limit: int,
        after: str | None,
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return up to ``limit`` active suppressions, and the key to continue after, None at the end.

        A page may have fewer than ``limit``, even none, and still a key to continue after.
        """
        suppressions: list[Suppression] = []
        for _ in range(_MAX_READS):
            page, after = self.suppressions.page(account_id, channel, limit - len(suppressions), after)
            suppressions += [
                suppression
                for suppression in page
                if reason in {None, suppression.reason} and category in {None, suppression.category}
            ]
            if after is None or len(suppressions) == limit:
                break
        return suppressions, after
