"""What deploy and destroy read from CloudFormation's answers, and what they do when a stack changes meanwhile."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from infrastructure import cloudformation as module
from infrastructure.cli.main import app
from infrastructure.cloudformation import ChangeSet, find_stack, is_in_progress, wait_for
from infrastructure.errors import ToolError
from tests.builders.aws import stubbed

ARN = "arn:aws:cloudformation:eu-central-1:123456789012:stack/undelivered-live/0a1b2c3d"
SET = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/deploy-1/4e5f"
OTHER_SET = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/deploy-2/6a7b"
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0)


@pytest.fixture
def aws():
    with stubbed("cloudformation") as (client, stub):
        yield client, stub
        stub.assert_no_pending_responses()


def is_now(stub, status, name=ARN):
    stack = {"StackName": "undelivered-live", "StackId": ARN, "StackStatus": status, "CreationTime": NOW}
    stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": name})


def test_only_a_validation_error_that_says_so_means_that_there_is_no_stack(aws):
    client, stub = aws
    stub.add_client_error("describe_stacks", "ValidationError", "Stack with id undelivered-live does not exist")

    assert find_stack(client, "undelivered-live") is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredToken", "The security token included in the request is expired"),
        ("Throttling", "Rate exceeded"),
        ("AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: cloudformation:DescribeStacks"),
        ("AccessDenied", "The role arn:aws:iam::1:role/x does not exist or cannot be assumed"),
        ("ValidationError", "1 validation error detected: Value '' at 'stackName' failed to satisfy constraint"),
    ],
)
def test_no_other_error_is_read_as_a_missing_stack(aws, code, message):
    client, stub = aws
    stub.add_client_error("describe_stacks", code, message)

    with pytest.raises(ClientError, match=code):
        find_stack(client, "undelivered-live")


def test_a_stack_that_waits_for_its_first_change_set_is_in_progress_and_not_missing(aws):
    client, stub = aws
    is_now(stub, "REVIEW_IN_PROGRESS", "undelivered-live")

    assert is_in_progress(find_stack(client, "undelivered-live"))


def test_a_deletion_has_ended_only_when_the_stack_itself_says_so(aws):
    client, stub = aws
    for status in ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
        is_now(stub, status)

    wait_for(client, ARN, "DELETE")


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_an_error_while_a_deletion_is_awaited_does_not_end_it(aws, status):
    client, stub = aws
    is_now(stub, status)
    stub.add_client_error("describe_stacks", "ExpiredToken", "The security token included in the request is expired")

    with pytest.raises(ClientError):
        wait_for(client, ARN, "DELETE")


def failure(logical_id, status="CREATE_FAILED", reason="", physical_id="x"):
    return {
        "StackId": ARN,
        "StackName": "undelivered-live",
        "EventId": f"{logical_id}-{status}",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "Timestamp": NOW,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_the_reasons_of_a_failure_are_found_behind_many_events_of_its_rollback(aws):
    client, stub = aws
    is_now(stub, "ROLLBACK_COMPLETE")
    rolled_back = [failure(f"Queue{number}", "DELETE_COMPLETE") for number in range(100)]
    stub.add_response("describe_stack_events", {"StackEvents": rolled_back, "NextToken": "more"}, {"StackName": ARN})
    earlier = [
        failure("SenderIdentity", reason="Email identity example.com already exists"),
        failure("undelivered-live", "CREATE_IN_PROGRESS", physical_id=ARN),
        failure("OfAnEarlierOperation", reason="long ago"),
    ]
    stub.add_response("describe_stack_events", {"StackEvents": earlier}, {"StackName": ARN, "NextToken": "more"})

    with pytest.raises(ToolError, match="SenderIdentity: Email identity") as caught:
        wait_for(client, ARN, "CREATE")

    assert "long ago" not in str(caught.value)


@pytest.fixture
def change_set(aws):
    return ChangeSet(aws[0], SET, ARN)


def test_a_change_set_is_executed_by_its_id_and_only_if_it_still_applies(aws, change_set):
    _, stub = aws
    stub.add_client_error("execute_change_set", "InvalidChangeSetStatus", "… current status of [OBSOLETE]")

    with pytest.raises(ToolError, match="changed meanwhile"):
        change_set.execute()


def test_a_change_set_that_somebody_deleted_meanwhile_is_not_replaced_by_theirs(aws, change_set):
    _, stub = aws
    stub.add_client_error("execute_change_set", "ChangeSetNotFound", f"ChangeSet [{SET}] does not exist")

    with pytest.raises(ToolError, match="changed meanwhile"):
        change_set.execute()


def lists(stub, *ids):
    stub.add_response("list_change_sets", {"Summaries": [{"ChangeSetId": each} for each in ids]}, {"StackName": ARN})


def test_a_declined_first_deployment_takes_its_empty_stack_along(aws, change_set):
    _, stub = aws
    stub.add_response("delete_change_set", {}, {"ChangeSetName": SET})
    is_now(stub, "REVIEW_IN_PROGRESS")
    lists(stub)
    stub.add_response("delete_stack", {}, {"StackName": ARN})

    change_set.withdraw()


def test_a_stack_for_which_somebody_else_made_a_change_set_meanwhile_is_left_alone(aws, change_set):
    _, stub = aws
    stub.add_response("delete_change_set", {}, {"ChangeSetName": SET})
    is_now(stub, "REVIEW_IN_PROGRESS")
    lists(stub, OTHER_SET)

    change_set.withdraw()


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_COMPLETE"])
def test_a_stack_that_somebody_else_created_meanwhile_is_left_alone(aws, change_set, status):
    _, stub = aws
    stub.add_client_error("delete_change_set", "ChangeSetNotFound", f"ChangeSet [{SET}] does not exist")
    is_now(stub, status)

    change_set.withdraw()


@pytest.fixture
def stage(monkeypatch, aws):
    """Return a stage with two tables, and a function that removes it with its data."""
    _, stub = aws
    is_now(stub, "CREATE_COMPLETE", "undelivered-live")
    tables = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": f"live-{name}",
            "ResourceType": "AWS::DynamoDB::Table",
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": NOW,
        }
        for name in ("Accounts", "Customers")
    ]
    stub.add_response("list_stack_resources", {"StackResourceSummaries": tables}, {"StackName": ARN})
    stub.add_response("delete_stack", {}, {"StackName": ARN})
    with stubbed("dynamodb") as dynamodb, stubbed("lambda") as functions:
        clients = {"cloudformation": aws, "dynamodb": dynamodb, "lambda": functions}
        monkeypatch.setattr(boto3, "client", lambda service: clients[service][0])

        def destroy():
            return CliRunner().invoke(app, ["destroy", "--stage", "live", "--delete-data", "--yes"])

        yield {service: client[1] for service, client in clients.items()}, destroy


@pytest.mark.parametrize("status", ["DELETE_FAILED", "UPDATE_ROLLBACK_COMPLETE"])
def test_no_data_is_deleted_unless_the_stack_is_gone(stage, status):
    stubs, destroy = stage
    is_now(stubs["cloudformation"], status)
    started = failure("undelivered-live", "DELETE_IN_PROGRESS", physical_id=ARN)
    stubs["cloudformation"].add_response("describe_stack_events", {"StackEvents": [started]}, {"StackName": ARN})

    done = destroy()  # a call to DynamoDB would fail

    assert (done.exit_code, "The delete failed" in " ".join(done.stderr.split())) == (1, True)


def test_no_data_is_deleted_when_the_deletion_cannot_be_followed(stage):
    stubs, destroy = stage
    is_now(stubs["cloudformation"], "DELETE_IN_PROGRESS")
    stubs["cloudformation"].add_client_error("describe_stacks", "ExpiredToken", "The security token is expired")

    done = destroy()

    assert (done.exit_code, "Sign in again" in " ".join(done.stderr.split())) == (1, True)


def test_all_other_data_is_deleted_when_one_table_is_not_and_what_remains_is_named(stage):
    stubs, destroy = stage
    is_now(stubs["cloudformation"], "DELETE_COMPLETE")
    stubs["dynamodb"].add_client_error("delete_table", "AccessDeniedException", "not authorized to perform: it:Is")
    stubs["dynamodb"].add_response("delete_table", {}, {"TableName": "live-Customers"})
    stubs["lambda"].add_response("list_layer_versions", {"LayerVersions": []})

    done = destroy()

    said = " ".join(done.stderr.split())
    assert done.exit_code == 1
    assert "Deleted: live-Customers" in said
    assert "this data remains. Delete it: live-Accounts (AWS refuses DeleteTable" in said
