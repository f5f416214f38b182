"""Calls of AWS services in the local stack: read from their requests, and checked against the services' models."""

import contextlib

import pytest
from botocore.exceptions import ClientError

from infrastructure.local.call_rules import Refusal, error_response, model_refusal, read_call
from tests.builders.aws_calls import client_answered_by

STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/items/stream/1"
VALID = [
    ("dynamodb", "put_item", {"TableName": "items", "Item": {"id": {"S": "1"}, "raw": {"B": b"x"}}}),
    ("dynamodbstreams", "describe_stream", {"StreamArn": STREAM}),
    ("sqs", "send_message_batch", {"QueueUrl": "http://q", "Entries": [{"Id": "1", "MessageBody": "{}"}]}),
    ("sns", "publish", {"PhoneNumber": "+12065550100", "Message": "Rent is due"}),
    ("s3", "put_object", {"Bucket": "exports", "Key": "a/b c.csv", "Body": b"1,2"}),
    ("lambda", "invoke", {"FunctionName": "export", "InvocationType": "Event", "Payload": b"{}"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "signing"}),
    ("cognito-idp", "admin_get_user", {"UserPoolId": "us-east-1_Abc123", "Username": "ada@example.com"}),
    ("logs", "create_log_group", {"logGroupName": "sns/us-east-1/000000000000/DirectPublishToPhoneNumber"}),
    ("cloudformation", "describe_stacks", {"StackName": "undelivered"}),
    ("sesv2", "get_configuration_set", {"ConfigurationSetName": "sends"}),
    ("ses", "send_raw_email", {"RawMessage": {"Data": b"Subject: x\n\nhi"}, "Destinations": ["ada@example.com"]}),
]

QUERY = {"TableName": "items", "IndexName": "by customer", "KeyConditionExpression": "id = :id"}
PATTERN = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
VALUES = "Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
UPLOAD = {"Bucket": "b", "Key": "k", "ChecksumAlgorithm": "NONE"}
INVALID = [
    ("dynamodb", "query", QUERY, "ValidationException", f"'by customer' at 'IndexName' {{failed}}: {PATTERN}"),
    (
        "lambda", "invoke", {"FunctionName": "export", "InvocationType": "Later"}, "ValidationException",
        f"'Later' at 'InvocationType' {{failed}}: {VALUES}",
    ),
    (
        "secretsmanager", "get_secret_value", {"SecretId": "s" * 2_049}, "InvalidParameterException",
        "{failed}: Member must have length less than or equal to 2048",
    ),
    (
        "cognito-idp", "list_users", {"UserPoolId": "us-east-1_Abc123", "Limit": 61}, "InvalidParameterException",
        "'61' at 'Limit' {failed}: Member must have value less than or equal to 60",
    ),
    (
        "cloudformation", "describe_change_set", {"ChangeSetName": "1st", "StackName": "s"}, "ValidationException",
        "'1st' at 'ChangeSetName' {failed}",
    ),
    ("s3", "create_multipart_upload", UPLOAD, "ValidationException", "'NONE' at 'ChecksumAlgorithm' {failed}"),
]  # fmt: skip


class TakenError(Exception):
    """The request was taken, and gets no response."""


def sent(service, method, parameters, answer=None):
    """Make a call and return its request; ``answer`` gives the status, headers and body of a response."""
    requests = []

    def take(*request):
        requests.append(request)
        if answer is None:
            raise TakenError
        return answer(request)

    with contextlib.suppress(TakenError):
        getattr(client_answered_by(service, take), method)(**parameters)
    return requests[-1]


def refuse(request):
    call = read_call(*request)
    return error_response(call, model_refusal(call))


@pytest.mark.parametrize(("service", "method", "parameters"), VALID, ids=[f"{each[0]}-{each[1]}" for each in VALID])
def test_a_call_is_read_from_its_request_and_passes_if_it_is_valid(service, method, parameters):
    call = read_call(*sent(service, method, parameters))

    assert (call.service, call.access_key) == (service, "caller")
    assert call.operation.lower() == method.replace("_", "")
    assert set(parameters) <= set(call.values)
    assert model_refusal(call) is None


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "message"), INVALID, ids=[f"{each[0]}-{each[1]}" for each in INVALID]
)
def test_a_call_that_does_not_match_its_model_fails_as_on_aws(service, method, parameters, code, message):
    with pytest.raises(ClientError) as refused:
        sent(service, method, parameters, answer=refuse)

    error = refused.value.response["Error"]
    assert error["Code"] == code
    assert error["Message"].startswith("1 validation error detected: ")
    assert message.format(failed="failed to satisfy constraint") in error["Message"]


def test_a_missing_member_is_named():
    target = {"x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0"}
    signature = {"authorization": "AWS4-HMAC-SHA256 Credential=k/20261123/us-east-1/dynamodb/aws4_request, Signature=x"}

    refusal = model_refusal(read_call("POST", "/", target | signature, b'{"TableName": "items"}'))

    assert refusal == Refusal(
        "ValidationException",
        "1 validation error detected: Value null at 'Key' failed to satisfy constraint: Member must not be null",
        by_model=True,
    )


def test_a_request_that_is_not_signed_is_no_call():
    assert read_call("GET", "/restapis/x/api/_user_request_/health?", {"host": "localhost"}, b"") is None
