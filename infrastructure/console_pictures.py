"""Takes the pictures of the README anew, from the local stack with its month of sample data.

uv run python -m infrastructure.console_pictures
"""

import shutil
from typing import TYPE_CHECKING, Final

from infrastructure.errors import ToolError
from infrastructure.local.stack import LocalStack
from infrastructure.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PICTURES: Final = {
    "overview.png": ("#/", ".number-value", 1000, 690),
    "report-phone.png": ("#/report", "table.list tbody tr", 360, 740),
}
"""Each file: the page, what is waited for, and the size of the screen."""


def main() -> None:
    """Start a stack, take the pictures, stop the stack. Raises ToolError if there is no Chromium."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise ToolError("There is no chromium on this machine. On Debian: apt-get install chromium")
    with LocalStack.start() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in _PICTURES:
            _take(browser, stack, name)
        browser.close()


def _take(browser: "Browser", stack: LocalStack, name: str) -> None:
    place, awaited, width, height = _PICTURES[name]
    user = stack.user()
    page = browser.new_page(locale="en-GB", viewport={"width": width, "height": height}, reduced_motion="reduce")
    page.goto(f"{stack.api_url}/console/{place}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill(user.email)
    page.get_by_label("Password").fill(user.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(awaited)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=ROOT / "infrastructure" / "pictures" / name)
    page.close()


if __name__ == "__main__":
    main()
