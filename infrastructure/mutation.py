"""Mutation tests: whether a fast test fails when a line of ``domain`` or ``services`` changes.

``uv run python -m infrastructure.mutation run "undelivered.domain.suppression*"`` tests a module; without a pattern, it
tests all modules. ``results`` then lists the mutants that no test detected, and ``show NAME`` shows one of them.

The tool is mutmut (``[tool.mutmut]`` in ``pyproject.toml``), which changes copies in ``mutants/``. It derives module
names from paths and removes only the folder ``src`` from them, so this module also removes ``functions``. mutmut
changes only the bodies of functions, not constants, defaults of fields or properties.
"""

from typing import Final

from mutmut.__main__ import cli
from mutmut.utils import format_utils

_FOLDER: Final = "functions."
_strip_prefix: Final = format_utils.strip_prefix


def _strip_folder(s: str, *, prefix: str, strict: bool = False) -> str:
    return _strip_prefix(s.removeprefix(_FOLDER), prefix=prefix, strict=strict)


def main() -> None:
    """Run mutmut with module names as they are imported."""
    format_utils.strip_prefix = _strip_folder
    cli()


if __name__ == "__main__":
    main()
