"""What is documented of announcements, for the tests that hold it to its word."""

import json
import re
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator


@cache
def documented():
    """Return the integration guide's example and schema."""
    guide = (Path(__file__).parents[2] / "infrastructure" / "docs" / "integration.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", guide, re.DOTALL)]
    return next(each for each in blocks if "event_id" in each), next(each for each in blocks if "$schema" in each)


def check_announcement(form):
    """Raise ValidationError unless a form is as documented."""
    Draft202012Validator(documented()[1]).validate(json.loads(json.dumps(form)))
