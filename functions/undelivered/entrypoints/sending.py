"""What both sending functions do with their queues."""

from typing import Any

from undelivered import bootstrap
from undelivered.adapters.sqs_queue import read_order
from undelivered.domain.errors import UndeliveredError
from undelivered.entrypoints.sqs_batch import report_failures
from undelivered.observability import count, logger


def carry_out_orders(event: dict[str, Any], queue: bootstrap.Queue) -> dict[str, Any]:
    """Carry out the send orders of a batch, each for itself; the answer names those to be delivered again."""
    records: list[dict[str, Any]] = event["Records"]
    failures: dict[int, Exception] = {}
    for index, record in enumerate(records):
        try:
            bootstrap.deliver()(read_order(record["body"]))
        except UndeliveredError as error:
            failures[index] = error
        except Exception as error:  # noqa: BLE001 - one order must not take the others with it
            # The claim stands: nobody knows whether the message left, and cleanup settles it.
            logger.exception("send broken off")
            failures[index] = error
    count("SendOrders", len(records))
    return report_failures(records, failures, queue)
