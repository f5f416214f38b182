"""The check of Lambda's concurrency: the limit of the AWS account, and how much of it the stage's triggers can use."""

from collections.abc import Iterator
from typing import Any, Final

from infrastructure.doctor.checks import CheckResult, StackSnapshot, ok, warning, wrong

_ENOUGH: Final = 1_000
"""Lambda's default limit, which a new account can request (AWS Lambda Developer Guide, "Lambda quotas")."""

_QUOTA: Final = "L-B99A9384"
"""The code of the quota "Concurrent executions" of Lambda in Service Quotas."""


def concurrency(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the triggers of the stage leave some of the account's concurrency to the API."""
    functions = snapshot.client("lambda")
    limit = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    mappings = snapshot.of_type("AWS::Lambda::EventSourceMapping").values()
    taken = sum(_executions(snapshot, functions.get_event_source_mapping(UUID=uuid)) for uuid in mappings)
    taken += len(snapshot.of_type("AWS::Events::Rule"))
    what = f"Lambda runs at most {limit} executions at a time, and the stage's triggers can use {taken}"
    request = f"aws service-quotas request-service-quota-increase --service-code lambda --quota-code {_QUOTA}"
    remedy = f"Request more, which costs nothing: {request} --desired-value {_ENOUGH}"
    if limit <= taken:
        yield wrong(f"{what}, so the API can be throttled", remedy)
    elif limit < 2 * taken:
        yield warning(f"{what}, so {limit - taken} are left for the API, exports and other software", remedy)
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
