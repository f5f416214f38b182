"""A browser, and a person signed in: to the console on a stand-in for the API, or on the real stack."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.fake_api import FakeApi, serve
from undelivered.entrypoints.http.routes import console

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_MS = 60_000
OPEN = """place => new Promise((done) => {
  addEventListener("hashchange", done, { once: true });
  setTimeout(done, 500); // the page may be there already
  location.hash = place;
})"""
"""Opens a page of the console, and waits until it has begun to load."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no chromium on this machine; on Debian: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def fake(monkeypatch) -> Iterator[tuple[str, FakeApi]]:
    before = dict(os.environ)
    for cached in (console._settings, console._configuration, console._content_security_policy):
        cached.cache_clear()
    with serve(os.environ) as served:
        yield served
    os.environ.clear()
    os.environ.update(before)
    for cached in (console._settings, console._configuration, console._content_security_policy):
        cached.cache_clear()


@dataclass
class Person:
    """Somebody at a browser, signed in to the console."""

    page: Page
    url: str
    api: FakeApi
    complaints: list[str] = field(default_factory=list)

    def goes_to(self, place: str) -> None:
        self.page.evaluate(OPEN, place)
        self.page.wait_for_function("() => !document.querySelector('#main .loading')")

    def signs_in(self, place: str = "") -> None:
        self.page.goto(self.url + place)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("link", name="Sign in").click()
        self.page.locator("#main h1").first.wait_for()
        self.page.wait_for_function("() => !document.querySelector('#main .loading')")

    def sees(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def takes_picture(self, name: str) -> None:
        take_picture(self.page, name)


def take_picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def listen(page: Page) -> list[str]:
    """Keep what the page complains of, without what the network says of failed requests."""
    complaints: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", keep)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        defaults = {"locale": "en-GB", "viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"}
        context = browser.new_context(**(defaults | options))
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def open_console(open_page, fake) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def make(**options: Any) -> Person:
        url, api = fake
        page = open_page(**options)
        person = Person(page, url, api, listen(page))
        people.append(person)
        return person

    yield make
    for person in people:
        assert person.complaints == []


@pytest.fixture
def manager(open_console) -> Person:
    person = open_console()
    person.signs_in()
    return person


@pytest.fixture
def viewer(open_console, fake) -> Person:
    fake[1].role = "viewers"
    person = open_console()
    person.signs_in()
    return person


def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its own good practice, on the page as it is.

    The page is at its top, because axe takes what has scrolled behind the header for obscured.
    """
    page.evaluate("scrollTo(0, 0)")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {rule['help']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]
