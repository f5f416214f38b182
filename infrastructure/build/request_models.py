"""Request validation in API Gateway: it rejects a body that is not a JSON object, without invoking a function.

It validates nothing else. The functions check the fields, because their error says which field is wrong and why, and
API Gateway's error does not.
"""

from typing import Any, Final

Template = dict[str, Any]

_MODEL: Final = "JsonObject"
_VALIDATOR: Final = "x-amazon-apigateway-request-validator"


def with_request_models(template: Template) -> Template:
    """Add the model and its validation to all routes that require a body."""
    from undelivered.entrypoints.http.routes import ROUTES

    body = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    body["definitions"][_MODEL] = {"type": "object", "title": "A JSON object"}
    # Amazon API Gateway Developer Guide, "OpenAPI definitions of a sample API with basic request validation".
    body[f"{_VALIDATOR}s"] = {"body": {"validateRequestBody": True, "validateRequestParameters": False}}
    for route in ROUTES:
        if route.body and route.body_required:
            operation = body["paths"][route.path][route.method.lower()]
            schema = {"$ref": f"#/definitions/{_MODEL}"}
            parameter = {"in": "body", "name": _MODEL, "required": True, "schema": schema}
            operation["parameters"] = [*operation.get("parameters", []), parameter]
            operation[_VALIDATOR] = "body"
    return template
