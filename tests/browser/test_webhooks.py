"""Webhooks in the console: add, test, log, send again, new secret, and what a viewer sees."""

import json
import re
from pathlib import Path

import pytest

from tests.browser.conftest import barriers
from undelivered.domain.webhook import EVENT_TYPES, DeliveryError, DeliveryState, DisabledReason

CONSOLE = Path(__file__).parents[2] / "functions" / "undelivered" / "console"

URL = "https://app.example.com/undelivered"


def adds(person, url=URL):
    person.goes_to("#/webhooks")
    person.page.get_by_role("button", name="Add a webhook").click()
    person.page.get_by_label("URL").fill(url)
    person.page.get_by_role("button", name="Save").click()


def test_a_webhook_is_added_with_a_secret_that_is_shown_once_then_tested(manager):
    adds(manager)
    secret = manager.page.get_by_role("dialog").get_by_label("Secret")
    assert secret.input_value() == "whsec_1"
    manager.page.get_by_role("button", name="I have copied it").click()
    manager.sees("All events")
    assert "whsec_" not in manager.page.content()

    manager.page.get_by_role("button", name="Send a test").click()
    manager.sees("Test: Delivered · response 204 · 1 try · 40 ms")
    assert manager.api.webhook_requests == [("POST", "webhooks", {"url": URL, "event_types": []})]
    assert barriers(manager.page) == []
    assert manager.complaints == []


def test_a_delivery_that_failed_is_sent_again_from_the_log(manager):
    adds(manager)
    manager.page.get_by_role("button", name="I have copied it").click()
    manager.page.get_by_text("Deliveries of the past 30 days").click()
    manager.sees("Failed · response 500")

    manager.page.get_by_role("button", name="Send again").click()

    manager.sees("Delivered · response 204 · 2 tries")
    assert barriers(manager.page) == []


def test_a_new_secret_says_until_when_the_old_one_signs(manager):
    adds(manager)
    manager.page.get_by_role("button", name="I have copied it").click()

    manager.page.get_by_role("button", name="New secret").click()
    manager.page.get_by_role("dialog").get_by_role("button", name="New secret").click()
    manager.page.get_by_role("button", name="I have copied it").click()

    manager.sees("The old secret also signs until")


def test_a_url_that_is_refused_is_said_at_its_field_and_a_disabled_webhook_says_why(manager):
    adds(manager, "https://10.0.0.1/")
    manager.sees("must name a host on the public internet")
    manager.page.get_by_label("URL").fill("https://gone.example.com/")
    manager.page.get_by_role("button", name="Save").click()
    manager.page.get_by_role("button", name="I have copied it").click()

    manager.sees("no longer exists (410)")
    manager.page.get_by_role("button", name="Enable").click()
    manager.sees("The webhook is enabled.")


def test_a_viewer_reads_webhooks_and_can_change_nothing(viewer):
    viewer.api.add_webhook({"url": URL, "event_types": []})
    viewer.goes_to("#/webhooks")
    viewer.sees(URL)

    assert viewer.page.locator("main button").count() == 0
    assert barriers(viewer.page) == []


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_the_page_fits_each_width(manager, width):
    adds(manager)
    manager.page.get_by_role("button", name="I have copied it").click()
    manager.page.set_viewport_size({"width": width, "height": 900})
    manager.page.get_by_text("Deliveries of the past 30 days").click()
    manager.sees("Failed · response 500")

    overflow = manager.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    manager.takes_picture(f"webhooks-{width}")

    assert not overflow


def test_every_type_state_and_error_has_its_words():
    texts = json.loads((CONSOLE / "assets" / "en.webhooks.json").read_text())
    module = (CONSOLE / "assets" / "webhooks.js").read_text()
    types = [name.removeprefix("undelivered.") for name in (*EVENT_TYPES, "undelivered.test")]
    words = [
        *(f"type.{name}" for name in types),
        *(f"state.{state}" for state in DeliveryState),
        *(f"error.{error}" for error in DeliveryError),
        *(f"disabled.{reason}" for reason in DisabledReason if reason is not DisabledReason.BY_USER),
    ]

    assert {word for word in words if f"webhooks.{word}" not in texts} == set()
    assert set(re.findall(r'"(undelivered\.[a-z.]+)"', module)) == set(EVENT_TYPES)
