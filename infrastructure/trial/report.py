"""The report on a trial, as Markdown."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from infrastructure.trial.steps import TrialResult, TrialStatus
from undelivered import __version__

_ONLY_LOCAL = (
    "This stack runs on the local emulator. The run shows that the trial itself works. "
    "Only a run in an AWS account shows how AWS behaves."
)


def markdown_report(stack: str, results: Sequence[TrialResult], began: datetime, *, is_local: bool) -> str:
    """Return the report: the totals, and what was expected and found for each step."""
    counts = Counter(result.status for result in results)
    totals = ", ".join(f"{counts[status]} {status}" for status in TrialStatus if counts[status])
    lines = [
        f"# Trial of {stack}",
        "",
        f"Undelivered {__version__}, {began:%Y-%m-%d %H:%M} UTC: {totals}.",
        *(["", _ONLY_LOCAL] if is_local else []),
        "",
        "| step | result | expected | found | seconds |",
        "|---|---|---|---|---|",
        *(_row(result) for result in results),
    ]
    return "\n".join(lines) + "\n"


def _row(result: TrialResult) -> str:
    cells = (result.step, result.status, result.expected, result.found, f"{result.seconds:.1f}")
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
