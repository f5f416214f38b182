"""Rows an export writes in a second, and its memory: the whole function, from DynamoDB Local to a place for uploads.

Beside it stands its floor: the same rows read by bare queries of the same size, and nothing done with them.
"""

import resource
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from infrastructure.bench import dataset, subprocess_runner
from infrastructure.bench.cold_start import SETTINGS
from infrastructure.bench.figures import Figure
from infrastructure.local import dynamodb_local


def measure(sizes: Sequence[int], size: int) -> list[Figure]:
    """Export all open items of an account of a size, of those in the data set of all sizes."""
    with dynamodb_local.running(dataset.folder(sizes)) as local, subprocess_runner.serving("uploads") as others:
        environment = {
            **SETTINGS,
            **subprocess_runner.function_environment(others),
            **local.environment,
            "AWS_ENDPOINT_URL": others,
        }
        told = subprocess_runner.run("exporting", str(size), environment=environment)
    says = f"an export of {told['rows']:,} rows inside the function, from DynamoDB Local"
    floor = told["rows"] / told["floor_s"]
    rate = told["rows"] / told["seconds"]
    return [
        Figure("export_rows_per_s", rate, "rows/s", says, {"bare_queries_rows_per_s": floor, "of_it": rate / floor}),
        Figure("export_peak_mb", told["peak_mb"], "MB", f"{says}: peak memory", {"before_mb": told["before_mb"]}),
    ]


# --- the process that measures


def main() -> None:
    """Measure, in the environment of the function; the argument is the account's size."""
    from undelivered import bootstrap

    bootstrap.now = lambda: dataset.NOW + timedelta(seconds=30)
    account_id = dataset.account(int(sys.argv[1])).account_id
    export_id = _requested(bootstrap, account_id)
    before = _peak_mb()
    began = time.perf_counter()
    written = bootstrap.export_report()(account_id, export_id, lambda: True)
    seconds = time.perf_counter() - began
    assert not written.trouble, written.trouble
    peak = _peak_mb()
    began = time.perf_counter()
    _read_bare(account_id)
    subprocess_runner.hand_over(
        {
            "rows": written.rows,
            "seconds": seconds,
            "floor_s": time.perf_counter() - began,
            "peak_mb": peak,
            "before_mb": before,
        }
    )


def _requested(bootstrap: Any, account_id: str) -> str:
    """Return the id of an export of the whole report, waiting to be written."""
    from undelivered.domain.report_query import Period, ReportFilter
    from undelivered.services.request_export import Export

    now = bootstrap.now()
    wanted = ReportFilter(Period(now - timedelta(days=30), now + timedelta(days=1)))
    use_case = bootstrap.export_report()
    export = use_case.store.save(Export(account_id, f"bench-{time.time_ns()}", wanted, now, "bench", touched_at=now))
    return str(export.export_id)


def _read_bare(account_id: str) -> None:
    from undelivered.adapters.dynamodb.models import shared_connection

    client: Any = shared_connection().client
    after: dict[str, Any] = {}
    while True:
        answer = client.query(
            TableName="undelivered",
            KeyConditionExpression="account_id = :account",
            ExpressionAttributeValues={":account": {"S": account_id}},
            Limit=1_000,
            **after,
        )
        if "LastEvaluatedKey" not in answer:
            return
        after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _peak_mb() -> float:
    divisor = 1024 if sys.platform == "linux" else 1024 * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / divisor


if __name__ == "__main__":
    main()
