"""What a million events and a million sends cost on AWS: measured use, times the list of prices.

Left out, being the same whatever the software: data transfer, logs (some lines for a hundred events, one for a send)
and backups.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infrastructure.bench import lifecycle_cost
from infrastructure.bench.figures import Figure

PRICES: Final = Path(__file__).with_name("prices.toml")

# How many an invocation of each stage's function takes at once, and what comes with one of them besides.
_BATCH: Final = {"taking in": 100, "following up": 100, "leaving": 100, "handing over": 100, "sending": 10}
_BESIDE: Final[Mapping[str, Mapping[str, float]]] = {
    "taking in": {"publishes": 1, "queue_requests": 0.2},  # received and deleted by tens
    "handing over": {"api_requests": 0.01},
    "sending": {"queue_requests": 0.2},
}
_PRICED_CALLS: Final = {"Publish": "publishes", "SendMessageBatch": "queue_requests"}
_UNITS: Final = ("write_units", "read_units")


def measure(number: int) -> list[Figure]:
    """Measure with a number of events and sends."""
    prices = tomllib.loads(PRICES.read_text())
    costs = {stage: _of_a_million(stage, use, prices) for stage, use in lifecycle_cost.measure(number).items()}
    of_event = {stage: costs[stage] for stage in ("taking in", "following up", "leaving")}
    of_send = {stage: costs[stage] for stage in ("handing over", "sending")}
    when = f"at the prices of {prices['written_on']}"
    return [
        Figure(
            "cost_per_million_events_usd",
            sum(of_event.values()),
            "USD",
            f"one million failures, from event to history with announcements, {when}",
            of_event,
        ),
        Figure(
            "cost_per_million_sends_usd",
            sum(of_send.values()),
            "USD",
            f"one million notifications accepted and sent, without the SES charge, {when}",
            {**of_send, "SES charge for the same messages": prices["per_million"]["mails"]},
        ),
    ]


def _of_a_million(stage: str, use: Mapping[str, float], prices: Mapping[str, Any]) -> float:
    """Return the dollars for a million of what one used."""
    of = prices["per_million"]
    calls = {name: count for name, count in use.items() if name not in {*_UNITS, "cpu_ms"}}
    dollars = sum(use[unit] * of[unit] for unit in _UNITS)
    dollars += sum(count * of[_PRICED_CALLS[name]] for name, count in calls.items() if name in _PRICED_CALLS)
    dollars += sum(count * of[name] for name, count in _BESIDE.get(stage, {}).items())
    transactions = calls.pop("TransactWriteItems", 0)
    waiting = transactions * prices["assumed"]["transaction_ms"] + sum(calls.values()) * prices["assumed"]["call_ms"]
    memory = prices["lambda"]["memory_gb"]
    working = use["cpu_ms"] * max(prices["lambda"]["memory_gb_of_a_cpu"] / memory, 1)
    dollars += (waiting + working) * 1e-3 * memory * prices["lambda"]["per_gb_second"] * 1e6
    return float(dollars + of["invocations"] / _BATCH[stage])
