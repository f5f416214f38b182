"""A process that exports many rows to an S3 of the caller's, and prints what that cost.

    python -m tests.integration.export_of_many <rows> <S3 endpoint>

Everything but the report and the record is real: the writing, the CSV, botocore's client and its uploads.
"""

import json
import resource
import sys
import time
from datetime import timedelta

from botocore.config import Config
from botocore.session import get_session
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item
from tests.fakes import FakeAccountStore, FakeExportRunner, FakeExportStore
from undelivered.adapters.aws.s3 import S3ExportFiles
from undelivered.adapters.language_files import texts
from undelivered.domain.item import LIVE_STATES
from undelivered.domain.report_query import Period, ReportFilter, window_start
from undelivered.domain.taxonomy import Reason
from undelivered.services.export_report import ExportReport
from undelivered.services.ports import Page
from undelivered.services.request_export import Exports


class ManyItems:
    """A report of as many items as wanted, made as they are read."""

    def __init__(self, number):
        self._number = number
        self._like = an_item(Reason.MAILBOX_FULL, title="Your invoice for November is ready, please pay it in time")

    def page(self, account_id, wanted, limit, after, now):  # noqa: ARG002
        first = int(after) + 1 if after else 0
        last = min(first + limit, self._number)
        items = tuple(
            replace(
                self._like,
                sent_at=NOW - timedelta(seconds=number),
                origin_id=f"0100018f-{number:012d}",
                notification_id=f"n-{number}",
                customer_id=f"c-{number}",
                recipient=f"person-{number}@example.com",
            )
            for number in range(first, last)
        )
        return Page(items, str(last - 1) if last < self._number else None)


def export(rows, endpoint):
    client = get_session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    store, runner, accounts = FakeExportStore(), FakeExportRunner(), FakeAccountStore()
    files = S3ExportFiles(client, "exports")
    clock = lambda: NOW + timedelta(seconds=time.monotonic())  # noqa: E731
    wanted = ReportFilter(Period(window_start(NOW), NOW + timedelta(days=1)), LIVE_STATES)
    asked = Exports(store, files, runner, accounts, clock).request(ACCOUNT, wanted, by="viewer@example.com")
    write = ExportReport(store, files, runner, ManyItems(rows), accounts, clock, texts, lambda _: None)
    before, begun, worked = peak_megabytes(), time.perf_counter(), time.process_time()
    write(*runner.events[0], lambda: True)
    seconds = time.perf_counter() - begun
    done = store.find(ACCOUNT, asked.export_id)
    return {
        "state": done.state,
        "rows": done.rows,
        "rows_per_s": round(rows / seconds),
        "cpu_us_per_row": round((time.process_time() - worked) * 1e6 / rows, 1),
        "peak_mb": round(peak_megabytes(), 1),
        "grown_mb": round(peak_megabytes() - before, 1),
    }


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


if __name__ == "__main__":
    print(json.dumps(export(int(sys.argv[1]), sys.argv[2])))  # noqa: T201
