"""What every page of the console keeps to: barriers, small screens, languages, sizes, headers."""

import gzip
import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import barriers
from tests.browser.test_incidents import an_incident
from undelivered.domain.taxonomy import Reason

PAGES = {
    "overview": "#/",
    "report": "#/report",
    "report-filtered": "#/report?status=invalid,spammed",
    "report-empty": "#/report?state=expired",
    "work-correct": "#/work/correct",
    "work-leave": "#/work/leave",
    "detail-refused": "#/item/item-1",
    "detail-resendable": "#/item/item-2",
    "detail-right-to-left": "#/item/item-5",
    "customers": "#/customers",
    "customer": "#/customers/c-1",
    "import": "#/import",
    "sheet": "#/sheet",
    "evidence": "#/evidence/item-1",
    "evidence-customer": "#/evidence?customer=c-1",
    "exports": "#/exports",
    "incidents": "#/incidents",
    "incident": "#/incidents/incident-1",
    "suppressions": "#/suppressions",
    "diagnostics": "#/diagnostics",
    "settings": "#/settings",
    "people": "#/people",
    "two-step": "#/two-step",
    "audit": "#/audit",
    "webhooks": "#/webhooks",
    "setup": "#/setup",
    "not-there": "#/item/no-such-item",
}
FIRST_VIEW = ("console.css", "start.js", "main.js", "dom.js", "i18n.js", "auth.js", "api.js", "ui.js", "dashboard.js")
CONSOLE = Path(__file__).parents[2] / "functions" / "undelivered" / "console"


APPEARANCES = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "forced-colours": {"forced_colors": "active"},
    "phone": {"viewport": {"width": 320, "height": 740}},
    "phone-dark": {"viewport": {"width": 320, "height": 740}, "color_scheme": "dark"},
    "large-text": {},
}


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_no_page_has_barriers_that_axe_knows(open_console, appearance):
    person = open_console(**APPEARANCES[appearance])
    person.api.incidents = [an_incident()]
    person.signs_in()
    if appearance == "large-text":
        person.page.evaluate("document.documentElement.style.fontSize = '200%'")

    found = {}
    for name, place in PAGES.items():
        person.goes_to(place)
        person.takes_picture(f"{name}-{appearance}")
        found[name] = barriers(person.page)

    assert {name: violations for name, violations in found.items() if violations} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_dialogue_has_barriers_that_axe_knows(open_console, scheme):
    person = open_console(color_scheme=scheme)
    person.signs_in()
    page, found = person.page, {}

    person.goes_to("#/item/item-7")
    page.get_by_role("button", name="Resend").click()
    page.get_by_role("button", name="Record and resend").click()  # with complaints shown
    found["consent"] = barriers(page)
    person.takes_picture(f"consent-desktop-{scheme}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Dismiss").click()
    found["dismiss"] = barriers(page)
    page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
    page.get_by_text("1 notification dismissed").last.wait_for()
    found["toast"] = barriers(page)
    person.goes_to("#/suppressions")
    page.get_by_role("button", name="Lift the suppression of ada.7@example.com").click()
    found["lift"] = barriers(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Suppress an address").click()
    found["suppress"] = barriers(page)
    page.keyboard.press("Escape")
    person.goes_to("#/item/item-1")
    page.get_by_role("button", name="Edit contact").click()
    page.get_by_label("Email address").fill("wrong")
    page.get_by_role("button", name="Save").click()
    page.locator("[aria-invalid=true]").wait_for()
    found["contact-refused"] = barriers(page)
    page.get_by_label("Email address").fill("grace@gmial.com")
    page.get_by_label("Phone number").focus()
    page.get_by_role("button", name="Use grace@gmail.com").wait_for()
    found["contact-spelling"] = barriers(page)

    assert {name: violations for name, violations in found.items() if violations} == {}


def test_the_page_before_signing_in_has_no_barriers(open_console):
    person = open_console()
    person.page.goto(person.url)
    person.page.get_by_role("button", name="Sign in").wait_for()

    assert barriers(person.page) == []
    person.takes_picture("welcome-desktop-light")


@pytest.mark.parametrize("width", [320, 360, 640])
def test_nothing_is_cut_off_on_a_narrow_screen(open_console, width):
    # 640 is a screen of 1280 at 200 %, 320 one at 400 %.
    person = open_console(viewport={"width": width, "height": 740})
    person.api.incidents = [an_incident()]
    person.signs_in()

    for place in PAGES.values():
        person.goes_to(place)
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width, place


@pytest.mark.parametrize("width", [320, 769, 853, 977, 1024, 1025, 1280, 2560])
def test_no_cell_of_the_report_is_cut_off_whatever_it_contains(open_console, width):
    person = open_console(viewport={"width": width, "height": 740})
    item = next(iter(person.api.items.values()))
    item |= {"title": "x" * 200, "recipient": f"{'y' * 60}@{'z' * 60}.example"}
    person.signs_in()
    person.goes_to("#/report")
    person.sees("x" * 200)

    cut = person.page.evaluate(
        """() => {
          const card = document.querySelector(".list-card");
          const cells = card.querySelectorAll(innerWidth > 1024 ? "td *, th" : "td *");
          const ends = [...cells].map((each) => each.getBoundingClientRect().right);
          const page = document.documentElement.scrollWidth - innerWidth;
          return [Math.max(...ends) - card.getBoundingClientRect().right, page];
        }"""
    )
    assert max(cut) <= 0


@pytest.mark.parametrize("language", ["en", "es", "de", "fr", "pt"])
def test_the_header_keeps_to_one_line_where_the_menu_is_open(fake, open_console, language):
    fake[1].email = "a-manager-with-a-long-name@mail.harbor.example"
    person = open_console(viewport={"width": 1249, "height": 740})
    person.signs_in()
    person.page.get_by_label("Language").select_option(language)
    person.page.locator(f"html[lang={language}]").wait_for()

    header, *parts = person.page.evaluate(
        """() => [...document.querySelectorAll("header.top, header.top > *, header.top nav a, .who > *")]
              .filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect().toJSON())"""
    )
    assert header["height"] < 64
    assert max(part["bottom"] for part in parts) <= header["bottom"]
    assert max(part["right"] for part in parts) <= 1249


@pytest.mark.parametrize("width", [360, 820])
def test_the_menu_opens_below_the_header(open_console, width):
    person = open_console(viewport={"width": width, "height": 740})
    person.signs_in()
    toggle = person.page.get_by_role("button", name="Menu")
    closed = person.page.locator("header.top").bounding_box()

    toggle.click()

    assert toggle.bounding_box()["y"] < closed["height"]
    assert person.page.locator("#menu").bounding_box()["y"] >= closed["height"] - 8
    assert person.page.locator("#menu").bounding_box()["width"] > width - 60


def test_all_that_is_shown_can_be_selected_on_a_phone(open_console):
    person = open_console(viewport={"width": 360, "height": 740})
    person.signs_in()
    person.goes_to("#/report")

    person.page.get_by_text("Select all shown", exact=True).click()

    expect(person.page.locator("tbody tr.selected")).to_have_count(50)


def test_an_incident_that_shows_late_hardly_moves_the_page_on_a_phone(open_console):
    person = open_console(viewport={"width": 360, "height": 740})
    person.api.incidents = [an_incident()]
    person.signs_in()

    banner = person.page.get_by_role("complementary", name="Incidents")
    banner.wait_for()

    assert banner.bounding_box()["height"] < 74  # a tenth of the screen


def test_an_overview_that_has_heard_nothing_says_so_in_one_column(open_console, fake):
    fake[1].items.clear()
    fake[1].last_events = dict.fromkeys(fake[1].last_events)
    person = open_console()
    person.signs_in()
    heading = person.page.get_by_role("heading", name="Nothing has been reported yet")
    text = person.page.get_by_text("so we cannot say whether your messages arrive")

    assert heading.bounding_box()["x"] == text.bounding_box()["x"]


def test_touch_targets_are_large_enough(open_console):
    person = open_console(viewport={"width": 360, "height": 740})
    person.signs_in()
    person.goes_to("#/report")

    # WCAG 2.2, 2.5.8: 24 by 24 for what is not a link within text.
    small = person.page.evaluate(
        """() => [...document.querySelectorAll('button, select, input:not([type=checkbox])')]
              .map((one) => [one.outerHTML.slice(0, 60), one.getBoundingClientRect()])
              .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24)).map(([html]) => html)"""
    )
    assert small == []


def test_speaks_spanish_throughout(open_console):
    person = open_console(locale="es-ES")
    person.page.goto(person.url)
    person.page.get_by_role("button", name="Iniciar sesión").click()
    person.page.get_by_role("link", name="Sign in").click()
    person.sees("notificaciones no entregadas en los últimos 30 días")
    person.goes_to("#/item/item-1")
    person.sees("La dirección de correo no existe.")
    person.sees("Corrija primero los datos de contacto.")

    assert person.page.evaluate("document.documentElement.lang") == "es"
    assert barriers(person.page) == []


@pytest.mark.parametrize(
    ("locale", "sign_in", "headline", "explained"),
    [
        (
            "de-AT",
            "Anmelden",
            "in den letzten 30 Tagen nicht zugestellt",
            "Die E-Mail-Adresse gibt es nicht.",
        ),
        ("fr-CA", "Se connecter", "notifications non remises ces 30 derniers jours", "L'adresse e-mail n'existe pas."),
        ("pt-BR", "Entrar", "notificações não entregues nos últimos 30 dias", "O endereço de e-mail não existe."),
    ],
)
def test_speaks_the_language_of_the_browser(open_console, locale, sign_in, headline, explained):
    person = open_console(locale=locale)
    person.page.goto(person.url)
    person.page.get_by_role("button", name=sign_in).click()
    person.page.get_by_role("link", name="Sign in").click()
    person.sees(headline)
    person.goes_to("#/item/item-1")
    person.sees(explained)

    assert person.page.evaluate("document.documentElement.lang") == locale[:2]
    assert barriers(person.page) == []


def test_language_can_be_chosen_and_is_remembered(manager):
    manager.page.get_by_label("Language").select_option("es")
    manager.sees("Ver el informe")
    manager.page.reload()

    manager.page.get_by_role("link", name="Sign in").click()
    manager.sees("Ver el informe")


def test_every_reason_has_a_name():
    english = json.loads((CONSOLE / "assets" / "en.json").read_text())

    assert {reason for reason in Reason if f"reason.{reason}" not in english} == set()


def test_first_view_is_small():
    files = [CONSOLE / "index.html", *(CONSOLE / "assets" / name for name in FIRST_VIEW)]
    files += [CONSOLE / "assets" / "en.json", CONSOLE / "assets" / "icon.svg"]

    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 50_000
    assert sum(file.stat().st_size for file in files) < 150_000  # even where nothing compresses on the way


def test_the_sanitiser_is_loaded_with_the_first_message_and_not_before(open_console):
    person = open_console()
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    person.signs_in()
    person.page.wait_for_load_state("networkidle")
    assert "purify.min.js" not in asked

    person.goes_to("#/item/item-1")
    person.page.frame_locator("iframe.message-frame").get_by_role("heading", name="Hello").wait_for()
    assert asked.count("purify.min.js") == 1


def test_leaving_a_message_before_the_sanitiser_is_loaded_is_no_error(open_console):
    person = open_console()
    held: list[Route] = []
    person.page.route("**/purify.min.js", lambda route: held.append(route))  # noqa: PLW0108 (Playwright asks what it is)
    with person.page.expect_request("**/purify.min.js"):
        person.signs_in("#/item/item-1")

    person.goes_to("#/report")
    expect(person.page.locator("iframe.message-frame")).to_have_count(0)
    with person.page.expect_response("**/purify.min.js"):
        held[0].continue_()
    person.page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert person.complaints == []


def test_page_loads_nothing_from_elsewhere(open_console):
    person = open_console()
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    person.signs_in("#/item/item-1")
    person.sees("External images are not loaded.")

    origin = person.url.split("/api/")[0]
    assert [url for url in asked if not url.startswith(origin)] == []


def test_message_is_shown_as_designed_and_does_nothing(manager):
    manager.goes_to("#/item/item-1")
    frame = manager.page.frame_locator("iframe.message-frame")
    heading = frame.get_by_role("heading", name="Hello")
    heading.wait_for()

    assert heading.evaluate("node => getComputedStyle(node).color") == "rgb(11, 93, 94)"
    assert frame.locator("script, [onclick], a[href]").count() == 0
    assert manager.page.locator("iframe.message-frame").get_attribute("sandbox") == "allow-same-origin"
    assert manager.page.evaluate("window.hacked") is None


def test_markup_in_titles_and_names_is_text(manager):
    manager.goes_to("#/report")
    manager.sees('<script>alert("x")</script> & <b>bold</b>')
    manager.sees("<img src=x>")
    manager.goes_to("#/item/item-4")

    assert manager.page.locator("h1").inner_text() == '<script>alert("x")</script> & <b>bold</b>'
    assert manager.page.locator("h1 bdi *").count() == 0


def test_right_to_left_titles_keep_to_themselves(manager):
    manager.goes_to("#/item/item-5")

    title = manager.page.locator("h1 bdi")
    assert title.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert title.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"
    assert manager.page.locator("h1").evaluate("node => getComputedStyle(node).direction") == "ltr"


class TestHeaders:
    def test_policy_forbids_inline_code_and_framing(self, fake):
        policy = httpx.get(fake[0]).headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy

    def test_page_is_asked_for_every_time_and_its_files_are_kept_for_good(self, fake):
        page = httpx.get(fake[0])
        assets = set(re.findall(r'(?:src|href)="([^"]+)"', page.text)) - {"config.json"}

        assert page.headers["cache-control"] == "no-cache"
        assert len(assets) == 3
        for asset in assets:
            answer = httpx.get(fake[0] + asset)
            assert answer.status_code == 200, asset
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"

    def test_what_the_browser_has_is_not_sent_again(self, fake):
        first = httpx.get(fake[0])
        again = httpx.get(fake[0], headers={"If-None-Match": first.headers["etag"]})

        assert again.status_code == 304
        assert again.content == b""

    def test_files_are_found_under_the_folder_of_another_version_but_not_kept(self, fake):
        answer = httpx.get(f"{fake[0]}0123456789abcdef/main.js")

        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize(
        "path", ["..%2Fsettings.py", "console.py", "assets", "x/..%2F..%2Fsettings.py", "x/main.py"]
    )
    def test_nothing_else_is_served(self, fake, path):
        assert httpx.get(fake[0] + path).status_code == 404

    def test_address_without_its_slash_leads_to_the_page(self, fake):
        answer = httpx.get(fake[0].rstrip("/"))

        assert answer.status_code == 302
        assert httpx.URL(fake[0].rstrip("/")).join(answer.headers["location"]) == fake[0]

    def test_configuration_tells_what_the_browser_needs(self, fake):
        told = httpx.get(f"{fake[0]}config.json").json()

        assert told == {
            "api_url": "..",
            "client_id": "console",
            "sign_in_url": fake[0].split("/api/")[0],
            "user_pool_url": fake[0].split("/api/")[0] + "/",
            "frame_origins": [],
        }

    def test_badge_can_be_embedded_elsewhere(self, fake):
        answer = httpx.get(f"{fake[0]}badge.js")

        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"].startswith("text/javascript")


def test_badge_shows_the_number(open_page, fake):
    url, _ = fake
    page = open_page()
    page.route(
        "**/host-page",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"""<!doctype html><html lang="en"><title>Host</title><main><h1>Host</h1>
            <script type="module" src="{url}badge.js"></script>
            <undelivered-count href="{url}#/report"></undelivered-count>
            <script>document.querySelector("undelivered-count").token = async () => "e30.e30.x";</script></main>""",
        ),
    )
    page.goto(url.replace("/api/console/", "/host-page"))

    badge = page.locator("undelivered-count")
    badge.get_by_text("74").wait_for()
    assert badge.get_by_role("link").inner_text().split() == ["74", "undelivered"]
    assert barriers(page) == []
