"""Checks of text messages: sending through SNS, and its delivery status logs."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from infrastructure.build.releases import ALIAS
from infrastructure.doctor.checks import CheckResult, StackSnapshot, ok, warning, wrong

_WARNING_SHARE: Final = 0.8
"""The share of the spending limit from which the check warns."""
_DEPLOY: Final = "uv run undelivered deploy --stage … --bucket … --sms-logs"


def delivery_status(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that SNS logs the delivery status of every text, with the stack's role."""
    attributes = _attributes(snapshot)
    role = snapshot.outputs["SmsDeliveryStatusRoleArn"]
    if not attributes.get("DeliveryStatusIAMRole"):
        yield warning(
            "SNS delivery status logging is off, so failed texts are not reported", f"If you send texts, run: {_DEPLOY}"
        )
    elif attributes["DeliveryStatusIAMRole"] != role:
        yield warning(
            f"SNS writes its logs with a role that is not the stack's: {attributes['DeliveryStatusIAMRole']}", _DEPLOY
        )
    elif attributes.get("DeliveryStatusSuccessSamplingRate") != "100":
        yield wrong("SNS logs only a sample of successful texts, so some resends stay unconfirmed", _DEPLOY)
    else:
        yield ok("SNS logs the delivery status of every text")


def log_groups(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that ingest_sms_logs reads the log groups of SNS."""
    logs = snapshot.client("logs")
    account = snapshot.client("sts").get_caller_identity()["Account"]
    delivered = f"sns/{logs.meta.region_name}/{account}/DirectPublishToPhoneNumber"
    function = f"{snapshot.physical_id('IngestSmsLogs')}:{ALIAS}"
    existing = {group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix=delivered)["logGroups"]}
    for name in (delivered, f"{delivered}/Failure"):
        if name not in existing:
            yield warning(
                f"the log group {name} does not exist",
                f"If you send texts, run: {_DEPLOY}",
            )
            continue
        filters = logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
        if any(filter_["destinationArn"].endswith(f":{function}") for filter_ in filters):
            yield ok(f"{function} reads {name}")
        else:
            yield wrong(
                f"no function reads {name}",
                f"aws logs put-subscription-filter --log-group-name {name} --filter-name undelivered"
                f" --filter-pattern '' --destination-arn <ARN of {function}>",
            )


def sandbox(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that SNS can send texts to any number."""
    if snapshot.client("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        yield warning(
            "SNS is in the SMS sandbox and sends only to verified numbers",
            "If you send texts, open Text messaging (SMS) in the SNS console and choose Exit SMS sandbox.",
        )
    else:
        yield ok("SNS can send texts to any number")


def spending(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check how much of the monthly spending limit is used. SNS stops sending texts at the limit."""
    limit = float(_attributes(snapshot).get("MonthlySpendLimit") or 1)
    now = datetime.now(UTC)
    points = snapshot.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SNS",
        MetricName="SMSMonthToDateSpentUSD",
        StartTime=now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        EndTime=now,
        Period=86_400,
        Statistics=["Maximum"],
    )["Datapoints"]
    spent = max((point["Maximum"] for point in points), default=0.0)
    usage = f"{spent:.2f} of {limit:.2f} USD spent on texts this month"
    if spent >= _WARNING_SHARE * limit:
        more = f"aws sns set-sms-attributes --attributes MonthlySpendLimit={limit * 2:.0f}"
        yield warning(usage, f"Request a higher quota (Service Quotas, Amazon SNS), then run: {more}")
    else:
        yield ok(usage)


def _attributes(snapshot: StackSnapshot) -> Mapping[str, Any]:
    attributes: dict[str, Any] = snapshot.client("sns").get_sms_attributes()["attributes"]
    return attributes
