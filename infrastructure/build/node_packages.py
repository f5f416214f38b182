"""Packages of Node.js that checks and measurements use. Nothing of them is deployed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from infrastructure.errors import ToolError
from infrastructure.paths import BUILD

_SECONDS: Final = 300


def node_packages(package: Path) -> Path:
    """Return a folder with the packages of a ``package.json``, downloaded once for each version of it.

    The packages' own install scripts do not run. Raises ToolError without npm, or if npm fails.
    """
    if shutil.which("npm") is None:
        raise ToolError("There is no npm on this machine. On Debian: apt-get install npm")
    folder = BUILD / package.parent.name
    installed = folder / "package.json"
    if installed.exists() and installed.read_text() == package.read_text():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(folder)]
    versions = json.loads(package.read_text())["dependencies"]
    names = [f"{name}@{version}" for name, version in versions.items()]
    try:
        subprocess.run(["npm", "install", *options, *names], check=True, timeout=_SECONDS)
    except subprocess.SubprocessError as error:
        raise ToolError(f"npm could not install {', '.join(names)}. Is the registry reachable?") from error
    shutil.copy(package, installed)
    return folder
