"""Counts the messages that were sent: ``S~<day>`` in the table Counts, by channel and ``rates.Sent``."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from undelivered.adapters.dynamodb.client import Row, add, busy_is_retryable, query_all
from undelivered.adapters.dynamodb.models import CountsModel, shared_connection
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.rates import DaySent, Sent, SentKey
from undelivered.domain.taxonomy import Channel

_KEPT_FOR: Final = timedelta(days=801)
"""The longest period of the statistics, and the period before."""

_NAMES: Final = {f"{channel.value[0]}{sent.value}": SentKey(channel, sent) for channel in Channel for sent in Sent}
_BY_KEY: Final = {key: name for name, key in _NAMES.items()}


class DynamoSentCountStore:
    """``ports.SentCountStore`` on the table Counts."""

    def add(self, account_id: str, day: date, numbers: Mapping[SentKey, int]) -> None:
        """Add to the counters of a day, with one write."""
        key: Row = {"account_id": {"S": account_id}, "bucket": {"S": f"S~{day.isoformat()}"}}
        purge_at = datetime.combine(day, time(), UTC) + _KEPT_FOR
        named = {_BY_KEY[key]: number for key, number in numbers.items()}
        action = add(CountsModel, key, named, purge_at=int(purge_at.timestamp()))
        with busy_is_retryable():
            # No other write of the row needs a transaction, and a plain update costs half.
            shared_connection().dispatch("UpdateItem", action["Update"])

    def by_day(self, account_id: str, first: date, last: date) -> DaySent:
        """Return the counters of the days of a span on which messages were sent."""
        within = CountsModel.bucket.between(f"S~{first.isoformat()}", f"S~{last.isoformat()}")
        return dict(read_each(query_all(CountsModel, account_id, within), _day_of))


def _day_of(row: Row) -> tuple[date, Counter[SentKey]]:
    numbers = Counter({key: int(row[name]["N"]) for name, key in _NAMES.items() if name in row})
    return date.fromisoformat(row["bucket"]["S"].removeprefix("S~")), numbers
