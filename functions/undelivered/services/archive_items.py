"""Keep items that left the report in history, unless their customer was erased."""

from msgspec import Struct

from undelivered.domain.item import UndeliveredItem
from undelivered.services.erased_messages import Message, erased_messages
from undelivered.services.ports import ErasureStore, UndeliveredStore


class ArchiveItem(Struct, frozen=True):
    """The use case of ``archive``. Doing it again changes nothing."""

    undelivered: UndeliveredStore
    erasures: ErasureStore

    def __call__(self, item: UndeliveredItem, *, settle_counters: bool) -> None:
        """Keep an item in history; see ``UndeliveredStore.archive``.

        A record of the stream can arrive long after the item left the report. If the customer was erased in between,
        the item is not kept. The counters stay, as they are of the past and identify nobody.
        """
        message = Message(item.customer_id, item.channel, item.recipient, item.sent_at)
        if not erased_messages(self.erasures, item.account_id, [message]):
            self.undelivered.archive([item], settle_counters=settle_counters)
