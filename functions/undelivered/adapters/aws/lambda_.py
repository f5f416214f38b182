"""Starts the function ``export_report`` without waiting for it."""

import json
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.domain.errors import RetryableError

_BUSY: Final = frozenset({"TooManyRequestsException", "ServiceException", "EC2ThrottledException"})


class LambdaExportRunner(Struct, frozen=True):
    """``exports.ExportRunner`` by asynchronous invocation: Lambda queues the event and retries it twice."""

    client: Any
    function: str

    def start(self, account_id: str, export_id: str) -> None:
        """Start or continue an export; raises RetryableError when Lambda is busy."""
        event = json.dumps({"account_id": account_id, "export_id": export_id})
        try:
            self.client.invoke(FunctionName=self.function, InvocationType="Event", Payload=event.encode())
        except ClientError as error:
            if error.response["Error"]["Code"] in _BUSY:
                raise RetryableError("Lambda is busy") from error
            raise
        except BotoCoreError as error:
            raise RetryableError(f"Lambda cannot be reached: {type(error).__name__}") from error
