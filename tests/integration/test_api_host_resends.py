"""Resends that the host application sends, through the API: who resends, claims, and content that comes afterwards."""

import pytest
from msgspec.structs import replace

from tests.builders.api import Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, a_customer, a_notification, an_attempt, an_item
from undelivered.domain.identifiers import item_id
from undelivered.domain.lifecycle import settle_not_sent
from undelivered.domain.resender import ResendBy
from undelivered.domain.taxonomy import Reason


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer(email="new@example.com"))
    return api


@pytest.fixture
def item(api):
    """An item of mail that the host application sent itself, whose contact was corrected since."""
    item = an_item(customer_id="c-1", recipient="ada@example.com", content_held=False)
    api.add(replace(item, ready_contact="new@example.com"))
    return api.items.find(ACCOUNT, item.entry_key)


def let(api, resend_by):
    api.accounts.save_settings(replace(api.accounts.settings(ACCOUNT), resend_by=resend_by))


def path_of(item, act=""):
    return f"/undelivered/{item_id(item.entry_key)}{act}"


def claims_of(item):
    return f"/notifications/{item.notification_id}/attempts"


class TestWhoCanResend:
    @pytest.mark.parametrize("resend_by", ResendBy)
    def test_is_the_same_in_the_list_the_detail_the_customer_and_the_answer(self, api, item, resend_by):
        let(api, resend_by)
        can_resend = resend_by is not ResendBy.UNDELIVERED

        (listed,) = api.get("/undelivered").json["items"]
        detail = api.get(path_of(item)).json
        ready = api.get("/undelivered?ready=true").json["items"]
        of_customer = api.get("/customers/c-1").json["ready_to_resend"]
        answer = api.post(path_of(item, "/resend"), {})

        assert listed["resend"] == detail["resend"]
        assert (listed["resend"]["allowed"], listed["ready_to_resend"]) == (can_resend, can_resend)
        assert listed["resend"]["resenders"] == (["host"] if can_resend else [])
        assert len(ready) == len(of_customer) == int(can_resend)
        assert answer.status == (202 if can_resend else 409)
        if not can_resend:
            assert answer.json["code"] == listed["resend"]["code"] == "resend_content_not_held"

    def test_is_said_of_an_item_that_the_host_was_asked_for(self, api, item):
        let(api, ResendBy.HOST)

        answer = api.post(path_of(item, "/resend"), {})

        asked = {"attempt": 2, "to": "new@example.com", "at": "2026-11-23T18:00:00Z"}
        assert answer.json["host_resend"] == {"state": "requested", **asked}
        assert (answer.json["state"], api.resends.orders) == ("resending", [])
        running = api.items.find(ACCOUNT, item.entry_key)
        api.items.save(running, settle_not_sent(running, api.time))
        (listed,) = api.get("/undelivered").json["items"]
        assert (listed["state"], listed["host_resend"]) == ("open", {"state": "not_sent", **asked})
        chain = api.get(path_of(item)).json["attempt_chain"]
        assert [(each["outcome"], each["sent_by"]) for each in chain] == [("failed", "host"), ("not_sent", "host")]

    def test_can_be_chosen_where_both_can(self, api, item):
        let(api, ResendBy.ASK)
        api.notifications.add(a_notification())

        answer = api.post(path_of(item, "/resend"), {"resender": "host"})

        assert (answer.status, answer.json["host_resend"]["state"]) == (202, "requested")

    def test_cannot_be_chosen_against_the_settings(self, api, item):
        api.notifications.add(a_notification())

        answer = api.post(path_of(item, "/resend"), {"resender": "host"})

        assert (answer.status, answer.json["code"]) == (409, "resend_host_not_allowed")


class TestClaims:
    def test_return_what_to_send_with(self, api, item):
        answer = api.post(claims_of(item), {"item_id": item_id(item.entry_key)}, host())

        assert answer.status == 201
        assert answer.json == {
            "attempt": 2,
            "to": "new@example.com",
            "item_id": item_id(item.entry_key),
            "send_before": "2026-11-24T18:00:00Z",
            "tags": {
                "undelivered-account": ACCOUNT,
                "undelivered-notification": "n-1",
                "undelivered-attempt": "2",
                "undelivered-customer": "c-1",
                "undelivered-entry": item_id(item.entry_key),
                "undelivered-title": "UmVudCByZW1pbmRlcg",
            },
        }
        assert api.get(path_of(item)).json["host_resend"]["state"] == "claimed"
        assert api.resends.orders == []

    def test_need_no_item_for_a_notification_that_was_handed_over(self, api, item):
        api.notifications.add(a_notification())

        assert api.post(claims_of(item), None, host()).json["item_id"] == item_id(item.entry_key)

    def test_repeated_with_the_same_key_return_the_same_attempt(self, api, item):
        body, keyed = {"item_id": item_id(item.entry_key)}, {**host(), "Idempotency-Key": "k-1"}
        first = api.post(claims_of(item), body, keyed)
        running = api.items.find(ACCOUNT, item.entry_key)
        api.items.save(running, settle_not_sent(running, api.time))
        later = api.post(claims_of(item), body, {**host(), "Idempotency-Key": "k-2"})

        again = api.post(claims_of(item), body, keyed)

        assert (first.status, first.json["attempt"], later.json["attempt"]) == (201, 2, 3)
        assert again.json == first.json

    @pytest.mark.parametrize("with_key", [True, False])
    def test_are_refused_while_an_attempt_is_in_progress(self, api, item, with_key):
        let(api, ResendBy.HOST)
        api.post(path_of(item, "/resend"), {})
        headers = {**host(), **({"Idempotency-Key": "k-1"} if with_key else {})}

        answer = api.post(claims_of(item), {"item_id": item_id(item.entry_key)}, headers)

        assert (answer.status, answer.json["code"]) == (409, "resend_already_running")

    def test_do_not_return_a_resend_of_ours_after_an_interrupted_call(self, api, item):
        api.notifications.add(a_notification())
        body, keyed = {"item_id": item_id(item.entry_key)}, {**host(), "Idempotency-Key": "k-1"}
        api.idempotency.save = _fails_once(api.idempotency.save)
        assert api.post(claims_of(item), body, keyed).status == 500
        api.post(path_of(item, "/resend"), {})

        answer = api.post(claims_of(item), body, keyed)

        assert (answer.status, answer.json["code"]) == (409, "resend_already_running")

    def test_follow_the_rules(self, api):
        item = an_item(Reason.ADDRESS_NOT_FOUND, customer_id="c-1", recipient="new@example.com", content_held=False)
        api.add(item)

        answer = api.post(claims_of(item), {"item_id": item_id(item.entry_key)}, host())

        assert (answer.status, answer.json["code"]) == (409, "resend_needs_changed_address")

    @pytest.mark.parametrize("body", [None, {"item_id": "nonsense"}])
    def test_are_not_found_without_an_item(self, api, item, body):
        assert api.post(claims_of(item), body, host()).status == 404

    def test_are_not_found_under_another_notification(self, api, item):
        body = {"item_id": item_id(item.entry_key)}

        assert api.post("/notifications/n-2/attempts", body, host()).status == 404
        assert api.post(claims_of(item), body, host("acc-2")).status == 404

    @pytest.mark.parametrize("caller", [manager, viewer])
    def test_are_for_the_host_application(self, api, item, caller):
        assert api.post(claims_of(item), {"item_id": item_id(item.entry_key)}, caller()).status == 403


def _fails_once(save):
    """Return ``save`` with a first call that is written, and whose answer is lost."""
    calls = []

    def saved(record):
        save(record)
        calls.append(record)
        if len(calls) == 1:
            raise TimeoutError

    return saved


HANDED_OVER = {
    "notification_id": "n-1",
    "customer_id": "c-1",
    "channel": "email",
    "title": "Rent",
    "text": "Dear Ada",
}


class TestContentHandedOverAfterwards:
    def hand_over(self, api, **changes):
        answer = api.post("/notifications", {"notifications": [{**HANDED_OVER, **changes}]}, host())
        assert answer.json["refused"] == []

    def test_is_resent_by_undelivered_and_never_sent_a_first_time(self, api, item):
        self.hand_over(api)
        self.hand_over(api)

        detail = api.get(path_of(item)).json
        (listed,) = api.get("/undelivered?ready=true").json["items"]
        status = api.get("/notifications/n-1").json
        assert detail["content"]["text"] == "Dear Ada"
        assert detail["resend"] == listed["resend"]
        assert detail["resend"]["resenders"] == ["undelivered"]
        assert [(each["attempt"], each["by"], each["outcome"]) for each in status["attempts"]] == [(1, "host", "sent")]
        assert not api.notifications.claim(an_attempt())
        assert api.post(path_of(item, "/resend"), {}).status == 202
        assert [order.attempt for order in api.resends.orders] == [2]

    @pytest.mark.usefixtures("item")
    def test_is_a_new_message_under_an_id_that_no_item_has(self, api):
        self.hand_over(api, notification_id="n-2")

        assert [order.notification_id for order in api.sends.orders] == ["n-2"]
        assert api.get("/notifications/n-2").json["attempts"] == []

    def test_leaves_the_items_of_other_notifications_as_they_are(self, api, item):
        self.hand_over(api, notification_id="n-2")

        assert not api.items.find(ACCOUNT, item.entry_key).content_held
