"""JSON that others can check: a JSON Web Signature (RFC 7515) with ES256 (RFC 7518 section 3.4), and its public key.

The signature is over a digest, so that the private key can stay where it is.
"""

import hashlib
import json

from msgspec import Struct

from undelivered.domain import base64url


class PublicKey(Struct, frozen=True):
    """A point on the curve P-256: its coordinates in 32 bytes each."""

    x: bytes
    y: bytes

    @property
    def key_id(self) -> str:
        """The thumbprint of the key (RFC 7638), by which a signature names it."""
        members = {"crv": "P-256", "kty": "EC", "x": base64url.encode(self.x), "y": base64url.encode(self.y)}
        required = json.dumps(members, separators=(",", ":"), sort_keys=True)
        return base64url.encode(hashlib.sha256(required.encode()).digest())


class SignedJson(Struct, frozen=True):
    """The flattened JSON serialization of a signature (RFC 7515 section 7.2.2), without the signature.

    ``digest`` is what the private key signs.
    """

    payload: str
    protected: str

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of the signing input."""
        return hashlib.sha256(f"{self.protected}.{self.payload}".encode()).digest()


def to_sign(payload: bytes, key: PublicKey, media_type: str) -> SignedJson:
    """Return a payload as it is signed with a key. ``media_type`` is without ``application/``."""
    header = {"alg": "ES256", "kid": key.key_id, "typ": media_type}
    protected = json.dumps(header, separators=(",", ":")).encode()
    return SignedJson(base64url.encode(payload), base64url.encode(protected))
