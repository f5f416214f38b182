"""The stores of when feedback was last received, and of the last test of that, on DynamoDB."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.adapters.dynamodb.documents import documents_of, get_document, put_document
from undelivered.domain.setup_test import SetupTest
from undelivered.domain.taxonomy import Channel

_RECORD: Final = "last-event~"
_TEST: Final = "setup-test"
_ANSWER: Final = "setup-test-answer"


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


class _Answer(Struct, frozen=True):
    test_id: str
    at: datetime


class DynamoSetupTestStore:
    """``ports.setup.SetupTestStore`` on the table Accounts: a row for the test, and one for its answer.

    The API writes one and ingestion the other, so that neither has to read.
    """

    def start(self, account_id: str, test: SetupTest) -> None:
        """Write a test over the one before."""
        put_document(account_id, _TEST, test)

    def answer(self, account_id: str, test_id: str, at: datetime) -> None:
        """Write the answer to a test."""
        put_document(account_id, _ANSWER, _Answer(test_id, at))

    def last(self, account_id: str) -> SetupTest | None:
        """Return the last test with its answer, or None (consistent reads); raises UnreadableRecordError."""
        test = get_document(account_id, _TEST, SetupTest)
        answer = get_document(account_id, _ANSWER, _Answer) if test else None
        is_answered = test and answer and answer.test_id == test.test_id
        return replace(test, answered_at=answer.at) if test and answer and is_answered else test
