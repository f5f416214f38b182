"""Jobs as JSON in queues of Amazon SQS."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from undelivered.domain.errors import RetryableError, UnreadableEventError

Job = TypeVar("Job", bound=msgspec.Struct)

_BUSY: Final = frozenset({"RequestThrottled", "ThrottlingException", "InternalError", "ServiceUnavailable"})
"""Error codes of SQS after which another try can succeed (Amazon SQS API Reference, "Common Error Types")."""


def put_job(client: Any, url: str, job: Mapping[str, str]) -> None:  # noqa: ANN401 - botocore creates its clients at run time
    """Queue a job; raises RetryableError when SQS is busy."""
    try:
        client.send_message(QueueUrl=url, MessageBody=json.dumps(dict(job)))
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
            raise RetryableError("SQS is busy") from error
        raise
    except BotoCoreError as error:
        raise RetryableError(f"SQS cannot be reached: {type(error).__name__}") from error


def read_job(body: str, schema: type[Job], name: str) -> Job:
    """Return the job in a message's body; raises UnreadableEventError, which says that it is no ``name``."""
    try:
        return msgspec.json.decode(body, type=schema)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise UnreadableEventError(f"not {name}") from error
