"""The store of suppressed addresses on DynamoDB."""

from collections.abc import Sequence
from datetime import datetime

from undelivered.adapters.dynamodb.mapping import audit_of, audit_to_text
from undelivered.adapters.dynamodb.models import SuppressionModel
from undelivered.adapters.dynamodb.requests import ConditionFailedError, Row, get, get_many, put, query, write
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel


def address_key(suppression: Suppression) -> str:
    """Return the sort key of a suppression: ``<channel>#<address>``."""
    return _address_key(suppression.channel, suppression.address)


def _address_key(channel: Channel, address: str) -> str:
    return f"{channel.value}#{address}"


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
        row["audit"] = {"S": audit_to_text(suppression.audit)}
    return row


def suppression_of(row: Row) -> Suppression:
    """Return the suppression of a row."""
    channel, _, address = row["address_key"]["S"].partition("#")
    lifted_at, audit, origin = row.get("lifted_at"), row.get("audit"), row.get("origin")
    return Suppression(
        account_id=row["account_id"]["S"],
        channel=Channel(channel),
        address=address,
        reason=SuppressionReason(row["reason"]["S"]),
        since=datetime.fromisoformat(row["since"]["S"]),
        origin=origin["S"] if origin else "",
        lifted_at=datetime.fromisoformat(lifted_at["S"]) if lifted_at else None,
        audit=audit_of(audit["S"]) if audit else (),
        version=int(row["version"]["N"]),
    )


class DynamoSuppressionStore:
    """``ports.SuppressionStore`` on the table Suppressions."""

    def find(self, account_id: str, channel: Channel, address: str) -> Suppression | None:
        """Return what is known of an address, lifted or not."""
        row = get(SuppressionModel, account_id, _address_key(channel, address))
        return suppression_of(row) if row else None

    def find_many(self, account_id: str, addresses: Sequence[tuple[Channel, str]]) -> Sequence[Suppression]:
        """Return what is known of addresses, lifted or not."""
        keys = list(dict.fromkeys(_address_key(channel, address) for channel, address in addresses))
        rows = get_many(SuppressionModel, account_id, keys, "address_key", consistent=True)
        return [suppression_of(row) for row in rows]

    def save(self, before: Suppression | None, after: Suppression) -> None:
        """Write a suppression; raises StaleWriteError when ``before`` is not what is stored."""
        row = suppression_row(after, before.version + 1 if before else 1)
        try:
            write([put(SuppressionModel, row, over_version=before.version if before else None)])
        except ConditionFailedError as error:
            raise StaleWriteError("somebody else wrote in between") from error

    def page(
        self, account_id: str, channel: Channel | None, limit: int, after: str | None
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return a page of active suppressions in order of channel and address, and where to go on after."""
        first = f"{channel.value}#" if channel else "\x01"
        last = f"{channel.value}#\U0010ffff" if channel else "\U0010ffff"
        shown: list[Suppression] = []
        within = SuppressionModel.address_key.between(first, last)
        start = {"account_id": {"S": account_id}, "address_key": {"S": after}} if after else None
        while len(shown) <= limit:
            rows, start = query(SuppressionModel, account_id, within, limit=limit + 1, after=start)
            shown += [each for each in map(suppression_of, rows) if each.active]
            if start is None:
                break
        more = len(shown) > limit
        return shown[:limit], address_key(shown[limit - 1]) if more else None
