"""Corrections of the emulator's API Gateway.

1. **Gateway responses and request validators of the API's body are imported.** ministack ignores both.
2. **Large requests are refused.** API Gateway accepts payloads of 10 MB at most.
3. **A token on an unknown path is a malformed signature**, because API Gateway then expects one of AWS's own.
4. **A throttled function is an integration failure**, a gateway response. ministack passes on Lambda's own error.
5. **Responses are compressed** from the API's minimum compression size, if the client accepts it.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from infrastructure.local.emulator_internals import require

MAX_PAYLOAD: Final = 10 * 1024 * 1024
"""Bytes (API Gateway Developer Guide, "Quotas for configuring and running a REST API")."""

_CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"gzip": gzip.compress, "deflate": zlib.compress}
"""The content codings of API Gateway (Developer Guide, "Enable payload compression for an API")."""

_THROTTLED: Final = b'"__type": "TooManyRequestsException"'
"""Part of the error of a throttled invocation (AWS Lambda API Reference, "Invoke")."""

_MODELS: Final = "definitions"
_GATEWAY_RESPONSES: Final = "x-amazon-apigateway-gateway-responses"
_VALIDATOR: Final = "x-amazon-apigateway-request-validator"


def import_the_whole_body() -> None:
    """Import the gateway responses, the models and the request validators of an API's body."""
    from ministack.services import apigateway_v1

    import_api, put = require(apigateway_v1, "_import_rest_api"), require(apigateway_v1, "_put_gateway_response")
    methods_of: Mapping[str, Mapping[str, Any]] = require(apigateway_v1, "_resources")
    add_model = require(apigateway_v1, "_create_model")
    add_validator = require(apigateway_v1, "_create_request_validator")

    def import_all(body: Mapping[str, Any], data: Any = None) -> str:
        api_id: str = import_api(body, data)
        for response_type, response in body.get(_GATEWAY_RESPONSES, {}).items():
            status, _, error = put(api_id, response_type, response)
            if status >= 400:  # noqa: PLR2004 - HTTP's first error
                raise ValueError(f"the gateway response {response_type} is not valid: {error!r}")
        for name, schema in body.get(_MODELS, {}).items():
            add_model(api_id, {"name": name, "schema": json.dumps(schema)})
        validators = {
            name: json.loads(add_validator(api_id, {"name": name, **validator})[2])["id"]
            for name, validator in body.get(f"{_VALIDATOR}s", {}).items()
        }
        for resource in methods_of[api_id].values():
            operations = body["paths"].get(resource["path"], {})
            for method, settings in resource["resourceMethods"].items():
                operation = operations[method.lower()]
                settings["requestValidatorId"] = validators.get(operation.get(_VALIDATOR))
                settings["requestModels"] = _request_models(operation)
        return api_id

    apigateway_v1._import_rest_api = import_all  # noqa: SLF001 - see the module's docstring


def _request_models(operation: Mapping[str, Any]) -> dict[str, str]:
    """Return the model of the body by media type."""
    body = next((each for each in operation.get("parameters", []) if each["in"] == "body"), None)
    return {"application/json": body["schema"]["$ref"].rpartition("/")[2]} if body else {}


def refuse_as_api_gateway() -> None:
    """Refuse large requests, tokens on unknown paths, and requests for which the functions have no execution left."""
    from ministack.services import apigateway_v1

    execute, error = require(apigateway_v1, "_execute_in_scope"), require(apigateway_v1, "_GatewayError")
    stages: Mapping[str, Mapping[str, Any]] = require(apigateway_v1, "_stages_v1")

    async def execute_or_refuse(request: dict[str, Any], api_id: str, stage: str, *call: Any) -> Any:
        _method, _path, headers, body, *_ = call
        if len(body or b"") > MAX_PAYLOAD and stage in stages.get(api_id, {}):
            request["stage"] = stages[api_id][stage]
            return error("REQUEST_TOO_LARGE", "Request Too Long")
        response = await execute(request, api_id, stage, *call)
        is_unknown = isinstance(response, error) and response.response_type == "MISSING_AUTHENTICATION_TOKEN"
        if is_unknown and (token := (headers or {}).get("authorization")):
            return error("DEFAULT_4XX", f"Not a valid signature: {token}", "IncompleteSignatureException")
        if (
            not isinstance(response, error)
            and response[0] == HTTPStatus.TOO_MANY_REQUESTS
            and _THROTTLED in response[2]
        ):
            return error("INTEGRATION_FAILURE", "Internal server error")
        return response

    apigateway_v1._execute_in_scope = execute_or_refuse  # noqa: SLF001 - see the module's docstring


def compress_responses() -> None:
    """Compress responses according to the API's minimum compression size."""
    from ministack.services import apigateway_v1

    handle = require(apigateway_v1, "_handle_execute_in_scope")
    apis: Mapping[str, Mapping[str, Any]] = require(apigateway_v1, "_rest_apis")

    async def handle_and_compress(api_id: str, stage: str, method: str, path: str, headers: Any, *call: Any) -> Any:
        status, answered, body = await handle(api_id, stage, method, path, headers, *call)
        minimum = apis.get(api_id, {}).get("minimumCompressionSize")
        if minimum is not None and len(body) >= int(minimum):
            return status, *_compressed(answered, body, (headers or {}).get("accept-encoding", ""))
        return status, answered, body

    apigateway_v1._handle_execute_in_scope = handle_and_compress  # noqa: SLF001 - see the module's docstring


def _compressed(headers: Mapping[str, Any], body: bytes, accepted: str) -> tuple[dict[str, Any], bytes]:
    """Return a response in the coding that the client prefers. It stays as it is if API Gateway lacks that coding."""
    compress = _CODINGS.get(preferred := _preferred_coding(accepted))
    if compress is None or any(name.lower() == "content-encoding" for name in headers):
        return dict(headers), body
    return {**headers, "Content-Encoding": preferred}, compress(body)


def _preferred_coding(accepted: str) -> str:
    """Return the coding with the highest quality in ``Accept-Encoding``, the first of several (RFC 9110, 12.5.3)."""
    qualities: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, quality = part.strip().partition(";q=")
        qualities[coding.strip()] = float(quality or 1)
    best = max(qualities, key=lambda coding: qualities[coding])
    return best if qualities[best] > 0 else ""
