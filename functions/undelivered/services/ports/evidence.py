"""Ports of evidence."""

from collections.abc import Sequence
from typing import Protocol

from undelivered.domain.signed_json import PublicKey


class EvidenceKeys(Protocol):
    """The keys that sign evidence. Calls raise RetryableError if the keys cannot be reached."""

    @property
    def public_keys(self) -> Sequence[PublicKey]:
        """The public keys, the one that signs first."""

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a SHA-256 digest with the first key: two numbers of 32 bytes."""
