"""The validation errors of msgspec in plain words."""

import re
from typing import Any, Final

import msgspec

from undelivered.domain.identifiers import ID_CHARACTERS, ID_LENGTH

IDENTIFIER_RULE: Final = (
    f"must have 1 to {ID_LENGTH} characters: letters, digits and _ . @ / -, and no . or .. alone between slashes"
)

_AT: Final = re.compile(r" - at `(?P<key>key` in `)?\$?\.?(?P<path>[^`]*)`$")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_LENGTH: Final = re.compile(r"Expected `(?P<type>\w+)` of length (?P<limit>[<>])= (?P<number>\d+)")
_VALUE: Final = re.compile(r"Expected `\w+` (?P<limit>[<>])= (?P<number>[-.\d]+)")
_TYPE: Final = re.compile(r"Expected `(?P<types>[^`]*)`, got `(?P<given>\w+)`")
_STEP: Final = re.compile(r"\[[^\]]*\]|[^.\[]+")

_AT_MOST: Final = "must be at most {number}"
_AT_LEAST: Final = "must be at least {number}"
_NO_CHOICE: Final = "must be one of: {values}"
_LENGTHS: Final = {
    ("character", True): ("must have at most {number} character", "must have at most {number} characters"),
    ("character", False): ("must have at least {number} character", "must have at least {number} characters"),
    ("entry", True): ("must have at most {number} entry", "must have at most {number} entries"),
    ("entry", False): ("must have at least {number} entry", "must have at least {number} entries"),
}

_NAMES: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a decimal number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def field_and_message(text: str, schema: type[msgspec.Struct]) -> tuple[str, str]:
    """Return the dotted path of the field in a message of msgspec, and the message in plain words.

    ``schema`` is what was decoded: a message about a choice names its values.
    """
    at = _AT.search(text)
    path = at["path"] if at else ""
    message = text[: at.start()] if at else text
    for pattern, plain in ((_UNKNOWN, "is not known"), (_MISSING, "is required")):
        if match := pattern.match(message):
            return ".".join(part for part in (path, match["name"]) if part), plain
    subject = "has a name that " if at and at["key"] else ""
    return path, subject + _plain(message, path, schema)


def _plain(message: str, path: str, schema: type[msgspec.Struct]) -> str:
    if ID_CHARACTERS in message:  # msgspec shows the pattern, which few people can read
        return IDENTIFIER_RULE
    if match := _LENGTH.match(message):
        return _length(match["type"], int(match["number"]), at_most=match["limit"] == "<")
    if match := _VALUE.match(message):
        return (_AT_MOST if match["limit"] == "<" else _AT_LEAST).format(number=match["number"])
    if match := _TYPE.match(message):
        wanted = " or ".join(_NAMES.get(name, name) for name in match["types"].split(" | "))
        return f"must be {wanted}, not {_NAMES.get(match['given'], match['given'])}"
    if message.startswith("Invalid enum value"):
        return _NO_CHOICE.format(values=", ".join(_choices(path, schema)))
    return message[:1].lower() + message[1:].replace("`", "'")


def _length(type_name: str, number: int, *, at_most: bool) -> str:
    if number == 1 and not at_most:
        return "must not be empty"
    singular, plural = _LENGTHS["character" if type_name == "str" else "entry", at_most]
    return (singular if number == 1 else plural).format(number=number)


def _choices(path: str, schema: type[msgspec.Struct]) -> list[str]:
    """Return the values that a field can have, from the JSON schema."""
    described = msgspec.json.schema(schema)
    shapes = _resolved(described, described)
    for step in _STEP.findall(path):
        shapes = [inner for shape in shapes for inner in _resolved(_step(shape, step), described)]
    return [str(value) for shape in shapes for value in shape.get("enum", [])]


def _step(shape: dict[str, Any], step: str) -> dict[str, Any]:
    if not step.startswith("["):
        return dict(shape.get("properties", {}).get(step, {}))
    inner = shape.get("additionalProperties") if step == "[...]" else shape.get("items")
    return dict(inner) if isinstance(inner, dict) else {}


def _resolved(shape: dict[str, Any], described: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a shape, without references."""
    if "$ref" in shape:
        return _resolved(described["$defs"][shape["$ref"].rpartition("/")[2]], described)
    if "anyOf" in shape:
        return [inner for part in shape["anyOf"] for inner in _resolved(part, described)]
    return [shape]
