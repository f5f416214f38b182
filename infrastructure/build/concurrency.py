"""The Lambda concurrency that the triggers of a stage can use, which the API then does not have.

All functions of an AWS account and region share its concurrency. A new account has 10 executions, and cannot
reserve any of them (AWS Lambda Developer Guide, "Configuring reserved concurrency"). So each queue, stream and schedule
has a limit. Together, the continuous triggers leave at least one execution for the API.
"""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, Final

from infrastructure.build.template_rules import references
from infrastructure.schedules import interval_of

Template = dict[str, Any]
Resource = Mapping[str, Any]

NEW_ACCOUNT: Final = 10
"""The concurrent executions of a new AWS account (AWS Lambda Developer Guide, "Lambda quotas")."""

UNRESERVED: Final = 100
"""The executions that Lambda keeps for functions without reserved concurrency (AWS Lambda Developer Guide,
"Configuring reserved concurrency")."""

API: Final = 1
"""The executions that the API needs at least."""

SMS_LOGS: Final = 2
"""The executions for delivery statuses of texts: 20 texts per second, which is SNS's default rate, if recording the
status of one takes a tenth of a second. `undelivered deploy` reserves them where Lambda allows it. Elsewhere nothing
limits them, because CloudWatch Logs invokes a function as often as it has log entries."""

PEOPLE: Final = 1
"""The executions of ``ManagePeople`` at least. Each runs while one of the API waits for it."""

NEEDED: Final = 21
"""The executions of a stage at the same time: the API, PEOPLE, SMS_LOGS, and the limits of the template's triggers."""

_SHARDS: Final = 1
"""The shards of a stream in the template's sum. A stream has one for each partition of its table, and AWS does
not document how many a new table has. `undelivered doctor` counts the actual shards."""

OCCASIONAL: Final[Mapping[str, str]] = {
    "SendDigests": "runs for minutes, once an hour",
    "SyncSuppressions": "runs for minutes, twice a day",
    "ExportReport": "runs when a user asks for an export",
    "DeliverWebhooks": "runs when an item of an account with webhooks changes, and for deliveries that are tried again",
    "ReadReplies": "runs when a customer sends a text to a two-way number",
    "IngestSmsLogs": "runs when SNS writes delivery statuses of texts",
    "ManagePeople": "runs when a manager opens the page of people, while an execution of the API waits for it",
}
"""Functions that do not run continuously. They may use the API's share for a short time."""

_API_HANDLER: Final = "APIHandler"
_INVOKED_BY_API: Final = "ManagePeople"
_RETRIES: Final = 2
"""How often Lambda retries an asynchronous invocation by default (AWS Lambda Developer Guide, "How Lambda handles
errors and retries with asynchronous invocation")."""
_RETRY_WAITS: Final = 60 + 120
"""The seconds that Lambda waits before the first and the second retry (same chapter)."""


def executions(deployed: Template) -> dict[str, int]:
    """Return how many executions each queue, stream and schedule of the deployed template can use at a time.

    A trigger without a limit has 0.
    """
    of_triggers = {}
    for name, resource in deployed["Resources"].items():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            of_triggers[name] = _of_mapping(resource["Properties"], deployed["Parameters"])
        elif resource["Type"] == "AWS::Events::Rule":
            of_triggers[name] = _of_schedule(resource["Properties"], deployed["Resources"])
    return of_triggers


def continuous_executions(deployed: Template) -> dict[str, int]:
    """Return the executions of the triggers that can be busy all the time."""
    of_triggers = executions(deployed)
    return {name: number for name, number in of_triggers.items() if not name.startswith(tuple(OCCASIONAL))}


def concurrency_problems(deployed: Template) -> Iterator[str]:
    """Yield a sentence for each trigger or function without a limit, and if nothing would be left for the API."""
    of_triggers = executions(deployed)
    for name, number in of_triggers.items():
        if not number:
            yield f"{name}: nothing limits its concurrency"
    for name, function in deployed["Resources"].items():
        if function["Type"] == "AWS::Lambda::Function" and not _has_limit(name, function["Properties"], of_triggers):
            yield f"{name}: nothing limits its concurrency"
    if (total := sum(continuous_executions(deployed).values())) > NEW_ACCOUNT - API:
        yield f"the triggers can use {total} executions at a time, all that a new AWS account has"
    if (total := sum(of_triggers.values()) + SMS_LOGS + PEOPLE + API) != NEEDED:
        yield f"a stage can use {total} executions at a time, but concurrency.NEEDED is {NEEDED}"


def _has_limit(name: str, function: Resource, of_triggers: Mapping[str, int]) -> bool:
    """Whether a function has a trigger or reserved concurrency, or the rest is for it: the API and what it invokes."""
    triggered = any(trigger.startswith(name) for trigger in of_triggers)
    return triggered or name in {_API_HANDLER, _INVOKED_BY_API} or "ReservedConcurrentExecutions" in function


def _of_mapping(mapping: Resource, parameters: Mapping[str, Any]) -> int:
    """Return the limit of an event source mapping, 0 for a queue without one."""
    if "StartingPosition" in mapping:
        return int(mapping.get("ParallelizationFactor", 1)) * _SHARDS
    limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
    return int(parameters[limit["Ref"]]["Default"] if isinstance(limit, dict) else limit)


def _of_schedule(rule: Resource, resources: Mapping[str, Resource]) -> int:
    """Return how many runs of a schedule can overlap, with their retries."""
    (target,) = rule["Targets"]
    (function,) = references(resources[target["Arn"]["Ref"]]["Properties"]["FunctionName"])
    retries = _RETRIES
    for resource in resources.values():
        settings = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig" and settings["FunctionName"] == {"Ref": function}:
            retries = settings.get("MaximumRetryAttempts", _RETRIES)
    longest = resources[function]["Properties"]["Timeout"] * (retries + 1) + (_RETRY_WAITS if retries else 0)
    overlapping: float = longest / interval_of(rule["ScheduleExpression"]).total_seconds()
    return ceil(overlapping)
