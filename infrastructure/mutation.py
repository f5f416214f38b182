"""Mutation testing: whether a fast test fails when a line of ``domain`` or ``services`` is changed.

``uv run python -m infrastructure.mutation run "undelivered.domain.suppression*"`` tries a module,
without a name all modules. ``results`` then lists the survivors, and ``show <name>`` shows one.

The tool is mutmut (``[tool.mutmut]`` in ``pyproject.toml``), which works on copies under ``mutants/``. It names modules
by their paths, and knows of one folder that is no part of a module's name, ``src``; ours is ``functions``. It changes
what is inside functions: constants, defaults of fields and properties are for tests to name by themselves.
"""

from typing import Final

from mutmut.__main__ import cli
from mutmut.utils import format_utils

_FOLDER: Final = "functions."
_strip_prefix: Final = format_utils.strip_prefix


def _strip_folder(s: str, *, prefix: str, strict: bool = False) -> str:
    return _strip_prefix(s.removeprefix(_FOLDER), prefix=prefix, strict=strict)


def main() -> None:
    """Run mutmut, with modules named as they are imported."""
    format_utils.strip_prefix = _strip_folder
    cli()


if __name__ == "__main__":
    main()
