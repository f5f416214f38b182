"""Lambda ``cleanup``: removes what is past its thirty days and who is to be erased, settles, keeps counters."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.observability import count, logger, metrics, redact_unhandled_errors

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS = 10_000


@functions.lambda_function(name="cleanup")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@redact_unhandled_errors
def cleanup(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's form
    """Do what is due for as long as the invocation lasts; the next one goes on."""

    def time_left() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS

    done = bootstrap.clean_up()(time_left)
    count("ItemsRemoved", done.removed)
    count("ResendsSettled", done.settled)
    count("SendsInterrupted", done.interrupted)
    erased = bootstrap.erase_customers()(time_left)
    count("ItemsErased", erased.items)
    count("NotificationsErased", erased.notifications)
    drifts = bootstrap.reconcile_counts()(time_left)
    for drift in drifts:
        logger.error(
            "counters drifted, corrected",
            extra={"account_id": drift.account_id, "day": drift.day.isoformat(), "lacked": drift.lacked},
        )
    count("CounterDrift", sum(abs(number) for drift in drifts for number in (drift.lacked or {}).values()))
