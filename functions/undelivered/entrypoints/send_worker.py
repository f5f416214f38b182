"""The work of ``send_notifications`` and ``process_resends``: a batch of send jobs from their queue."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from undelivered.bootstrap import SendWorker
from undelivered.domain.errors import UndeliveredError
from undelivered.domain.notification import SendAttempt
from undelivered.entrypoints.sqs_batch import MAX_RECEIVES, receive_count, report_failures
from undelivered.observability import count, logger, measure


def process_send_batch(event: dict[str, Any], worker: SendWorker) -> dict[str, Any]:
    """Send each job of a batch on its own. The response names the messages that SQS delivers again."""
    records: list[dict[str, Any]] = event["Records"]
    correlation_ids = [worker.correlation_of(record) for record in records]
    failures: dict[int, Exception] = {}
    attempts: list[SendAttempt] = []
    for index, (record, correlation_id) in enumerate(zip(records, correlation_ids, strict=True)):
        try:
            last_try = receive_count(record) >= MAX_RECEIVES
            attempt = worker.send_message(worker.read_job(record["body"]), correlation_id, last_try=last_try)
        except UndeliveredError as error:
            failures[index] = error
        except Exception as error:  # noqa: BLE001 - the other jobs must still be sent
            # The message may or may not have been sent. The attempt stays claimed until ``cleanup`` settles it.
            logger.exception("send broken off", correlation_id=correlation_id)
            failures[index] = error
        else:
            if attempt:
                _log(attempt)
                attempts.append(attempt)
    count("SendOrders", len(records))
    _measure(attempts)
    return report_failures(records, failures, worker.queue, correlation_ids)


def _measure(attempts: Iterable[SendAttempt]) -> None:
    sends = Counter((attempt.outcome, "resend" if attempt.entry_key else "first") for attempt in attempts)
    for (outcome, kind), number in sends.items():
        measure("Sends", [number], outcome=outcome, kind=kind)


def _log(attempt: SendAttempt) -> None:
    """Log an attempt at once, so that the log has it even if the function is stopped during the batch."""
    logger.info(
        "send carried out",
        correlation_id=attempt.correlation_id,
        account_id=attempt.account_id,
        notification_id=attempt.notification_id,
        attempt=attempt.number,
        outcome=attempt.outcome,
        provider_message_id=attempt.provider_message_id,
    )
