"""Keyed hashes: HMAC-SHA256 (RFC 2104) under a secret of their own, which is never rotated."""

import hashlib
import hmac

from msgspec import Struct

from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import SigningKeys

_DIGITS = 32
"""Hexadecimal digits of a hash: 128 bits, so that two addresses never have the same hash."""


class HmacHashes(Struct, frozen=True):
    """``ports.KeyedHashes``. Without the secret, it is not possible to test which address a hash belongs to.

    The hash includes the account, so the same address has a different hash in each account.
    """

    keys: SigningKeys

    def of_customer(self, account_id: str, customer_id: str) -> str:
        """Return the hash of a customer's id."""
        return self._hash("customer", account_id, customer_id)

    def of_address(self, account_id: str, channel: Channel, address: str) -> str:
        """Return the hash of an address in its stored spelling."""
        return self._hash(channel.value, account_id, address)

    def _hash(self, *parts: str) -> str:
        return hmac.digest(self.keys.secrets()[0], "\n".join(parts).encode(), hashlib.sha256).hex()[:_DIGITS]
