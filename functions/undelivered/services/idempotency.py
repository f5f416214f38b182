"""Idempotent requests: a client sends a key with a request, and a second request with the same key has no effect."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import Attempt, UndeliveredItem
from undelivered.domain.resend_policy import ResendCode
from undelivered.services.ports import IdempotencyRecord, IdempotencyStore, UndeliveredStore

REMEMBERED_FOR: Final = timedelta(hours=24)


class IdempotentResend(Struct, frozen=True):
    """Start an attempt once for a key, for 24 hours."""

    undelivered: UndeliveredStore
    records: IdempotencyStore
    clock: Callable[[], datetime]

    def __call__(
        self, account_id: str, entry_key: str, start: Callable[[], UndeliveredItem], *, key: str, fingerprint: str
    ) -> tuple[UndeliveredItem, Attempt]:
        """Call ``start`` unless a request with the same key was accepted before.

        Return the item as it is then, and the attempt that the request started.

        Raises NotFoundError, what ``start`` raises, and RefusedError when the key was used for another request.
        """
        known = self.records.find(account_id, key)
        if known and known.fingerprint != fingerprint:
            raise RefusedError(
                "idempotency_key_reused", "This Idempotency-Key was already used for a different request."
            )
        if known and known.done:
            item = self._item(account_id, entry_key)
            return item, item.attempt(known.attempt) or item.last_attempt
        record = IdempotencyRecord(account_id, key, fingerprint, done=False, forget_at=self.clock() + REMEMBERED_FOR)
        self.records.save(record)
        try:
            item = start()
        except RefusedError as error:
            if known is None or error.code != ResendCode.ALREADY_RUNNING:
                raise
            # An earlier request with this key started the resend and was interrupted, or is still running.
            item = self._item(account_id, entry_key)
        self.records.save(replace(record, done=True, attempt=item.last_attempt.number))
        return item, item.last_attempt

    def _item(self, account_id: str, entry_key: str) -> UndeliveredItem:
        item = self.undelivered.find(account_id, entry_key)
        if item is None:
            raise NotFoundError("item not found")
        return item
