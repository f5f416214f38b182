"""The bytes that a browser receives at its first visit to the console, until the dashboard is complete.

A browser without a cache signs in on the local stack, which compresses as API Gateway does. The bytes include headers
and the data of the dashboard. They do not include the sign-in page, which Cognito serves, and the other views, which
the console loads after the dashboard.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from infrastructure.bench.figures import Figure
from infrastructure.local.browser import chromium, fill_sign_in, start_browser
from infrastructure.local.stack import LocalStack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_LANGUAGES: Final = {
    "en-GB": "Sign in",
    "es-ES": "Iniciar sesión",
    "de-DE": "Anmelden",
    "fr-FR": "Se connecter",
    "pt-BR": "Entrar",
}
"""The languages of the console with its text for signing in."""

_OTHER_VIEW: Final = "report.js"
"""The first file that the console loads after the dashboard."""


def measure(progress: Callable[[float], None]) -> list[Figure]:
    """Visit the console in each language. Raises ToolError if there is no Chromium."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    with LocalStack.start() as stack, sync_playwright() as playwright:
        progress(0.5)
        browser = start_browser(playwright, path)
        received = {language: _visit(browser, stack, language, text) for language, text in _LANGUAGES.items()}
        browser.close()
    totals = {language: sum(sizes.values()) / 1_000 for language, sizes in received.items()}
    largest = {name: size / 1_000 for name, size in received[max(totals, key=lambda name: totals[name])].items()}
    description = "received by a browser at its first visit to the console, headers and data included"
    return [Figure("console_first_visit_kb", max(totals.values()), "KB", description, {**totals, **largest})]


def _visit(browser: "Browser", stack: LocalStack, language: str, sign_in: str) -> dict[str, float]:
    """Return the bytes of each response, by the last part of its path."""
    context = browser.new_context(locale=language)
    page = context.new_page()
    network = context.new_cdp_session(page)
    names: dict[str, str] = {}
    received: dict[str, float] = {}

    def remember(event: dict[str, Any]) -> None:
        if event["response"]["url"].startswith(stack.api_url):
            names[event["requestId"]] = event["response"]["url"].partition("?")[0].rstrip("/").rpartition("/")[2]

    def add(event: dict[str, Any]) -> None:
        if name := names.get(event["requestId"]):
            received[name] = received.get(name, 0) + event["encodedDataLength"]

    network.on("Network.responseReceived", remember)
    network.on("Network.loadingFinished", add)
    network.send("Network.enable")
    page.goto(f"{stack.api_url}/console/")
    page.get_by_role("button", name=sign_in).click()
    fill_sign_in(page, stack)
    with page.expect_request(f"**/{_OTHER_VIEW}"):
        page.get_by_role("button", name="Sign in").click()
    complete = dict(received)
    context.close()
    return complete
