"""Find the addresses that others put on the providers' lists, and suppress them where they are a customer's contact."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from msgspec import Struct

from undelivered.domain.address import is_address, normalise_address
from undelivered.domain.item import Audit
from undelivered.domain.suppression import PROVIDERS, SUPPRESS_ACTION, Suppression
from undelivered.domain.taxonomy import Channel
from undelivered.services.in_parallel import in_threads
from undelivered.services.ports import (
    AccountStore,
    CustomerStore,
    ListedAddress,
    ListPosition,
    ListPositionStore,
    ProviderLists,
    SuppressionStore,
)
from undelivered.services.suppress import suppress

_AT_ONCE: Final = 8
"""How many addresses are looked up at the same time."""

_OVERLAP: Final = timedelta(hours=1)
"""How far back a run reads again, because SES may list an entry late."""

_FOUND_ON: Final = {
    Channel.EMAIL: "found on SES's account-level suppression list",
    Channel.SMS: "found on SNS's list of opted-out numbers",
}


class SyncResult(Struct, frozen=True):
    """How many suppressions were added, and how many new entries are of no customer's address."""

    added: int = 0
    unknown: int = 0


class SyncSuppressions(Struct, frozen=True):
    """The use case of ``sync_suppressions``. Each run continues where the run before stopped.

    An entry that an account already suppresses is its own, and others' messages may still go to the address one day.
    An entry that no account suppresses was made by others. It belongs to every account with the address as a contact.
    """

    lists: ProviderLists
    positions: ListPositionStore
    suppressions: SuppressionStore
    customers: CustomerStore
    accounts: AccountStore
    clock: Callable[[], datetime]

    def __call__(self, has_time: Callable[[], bool]) -> SyncResult:
        """Read both lists while ``has_time`` returns True."""
        added = unknown = 0
        for channel in Channel:
            for found in self._new_addresses(channel, has_time):
                added += found
                unknown += not found
        return SyncResult(added, unknown)

    def _new_addresses(self, channel: Channel, has_time: Callable[[], bool]) -> list[int]:
        """Read a list to its end, or while there is time; return the number of accounts for each new address."""
        position = self.positions.find(channel)
        if not position.token:
            # A list is read up to the start of the run, so that it does not change while it is read.
            position = ListPosition(since=position.until and position.until - _OVERLAP, until=self.clock())
        account_ids = list(self.accounts.account_ids())
        found: list[int] = []
        while has_time():
            page, token = self.lists.page(channel, position)
            found += self._suppress_all(channel, page, account_ids)
            position = ListPosition(position.since, position.until, token)
            self.positions.save(channel, position)
            if not token:
                break
        return found

    def _suppress_all(self, channel: Channel, page: Sequence[ListedAddress], account_ids: Sequence[str]) -> list[int]:
        results = in_threads(partial(self._suppress, channel, account_ids), page, at_once=_AT_ONCE)
        return [number for number in results if number is not None]

    def _suppress(self, channel: Channel, account_ids: Sequence[str], listed: ListedAddress) -> int | None:
        """Suppress a listed address; return for how many accounts, or None if an account already suppresses it."""
        address = normalise_address(channel, listed.address)
        if not is_address(channel, listed.address) or self.suppressions.is_held_by_others("", channel, address):
            return None
        now = self.clock()
        holders = [each for each in account_ids if self.customers.find_by_address(each, channel, address, limit=1)]
        for account_id in holders:
            cause = Suppression(
                account_id,
                channel,
                address,
                listed.reason,
                min(listed.since or now, now),
                origin=PROVIDERS[channel],
                audit=(Audit(now, PROVIDERS[channel], SUPPRESS_ACTION, _FOUND_ON[channel]),),
                spellings=(listed.address,) if listed.address != address else (),
            )
            suppress(self.suppressions, cause)
        return len(holders)
