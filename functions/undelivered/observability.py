"""The one logger and the one set of metrics. Messages are constant, facts are keys, and never an address.

Errors are told without their texts: those of libraries repeat what they were given, addresses and contents
above all. Only our own errors, which are written not to, and the codes of AWS are kept.
"""

import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from logging import LogRecord
from typing import Any, Final, ParamSpec, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit

from undelivered.domain.errors import UndeliveredError

P = ParamSpec("P")
R = TypeVar("R")

_ADDRESS: Final = re.compile(r"[^\s\"'<>,;:()\[\]\\=~/]+@[^\s\"'<>,;:()\[\]\\=~/]+\.[^\s\"'<>,;:()\[\]\\=~/]+")
_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}\b")
_VALUES: Final = 100
"""Values of a metric that one line takes (CloudWatch User Guide, "Embedded metric format specification")."""


class FunctionFailedError(Exception):
    """An invocation failed; the text says by which error, and the log has the rest."""


def redacted(text: str) -> str:
    """Return a text with e-mail addresses and phone numbers taken out."""
    # Long lines are searched only when there can be something to find.
    without = _ADDRESS.sub("[address]", text) if "@" in text else text
    return _NUMBER.sub("[number]", without)


def told(error: BaseException) -> str:
    """Return what may be told of an error: its kind, AWS's code, and the text if the error is ours."""
    kind = type(error).__qualname__
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code, operation = response.get("Error", {}).get("Code"), getattr(error, "operation_name", "")
        return redacted(f"{kind}: {code} in {operation}")
    return redacted(f"{kind}: {error}") if isinstance(error, UndeliveredError) else kind


def _chain(error: BaseException) -> Iterator[str]:
    """Yield an error and what led to it, the first cause first, each with the lines it passed through."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from _chain(before)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{told(error)}\n"


class _PrivateFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON, with errors told as in ``told``, and without any address that got in all the same."""

    def _extract_log_exception(self, log_record: LogRecord) -> tuple[str, str, list[str]] | tuple[None, None, None]:
        error = log_record.exc_info[1] if isinstance(log_record.exc_info, tuple) else None
        if error is None:
            return None, None, None
        return "".join(_chain(error)), type(error).__qualname__, []

    def serialize(self, log: Any) -> str:  # noqa: ANN401 - powertools' own mapping
        return redacted(super().serialize(log))


logger = Logger(service="undelivered", logger_formatter=_PrivateFormatter(serialize_stacktrace=False))
# The namespace is the stack's name, so that the stages of one AWS account do not watch each other.
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "undelivered"), service="undelivered")


def redact_unhandled_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """Have errors that leave a function logged here: Lambda would log their texts, and keep them with the event."""

    @wraps(handler)
    def handle(*args: P.args, **options: P.kwargs) -> R:
        try:
            return handler(*args, **options)
        except Exception as error:
            logger.exception("function failed")
            raise FunctionFailedError(told(error)) from None

    return handle


def count(name: str, value: float = 1) -> None:
    """Add to a metric that counts."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def measure(name: str, values: Sequence[float], unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Write values of a metric at once, told apart by dimensions of a few possible values each.

    Never by account, customer or notification: every combination of values is a metric of its own, which CloudWatch
    bills by the month, and no alarm could name them. What concerns one account stands in its report and in the log.
    """
    for start in range(0, len(values), _VALUES):
        told_now = {name: {"Unit": unit.value, "Value": list(values[start : start + _VALUES])}}
        form = metrics.serialize_metric_set(told_now, {"service": "undelivered", **dimensions}, {})
        sys.stdout.write(f"{json.dumps(form, separators=(',', ':'))}\n")
