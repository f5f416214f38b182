"""Send the test of the first-run page, and read what became of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import uuid4

from msgspec import Struct

from undelivered.domain.notification import Notification, SendOutcome
from undelivered.domain.setup_test import TEST_PREFIX, SetupTest, TestState, test_address
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import NotificationStore, SendJob, SendQueue
from undelivered.services.ports.setup import SetupTestStore

_FIRST_ATTEMPT: Final = 1
_TITLE: Final = "Test of the delivery reports"
_TEXT: Final = "Undelivered sends this message to Amazon's mailbox simulator, which rejects it."


class CheckSetup(Struct, frozen=True):
    """The use cases of the first-run page's test: ``POST /setup/test``, and what ``GET /setup`` says of it."""

    tests: SetupTestStore
    notifications: NotificationStore
    sends: SendQueue
    clock: Callable[[], datetime]

    def send(self, account_id: str) -> SetupTest:
        """Queue an email to the mailbox simulator, as every first send is queued; raises RetryableError."""
        test = SetupTest(f"{TEST_PREFIX}{uuid4().hex}", self.clock())
        self.notifications.add(
            Notification(
                account_id=account_id,
                notification_id=test.test_id,
                customer_id=TEST_PREFIX.rstrip("-"),
                channel=Channel.EMAIL,
                title=_TITLE,
                text=_TEXT,
                created_at=test.sent_at,
                to=test_address(test.test_id),
                essential=True,  # without links to unsubscribe
            )
        )
        self.tests.start(account_id, test)
        self.sends.put([SendJob(account_id, test.test_id, _FIRST_ATTEMPT, channel=Channel.EMAIL)])
        return test

    def last(self, account_id: str) -> tuple[SetupTest, TestState] | None:
        """Return the last test and what became of it, or None if there was none."""
        test = self.tests.last(account_id)
        if test is None:
            return None
        attempt = self.notifications.find_attempt(account_id, test.test_id, _FIRST_ATTEMPT)
        was_refused = attempt is not None and attempt.outcome in {SendOutcome.FAILED, SendOutcome.DROPPED}
        return test, test.state(self.clock(), was_refused=was_refused)
