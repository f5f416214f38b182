"""Packages of Node.js that tests use, downloaded once for each version of their list."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infrastructure.paths import ROOT


def node_folder(package: Path) -> Path:
    """Return a folder in which the packages of a ``package.json`` are installed. Skip the test without npm."""
    if shutil.which("npm") is None:
        pytest.skip("packages of Node.js need npm, which is not on the PATH")
    folder = ROOT / "build" / package.parent.name
    installed = folder / "package.json"
    if not installed.exists() or installed.read_text() != package.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        options = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
        options += ["--prefix", str(folder)]
        versions = re.findall(r'"([^"]+)": "(\d[\d.]+)"', package.read_text())
        subprocess.run(
            ["npm", "install", *options, *(f"{name}@{version}" for name, version in versions)], check=True, timeout=300
        )
        shutil.copy(package, installed)
    return folder
