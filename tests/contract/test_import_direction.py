"""The imports of the functions keep the contracts of import-linter in pyproject.toml."""

import ast
import shutil
import subprocess
import sys

import pytest

from infrastructure.paths import FUNCTIONS, ROOT

LAYERS = "Imports point from the entry points to the domain"
ROUTES = "undelivered.entrypoints.http.routes"
WRONG = [  # a file, a module that it must not import, and the contract that forbids it
    ("domain/item.py", "undelivered.services.ports", LAYERS),
    ("services/dismiss.py", "undelivered.adapters.aws.sqs", LAYERS),
    ("bootstrap/__init__.py", "undelivered.entrypoints.archive", LAYERS),
    ("settings.py", "undelivered.services.ports", LAYERS),
    ("entrypoints/archive.py", "undelivered.adapters.aws.sqs", "Entry points get adapters from bootstrap"),
    ("entrypoints/archive.py", "undelivered.entrypoints.cleanup", "A function loads no other function's entry point"),
    ("entrypoints/http/routes/opt_in.py", f"{ROUTES}.health", "Route modules are independent of each other"),
    ("domain/taxonomy.py", "undelivered.domain.feedback", "No import cycles"),
    ("services/dismiss.py", "infrastructure.paths", "The functions do not import the tools"),
]


LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(sys.argv[1], no_cache=True))"


def lint(functions):
    """Check the contracts on the package in a folder; return whether they are kept, and the output."""
    done = subprocess.run(
        [sys.executable, "-c", LINT, str(ROOT / "pyproject.toml")],
        env={"PYTHONPATH": f"{functions}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def test_the_contracts_are_kept():
    kept, output = lint(FUNCTIONS)

    assert kept, output
    assert "0 broken" in output


@pytest.mark.parametrize(("file", "module", "contract"), WRONG)
def test_a_wrong_import_breaks_its_contract(tmp_path, file, module, contract):
    package = tmp_path / "undelivered"
    shutil.copytree(FUNCTIONS / "undelivered", package, ignore=shutil.ignore_patterns("__pycache__", "console"))
    changed = package / file
    changed.write_text(f"{changed.read_text()}\nimport {module}\n")

    kept, output = lint(tmp_path)

    assert not kept
    assert f"{contract} BROKEN" in output


def imported_packages(folder):
    """Return the top-level packages that the modules in a folder import."""
    packages = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                packages |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                packages.add(node.module.partition(".")[0])
    return packages


def test_the_domain_uses_msgspec_and_the_standard_library_only():
    others = imported_packages(FUNCTIONS / "undelivered" / "domain") - sys.stdlib_module_names

    assert others == {"msgspec", "undelivered"}
