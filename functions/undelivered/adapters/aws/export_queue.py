"""The queue of exports, which invokes ``export_report``."""

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from undelivered.adapters.aws.job_queue import put_job, read_job


class _ExportJob(Struct, frozen=True):
    account_id: str
    export_id: str


class SqsExportRunner(Struct, frozen=True):
    """``exports.ExportRunner`` on a queue, which limits how many exports are written at a time."""

    client: Any
    url: str

    def start(self, account_id: str, export_id: str) -> None:
        """Queue an export; raises RetryableError when SQS is busy."""
        put_job(self.client, self.url, asdict(_ExportJob(account_id, export_id)))


def read_export_job(body: str) -> tuple[str, str]:
    """Return the account and the id of the export in a message's body; raises UnreadableEventError."""
    job = read_job(body, _ExportJob, "an export job")
    return job.account_id, job.export_id
