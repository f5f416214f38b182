"""Lays out the project folder that Chalice insists on.

Chalice reads `app.py` and `.chalice/` from one folder and ships `vendor/` beside it, wherever our code may live. So
`functions/` and `chalice_config/` are copied there: links would vanish in archives and on Windows, and a linked
`.chalice` would have Chalice write into `chalice_config/`.
"""

import json
import shutil
from pathlib import Path

from infrastructure.build.target import Target
from infrastructure.paths import CHALICE_CONFIG, FUNCTIONS

_NEVER_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "py.typed")


def stage(project: Path, target: Target, *, functions: Path = FUNCTIONS, config: Path = CHALICE_CONFIG) -> None:
    """Fill `project` afresh with what `chalice package` reads, for the target's architecture."""
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(functions / "undelivered", project / "vendor" / "undelivered", ignore=_NEVER_SHIPPED)
    shutil.copyfile(functions / "app.py", project / "app.py")
    shutil.copytree(config, project / ".chalice", ignore=shutil.ignore_patterns("deployments", "deployed"))
    _set_architecture(project / ".chalice" / "config.json", target)


def _set_architecture(config_file: Path, target: Target) -> None:
    config = json.loads(config_file.read_text())
    for stage_config in config["stages"].values():
        stage_config["lambda_architecture"] = target.architecture
    config_file.write_text(json.dumps(config, indent=2))
