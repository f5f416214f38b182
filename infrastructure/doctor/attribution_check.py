"""The check of attribution: feedback that belongs to no account, and the senders that it is about."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infrastructure.deployed_stack import stage_arguments
from infrastructure.doctor.checks import CheckResult, StackSnapshot, ok, warning

_PERIOD: Final = timedelta(hours=24)
_MOST_NAMED: Final = 3
_TEXTS: Final = "-"
"""The sender of a text in the log."""


def attribution(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that all feedback of the last 24 hours belongs to an account, and name the senders that are not mapped."""
    senders, account = unattributed(snapshot)
    if not senders:
        yield ok("all feedback of the last 24 hours belongs to an account")
        return
    named = [f"{number} from {_named(sender)}" for sender, number in senders.most_common(_MOST_NAMED)]
    others = senders.total() - sum(number for _, number in senders.most_common(_MOST_NAMED))
    listed = ", ".join([*named, *([f"{others} from others"] if others else [])])
    yield warning(
        f"{senders.total()} events of the last 24 hours matched no account and were filed under {account}: {listed}",
        _remedy(senders, stage_arguments(snapshot.name)),
    )


def unattributed(snapshot: StackSnapshot) -> tuple[Counter[str], str]:
    """Return the number of events that matched no account by sender, and the account that they were filed under."""
    from undelivered.entrypoints.ingestion_metrics import UNATTRIBUTED

    since = datetime.now(UTC) - _PERIOD
    pages = (
        snapshot.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=f"/aws/lambda/{snapshot.physical_id('IngestFeedback')}",
            startTime=int(since.timestamp() * 1000),
            filterPattern=f'"{UNATTRIBUTED}"',
        )
    )
    lines = [_line(event["message"]) for page in pages for event in page["events"]]
    found = [line for line in lines if line.get("message") == UNATTRIBUTED]
    senders = Counter(event.rpartition(" ")[2] for line in found for event in line["events"])
    return senders, found[-1]["filed_under"] if found else ""


def _line(text: str) -> dict[str, Any]:
    """Return a log line of a function, empty if it is not JSON: Lambda writes its own lines as text."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _named(sender: str) -> str:
    return "texts" if sender == _TEXTS else sender


def _remedy(senders: Counter[str], stage: str) -> str:
    domain = next((sender for sender, _ in senders.most_common() if _is_domain(sender)), "")
    assign = f"uv run undelivered accounts identities add {stage}ACCOUNT {domain}, or tag" if domain else "Tag"
    return f"{assign} the messages: infrastructure/docs/integration.md#mail-that-your-own-software-sends"


def _is_domain(sender: str) -> bool:
    return sender != _TEXTS and not sender.startswith("tenant:")
