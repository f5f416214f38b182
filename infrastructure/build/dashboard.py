"""The CloudWatch dashboard of a stack, generated from the template, so that it includes new functions and queues.

For the format, see the Amazon CloudWatch API Reference, "Dashboard body structure and syntax".
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

Resource = dict[str, Any]
Widget = dict[str, Any]
_Metric = list[Any]

_WIDTH: Final = 8
_HEIGHT: Final = 6
_COLUMNS: Final = 3
_MAXIMUM_ALARMS: Final = 100
"""The limit of an alarm widget."""

_STACK: Final = "${AWS::StackName}"
_REGION: Final = "${AWS::Region}"
_PERIOD: Final = 300


def dashboard(resources: Mapping[str, Resource]) -> Resource:
    """Return the dashboard of a template's resources."""
    functions = _names(resources, "AWS::Serverless::Function")
    queues = _names(resources, "AWS::SQS::Queue")
    dead = [name for name in queues if "DeadLetter" in name]
    alive = [name for name in queues if name not in dead]
    stream_readers = [name for name in functions if _reads_stream(resources[name])]
    graphs = [
        _graph("Feedback, by type", [_search("Feedback", "channel,type")]),
        _graph("Failures, by reason", [_search("Failures", "fault,reason")]),
        _graph(
            "From event to report, seconds",
            [
                *(_app_metric("EventToVisible", statistic) for statistic in ("p50", "p99")),
                _app_metric("OldestEvent", "Maximum"),
            ],
        ),
        _graph("Item changes", [_search("ItemChanges", "change")]),
        _graph("Resend requests", [_search("ResendsAsked", "answer")]),
        _graph("Sends, by outcome", [_search("Sends", "kind,outcome")]),
        _graph("Webhook deliveries", [_search("WebhookDeliveries", "state")]),
        _graph("Replies to texts", [_search("Replies", "result")]),
        _graph(
            "Problems",
            [
                _app_metric("CounterDrift"),
                _app_metric("Unattributed"),
                _app_metric("RefusedTags"),
                _app_metric("UnreadableRows"),
                _app_metric("UnreadableMessages"),
            ],
        ),
        _graph(
            "Retries", [_app_metric("RetriedMessages"), _app_metric("SendsInterrupted"), _app_metric("ResendsSettled")]
        ),
        _graph("SES reputation", [_ses("Reputation.BounceRate"), _ses("Reputation.ComplaintRate")]),
        _graph("Messages in queues", _of_queues(alive, "ApproximateNumberOfMessagesVisible")),
        _graph("Oldest message, seconds", _of_queues(alive, "ApproximateAgeOfOldestMessage")),
        _graph("Dead letters", _of_queues(dead, "ApproximateNumberOfMessagesVisible")),
        _graph("Invocations", _of_functions(functions, "Invocations", "Sum")),
        _graph("Errors", _of_functions(functions, "Errors", "Sum")),
        _graph("Throttles", _of_functions(functions, "Throttles", "Sum")),
        _graph("Duration, p99, milliseconds", _of_functions(functions, "Duration", "p99")),
        _graph("Stream lag, milliseconds", _of_functions(stream_readers, "IteratorAge", "Maximum")),
        _graph("API requests", [_of_api("Count"), _of_api("4XXError"), _of_api("5XXError")]),
        _graph("API latency, milliseconds", [_of_api("Latency", "p50"), _of_api("Latency", "p99")]),
    ]
    body = {"widgets": [_alarms(_names(resources, "AWS::CloudWatch::Alarm")), *_in_rows(graphs)]}
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": {"Ref": "AWS::StackName"}, "DashboardBody": {"Fn::Sub": json.dumps(body)}},
    }


def _names(resources: Mapping[str, Resource], kind: str) -> list[str]:
    return sorted(name for name, resource in resources.items() if resource.get("Type") == kind)


def _reads_stream(function: Resource) -> bool:
    return any(event["Type"] == "DynamoDB" for event in function["Properties"].get("Events", {}).values())


# --- Metrics


def _app_metric(metric: str, statistic: str = "Sum") -> _Metric:
    return [_STACK, metric, "service", "undelivered", {"stat": statistic, "label": f"{metric} {statistic}"}]


def _search(metric: str, dimensions: str) -> _Metric:
    """Return a search for the metric, which draws a line for each existing combination of dimension values."""
    expression = f"SEARCH('{{\"{_STACK}\",service,{dimensions}}} MetricName=\"{metric}\"', 'Sum', {_PERIOD})"
    return [{"expression": expression}]


def _ses(metric: str) -> _Metric:
    return ["AWS/SES", metric, {"stat": "Average", "label": metric}]


def _of_api(metric: str, statistic: str = "Sum") -> _Metric:
    return ["AWS/ApiGateway", metric, "ApiName", _STACK, "Stage", "api", {"stat": statistic, "label": metric}]


def _of_queues(names: Iterable[str], metric: str) -> list[_Metric]:
    return [["AWS/SQS", metric, "QueueName", f"${{{name}.QueueName}}", _labelled(name, "Maximum")] for name in names]


def _of_functions(names: Iterable[str], metric: str, statistic: str) -> list[_Metric]:
    return [["AWS/Lambda", metric, "FunctionName", f"${{{name}}}", _labelled(name, statistic)] for name in names]


def _labelled(name: str, statistic: str) -> dict[str, str]:
    return {"stat": statistic, "label": name}


# --- Layout


def _graph(title: str, metrics: list[_Metric]) -> Widget:
    properties = {"title": title, "region": _REGION, "view": "timeSeries", "period": _PERIOD, "metrics": metrics}
    return {"type": "metric", "properties": properties}


def _alarms(names: list[str]) -> Widget:
    arns = [f"${{{name}.Arn}}" for name in names[:_MAXIMUM_ALARMS]]
    layout = {"x": 0, "y": 0, "width": _WIDTH * _COLUMNS, "height": _HEIGHT}
    return {"type": "alarm", **layout, "properties": {"title": "Alarms", "alarms": arns}}


def _in_rows(graphs: Iterable[Widget]) -> list[Widget]:
    """Return the graphs with their positions, in rows below the alarms."""
    return [
        {
            **graph,
            "x": position % _COLUMNS * _WIDTH,
            "y": (1 + position // _COLUMNS) * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
        }
        for position, graph in enumerate(graphs)
    ]
