"""What API Gateway refuses by itself: a body that is no JSON object never starts, and never costs, a function.

Only that. What the fields may hold stands in the code's own schemas, and the functions tell which field is wrong and
why; API Gateway would say of any of it no more than that something is.
"""

from typing import Any, Final

Template = dict[str, Any]

_MODEL: Final = "JsonObject"
_VALIDATOR: Final = "x-amazon-apigateway-request-validator"


def with_request_models(template: Template) -> Template:
    """Give every route that cannot do without a body the model of one, as the table of routes tells."""
    # Imported here: few commands build.
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
