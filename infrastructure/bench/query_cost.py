"""What counting and a page of the report cost, in capacity units and CPU, at every size, on DynamoDB Local."""

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
_BYTES_OF_UNIT: Final = 4_096
_EMPTY_ANSWER: Final = 0.5
_ISSUER: Final = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_bench"
_CLIENT: Final = "bench"


def measure(sizes: Sequence[int], progress: Callable[[float], None]) -> list[Figure]:
    """Measure accounts of these sizes, pages in the largest of them."""
    folder = dataset.folder(sizes, lambda part: progress(0.8 * part))
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
            "EXPORT_FUNCTION": "export_report",
            "SIGN_IN_URL": keys,
            "PUBLIC_URL": keys,
            "BENCH_TOKEN": _token(private, dataset.account(sizes[-1]).account_id),
        }
        told = subprocess_runner.run("reading", *map(str, sizes), environment=environment)
    progress(1.0)
    return [*_counts(sizes, told), *_pages(sizes, told), *_figures(told)]


def _figures(told: Mapping[str, Any]) -> Iterator[Figure]:
    for name, each in told["figures"].items():
        for days, units in each.items():
            says = f"read capacity of GET /undelivered/{name} for {days} days in the largest account"
            yield Figure(f"{name}_rcu_{days}d", units, "RCU", says)


def _counts(sizes: Sequence[int], told: Mapping[str, Any]) -> Iterator[Figure]:
    for size in sizes:
        says = f"read capacity of a count with {size:,} open items, 30 seconds after a cleanup"
        count = dict(told["counts"][str(size)])
        yield Figure(f"count_rcu_{_short(size)}", count.pop("rcu"), "RCU", says, count)


def _pages(sizes: Sequence[int], told: Mapping[str, Any]) -> Iterator[Figure]:
    each = {name: page["rcu"] / page["rcu_of_bytes"] for name, page in told["pages"].items()}
    floor = "the read capacity for the page's bytes stored together, at least half a unit"
    name = f"report_page_rcu_over_bytes_{_short(sizes[-1])}"
    says = f"read capacity of a page of {_PAGE}, relative to {floor}; for the worst filter"
    yield Figure(name, max(each.values()), "times", says, each)
    charged = {
        name: (page["rcu"] + _EMPTY_ANSWER * page["empty_answers"]) / page["rcu_of_bytes"]
        for name, page in told["pages"].items()
    }
    says = "the same, with half a unit for each empty response, which DynamoDB Local does not count"
    yield Figure(f"{name}_charged", max(charged.values()), "times", says, charged)
    yield Figure(
        "report_cpu_ms",
        told["report_cpu_ms"],
        "ms",
        f"CPU of GET /undelivered, a page of {_PAGE}, for the whole function",
        {"floor_ms": told["report_floor_ms"], "over_floor": told["report_cpu_ms"] / told["report_floor_ms"]},
    )


def _short(size: int) -> str:
    return f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1_000}k"  # noqa: PLR2004 - a million


# --- the process that measures


def main() -> None:
    """Measure, in the environment of the API's function; the arguments are the sizes."""
    from undelivered import bootstrap
    from undelivered.adapters.dynamodb.models import shared_connection

    sizes = [int(size) for size in sys.argv[1:]]
    now = dataset.NOW + timedelta(seconds=30)
    bootstrap.now = lambda: now
    reports = bootstrap.api().reports
    client = shared_connection().client
    counts = {}
    for size in sizes:
        account_id = dataset.account(size).account_id
        with metering(client) as usage:
            counted = reports.count(account_id, now)
        counts[size] = {"rcu": usage.read_units, "counted": counted.total, "calls": usage.calls.total()}
    account_id = dataset.account(sizes[-1]).account_id
    bootstrap.accounts().settings(account_id)  # kept for a minute: not part of a page
    pages = {
        name: _page_cost(reports, client, account_id, wanted, limit, now)
        for name, (wanted, limit) in _filters(account_id, now).items()
    }
    figures = _figures_cost(client, account_id, now)
    subprocess_runner.hand_over({"counts": counts, "pages": pages, "figures": figures, **_cpu(account_id, client)})


def _figures_cost(client: Any, account_id: str, now: Any) -> dict[str, dict[int, float]]:
    """Return what the trend and the summary cost over a month and over all that the account has, by days."""
    from undelivered import bootstrap
    from undelivered.domain.report_query import local_day
    from undelivered.entrypoints.http.routes.reports import read_reports

    reading = read_reports(bootstrap.api())
    today = local_day(now, reading.zone(account_id))
    costs: dict[str, dict[int, float]] = {}
    for name, ask in {"trend": reading.failures_by_day, "summary": reading.summary}.items():
        for days in _SPANS:
            with metering(client) as usage:
                ask(account_id, today - timedelta(days=days - 1), today)
            costs.setdefault(name, {})[days] = usage.read_units
    return costs


def _filters(account_id: str, now: Any) -> dict[str, tuple[Any, int]]:
    """Return the filters of the report by name: every kind that an index serves, with its page's size."""
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
        return frozenset(each for each in CLASSES if status in {None, each.status} and channel in {None, each.channel})

    named = {
        "everything": plain,
        **{f"status {each.value}": replace(plain, classes=of(each)) for each in Status},
        **{f"status {each.value}, one channel": replace(plain, classes=of(each, Channel.EMAIL)) for each in Status},
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
            f"status {each.value}, {name}": replace(plain, states=frozenset(State), period=period, classes=of(each))
            for each in Status
            for name, period in {"past included": far, "past alone": past, "where the past begins": brink}.items()
        },
        "everything where the past begins": replace(plain, states=frozenset(State), period=brink),
        "resolved, past included": replace(plain, states=frozenset({State.RESOLVED}), period=far),
    }
    pages: dict[str, tuple[Any, int]] = {name: (wanted, _PAGE) for name, wanted in named.items()}
    return pages | {f"everything, a page of {_LARGEST_PAGE}": (plain, _LARGEST_PAGE)}


def _a_customer(account_id: str, plain: Any, now: Any) -> str:
    from undelivered import bootstrap

    return str(bootstrap.api().reports.page(account_id, plain, 1, None, now).items[0].customer_id)


def _page_cost(  # noqa: PLR0913, PLR0917 - what a page depends on
    reports: Any,
    client: Any,
    account_id: str,
    wanted: Any,
    limit: int,
    now: Any,
) -> dict[str, float]:
    """Return what the dearer of the first and the second page of a filter costs, and what its bytes would."""
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
    of_bytes = max(ceil(bytes_ / _BYTES_OF_UNIT), 1) * 0.5  # read eventually consistent, in steps of 4 KB
    return {
        "rcu": usage.read_units,
        "rcu_of_bytes": of_bytes,
        "items": items,
        "bytes": bytes_,
        "calls": usage.calls.total(),
        "empty_answers": usage.empty_answers,
    }


def _rows(account_id: str, keys: Sequence[str]) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    from undelivered.adapters.dynamodb.client import get_many
    from undelivered.adapters.dynamodb.models import HistoryModel, UndeliveredModel

    found = list(get_many(UndeliveredModel, account_id, keys, "entry_key"))
    missing = sorted(set(keys) - {row["entry_key"]["S"] for row in found})
    yield from found
    yield from get_many(HistoryModel, account_id, missing, "entry_key")


# --- CPU


def _cpu(account_id: str, client: Any) -> dict[str, float]:
    """Return the CPU of a page through the API's function, beside a bare query of it and its JSON."""
    import os

    from undelivered.entrypoints.api_handler import app

    event = _event({"Authorization": os.environ["BENCH_TOKEN"]}, {"limit": str(_PAGE)})

    def product() -> None:
        answer = app(event, subprocess_runner.LambdaContext())
        assert answer["statusCode"] == 200, answer  # noqa: PLR2004 - OK

    def floor() -> None:
        found = client.query(
            TableName="undelivered",
            KeyConditionExpression="account_id = :account",
            ExpressionAttributeValues={":account": {"S": account_id}},
            ScanIndexForward=False,
            Limit=_PAGE,
        )
        json.dumps(found["Items"])

    times: dict[str, list[float]] = {"report_cpu_ms": [], "report_floor_ms": []}
    for call in range(_CALLS):
        for name, work in (("report_cpu_ms", product), ("report_floor_ms", floor)):
            began = time.process_time()
            work()
            if call > _CALLS // 4:
                times[name].append((time.process_time() - began) * 1e3)
    return {name: statistics.median(all_) for name, all_ in times.items()}


def _event(headers: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    """Return what API Gateway hands over of a GET of the report."""
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
    """Return a key, and the document in which a user pool would publish it."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    private = generate_private_key(public_exponent=65537, key_size=2048)
    modulus = private.public_key().public_numbers().n
    key = {"kid": "bench", "kty": "RSA", "alg": "RS256", "use": "sig", "n": _part(modulus.to_bytes(256)), "e": "AQAB"}
    return private, json.dumps({"keys": [key]})


def _token(private: Any, account_id: str) -> str:
    """Return the token of a manager of an account, good for a century."""
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
    signed = ".".join(_part(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_part(private.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
