"""A text that is sent instead of an email that did not arrive: the rules, and that it is sent once."""

import pytest
from msgspec.structs import replace

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, embedded, host, manager, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression, an_item, reported, resent
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import item_id
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.request_limits import LimitedWork

PHONE = "+12065550100"
TEXT = "Dear Ada, your rent is due on Friday."
CONSENT = {"given_by": "Ada Byron", "how": "by phone", "at": "2026-11-23T10:00:00Z"}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.customers.save(a_customer(phone=PHONE))
    return api


def failed(api, reason=Reason.ADDRESS_NOT_FOUND, **changes):
    """Put an email to Ada on the report; return its item."""
    item = an_item(reason, customer_id="c-1", recipient="ada@example.com", **changes)
    api.add(item)
    return item


def send(api, item, text=TEXT, headers=None):
    return api.post(f"/undelivered/{item_id(item.entry_key)}/text", {"text": text}, headers=headers)


def test_the_text_is_accepted_as_one_of_the_host_and_the_email_is_dismissed(api):
    item = failed(api)

    answer = send(api, item, f" {TEXT}\n")

    assert (answer.status, answer.json["item"]["state"]) == (202, "dismissed")
    (order,) = api.sends.orders
    notification = api.notifications.find(ACCOUNT, answer.json["notification_id"])
    assert (order.notification_id, order.channel, order.attempt) == (notification.notification_id, Channel.SMS, 1)
    assert (notification.text, notification.title, notification.customer_id) == (TEXT, item.title, "c-1")
    stored = api.items.find(ACCOUNT, item.entry_key)
    assert [(each.by, each.action, each.detail) for each in stored.audit] == [
        (MANAGER_NAME, "dismiss", "Sent as a text instead.")
    ]


def test_the_same_request_again_sends_nothing_more_and_gets_the_same_answer(api):
    item = failed(api)

    first = send(api, item)
    api.suppressions.save(None, a_suppression(PHONE, channel=Channel.SMS))  # as when the text failed meanwhile
    again = send(api, item)

    assert (again.status, again.json) == (first.status, first.json)
    # Queued again, because the first request may have been interrupted: an attempt can be claimed only once.
    assert len(set(api.sends.orders)) == 1
    assert len(api.items.find(ACCOUNT, item.entry_key).audit) == 1


def test_a_request_that_was_interrupted_before_the_dismissal_is_completed(api):
    item = failed(api)
    send(api, item)
    api.post(f"/undelivered/{item_id(item.entry_key)}/restore")

    assert send(api, item).json["item"]["state"] == "dismissed"
    assert len(set(api.sends.orders)) == 1


def test_other_words_are_not_sent_after_the_first(api):
    item = failed(api)
    send(api, item)

    answer = send(api, item, "Something else")

    assert (answer.status, answer.json["code"]) == (409, "text_already_sent")
    assert len(api.sends.orders) == 1


def without_number(api):
    api.customers.save(replace(api.customers.find(ACCOUNT, "c-1"), phone=""))


def suppress(api, reason):
    api.suppressions.save(None, a_suppression(PHONE, channel=Channel.SMS, reason=reason))


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda api: failed(api, channel=Channel.SMS), "text_only_for_email"),
        (lambda api: without_number(api) or failed(api), "text_no_number"),
        (lambda api: failed(api, Reason.UNSUBSCRIBED), "text_needs_consent"),
        (lambda api: suppress(api, SuppressionReason.OPTED_OUT) or failed(api), "text_needs_consent"),
        (lambda api: suppress(api, SuppressionReason.BOUNCE) or failed(api), "text_suppressed"),
        (lambda api: suppress(api, SuppressionReason.MANUAL) or failed(api), "text_suppressed"),
        (lambda api: failed(api, days_ago=31), "resend_expired"),
    ],
    ids=["a text", "no number", "unsubscribed", "opted out", "failed there", "by hand", "left the report"],
)
def test_a_refusal_names_its_rule_and_changes_nothing(api, prepare, code):
    item = prepare(api)
    before = api.items.find(ACCOUNT, item.entry_key)

    answer = send(api, item)

    assert (answer.status, answer.json["code"]) == (409, code)
    assert (api.items.find(ACCOUNT, item.entry_key), api.sends.orders) == (before, [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (resent, "resend_already_running"),
        (lambda item: reported(resent(item), Outcome.DELIVERED), "resend_already_resolved"),
    ],
)
def test_an_email_that_is_being_resent_or_has_arrived_is_not_sent_as_a_text(api, change, code):
    item = an_item(customer_id="c-1", recipient="ada@example.com")
    api.add(change(item))

    assert send(api, item).json["code"] == code


def test_an_email_that_was_dismissed_is_restored_first(api):
    item = failed(api)
    api.post(f"/undelivered/{item_id(item.entry_key)}/dismiss", {"reason": "handled"})

    assert send(api, item).json["code"] == "resend_dismissed"


def test_after_an_opt_out_a_recorded_consent_allows_it(api):
    item = failed(api, Reason.UNSUBSCRIBED)
    suppress(api, SuppressionReason.OPTED_OUT)
    assert send(api, item).json["code"] == "text_needs_consent"

    assert api.post("/customers/c-1/opt-in", {"consent": CONSENT, "channel": "sms"}).status == 200

    assert send(api, item).status == 202


@pytest.mark.parametrize(("text", "status"), [("", 400), ("  \n", 400), ("x" * 1_601, 413), (None, 400)])
def test_a_text_has_visible_characters_and_at_most_1600(api, text, status):
    answer = send(api, failed(api), text)

    assert (answer.status, api.sends.orders) == (status, [])
    assert answer.json["errors"][0]["field"] == "text"


def test_viewers_may_not_and_another_account_finds_nothing(api):
    item = failed(api)

    assert send(api, item, headers=viewer()).status == 403
    assert send(api, item, headers=embedded("viewer")).status == 403
    assert send(api, item, headers=manager("acc-2")).status == 404
    assert api.sends.orders == []
    assert send(api, item, headers=host()).status == 202


def test_it_counts_among_the_notifications_of_a_minute(api):
    api.limits = {**api.limits, LimitedWork.NOTIFICATIONS: 1}
    items = [failed(api, number=number) for number in (1, 2)]

    answers = [send(api, item) for item in items]

    assert [answer.status for answer in answers] == [202, 429]
    assert (answers[1].json["code"], api.time) == ("too_many_notifications", NOW)
