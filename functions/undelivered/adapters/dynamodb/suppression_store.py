"""The store of suppressions on DynamoDB, by ``<channel>#<address>``, or a keyed hash of an erased address.

The key of a suppression that applies to one category only ends with a space and the category.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from undelivered.adapters.dynamodb.account_store import registered_accounts
from undelivered.adapters.dynamodb.client import (
    Action,
    ConditionFailedError,
    Row,
    batch_get,
    batch_get_keys,
    delete,
    put,
    query,
    query_all,
    transact_write,
)
from undelivered.adapters.dynamodb.item_rows import audit_of, audit_to_json
from undelivered.adapters.dynamodb.models import SuppressionModel
from undelivered.adapters.dynamodb.unreadable_rows import read_each, read_one, stored_moment
from undelivered.domain.batches import batches
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.suppression import (
    Suppression,
    SuppressionReason,
    effective_suppression,
    hide_address,
    holds_provider_entry,
)
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import KeyedHashes, SuppressedAddress

_HIDDEN: Final[Row] = {"hidden": {"BOOL": True}}

_WITHOUT_ADDRESS: Final = frozenset({"reason", "since", "lifted_at", "version", "category"})
"""The attributes that an unreadable suppression keeps when its address is erased."""

_ACCOUNTS_AT_ONCE: Final = 50
"""BatchGetItem takes 100 keys, and an address can be stored under two."""


def address_key(suppression: Suppression) -> str:
    """Return the sort key of a suppression: ``<channel>#<address>``, or ``<channel>#~<hash>``, and the category."""
    if suppression.address_hash:
        return _hidden_key(suppression.channel, suppression.address_hash, suppression.category)
    return _address_key(suppression.channel, suppression.address, suppression.category)


def _address_key(channel: Channel, address: str, category: str = "") -> str:
    return f"{channel.value}#{address}{_suffix(category)}"


def _hidden_key(channel: Channel, digest: str, category: str = "") -> str:
    return f"{channel.value}#~{digest}{_suffix(category)}"


def _suffix(category: str) -> str:
    return f" {category}" if category else ""


def suppression_row(suppression: Suppression, version: int) -> Row:
    """Return the row of a suppression."""
    row: Row = {
        "account_id": {"S": suppression.account_id},
        "address_key": {"S": address_key(suppression)},
        "reason": {"S": suppression.reason.value},
        "since": {"S": suppression.since.isoformat()},
        "version": {"N": str(version)},
    }
    if suppression.origin:
        row["origin"] = {"S": suppression.origin}
    if suppression.lifted_at:
        row["lifted_at"] = {"S": suppression.lifted_at.isoformat()}
    if suppression.audit:
        row["audit"] = {"S": audit_to_json(suppression.audit)}
    if suppression.spellings:
        row["spellings"] = {"SS": list(suppression.spellings)}
    if suppression.address_hash:
        row |= _HIDDEN
    if suppression.category:
        row["category"] = {"S": suppression.category}
    return row


def suppression_of(row: Row) -> Suppression:
    """Return the suppression of a row."""
    category = row["category"]["S"] if "category" in row else ""
    channel, _, address = row["address_key"]["S"].removesuffix(_suffix(category)).partition("#")
    hidden = address[1:] if "hidden" in row else ""
    lifted_at, audit, origin = row.get("lifted_at"), row.get("audit"), row.get("origin")
    return Suppression(
        account_id=row["account_id"]["S"],
        channel=Channel(channel),
        address="" if hidden else address,
        reason=SuppressionReason(row["reason"]["S"]),
        since=stored_moment(row["since"]["S"]),
        origin=origin["S"] if origin else "",
        lifted_at=stored_moment(lifted_at["S"]) if lifted_at else None,
        audit=audit_of(audit["S"]) if audit else (),
        version=int(row["version"]["N"]),
        address_hash=hidden,
        spellings=tuple(sorted(row["spellings"]["SS"])) if "spellings" in row else (),
        category=category,
    )


class DynamoSuppressionStore:
    """``ports.SuppressionStore`` on the table Suppressions."""

    def __init__(self, hashes: KeyedHashes) -> None:
        self._hashes = hashes

    def find(self, account_id: str, channel: Channel, address: str, category: str = "") -> Suppression | None:
        """Return the suppression of an address, for all messages or for those of a category, or None.

        Raises UnreadableRecordError: an address whose suppression cannot be read is not taken for one without.
        """
        readable, hidden = self._keys(account_id, channel, address, category)
        known = {key: read_one(row, suppression_of) for key, row in _rows(account_id, [readable, hidden]).items()}
        suppression = effective_suppression(known.get(readable), known.get(hidden))
        return replace(suppression, address=address) if suppression else None

    def find_many(self, account_id: str, addresses: Sequence[SuppressedAddress]) -> Sequence[Suppression]:
        """Return the suppressions of addresses, lifted or not, without those that cannot be read."""
        keys_of = {address: self._keys(account_id, *address) for address in dict.fromkeys(addresses)}
        rows = _rows(account_id, [key for pair in keys_of.values() for key in pair])
        known = {key: next(read_each([row], suppression_of), None) for key, row in rows.items()}
        suppressions = [
            (address, effective_suppression(known.get(readable), known.get(hidden)))
            for (_, address, *_), (readable, hidden) in keys_of.items()
        ]
        return [replace(suppression, address=address) for address, suppression in suppressions if suppression]

    def of_categories(self, account_id: str, channel: Channel, address: str) -> Sequence[Suppression]:
        """Return the suppressions of an address that each apply to one category only."""
        categories = {
            suppression.category
            for key in self._keys(account_id, channel, address)
            for suppression in self._with_categories(account_id, key)
        }
        return self.find_many(account_id, [(channel, address, category) for category in sorted(categories)])

    def _with_categories(self, account_id: str, key: str) -> Sequence[Suppression]:
        found = read_each(self._rows_with_categories(account_id, f"{key} "), suppression_of)
        return [suppression for suppression in found if suppression.category]

    @staticmethod
    def _rows_with_categories(account_id: str, prefix: str) -> list[Row]:
        within = SuppressionModel.address_key.startswith(prefix)
        return list(query_all(SuppressionModel, account_id, within, consistent=True))

    def _keys(self, account_id: str, channel: Channel, address: str, category: str = "") -> tuple[str, str]:
        """Return the two keys that an address can have: with the address itself, and with its hash."""
        digest = self._hashes.of_address(account_id, channel, address)
        return _address_key(channel, address, category), _hidden_key(channel, digest, category)

    def is_held_by_others(self, account_id: str, channel: Channel, address: str) -> bool:
        """Whether another account has a suppression for which the provider's entry must stay, or that is unreadable.

        Reads the keys of all accounts, 50 accounts in a request. An index would cost a write with each suppression, and
        lifts are rare.
        """
        others = [other for other in registered_accounts() if other != account_id]
        for batch in batches(others, _ACCOUNTS_AT_ONCE):
            keys: list[Row] = [
                {"account_id": {"S": other}, "address_key": {"S": key}}
                for other in batch
                for key in self._keys(other, channel, address)
            ]
            known: dict[str, dict[bool, Suppression]] = defaultdict(dict)
            for row in batch_get_keys(SuppressionModel, keys, consistent=True):
                suppression = next(read_each([row], suppression_of), None)
                if suppression is None:
                    return True
                known[row["account_id"]["S"]]["hidden" in row] = suppression
            effective = (effective_suppression(forms.get(False), forms.get(True)) for forms in known.values())
            if any(suppression and holds_provider_entry(suppression) for suppression in effective):
                return True
        return False

    def hide(self, account_id: str, channel: Channel, address: str) -> None:
        """Replace an address by its keyed hash; ``find`` still finds it."""
        self._hide(account_id, channel, address, "")
        prefix = f"{_address_key(channel, address)} "
        for row in self._rows_with_categories(account_id, prefix):
            self._hide(account_id, channel, address, row["address_key"]["S"].removeprefix(prefix))

    @retry_on_conflict
    def _hide(self, account_id: str, channel: Channel, address: str, category: str) -> None:
        readable, hidden = self._keys(account_id, channel, address, category)
        rows = _rows(account_id, [readable, hidden])
        known = {key: next(read_each([row], suppression_of), None) for key, row in rows.items()}
        if None in known.values():
            _hide_unreadable(account_id, rows, readable, hidden)
            return
        shown, before = known.get(readable), known.get(hidden)
        after = hide_address(shown, before, self._hashes.of_address(account_id, channel, address))
        if after is None or after == before:
            return
        row = suppression_row(after, before.version + 1 if before else 1)
        actions: list[Action] = [put(SuppressionModel, row, over_version=before.version if before else None)]
        if shown:
            actions.append(delete(SuppressionModel, _key(account_id, readable), version=shown.version))
        try:
            transact_write(actions)
        except ConditionFailedError as error:
            raise StaleWriteError("another write came first") from error

    def save(self, before: Suppression | None, after: Suppression) -> None:
        """Write a suppression; raises StaleWriteError if it is not stored as ``before``."""
        row = suppression_row(after, before.version + 1 if before else 1)
        try:
            transact_write([put(SuppressionModel, row, over_version=before.version if before else None)])
        except ConditionFailedError as error:
            raise StaleWriteError("another write came first") from error

    def page(
        self, account_id: str, channel: Channel | None, limit: int, after: str | None
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return a page of active suppressions by channel and address, and the key to continue after."""
        first = f"{channel.value}#" if channel else "\x01"
        last = f"{channel.value}#\U0010ffff" if channel else "\U0010ffff"
        shown: list[Suppression] = []
        within = SuppressionModel.address_key.between(first, last)
        start = {"account_id": {"S": account_id}, "address_key": {"S": after}} if after else None
        while len(shown) <= limit:
            rows, start = query(SuppressionModel, account_id, within, limit=limit + 1, after=start)
            shown += [suppression for suppression in read_each(rows, suppression_of) if suppression.active]
            if start is None:
                break
        more = len(shown) > limit
        return shown[:limit], address_key(shown[limit - 1]) if more else None


def _key(account_id: str, key: str) -> Row:
    return {"account_id": {"S": account_id}, "address_key": {"S": key}}


def _rows(account_id: str, keys: Sequence[str]) -> dict[str, Row]:
    """Return the rows that exist, by key."""
    rows = batch_get(SuppressionModel, account_id, keys, "address_key", consistent=True)
    return {row["address_key"]["S"]: row for row in rows}


def _hide_unreadable(account_id: str, rows: Mapping[str, Row], readable: str, hidden: str) -> None:
    """Move a row to the hidden key, without what may contain the address. Sends to the address stay refused.

    A row under the hidden key stays.
    """
    if readable not in rows:
        return
    table = SuppressionModel.Meta.table_name
    actions: list[Action] = [{"Delete": {"TableName": table, "Key": _key(account_id, readable)}}]
    if hidden not in rows:
        kept = {name: value for name, value in rows[readable].items() if name in _WITHOUT_ADDRESS}
        actions.append({"Put": {"TableName": table, "Item": {**kept, **_key(account_id, hidden), **_HIDDEN}}})
    transact_write(actions)
