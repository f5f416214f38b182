"""The time and the cost of a search of the report, by account size, on DynamoDB Local.

The account's items are in the search index, in blocks of a hundred as the stream brings them in a busy hour. The item
that is found is the oldest of the month, which is the worst case.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, Final

from infrastructure.bench import dataset, subprocess_runner
from infrastructure.bench.figures import Figure
from infrastructure.bench.meter import metering
from infrastructure.local import dynamodb_local

_ITEMS_OF_BATCH: Final = 100
_CUSTOMERS_PER_ITEM: Final = 0.04
_PAGE: Final = 50
_MONTH: Final = timedelta(days=30)
_BYTES_PER_UNIT: Final = 8_192  # eventually consistent


def measure(sizes: Sequence[int], progress: Callable[[float], None]) -> list[Figure]:
    """Search accounts of all ``sizes``."""
    with dynamodb_local.running() as local:
        environment = {**subprocess_runner.function_environment(local.url), **local.environment}
        results = subprocess_runner.run("search_cost", *map(str, sizes), environment=environment, progress=progress)
    return [figure for size in sizes for figure in _figures(size, results[str(size)])]


def _figures(size: int, result: dict[str, float]) -> Iterator[Figure]:
    name = f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1_000}k"  # noqa: PLR2004 - a million
    says = f"of a search for the oldest of {size:,} items"
    details = {key: result[key] for key in ("cpu_s", "pages", "calls", "bytes_per_item")}
    yield Figure(f"search_first_hit_s_{name}", result["seconds"], "s", f"time to the result {says}", details)
    yield Figure(f"search_rcu_{name}", result["rcu"], "RCU", f"read capacity {says}")
    customers = int(size * _CUSTOMERS_PER_ITEM)
    says = f"time to the result of a search for the last of {customers:,} customers"
    comparisons = {key: result[f"customers_{key}"] for key in ("cpu_s", "rcu", "pages")}
    yield Figure(f"customer_search_s_{customers}", result["customers_seconds"], "s", says, comparisons)


def main() -> None:
    """Measure in a process that has the environment of the API function. The arguments are the account sizes."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import MODELS, shared_connection
    from undelivered.adapters.dynamodb.report_reader import DynamoReportReader
    from undelivered.domain.report_query import Period, ReportFilter
    from undelivered.services.ports import NewEntry, SearchIndexState

    index = bootstrap.search_index()
    for model in MODELS.values():
        model.create_table()
    sizes = [int(size) for size in sys.argv[1:]]
    results: dict[str, dict[str, float]] = {}
    done = 0
    for size in sizes:
        account_id = f"acc-{size}"
        _fill(index, account_id, size, partial(_report, done, sum(sizes)))
        oldest = _an_item(account_id, 0, size, title="Needle in a haystack")
        bootstrap.undelivered_store().add_new([NewEntry(oldest)])
        index.add(account_id, [oldest])
        index.save_state(account_id, SearchIndexState(dataset.NOW, dataset.HISTORY_DAYS, is_whole=True))
        wanted = ReportFilter(Period(dataset.NOW - _MONTH, dataset.NOW + timedelta(days=1)), search="needle")
        reports, after, pages = DynamoReportReader(index), None, 0
        began, used = time.perf_counter(), time.process_time()
        with metering(shared_connection().client) as usage:
            while True:
                page = reports.page(account_id, wanted, _PAGE, after, dataset.NOW)
                after, pages = page.next_key, pages + 1
                if page.items or after is None:
                    break
        assert [item.title for item in page.items] == [oldest.title], page
        results[str(size)] = {
            "seconds": time.perf_counter() - began,
            "cpu_s": time.process_time() - used,
            "rcu": usage.read_units,
            "pages": pages,
            "calls": usage.calls.total(),
            "bytes_per_item": usage.read_units * _BYTES_PER_UNIT / size,
            **_search_customers(account_id, int(size * _CUSTOMERS_PER_ITEM)),
        }
        done += size
    subprocess_runner.report_results(results)


def _search_customers(account_id: str, number: int) -> dict[str, float]:
    """Return the time and the cost of a search for the last of an account's customers."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import shared_connection
    from undelivered.domain.customer import Customer, customer_search

    store = bootstrap.customer_store()
    store.save_many(
        [
            Customer(account_id, f"c-{each:08}", f"Person Number {each}", f"person-{each}@example.com", "+12065550100")
            for each in range(number)
        ]
    )
    store.save(Customer(account_id, "d", "Needle in a haystack"))
    pages, after = 0, None
    began, used = time.perf_counter(), time.process_time()
    with metering(shared_connection().client) as usage:
        while True:
            found, after = store.search(account_id, customer_search("needle"), _PAGE, after)
            pages += 1
            if found or after is None:
                break
    assert len(found) == 1, found
    return {
        "customers_seconds": time.perf_counter() - began,
        "customers_cpu_s": time.process_time() - used,
        "customers_rcu": usage.read_units,
        "customers_pages": pages,
    }


def _report(before: int, total: int, number: int) -> None:
    subprocess_runner.report_progress((before + number) / total)


def _fill(index: Any, account_id: str, size: int, progress: Callable[[int], None]) -> None:
    """Add items of a month to the index."""
    items = (_an_item(account_id, number, size) for number in range(1, size))
    done = 0
    while batch := list(islice(items, _ITEMS_OF_BATCH)):
        index.add(account_id, batch)
        done += len(batch)
        progress(done)


def _an_item(account_id: str, number: int, size: int, **changes: Any) -> Any:
    """Return an item of the data set; the numbers rise with the time of sending.

    Its message ID and its customer's name are random, because blocks are compressed.
    """
    import random
    from uuid import UUID

    from msgspec.structs import replace

    from undelivered.domain.item import State

    sent_at = dataset.NOW - _MONTH + timedelta(hours=1) + number * (_MONTH - timedelta(hours=2)) / size
    chosen = random.Random(number)  # noqa: S311 - the same items every time
    ids = {"origin_id": f"0100{chosen.getrandbits(48):012x}-{UUID(int=chosen.getrandbits(128))}-000000"}
    name = " ".join("".join(chosen.choices("aeionrstlmd", k=length)).title() for length in (6, 8))
    item = dataset.an_item(account_id, number, sent_at, State.OPEN, chosen)
    return replace(item, customer_name=name, **ids, **changes)


if __name__ == "__main__":
    main()
