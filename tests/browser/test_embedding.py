"""The console and its badge inside a page of the host application, on another origin."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import barriers, listen
from tests.fakes import FakeEmbedRevocations, FakeSigningKeys
from undelivered.services.embed_tokens import EmbedTokens

PATIENCE_MS = 20_000
LISTENING = """
<script>
  window.asked = 0;
  window.addEventListener("message", (event) => {
    const frame = document.querySelector("iframe");
    if (event.source !== frame.contentWindow || event.data !== "undelivered:token-needed") return;
    window.asked += 1;
    if (window.token) frame.contentWindow.postMessage({ type: "undelivered:token", token: window.token }, event.origin);
  });
</script>"""


def mint(role="manager", page="console", minutes=15, name="Ada Byron"):
    tokens = EmbedTokens(FakeSigningKeys(), FakeEmbedRevocations(), lambda: datetime.now(UTC) - timedelta(seconds=1))
    return tokens.mint("acc-1", role, name, page=page, minutes=minutes).text


@dataclass
class HostPage:
    """A page of the host application with the console in a frame."""

    page: Page
    complaints: list[str]

    @property
    def console(self):
        return self.page.frame_locator("iframe")

    def gives(self, token):
        self.page.evaluate("token => { window.token = token }", token)

    def opens(self, place):
        self.console.get_by_text("74").first.wait_for()
        self.page.frames[1].evaluate("place => { location.hash = place }", place)

    def inside(self, script):
        return self.page.frames[1].evaluate(script)


class _Pages(BaseHTTPRequestHandler):
    """A server of the host application with one page, which a test writes."""

    body = ""

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.body.encode())


@pytest.fixture
def host_server():
    # A browser lets only pages of this machine frame pages of this machine, so the page is no answer of a route.
    pages = type("Pages", (_Pages,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield pages, server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def framed(monkeypatch, open_page, host_server, request):
    """Open a page of the host application, or of another origin, with the console at a place in a frame."""
    pages, port = host_server
    monkeypatch.setenv("FRAME_ORIGINS", f"http://localhost:{port}")
    url, api = request.getfixturevalue("fake")

    def make(place="", *, host="localhost", token=None):
        page = open_page()
        page.set_default_timeout(PATIENCE_MS)
        complaints = listen(page)
        given = f"<script>window.token = {token!r}</script>" if token else ""
        pages.body = f"""<!doctype html><html lang="en"><title>Host</title>{LISTENING}{given}<main><h1>Host</h1>
        <iframe title="Undelivered" width="1200" height="700" src="{url}{place}"></iframe></main></html>"""
        page.goto(f"http://{host}:{port}/page")
        return HostPage(page, complaints)

    make.api, make.url = api, url
    return make


def test_a_user_of_the_host_application_works_without_signing_in(framed):
    token = mint()
    framed.api.only_token = token
    host = framed(f"#{token}")

    host.opens("#/item/item-2")
    host.console.get_by_role("button", name="Dismiss").click()
    host.console.get_by_role("dialog").get_by_role("button", name="Dismiss").click()

    host.console.get_by_text("1 notification dismissed").last.wait_for()
    assert host.console.get_by_text("Ada Byron").count() >= 1
    assert host.console.get_by_role("button", name="Sign out").count() == 0
    assert host.complaints == []


def test_the_token_leaves_the_url_at_once_and_is_in_no_storage(framed):
    token = mint()
    host = framed(f"#{token}/report")
    host.console.get_by_role("heading", name="Undelivered notifications").wait_for()

    # A browser may refuse storage to frames of another site. The console works without it.
    storage = "(() => { try { return JSON.stringify({...localStorage, ...sessionStorage}) } catch { return '' } })()"
    assert "embed." not in host.inside(f"location.href + document.cookie + {storage}")
    assert host.inside("location.hash") == "#/report"
    assert token not in str([request[1:3] for request in framed.api.requests])


def test_a_token_that_has_ended_is_replaced_by_one_of_the_page_around(framed):
    first, second = mint(name="First"), mint(name="Second")
    framed.api.only_token = first
    host = framed(f"#{first}")
    host.console.locator("#main h1").first.wait_for()
    assert host.page.evaluate("asked") == 0
    framed.api.only_token = second
    host.gives(second)

    host.opens("#/item/item-2")

    host.console.get_by_text("Gate code for unit 14").first.wait_for()
    assert host.page.evaluate("asked") >= 1
    assert host.complaints == []


def test_without_a_token_in_the_url_the_page_around_is_asked_also_after_a_reload(framed):
    host = framed(token=mint())
    host.console.locator("#main h1").first.wait_for()

    host.inside("location.reload()")

    host.page.wait_for_function("asked >= 2")
    host.console.locator("#main h1").first.wait_for()


def test_a_page_around_that_gives_no_token_can_be_asked_again(framed):
    host = framed()
    again = host.console.get_by_role("button", name="Try again")
    again.wait_for()
    assert host.console.get_by_role("button", name="Sign in").count() == 0
    assert barriers(host.page) == []
    host.gives(mint())

    again.click()

    host.console.locator("#main h1").first.wait_for()


def test_a_session_that_the_page_around_does_not_renew_is_said_over_the_page(framed):
    token = mint()
    host = framed(f"#{token}")
    host.console.get_by_text("74").first.wait_for()
    framed.api.only_token = "another"

    host.opens("#/item/item-2")
    dialogue = host.console.get_by_role("dialog")
    dialogue.get_by_text("The page around this one did not sign you in").first.wait_for()
    assert dialogue.get_by_role("button").count() == 1
    framed.api.only_token = renewed = mint(name="Renewed")
    host.gives(renewed)
    dialogue.get_by_role("button", name="Try again").click()

    host.console.get_by_text("Gate code for unit 14").first.wait_for()
    expect(dialogue).to_have_count(0)


def test_a_token_of_another_window_or_origin_is_not_used(framed):
    host = framed()
    forged = mint(name="Eve")

    host.inside(f"window.postMessage({{ type: 'undelivered:token', token: '{forged}' }}, '*')")

    host.console.get_by_role("button", name="Try again").wait_for()
    assert host.console.get_by_text("Eve").count() == 0


def test_a_page_of_another_origin_cannot_frame_the_console(framed):
    host = framed(f"#{mint()}", host="127.0.0.1")

    host.page.wait_for_load_state()

    assert framed.api.requests == []
    assert any("frame-ancestors" in complaint for complaint in host.complaints)


def test_a_link_with_a_token_signs_nobody_in_outside_a_frame(framed, open_page):
    page = open_page()

    page.goto(f"{framed.url}#{mint()}")

    page.get_by_role("button", name="Sign in").wait_for()
    assert "embed." not in page.url
    assert framed.api.requests == []


def test_an_embedded_manager_reads_settings_and_personal_data_is_not_offered(framed):
    host = framed(f"#{mint()}/settings")
    host.console.get_by_text("To change them, sign in to the console itself").wait_for()
    assert host.console.get_by_role("button", name="Save").count() == 0

    host.inside("location.hash = '#/customers/c-1'")
    host.console.get_by_role("button", name="Edit contact").wait_for()

    assert host.console.get_by_role("button", name="Erase").count() == 0


def test_an_embedded_viewer_has_nothing_to_act_with(framed):
    host = framed(f"#{mint('viewer')}/item/item-2")
    host.console.get_by_text("You have read-only access").wait_for()

    assert host.console.get_by_role("button", name="Resend").count() == 0


def test_a_token_for_the_badge_alone_does_not_open_the_console(framed):
    host = framed(token=mint(page="count"))

    host.console.get_by_role("button", name="Try again").wait_for()
    assert framed.api.requests == []


def test_the_badge_takes_a_token_for_the_count(framed, open_page):
    framed.api.only_token = token = mint(page="count")
    page = open_page()
    page.route(
        "**/host-page",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"""<!doctype html><html lang="en"><title>Host</title><main><h1>Host</h1>
            <script type="module" src="{framed.url}badge.js"></script><undelivered-count></undelivered-count>
            <script>document.querySelector("undelivered-count").token = async () => "{token}";</script></main>""",
        ),
    )
    page.goto(framed.url.replace("/api/console/", "/host-page"))

    page.locator("undelivered-count").get_by_text("74").wait_for()
