"""Metrics and log lines of ``ingest_feedback`` and ``ingest_sms_logs``."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit

from undelivered.domain.batches import batches
from undelivered.domain.feedback import Feedback
from undelivered.observability import count, logger, measure
from undelivered.services.record_feedback import AttributedFeedback

_EVENTS_PER_LINE = 100
"""Maximum events in one log line. CloudWatch Logs truncates a line at 256 KB."""

UNATTRIBUTED = "feedback without an account"
"""The message of the log lines with events that match no account. `undelivered doctor` reads them."""


def measure_received(received: Sequence[Feedback], now: datetime) -> None:
    """Count feedback by channel and type, and measure the age of the oldest event in seconds."""
    by_type = Counter((feedback.channel, feedback.outcome) for feedback in received)
    for (channel, outcome), number in by_type.items():
        measure("Feedback", [number], channel=channel.value, type=outcome.name.lower())
    if received:
        oldest = min(feedback.at for feedback in received)
        measure("OldestEvent", _seconds_since([oldest], now), MetricUnit.Seconds)


def measure_recorded(recorded: Sequence[AttributedFeedback], now: datetime) -> None:
    """Measure the seconds from each failure to its record, count what was not attributed as tagged, and log it all."""
    failed_at = [attributed.feedback.at for attributed in recorded if attributed.feedback.classification]
    measure("EventToVisible", _seconds_since(failed_at, now), MetricUnit.Seconds)
    count("Unattributed", sum(not attributed.attributed for attributed in recorded))
    count("RefusedTags", sum(attributed.tags_refused for attributed in recorded))
    unattributed = [attributed for attributed in recorded if not attributed.attributed]
    for batch in batches(unattributed, _EVENTS_PER_LINE):
        events = [f"{attributed.feedback.provider_message_id} {_sender(attributed)}" for attributed in batch]
        logger.warning(UNATTRIBUTED, filed_under=batch[0].account_id, events=events)
    for batch in batches(recorded, _EVENTS_PER_LINE):
        # One line for many events: in a burst, a line for each would take more CPU than the recording.
        events = [_log_text(attributed) for attributed in batch]
        logger.info("feedback recorded", events=events)


def _seconds_since(moments: Sequence[datetime], now: datetime) -> list[float]:
    """Return the seconds since each time, or 0 for a time in the future: a provider's clock may be ahead."""
    return [(now - moment).total_seconds() if moment < now else 0.0 for moment in moments]


def _sender(attributed: AttributedFeedback) -> str:
    """Return what can be mapped to an account: the sender's domain or the SES tenant. Texts have neither."""
    attribution = attributed.feedback.attribution
    if attribution.identity:
        return attribution.identity.rpartition("@")[2]
    return f"tenant:{attribution.tenant}" if attribution.tenant else "-"


def _log_text(attributed: AttributedFeedback) -> str:
    """Return the IDs and the reason of feedback as one text, so that a log search finds it by any of them."""
    feedback = attributed.feedback
    attribution = feedback.attribution
    reason = feedback.classification.reason if feedback.classification else feedback.outcome.name.lower()
    return (
        f"{attribution.correlation_id or '-'} {attributed.account_id}"
        f" {attribution.notification_id or '-'}~{attribution.attempt} {feedback.provider_message_id} {reason}"
    )
