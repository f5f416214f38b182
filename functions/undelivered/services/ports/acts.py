"""The port of what people did."""

from collections.abc import Collection, Sequence
from typing import Protocol

from undelivered.domain.act import Act


class ActStore(Protocol):
    """The acts of the people of accounts."""

    def add(self, act: Act) -> None:
        """Record an act."""

    def page(self, account_id: str, limit: int, after: str | None) -> tuple[Sequence[Act], str | None]:
        """Return a page of acts, newest first, and the id to continue after, or None on the last page."""

    def forget(self, account_id: str, customer_id: str, item_ids: Collection[str]) -> None:
        """Take the ids of a customer and of some items out of all acts, also of those that cannot be read."""
