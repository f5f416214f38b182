"""JSON as it is stored in an attribute: compact, written and read by msgspec."""

import json
from typing import TypeVar

import msgspec

_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode


def to_json(value: object) -> str:
    """Return a value as compact JSON. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return storable(json.dumps(msgspec.to_builtins(value), separators=(",", ":"), ensure_ascii=False))


def from_json(text: str, type_: type[_T]) -> _T:
    """Return the value of a stored JSON text. Fields that are not stored have their defaults."""
    return msgspec.json.decode(text, type=type_)


def storable(text: str) -> str:
    """Return a text with a question mark for each half of a surrogate pair, which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
