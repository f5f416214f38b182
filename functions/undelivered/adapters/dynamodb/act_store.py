"""The store of what people did, on the table Accounts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from undelivered.adapters.dynamodb.documents import newest_documents, put_document
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
