"""Exports in their queue: how they are put, how they are read, and what SQS's answers mean."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.builders.aws import stubbed
from undelivered.adapters.aws.export_queue import SqsExportRunner, read_export_job
from undelivered.domain.errors import RetryableError, UnreadableEventError

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/exports"


@pytest.fixture
def runner():
    with stubbed("sqs") as (client, stub):
        yield SqsExportRunner(client, URL), stub


def test_an_export_is_queued_and_read_as_it_was_queued(runner):
    export_runner, stub = runner
    body = json.dumps({"account_id": "acc-1", "export_id": "e-1"})
    stub.add_response("send_message", {"MessageId": "m-1"}, {"QueueUrl": URL, "MessageBody": body})

    export_runner.start("acc-1", "e-1")

    assert read_export_job(body) == ("acc-1", "e-1")


@pytest.mark.parametrize("code", ["RequestThrottled", "ThrottlingException", "InternalError", "ServiceUnavailable"])
def test_a_busy_queue_can_be_asked_again(runner, code):
    export_runner, stub = runner
    stub.add_client_error("send_message", code, http_status_code=400)

    with pytest.raises(RetryableError):
        export_runner.start("acc-1", "e-1")


@pytest.mark.parametrize("code", ["QueueDoesNotExist", "AccessDenied", "InvalidMessageContents"])
def test_what_asking_again_cannot_help_passes_as_it_is(runner, code):
    export_runner, stub = runner
    stub.add_client_error("send_message", code)

    with pytest.raises(ClientError, match=code):
        export_runner.start("acc-1", "e-1")


def test_a_queue_that_cannot_be_reached_can_be_asked_again():
    class Away:
        def send_message(self, **_call):
            raise EndpointConnectionError(endpoint_url="https://sqs.test")

    with pytest.raises(RetryableError, match="EndpointConnectionError"):
        SqsExportRunner(Away(), URL).start("acc-1", "e-1")


NOT_JOBS = (
    "",
    "Dear all",
    "[]",
    "7",
    "null",
    "{}",
    '{"account_id": "a"}',
    '{"account_id": 1, "export_id": "e"}',
    '{"account_id": "a", "export_id": null}',
)


@pytest.mark.parametrize("body", NOT_JOBS)
def test_anything_else_cannot_be_read(body):
    with pytest.raises(UnreadableEventError, match="not an export job"):
        read_export_job(body)
