"""Signing secrets in AWS Secrets Manager. The current version signs; the previous version still verifies.

A new value rotates the secret. A link stays valid until the second rotation after it was signed.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

_STAGES = ("AWSCURRENT", "AWSPREVIOUS")
_CACHE_SECONDS = 300


class SecretsManagerKeys:
    """Reads the versions of a secret at most every five minutes."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - botocore creates its clients at run time
        arn: str,
        clock: Callable[[], float] = time.monotonic,
        stages: Sequence[str] = _STAGES,
    ) -> None:
        self._client, self._arn, self._clock, self._stages = client, arn, clock, stages
        self._cached: tuple[bytes, ...] = ()
        self._read_at = 0.0

    def secrets(self) -> Sequence[bytes]:
        """Return the current secret and the previous secret, if there is one."""
        if not self._cached or self._clock() - self._read_at > _CACHE_SECONDS:
            self._cached = tuple(secret for stage in self._stages if (secret := self._version(stage)))
            self._read_at = self._clock()
        return self._cached

    def _version(self, stage: str) -> bytes | None:
        try:
            response = self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except ClientError as error:
            if stage != "AWSCURRENT" and error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return str(response["SecretString"]).encode()
