"""`undelivered reconcile`: recount all items of the report and history, and compare the counters."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import asdict
from rich.console import Console
from rich.markup import escape

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.count_reconciliation import reconcile_counts_of

if TYPE_CHECKING:
    from undelivered.services.reconcile_counts import CountDrift


def reconcile(
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    account: Annotated[str | None, typer.Option(help="Check only this account.", show_default="all")] = None,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Correct the counters that are wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Recount all items and compare the counters. Exits with 1 if a counter is wrong and not corrected.

    You can run this while items change. A day that changes too often is shown as busy. If so, try again.
    """
    reconcile_counts = reconcile_counts_of(named_stack(stage, state_dir))
    accounts = [account] if account else list(reconcile_counts.accounts.account_ids())
    drifts: list[CountDrift] = []
    with Console(stderr=True).status("Counting") as status:
        for account_id in accounts:
            for drift in reconcile_counts.all_days(account_id, fix=fix):
                drifts.append(drift)
                status.update(f"{escape(account_id)}, {drift.day} ({drift.counters}), {len(drifts)} days counted")
    wrong = [drift for drift in drifts if drift.missing]
    busy = [drift for drift in drifts if drift.missing is None]
    if as_json:
        totals = {"accounts": len(accounts), "counters": len(drifts), "fixed": fix}
        print(json.dumps({**totals, "wrong": _as_json(wrong), "busy": _as_json(busy)}))
    else:
        _print(wrong, busy, fixed=fix)
        typer.echo(f"{len(accounts)} accounts, {len(drifts)} days counted: {len(wrong)} wrong, {len(busy)} busy.")
    if busy or (wrong and not fix):
        raise typer.Exit(1)


def _print(wrong: "list[CountDrift]", busy: "list[CountDrift]", *, fixed: bool) -> None:
    for drift in wrong:
        missing = ", ".join(f"{name} {number:+}" for name, number in (drift.missing or {}).items())
        typer.echo(
            f"{drift.account_id} {drift.day} {drift.counters}: missing {missing}{', corrected' if fixed else ''}"
        )
    for drift in busy:
        typer.echo(f"{drift.account_id} {drift.day} {drift.counters}: busy, could not be checked")


def _as_json(drifts: "list[CountDrift]") -> list[dict[str, object]]:
    return [{**asdict(drift), "day": drift.day.isoformat()} for drift in drifts]
