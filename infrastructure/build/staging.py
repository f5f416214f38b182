"""Create the project folder that Chalice packages, with the console's files in a compact form.

Chalice reads `app.py` and `.chalice/` from one folder and packages the folder's `vendor/`. So `functions/` and
`chalice_config/` are copied to a folder of that layout. Copies, not links: archives and Windows lose links, and Chalice
would write to `chalice_config/` through a linked `.chalice`.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import rcssmin
import rjsmin

from infrastructure.build.target import Target
from infrastructure.paths import CHALICE_CONFIG, FUNCTIONS

_NOT_PACKAGED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "py.typed")


def stage(project: Path, target: Target, *, functions: Path = FUNCTIONS, config: Path = CHALICE_CONFIG) -> None:
    """Replace `project` with the folder that `chalice package` reads, for the target's architecture."""
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(functions / "undelivered", project / "vendor" / "undelivered", ignore=_NOT_PACKAGED)
    _compact(project / "vendor" / "undelivered" / "console")
    shutil.copyfile(functions / "app.py", project / "app.py")
    shutil.copytree(config, project / ".chalice", ignore=shutil.ignore_patterns("deployments", "deployed"))
    _set_architecture(project / ".chalice" / "config.json", target)


def _compact(console: Path) -> None:
    """Remove comments and white space, which browsers would load at their first visit.

    A library that is compact already stays as it is published, with the notice of its licence.
    """
    minifiers: Mapping[str, Callable[[str], str]] = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin, ".json": _json}
    for file in console.rglob("*.*"):
        if (minify := minifiers.get(file.suffix)) and not file.name.endswith(".min.js"):
            file.write_text(minify(file.read_text("utf-8")), "utf-8")


def _json(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _set_architecture(config_file: Path, target: Target) -> None:
    config = json.loads(config_file.read_text())
    for stage_config in config["stages"].values():
        stage_config["lambda_architecture"] = target.architecture
    config_file.write_text(json.dumps(config, indent=2))
