"""Signing secrets in AWS Secrets Manager: the current version signs, the previous one still verifies.

Rotating is putting a new value; links signed before it hold until the next rotation.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

_STAGES = ("AWSCURRENT", "AWSPREVIOUS")
_KEPT_SECONDS = 300


class SecretsManagerKeys:
    """Reads the secret's versions, or one of them, at most every five minutes."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - botocore makes its clients' classes as it goes
        arn: str,
        clock: Callable[[], float] = time.monotonic,
        stages: Sequence[str] = _STAGES,
    ) -> None:
        self._client, self._arn, self._clock, self._stages = client, arn, clock, stages
        self._known: tuple[bytes, ...] = ()
        self._read_at = 0.0

    def secrets(self) -> Sequence[bytes]:
        """Return the present secret, then the previous one when there is one."""
        if not self._known or self._clock() - self._read_at > _KEPT_SECONDS:
            self._known = tuple(secret for stage in self._stages if (secret := self._version(stage)))
            self._read_at = self._clock()
        return self._known

    def _version(self, stage: str) -> bytes | None:
        try:
            answer = self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except ClientError as error:
            if stage != "AWSCURRENT" and error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return str(answer["SecretString"]).encode()
