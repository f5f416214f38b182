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
            "SNS delivery status logging is off, so failed texts are not reported", f"If you send texts, run: {_DEPLOY}"
        )
    elif told["DeliveryStatusIAMRole"] != wanted:
        yield warning(
            f"SNS writes its logs with a role that is not the stack's: {told['DeliveryStatusIAMRole']}", _DEPLOY
        )
    elif told.get("DeliveryStatusSuccessSamplingRate") != "100":
        yield wrong("SNS logs only a sample of successful texts, so some resends stay unconfirmed", _DEPLOY)
    else:
        yield ok("SNS logs the delivery status of every text")


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
                f"the log group {name} does not exist",
                f"If you send texts, run: {_DEPLOY} --parameter SmsLogGroups=create",
            )
            continue
        filters = logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
        if any(each["destinationArn"].endswith(f":{function}") for each in filters):
            yield ok(f"{function} reads {name}")
        else:
            yield wrong(
                f"no function reads {name}",
                f"aws logs put-subscription-filter --log-group-name {name} --filter-name undelivered"
                f" --filter-pattern '' --destination-arn <ARN of {function}>",
            )


def sandbox(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether SNS sends texts to anybody."""
    if examined.client("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        yield warning(
            "SNS is in the SMS sandbox and sends only to verified numbers",
            "If you send texts, open Text messaging (SMS) in the SNS console and choose Exit SMS sandbox.",
        )
    else:
        yield ok("SNS can send texts to any number")


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
    said = f"{spent:.2f} of {limit:.2f} USD spent on texts this month"
    if spent >= _NEARLY * limit:
        more = f"aws sns set-sms-attributes --attributes MonthlySpendLimit={limit * 2:.0f}"
        yield warning(said, f"Request a higher quota (Service Quotas, Amazon SNS), then run: {more}")
    else:
        yield ok(said)


def _attributes(examined: StackSnapshot) -> Mapping[str, Any]:
    found: dict[str, Any] = examined.client("sns").get_sms_attributes()["attributes"]
    return found
