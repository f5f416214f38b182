"""The cost of a month by number of sends, from measured usage, the template's resources and AWS's list prices.

`usage.json` holds the measured usage, so that the table in `costs.md` follows from files alone and can be checked.
"""

import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from infrastructure.bench.cost import BATCH, PRICES, USAGE, cost_of_a_million
from infrastructure.bench.figures import Figure
from infrastructure.build.template import load_fragments
from infrastructure.paths import RESOURCES, ROOT

COSTS: Final = ROOT / "infrastructure" / "docs" / "costs.md"
VOLUMES: Final = (10_000, 100_000, 1_000_000, 10_000_000)

_BEGIN, _END = "<!-- bench: month -->\n", "<!-- end -->\n"
_SECONDS: Final = 30 * 24 * 3600
_MINUTES: Final = 30 * 24 * 60
_CONTENT_MONTHS, _HISTORY_MONTHS = 60 / 30, 400 / 30
_DETAILED_METRICS: Final = 5
"""Count, Latency, IntegrationLatency, 4XXError and 5XXError (API Gateway Developer Guide, "metrics and dimensions")."""
_FAILURE_STAGES: Final = ("ingest", "announce", "archive")
_TOTAL: Final = "**Total**"

Bill = dict[str, float]


def measure(_progress: object) -> list[Figure]:
    """Write the table of `costs.md`, and return the total of each volume."""
    COSTS.write_text(with_table(COSTS.read_text()))
    return [
        Figure(f"month_usd_{sends}_sends", sum(bill.values()), "USD", f"a month with {sends:,} sends", bill)
        for sends in VOLUMES
        if (bill := month(sends))
    ]


def with_table(page: str) -> str:
    """Return the page with the table as it is computed now."""
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}{_table()}{_END}{rest.partition(_END)[2]}"


def month(sends: int) -> Bill:
    """Return the cost of a month with a number of sends in dollars, by part of the bill."""
    prices = tomllib.loads(PRICES.read_text())
    usage: dict[str, dict[str, float]] = json.loads(USAGE.read_text())
    million = {stage: cost_of_a_million(stage, use, prices) for stage, use in usage.items()}
    assumed, per_million, per_month = prices["month"], prices["per_million"], prices["per_month"]
    failures = sends * assumed["failures"]
    resends = failures * assumed["resends"]
    sent = sends + resends
    counts = _resource_counts()
    return {
        "SES: the emails": sent * per_million["mails"] / 1e6,
        "Accept and send": (sends * million["accept"] + sent * million["send"]) / 1e6,
        "Failures, from event to history": failures * sum(million[stage] for stage in _FAILURE_STAGES) / 1e6,
        "API requests of the console": assumed["console_requests"] * per_million["api_requests"] / 1e6,
        "Storage and backups": _storage(sends, failures, prices),
        "Logs, metrics, traces": _observability(sent, failures, prices),
        "Alarms and dashboard": counts["AWS::CloudWatch::Alarm"] * per_month["alarm"] + per_month["dashboard"],
        "Cognito: users": assumed["users"] * per_month["user"],
        "Cognito: host application": per_month["client"] + assumed["tokens"] * per_million["tokens"] / 1e6,
        "Secrets and keys": counts["AWS::SecretsManager::Secret"] * per_month["secret"]
        + counts["AWS::KMS::Key"] * per_month["key"]
        + _key_requests(prices),
        "Polling and cleanup, at any traffic": _idle(prices),
    }


def options(sends: int) -> Bill:
    """Return the cost in dollars of what is off by default, by parameter."""
    from undelivered.entrypoints.http.routes import ROUTES

    prices = tomllib.loads(PRICES.read_text())
    per_month = prices["per_month"]
    firewall = load_fragments([RESOURCES / "firewall.yaml"])["Resources"]["ApiFirewall"]["Properties"]
    requests = prices["month"]["console_requests"] + sends / BATCH["accept"]
    inspected = requests * prices["per_million"]["firewall_requests"] / 1e6
    rules = len(firewall["Rules"]) * per_month["firewall_rule"]
    return {
        "`Firewall=true`": per_month["firewall"] + rules + inspected,
        "`DetailedApiMetrics=true`, if all routes are called": len(ROUTES) * _DETAILED_METRICS * per_month["metric"],
    }


def _resource_counts() -> dict[str, int]:
    """Return how many resources of each type the template has."""
    resources = load_fragments(sorted(RESOURCES.glob("*.yaml")))["Resources"]
    kinds = [resource.get("Type", "") for resource in resources.values()]
    return {kind: kinds.count(kind) for kind in kinds}


def _storage(sends: float, failures: float, prices: Mapping[str, Any]) -> float:
    """Return the cost in dollars of storage once the tables hold everything that they keep."""
    assumed, per_gb = prices["month"], prices["per_gb"]
    stored = sends * assumed["stored_bytes_of_a_send"] * _CONTENT_MONTHS
    stored += failures * assumed["stored_bytes_of_a_failure"] * _HISTORY_MONTHS
    return float(stored / 1e9 * (per_gb["table_storage"] + per_gb["backup"]))


def _observability(sent: float, failures: float, prices: Mapping[str, Any]) -> float:
    assumed, per_gb = prices["month"], prices["per_gb"]
    logged = sent * assumed["log_bytes_of_a_send"] + failures * assumed["log_bytes_of_a_failure"]
    invocations = _MINUTES + sent / BATCH["send"] + failures / BATCH["ingest"]
    traces = invocations * assumed["traced"] * prices["per_million"]["traces"] / 1e6
    metrics = assumed["metrics"] * prices["per_month"]["metric"]
    return float(logged / 1e9 * (per_gb["logs"] + per_gb["log_storage"]) + traces + metrics)


def _key_requests(prices: Mapping[str, Any]) -> float:
    """Return the dollars for reading the two secrets and for the key of the outcome topic, every five minutes."""
    per_million = prices["per_million"]
    return float(_SECONDS / 300 * (2 * per_million["secret_requests"] + per_million["key_requests"]) / 1e6)


def _idle(prices: Mapping[str, Any]) -> float:
    """Return the dollars for the polls of the queues that wake functions, and for the runs of `cleanup`."""
    assumed, per_million = prices["month"], prices["per_million"]
    queues = load_fragments([RESOURCES / "messaging.yaml"])["Resources"].values()
    polled = sum("RedrivePolicy" in queue.get("Properties", {}) for queue in queues)
    polls = polled * assumed["polls_of_a_queue"] * _SECONDS * per_million["queue_requests"] / 1e6
    seconds = _MINUTES * assumed["sweeps_ms"] / 1e3
    compute = seconds * prices["lambda"]["memory_gb"] * prices["lambda"]["per_gb_second"]
    of_a_run = per_million["invocations"] + per_million["list_requests"]
    return float(polls + compute + _MINUTES * of_a_run / 1e6)


def _table() -> str:
    bills = [month(sends) for sends in VOLUMES]
    rows = {name: [bill[name] for bill in bills] for name in bills[0]}
    rows[_TOTAL] = [sum(bill.values()) for bill in bills]
    rows["Total without the emails"] = [sum(bill.values()) - bill["SES: the emails"] for bill in bills]
    rows |= {name: [options(sends)[name] for sends in VOLUMES] for name in options(VOLUMES[0])}
    lines = ["| a month, in USD | " + " | ".join(f"{sends:,} sends" for sends in VOLUMES) + " |"]
    lines.append("|---|" + "---:|" * len(VOLUMES))
    lines += [f"| {name} | " + " | ".join(f"{value:,.2f}" for value in values) + " |" for name, values in rows.items()]
    return "\n".join(lines) + "\n"
