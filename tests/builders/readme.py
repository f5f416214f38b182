"""What is documented of announcements, for the tests that hold it to its word."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator


class Documented(NamedTuple):
    """The examples of announcements, and their schemas by the start of the type."""

    examples: list[dict[str, Any]]
    schemas: dict[str, dict[str, Any]]


@cache
def documented():
    """Return the integration guide's examples and schemas."""
    guide = (Path(__file__).parents[2] / "infrastructure" / "docs" / "integration.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", guide, re.DOTALL)]
    schemas = [block for block in blocks if "$schema" in block]
    return Documented(
        [block for block in blocks if "event_id" in block],
        {_group(types.get("const") or types["enum"][0]): schema for schema in schemas for types in [_types(schema)]},
    )


def _types(schema):
    return schema["properties"]["type"]


def _group(type_):
    return type_.rpartition(".")[0]


def check_announcement(form):
    """Raise ValidationError unless a form is as documented."""
    Draft202012Validator(documented().schemas[_group(form["type"])]).validate(json.loads(json.dumps(form)))
