"""Parses AWS's reports about messages in all the formats in which they arrive.

``parse_event`` takes an event as received and returns the feedback in it. It does no I/O and never raises: an event
that cannot be read is quarantined, with the reason.
"""

from undelivered.adapters.feedback.envelope import parse_event
from undelivered.adapters.feedback.parsed_event import ParsedEvent, UnreadablePart

__all__ = ["ParsedEvent", "UnreadablePart", "parse_event"]
