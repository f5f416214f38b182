"""What both ingesting functions say of feedback: figures, and a log that leads from an event to its request."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit

from undelivered.domain.feedback import Feedback
from undelivered.observability import count, logger, measure
from undelivered.services.record_feedback import AttributedFeedback

_PER_LINE = 100
"""Events that one line of the log tells of: CloudWatch Logs cuts an event at 256 KB."""


def measure_received(received: Sequence[Feedback], now: datetime) -> None:
    """Count feedback by type, and say how long ago the oldest thing happened that is reported only now (seconds)."""
    for (channel, outcome), number in Counter((one.channel, one.outcome) for one in received).items():
        measure("Feedback", [number], channel=channel.value, type=outcome.name.lower())
    if received:
        measure("OldestEvent", _seconds_since([min([one.at for one in received])], now), MetricUnit.Seconds)


def measure_recorded(recorded: Sequence[AttributedFeedback], now: datetime) -> None:
    """Say how long failures took from happening to being on the report (seconds), whose they are, and log them."""
    failed = [one.feedback.at for one in recorded if one.feedback.classification]
    measure("EventToVisible", _seconds_since(failed, now), MetricUnit.Seconds)
    count("Unattributed", sum(not one.attributed for one in recorded))
    for start in range(0, len(recorded), _PER_LINE):
        # One line for many events: a line for each would cost a burst more than recording it.
        told = [_facts(one) for one in recorded[start : start + _PER_LINE]]
        logger.info("feedback recorded", events=told)


def _seconds_since(moments: Sequence[datetime], now: datetime) -> list[float]:
    """Return the seconds since moments; a provider's clock may be ahead of ours."""
    return [(now - moment).total_seconds() if moment < now else 0.0 for moment in moments]


def _facts(one: AttributedFeedback) -> str:
    """Return what the log tells of a feedback, in a form that is searched for one of its parts."""
    feedback = one.feedback
    told = feedback.attribution
    reason = feedback.classification.reason if feedback.classification else feedback.outcome.name.lower()
    return (
        f"{told.correlation_id or '-'} {one.account_id} {told.notification_id or '-'}~{told.attempt}"
        f" {feedback.provider_message_id} {reason}"
    )
