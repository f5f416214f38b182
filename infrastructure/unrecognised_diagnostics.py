"""The diagnostics without a known reason of a deployed stack: the product's own use case, on the stack's tables."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infrastructure.deployed_stack import DeployedStack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from undelivered.services.manage_diagnostics import KnownShape


def unrecognised_diagnostics(stack: DeployedStack, account: str | None) -> "Iterable[tuple[str, KnownShape]]":
    """Yield each account, or the named one, with each of its shapes, the most frequent first.

    The stores of this process use that stack from now on.
    """
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
    from undelivered.adapters.dynamodb.diagnostic_store import DynamoShapeMappingStore, DynamoUnrecognisedStore
    from undelivered.adapters.dynamodb.models import TableNames, use_tables
    from undelivered.services.manage_diagnostics import ManageDiagnostics

    os.environ |= stack.environment
    use_tables(TableNames(**stack.tables()))
    manage = ManageDiagnostics(DynamoUnrecognisedStore(), DynamoShapeMappingStore(), lambda: datetime.now(UTC))
    for account_id in [account] if account else DynamoAccountStore().account_ids():
        for known in manage.known_shapes(account_id):
            yield account_id, known
