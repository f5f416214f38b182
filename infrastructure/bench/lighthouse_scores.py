"""Lighthouse's scores of every page of the console, on a phone and on a desktop, with the month of sample data.

The scores of Lighthouse depend on the machine: it slows its measurements down by a factor, so that a busy machine has a
low score for performance. Measure on a quiet one.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from infrastructure.bench.figures import Figure
from infrastructure.build.node_packages import node_packages
from infrastructure.errors import ToolError
from infrastructure.local.browser import chromium
from infrastructure.local.stack import LocalStack

_FOLDER: Final = Path(__file__).parent / "lighthouse"
_PAGES: Final = (
    "#/",
    "#/report",
    "#/item/{item}",
    "#/customers",
    "#/customers/{customer}",
    "#/import",
    "#/suppressions",
    "#/diagnostics",
    "#/webhooks",
    "#/settings",
)
_SECONDS: Final = 600


def measure(progress: Callable[[float], None]) -> list[Figure]:
    """Run Lighthouse on each page. Raises ToolError if there is no Chromium or npm, or if Lighthouse fails."""
    path = chromium()
    folder = node_packages(_FOLDER / "package.json")
    with TemporaryDirectory() as state, LocalStack.start(state_dir=Path(state)) as stack:
        progress(0.2)
        script = shutil.copy(_FOLDER / "audit.mjs", folder)
        user = stack.user()
        done = subprocess.run(
            ["node", script, path, f"{stack.api_url}/console/", user.email, user.password, *_places(stack)],
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    if done.returncode:
        raise ToolError(f"Lighthouse failed:\n{done.stderr[-2_000:]}")
    pages: Mapping[str, Mapping[str, Mapping[str, float]]] = json.loads(done.stdout)
    scores = {
        f"{place} {device} {category}": score * 100
        for place, devices in pages.items()
        for device, categories in devices.items()
        for category, score in categories.items()
    }
    description = "lowest score of Lighthouse among all pages and categories, on a phone and on a desktop"
    return [Figure("console_lighthouse", min(scores.values()), "points", description, scores)]


def _places(stack: LocalStack) -> list[str]:
    headers = {"Authorization": stack.token(stack.user().email)}
    answer = httpx.get(f"{stack.api_url}/undelivered", headers=headers, params={"limit": 1}, timeout=30)
    item = answer.raise_for_status().json()["items"][0]
    return [place.format(item=item["id"], customer=item["customer"]["id"]) for place in _PAGES]
