"""Ports of what the first-run page shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from undelivered.domain.setup_test import SetupTest
from undelivered.domain.taxonomy import Channel


class LastEventStore(Protocol):
    """When feedback on the messages of an account was last received."""

    def note(self, account_id: str, channel: Channel, at: datetime) -> None:
        """Record that an event was received."""

    def of_account(self, account_id: str) -> Mapping[Channel, datetime]:
        """Return when the last event of each channel was received, without the channels that never had one.

        An event of the past minute may be missing (``NoteEvent``).
        """


class SetupTestStore(Protocol):
    """The last test of each account."""

    def start(self, account_id: str, test: SetupTest) -> None:
        """Record that a test was sent. It replaces the one before."""

    def answer(self, account_id: str, test_id: str, at: datetime) -> None:
        """Record that the bounce of a test was received."""

    def last(self, account_id: str) -> SetupTest | None:
        """Return the last test, or None (consistent reads)."""
