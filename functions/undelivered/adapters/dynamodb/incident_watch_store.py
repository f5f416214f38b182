"""The store of the accounts that are looked at for incidents, and of the incidents that were published."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from undelivered.adapters.dynamodb.client import query_all
from undelivered.adapters.dynamodb.documents import get_document, put_document, save_document
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.services.ports.incidents import AnnouncedIncidents

WATCHED: Final = "~incidents"
"""The partition of the table Accounts with a row for each account that is looked at."""

_ANNOUNCED: Final = "announced-incidents"


class DynamoIncidentWatch:
    """``ports.incidents.IncidentWatch`` on the table Accounts."""

    def add(self, account_id: str, until: datetime) -> None:
        """Write the row of an account, which ends at a time."""
        put_document(WATCHED, account_id, {}, purge_at=until)

    def accounts(self, now: datetime) -> Iterable[str]:
        """Return the accounts with a row. DynamoDB deletes rows late."""
        rows = list(query_all(AccountModel, WATCHED, None))
        return [row["record"]["S"] for row in rows if int(row["purge_at"]["N"]) > now.timestamp()]

    def announced(self, account_id: str) -> AnnouncedIncidents:
        """Return the incidents of an account that were published; see ``ports.incidents``."""
        return get_document(account_id, _ANNOUNCED, AnnouncedIncidents) or AnnouncedIncidents(account_id)

    def save(self, announced: AnnouncedIncidents, until: datetime) -> None:
        """Write them; see ``ports.incidents``."""
        saved = replace(announced, version=announced.version + 1)
        save_document(announced.account_id, _ANNOUNCED, saved, over_version=announced.version, purge_at=until)
