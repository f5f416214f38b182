"""The store of the sending rates on DynamoDB."""

from uuid import uuid4

from msgspec import Struct

from undelivered.adapters.dynamodb.client import Row, get
from undelivered.adapters.dynamodb.documents import put_document, save_document
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import from_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel

PARTITION = "~sending"
"""The partition of the sending rates, which belong to the AWS account and not to an account."""


class _Stored(Struct, frozen=True):
    """A rate and the id of its write: a repeated write must not be mistaken for another function's equal write."""

    rate: SendRate
    write_id: str


def _rate_of(row: Row) -> tuple[SendRate, int]:
    return from_json(row["body"]["S"], _Stored).rate, int(row["version"]["N"])


class DynamoSendRateStore:
    """``ports.SendRateStore`` on the table Accounts."""

    def find(self, channel: Channel) -> tuple[SendRate, int]:
        """Return the rate of a channel with its version; see ``ports.SendRateStore``."""
        row = get(AccountModel, PARTITION, channel.value)
        if row is None:
            return SendRate(), 0
        return next(read_each([row], _rate_of), None) or self._started_anew(channel)

    @staticmethod
    def _started_anew(channel: Channel) -> tuple[SendRate, int]:
        """Replace a rate that cannot be read, which is then read from the provider again."""
        put_document(PARTITION, channel.value, _Stored(SendRate(), uuid4().hex), version=1)
        return SendRate(), 1

    def save(self, channel: Channel, rate: SendRate, *, over_version: int) -> None:
        """Write a rate over the version that was read; raises StaleWriteError when it has changed."""
        save_document(PARTITION, channel.value, _Stored(rate, uuid4().hex), over_version=over_version)
