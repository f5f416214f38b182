"""Check a call of an AWS service against the service's model, as AWS does and the emulator does not.

botocore checks types and required members before it sends a call, but neither patterns nor enumerations, and of the
lengths and ranges only the minimum. moto's router and parsers find the operation and its input in an HTTP request.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_BY_SIGNATURE: Final = {"monitoring": "cloudwatch"}
"""Services whose name in signatures is not their name in botocore."""

_INVALID_CODES: Final = ("ValidationException", "InvalidParameter", "InvalidParameterException", "BadRequestException")
"""The codes with which services report a value that is not valid, in order of preference."""

_CREDENTIAL: Final = regex.compile(r"Credential=(?P<key>[^/]+)/[^/]+/[^/]+/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an operation with its input. ``access_key`` is the caller's, ``error_codes`` are the operation's."""

    service: str
    operation: str
    protocol: str
    access_key: str
    values: Mapping[str, Any]
    shape: Shape | None
    error_codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of AWS. ``by_model`` is whether the call does not match the service's model."""

    code: str
    message: str
    by_model: bool


def read_call(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call | None:
    """Return the call of an HTTP request, or None if it is not a signed call, or its protocol is not known."""
    signature = _CREDENTIAL.search(headers.get("authorization", ""))
    if not signature:
        return None
    from moto.core.parse import PROTOCOL_PARSERS
    from moto.core.request import Request, determine_request_protocol
    from moto.core.routing import get_service_router
    from werkzeug.exceptions import NotFound

    service = _service(signature["service"], target, headers)
    request = Request.from_primitives(method, f"http://{headers.get('host', 'localhost')}{target}", headers, body)
    try:
        router = get_service_router(service)
        operation, labels = router.match(request)
        protocol = determine_request_protocol(operation.service_model, request.content_type)
    except (NotFound, NotImplementedError):
        return None
    values = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": labels,
        }
    )
    codes = (shape.metadata.get("error", {}).get("code", shape.name) for shape in operation.error_shapes)
    return Call(service, operation.name, protocol, signature["key"], values, operation.input_shape, frozenset(codes))


def _service(signed_for: str, target: str, headers: Mapping[str, str]) -> str:
    if signed_for == "ses":
        return "sesv2" if target.startswith("/v2/email") else "ses"
    if headers.get("x-amz-target", "").startswith("DynamoDBStreams_"):
        return "dynamodbstreams"
    return _BY_SIGNATURE.get(signed_for, signed_for)


def model_refusal(call: Call) -> Refusal | None:
    """Return the error for a call that does not match the model of its service, or None."""
    found = [*_violations(call.shape, call.values, "")] if call.shape else []
    if not found:
        return None
    code = next((code for code in _INVALID_CODES if code in call.error_codes), "ValidationException")
    errors = "error" if len(found) == 1 else "errors"
    return Refusal(code, f"{len(found)} validation {errors} detected: {'; '.join(found)}", by_model=True)


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Return what is wrong with a value, in the words of AWS."""
    match shape:
        case StructureShape():
            yield from _structure_violations(shape, value, path)
        case ListShape():
            yield from _out_of_bounds(shape, len(value), value, path)
            for number, member in enumerate(value, start=1):
                yield from _violations(shape.member, member, f"{path}.{number}.member")
        case MapShape():
            yield from _out_of_bounds(shape, len(value), value, path)
            for key, member in value.items():
                yield from _violations(shape.key, key, f"{path}.key")
                yield from _violations(shape.value, member, f"{path}.{key}.member")
        case StringShape():
            yield from _string_violations(shape, str(value), path)
        case Shape(type_name="blob") if isinstance(value, (str, bytes)):
            yield from _out_of_bounds(shape, len(value), value, path)
        case Shape(type_name="integer" | "long" | "float" | "double"):
            yield from _out_of_bounds(shape, value, value, path)


def _structure_violations(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.metadata.get("required", ()):
        if not _is_given(value.get(name)):
            yield _violation(None, f"{path}.{name}", "Member must not be null")
    for name, member in value.items():
        if _is_given(member) and name in shape.members:
            yield from _violations(shape.members[name], member, f"{path}.{name}")


def _string_violations(shape: StringShape, value: str, path: str) -> Iterator[str]:
    yield from _out_of_bounds(shape, len(value), value, path)
    allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    if allowed and value not in allowed:
        yield _violation(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _is_given(value: Any) -> bool:
    """Whether a member is in a call: moto's parsers return None or a marker for one that is not."""
    return value is not None and type(value) is not object


def _out_of_bounds(shape: Shape, measured: float, value: Any, path: str) -> Iterator[str]:
    what = "value" if shape.type_name in {"integer", "long", "float", "double"} else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measured < least:
        yield _violation(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and measured > most:
        yield _violation(value, path, f"Member must have {what} less than or equal to {most}")


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path.lstrip('.')}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    # Patterns are in Java's syntax, which has classes such as \p{L} that the module ``re`` lacks.
    return regex.compile(pattern.replace(r"\p{Print}", r"[[:print:]]"))


def error_response(call: Call, refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body of an error in the protocol of a call."""
    code, message = refusal.code, refusal.message
    if call.protocol in {"json", "rest-json"}:
        body = json.dumps({"__type": code, "message": message}).encode()
        return 400, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}, body
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "rest-xml":
        return 400, {"Content-Type": "application/xml"}, f"<Error>{error}</Error>".encode()
    wrapped = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
    return 400, {"Content-Type": "text/xml"}, wrapped.encode()
