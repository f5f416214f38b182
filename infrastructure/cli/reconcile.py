"""`undelivered reconcile`: count every item of the report and of history anew, and say what the counters lack."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from msgspec.structs import asdict
from rich.console import Console
from rich.markup import escape

from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.errors import ToolError

if TYPE_CHECKING:
    from undelivered.services.reconcile_counts import CountDrift, ReconcileCounts


def reconcile(
    state_dir: Annotated[
        Path | None, typer.Option(help="State folder of a local stack.", show_default="the running stack")
    ] = None,
    stack_name: Annotated[
        str | None, typer.Option(help="A deployed stack. Uses the AWS CLI's credentials and region.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Check only this account.", show_default="all")] = None,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Correct the counters that are wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Recount all items and compare the counters. Exits with 1 if a counter is wrong and not corrected.

    You can run this while items change. A day that changes too often is shown as busy. If so, try again.
    """
    with exit_on_tool_error():
        keeping = keeping_of(state_dir, stack_name)
    accounts = [account] if account else list(keeping.accounts.account_ids())
    told: list[CountDrift] = []
    with Console(stderr=True).status("Counting") as status:
        for account_id in accounts:
            for drift in keeping.all_days(account_id, fix=fix):
                told.append(drift)
                status.update(f"{escape(account_id)}, {drift.day} ({drift.counters}), {len(told)} days counted")
    wrong = [drift for drift in told if drift.lacked]
    busy = [drift for drift in told if drift.lacked is None]
    if as_json:
        found = {"accounts": len(accounts), "counters": len(told), "fixed": fix}
        print(json.dumps({**found, "wrong": _as_json(wrong), "busy": _as_json(busy)}))
    else:
        for drift in wrong:
            lacked = ", ".join(f"{name} {number:+}" for name, number in (drift.lacked or {}).items())
            typer.echo(
                f"{drift.account_id} {drift.day} {drift.counters}: missing {lacked}{', corrected' if fix else ''}"
            )
        for drift in busy:
            typer.echo(f"{drift.account_id} {drift.day} {drift.counters}: busy, could not be checked")
        typer.echo(f"{len(accounts)} accounts, {len(told)} days counted: {len(wrong)} wrong, {len(busy)} busy.")
    if busy or (wrong and not fix):
        raise typer.Exit(1)


def _as_json(drifts: "list[CountDrift]") -> list[dict[str, object]]:
    return [{**asdict(drift), "day": drift.day.isoformat()} for drift in drifts]


def keeping_of(state_dir: Path | None, stack_name: str | None) -> "ReconcileCounts":
    """Return the use case on a stack's tables, which the stores find by the environment."""
    from undelivered.adapters.dynamodb.account_store import DynamoAccountStore
    from undelivered.adapters.dynamodb.count_reconciliation import DynamoCountReconciliation
    from undelivered.adapters.dynamodb.models import TableNames, use_tables
    from undelivered.services.reconcile_counts import ReconcileCounts

    use_tables(TableNames(**tables_of(state_dir, stack_name)))
    accounts = DynamoAccountStore()
    upkeep = DynamoCountReconciliation(zone_of=lambda account_id: ZoneInfo(accounts.settings(account_id).time_zone))
    return ReconcileCounts(upkeep, accounts, lambda: datetime.now(UTC))


def tables_of(state_dir: Path | None, stack_name: str | None) -> dict[str, str]:
    """Return a stack's tables, having pointed the environment at it."""
    from undelivered.adapters.dynamodb.models import MODELS

    if stack_name is None:
        from infrastructure.local.stack import REGION, LocalStack, find_state_dir

        stack = LocalStack.attach(find_state_dir(state_dir))
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
        os.environ |= {"AWS_ENDPOINT_URL": stack.endpoint, **credentials}
        return dict(stack.tables)
    if state_dir is not None:
        raise ToolError("Use --state-dir for a local stack or --stack-name for a deployed one, but not both.")
    import boto3

    from infrastructure.cli.redrive import CloudFormationStack

    session: Any = boto3.Session()
    stack_there = CloudFormationStack(stack_name, session.client)
    return {key: stack_there.resource(f"{key.capitalize()}Table") for key in MODELS}
