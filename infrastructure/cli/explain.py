"""`undelivered explain`: what the product makes of an event, read by the very code that takes events in."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from undelivered.adapters.feedback import ParsedEvent, parse_event
from undelivered.adapters.feedback.envelope import decoded
from undelivered.adapters.feedback.json_values import as_object, as_str, parse_timestamp
from undelivered.domain.address import normalise_email, normalise_phone
from undelivered.domain.explanations import explanation
from undelivered.domain.feedback import Feedback, Handling, Outcome
from undelivered.domain.item import result_of
from undelivered.domain.lifecycle import merge_results

_ARRIVAL = {
    Outcome.DELIVERED: ("delivered", "The recipient's server, carrier or phone accepted the message."),
    Outcome.AUTO_REPLY: ("auto_reply", "An automatic reply came. It is neither a failure nor a delivery."),
    Outcome.DELAYED: ("delayed", "Delivery is delayed. The provider is still trying."),
}
_WITHOUT_CONSEQUENCE = "This event does not say whether the message arrived."
_SAME_SENDING = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Told:
    """One outcome and the address as the event spells it."""

    feedback: Feedback
    address: str | None


def explain(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="Files with events as received, as JSON or raw bytes."),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, one for each file.")] = False,
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="ARN of a trusted SNS topic. Can be repeated.")
    ] = None,
) -> None:
    """Show how the product interprets events from SES, SNS, SQS, EventBridge, SMS and logs.

    A JSON array is a sequence of events in order of arrival. The output shows the final outcome for each recipient.
    """
    for file in files:
        account = account_of(file.read_bytes(), frozenset(topics) if topics else None)
        if as_json:
            typer.echo(json.dumps({"file": str(file), **account}))
        else:
            _print(file, account)


def account_of(raw: bytes, known_topics: frozenset[str] | None = None) -> dict[str, object]:
    """Return the handling, its reason and the outcomes of one file's events."""
    now = datetime.now(UTC)
    sequence = _sequence(raw)
    if sequence is None:
        event = parse_event(raw, known_topics=known_topics, received_at=now)
        return _account(event.handling, event.reason, _each_once(_told(event)), event.ignored)
    events = [
        parse_event(
            each if isinstance(each, dict | str) else json.dumps(each), known_topics=known_topics, received_at=now
        )
        for each in sequence
    ]
    if _contradict_each_other(sequence):
        because = "the events have one message ID but different send times, so they are not from one message"
        return _account(Handling.QUARANTINE, because, [], ())
    handling, because = _handling(events)
    outcomes = _final([told for event in events for told in _told(event)])
    known = {told.feedback.recipient for told in outcomes}
    ignored = {_normalised(address): address for event in events for address in event.ignored}
    # Somebody unnamed may be any of those that were sent to.
    left = [] if None in known else [ignored[each] for each in ignored if each not in known]
    return _account(handling, because, outcomes, left)


def _told(event: ParsedEvent) -> list[_Told]:
    return [_Told(*pair) for pair in zip(event.feedback, event.as_written, strict=True)]


def _normalised(address: str) -> str:
    return normalise_email(address) or normalise_phone(address) or address


def _sequence(raw: bytes) -> list[object] | None:
    """Return the events of a JSON array, or None for anything else."""
    try:
        value = json.loads(decoded(raw))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and value else None


def _handling(events: list[ParsedEvent]) -> tuple[Handling, str]:
    """Return how a sequence as a whole is handled: processed as soon as one of its events is."""
    for handling in (Handling.PROCESS, Handling.QUARANTINE, Handling.CONFIRM_SUBSCRIPTION):
        found = next((event for event in events if event.handling is handling), None)
        if found:
            return handling, found.reason
    return Handling.IGNORE, events[0].reason


def _contradict_each_other(sequence: list[object]) -> bool:
    """Whether bare events of SES give one message times of sending that lie apart.

    Message ids are unique, so such an array was put together from unrelated events and has no final state.
    Some time apart is real: an out-of-office answer carries the time of the answer.
    """
    first: dict[str, datetime] = {}
    for event in sequence:
        mail = as_object(as_object(event).get("mail"))
        sent_at = parse_timestamp(mail.get("timestamp"))
        if sent_at and abs(first.setdefault(as_str(mail.get("messageId")), sent_at) - sent_at) > _SAME_SENDING:
            return True
    return False


def _each_once(told: list[_Told]) -> list[_Told]:
    """Return the outcomes of one event or batch, the same one reported twice once."""
    once: dict[tuple[object, ...], _Told] = {}
    for each in told:
        found = each.feedback
        once.setdefault(
            (found.provider_message_id, found.recipient, each.address, found.outcome, found.classification), each
        )
    return [*once.values()]


def _final(told: list[_Told]) -> list[_Told]:
    """Return what became of each recipient of each message: the join of all reports, in any order."""
    named: dict[str, set[str]] = {}
    for each in told:
        if each.feedback.recipient:
            named.setdefault(each.feedback.provider_message_id, set()).add(each.feedback.recipient)
    final: dict[tuple[str, str | None], _Told] = {}
    for each in told:
        recipients = named.get(each.feedback.provider_message_id, set())
        if each.feedback.recipient is None and len(recipients) == 1:
            each = _Told(structs.replace(each.feedback, recipient=next(iter(recipients))), each.address)  # noqa: PLW2901
        key = (each.feedback.provider_message_id, each.feedback.recipient)
        known = final.get(key)
        report = result_of(each.feedback)
        if known is None or merge_results(result_of(known.feedback), report) == report:
            final[key] = replace(each, address=each.address or (known.address if known else None))
    return [*final.values()]


def _account(handling: Handling, because: str, outcomes: Iterable[_Told], ignored: Iterable[str]) -> dict[str, object]:
    return {
        "handling": handling.value,
        "because": because,
        "outcomes": [
            *(_outcome(told) for told in outcomes),
            *(
                {
                    "recipient": address,
                    "status": "ignored",
                    "kind": None,
                    "reason": None,
                    "fault": None,
                    "explanation": _WITHOUT_CONSEQUENCE,
                    "because": because,
                }
                for address in ignored
            ),
        ],
    }


def _outcome(told: _Told) -> dict[str, object]:
    feedback, classification = told.feedback, told.feedback.classification
    recipient = told.address or feedback.recipient
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


def _print(file: Path, account: dict[str, object]) -> None:
    typer.echo(f"{file}: {account['handling']}" + (f" ({account['because']})" if account["because"] else ""))
    outcomes = account["outcomes"]
    assert isinstance(outcomes, list)
    for outcome in outcomes:
        judged = " ".join(str(outcome[name]) for name in ("status", "kind", "reason") if outcome[name])
        whose = f", fault: {outcome['fault']}" if outcome["fault"] else ""
        typer.echo(f"  {outcome['recipient'] or '(unnamed)'}: {judged}{whose}")
        typer.echo(f"    {outcome['explanation']}")
        typer.echo(f"    rule: {outcome['because']}")
