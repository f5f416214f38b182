"""The store of accounts and their settings on DynamoDB."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from undelivered.adapters.dynamodb.client import Row, get, query_all
from undelivered.adapters.dynamodb.documents import add_document, put_document
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.stored_json import from_json
from undelivered.adapters.dynamodb.unreadable_rows import read_one
from undelivered.domain.account_settings import AccountSettings

REGISTRY = "~accounts"
"""The partition that lists every account."""

RECOUNT = "recount"
"""The record of a change of time zone, after which the days of the trend are counted again (``Recount``)."""

_SETTINGS = "settings"
_CACHE_SECONDS = 60


class Recount(Struct, frozen=True):
    """When an account's time zone changed (seconds since 1970), and which days are still to be recounted.

    ``days`` is None while they are not known yet.
    """

    at: int
    days: tuple[date, ...] | None = None


class DynamoAccountStore:
    """``ports.AccountStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cached: dict[str, tuple[float, AccountSettings]] = {}

    def settings(self, account_id: str) -> AccountSettings:
        """Return an account's settings, at most a minute old; the first call for an account adds it to the list.

        Raises UnreadableRecordError.
        """
        settings = self._find(account_id)
        if settings is None:
            # Add it to the list first: after a crash in between, it is added again and never missing.
            put_document(REGISTRY, account_id, {})
            add_document(account_id, _SETTINGS, {})
            settings = self._keep(AccountSettings(account_id))
        return settings

    def exists(self, account_id: str) -> bool:
        """Whether an account exists (a consistent read, unless its settings were read in the past minute)."""
        return self._find(account_id) is not None

    def _find(self, account_id: str) -> AccountSettings | None:
        read_at, settings = self._cached.get(account_id, (0.0, None))
        if settings is None or self._clock() - read_at > _CACHE_SECONDS:
            row = get(AccountModel, account_id, _SETTINGS)
            if row is None:
                return None
            settings = self._keep(read_one(row, settings_of))
        return settings

    def _keep(self, settings: AccountSettings) -> AccountSettings:
        self._cached[settings.account_id] = (self._clock(), settings)
        return settings

    def save_settings(self, settings: AccountSettings) -> None:
        """Write an account's settings; other processes see them within a minute."""
        account_id = settings.account_id
        put_document(REGISTRY, account_id, {})
        self._cached.pop(account_id, None)
        if self.settings(account_id).time_zone != settings.time_zone:
            # Written first: an unnecessary recount is better than a missing recount.
            put_document(account_id, RECOUNT, Recount(int(time.time())))
        put_document(account_id, _SETTINGS, settings)
        self._cached.pop(account_id, None)

    def account_ids(self) -> Iterable[str]:
        """Return every account."""
        return registered_accounts()


def registered_accounts() -> Sequence[str]:
    """Return every account."""
    return [row["record"]["S"] for row in query_all(AccountModel, REGISTRY, None)]


def settings_of(row: Row) -> AccountSettings:
    """Return the settings of a row; raises an error if they cannot be read.

    Settings that an account has not set have their defaults.
    """
    stored = from_json(row["body"]["S"], dict[str, Any])
    settings = msgspec.convert({**stored, "account_id": row["account_id"]["S"]}, AccountSettings)
    ZoneInfo(settings.time_zone)
    return settings
