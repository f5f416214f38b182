"""Chromium on this computer, and the sign-in page of a local stack."""

import shutil
from typing import TYPE_CHECKING

from infrastructure.errors import ToolError
from infrastructure.local.stack import LocalStack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright


def chromium() -> str:
    """Return the path of Chromium. Raises ToolError if there is none."""
    path = shutil.which("chromium")
    if path is None:
        raise ToolError("There is no chromium on this machine. On Debian: apt-get install chromium")
    return path


def start_browser(playwright: "Playwright", path: str) -> "Browser":
    """Start Chromium, without its sandbox: that cannot be used as root."""
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def fill_sign_in(page: "Page", stack: LocalStack) -> None:
    """Fill in the sign-in page with the name and the password of a manager."""
    user = stack.user()
    page.get_by_label("Username").fill(user.email)
    page.get_by_label("Password").fill(user.password)
