"""The rates on the overview: shares of what was sent, against the period before and the limits of Amazon SES."""

import pytest

from tests.browser.conftest import barriers
from tests.browser.fake_api import a_rate


def the_rates(person):
    """Go to the overview and return the text of the rates."""
    person.signs_in()
    card = person.page.get_by_role("region", name="Of what was sent in the past 30 days")
    person.page.locator(".later").first.scroll_into_view_if_needed()  # they are loaded when they come near
    card.get_by_role("link", name="Incidents of the past 30 days").wait_for()
    return card.inner_text()


def test_they_are_compared_with_the_days_before_and_with_the_limits(open_console):
    text = the_rates(open_console())

    assert "8,200 messages" in text
    assert "2%" in text
    assert "1 point less than in the 30 days before" in text
    assert "Below 5%, where Amazon SES reviews accounts" in text
    assert "0.05%" in text
    assert "Below 0.1%" in text
    assert "Text" not in text


def test_above_a_limit_they_say_what_amazon_may_do(fake, open_console):
    fake[1].rates["channels"] = [a_rate(1000, 130, 120, 2), a_rate(50, 1, channel="sms")]

    text = the_rates(open_console())

    assert "Above 10%: Amazon SES may pause sending" in text
    assert "Above 0.1%: Amazon SES may review the account" in text
    assert "nothing was counted in the 30 days before" in text
    assert "50 messages" in text


def test_without_counted_sends_they_say_when_there_will_be_rates(fake, open_console):
    fake[1].rates["channels"] = [a_rate(0, leaves_out_host=True), a_rate(0, channel="sms")]

    text = the_rates(open_console())

    assert "Messages that your application sends are left out" in text


@pytest.mark.parametrize("appearance", [{}, {"color_scheme": "dark", "viewport": {"width": 320, "height": 740}}])
def test_they_have_no_barriers_and_nothing_is_cut_off(fake, open_console, appearance):
    fake[1].rates["channels"][1] = a_rate(2000, 120, 110, channel="sms", before=a_rate(1000, 20, 10))
    person = open_console(**appearance)

    the_rates(person)

    person.takes_picture(f"rates-{'phone-dark' if appearance else 'desktop'}")
    assert barriers(person.page) == []
    width = person.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
