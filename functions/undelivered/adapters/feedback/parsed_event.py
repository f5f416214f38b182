"""The result of parsing an event."""

from msgspec import Struct

from undelivered.domain.feedback import Feedback, Handling


class UnreadablePart(Struct, frozen=True):
    """A record that cannot be read, of a batch with other records that can: its text and the reason."""

    raw: str
    reason: str


class ParsedEvent(Struct, frozen=True):
    """A parsed event.

    ``reason`` explains the handling and holds no personal data. ``as_written`` has an entry for each feedback: the
    address as the event writes it, or None if it has no address. ``ignored`` lists the addresses of reports without an
    outcome, such as Send and Open. ``unreadable`` lists the records of a batch that cannot be read.
    """

    handling: Handling
    feedback: tuple[Feedback, ...] = ()
    reason: str = ""
    as_written: tuple[str | None, ...] = ()
    ignored: tuple[str, ...] = ()
    unreadable: tuple[UnreadablePart, ...] = ()


def quarantine(reason: str) -> ParsedEvent:
    """Return the result for an event that a person must look at."""
    return ParsedEvent(Handling.QUARANTINE, reason=reason)


def ignore(reason: str) -> ParsedEvent:
    """Return the result for a valid event that is not about a sent message."""
    return ParsedEvent(Handling.IGNORE, reason=reason)


def no_outcome(reason: str, recipients: tuple[str, ...]) -> ParsedEvent:
    """Return the result for a report about a message that does not say whether it arrived."""
    return ParsedEvent(Handling.PROCESS, reason=reason, ignored=recipients)


def combine_records(records: list[tuple[str, ParsedEvent]]) -> ParsedEvent:
    """Return the result for a batch, from its records' texts and results. A bad record does not affect the others."""
    if len(records) == 1:
        return records[0][1]
    results = [result for _, result in records]
    unreadable = tuple(
        part
        for raw, result in records
        for part in (
            (UnreadablePart(raw, result.reason),) if result.handling is Handling.QUARANTINE else result.unreadable
        )
    )
    handlings = {result.handling for result in results}
    handling = next((candidate for candidate in _PRECEDENCE if candidate in handlings), Handling.QUARANTINE)
    return ParsedEvent(
        handling,
        feedback=tuple(feedback for result in results for feedback in result.feedback),
        reason=_batch_reason(results, len(unreadable)),
        as_written=tuple(address for result in results for address in result.as_written),
        ignored=tuple(address for result in results for address in result.ignored),
        unreadable=unreadable,
    )


_PRECEDENCE = (Handling.PROCESS, Handling.QUARANTINE, Handling.CONFIRM_SUBSCRIPTION, Handling.IGNORE)


def _batch_reason(results: list[ParsedEvent], unreadable: int) -> str:
    if not results:
        return "an empty batch"
    if not unreadable:
        return f"a batch of {len(results)} records"
    first = next(result.reason for result in results if result.handling is Handling.QUARANTINE or result.unreadable)
    return f"{unreadable} of {len(results)} records could not be read. The first: {first}"
