"""Rates: which share of the messages that were sent did not arrive, or were marked as spam.

A message counts once, by its first attempt, on the day on which it was sent. What Undelivered sends is counted when it
is sent. What the host application sends is counted by its events: a delivery, a bounce or a complaint. Without events
of deliveries, nobody knows how many there were, and messages of the host are left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.failure_counts import CLASS_BY_CODE
from undelivered.domain.feedback import Feedback, Outcome
from undelivered.domain.taxonomy import Channel, Kind, Status


class Sent(StrEnum):
    """What is counted of messages that were sent. The values are the letters under which it is stored."""

    OWN = "o"  #: sent by Undelivered
    HOST_DELIVERED = "d"  #: sent by the host application, and arrived
    HOST_FAILED = "f"  #: sent by the host application, and bounced
    HOST_HARD = "h"  #: those of them that bounced for good
    HOST_COMPLAINED = "c"  #: sent by the host application, and marked as spam


class SentKey(NamedTuple):
    """A counter of messages that were sent."""

    channel: Channel
    sent: Sent


DaySent = Mapping[date, Counter[SentKey]]
"""The messages that were sent, by day in the account's time zone."""


class Limits(Struct, frozen=True):
    """The rates at which SES reviews an account, and at which it may pause sending.

    Amazon SES Developer Guide, "Amazon SES sending review process FAQs"
    (https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html).
    """

    review: float
    pause: float


BOUNCE_LIMITS: Final = Limits(0.05, 0.10)
COMPLAINT_LIMITS: Final = Limits(0.001, 0.005)


class Rates(Struct, frozen=True):
    """What became of the messages of a channel: how many of ``sent`` bounced, bounced for good, or were marked as spam.

    ``leaves_out_host`` is whether there were messages of the host application that cannot be counted.
    """

    sent: int
    failed: int
    hard_bounced: int
    complaints: int
    leaves_out_host: bool = False

    def share(self, number: int) -> float | None:
        """Return a number as a share of what was sent, None if nothing was."""
        return min(number / self.sent, 1.0) if self.sent else None


def host_reports(feedback: Feedback) -> Iterable[Sent]:
    """Return what a report counts as, if it is about the first attempt of a message that the host application sent."""
    attribution = feedback.attribution
    if attribution.content_held or attribution.attempt > 1 or attribution.entry_key:
        return ()
    if (attribution.notification_id or "").startswith(DIGEST_PREFIX):
        return ()
    if feedback.outcome is Outcome.DELIVERED:
        return (Sent.HOST_DELIVERED,)
    classification = feedback.classification
    return _HOST_FAILURES.get((classification.status, classification.kind), ()) if classification else ()


_HOST_FAILURES: Final[Mapping[tuple[Status, Kind | None], tuple[Sent, ...]]] = {
    (Status.SPAMMED, None): (Sent.HOST_COMPLAINED,),
    (Status.INVALID, None): (Sent.HOST_FAILED, Sent.HOST_HARD),
    (Status.BOUNCED, Kind.HARD): (Sent.HOST_FAILED, Sent.HOST_HARD),
    (Status.BOUNCED, Kind.SOFT): (Sent.HOST_FAILED,),
}


def rates_of(channel: Channel, sent: DaySent, failures: Mapping[date, Mapping[str, int]]) -> Rates:
    """Return the rates of a channel over the days on which sends were counted.

    ``failures`` are by ``<class code>.<reason>``, see ``failure_counts``.
    """
    counted = Counter[SentKey]()
    classes = Counter[str]()
    for day, numbers in sent.items():
        counted.update(numbers)
        for name, number in failures.get(day, {}).items():
            classes[name.partition(".")[0]] += number
    failed = hard = complaints = 0
    for code, number in classes.items():
        known = CLASS_BY_CODE[code]
        if known.channel is not channel:
            continue
        is_hard = known.status is Status.INVALID or known.kind is Kind.HARD
        failed += number if known.status in {Status.BOUNCED, Status.INVALID} else 0
        hard += number if is_hard else 0
        complaints += number if known.status is Status.SPAMMED else 0
    own, delivered, host_failed, host_hard, host_complaints = (counted[SentKey(channel, kind)] for kind in Sent)
    if delivered:
        return Rates(own + delivered + host_failed, failed, hard, complaints)
    return Rates(
        own,
        max(failed - host_failed, 0),
        max(hard - host_hard, 0),
        max(complaints - host_complaints, 0),
        leaves_out_host=host_failed + host_complaints > 0,
    )
