"""Packages of Node.js that tests use."""

import shutil
from pathlib import Path

import pytest

from infrastructure.build.node_packages import node_packages


def node_folder(package: Path) -> Path:
    """Return a folder in which the packages of a ``package.json`` are installed. Skip the test without npm."""
    if shutil.which("npm") is None:
        pytest.skip("packages of Node.js need npm, which is not on the PATH")
    return node_packages(package)
