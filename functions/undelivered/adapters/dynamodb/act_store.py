"""The store of what people did, on the table Accounts."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.documents import delete_document, newest_documents, put_document
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import from_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.act import ACTS_KEPT_FOR, Act

_PREFIX: Final = "act~"


class DynamoActStore:
    """``ports.acts.ActStore``: a document for each act, which DynamoDB deletes after ``ACTS_KEPT_FOR``."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def add(self, act: Act) -> None:
        """Write an act."""
        put_document(act.account_id, f"{_PREFIX}{act.act_id}", act, purge_at=act.at + ACTS_KEPT_FOR)

    def page(self, account_id: str, limit: int, after: str | None) -> tuple[Sequence[Act], str | None]:
        """Return a page of acts, newest first, and the id to continue after, or None on the last page."""
        page = newest_documents(account_id, _PREFIX, Act, limit + 1, after=f"{_PREFIX}{after}" if after else None)
        kept = [act for act in page if act.at + ACTS_KEPT_FOR > self._clock()]
        shown = kept[:limit]
        return shown, shown[-1].act_id if len(kept) > limit else None

    def forget(self, account_id: str, customer_id: str, item_ids: Collection[str]) -> None:
        """Write the acts without the ids; see ``ports.acts.ActStore``. This reads all acts of the account."""
        named = [each for each in (customer_id, *item_ids) if each]
        for row in query_all(AccountModel, account_id, AccountModel.record.startswith(_PREFIX), consistent=True):
            body = str(row["body"].get("S"))
            if not any(each in body for each in named):
                continue
            act = next(read_each([row], lambda row: from_json(row["body"]["S"], Act)), None)
            if act is None:
                delete_document(account_id, row["record"]["S"])
            elif act.names(customer_id, item_ids):
                self.add(replace(act, item_id="", customer_id=""))
