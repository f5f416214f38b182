"""The checks of Lambda's concurrency: the limit of the AWS account, and how much of it a stage can use."""

from collections.abc import Iterator
from typing import Any, Final

from infrastructure.build.concurrency import NEEDED
from infrastructure.doctor.checks import CheckResult, StackSnapshot, ok, warning, wrong

_ENOUGH: Final = 1_000
"""Lambda's default limit, which a new account can request (AWS Lambda Developer Guide, "Lambda quotas")."""

_QUOTA: Final = "L-B99A9384"
"""The code of the quota "Concurrent executions" of Lambda in Service Quotas."""


_REMEDY: Final = (
    "Request more, which costs nothing: aws service-quotas request-service-quota-increase --service-code lambda "
    f"--quota-code {_QUOTA} --desired-value {_ENOUGH}"
)


def unreserved_concurrency(functions: Any) -> int:
    """Return how many executions the functions of the AWS account without reserved concurrency can have at a time."""
    return int(functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"])


def account_concurrency(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the AWS account has the executions that a stage can use. This needs no stack."""
    limit = unreserved_concurrency(snapshot.client("lambda"))
    what = f"Lambda runs at most {limit} executions at a time, and a stage can use {NEEDED}"
    if limit < NEEDED:
        yield warning(f"{what}, so the API can be throttled when everything runs", _REMEDY)
    else:
        yield ok(what)


def concurrency(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the triggers of the stage leave some of the account's concurrency to the API."""
    functions = snapshot.client("lambda")
    limit = unreserved_concurrency(functions)
    mappings = snapshot.of_type("AWS::Lambda::EventSourceMapping").values()
    taken = sum(_executions(snapshot, functions.get_event_source_mapping(UUID=uuid)) for uuid in mappings)
    taken += len(snapshot.of_type("AWS::Events::Rule"))
    what = f"Lambda runs at most {limit} executions at a time, and the stage's triggers can use {taken}"
    if limit <= taken:
        yield wrong(f"{what}, so the API can be throttled", _REMEDY)
    elif limit < 2 * taken:
        yield warning(f"{what}, so {limit - taken} are left for the API, SMS logs and other software", _REMEDY)
    else:
        yield ok(what)


def _executions(snapshot: StackSnapshot, mapping: dict[str, Any]) -> int:
    """Return how many executions an event source mapping can use at a time."""
    source: str = mapping["EventSourceArn"]
    if source.split(":")[2] == "sqs":
        return int(mapping.get("ScalingConfig", {}).get("MaximumConcurrency", _ENOUGH))
    streams = snapshot.client("dynamodbstreams")
    shards = streams.describe_stream(StreamArn=source)["StreamDescription"]["Shards"]
    is_open = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    return len(is_open) * int(mapping.get("ParallelizationFactor", 1))
