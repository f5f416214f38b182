"""What is held on a customer, through the API: told in full, page by page, and erased."""

from types import SimpleNamespace

import pytest

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens
from tests.builders.items import ACCOUNT, a_customer, a_notification, a_suppression, an_attempt, an_item
from undelivered import bootstrap
from undelivered.adapters.dynamodb.item_rows import ERASED_MARK, facts_of, is_erased, item_of, undelivered_row
from undelivered.domain.taxonomy import Reason
from undelivered.entrypoints.archive import archive
from undelivered.entrypoints.on_item_changed import on_item_changed

EMAIL = "ada@example.com"
IMAGES = bootstrap.ItemImages(item_of, is_erased)
DEAD_LETTERS = bootstrap.Queue(None, "https://dead")


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer(email=EMAIL))
    return api


def ada(number, **changes):
    return an_item(Reason.MAILBOX_FULL, number=number, **{"customer_id": "c-1", "recipient": EMAIL, **changes})


def pages(api):
    told, cursor = [], ""
    while not told or cursor:
        told.append(api.get(f"/customers/c-1/data{f'?cursor={cursor}' if cursor else ''}").json)
        cursor = told[-1]["next_cursor"]
    return told


def everything(api, name):
    return [one for page in pages(api) for one in page[name]]


class TestTelling:
    def test_everything_is_told_once_however_much_it_is(self, api):
        api.add(*(ada(number) for number in range(130)))
        api.add(ada(200, customer_id=""), an_item(number=300, customer_id="c-2"))
        api.items.archive([ada(400, days_ago=50)], settle_counters=False)
        for number in range(120):
            api.notifications.add(a_notification(f"n-{number:03}", to=EMAIL, html="<p>Dear Ada</p>"))
            api.notifications.claim(an_attempt(f"n-{number:03}"))
        api.suppressions.save(None, a_suppression(EMAIL))

        items, notifications = everything(api, "items"), everything(api, "notifications")

        assert sorted(one["notification_id"] for one in items) == sorted(
            f"n-{number}" for number in (*range(130), 200, 400)
        )
        assert [one["notification_id"] for one in notifications] == [f"n-{number:03}" for number in range(120)]
        assert notifications[0]["content"] == {
            "subject": "",
            "text": "Dear Ada",
            "html": "<p>Dear Ada</p>",
            "attachments": [],
        }
        assert notifications[0]["attempts"][0]["to"] == EMAIL
        first, *others = pages(api)
        assert first["customer"]["email"] == EMAIL
        assert [one["address"] for one in first["suppressions"]] == [EMAIL]
        assert {page["customer"] for page in others} == {None}
        assert all(len(page["items"]) + len(page["notifications"]) <= 100 for page in pages(api))

    def test_a_page_is_no_larger_than_an_answer_may_be(self, api):
        for number in range(20):
            api.notifications.add(a_notification(f"n-{number:02}", text="x" * 240_000))

        assert len(everything(api, "notifications")) == 20
        assert max(len(page["notifications"]) for page in pages(api)) * 240_000 <= 1_000_000

    def test_what_others_share_is_theirs(self, api):
        api.customers.save(a_customer("c-2", email=EMAIL))
        api.suppressions.save(None, a_suppression(EMAIL))
        api.add(ada(1, customer_id=""))

        assert (everything(api, "items"), everything(api, "suppressions")) == ([], [])

    def test_somebody_known_by_items_alone_is_told_of_too_and_nobody_else(self, api):
        api.add(an_item(number=5, customer_id="c-tag"))

        assert len(api.get("/customers/c-tag/data").json["items"]) == 1
        assert api.get("/customers/c-nobody/data").status == 404


class TestErasing:
    def test_is_taken_on_and_asked_after_by_the_same_request(self, api):
        api.suppressions.save(None, a_suppression(EMAIL))
        asked = api.delete("/customers/c-1")

        assert (asked.status, asked.json) == (
            202,
            {
                "state": "running",
                "requested_at": "2026-11-23T18:00:00Z",
                "requested_by": MANAGER_NAME,
                "items": 0,
                "notifications": 0,
            },
        )
        assert api.delete("/customers/c-1").json == asked.json
        assert api.get("/customers/c-1").status == 404
        assert api.delete("/customers/c-nobody").status == 404

    def test_a_hidden_suppression_is_listed_without_its_address_and_found_by_it(self, api):
        api.suppressions.save(None, a_suppression(EMAIL))
        api.suppressions.hide(ACCOUNT, a_suppression().channel, EMAIL)

        [listed] = api.get("/suppressions").json["items"]
        found = api.get(f"/suppressions/email/{EMAIL}").json

        assert (listed["address"], listed["erased"], listed["reason"]) == (None, True, "bounce")
        assert (found["address"], found["erased"], found["active"]) == (EMAIL, True, True)


CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=256, invoked_function_arn="arn:x", aws_request_id="request-1"
)


class TestTheStream:
    """What is erased goes neither to history nor into an announcement; what leaves by itself does both."""

    @pytest.fixture
    def records(self):
        item = an_item(days_ago=1)
        row = undelivered_row(item, facts_of(item), 1)
        marked = {**row, **ERASED_MARK}
        return {
            "left": {"eventName": "REMOVE", "dynamodb": {"OldImage": row, "SequenceNumber": "1"}},
            "marked": {"eventName": "MODIFY", "dynamodb": {"OldImage": row, "NewImage": marked, "SequenceNumber": "2"}},
            "erased": {"eventName": "REMOVE", "dynamodb": {"OldImage": marked, "SequenceNumber": "3"}},
        }

    def test_archive_keeps_what_left_and_not_what_was_erased(self, records, monkeypatch):
        kept = []
        parts = bootstrap.Archiving(lambda item, **_: kept.append(item), IMAGES, DEAD_LETTERS)
        monkeypatch.setattr(bootstrap, "archiving", lambda: parts)

        assert archive({"Records": list(records.values())}, CONTEXT) == {"batchItemFailures": []}
        assert len(kept) == 1

    def test_on_item_changed_follows_what_left_and_not_what_was_erased(self, records, monkeypatch):
        followed = []
        parts = bootstrap.ItemChangeHandlers(
            lambda *change: followed.append(change), *[lambda *_: None] * 5, IMAGES, DEAD_LETTERS
        )
        monkeypatch.setattr(bootstrap, "item_change_handlers", lambda: parts)

        assert on_item_changed({"Records": list(records.values())}, CONTEXT) == {"batchItemFailures": []}
        assert [after for _, after in followed] == [None]
