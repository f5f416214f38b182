"""The logger and the metrics of all functions.

A log message is a constant text. What varies is in keys of the JSON, and never an address or a phone number.

Errors are logged without their messages, because libraries repeat their input in them: addresses and the content of
messages. Only the messages of this package's own errors, which never repeat input, and AWS error codes are logged.
"""

import json
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

from undelivered.domain.batches import batches
from undelivered.domain.errors import UndeliveredError
from undelivered.settings import metrics_namespace

P = ParamSpec("P")
R = TypeVar("R")

_SERVICE: Final = "undelivered"
_WORD: Final = re.compile(r"[^\s\"'<>,;:()\[\]\\=~/]+")
_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}\b")
_VALUE_LENGTH: Final = 16_000
"""The maximum length of a value in the log, in characters of JSON. CloudWatch accepts events of 1 MB."""

_VALUES_PER_LINE: Final = 100
"""Maximum values of a metric in one log line (CloudWatch User Guide, "Embedded metric format specification")."""


class FunctionFailedError(Exception):
    """An invocation failed. The message describes the error without its text; the log has the traceback."""


def redacted(text: str) -> str:
    """Return a text with its email addresses and phone numbers replaced. Takes time in proportion to the length."""
    without_addresses = _WORD.sub(_redacted_word, text) if "@" in text else text
    return _NUMBER.sub("[number]", without_addresses)


def _redacted_word(match: re.Match[str]) -> str:
    """Return a word, or a placeholder if it looks like an address: text before an @, and a dot in the text after it."""
    word = match[0]
    at = word.find("@", 1)
    return "[address]" if at > 0 and "." in word[at + 2 : -1] else word


def describe_error(error: BaseException) -> str:
    """Return what may be logged about an error: its class, the AWS error code, and the message of our own errors."""
    name = type(error).__qualname__
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code, operation = response.get("Error", {}).get("Code"), getattr(error, "operation_name", "")
        return redacted(f"{name}: {code} in {operation}")
    return redacted(f"{name}: {error}") if isinstance(error, UndeliveredError) else name


def _traceback_of(error: BaseException) -> Iterator[str]:
    """Yield the traceback of an error and of its causes, the first cause first, with the errors redacted."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _traceback_of(cause)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{describe_error(error)}\n"


class _RedactingFormatter(LambdaPowertoolsFormatter):
    """The JSON formatter of Powertools, with errors and addresses redacted."""

    def _extract_log_exception(self, log_record: LogRecord) -> tuple[str, str, list[str]] | tuple[None, None, None]:
        error = log_record.exc_info[1] if isinstance(log_record.exc_info, tuple) else None
        if error is None:
            return None, None, None
        return "".join(_traceback_of(error)), type(error).__qualname__, []

    def serialize(self, log: Any) -> str:  # noqa: ANN401 - the type of Powertools
        return redacted(super().serialize({key: _cut(value) for key, value in log.items()}))


def _cut(value: object) -> object:
    """Return a value, or the start of its text if it is too long for the log."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= _VALUE_LENGTH else f"{text[:_VALUE_LENGTH]}…"


logger = Logger(service=_SERVICE, logger_formatter=_RedactingFormatter(serialize_stacktrace=False))
metrics = Metrics(namespace=metrics_namespace(), service=_SERVICE)


def redact_unhandled_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """Log an error that a handler raises and replace it with FunctionFailedError.

    Lambda logs the message of an unhandled error, and stores it with the event in a failure destination.
    """

    @wraps(handler)
    def handle(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            logger.exception("function failed")
            raise FunctionFailedError(describe_error(error)) from None

    return handle


def count(name: str, value: float = 1) -> None:
    """Add to a count metric, which is written at the end of the invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def measure(name: str, values: Sequence[float], unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Write values of a metric with dimensions at once. Each dimension has a few possible values.

    Never use an account, customer or notification as a dimension. CloudWatch bills every combination of values as a
    metric by the month, and no alarm could name it. Figures of one account are in its report and in the log.
    """
    for batch in batches(values, _VALUES_PER_LINE):
        metric = {name: {"Unit": unit.value, "Value": list(batch)}}
        line = metrics.serialize_metric_set(metric, {"service": _SERVICE, **dimensions}, {})
        sys.stdout.write(f"{json.dumps(line, separators=(',', ':'))}\n")
