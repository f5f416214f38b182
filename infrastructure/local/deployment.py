"""Deploy the template to the emulator."""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from infrastructure.account_mapping import write_account_mapping
from infrastructure.cloudformation import outputs_of
from infrastructure.errors import ToolError
from infrastructure.local.emulator_process import emulator_client

if TYPE_CHECKING:
    from infrastructure.build.template import Build

STACK_NAME: Final = "undelivered"
DEFAULT_ACCOUNT: Final = "acc-harbor"
OTHER_ACCOUNT: Final = "acc-meadow"

REPLIES_TOPIC: Final = "texts-to-our-number"
"""The topic of the texts that customers send to the two-way number."""

_SENDER_DOMAIN: Final = "undelivered.example"
_BUCKET: Final = "undelivered-artifacts"
_DEPLOY_SECONDS: Final = 120


def deploy(endpoint: str, built: "Build") -> dict[str, str]:
    """Deploy as on AWS, with the archives and the template in a bucket; return the stack's outputs.

    Raises ToolError if the deployment fails.
    """
    from undelivered.domain.account_mapping import AccountMapping

    s3, cloudformation = emulator_client(endpoint, "s3"), emulator_client(endpoint, "cloudformation")
    s3.create_bucket(Bucket=_BUCKET)
    s3.upload_file(str(built.code), _BUCKET, built.code_key)
    s3.upload_file(str(built.layer), _BUCKET, built.layer_key)
    # The topic of a two-way number is not of the stack, but of whoever has the number.
    replies = emulator_client(endpoint, "sns").create_topic(Name=REPLIES_TOPIC)["TopicArn"]
    parameters = {
        "LayerBucket": _BUCKET,
        "LayerKey": built.layer_key,
        "Sender": f"notices@{_SENDER_DOMAIN}",
        "SenderDomain": _SENDER_DOMAIN,
        "DefaultAccountId": DEFAULT_ACCOUNT,
        "RepliesTopicArn": replies,
        "LocalEndpoint": endpoint,
    }
    template = json.dumps(built.for_bucket(_BUCKET, parameters)).encode()
    s3.put_object(Bucket=_BUCKET, Key="template.json", Body=template)
    cloudformation.create_stack(
        StackName=STACK_NAME,
        TemplateURL=f"{endpoint}/{_BUCKET}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    outputs = _wait_for_outputs(cloudformation)
    _set_up_tables(endpoint, built, outputs)
    mapping = AccountMapping({"meadow": OTHER_ACCOUNT}, {"meadow.example": OTHER_ACCOUNT})
    write_account_mapping(emulator_client(endpoint, "dynamodb"), outputs["AccountsTable"], mapping)
    return outputs


def _wait_for_outputs(cloudformation: Any) -> dict[str, str]:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return outputs_of(stack)
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.2)
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    reasons = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in failed[-3:]]
    raise ToolError(
        f"The template could not be deployed ({stack['StackStatus']}): {'; '.join(reasons) or 'it took too long.'}"
    )


def _set_up_tables(endpoint: str, built: "Build", outputs: Mapping[str, str]) -> None:
    """Turn on the tables' time to live and point-in-time recovery, which the emulator's CloudFormation ignores."""
    dynamodb = emulator_client(endpoint, "dynamodb")
    for name, resource in built.template["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        table, properties = outputs[name], resource["Properties"]
        if ttl := properties.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
        recovery = properties["PointInTimeRecoverySpecification"]
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
