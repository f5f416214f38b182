"""Recount the items of a deployed stack: the product's own use case, on the stack's tables."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from infrastructure.deployed_stack import DeployedStack

if TYPE_CHECKING:
    from undelivered.services.reconcile_counts import ReconcileCounts


def reconcile_counts_of(stack: DeployedStack) -> "ReconcileCounts":
    """Return the use case for a stack. The stores of this process use that stack from now on."""
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
    from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
    from undelivered.adapters.dynamodb.models import TableNames, use_tables
    from undelivered.services.reconcile_counts import ReconcileCounts

    os.environ |= stack.environment
    use_tables(TableNames(**stack.tables()))
    accounts = DynamoAccountStore()
    counters = DynamoCountReconciliation(zone_of=lambda account_id: ZoneInfo(accounts.settings(account_id).time_zone))
    return ReconcileCounts(counters, accounts, lambda: datetime.now(UTC))
