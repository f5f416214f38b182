"""Takes the pictures of the README anew, from the local stack with its month of sample data.

uv run python -m infrastructure.console_pictures
"""

from typing import TYPE_CHECKING, Final

from infrastructure.local.browser import chromium, fill_sign_in, start_browser
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

    path = chromium()
    with LocalStack.start() as stack, sync_playwright() as playwright:
        browser = start_browser(playwright, path)
        for name in _PICTURES:
            _take(browser, stack, name)
        browser.close()


def _take(browser: "Browser", stack: LocalStack, name: str) -> None:
    place, awaited, width, height = _PICTURES[name]
    page = browser.new_page(locale="en-GB", viewport={"width": width, "height": height}, reduced_motion="reduce")
    page.goto(f"{stack.api_url}/console/{place}")
    page.get_by_role("button", name="Sign in").click()
    fill_sign_in(page, stack)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(awaited)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=ROOT / "infrastructure" / "pictures" / name)
    page.close()


if __name__ == "__main__":
    main()
