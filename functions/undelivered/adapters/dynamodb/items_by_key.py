"""Reads items by their keys, from the report or from history."""

from collections.abc import Iterator, Sequence

from undelivered.adapters.dynamodb.client import batch_get
from undelivered.adapters.dynamodb.item_rows import readable_items
from undelivered.adapters.dynamodb.models import HistoryModel, ItemTable, UndeliveredModel
from undelivered.domain.item import UndeliveredItem


def items_by_key(account_id: str, entry_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
    """Return the items that exist, in any order. Keys must not be repeated; a recent write may be missing."""

    def read(model: type[ItemTable], keys: Sequence[str]) -> Iterator[UndeliveredItem]:
        return readable_items(batch_get(model, account_id, keys, "entry_key"))

    items = {item.entry_key: item for item in read(UndeliveredModel, entry_keys)}
    missing = [key for key in entry_keys if key not in items]
    return [*items.values(), *read(HistoryModel, missing)]
