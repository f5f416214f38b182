"""What the emulator's responses look like to botocore."""

import json

from botocore.parsers import create_parser
from botocore.session import get_session

from infrastructure.local.emulator_storage import _with_identities


def test_a_stream_record_says_that_the_time_to_live_removed_the_item():
    removed = {"eventName": "REMOVE", "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
    body = _with_identities(json.dumps({"Records": [removed, {"eventName": "MODIFY"}]}).encode())

    shape = get_session().get_service_model("dynamodbstreams").operation_model("GetRecords").output_shape
    parsed = create_parser("json").parse({"status_code": 200, "headers": {}, "body": body}, shape)

    assert parsed["Records"] == [
        {"eventName": "REMOVE", "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}},
        {"eventName": "MODIFY"},
    ]
