"""The API's description of itself."""

import json
import re

import pytest

from undelivered.entrypoints.http.openapi import document
from undelivered.entrypoints.http.route import Access
from undelivered.entrypoints.http.routes import ROUTES


@pytest.fixture(scope="module")
def described():
    return document(ROUTES)


def operations(described):
    return [operation for methods in described["paths"].values() for operation in methods.values()]


def test_every_route_is_described_once_under_its_own_name(described):
    names = [operation["operationId"] for operation in operations(described)]

    assert len(names) == len(set(names)) == len(ROUTES)


def test_every_reference_leads_somewhere(described):
    known = {f"#/components/{kind}/{name}" for kind, parts in described["components"].items() for name in parts}
    used = set(re.findall(r"#/components/\w+/\w+", str(described)))

    assert used <= known


def test_every_path_parameter_is_described(described):
    for path, methods in described["paths"].items():
        for operation in methods.values():
            named = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
            assert named == re.findall(r"{(\w+)}", path)


def test_ids_of_the_host_have_the_same_pattern_in_paths_and_bodies(described):
    (in_path,) = described["paths"]["/notifications/{notification_id}"]["get"]["parameters"][:1]
    in_body = described["components"]["schemas"]["NotificationBody"]["properties"]["customer_id"]

    assert in_path["schema"] == in_body
    assert re.fullmatch(in_body["pattern"], "INV/2026/17")
    assert not re.fullmatch(in_body["pattern"], "INV 17")


def test_only_public_routes_need_no_token(described):
    public = {operation["operationId"] for operation in operations(described) if not operation["security"]}

    assert public == {route.name for route in ROUTES if route.access is Access.PUBLIC}
    pages = {"show_unsubscribe_page", "unsubscribe", "show_contact_page", "correct_contact"}
    assert public == {"health", "show_keys", "show_openapi", *pages}


def test_parameters_of_the_report_have_their_values_and_limits(described):
    parameters = {one["name"]: one for one in described["paths"]["/undelivered"]["get"]["parameters"]}

    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert "bounced.hard" in parameters["status"]["schema"]["items"]["enum"]
    assert parameters["channel"]["schema"]["items"] == {"$ref": "#/components/schemas/Channel"}
    assert parameters["status"]["explode"] is True
    assert "commas" in parameters["status"]["description"]
    assert parameters["from"]["schema"]["type"] == "string"
    assert "start" not in parameters


def test_unknown_fields_are_forbidden(described):
    assert described["components"]["schemas"]["CustomerPatch"]["additionalProperties"] is False


def test_every_schema_says_what_it_is(described):
    undescribed = [name for name, schema in described["components"]["schemas"].items() if "description" not in schema]

    assert set(undescribed) <= {"Channel", "SuppressionReason"}


def test_every_answer_is_said_to_name_its_request(described):
    shared = described["components"]["responses"]["Problem"]
    answers = [
        answer
        for operation in operations(described)
        for answer in operation["responses"].values()
        if "$ref" not in answer and "text/html" not in answer.get("content", {})
    ]

    assert all("X-Request-Id" in answer["headers"] for answer in [shared, *answers])


def test_a_field_with_a_default_can_be_omitted_in_a_request_and_is_always_in_a_response(described):
    schemas = described["components"]["schemas"]
    request, response = schemas["SettingsSchema"], schemas["SettingsSchemaView"]
    settings = described["paths"]["/settings"]

    assert settings["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/SettingsSchema")
    for method in ("get", "put"):
        answer = settings[method]["responses"]["200"]["content"]["application/json"]
        assert answer["schema"]["$ref"].endswith("/SettingsSchemaView")
    assert request["required"] == []
    assert response["required"] == list(response["properties"])
    assert response["properties"]["grace"]["$ref"].endswith("/GraceSchemaView")
    assert '"default"' not in json.dumps(schemas)
    assert schemas["NotificationBody"]["properties"]["essential"]["description"] == "Default: false."


def test_what_can_be_missing_in_a_response_is_not_required(described):
    assert described["components"]["schemas"]["FieldError"]["required"] == ["field", "message"]


def test_answers_name_their_values_and_formats(described):
    item = described["components"]["schemas"]["ItemView"]["properties"]
    attempt = described["components"]["schemas"]["AttemptView"]["properties"]

    assert item["status"]["$ref"].endswith("/Status")
    assert item["sent_at"]["format"] == "date-time"
    assert "delivered" in attempt["outcome"]["enum"]


def test_every_operation_has_a_description_and_a_group_that_is_described(described):
    groups = {group["name"] for group in described["tags"]}

    assert all(operation["description"].endswith(".") for operation in operations(described))
    assert {name for operation in operations(described) for name in operation["tags"]} == groups
