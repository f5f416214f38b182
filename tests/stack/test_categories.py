"""Categories on the deployed stack: recipients unsubscribe from one with one click, and get the others."""

import itertools

import httpx
import pytest

from infrastructure.local.scenario import call_api, eventually
from tests.stack.acting import WITHIN

CATEGORIES = [{"id": "newsletter", "title": "Monthly newsletter"}, {"id": "offers", "title": "Offers"}]


@pytest.fixture
def categories(acting):
    """Give the account two categories. A function knows them within a minute."""
    before = acting.call_api("GET", "/settings")
    acting.call_api("PUT", "/settings", json={**before, "categories": CATEGORIES})
    yield
    acting.call_api("PUT", "/settings", json=before)


def hand_over(acting, number, **more):
    """Hand a notification over as soon as the category is known, and return its id."""
    notification = {
        "notification_id": acting.name(f"n-nina-{number}"),
        "customer_id": acting.name("nina"),
        "channel": "email",
        "title": f"Number {number}",
        "text": "Dear Nina",
        **more,
    }

    def accepted():
        answer = call_api(acting.host, "POST", "/notifications", 202, json={"notifications": [notification]})
        return answer["accepted"]

    eventually(accepted, f"{notification} is not accepted", WITHIN)
    return notification["notification_id"]


def comes_to(acting, notification_id, state):
    def there():
        found = acting.call_api("GET", f"/notifications/{notification_id}")
        return found if found["state"] == state else None

    return eventually(there, f"{notification_id} is not {state}", WITHIN)


def test_one_click_ends_one_category_and_no_other(acting, categories):
    address = acting.mailbox("success", "nina")
    customer = {"name": "Nina", "email": address}
    call_api(acting.host, "PUT", f"/customers/{acting.name('nina')}", json=customer)
    first = hand_over(acting, 1, category="newsletter", reply_to="Desk <desk@example.com>")
    comes_to(acting, first, "sent")
    link = acting.unsubscribe_link(address)
    replies = [each["value"] for each in acting.sent(address)[-1]["headers"] if each["name"] == "Reply-To"]

    # Each function, and each of its containers, knows the title within a minute.
    eventually(lambda: "Monthly newsletter" in httpx.get(link, timeout=30).text, "the page has no title", WITHIN)
    done = httpx.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=30)
    comes_to(acting, hand_over(acting, 2, category="offers"), "sent")
    comes_to(acting, hand_over(acting, 3, category="newsletter", essential=True), "sent")
    numbers = itertools.count(4)

    def dropped():
        """Return the item of another message of the category, once it is explained with the title."""
        found = comes_to(acting, hand_over(acting, next(numbers), category="newsletter"), "dropped")
        item = acting.call_api("GET", f"/undelivered/{found['undelivered'][0]}")
        return item if item["diagnostic"].startswith("Unsubscribed from Monthly newsletter since ") else None

    item = eventually(dropped, "the title is not known", WITHIN)

    assert replies == ["Desk <desk@example.com>"]
    assert done.status_code == 200
    assert item["reason"] == "unsubscribed"
    assert item["suppression"]["category"] == "newsletter"
    assert acting.suppression("email", address).status_code == 404
    assert len(acting.sent(address)) == 3
