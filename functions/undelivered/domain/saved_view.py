"""Saved views: filters of the report that an account has given a name."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

MAX_VIEWS: Final = 30
"""How many saved views an account can have."""

SavedFilter = Mapping[str, str | int | bool | list[str]]


class SavedView(Struct, frozen=True):
    """A named filter. ``last_days`` is the number of days up to today that it shows, None for the days of the filter.

    The filter names no person: it has neither a search text nor a customer.
    """

    view_id: str
    name: str
    filter: SavedFilter
    last_days: int | None = None


class AccountViews(Struct, frozen=True):
    """The saved views of an account, in the order in which they were made. ``version`` counts the writes."""

    account_id: str
    views: tuple[SavedView, ...] = ()
    version: int = 0

    def has(self, view_id: str) -> bool:
        """Whether there is a view with an ID."""
        return any(view.view_id == view_id for view in self.views)

    def with_view(self, view: SavedView) -> "AccountViews":
        """Return the views with a view in the place of the one with its ID, or at the end."""
        if not self.has(view.view_id):
            return replace(self, views=(*self.views, view))
        return replace(self, views=tuple(view if each.view_id == view.view_id else each for each in self.views))

    def without(self, view_id: str) -> "AccountViews":
        """Return the views without one."""
        return replace(self, views=tuple(view for view in self.views if view.view_id != view_id))
