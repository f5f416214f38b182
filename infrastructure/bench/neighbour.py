"""How much slower an account's requests become while another account is at its limits, on a local stack."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from itertools import cycle
from statistics import quantiles
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from infrastructure.bench.figures import Figure
from infrastructure.errors import ToolError
from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    import httpx

    from infrastructure.local.stack import LocalStack

_STEADY: Final = ("/undelivered/count", "/undelivered?limit=50")
_STEADY_INTERVAL_S: Final = 0.25
_CUSTOMER: Final = "c-soak"

_Request = Callable[["httpx.Client"], "httpx.Response"]

_OFFERED: Final[Sequence[tuple[float, _Request]]] = (
    (0.5, lambda client: client.get("/customers", params={"address": "nobody@example.com"})),
    (10.0, lambda client: client.get("/undelivered", params={"q": "nobody"})),
    (5.0, lambda client: client.post("/undelivered/resend", json={"filter": {"q": "nobody"}})),
    (1.0, lambda client: client.post("/notifications", json={"notifications": [_notification()] * 10})),
)
"""The requests of the account at its limits, each with its interval in seconds: twice the searches and bulk resends
that the defaults allow, and a tenth of the notifications, because the emulator cannot store more."""


def measure(stack: "LocalStack", seconds: float) -> Figure:
    """Measure steady requests of one account for some seconds, alone and then beside an account at its limits.

    Raises ToolError if the other account did not reach its limits.
    """
    alone = _latencies(stack, seconds)
    with _account_at_its_limits(stack) as statuses:
        beside = _latencies(stack, seconds)
    return figure(alone, beside, statuses)


def figure(alone: Sequence[float], beside: Sequence[float], statuses: Counter[int]) -> Figure:
    """Return the 95th percentile beside the account at its limits, relative to the one alone."""
    refused = statuses[HTTPStatus.TOO_MANY_REQUESTS]
    if not refused:
        raise ToolError(f"The account did not reach its limits: it got {dict(statuses)}.")
    return Figure(
        "soak_neighbour_p95",
        _p95(beside) / _p95(alone),
        "times",
        "95th percentile of an account's requests while another is at its limits, relative to the one alone",
        {
            "alone_p95_ms": _p95(alone) * 1e3,
            "beside_p95_ms": _p95(beside) * 1e3,
            "requests_alone": float(len(alone)),
            "requests_beside": float(len(beside)),
            "neighbour_accepted": float(statuses.total() - refused),
            "neighbour_refused": float(refused),
        },
    )


def _p95(latencies: Sequence[float]) -> float:
    return quantiles(latencies, n=20, method="inclusive")[-1]


def _latencies(stack: "LocalStack", seconds: float) -> list[float]:
    """Send steady requests for some seconds and return how long each took, in seconds."""
    import httpx

    token = stack.token(stack.user(account_id=OTHER_ACCOUNT).email)
    latencies: list[float] = []
    with httpx.Client(base_url=stack.api_url, headers={"Authorization": token}, timeout=60) as client:
        end = time.monotonic() + seconds
        for path in cycle(_STEADY):
            began = time.monotonic()
            if began >= end:
                return latencies
            client.get(path).raise_for_status()
            took = time.monotonic() - began
            latencies.append(took)
            time.sleep(max(0.0, _STEADY_INTERVAL_S - took))
    return latencies


@contextmanager
def _account_at_its_limits(stack: "LocalStack") -> Iterator[Counter[int]]:
    """Send more of each limited request than the limits allow, until the context ends; count the statuses."""
    import httpx

    statuses: Counter[int] = Counter()
    stop = Event()
    headers = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": DEFAULT_ACCOUNT}
    with (
        httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client,
        ThreadPoolExecutor(len(_OFFERED)) as threads,
    ):
        customer = {"name": "Soak", "email": "success.soak@undelivered.example"}
        client.put(f"/customers/{_CUSTOMER}", json=customer).raise_for_status()

        def offer(interval: float, request: _Request) -> None:
            while not stop.is_set():
                statuses[request(client).status_code] += 1
                stop.wait(interval)

        offers = [threads.submit(offer, interval, request) for interval, request in _OFFERED]
        try:
            yield statuses
        finally:
            stop.set()
        for offered in offers:
            offered.result()


def _notification() -> dict[str, Any]:
    return {"customer_id": _CUSTOMER, "channel": "email", "title": "Load test", "text": "A message of the load test."}
