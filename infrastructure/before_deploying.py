"""What `deploy` checks in the AWS account before it builds, and which existing resources it uses."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from infrastructure.build.concurrency import SMS_LOGS, UNRESERVED
from infrastructure.doctor import concurrency_check, ses_checks
from infrastructure.doctor.checks import (
    Check,
    CheckResult,
    CheckStatus,
    Finding,
    StackSnapshot,
    run_checks,
    warning,
)
from infrastructure.errors import ToolError

Client = Callable[[str], Any]
"""Returns a boto3 client of a service by its name."""

_CHECKS: Final[Mapping[str, Check]] = {
    "SES production access": ses_checks.production_access,
    "SES sending": ses_checks.sending,
    "SES identity": ses_checks.sender_identity,
    "Lambda concurrency": concurrency_check.account_concurrency,
}
"""The checks of the doctor that need no stack."""


def check_bucket(s3: Any, bucket: str) -> None:
    """Raise ToolError unless the bucket for the archives exists, can be used and is in the client's region."""
    from botocore.exceptions import ClientError

    region = s3.meta.region_name
    try:
        found = s3.head_bucket(Bucket=bucket).get("BucketRegion") or region
    except ClientError as error:
        # S3 answers HEAD without a body, so the code is the status.
        code = error.response["Error"]["Code"]
        if code == "404":
            raise ToolError(
                f"The bucket {bucket} does not exist. Create it: aws s3 mb s3://{bucket} --region {region}"
            ) from error
        if code == "403":
            raise ToolError(
                f"The bucket {bucket} belongs to another AWS account, or you may not use it. Choose another bucket, "
                "or ask your AWS administrator for the permissions s3:ListBucket, s3:GetObject and s3:PutObject "
                "on it."
            ) from error
        raise
    if found != region:
        raise ToolError(
            f"The bucket {bucket} is in {found}, but you deploy to {region}. Lambda reads archives only in its own "
            f"region. Create another bucket: aws s3 mb s3://NAME --region {region}"
        )


def account_problems(client: Client, name: str, parameters: Mapping[str, str]) -> list[Finding]:
    """Return what in the AWS account would limit a deployment: SES's identity, sandbox and quota, and Lambda's."""
    checks = dict(_CHECKS)
    if parameters.get("SenderDomain"):
        del checks["SES identity"]  # the stack creates it
    elif "Sender" not in parameters:
        checks["SES identity"] = _no_sender
    snapshot = StackSnapshot(name, client, "", parameters, {}, {})
    return [finding for finding in run_checks(snapshot, checks) if finding.status is not CheckStatus.OK]


def _no_sender(_snapshot: StackSnapshot) -> Iterator[CheckResult]:
    yield warning(
        "no sender is set, so only accounts with a sender of their own can send email",
        "Deploy with --parameter Sender=billing@example.com --parameter SenderDomain=example.com.",
    )


def existing_parameters(
    client: Client, resources: Collection[tuple[str, str]], parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return parameters that make the stack use existing resources of the AWS account instead of creating them.

    `resources` are the types and physical ids of the deployed stack. It keeps the resources that it created.
    """
    return {
        "SmsLogGroups": _sms_log_groups(client, resources),
        "ApiGatewayRole": _api_gateway_role(client, resources),
        **_sender_domain(client, resources, parameters.get("SenderDomain", "")),
    }


def reserved_concurrency(client: Client, deployed: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the concurrency to reserve for delivery statuses of texts, if Lambda allows to reserve any.

    `deployed` are the parameters of the stack, `chosen` those of the operator. Both keep a concurrency that they have.
    """
    if {**deployed, **chosen}.get("SmsLogsConcurrency", "0") != "0" or "SmsLogsConcurrency" in chosen:
        return {}
    unreserved = concurrency_check.unreserved_concurrency(client("lambda"))
    return {"SmsLogsConcurrency": str(SMS_LOGS)} if unreserved - SMS_LOGS >= UNRESERVED else {}


def _sms_log_groups(client: Client, resources: Collection[tuple[str, str]]) -> str:
    """Return `keep` if SNS or another stage created a log group for texts. If only one exists, create the other."""
    logs = client("logs")
    account = client("sts").get_caller_identity()["Account"]
    delivered = f"sns/{logs.meta.region_name}/{account}/DirectPublishToPhoneNumber"
    wanted = {delivered, f"{delivered}/Failure"}
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=delivered)
    existing = wanted & {group["logGroupName"] for page in pages for group in page["logGroups"]}
    if not existing or any(("AWS::Logs::LogGroup", name) in resources for name in wanted):
        return "create"
    for name in wanted - existing:
        logs.create_log_group(logGroupName=name)
    return "keep"


def _api_gateway_role(client: Client, resources: Collection[tuple[str, str]]) -> str:
    """Return `keep` if the AWS account has a role for API Gateway's logs that is not the stack's."""
    if any(kind == "AWS::ApiGateway::Account" for kind, _ in resources):
        return "create"
    return "keep" if client("apigateway").get_account().get("cloudwatchRoleArn") else "create"


def _sender_domain(client: Client, resources: Collection[tuple[str, str]], domain: str) -> dict[str, str]:
    """Return an empty `SenderDomain` if the domain is an SES identity that is not the stack's."""
    if not domain or ("AWS::SES::EmailIdentity", domain) in resources:
        return {}
    return {"SenderDomain": ""} if ses_checks.find_identity(client("sesv2"), domain) else {}
