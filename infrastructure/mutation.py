"""Mutation tests: whether a fast test fails when a line of ``domain`` or ``services`` changes.

``uv run python -m infrastructure.mutation run "undelivered.domain.suppression*"`` tests a module; without a pattern, it
tests all modules. ``results`` then lists the mutants that no test detected, and ``show NAME`` shows one of them.

The tool is mutmut (``[tool.mutmut]`` in ``pyproject.toml``), which changes copies in ``mutants/``. It derives module
names from paths and removes only the folder ``src`` from them, so this module also removes ``functions``. mutmut
changes only the bodies of functions, not constants, defaults of fields or properties.
"""

import sys
from collections.abc import Iterable
from functools import _lru_cache_wrapper
from typing import Final
from unittest import mock

from mutmut.__main__ import cli
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.utils import format_utils

_FOLDER: Final = "functions."
_MUTATED: Final = ("undelivered.domain.", "undelivered.services.")
_strip_prefix: Final = format_utils.strip_prefix
_QUICK: Final = 60
_run_tests: Final = PytestRunner.run_tests
_run_stats: Final = PytestRunner.run_stats


def _empty_caches() -> None:
    """Forget what functions have computed, so that a mutant computes it."""
    modules = [module for name, module in sys.modules.items() if name.startswith(_MUTATED)]
    for value in [value for module in modules for value in vars(module).values()]:
        if isinstance(value, _lru_cache_wrapper):
            value.cache_clear()


class _EmptyCaches:
    """A pytest plugin that empties caches before each test.

    So a test that needs what an earlier one left in a cache counts as a test of the functions that compute it.
    """

    def pytest_runtest_setup(self) -> None:
        _empty_caches()


def _strip_folder(s: str, *, prefix: str, strict: bool = False) -> str:
    return _strip_prefix(s.removeprefix(_FOLDER), prefix=prefix, strict=strict)


def _quickest_first(runner: PytestRunner, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    """Run the quickest tests, and the others only if none of them fails: pytest takes long to collect many tests."""
    _empty_caches()
    durations = state().duration_by_test
    ordered = sorted(tests, key=lambda test: (durations.get(test, 0.0), test))
    exit_code = _run_tests(runner, mutant_name=mutant_name, tests=ordered[:_QUICK])
    others = ordered[_QUICK:]
    return _run_tests(runner, mutant_name=mutant_name, tests=others) if others and not exit_code else exit_code


def _stats_of_empty_caches(runner: PytestRunner, *, tests: Iterable[str]) -> int:
    """Find which tests call which functions."""
    execute = runner.execute_pytest

    def with_empty_caches(params: list[str], *, plugins: list[object]) -> int:
        return execute(params, plugins=[*plugins, _EmptyCaches()])

    with mock.patch.object(runner, "execute_pytest", with_empty_caches):
        return _run_stats(runner, tests=tests)


def main() -> None:
    """Run mutmut with module names as they are imported."""
    PytestRunner.run_tests = _quickest_first  # type: ignore[method-assign,assignment]
    PytestRunner.run_stats = _stats_of_empty_caches  # type: ignore[method-assign,assignment]
    format_utils.strip_prefix = _strip_folder
    cli()


if __name__ == "__main__":
    main()
