"""The one logger and the one set of metrics. Messages are constant, facts are keys, and never an address."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="undelivered")
metrics = Metrics(namespace="Undelivered", service="undelivered")


def count(name: str, value: float = 1) -> None:
    """Add to a metric that counts."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def seconds(name: str, value: float) -> None:
    """Add a duration to a metric, in seconds."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=value)
