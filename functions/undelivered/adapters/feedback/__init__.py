"""Reading what Amazon reports about messages, in every form it arrives in.

`read_event` takes one event as received and returns the feedback in it. It is pure, does no I/O and never
raises: what cannot be understood is said to be so, with the reason.
"""

from undelivered.adapters.feedback.envelope import every_topic, read_event
from undelivered.adapters.feedback.result import ReadEvent, Unreadable

__all__ = ["ReadEvent", "Unreadable", "every_topic", "read_event"]
