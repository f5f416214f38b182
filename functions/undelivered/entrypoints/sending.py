"""What both sending functions do with their queues."""

from typing import Any

from undelivered import bootstrap
from undelivered.adapters.sqs_queue import correlation_of, read_order
from undelivered.domain.account import SendAttempt
from undelivered.domain.errors import UndeliveredError
from undelivered.entrypoints.sqs_batch import report_failures
from undelivered.observability import count, logger, measure


def carry_out_orders(event: dict[str, Any], queue: bootstrap.Queue) -> dict[str, Any]:
    """Carry out the send orders of a batch, each for itself; the answer names those to be delivered again."""
    records: list[dict[str, Any]] = event["Records"]
    failures: dict[int, Exception] = {}
    for index, record in enumerate(records):
        correlation_id = correlation_of(record)
        try:
            attempt = bootstrap.deliver()(read_order(record["body"]), correlation_id)
        except UndeliveredError as error:
            failures[index] = error
        except Exception as error:  # noqa: BLE001 - one order must not take the others with it
            # The claim stands: nobody knows whether the message left, and cleanup settles it.
            logger.exception("send broken off", correlation_id=correlation_id)
            failures[index] = error
        else:
            if attempt:
                _tell(attempt)
    count("SendOrders", len(records))
    return report_failures(records, failures, queue, {index: correlation_of(records[index]) for index in failures})


def _tell(attempt: SendAttempt) -> None:
    """Say what became of an attempt, in the log and in the figures."""
    logger.info(
        "send carried out",
        correlation_id=attempt.correlation_id,
        account_id=attempt.account_id,
        notification_id=attempt.notification_id,
        attempt=attempt.number,
        outcome=attempt.outcome,
        provider_message_id=attempt.provider_message_id,
    )
    measure("Sends", [1], outcome=attempt.outcome, kind="resend" if attempt.entry_key else "first")
