"""What reading an event gives."""

from msgspec import Struct

from undelivered.domain.feedback import Feedback, Handling


class UnreadablePart(Struct, frozen=True):
    """One record of a batch that was not understood, while others were: its text, and why."""

    raw: str
    reason: str


class ParsedEvent(Struct, frozen=True):
    """An event as understood.

    ``reason`` says in words why it is handled so and holds no personal data. ``as_written`` has one
    entry for each feedback: the address as the event spells it, None where it names none. ``ignored``
    lists the addresses of reports that change nothing, such as Send and Open; these are processed, with
    no feedback. ``unreadable`` lists the records of a batch that were not understood.
    """

    handling: Handling
    feedback: tuple[Feedback, ...] = ()
    reason: str = ""
    as_written: tuple[str | None, ...] = ()
    ignored: tuple[str, ...] = ()
    unreadable: tuple[UnreadablePart, ...] = ()


def quarantine(reason: str) -> ParsedEvent:
    """Return the reading of an event that a person must look at."""
    return ParsedEvent(Handling.QUARANTINE, reason=reason)


def ignore(reason: str) -> ParsedEvent:
    """Return the reading of a valid event that is about no message of ours."""
    return ParsedEvent(Handling.IGNORE, reason=reason)


def without_consequence(reason: str, recipients: tuple[str, ...]) -> ParsedEvent:
    """Return the reading of a report about a message that tells nothing of its arrival."""
    return ParsedEvent(Handling.PROCESS, reason=reason, ignored=recipients)


def combined(parts: list[tuple[str, ParsedEvent]]) -> ParsedEvent:
    """Return the reading of a batch from its records' texts and readings: one bad record spoils no other."""
    if len(parts) == 1:
        return parts[0][1]
    readings = [reading for _, reading in parts]
    unreadable = tuple(
        unread
        for raw, reading in parts
        for unread in (
            (UnreadablePart(raw, reading.reason),) if reading.handling is Handling.QUARANTINE else reading.unreadable
        )
    )
    handlings = {reading.handling for reading in readings}
    handling = next((each for each in _PRECEDENCE if each in handlings), Handling.QUARANTINE)
    return ParsedEvent(
        handling,
        feedback=tuple(feedback for reading in readings for feedback in reading.feedback),
        reason=_because(readings, len(unreadable)),
        as_written=tuple(address for reading in readings for address in reading.as_written),
        ignored=tuple(address for reading in readings for address in reading.ignored),
        unreadable=unreadable,
    )


_PRECEDENCE = (Handling.PROCESS, Handling.QUARANTINE, Handling.CONFIRM_SUBSCRIPTION, Handling.IGNORE)


def _because(readings: list[ParsedEvent], unreadable: int) -> str:
    if not readings:
        return "an empty batch"
    if not unreadable:
        return f"a batch of {len(readings)} records"
    first = next(
        reading.reason for reading in readings if reading.handling is Handling.QUARANTINE or reading.unreadable
    )
    return f"{unreadable} of {len(readings)} records could not be read. The first: {first}"
