"""Note that feedback arrives, so that the console can say so."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Feedback
from undelivered.domain.setup_test import TEST_PREFIX
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports.setup import LastEventStore, SetupTestStore

NOTED_EVERY: Final = timedelta(minutes=1)
"""How often the time of the last event is written at most, for each account and channel, by each container."""


class NoteEvent(Struct, frozen=True):
    """Records when the last event of an account was received, and that the bounce of a test was.

    Ingestion does not depend on it: if the table is busy, a later event is noted.
    """

    store: LastEventStore
    tests: SetupTestStore
    clock: Callable[[], datetime]
    noted: dict[tuple[str, Channel], datetime] = field(default_factory=dict)

    def __call__(self, account_id: str, feedback: Feedback) -> None:
        """Record an event, unless one of the same account and channel was recorded in the past minute."""
        key, now = (account_id, feedback.channel), self.clock()
        test_id = feedback.attribution.notification_id or ""
        if test_id.startswith(TEST_PREFIX):
            with suppress(RetryableError):
                self.tests.answer(account_id, test_id, now)
        before = self.noted.get(key)
        if before is not None and now < before + NOTED_EVERY:
            return
        try:
            self.store.note(*key, now)
        except RetryableError:
            return
        self.noted[key] = now
