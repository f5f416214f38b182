"""Lambda ``cleanup``: runs every minute.

Removes items after thirty days, settles resends and interrupted sends, deletes expired files, erases customers and
reconciles the counters.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count, logger

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS = 10_000
"""Time that must be left in the invocation to start another piece of work."""


@lambda_function(functions)
def cleanup(_event: dict[str, Any], context: LambdaContext) -> None:
    """Do what is due while there is time. The next invocation continues."""

    def time_left() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS

    result = bootstrap.clean_up()(time_left)
    count("ItemsRemoved", result.removed)
    count("ResendsSettled", result.settled)
    count("SendsInterrupted", result.interrupted)
    count("FilesExpired", result.files)
    erased = bootstrap.erase_customers()(time_left)
    count("ItemsErased", erased.items)
    count("NotificationsErased", erased.notifications)
    drifts = bootstrap.reconcile_counts()(time_left)
    for drift in drifts:
        logger.error(
            "counters drifted, corrected",
            extra={"account_id": drift.account_id, "day": drift.day.isoformat(), "missing": drift.missing},
        )
    count("CounterDrift", sum(abs(number) for drift in drifts for number in (drift.missing or {}).values()))
