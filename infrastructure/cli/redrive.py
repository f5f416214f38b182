"""`undelivered redrive`: replay the messages in dead-letter queues, and show why each one failed."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.dead_letters.queues import QueueName, ReplayReport, dead_letter_queue_of, redrive_queue
from infrastructure.dead_letters.replay import ReplayOutcome

_IN_WORDS: Final = {
    ReplayOutcome.WOULD_REPLAY: "would be replayed",
    ReplayOutcome.TAKEN: "replayed and processed",
    ReplayOutcome.RETURNED: "replayed, failed again and returned to the dead-letter queue",
    ReplayOutcome.WAITING: "replayed, result not known yet",
    ReplayOutcome.KEPT: "stays in the dead-letter queue",
}


def redrive(  # noqa: PLR0913 - one for each option
    queue: Annotated[list[QueueName] | None, typer.Option(help="Only these queues.", show_default="all")] = None,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    wait: Annotated[float, typer.Option(help="How many seconds to wait for the result of replayed messages.")] = 30.0,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the messages and why they failed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Replay dead-letter messages. Shows why each one failed and the result of the replay."""
    stack = named_stack(stage, state_dir)
    sqs = stack.client("sqs")
    reports = [
        report
        for name in queue or list(QueueName)
        for report in redrive_queue(name, dead_letter_queue_of(name, stack), sqs, dry_run=dry_run, wait_seconds=wait)
    ]
    if as_json:
        print(json.dumps({"dry_run": dry_run, "messages": [asdict(report) for report in reports]}))
    else:
        _print(reports)


def _print(reports: Sequence[ReplayReport]) -> None:
    for report in reports:
        typer.echo(f"{report.queue} {report.message_id}, sent {report.sent_at}, received {report.received} times")
        typer.echo(f"  what: {report.what}")
        typer.echo(f"  why:  {report.why}")
        typer.echo(f"  now:  {_IN_WORDS[report.became]}")
    counts = Counter(report.became for report in reports)
    totals = "; ".join(f"{number} {_IN_WORDS[outcome]}" for outcome, number in counts.items())
    typer.echo(f"{len(reports)} dead letters{f': {totals}' if totals else ''}.")
