"""The use case that records feedback, on stores in memory."""

from tests.builders.accounts import message_accounts
from tests.builders.items import NOW
from tests.fakes import (
    FakeCustomerStore,
    FakeErasureStore,
    FakeHashes,
    FakeNotificationStore,
    FakeShapeMappingStore,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.services.record_feedback import RecordFeedback


class Recording:
    """``use_case`` and its stores. ``accounts`` are the rules on the accounts of messages."""

    def __init__(self, accounts=None):
        self.suppressions, self.customers = FakeSuppressionStore(), FakeCustomerStore()
        self.items = FakeUndeliveredStore(self.suppressions, clock=lambda: NOW)
        self.notifications = FakeNotificationStore(clock=lambda: NOW)
        self.erasures = FakeErasureStore(self.customers)
        self.use_case = RecordFeedback(
            self.items,
            self.notifications,
            self.customers,
            self.suppressions,
            self.erasures,
            FakeHashes(),
            FakeShapeMappingStore(),
            accounts or message_accounts(),
            lambda: NOW,
        )
