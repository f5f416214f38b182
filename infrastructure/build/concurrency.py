"""The Lambda concurrency that the triggers of a stage can use, which the API then does not have.

All functions of an AWS account and region share its concurrency. A new account has 10 executions, and cannot
reserve any of them (AWS Lambda Developer Guide, "Configuring reserved concurrency"). So each queue and stream has a
limit. Together, the continuous triggers leave at least one execution for the API.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Template = dict[str, Any]

NEW_ACCOUNT: Final = 10
"""The concurrent executions of a new AWS account (AWS Lambda Developer Guide, "Lambda quotas")."""

_SHARDS: Final = 1
"""The shards of a stream in the template's sum. A stream has one for each partition of its table, and AWS does
not document how many a new table has. `undelivered doctor` counts the actual shards."""

OCCASIONAL: Final[Mapping[str, str]] = {
    "SendDigests": "runs for minutes, once an hour",
    "ExportReport": "runs when a user asks for an export",
    "IngestSmsLogs": "runs for each batch of log entries, and SNS publishes about 20 texts per second",
}
"""Functions that do not run continuously. They may use the API's share for a short time."""


def continuous_executions(deployed: Template) -> dict[str, int]:
    """Return how many executions each queue, stream and schedule of the deployed template can use at a time."""
    resources = deployed["Resources"]
    executions = {
        name: _mapping_executions(resource["Properties"], deployed["Parameters"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::EventSourceMapping"
    }
    schedules = [name for name, resource in resources.items() if resource["Type"] == "AWS::Events::Rule"]
    return executions | {name: 1 for name in schedules if not name.startswith(tuple(OCCASIONAL))}


def concurrency_problems(deployed: Template) -> Iterator[str]:
    """Yield a sentence for each trigger without a limit, and if the API would be left without executions."""
    executions = continuous_executions(deployed)
    for name, number in executions.items():
        if not number:
            yield f"{name}: nothing limits its concurrency"
    if (total := sum(executions.values())) >= NEW_ACCOUNT:
        yield f"the triggers can use {total} executions at a time, all that a new AWS account has"


def _mapping_executions(mapping: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    """Return the limit of an event source mapping, 0 for a queue without one."""
    if "StartingPosition" in mapping:
        return int(mapping.get("ParallelizationFactor", 1)) * _SHARDS
    limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
    return int(parameters[limit["Ref"]]["Default"] if isinstance(limit, dict) else limit)
