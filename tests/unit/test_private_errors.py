"""Our own errors are logged with their texts, so none of these texts repeats another error's."""

import ast
from pathlib import Path

import pytest

import undelivered

SOURCES = sorted(Path(undelivered.__file__).parent.rglob("*.py"))
OURS = ("RetryableError", "PermanentSendError", "UnreadableEventError", "StaleWriteError", "SuppressionNotLiftedError")


def repeated(tree):
    """Yield where an error of ours is made from the text of one that was caught."""
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or not handler.name:
            continue
        for made in ast.walk(handler):
            if not (isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id in OURS):
                continue
            for part in ast.walk(made):
                if isinstance(part, ast.FormattedValue | ast.Call):
                    given = [part.value] if isinstance(part, ast.FormattedValue) else part.args
                    is_str = isinstance(part, ast.FormattedValue) or getattr(part.func, "id", "") in {"str", "repr"}
                    if is_str and any(isinstance(one, ast.Name) and one.id == handler.name for one in given):
                        yield made.lineno


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_error_repeats_what_another_says(source):
    assert list(repeated(ast.parse(source.read_text()))) == []


def test_one_that_did_would_be_found():
    told = ast.parse('try:\n    pass\nexcept ValueError as error:\n    raise RetryableError(f"no: {error}") from error')

    assert list(repeated(told)) == [4]
