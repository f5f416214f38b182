"""Lambda ``cleanup``: runs every minute.

Removes items after thirty days, settles resends and interrupted sends, deletes expired files, sends the requests to
correct a contact that waited, publishes when incidents start and end, erases customers, reconciles the counters and
builds the search index.
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from undelivered import bootstrap
from undelivered.domain.errors import UndeliveredError
from undelivered.entrypoints.lambda_function import lambda_function
from undelivered.observability import count, describe_error, logger
from undelivered.services.try_each import OnError, separately

functions = Blueprint(__name__)

_RESERVE_MILLISECONDS = 10_000
"""Time that must be left in the invocation to start another piece of work."""


class CleanupFailedError(UndeliveredError):
    """Parts of an invocation failed. The message describes their errors."""


@lambda_function(functions)
def cleanup(_event: dict[str, Any], context: LambdaContext) -> None:
    """Do what is due while there is time. The next invocation continues.

    An error in one part does not stop the others. Raises CleanupFailedError at the end if there was an error.
    """
    errors: list[Exception] = []

    def time_left() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS

    def on_error(error: Exception) -> None:
        logger.exception("part of cleanup failed", exc_info=error)
        errors.append(error)

    for part in _PARTS:
        with separately(on_error):
            part(time_left, on_error)
    if errors:
        raise CleanupFailedError("; ".join(dict.fromkeys(map(describe_error, errors))))


def _clean_up(time_left: Callable[[], bool], on_error: OnError) -> None:
    result = bootstrap.clean_up()(time_left, on_error)
    count("ItemsRemoved", result.removed)
    count("ResendsSettled", result.settled)
    count("SendsInterrupted", result.interrupted)
    count("FilesExpired", result.files)


def _send_contact_requests(time_left: Callable[[], bool], on_error: OnError) -> None:
    count("ContactRequestsSent", bootstrap.send_due_contact_requests()(time_left, on_error))


def _announce_incidents(time_left: Callable[[], bool], on_error: OnError) -> None:
    count("IncidentsAnnounced", bootstrap.announce_incidents()(time_left, on_error))


def _erase_customers(time_left: Callable[[], bool], on_error: OnError) -> None:
    erased = bootstrap.erase_customers()(time_left, on_error)
    count("ItemsErased", erased.items)
    count("NotificationsErased", erased.notifications)


def _reconcile_counts(time_left: Callable[[], bool], on_error: OnError) -> None:
    drifts = bootstrap.reconcile_counts()(time_left, on_error)
    for drift in drifts:
        logger.error(
            "counters drifted, corrected",
            extra={"account_id": drift.account_id, "day": drift.day.isoformat(), "missing": drift.missing},
        )
    count("CounterDrift", sum(abs(number) for drift in drifts for number in (drift.missing or {}).values()))


def _build_search_index(time_left: Callable[[], bool], on_error: OnError) -> None:
    count("ItemsIndexed", bootstrap.build_search_index()(time_left, on_error))


_PARTS = (
    _clean_up,
    _send_contact_requests,
    _announce_incidents,
    _erase_customers,
    _reconcile_counts,
    _build_search_index,
)
