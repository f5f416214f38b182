"""Rows that the export function writes in a second, and its memory.

The function reads from DynamoDB Local and uploads to a local server that discards the data. The comparison only reads
the same rows, by queries with the same page size.
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
    """Export all open items of the account with ``size`` of them, from the data set for all ``sizes``."""
    with dynamodb_local.running(dataset.folder(sizes)) as local, subprocess_runner.serving("uploads") as uploads:
        environment = {
            **SETTINGS,
            **subprocess_runner.function_environment(uploads),
            **local.environment,
            "AWS_ENDPOINT_URL": uploads,
        }
        results = subprocess_runner.run("export_throughput", str(size), environment=environment)
    says = f"an export of {results['rows']:,} rows inside the function, from DynamoDB Local"
    floor = results["rows"] / results["floor_s"]
    rate = results["rows"] / results["seconds"]
    return [
        Figure("export_rows_per_s", rate, "rows/s", says, {"bare_queries_rows_per_s": floor, "of_it": rate / floor}),
        Figure(
            "export_peak_mb",
            results["peak_mb"],
            "MB",
            f"{says}: peak memory",
            {"before_mb": results["before_mb"]},
        ),
    ]


# --- In the measuring process


def main() -> None:
    """Measure in a process that has the environment of the function. The argument is the size of the account."""
    from undelivered import bootstrap

    bootstrap.now = lambda: dataset.NOW + timedelta(seconds=30)
    account_id = dataset.account(int(sys.argv[1])).account_id
    export_id = _request_export(bootstrap, account_id)
    before = _peak_mb()
    began = time.perf_counter()
    progress = bootstrap.export_report().write(account_id, export_id, lambda: True)
    seconds = time.perf_counter() - began
    assert not progress.error, progress.error
    peak = _peak_mb()
    began = time.perf_counter()
    _read_rows(account_id)
    subprocess_runner.report_results(
        {
            "rows": progress.rows,
            "seconds": seconds,
            "floor_s": time.perf_counter() - began,
            "peak_mb": peak,
            "before_mb": before,
        }
    )


def _request_export(bootstrap: Any, account_id: str) -> str:
    """Request an export of the whole report and return its id."""
    from undelivered.domain.export import Export
    from undelivered.domain.report_query import Period, ReportFilter

    now = bootstrap.now()
    everything = ReportFilter(Period(now - timedelta(days=30), now + timedelta(days=1)))
    use_case = bootstrap.export_report().write
    export = use_case.store.save(
        Export(account_id, f"bench-{time.time_ns()}", everything, now, "bench", touched_at=now)
    )
    return str(export.export_id)


def _read_rows(account_id: str) -> None:
    from undelivered.adapters.dynamodb.models import shared_connection

    client: Any = shared_connection().client
    after: dict[str, Any] = {}
    while True:
        response = client.query(
            TableName="undelivered",
            KeyConditionExpression="account_id = :account",
            ExpressionAttributeValues={":account": {"S": account_id}},
            Limit=1_000,
            **after,
        )
        if "LastEvaluatedKey" not in response:
            return
        after = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


def _peak_mb() -> float:
    divisor = 1024 if sys.platform == "linux" else 1024 * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / divisor


if __name__ == "__main__":
    main()
