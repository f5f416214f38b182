"""What both sending functions do with their queues."""

from collections import Counter
from typing import Any

from undelivered import bootstrap
from undelivered.adapters.aws.sqs import correlation_of, read_send_job
from undelivered.domain.errors import UndeliveredError
from undelivered.domain.notification import SendAttempt
from undelivered.entrypoints.sqs_batch import report_failures
from undelivered.observability import count, logger, measure


def process_send_batch(event: dict[str, Any], queue: bootstrap.Queue) -> dict[str, Any]:
    """Carry out the send orders of a batch, each for itself; the answer names those to be delivered again."""
    records: list[dict[str, Any]] = event["Records"]
    failures: dict[int, Exception] = {}
    carried_out: list[SendAttempt] = []
    for index, record in enumerate(records):
        correlation_id = correlation_of(record)
        try:
            attempt = bootstrap.send_message()(read_send_job(record["body"]), correlation_id)
        except UndeliveredError as error:
            failures[index] = error
        except Exception as error:  # noqa: BLE001 - one order must not take the others with it
            # The claim stands: nobody knows whether the message left, and cleanup settles it.
            logger.exception("send broken off", correlation_id=correlation_id)
            failures[index] = error
        else:
            if attempt:
                _log(attempt)
                carried_out.append(attempt)
    count("SendOrders", len(records))
    sends = Counter((attempt.outcome, "resend" if attempt.entry_key else "first") for attempt in carried_out)
    for (outcome, kind), number in sends.items():
        measure("Sends", [number], outcome=outcome, kind=kind)
    return report_failures(records, failures, queue, {index: correlation_of(records[index]) for index in failures})


def _log(attempt: SendAttempt) -> None:
    """Log what became of an attempt, at once: whatever ends the function, it is known what has left."""
    logger.info(
        "send carried out",
        correlation_id=attempt.correlation_id,
        account_id=attempt.account_id,
        notification_id=attempt.notification_id,
        attempt=attempt.number,
        outcome=attempt.outcome,
        provider_message_id=attempt.provider_message_id,
    )
