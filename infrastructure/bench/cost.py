"""The cost of a million events and a million sends on AWS: the measured usage multiplied by AWS's list prices.

The cost leaves out data transfer, logs (a few lines for 100 events, one line for a send) and backups.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infrastructure.bench import lifecycle_cost
from infrastructure.bench.figures import Figure

PRICES: Final = Path(__file__).with_name("prices.toml")
USAGE: Final = Path(__file__).with_name("usage.json")
"""The usage of the last precise measurement, for the table of a month (`month`)."""

_PRECISE: Final = 1_000

BATCH: Final = {"ingest": 100, "announce": 100, "archive": 100, "accept": 100, "send": 10}
"""How many items one invocation processes in each stage."""

# The other charges for each item.
_OTHER_CHARGES: Final[Mapping[str, Mapping[str, float]]] = {
    "ingest": {"publishes": 1, "queue_requests": 0.2},  # messages are received and deleted in tens
    "accept": {"api_requests": 0.01},
    "send": {"queue_requests": 0.2},
}
_PRICED_CALLS: Final = {"Publish": "publishes", "SendMessageBatch": "queue_requests"}
_UNITS: Final = ("write_units", "read_units")


def measure(number: int) -> list[Figure]:
    """Return the cost of a million events and of a million sends, measured with ``number`` of each."""
    prices = tomllib.loads(PRICES.read_text())
    usage = lifecycle_cost.measure(number)
    if number >= _PRECISE:
        rounded = {stage: {name: round(each, 3) for name, each in use.items()} for stage, use in usage.items()}
        USAGE.write_text(json.dumps(rounded, indent=2, sort_keys=True) + "\n")
    costs = {stage: cost_of_a_million(stage, use, prices) for stage, use in usage.items()}
    event_costs = {stage: costs[stage] for stage in ("ingest", "announce", "archive")}
    send_costs = {stage: costs[stage] for stage in ("accept", "send")}
    when = f"at the prices of {prices['written_on']}"
    return [
        Figure(
            "cost_per_million_events_usd",
            sum(event_costs.values()),
            "USD",
            f"one million failures, from event to history with announcements, {when}",
            event_costs,
        ),
        Figure(
            "cost_per_million_sends_usd",
            sum(send_costs.values()),
            "USD",
            f"one million notifications accepted and sent, without the SES charge, {when}",
            {**send_costs, "SES charge for the same messages": prices["per_million"]["mails"]},
        ),
    ]


def cost_of_a_million(stage: str, use: Mapping[str, float], prices: Mapping[str, Any]) -> float:
    """Return the dollars for a million items of a stage, given the usage of one item."""
    per_million = prices["per_million"]
    calls = {name: count for name, count in use.items() if name not in {*_UNITS, "cpu_ms"}}
    dollars = sum(use[unit] * per_million[unit] for unit in _UNITS)
    dollars += sum(count * per_million[_PRICED_CALLS[name]] for name, count in calls.items() if name in _PRICED_CALLS)
    dollars += sum(count * per_million[name] for name, count in _OTHER_CHARGES.get(stage, {}).items())
    transactions = calls.pop("TransactWriteItems", 0)
    waiting = transactions * prices["assumed"]["transaction_ms"] + sum(calls.values()) * prices["assumed"]["call_ms"]
    memory = prices["lambda"]["memory_gb"]
    working = use["cpu_ms"] * max(prices["lambda"]["memory_gb_of_a_cpu"] / memory, 1)
    dollars += (waiting + working) * 1e-3 * memory * prices["lambda"]["per_gb_second"] * 1e6
    return float(dollars + per_million["invocations"] / BATCH[stage])
