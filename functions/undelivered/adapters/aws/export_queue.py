"""The queue of exports, which invokes ``export_report``."""

import json
from typing import Any

from msgspec import Struct

from undelivered.adapters.aws.job_queue import put_job
from undelivered.domain.errors import UnreadableEventError


class SqsExportRunner(Struct, frozen=True):
    """``exports.ExportRunner`` on a queue, which limits how many exports are written at a time."""

    client: Any
    url: str

    def start(self, account_id: str, export_id: str) -> None:
        """Queue an export; raises RetryableError when SQS is busy."""
        put_job(self.client, self.url, {"account_id": account_id, "export_id": export_id})


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
