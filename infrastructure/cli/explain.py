"""`undelivered explain`: show how the product interprets an event. It uses the same code as the ingest functions.

With `--unrecognised`, show what it could not interpret on a stack.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs, to_builtins
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.unrecognised_diagnostics import unrecognised_diagnostics
from undelivered.adapters.feedback import ParsedEvent, parse_event
from undelivered.adapters.feedback.envelope import decoded
from undelivered.adapters.feedback.json_values import as_object, as_str, parse_timestamp
from undelivered.domain.address import normalise_email, normalise_phone
from undelivered.domain.explanations import explanation
from undelivered.domain.feedback import Feedback, Handling, Outcome
from undelivered.domain.item import result_of
from undelivered.domain.lifecycle import merge_results
from undelivered.entrypoints.http.schemas.diagnostics import shape_view

if TYPE_CHECKING:
    from undelivered.services.manage_diagnostics import KnownShape

_ARRIVAL = {
    Outcome.DELIVERED: ("delivered", "The recipient's server, carrier or phone accepted the message."),
    Outcome.AUTO_REPLY: ("auto_reply", "An automatic reply was received. It is neither a failure nor a delivery."),
    Outcome.DELAYED: ("delayed", "Delivery is delayed. The provider is still trying."),
}
_NO_INFORMATION = "This event does not say whether the message arrived."
_SAME_SEND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An outcome for a recipient, and the recipient's address as the event writes it."""

    feedback: Feedback
    address: str | None


def explain(  # noqa: PLR0913 - one for each option
    files: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, help="Files with events as received, as JSON or raw bytes."),
    ] = None,
    *,
    unrecognised: Annotated[
        bool, typer.Option("--unrecognised", help="Show a stack's diagnostics without a known reason, by shape.")
    ] = False,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    account: Annotated[str | None, typer.Option(help="Show only this account.", show_default="all")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line, one for each file or shape.")
    ] = False,
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="ARN of a trusted SNS topic. Can be repeated.")
    ] = None,
) -> None:
    """Show how the product interprets events from SES, SNS, SQS, EventBridge, SMS and logs.

    A JSON array is a sequence of events in order of arrival. The output shows the final outcome for each recipient.
    With --unrecognised, shows what could not be interpreted in the past 30 days, without addresses.
    """
    if unrecognised == bool(files):
        raise typer.BadParameter("give either files or --unrecognised")
    if unrecognised:
        _print_unrecognised(unrecognised_diagnostics(named_stack(stage, state_dir), account), as_json=as_json)
    for file in files or []:
        result = interpret(file.read_bytes(), frozenset(topics) if topics else None)
        if as_json:
            typer.echo(json.dumps({"file": str(file), **result}))
        else:
            _print(file, result)


def interpret(raw: bytes, known_topics: frozenset[str] | None = None) -> dict[str, object]:
    """Return the handling of a file's events, the reason for it and the outcome for each recipient.

    ``raw`` is one event or a JSON array of events. Without ``known_topics``, all SNS topics are trusted.
    """
    now = datetime.now(UTC)
    sequence = _sequence(raw)
    if sequence is None:
        event = parse_event(raw, known_topics=known_topics, received_at=now)
        return _result(event.handling, event.reason, _without_duplicates(_outcomes(event)), event.ignored)
    events = [
        parse_event(
            value if isinstance(value, dict | str) else json.dumps(value), known_topics=known_topics, received_at=now
        )
        for value in sequence
    ]
    if _is_contradictory(sequence):
        reason = "the events have one message ID but different send times, so they are not from one message"
        return _result(Handling.QUARANTINE, reason, [], ())
    handling, reason = _handling(events)
    outcomes = _final([outcome for event in events for outcome in _outcomes(event)])
    recipients = {outcome.feedback.recipient for outcome in outcomes}
    ignored = {_normalised(address): address for event in events for address in event.ignored}
    # An outcome without a recipient may belong to any of the ignored addresses.
    remaining = [] if None in recipients else [ignored[address] for address in ignored if address not in recipients]
    return _result(handling, reason, outcomes, remaining)


def _outcomes(event: ParsedEvent) -> list[_Outcome]:
    return [_Outcome(*pair) for pair in zip(event.feedback, event.as_written, strict=True)]


def _normalised(address: str) -> str:
    return normalise_email(address) or normalise_phone(address) or address


def _sequence(raw: bytes) -> list[object] | None:
    """Return the values of a JSON array, or None for anything else."""
    try:
        value = json.loads(decoded(raw))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and value else None


def _handling(events: list[ParsedEvent]) -> tuple[Handling, str]:
    """Return the handling of a whole sequence and its reason: it is processed if any event is processed."""
    for handling in (Handling.PROCESS, Handling.QUARANTINE, Handling.CONFIRM_SUBSCRIPTION):
        event = next((event for event in events if event.handling is handling), None)
        if event:
            return handling, event.reason
    return Handling.IGNORE, events[0].reason


def _is_contradictory(sequence: list[object]) -> bool:
    """Whether plain SES events with the same message id have send times more than a day apart.

    Message ids are unique, so such events do not belong together and have no final outcome. Smaller differences are
    real: an out-of-office reply has the time of the reply.
    """
    first: dict[str, datetime] = {}
    for event in sequence:
        mail = as_object(as_object(event).get("mail"))
        sent_at = parse_timestamp(mail.get("timestamp"))
        if sent_at and abs(first.setdefault(as_str(mail.get("messageId")), sent_at) - sent_at) > _SAME_SEND:
            return True
    return False


def _without_duplicates(outcomes: list[_Outcome]) -> list[_Outcome]:
    """Return the outcomes of one event or batch, without repeated outcomes."""
    unique: dict[tuple[object, ...], _Outcome] = {}
    for outcome in outcomes:
        feedback = outcome.feedback
        key = (
            feedback.provider_message_id,
            feedback.recipient,
            outcome.address,
            feedback.outcome,
            feedback.classification,
        )
        unique.setdefault(key, outcome)
    return [*unique.values()]


def _final(outcomes: list[_Outcome]) -> list[_Outcome]:
    """Return the final outcome for each recipient of each message: all results merged, in any order.

    An outcome without a recipient belongs to the message's recipient if the other outcomes name only one.
    """
    recipients: dict[str, set[str]] = {}
    for outcome in outcomes:
        if outcome.feedback.recipient:
            recipients.setdefault(outcome.feedback.provider_message_id, set()).add(outcome.feedback.recipient)
    final: dict[tuple[str, str | None], _Outcome] = {}
    for outcome in outcomes:
        feedback = outcome.feedback
        named = recipients.get(feedback.provider_message_id, set())
        if feedback.recipient is None and len(named) == 1:
            feedback = structs.replace(feedback, recipient=next(iter(named)))
        key = (feedback.provider_message_id, feedback.recipient)
        earlier = final.get(key)
        result = result_of(feedback)
        if earlier is None or merge_results(result_of(earlier.feedback), result) == result:
            final[key] = _Outcome(feedback, outcome.address or (earlier.address if earlier else None))
    return [*final.values()]


def _result(handling: Handling, reason: str, outcomes: Iterable[_Outcome], ignored: Iterable[str]) -> dict[str, object]:
    return {
        "handling": handling.value,
        "because": reason,
        "outcomes": [
            *(_outcome_as_json(outcome) for outcome in outcomes),
            *(
                {
                    "recipient": address,
                    "status": "ignored",
                    "kind": None,
                    "reason": None,
                    "fault": None,
                    "explanation": _NO_INFORMATION,
                    "because": reason,
                }
                for address in ignored
            ),
        ],
    }


def _outcome_as_json(outcome: _Outcome) -> dict[str, object]:
    feedback, classification = outcome.feedback, outcome.feedback.classification
    recipient = outcome.address or feedback.recipient
    if classification is None:
        status, meaning = _ARRIVAL[feedback.outcome]
        kind = reason = fault = None
    else:
        status, kind, fault, reason = (
            classification.status.value,
            classification.kind,
            classification.fault,
            classification.reason,
        )
        meaning = explanation(classification, feedback.channel)
    return {
        "recipient": recipient,
        "status": status,
        "kind": kind,
        "reason": reason,
        "fault": fault,
        "explanation": meaning,
        "because": feedback.rule,
    }


def _print(file: Path, result: dict[str, object]) -> None:
    typer.echo(f"{file}: {result['handling']}" + (f" ({result['because']})" if result["because"] else ""))
    outcomes = result["outcomes"]
    assert isinstance(outcomes, list)
    for outcome in outcomes:
        classification = " ".join(str(outcome[name]) for name in ("status", "kind", "reason") if outcome[name])
        fault = f", fault: {outcome['fault']}" if outcome["fault"] else ""
        typer.echo(f"  {outcome['recipient'] or '(unnamed)'}: {classification}{fault}")
        typer.echo(f"    {outcome['explanation']}")
        typer.echo(f"    rule: {outcome['because']}")


def _print_unrecognised(shapes: "Iterable[tuple[str, KnownShape]]", *, as_json: bool) -> None:
    views = ((account_id, shape_view(known)) for account_id, known in shapes)
    if as_json:
        for account_id, view in views:
            typer.echo(json.dumps({"account": account_id, **to_builtins(view)}))
        return
    table = Table("account", "count", "shape", "receivers", "last seen", "reason", "id")
    for account_id, view in views:
        receivers = ", ".join(f"{receiver.domain} ({receiver.count})" for receiver in view.receivers)
        cells = (account_id, str(view.count), view.shape, receivers, view.last_seen, view.reason, view.id)
        table.add_row(*(escape(cell or "") for cell in cells))
    if table.row_count:
        Console().print(table)
    else:
        typer.echo("No diagnostics without a known reason in the past 30 days.")
