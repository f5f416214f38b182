"""The CloudWatch dashboard of a stack, made from what the template holds: a new function or queue is on it by itself.

Form after the Amazon CloudWatch API Reference, "Dashboard body structure and syntax".
"""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, Final

Resource = dict[str, Any]
Widget = dict[str, Any]
_Line = list[Any]

_WIDTH: Final = 8
_HEIGHT: Final = 6
_ACROSS: Final = 3
_MOST_ALARMS: Final = 100
"""What an alarm widget takes."""

_STACK: Final = "${AWS::StackName}"
_REGION: Final = "${AWS::Region}"
_PERIOD: Final = 300


def dashboard(resources: Mapping[str, Resource]) -> Resource:
    """Return the dashboard of a template's resources."""
    functions = _names(resources, "AWS::Serverless::Function")
    queues = _names(resources, "AWS::SQS::Queue")
    dead = [name for name in queues if "DeadLetter" in name]
    alive = [name for name in queues if name not in dead]
    streaming = [name for name in functions if _reads_a_stream(resources[name])]
    graphs = [
        _graph("Feedback, by type", [_search("Feedback", "channel,type")]),
        _graph("Failures, by reason", [_search("Failures", "fault,reason")]),
        _graph(
            "From event to report, seconds",
            [*(_ours("EventToVisible", statistic) for statistic in ("p50", "p99")), _ours("OldestEvent", "Maximum")],
        ),
        _graph("Item changes", [_search("ItemChanges", "change")]),
        _graph("Resend requests", [_search("ResendsAsked", "answer")]),
        _graph("Sends, by outcome", [_search("Sends", "kind,outcome")]),
        _graph("Problems", [_ours("CounterDrift"), _ours("Unattributed"), _ours("UnreadableMessages")]),
        _graph("Retries", [_ours("RetriedMessages"), _ours("SendsInterrupted"), _ours("ResendsSettled")]),
        _graph("SES reputation", [_ses("Reputation.BounceRate"), _ses("Reputation.ComplaintRate")]),
        _graph("Messages in queues", _of_queues(alive, "ApproximateNumberOfMessagesVisible")),
        _graph("Oldest message, seconds", _of_queues(alive, "ApproximateAgeOfOldestMessage")),
        _graph("Dead letters", _of_queues(dead, "ApproximateNumberOfMessagesVisible")),
        _graph("Invocations", _of_functions(functions, "Invocations", "Sum")),
        _graph("Errors", _of_functions(functions, "Errors", "Sum")),
        _graph("Throttles", _of_functions(functions, "Throttles", "Sum")),
        _graph("Duration, p99, milliseconds", _of_functions(functions, "Duration", "p99")),
        _graph("Stream lag, milliseconds", _of_functions(streaming, "IteratorAge", "Maximum")),
        _graph("API requests", [_of_api("Count"), _of_api("4XXError"), _of_api("5XXError")]),
        _graph("API latency, milliseconds", [_of_api("Latency", "p50"), _of_api("Latency", "p99")]),
    ]
    body = {"widgets": [_alarms(_names(resources, "AWS::CloudWatch::Alarm")), *_placed(graphs)]}
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": {"Ref": "AWS::StackName"}, "DashboardBody": {"Fn::Sub": json.dumps(body)}},
    }


def _names(resources: Mapping[str, Resource], kind: str) -> list[str]:
    return sorted(name for name, resource in resources.items() if resource.get("Type") == kind)


def _reads_a_stream(function: Resource) -> bool:
    return any(event["Type"] == "DynamoDB" for event in function["Properties"].get("Events", {}).values())


# --- what is drawn


def _ours(metric: str, statistic: str = "Sum") -> _Line:
    return [_STACK, metric, "service", "undelivered", {"stat": statistic, "label": f"{metric} {statistic}"}]


def _search(metric: str, dimensions: str) -> _Line:
    """Return a line for each combination of dimensions that there is: reasons come and go."""
    found = f"SEARCH('{{\"{_STACK}\",service,{dimensions}}} MetricName=\"{metric}\"', 'Sum', {_PERIOD})"
    return [{"expression": found}]


def _ses(metric: str) -> _Line:
    return ["AWS/SES", metric, {"stat": "Average", "label": metric}]


def _of_api(metric: str, statistic: str = "Sum") -> _Line:
    return ["AWS/ApiGateway", metric, "ApiName", _STACK, "Stage", "api", {"stat": statistic, "label": metric}]


def _of_queues(names: Iterable[str], metric: str) -> list[_Line]:
    return _of_each(names, lambda name: ["AWS/SQS", metric, "QueueName", f"${{{name}.QueueName}}"], "Maximum")


def _of_functions(names: Iterable[str], metric: str, statistic: str) -> list[_Line]:
    return _of_each(names, lambda name: ["AWS/Lambda", metric, "FunctionName", f"${{{name}}}"], statistic)


def _of_each(names: Iterable[str], line: Callable[[str], _Line], statistic: str) -> list[_Line]:
    return [[*line(name), {"stat": statistic, "label": name}] for name in names]


# --- how it is laid out


def _graph(title: str, lines: list[_Line]) -> Widget:
    properties = {"title": title, "region": _REGION, "view": "timeSeries", "period": _PERIOD, "metrics": lines}
    return {"type": "metric", "properties": properties}


def _alarms(names: list[str]) -> Widget:
    arns = [f"${{{name}.Arn}}" for name in names[:_MOST_ALARMS]]
    place = {"x": 0, "y": 0, "width": _WIDTH * _ACROSS, "height": _HEIGHT}
    return {"type": "alarm", **place, "properties": {"title": "Alarms", "alarms": arns}}


def _placed(graphs: Iterable[Widget]) -> list[Widget]:
    """Return the graphs in rows, below the alarms."""
    return [
        {
            **graph,
            "x": place % _ACROSS * _WIDTH,
            "y": (1 + place // _ACROSS) * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
        }
        for place, graph in zip(count(), graphs, strict=False)
    ]
