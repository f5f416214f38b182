"""The store of when feedback was last received, on DynamoDB."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from undelivered.adapters.dynamodb.documents import documents_of, put_document
from undelivered.domain.taxonomy import Channel

_RECORD: Final = "last-event~"


class _LastEvent(Struct, frozen=True):
    channel: Channel
    at: datetime


class DynamoLastEventStore:
    """``ports.setup.LastEventStore`` on the table Accounts: a row for each channel, without personal data."""

    def note(self, account_id: str, channel: Channel, at: datetime) -> None:
        """Write when an event was received."""
        put_document(account_id, f"{_RECORD}{channel}", _LastEvent(channel, at))

    def of_account(self, account_id: str) -> Mapping[Channel, datetime]:
        """Return when the last event of each channel was received. A row that cannot be read is left out."""
        return {event.channel: event.at for event in documents_of(account_id, _RECORD, _LastEvent)}
