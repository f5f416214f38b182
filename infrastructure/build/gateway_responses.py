"""The errors of API Gateway itself, in the format of the API's own errors (RFC 9457).

They are part of the API's body. As separate resources they would not be part of its deployment, and each import of the
body would remove them (serverless-application-model#390, aws-cdk#10963).
"""

from http import HTTPStatus
from typing import Any, Final

from undelivered.entrypoints.http.errors import PROBLEM_TYPE, ProblemError, problem_body

Template = dict[str, Any]

EXTENSION: Final = "x-amazon-apigateway-gateway-responses"
"""API Gateway Developer Guide, "x-amazon-apigateway-gateway-responses object"."""

_REFUSED: Final = "The request was refused. Check the path, the method and the Authorization header."
_OUR_FAULT: Final = "Something went wrong on our side. Try again. If it happens again, report the request ID."
_NO_PATH: Final = ProblemError(HTTPStatus.NOT_FOUND, "not_found", "The path or the method does not exist.")
_FORBIDDEN: Final = ProblemError(HTTPStatus.FORBIDDEN, "forbidden", _REFUSED)
_INTERNAL: Final = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", _OUR_FAULT)
_BUSY: Final = ProblemError(
    HTTPStatus.TOO_MANY_REQUESTS,
    "throttled",
    "Too many requests. Try again in a moment.",
    headers={"Retry-After": "1"},
)

_RESPONSES: Final = {
    # The status of the two defaults applies to all types that are not in this table, so the table has all types.
    "DEFAULT_4XX": _FORBIDDEN,
    "DEFAULT_5XX": _INTERNAL,
    "ACCESS_DENIED": _FORBIDDEN,
    "API_CONFIGURATION_ERROR": _INTERNAL,
    "AUTHORIZER_CONFIGURATION_ERROR": _INTERNAL,
    "AUTHORIZER_FAILURE": _INTERNAL,
    "BAD_REQUEST_BODY": ProblemError(HTTPStatus.BAD_REQUEST, "invalid_body", "The body must be a JSON object."),
    "BAD_REQUEST_PARAMETERS": ProblemError(HTTPStatus.BAD_REQUEST, "invalid_parameter", "A parameter is not valid."),
    "EXPIRED_TOKEN": _FORBIDDEN,
    # The function was not invoked. In practice, all executions of the AWS account are in use: API Gateway has no other
    # type for a throttled invocation (https://stackoverflow.com/q/36363280).
    "INTEGRATION_FAILURE": _BUSY,
    "INTEGRATION_TIMEOUT": ProblemError(
        HTTPStatus.GATEWAY_TIMEOUT, "internal_error", "The request took too long. Try again."
    ),
    "INVALID_API_KEY": _FORBIDDEN,
    "INVALID_SIGNATURE": _FORBIDDEN,
    # API Gateway has no other type for a path or method that does not exist.
    "MISSING_AUTHENTICATION_TOKEN": _NO_PATH,
    "QUOTA_EXCEEDED": ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "throttled",
        "The quota is used up. Try again later.",
        headers={"Retry-After": "3600"},
    ),
    "REQUEST_TOO_LARGE": ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The request is too large. API Gateway accepts 10 MB."
    ),
    "RESOURCE_NOT_FOUND": _NO_PATH,
    "THROTTLED": _BUSY,
    "UNAUTHORIZED": ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", "Send a token in the Authorization header."),
    "UNSUPPORTED_MEDIA_TYPE": ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send application/json."
    ),
    "WAF_FILTERED": _FORBIDDEN,
}

_HEADERS: Final = {
    "Content-Type": PROBLEM_TYPE,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Any origin: a gateway response can name one origin only, and these errors contain nothing private.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}


def with_gateway_responses(template: Template) -> Template:
    """Add the responses to the API's body."""
    body = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    body[EXTENSION] = {name: _response(problem) for name, problem in _RESPONSES.items()}
    return template


def _response(problem: ProblemError) -> dict[str, Any]:
    headers = {**_HEADERS, **problem.headers}
    return {
        "statusCode": str(problem.status.value),
        "responseParameters": {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
        "responseTemplates": {"application/json": problem_body(problem, "$context.requestId")},
    }
