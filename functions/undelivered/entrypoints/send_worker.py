"""The work of ``send_notifications`` and ``process_resends``: a batch of send jobs from their queue."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from undelivered.bootstrap import SendWorker
from undelivered.domain.errors import UndeliveredError, UnreadableEventError
from undelivered.domain.notification import SendAttempt
from undelivered.entrypoints.sqs_batch import MAX_RECEIVES, queue_again, receive_count, report_failures
from undelivered.observability import count, logger, measure
from undelivered.services.send_batch import Postponed, ReceivedJob, SendResult

_RESERVED_SECONDS: Final = 15.0
"""Seconds at the end of an invocation in which no job is started: time for a slow send and calls of the queue."""


def process_send_batch(event: dict[str, Any], worker: SendWorker, context: LambdaContext) -> dict[str, Any]:
    """Send each job of a batch at the rate of the AWS account.

    Jobs that would have to wait beyond the end of the invocation are queued again. The response names the messages that
    SQS delivers again, because they failed.
    """
    records: list[dict[str, Any]] = event["Records"]
    correlation_ids = [worker.correlation_of(record) for record in records]
    failures: dict[int, Exception] = {}
    jobs: dict[int, ReceivedJob] = {}
    for index, record in enumerate(records):
        try:
            last_try = receive_count(record) >= MAX_RECEIVES
            jobs[index] = ReceivedJob(worker.read_job(record), correlation_ids[index], last_try=last_try)
        except UnreadableEventError as error:
            failures[index] = error
    deadline = worker.send.pace.now() + context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS
    results = dict(zip(jobs, worker.send(list(jobs.values()), deadline, _log), strict=True))
    attempts = [result for result in results.values() if isinstance(result, SendAttempt)]
    delays = {index: result.delay for index, result in results.items() if isinstance(result, Postponed)}
    failures |= {index: result for index, result in results.items() if isinstance(result, Exception)}
    if delays:
        logger.info("jobs postponed", number=len(delays), shortest=min(delays.values()), longest=max(delays.values()))
        failures |= queue_again(records, delays, worker.queue)
    worker.count_sends(
        (jobs[index].job.channel, result) for index, result in results.items() if isinstance(result, SendAttempt)
    )
    count("SendOrders", len(records))
    _measure(attempts)
    return report_failures(records, failures, worker.queue, correlation_ids)


def _measure(attempts: Iterable[SendAttempt]) -> None:
    sends = Counter((attempt.outcome, "resend" if attempt.entry_key else "first") for attempt in attempts)
    for (outcome, kind), number in sends.items():
        measure("Sends", [number], outcome=outcome, kind=kind)


def _log(received: ReceivedJob, result: SendResult) -> None:
    """Log a result at once, so that the log has it even if the function is stopped during the batch."""
    if isinstance(result, SendAttempt):
        logger.info(
            "send carried out",
            correlation_id=result.correlation_id,
            account_id=result.account_id,
            notification_id=result.notification_id,
            attempt=result.number,
            outcome=result.outcome,
            provider_message_id=result.provider_message_id,
        )
    elif isinstance(result, Exception) and not isinstance(result, UndeliveredError):
        # The message may or may not have been sent. The attempt stays claimed until ``cleanup`` settles it.
        logger.error("send interrupted", exc_info=result, correlation_id=received.correlation_id)
