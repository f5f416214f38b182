"""Starting an export: an event for its function, without waiting, and what Lambda's answers mean."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.builders.aws import stubbed
from undelivered.adapters.aws.lambda_ import LambdaExportRunner
from undelivered.domain.errors import RetryableError

FUNCTION = "undelivered-export_report:7"


@pytest.fixture
def runner():
    with stubbed("lambda") as (client, stub):
        yield LambdaExportRunner(client, FUNCTION), stub


def test_the_function_gets_an_event_and_is_not_waited_for(runner):
    export_runner, stub = runner
    payload = json.dumps({"account_id": "acc-1", "export_id": "e-1"}).encode()
    expected = {"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": payload}
    stub.add_response("invoke", {"StatusCode": 202}, expected)

    export_runner.start("acc-1", "e-1")


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ServiceException", "EC2ThrottledException"])
def test_a_busy_lambda_can_be_asked_again(runner, code):
    export_runner, stub = runner
    stub.add_client_error("invoke", code, http_status_code=429)

    with pytest.raises(RetryableError):
        export_runner.start("acc-1", "e-1")


@pytest.mark.parametrize(
    "code", ["ResourceNotFoundException", "AccessDeniedException", "InvalidRequestContentException"]
)
def test_what_asking_again_cannot_help_passes_as_it_is(runner, code):
    export_runner, stub = runner
    stub.add_client_error("invoke", code)

    with pytest.raises(ClientError, match=code):
        export_runner.start("acc-1", "e-1")


def test_a_lambda_that_cannot_be_reached_can_be_asked_again():
    class Away:
        def invoke(self, **_call):
            raise EndpointConnectionError(endpoint_url="https://lambda.test")

    with pytest.raises(RetryableError, match="EndpointConnectionError"):
        LambdaExportRunner(Away(), FUNCTION).start("acc-1", "e-1")
