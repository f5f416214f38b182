"""The time until the report is usable: its rows are shown, and a filter has answered.

A browser that has visited the console before signs in on the local stack, which has its month of sample data. The time
begins when the browser asks for the console's page after the sign-in form, which is Cognito's.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

from infrastructure.bench.figures import Figure
from infrastructure.local.browser import chromium, fill_sign_in, start_browser
from infrastructure.local.stack import LocalStack

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SINCE_NAVIGATION: Final = """
() => (performance.now() - performance.getEntriesByType("navigation")[0].fetchStart) / 1000
"""
_VISITS: Final = 7
_ROWS: Final = "table.list tbody tr"
_PRESSED: Final = "status=bounced.hard"
"""The filter that is pressed, as the URL has it."""


def measure(progress: Callable[[float], None]) -> list[Figure]:
    """Visit the report, at first to fill the caches. Raises ToolError if there is no Chromium."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    with LocalStack.start() as stack, sync_playwright() as playwright:
        progress(0.5)
        browser = start_browser(playwright, path)
        page = browser.new_context(locale="en-GB").new_page()
        page.goto(f"{stack.api_url}/console/#/report")
        page.get_by_role("button", name="Sign in").click()
        _visit(page, stack)
        page.wait_for_load_state("networkidle")
        times = [_visit_again(page, stack) for _ in range(_VISITS)]
        browser.close()
    rows, filtered = (median(column) for column in zip(*times, strict=True))
    description = "until the report is usable in a browser that has visited it before: its rows, and a filter"
    parts = {"rows": rows, "filter": filtered - rows}
    return [Figure("console_report_usable_s", filtered, "s", description, parts)]


def _visit_again(page: "Page", stack: LocalStack) -> tuple[float, float]:
    page.evaluate("location.hash = '#/report'")
    page.reload()  # tokens are only in the page's memory, so this leads to the sign-in form
    return _visit(page, stack)


def _visit(page: "Page", stack: LocalStack) -> tuple[float, float]:
    """Sign in. Return the seconds until rows are shown, and until a filter has answered."""
    fill_sign_in(page, stack)
    page.get_by_label("Password").press("Enter")
    page.wait_for_selector(_ROWS)
    rows = float(page.evaluate(_SINCE_NAVIGATION))
    began = perf_counter()
    page.get_by_role("button", name="Bounced, hard").press("Enter")
    page.wait_for_url(f"**{_PRESSED}")
    page.locator(".pill[aria-pressed=true]", has_text="Bounced, hard").wait_for()
    page.wait_for_selector(_ROWS)
    return rows, rows + perf_counter() - began
