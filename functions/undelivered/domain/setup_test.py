"""The test of the first-run page: an email to SES's mailbox simulator, whose bounce shows that feedback arrives.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html ("Using the mailbox simulator manually")
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

TEST_PREFIX: Final = "undelivered-test-"
"""The prefix of the IDs of tests. Events about a test make no item and suppress nothing."""

LATE_AFTER: Final = timedelta(minutes=5)
"""A bounce of the simulator comes within seconds. After so long, something is probably not set up."""


class TestState(StrEnum):
    """What became of a test."""

    WAITING = "waiting"  #: its bounce has not come yet
    ARRIVED = "arrived"  #: its bounce has come, so feedback arrives
    NOT_SENT = "not_sent"  #: SES did not accept it: the item on the report says why
    LATE = "late"  #: its bounce has not come for minutes


class SetupTest(Struct, frozen=True):
    """A test. ``answered_at`` is when its bounce was received."""

    test_id: str
    sent_at: datetime
    answered_at: datetime | None = None

    def state(self, now: datetime, *, was_refused: bool) -> TestState:
        """Return what became of the test."""
        if self.answered_at is not None:
            return TestState.ARRIVED
        if was_refused:
            return TestState.NOT_SENT
        return TestState.LATE if now >= self.sent_at + LATE_AFTER else TestState.WAITING


def test_address(test_id: str) -> str:
    """Return the address of a test. Each has a label of its own, so that no list keeps it from the next."""
    return f"bounce+{test_id.removeprefix(TEST_PREFIX)}@simulator.amazonses.com"
