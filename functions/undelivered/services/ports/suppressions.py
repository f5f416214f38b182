"""Ports of suppressed addresses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel

SuppressedAddress = tuple[Channel, str] | tuple[Channel, str, str]
"""A channel and an address, for all messages, or with a category, for its messages only."""


class SuppressionStore(Protocol):
    """Suppressions, lifted or not, by address and category. All reads but ``page`` are consistent."""

    def find(self, account_id: str, channel: Channel, address: str, category: str = "") -> Suppression | None:
        """Return the suppression of an address, for all messages or for those of a category."""

    def find_many(self, account_id: str, addresses: Sequence[SuppressedAddress]) -> Sequence[Suppression]:
        """Return the suppressions of addresses, in any order."""

    def of_categories(self, account_id: str, channel: Channel, address: str) -> Sequence[Suppression]:
        """Return the suppressions of an address that each apply to one category only."""

    def is_held_by_others(self, account_id: str, channel: Channel, address: str) -> bool:
        """Whether another account has a suppression for which the provider's entry must stay."""

    def save(self, before: Suppression | None, after: Suppression) -> None:
        """Write a suppression; raises StaleWriteError when it is not stored as it was before."""

    def hide(self, account_id: str, channel: Channel, address: str) -> None:
        """Replace an address by its keyed hash; ``find`` still finds it. Raises StaleWriteError."""

    def page(
        self, account_id: str, channel: Channel | None, limit: int, after: str | None
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return a page of active suppressions, and the key to continue after, None on the last page."""


class ProviderSuppressions(Protocol):
    """The suppression lists of the providers."""

    def lift(self, channel: Channel, address: str, *, spellings: Sequence[str] = (), opt_in: bool) -> None:
        """Remove an address from the provider's list; does nothing if the address is not on the list.

        ``spellings`` are forms in which the provider reported the address, and in which it may be on the list.
        ``opt_in`` opts a phone number in again. Raises SuppressionNotLiftedError when the provider does not do it.
        """


class ListedAddress(Struct, frozen=True):
    """An entry on a provider's list, in the provider's spelling. ``since`` is None if the provider does not say."""

    address: str
    reason: SuppressionReason
    since: datetime | None = None


class ListPosition(Struct, frozen=True):
    """How far a provider's list has been read: entries from ``since`` up to ``until``, None for no bound.

    ``token`` is the provider's position of the next page, empty when the list was read to its end.
    """

    since: datetime | None = None
    until: datetime | None = None
    token: str = ""


class ListPositionStore(Protocol):
    """How far the providers' lists have been read."""

    def find(self, channel: Channel) -> ListPosition:
        """Return the position in the list of a channel; an empty one if it was never read."""

    def save(self, channel: Channel, position: ListPosition) -> None:
        """Write the position in the list of a channel."""


class ProviderLists(Protocol):
    """The entries on the lists of the providers."""

    def page(self, channel: Channel, position: ListPosition) -> tuple[Sequence[ListedAddress], str]:
        """Return a page of the list of a channel from a position on, and the token of the next page.

        If the provider does not know the token any more, return the first page. A list without dates is read in full.
        """
