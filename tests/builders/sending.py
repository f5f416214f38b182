"""Everything that sends, resends and hears of it, on stores in memory, with a clock that a test moves."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from tests.builders.accounts import message_accounts
from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, an_attempt, an_item
from tests.fakes import (
    FakeAccountMappings,
    FakeAccountStore,
    FakeAttachmentFiles,
    FakeCustomerStore,
    FakeErasureStore,
    FakeHashes,
    FakeNotificationStore,
    FakeProviderSuppressions,
    FakeQueue,
    FakeSender,
    FakeShapeMappingStore,
    FakeSigningKeys,
    FakeSuppressionStore,
    FakeUndeliveredStore,
)
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.cleanup import CleanUp
from undelivered.services.ports import SendJob
from undelivered.services.record_feedback import RecordFeedback
from undelivered.services.request_resend import RequestResend
from undelivered.services.send_message import SendMessage
from undelivered.services.sender_rule import SenderRule
from undelivered.services.unsubscribe import Unsubscribe

EMAIL, PHONE = "ada@example.com", "+12065550100"
FIRST = SendJob(ACCOUNT, "n-1", 1)


@dataclass
class Product:
    """One customer, Ada, who was sent one notification, ``n-1``."""

    channel: Channel = Channel.EMAIL
    time: datetime = NOW
    queue: FakeQueue = field(default_factory=FakeQueue)
    mail: FakeSender = field(default_factory=FakeSender)
    texts: FakeSender = field(default_factory=FakeSender)
    customers: FakeCustomerStore = field(default_factory=FakeCustomerStore)
    suppressions: FakeSuppressionStore = field(default_factory=FakeSuppressionStore)
    accounts: FakeAccountStore = field(default_factory=FakeAccountStore)
    provider: FakeProviderSuppressions = field(default_factory=FakeProviderSuppressions)
    mappings: FakeAccountMappings = field(default_factory=FakeAccountMappings)
    shape_mappings: FakeShapeMappingStore = field(default_factory=FakeShapeMappingStore)
    files: FakeAttachmentFiles = field(default_factory=FakeAttachmentFiles)

    def __post_init__(self):
        self.items = FakeUndeliveredStore(
            self.suppressions, clock=self.clock, grace_of=lambda account_id: self.accounts.settings(account_id).grace
        )
        self.notifications = FakeNotificationStore(clock=self.clock)
        self.erasures = FakeErasureStore(self.customers)
        stores = {
            "undelivered": self.items,
            "notifications": self.notifications,
            "customers": self.customers,
            "clock": self.clock,
        }
        self.send_message = SendMessage(
            **stores,
            suppressions=self.suppressions,
            erasures=self.erasures,
            accounts=self.accounts,
            senders={Channel.EMAIL: self.mail, Channel.SMS: self.texts},
            sender_rule=SenderRule(self.mappings, ACCOUNT, "us@example.com"),
            keys=FakeSigningKeys(),
            public_url="https://api.example.com",
        )
        self.resend = RequestResend(
            **stores,
            suppressions=self.suppressions,
            accounts=self.accounts,
            resends=self.queue,
            provider=lambda: self.provider,
            files=lambda: self.files,
        )
        self.clean_up = CleanUp(**stores, accounts=self.accounts, resends=self.queue, attachments=self.files)
        self.record = RecordFeedback(
            **stores,
            suppressions=self.suppressions,
            erasures=self.erasures,
            hashes=FakeHashes(),
            shape_mappings=self.shape_mappings,
            accounts=message_accounts(),
        )
        self.unsubscribe = Unsubscribe(
            self.notifications, self.suppressions, self.accounts, FakeSigningKeys(), self.clock
        )
        self.customers.save(a_customer(email=EMAIL, phone=PHONE))
        self.notifications.add(a_notification(channel=self.channel, created_at=self.time - timedelta(days=1)))
        self.accounts.settings(ACCOUNT)

    def clock(self):
        return self.time

    @property
    def address(self):
        return EMAIL if self.channel is Channel.EMAIL else PHONE

    @property
    def sent(self):
        return (self.mail if self.channel is Channel.EMAIL else self.texts).sent

    def pass_time(self, **span):
        self.time += timedelta(**span)

    def item(self):
        (item,) = self.items.all_items(ACCOUNT)
        return item

    def fail(self, reason=Reason.MAILBOX_FULL):
        """Let the first send have failed a day ago, and return the item that it left."""
        first = an_item(reason, channel=self.channel, recipient=self.address, message_id="m-first")
        sent = an_attempt(
            to=self.address, claimed_at=first.sent_at, provider_message_id="m-first", outcome=SendOutcome.SENT
        )
        self.notifications.claim(sent)
        self.items.save(None, first)
        return self.item()

    def press_resend(self):
        """Have the item resent and return the order that waits in the queue now."""
        self.resend(ACCOUNT, self.item().entry_key, by="manager@example.com")
        return self.queue.orders[-1]

    def move_to(self, **contacts):
        """Change the customer's contacts."""
        self.customers.save(replace(self.customers.find(ACCOUNT, "c-1"), **contacts))

    def run_cleanup(self):
        return self.clean_up(lambda: True)
