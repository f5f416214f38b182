"""Rules for the template that neither Chalice nor cfn-lint checks."""

import re
from collections.abc import Iterator
from typing import Any, Final

from infrastructure.build.releases import alias_of

Template = dict[str, Any]
Resource = dict[str, Any]

_FUNCTION: Final = "AWS::Serverless::Function"
_QUEUE: Final = "AWS::SQS::Queue"
_ALARM: Final = "AWS::CloudWatch::Alarm"
_TABLE: Final = "AWS::DynamoDB::Table"

_RETAINED: Final = frozenset(
    {_TABLE, "AWS::Cognito::UserPool", "AWS::S3::Bucket", "AWS::SES::EmailIdentity", "AWS::SecretsManager::Secret"}
)
"""The types of resources that hold data, or that other stages use."""

VISIBILITY_OVER_TIMEOUT: Final = 6
"""The minimum visibility timeout of a queue, in function timeouts (AWS Lambda Developer Guide, "Using Lambda with
SQS")."""

_WILDCARDS: Final = {
    "-*": "a role cannot refer to its own function, which does not exist yet, so it names the start of its name",
    "/exports/*": "files are named by their export",
    "/uploads/*": "files are named by their upload",
    "/held/*": "files are named by the day on which they expire",
    "/rests/*": "files are named by their export",
    "identity/*": "accounts set their own sender, any identity that is verified",
    "log-group:sns/${AWS::Region}/${AWS::AccountId}/*": "SNS names the groups that it writes delivery status to",
}
"""The wildcards that may end a resource, and the reason for each."""
_WILDCARD_ENDS: Final = (*_WILDCARDS,)

_WATCHED_SOURCES: Final = {"DynamoDB": "IteratorAge", "Schedule": "Invocations"}
"""The metric that shows a problem of an event source, by its type. Queues have their own alarms."""

_WATCHED: Final[dict[str, tuple[object, set[object]]]] = {
    "5XXError": ("AWS/ApiGateway", {0.0}),
    "CounterDrift": ({"Ref": "AWS::StackName"}, {0.0}),
    "RefusedTags": ({"Ref": "AWS::StackName"}, {0.0}),
    "UnreadableRows": ({"Ref": "AWS::StackName"}, {0.0}),
    "Unattributed": ({"Ref": "AWS::StackName"}, {"UnattributedLimit"}),
    "Reputation.BounceRate": ("AWS/SES", {0.05, 0.1}),
    "Reputation.ComplaintRate": ("AWS/SES", {0.001, 0.005}),
}
"""The metrics of the whole stack that need alarms: the namespace and the alarm levels of each."""

_RUNBOOK: Final = re.compile(r"\S.* infrastructure/docs/runbook\.md#[a-z0-9-]+")

_PSEUDO: Final = re.compile(r"AWS::\w+")
_SUBSTITUTION: Final = re.compile(r"\$\{([A-Za-z0-9]+)")


def template_problems(template: Template) -> list[str]:
    """Return a sentence for each rule that the template breaks."""
    resources: dict[str, Resource] = template["Resources"]
    return [
        *_untyped(resources),
        *_broken_references(template),
        *_functions(resources),
        *_queues(resources),
        *_alarms(resources),
        *_tables(resources),
        *_retained(resources),
        *_policies(resources),
    ]


def _of_type(resources: dict[str, Resource], kind: str) -> Iterator[tuple[str, Resource]]:
    return ((name, resource["Properties"]) for name, resource in resources.items() if resource.get("Type") == kind)


def _untyped(resources: dict[str, Resource]) -> Iterator[str]:
    for name, resource in resources.items():
        if "Type" not in resource:
            yield f"{name}: is not a resource that Chalice creates, and has no Type"


def _broken_references(template: Template) -> Iterator[str]:
    resources = template["Resources"]
    aliases = {alias for name, _ in _of_type(resources, _FUNCTION) for alias in (f"{name}.Alias", alias_of(name))}
    for name in sorted(references(template) - {*resources, *template.get("Parameters", {}), *aliases}):
        if not _PSEUDO.fullmatch(name):
            yield f"{name}: is referenced but does not exist"


def references(node: Any) -> set[str]:
    """Return the logical ids and parameters that a part of a template refers to."""
    if isinstance(node, list):
        return {name for part in node for name in references(part)}
    if not isinstance(node, dict):
        return set()
    names = {name for part in node.values() for name in references(part)}
    if isinstance(node.get("Ref"), str):
        names.add(node["Ref"])
    if isinstance(target := node.get("Fn::GetAtt"), list):
        names.add(target[0])
    if isinstance(text := node.get("Fn::Sub"), str):
        names |= set(_SUBSTITUTION.findall(text.replace("AWS::", "AWS")))
    return {name for name in names if not name.startswith("AWS")}


def _functions(resources: dict[str, Resource]) -> Iterator[str]:
    roles: set[str] = set()
    for name, function in _of_type(resources, _FUNCTION):
        role = function.get("Role", {}).get("Fn::GetAtt", [""])[0]
        if role in roles or not resources.get(role, {}).get("Properties", {}).get("Policies"):
            yield f"{name}: does not have its own role and policy"
        roles.add(role)
        if {"Ref": "DependenciesLayer"} not in function.get("Layers", []):
            yield f"{name}: does not have the dependencies layer"
        if not function.get("AutoPublishAlias"):
            yield f"{name}: is not published as a version, so code and layer may not match"
        if not _has_log_group(resources, name):
            yield f"{name}: has no log group with a retention"
        for metric in ("Errors", "Throttles"):
            if not _has_alarm(resources, metric, "FunctionName", {"Ref": name}):
                yield f"{name}: has no alarm on {metric.lower()}"
        yield from _event_sources(resources, name, function)
        yield from _dead_letters(resources, name, function, role)


def _has_log_group(resources: dict[str, Resource], function: str) -> bool:
    group_name = {"Fn::Sub": f"/aws/lambda/${{{function}}}"}
    groups = _of_type(resources, "AWS::Logs::LogGroup")
    return any(group.get("LogGroupName") == group_name and "RetentionInDays" in group for _, group in groups)


def _has_alarm(resources: dict[str, Resource], metric: str, dimension: str, value: object) -> bool:
    wanted_dimension = {"Name": dimension, "Value": value}
    return any(
        alarm.get("MetricName") == metric
        and wanted_dimension in alarm.get("Dimensions", [])
        and alarm.get("AlarmActions")
        for _, alarm in _of_type(resources, _ALARM)
    )


def _event_sources(resources: dict[str, Resource], name: str, function: Resource) -> Iterator[str]:
    for event in function.get("Events", {}).values():
        metric = _WATCHED_SOURCES.get(event["Type"])
        if metric and not _has_alarm(resources, metric, "FunctionName", {"Ref": name}):
            yield f"{name}: has no alarm on {metric}, so its trigger may stop or lag unnoticed"
        if event["Type"] not in {"SQS", "DynamoDB"}:
            continue
        source = event["Properties"]
        if source.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: one bad record would fail its whole batch"
        if event["Type"] == "DynamoDB" and "DestinationConfig" not in source:
            yield f"{name}: has no destination for stream records that fail, so they are lost"
        if event["Type"] == "SQS":
            queue = resources.get(source["Queue"]["Fn::GetAtt"][0], {}).get("Properties", {})
            if queue.get("VisibilityTimeout", 0) < VISIBILITY_OVER_TIMEOUT * function["Timeout"]:
                yield f"{name}: its queue makes messages visible again while they may still be processed"


def _dead_letters(resources: dict[str, Resource], name: str, function: Resource, role: str) -> Iterator[str]:
    """Check that a function's role may write to its dead-letter queue. Lambda writes to it with that role."""
    queue = function.get("DeadLetterQueue", {}).get("TargetArn")
    policies = resources.get(role, {}).get("Properties", {}).get("Policies", [])
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    if queue and not any(
        "sqs:SendMessage" in _as_list(statement["Action"]) and queue in _as_list(statement.get("Resource"))
        for statement in statements
    ):
        yield f"{name}: is not allowed to write to its dead-letter queue"


def _queues(resources: dict[str, Resource]) -> Iterator[str]:
    dead_letters = _dead_letter_queues(resources)
    for name, queue in _of_type(resources, _QUEUE):
        if name in dead_letters:
            depth = "ApproximateNumberOfMessagesVisible"
            if not _has_alarm(resources, depth, "QueueName", {"Fn::GetAtt": [name, "QueueName"]}):
                yield f"{name}: has no alarm on its messages"
            continue
        if "RedrivePolicy" not in queue:
            yield f"{name}: has no dead-letter queue"
        age = "ApproximateAgeOfOldestMessage"
        if not _has_alarm(resources, age, "QueueName", {"Fn::GetAtt": [name, "QueueName"]}):
            yield f"{name}: has no alarm on messages that wait too long"


def _alarms(resources: dict[str, Resource]) -> Iterator[str]:
    levels: dict[str, set[object]] = {metric: set() for metric in _WATCHED}
    for name, alarm in _of_type(resources, _ALARM):
        if not alarm.get("AlarmActions"):
            yield f"{name}: has no alarm action"
        if not _RUNBOOK.fullmatch(str(alarm.get("AlarmDescription", ""))):
            yield f"{name}: must describe the problem and link to the runbook"
        metric, threshold = alarm.get("MetricName"), alarm["Threshold"]
        if metric in _WATCHED and alarm.get("Namespace") == _WATCHED[metric][0]:
            levels[metric].add(threshold["Ref"] if isinstance(threshold, dict) else float(threshold))
    for metric, (_, wanted) in _WATCHED.items():
        if missing := wanted - levels[metric]:
            yield f"{metric}: has no alarm for values above {', '.join(map(str, sorted(missing, key=str)))}"


def _dead_letter_queues(resources: dict[str, Resource]) -> set[str]:
    targets: list[Any] = [queue.get("RedrivePolicy") for _, queue in _of_type(resources, _QUEUE)]
    for _, function in _of_type(resources, _FUNCTION):
        targets += [function.get("DeadLetterQueue"), function.get("EventInvokeConfig")]
        targets += [event["Properties"].get("DestinationConfig") for event in function.get("Events", {}).values()]
    return {name for target in targets for name in references(target)}


def _tables(resources: dict[str, Resource]) -> Iterator[str]:
    for name, table in _of_type(resources, _TABLE):
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name}: does not have point-in-time recovery"


def _retained(resources: dict[str, Resource]) -> Iterator[str]:
    """Check that data outlives the stack, but not a first deployment that fails.

    `Retain` also keeps what a failed deployment created (AWS CloudFormation User Guide, "DeletionPolicy attribute").
    """
    for name, resource in resources.items():
        policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        if resource.get("Type") in _RETAINED and policies != ("RetainExceptOnCreate", "Retain"):
            yield f"{name}: would be deleted with the stack, or would stay when its first deployment fails"


def _policies(resources: dict[str, Resource]) -> Iterator[str]:
    for name, role in _of_type(resources, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = set(_as_list(statement["Action"]))
                if any("*" in action for action in actions):
                    yield f"{name}: {statement.get('Sid')} grants actions by wildcard"
                for resource in _as_list(statement.get("Resource", "*")):
                    text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else str(resource)
                    if "*" in text.removesuffix("*") or (
                        text.endswith("*") and text != "*" and not text.endswith(_WILDCARD_ENDS)
                    ):
                        yield f"{name}: {statement.get('Sid')} grants {text}, a wildcard without a reason"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
