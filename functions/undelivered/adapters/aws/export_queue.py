"""The queue of exports, which invokes ``export_report``."""

import json
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.domain.errors import RetryableError, UnreadableEventError

_BUSY: Final = frozenset({"RequestThrottled", "ThrottlingException", "InternalError", "ServiceUnavailable"})
"""Error codes of SQS after which another try can succeed (Amazon SQS API Reference, "Common Error Types")."""


class SqsExportRunner(Struct, frozen=True):
    """``exports.ExportRunner`` on a queue, which limits how many exports are written at a time."""

    client: Any
    url: str

    def start(self, account_id: str, export_id: str) -> None:
        """Queue an export; raises RetryableError when SQS is busy."""
        body = json.dumps({"account_id": account_id, "export_id": export_id})
        try:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)
        except ClientError as error:
            if error.response["Error"]["Code"] in _BUSY:
                raise RetryableError("SQS is busy") from error
            raise
        except BotoCoreError as error:
            raise RetryableError(f"SQS cannot be reached: {type(error).__name__}") from error


def read_export_job(body: str) -> tuple[str, str]:
    """Return the account and the id of the export in a message's body; raises UnreadableEventError."""
    try:
        job = json.loads(body)
        account_id, export_id = job["account_id"], job["export_id"]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableEventError("not an export job") from error
    if not (isinstance(account_id, str) and isinstance(export_id, str)):
        raise UnreadableEventError("not an export job")
    return account_id, export_id
