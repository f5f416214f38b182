"""The store of accounts and their settings on DynamoDB."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from pynamodb.exceptions import PutError

from undelivered.adapters.dynamodb.client import busy_is_retryable, is_condition_failure
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.account_settings import AccountSettings

REGISTRY = "~accounts"
"""The partition that lists every account there is."""

RECOUNT = "recount"
"""The record that tells of a change of time zone: since then the days of the trend are others."""

_SETTINGS = "settings"
_KEPT_SECONDS = 60


class DynamoAccountStore:
    """``ports.AccountStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, AccountSettings]] = {}

    def settings(self, account_id: str) -> AccountSettings:
        """Return an account's settings, as read within the past minute; an account seen first is registered."""
        read_at, settings = self._known.get(account_id, (0.0, None))
        if settings is None or self._clock() - read_at > _KEPT_SECONDS:
            settings = self._read(account_id)
            self._known[account_id] = (self._clock(), settings)
        return settings

    def _read(self, account_id: str) -> AccountSettings:
        with busy_is_retryable():
            try:
                body = AccountModel.get(account_id, _SETTINGS, consistent_read=True).body
            except AccountModel.DoesNotExist:
                # Registered first: a crash in between registers it again, never leaves it out.
                AccountModel(REGISTRY, account_id).save()
                body = "{}"
                try:
                    AccountModel(account_id, _SETTINGS, body=body).save(AccountModel.account_id.does_not_exist())
                except PutError as error:
                    # Another container saw the account first at the same moment.
                    if not is_condition_failure(error):
                        raise
        return _settings_of(account_id, json.loads(body))

    def save_settings(self, settings: AccountSettings) -> None:
        """Write an account's settings; other processes see them within a minute."""
        written = msgspec.to_builtins(settings)
        del written["account_id"]
        with busy_is_retryable():
            AccountModel(REGISTRY, settings.account_id).save()
            if self._read(settings.account_id).time_zone != settings.time_zone:
                # Told first: counted anew for nothing is better than not at all.
                AccountModel(settings.account_id, RECOUNT, body=json.dumps({"at": int(time.time())})).save()
            AccountModel(settings.account_id, _SETTINGS, body=json.dumps(written)).save()
        self._known.pop(settings.account_id, None)

    def account_ids(self) -> Iterable[str]:
        """Return every account there is."""
        with busy_is_retryable():
            return [model.record for model in AccountModel.query(REGISTRY)]


def _settings_of(account_id: str, stored: dict[str, Any]) -> AccountSettings:
    """Return settings from what is stored; what is not stored has its default."""
    return msgspec.convert({**stored, "account_id": account_id}, AccountSettings)
