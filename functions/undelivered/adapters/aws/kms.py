"""Asymmetric keys in AWS KMS. The private keys never leave KMS.

``cryptography`` reads the formats of KMS: keys are a SubjectPublicKeyInfo (RFC 5280), signatures the two numbers of
ECDSA in ASN.1 (AWS KMS API Reference, *GetPublicKey* and *Sign*). A JSON Web Signature has the two numbers alone.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from botocore.exceptions import ClientError

from undelivered.domain.errors import RetryableError
from undelivered.domain.signed_json import PublicKey

_BUSY: Final = frozenset(
    {"DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException", "ThrottlingException"}
)
_NUMBER_BYTES: Final = 32


class KmsKeys:
    """``ports.EvidenceKeys`` on keys of the kind ``ECC_NIST_P256``. The first key signs; the others still verify."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - botocore creates its clients at run time
        key_ids: Sequence[str],
    ) -> None:
        self._client, self._key_ids = client, key_ids

    @cached_property
    def public_keys(self) -> Sequence[PublicKey]:
        """The public keys, the one that signs first."""
        return [self._public_key(key_id) for key_id in self._key_ids]

    def _public_key(self, key_id: str) -> PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        key = load_der_public_key(self._call("get_public_key", KeyId=key_id)["PublicKey"])
        assert isinstance(key, EllipticCurvePublicKey)
        numbers = key.public_numbers()
        return PublicKey(numbers.x.to_bytes(_NUMBER_BYTES, "big"), numbers.y.to_bytes(_NUMBER_BYTES, "big"))

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a SHA-256 digest with the first key: two numbers of 32 bytes (RFC 7518)."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        answer = self._call(
            "sign", KeyId=self._key_ids[0], Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
        )
        return b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in decode_dss_signature(answer["Signature"]))

    def _call(self, operation: str, **values: object) -> Any:  # noqa: ANN401 - a response of botocore
        try:
            return getattr(self._client, operation)(**values)
        except ClientError as error:
            if error.response["Error"]["Code"] in _BUSY:
                raise RetryableError("KMS is busy") from error
            raise
