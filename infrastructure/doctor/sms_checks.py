"""Checks of texts: whether SNS sends them, and whether their fate is told."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from infrastructure.build.releases import ALIAS
from infrastructure.doctor.checks import CheckResult, StackSnapshot, ok, warning, wrong

_NEARLY: Final = 0.8
"""Of the spending limit: worth a warning."""
_DEPLOY: Final = "uv run undelivered deploy --stage … --bucket … --sms-logs"


def delivery_status(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether SNS logs the fate of every text, with the stack's role."""
    told = _attributes(examined)
    wanted = examined.outputs["SmsDeliveryStatusRoleArn"]
    if not told.get("DeliveryStatusIAMRole"):
        yield warning(
            "SNS does not log the fate of texts: none that fails is reported", f"If you send texts: {_DEPLOY}"
        )
    elif told["DeliveryStatusIAMRole"] != wanted:
        yield warning(f"SNS logs with another role than the stack's: {told['DeliveryStatusIAMRole']}", _DEPLOY)
    elif told.get("DeliveryStatusSuccessSamplingRate") != "100":
        yield wrong("SNS logs only a part of the texts that arrived: resends stay unsettled", _DEPLOY)
    else:
        yield ok("SNS logs the fate of every text")


def log_groups(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether what SNS logs reaches ingest_sms_logs."""
    logs = examined.client("logs")
    account = examined.client("sts").get_caller_identity()["Account"]
    delivered = f"sns/{logs.meta.region_name}/{account}/DirectPublishToPhoneNumber"
    function = f"{examined.physical('IngestSmsLogs')}:{ALIAS}"
    known = {each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix=delivered)["logGroups"]}
    for name in (delivered, f"{delivered}/Failure"):
        if name not in known:
            yield warning(
                f"there is no log group {name}", f"If you send texts: {_DEPLOY} --parameter SmsLogGroups=create"
            )
            continue
        filters = logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
        if any(each["destinationArn"].endswith(f":{function}") for each in filters):
            yield ok(f"{name} is read by {function}")
        else:
            yield wrong(
                f"nobody reads {name}",
                f"aws logs put-subscription-filter --log-group-name {name} --filter-name undelivered"
                f" --filter-pattern '' --destination-arn <ARN of {function}>",
            )


def sandbox(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether SNS sends texts to anybody."""
    if examined.client("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        yield warning(
            "SNS is in its sandbox for texts: it sends only to verified numbers",
            "If you send texts: SNS console, Text messaging (SMS), Exit SMS sandbox.",
        )
    else:
        yield ok("SNS sends texts to anybody")


def spending(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look how much of the month's limit for texts is spent; SNS stops when it is reached."""
    limit = float(_attributes(examined).get("MonthlySpendLimit") or 1)
    now = datetime.now(UTC)
    points = examined.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SNS",
        MetricName="SMSMonthToDateSpentUSD",
        StartTime=now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        EndTime=now,
        Period=86_400,
        Statistics=["Maximum"],
    )["Datapoints"]
    spent = max((point["Maximum"] for point in points), default=0.0)
    said = f"{spent:.2f} of {limit:.2f} USD for texts are spent this month"
    if spent >= _NEARLY * limit:
        more = f"aws sns set-sms-attributes --attributes MonthlySpendLimit={limit * 2:.0f}"
        yield warning(said, f"{more}, after asking AWS for it (Service Quotas, Amazon SNS).")
    else:
        yield ok(said)


def _attributes(examined: StackSnapshot) -> Mapping[str, Any]:
    found: dict[str, Any] = examined.client("sns").get_sms_attributes()["attributes"]
    return found
