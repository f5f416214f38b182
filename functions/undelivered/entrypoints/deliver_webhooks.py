"""Lambda ``deliver_webhooks``: delivers events to webhooks, from their queue. Queues those again that must wait."""

from collections import Counter
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.errors import UnreadableEventError
from undelivered.domain.webhook import DeliveryState, WebhookDelivery
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.entrypoints.sqs_batch import queue_again, report_failures
from undelivered.observability import logger, measure
from undelivered.services.deliver_webhook import seconds_until

functions = Blueprint(__name__)


@lambda_function(functions)
def deliver_webhooks(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Try the deliveries of a batch. Those that must wait are queued again, so that they use up no receives."""
    parts = bootstrap.deliver_webhooks()
    records: list[dict[str, Any]] = event["Records"]

    def deliver(record: dict[str, Any]) -> WebhookDelivery | Exception | None:
        try:
            return parts.deliver(parts.read_job(record["body"]))
        except UnreadableEventError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the message is then delivered again
            logger.exception("webhook not delivered")
            return error

    results = dict(enumerate(parts.in_parallel(deliver, records)))
    failures = {index: result for index, result in results.items() if isinstance(result, Exception)}
    deliveries = {index: result for index, result in results.items() if isinstance(result, WebhookDelivery)}
    now = bootstrap.now()
    delays = {
        index: seconds_until(delivery.next_try_at, now)
        for index, delivery in deliveries.items()
        if delivery.state is DeliveryState.WAITING
    }
    failures |= queue_again(records, delays, parts.queue)
    for state, number in Counter(delivery.state for delivery in deliveries.values()).items():
        measure("WebhookDeliveries", [number], state=state.value)
    return report_failures(records, failures, parts.queue)
