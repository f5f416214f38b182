"""Reading what Amazon reports about messages, in every form it arrives in.

`parse_event` takes one event as received and returns the feedback in it. It is pure, does no I/O and never
raises: what cannot be understood is said to be so, with the reason.
"""

from undelivered.adapters.feedback.envelope import every_topic, parse_event
from undelivered.adapters.feedback.parsed_event import ParsedEvent, UnreadablePart

__all__ = ["ParsedEvent", "UnreadablePart", "every_topic", "parse_event"]
