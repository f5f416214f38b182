"""Add an entry to the audit trail of an item."""

from datetime import datetime

from msgspec.structs import replace

from undelivered.domain.item import Audit
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import UndeliveredStore


@retry_on_conflict
def add_audit(undelivered: UndeliveredStore, account_id: str, entry_key: str, audit: Audit, now: datetime) -> None:
    """Add an entry, unless the item has it already, or has left the report."""
    item = undelivered.find(account_id, entry_key)
    if item and now < item.leaves_at and audit not in item.audit:
        undelivered.save(item, replace(item, audit=(*item.audit, audit)))
