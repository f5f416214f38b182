"""The store of the sending rates on DynamoDB."""

from uuid import uuid4

from msgspec import Struct

from undelivered.adapters.dynamodb.client import busy_is_retryable
from undelivered.adapters.dynamodb.documents import save_document
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import from_json
from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel

PARTITION = "~sending"
"""The partition of the sending rates, which belong to the AWS account and not to an account."""


class _Stored(Struct, frozen=True):
    """A rate and the id of its write: a repeated write must not be mistaken for another function's equal write."""

    rate: SendRate
    write_id: str


class DynamoSendRateStore:
    """``ports.SendRateStore`` on the table Accounts."""

    def find(self, channel: Channel) -> tuple[SendRate, int]:
        """Return the rate of a channel with its version; see ``ports.SendRateStore``."""
        with busy_is_retryable():
            try:
                model = AccountModel.get(PARTITION, channel.value, consistent_read=True)
            except AccountModel.DoesNotExist:
                return SendRate(), 0
        return from_json(model.body, _Stored).rate, int(model.version)

    def save(self, channel: Channel, rate: SendRate, *, over_version: int) -> None:
        """Write a rate over the version that was read; raises StaleWriteError when it has changed."""
        save_document(PARTITION, channel.value, _Stored(rate, uuid4().hex), over_version=over_version)
