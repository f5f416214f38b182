"""The cost of a count and of a page of the report, in capacity units and CPU, by account size, on DynamoDB Local."""

import base64
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Final

from msgspec.structs import replace

from infrastructure.bench import dataset, subprocess_runner
from infrastructure.bench.figures import Figure
from infrastructure.bench.meter import Usage, metering, size_of
from infrastructure.local import dynamodb_local

_PAGE: Final = 50
_LARGEST_PAGE: Final = 200
_SPANS: Final = (30, 100)
_CALLS: Final = 40
_BYTES_PER_UNIT: Final = 4_096
_EMPTY_RESPONSE_UNITS: Final = 0.5
_ISSUER: Final = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_bench"
_CLIENT: Final = "bench"


def measure(sizes: Sequence[int], progress: Callable[[float], None]) -> list[Figure]:
    """Measure counts in accounts of all ``sizes``, and pages in the largest account."""
    folder = dataset.folder(sizes, lambda share: progress(0.8 * share))
    private, document = _signing_key()
    with dynamodb_local.running(folder) as local, subprocess_runner.responder(document) as keys:
        environment = {
            **subprocess_runner.function_environment(local.url),
            **local.environment,
            "TOKEN_ISSUER": _ISSUER,
            "CONSOLE_CLIENT_ID": _CLIENT,
            "HOST_CLIENT_ID": "host",
            "TOKEN_KEYS_URL": keys,
            "SIGNING_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench",
            "EVIDENCE_KEYS": "arn:aws:kms:us-east-1:000000000000:key/bench",
            "SIGN_IN_URL": keys,
            "PUBLIC_URL": keys,
            "BENCH_TOKEN": _token(private, dataset.account(sizes[-1]).account_id),
        }
        results = subprocess_runner.run("query_cost", *map(str, sizes), environment=environment)
    progress(1.0)
    return [*_counts(sizes, results), *_pages(sizes, results), *_statistics(results)]


def _statistics(results: Mapping[str, Any]) -> Iterator[Figure]:
    for name, units_by_days in results["statistics"].items():
        for days, units in units_by_days.items():
            says = f"read capacity of GET /undelivered/{name} for {days} days in the largest account"
            yield Figure(f"{name}_rcu_{days}d", units, "RCU", says)


def _counts(sizes: Sequence[int], results: Mapping[str, Any]) -> Iterator[Figure]:
    for size in sizes:
        says = f"read capacity of a count with {size:,} open items, 30 seconds after a cleanup"
        count = dict(results["counts"][str(size)])
        yield Figure(f"count_rcu_{_short(size)}", count.pop("rcu"), "RCU", says, count)


def _pages(sizes: Sequence[int], results: Mapping[str, Any]) -> Iterator[Figure]:
    ratios = {name: page["rcu"] / page["rcu_of_bytes"] for name, page in results["pages"].items()}
    floor = "the read capacity for the page's bytes stored together, at least half a unit"
    name = f"report_page_rcu_over_bytes_{_short(sizes[-1])}"
    says = f"read capacity of a page of {_PAGE}, relative to {floor}; for the worst filter"
    yield Figure(name, max(ratios.values()), "times", says, ratios)
    charged = {
        name: (page["rcu"] + _EMPTY_RESPONSE_UNITS * page["empty_responses"]) / page["rcu_of_bytes"]
        for name, page in results["pages"].items()
    }
    says = "the same, with half a unit for each empty response, which DynamoDB Local does not count"
    yield Figure(f"{name}_charged", max(charged.values()), "times", says, charged)
    yield Figure(
        "report_cpu_ms",
        results["report_cpu_ms"],
        "ms",
        f"CPU of GET /undelivered, a page of {_PAGE}, for the whole function",
        {"floor_ms": results["report_floor_ms"], "over_floor": results["report_cpu_ms"] / results["report_floor_ms"]},
    )


def _short(size: int) -> str:
    return f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1_000}k"  # noqa: PLR2004 - a million


# --- In the measuring process


def main() -> None:
    """Measure in a process that has the environment of the API function. The arguments are the account sizes."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import shared_connection
    from undelivered.bootstrap import api

    sizes = [int(size) for size in sys.argv[1:]]
    now = dataset.NOW + timedelta(seconds=30)
    bootstrap.now = lambda: now
    reports = api.use_cases().reports
    client = shared_connection().client
    counts = {}
    for size in sizes:
        account_id = dataset.account(size).account_id
        with metering(client) as usage:
            counted = reports.count(account_id, now)
        counts[size] = {"rcu": usage.read_units, "counted": counted.total, "calls": usage.calls.total()}
    account_id = dataset.account(sizes[-1]).account_id
    bootstrap.accounts().settings(account_id)  # cached for a minute, so not part of the cost of a page
    pages = {
        name: _page_cost(reports, client, account_id, wanted, limit, now)
        for name, (wanted, limit) in _filters(account_id, now).items()
    }
    statistics_cost = _statistics_cost(client, account_id, now)
    subprocess_runner.report_results(
        {"counts": counts, "pages": pages, "statistics": statistics_cost, **_cpu(account_id, client)}
    )


def _statistics_cost(client: Any, account_id: str, now: Any) -> dict[str, dict[int, float]]:
    """Return the read capacity of the trend and of the summary, by the number of days that they cover."""
    from undelivered.bootstrap import api
    from undelivered.domain.report_query import local_day

    reading = api.use_cases().read_reports
    today = local_day(now, reading.zone(account_id))
    costs: dict[str, dict[int, float]] = {}
    for name, read in {"trend": reading.failures_by_day, "summary": reading.summary}.items():
        for days in _SPANS:
            with metering(client) as usage:
                read(account_id, today - timedelta(days=days - 1), today)
            costs.setdefault(name, {})[days] = usage.read_units
    return costs


def _filters(account_id: str, now: Any) -> dict[str, tuple[Any, int]]:
    """Return filters of the report by name, with their page sizes. Together they use every index."""
    from undelivered.domain.failure_counts import CLASSES
    from undelivered.domain.item import LIVE_STATES, State
    from undelivered.domain.report_query import Period, ReportFilter
    from undelivered.domain.taxonomy import Channel, Status

    month = Period(now - timedelta(days=30), now + timedelta(days=1))
    far = Period(now - timedelta(days=90), now + timedelta(days=1))
    past = Period(now - timedelta(days=90), now - timedelta(days=40))
    brink = Period(now - timedelta(days=90), now - timedelta(days=30) + timedelta(minutes=30))
    plain = ReportFilter(month)

    def of(status: Status | None = None, channel: Channel | None = None) -> Any:
        return frozenset(
            class_ for class_ in CLASSES if status in {None, class_.status} and channel in {None, class_.channel}
        )

    named = {
        "everything": plain,
        **{f"status {status.value}": replace(plain, classes=of(status)) for status in Status},
        **{
            f"status {status.value}, one channel": replace(plain, classes=of(status, Channel.EMAIL))
            for status in Status
        },
        "texts": replace(plain, classes=of(channel=Channel.SMS)),
        "rare texts": replace(plain, classes=of(Status.DROPPED, Channel.SMS)),
        "ready": replace(plain, ready=True),
        "one customer": replace(plain, customer_id=_a_customer(account_id, plain, now)),
        "open and resolved": replace(plain, states=LIVE_STATES | {State.RESOLVED}),
        "resending": replace(plain, states=frozenset({State.RESENDING})),
        "resolved": replace(plain, states=frozenset({State.RESOLVED})),
        "dismissed": replace(plain, states=frozenset({State.DISMISSED})),
        "every state": replace(plain, states=frozenset(State)),
        "every state, past included": replace(plain, states=frozenset(State), period=far),
        "expired": replace(plain, states=frozenset({State.EXPIRED}), period=far),
        "the past": replace(plain, states=frozenset(State), period=past),
        **{
            f"status {status.value}, {name}": replace(plain, states=frozenset(State), period=period, classes=of(status))
            for status in Status
            for name, period in {"past included": far, "past alone": past, "where the past begins": brink}.items()
        },
        "everything where the past begins": replace(plain, states=frozenset(State), period=brink),
        "resolved, past included": replace(plain, states=frozenset({State.RESOLVED}), period=far),
    }
    pages: dict[str, tuple[Any, int]] = {name: (wanted, _PAGE) for name, wanted in named.items()}
    return pages | {f"everything, a page of {_LARGEST_PAGE}": (plain, _LARGEST_PAGE)}


def _a_customer(account_id: str, plain: Any, now: Any) -> str:
    from undelivered.bootstrap import api

    return str(api.use_cases().reports.page(account_id, plain, 1, None, now).items[0].customer_id)


def _page_cost(  # noqa: PLR0913, PLR0917 - the arguments of a page
    reports: Any,
    client: Any,
    account_id: str,
    wanted: Any,
    limit: int,
    now: Any,
) -> dict[str, float]:
    """Return the cost of a filter's first or second page, whichever costs more, and of the page's bytes alone."""
    costs = []
    after = None
    for _ in range(2):
        with metering(client) as usage:
            page = reports.page(account_id, wanted, limit, after, now)
        bytes_ = sum(map(size_of, _rows(account_id, [item.entry_key for item in page.items])))
        costs.append(_cost(usage, bytes_, len(page.items)))
        after = page.next_key
        if after is None:
            break
    return max(costs, key=lambda cost: cost["rcu"] / cost["rcu_of_bytes"])


def _cost(usage: Usage, bytes_: int, items: int) -> dict[str, float]:
    of_bytes = max(ceil(bytes_ / _BYTES_PER_UNIT), 1) * 0.5  # an eventually consistent read of each 4 KB
    return {
        "rcu": usage.read_units,
        "rcu_of_bytes": of_bytes,
        "items": items,
        "bytes": bytes_,
        "calls": usage.calls.total(),
        "empty_responses": usage.empty_responses,
    }


def _rows(account_id: str, keys: Sequence[str]) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    from undelivered.adapters.dynamodb.client import batch_get
    from undelivered.adapters.dynamodb.models import HistoryModel, UndeliveredModel

    live = list(batch_get(UndeliveredModel, account_id, keys, "entry_key"))
    missing = sorted(set(keys) - {row["entry_key"]["S"] for row in live})
    yield from live
    yield from batch_get(HistoryModel, account_id, missing, "entry_key")


# --- CPU


def _cpu(account_id: str, client: Any) -> dict[str, float]:
    """Return the CPU time of a page through the API function, and of a query for the same items and their JSON."""
    import os

    from undelivered.entrypoints.api_handler import app

    event = _event({"Authorization": os.environ["BENCH_TOKEN"]}, {"limit": str(_PAGE)})

    def product() -> None:
        response = app(event, subprocess_runner.LambdaContext())
        assert response["statusCode"] == 200, response  # noqa: PLR2004 - OK

    def floor() -> None:
        response = client.query(
            TableName="undelivered",
            KeyConditionExpression="account_id = :account",
            ExpressionAttributeValues={":account": {"S": account_id}},
            ScanIndexForward=False,
            Limit=_PAGE,
        )
        json.dumps(response["Items"])

    times: dict[str, list[float]] = {"report_cpu_ms": [], "report_floor_ms": []}
    for call in range(_CALLS):
        for name, work in (("report_cpu_ms", product), ("report_floor_ms", floor)):
            began = time.process_time()
            work()
            if call > _CALLS // 4:
                times[name].append((time.process_time() - began) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def _event(headers: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    """Return API Gateway's event for a GET request of the report."""
    return {
        "resource": "/undelivered",
        "path": "/undelivered",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": "GET",
            "resourcePath": "/undelivered",
            "path": "/api/undelivered",
            "requestId": "bench",
            "stage": "api",
        },
        "body": None,
        "isBase64Encoded": False,
    }


def _signing_key() -> tuple[Any, str]:
    """Return a private key, and the user pool's document (JWKS) with the public key."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    private = generate_private_key(public_exponent=65537, key_size=2048)
    modulus = private.public_key().public_numbers().n
    key = {
        "kid": "bench",
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "n": _base64url(modulus.to_bytes(256)),
        "e": "AQAB",
    }
    return private, json.dumps({"keys": [key]})


def _token(private: Any, account_id: str) -> str:
    """Return a manager's token for an account, valid for a century."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    claims = {
        "iss": _ISSUER,
        "aud": _CLIENT,
        "token_use": "id",
        "exp": time.time() + 100 * 365 * 86_400,
        "sub": "bench",
        "email": "manager@harbor.example",
        "custom:account_id": account_id,
        "cognito:groups": ["managers"],
    }
    head = {"alg": "RS256", "kid": "bench"}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_base64url(private.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
