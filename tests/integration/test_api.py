"""The routes of the API, as API Gateway calls them, on stores in memory."""

from datetime import timedelta
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from tests.builders.api import API_SETTINGS, MANAGER_NAME, Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import (
    ACCOUNT,
    NOW,
    a_customer,
    a_notification,
    a_suppression,
    an_attempt,
    an_item,
    reported,
    resent,
)
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import item_id
from undelivered.domain.item import State
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.entrypoints.http.pagination import make_cursor
from undelivered.entrypoints.http.routes.reports import ReportQuery


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def id_of(item):
    return item_id(item.entry_key)


class TestCount:
    def test_counts_the_report_by_status_kind_and_channel(self, api):
        api.add(
            an_item(Reason.MAILBOX_DISABLED, number=1),
            an_item(Reason.MAILBOX_FULL, number=2),
            an_item(Reason.ADDRESS_NOT_FOUND, number=3),
            an_item(Reason.OPTED_OUT, number=4, channel=Channel.SMS, recipient="+12065550100"),
            resent(an_item(Reason.MAILBOX_DISABLED, number=5)),
        )

        answer = api.get("/undelivered/count")

        assert answer.status == 200
        assert answer.json == {
            "window_days": 30,
            "as_of": "2026-11-23T18:00:00Z",
            "total": 5,
            "by_status": {"bounced": 3, "invalid": 1, "spammed": 0, "dropped": 1, "failed": 0},
            "by_kind": {"hard": 2, "soft": 1},
            "by_channel": {"email": 4, "sms": 1},
            "resending": 1,
            "by_work": {"correct": 2, "resend": 1, "ours": 0, "leave": 1},
        }

    def test_leaves_out_what_is_past_thirty_days_and_other_accounts(self, api):
        api.add(an_item(number=1, days_ago=29.9), an_item(number=2, account_id="acc-2"))
        api.time = NOW + timedelta(days=1)

        assert api.get("/undelivered/count").json["total"] == 0


class TestList:
    def test_shows_items_newest_first_in_the_documented_form(self, api):
        older, newer = an_item(number=1, days_ago=2), an_item(number=2, days_ago=1)
        api.add(older, newer)

        answer = api.get("/undelivered")

        assert [item["id"] for item in answer.json["items"]] == [id_of(newer), id_of(older)]
        assert answer.json["next_cursor"] is None
        assert answer.json["from"] == "2026-10-24T18:00:00Z"
        assert answer.json["to"] == "2026-11-23T18:00:00Z"
        assert answer.json["items"][0] == {
            "id": id_of(newer),
            "notification_id": "n-2",
            "title": "Rent reminder",
            "channel": "email",
            "customer": {"id": "c-2", "name": "Ada Byron"},
            "recipient": "person-2@example.com",
            "status": "bounced",
            "kind": "hard",
            "reason": "mailbox_disabled",
            "fault": "recipient",
            "explanation": "The mailbox no longer exists or has been closed.",
            "remedy": "Ask the customer for another address.",
            "state": "open",
            "sent_at": "2026-11-22T18:00:00Z",
            "failed_at": "2026-11-22T18:01:00Z",
            "leaves_at": "2026-12-22T18:00:00Z",
            "attempts": 1,
            "ready_to_resend": False,
            "work": "correct",
            "resend": {
                "allowed": False,
                "code": "resend_needs_changed_address",
                "detail": "We cannot deliver to this address or number. Correct the contact details first.",
                "resenders": [],
            },
            "host_resend": None,
        }

    def test_lists_customers_with_what_is_to_be_done_for_them(self, api):
        mine = {"customer_id": "c-1"}
        api.add(
            an_item(number=1, days_ago=3, **mine),
            an_item(number=2, days_ago=2),
            an_item(number=3, days_ago=1, **mine),
            an_item(Reason.MAILBOX_FULL, number=4, days_ago=0.5, **mine),
        )

        first = api.get("/undelivered/customers?work=correct&limit=1").json
        second = api.get(f"/undelivered/customers?work=correct&limit=5&cursor={first['next_cursor']}").json

        assert [(found["customer"]["id"], found["items"]) for found in first["customers"]] == [("c-1", 2)]
        assert first["customers"][0]["newest"]["notification_id"] == "n-3"
        assert [(found["customer"]["id"], found["items"]) for found in second["customers"]] == [("c-2", 1)]
        assert second["next_cursor"] is None
        assert (
            api.get(f"/undelivered/customers?work=ours&cursor={first['next_cursor']}").json["code"] == "invalid_cursor"
        )

    def test_is_never_stored_by_browsers_and_proxies(self, api):
        answer = api.get("/undelivered")

        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("", [1, 2, 3, 4]),
            ("status=bounced", [1, 2]),
            ("status=bounced.hard", [1]),
            ("status=bounced.soft,invalid", [2, 3]),
            ("status=spammed", []),
            ("channel=sms", [4]),
            ("channel=sms&status=bounced", []),
            ("channel=email,sms", [1, 2, 3, 4]),
            ("fault=recipient_choice", [4]),
            ("reason=mailbox_full", [2]),
            ("ready=true", [3]),
            ("ready=false", [1, 2, 3, 4]),
            ("customer_id=c-2", [2]),
            ("q=PERSON-3", [3]),
            ("q=rent", [1, 2, 3, 4]),
            ("state=resolved", []),
            ("state=open,resending", [1, 2, 3, 4]),
        ],
    )
    def test_filters(self, api, query, numbers):
        items = [
            an_item(Reason.MAILBOX_DISABLED, number=1, days_ago=1),
            an_item(Reason.MAILBOX_FULL, number=2, days_ago=2),
            replace(an_item(Reason.ADDRESS_NOT_FOUND, number=3, days_ago=3), ready_contact="new@example.com"),
            an_item(Reason.OPTED_OUT, number=4, days_ago=4, channel=Channel.SMS, recipient="+12065550100"),
        ]
        api.add(*items)

        shown = api.get(f"/undelivered?{query}").json["items"]

        assert [item["notification_id"] for item in shown] == [f"n-{number}" for number in numbers]

    def test_with_a_range_shows_what_left_the_report_in_its_state(self, api):
        resolved = reported(resent(an_item(number=1, days_ago=3)), Outcome.DELIVERED)
        api.add(resolved, an_item(number=2, days_ago=40), an_item(number=3, days_ago=2))

        plain = api.get("/undelivered").json["items"]
        ranged = api.get("/undelivered?from=2026-10-01&to=2026-11-23").json["items"]

        assert [item["state"] for item in plain] == ["open"]
        assert [item["state"] for item in ranged] == ["open", "resolved", "expired"]

    def test_takes_a_date_as_a_whole_day_of_the_account(self, api):
        api.accounts.save_settings(AccountSettings(ACCOUNT, time_zone="Australia/Sydney"))

        answer = api.get("/undelivered?from=2026-11-20&to=2026-11-20")

        assert answer.json["from"] == "2026-11-19T13:00:00Z"
        assert answer.json["to"] == "2026-11-20T13:00:00Z"

    def test_a_day_that_the_accounts_zone_left_out_is_empty(self, api):
        api.accounts.save_settings(AccountSettings(ACCOUNT, time_zone="Pacific/Apia"))

        answer = api.get("/undelivered?from=2011-12-30&to=2011-12-30")
        trend = api.get("/undelivered/trend?from=2011-12-29&to=2011-12-31")

        assert (answer.status, answer.json["items"], answer.json["next_cursor"]) == (200, [], None)
        assert answer.json["from"] == answer.json["to"] == "2011-12-30T10:00:00Z"
        assert [day["date"] for day in trend.json["days"]] == ["2011-12-29", "2011-12-30", "2011-12-31"]

    def test_pages_through_everything_once(self, api):
        api.add(*(an_item(number=number, days_ago=number) for number in range(1, 8)))
        seen, cursor = [], ""

        while True:
            page = api.get(f"/undelivered?limit=3{cursor}").json
            seen += [item["notification_id"] for item in page["items"]]
            if not page["next_cursor"]:
                break
            cursor = f"&cursor={page['next_cursor']}"

        assert seen == [f"n-{number}" for number in range(1, 8)]

    def test_shows_the_oldest_first_page_by_page_when_asked(self, api):
        api.add(*(an_item(number=number, days_ago=number) for number in range(1, 6)))

        first = api.get("/undelivered?sort=oldest&limit=3").json
        last = api.get(f"/undelivered?sort=oldest&limit=3&cursor={first['next_cursor']}").json
        other = api.get(f"/undelivered?limit=3&cursor={first['next_cursor']}")

        shown = [item["notification_id"] for item in first["items"] + last["items"]]
        assert shown == [f"n-{number}" for number in range(5, 0, -1)]
        assert (first["looked_back_to"], last["looked_back_to"]) == (first["items"][2]["sent_at"], last["to"])
        assert other.json["code"] == "invalid_cursor"

    def test_says_how_far_back_it_has_looked(self, api):
        api.add(*(an_item(number=number, days_ago=number) for number in range(1, 4)))

        first = api.get("/undelivered?limit=2").json
        last = api.get(f"/undelivered?limit=2&cursor={first['next_cursor']}").json

        assert first["looked_back_to"] == first["items"][1]["sent_at"]
        assert last["looked_back_to"] == last["from"]

    def test_takes_a_cursor_with_the_same_filters_in_another_order_and_another_limit(self, api):
        api.add(*(an_item(number=number, days_ago=number) for number in range(1, 4)))
        cursor = api.get("/undelivered?limit=1&status=bounced,invalid").json["next_cursor"]

        assert api.get(f"/undelivered?limit=2&status=invalid,bounced&cursor={cursor}").status == 200

    @pytest.mark.parametrize("change", ["other filter", "other account", "altered", "made up", "empty", "not ascii"])
    def test_refuses_a_cursor_of_other_filters_or_a_forged_one(self, api, change):
        api.add(*(an_item(number=number, days_ago=number) for number in range(1, 4)))
        cursor = api.get("/undelivered?limit=1").json["next_cursor"]
        altered = ("B" if cursor[0] == "A" else "A") + cursor[1:]
        url, headers = {
            "other filter": (f"/undelivered?status=bounced&cursor={cursor}", manager()),
            "other account": (f"/undelivered?cursor={cursor}", manager("acc-2")),
            "altered": (f"/undelivered?cursor={altered}", manager()),
            "made up": ("/undelivered?cursor=bm90LWEtY3Vyc29yLW9mLW91cnM", manager()),
            "empty": ("/undelivered?cursor=", manager()),
            "not ascii": ("/undelivered?cursor=%C3%BC", manager()),
        }[change]

        answer = api.get(url, headers)

        assert (answer.status, answer.json["code"]) == (400, "invalid_cursor")
        assert answer.json["errors"][0]["field"] == "cursor"

    def test_refuses_a_cursor_whose_place_is_none(self, api):
        made_up = make_cursor("nowhere", ACCOUNT, ReportQuery())

        assert api.get(f"/undelivered?cursor={made_up}").json["code"] == "invalid_cursor"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("from=2026-11-20&to=2026-11-19", "from"),
            ("from=2026-11-23T18:00:00Z&to=2026-11-23T17:00:00Z", "from"),
            ("from=yesterday", "from"),
            ("from=2026-02-30", "from"),
            ("from=0001-01-01", "from"),
            ("to=9999-12-31", "to"),
            ("from=2026-11-20T10:00:00", "from"),
            ("from=", "from"),
            ("status=lost", "status"),
            ("status=bounced,,invalid", "status"),
            ("status=", "status"),
            ("state=gone", "state"),
            ("channel=fax", "channel"),
            ("fault=nobody", "fault"),
            ("reason=bad_luck", "reason"),
            ("ready=maybe", "ready"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=many", "limit"),
            ("limit=", "limit"),
            ("limit=1&limit=2", "limit"),
            ("customer_id=a%23b", "customer_id"),
            (f"q={'x' * 201}", "q"),
            ("stauts=bounced", "stauts"),
            ("From=2026-11-20", "From"),
            ("start=2026-11-20", "start"),
        ],
    )
    def test_names_the_parameter_that_is_wrong(self, api, query, field):
        answer = api.get(f"/undelivered?{query}")

        assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")
        assert answer.json["errors"][0]["field"] == field
        assert field in answer.json["detail"]
        assert answer.headers["Content-Type"] == "application/problem+json"


class TestDetail:
    def test_shows_all_that_is_known_of_an_item(self, api):
        failed = an_item(Reason.ADDRESS_NOT_FOUND, recipient="ada@gmial.com", customer_id="c-1", notification_id="n-1")
        item = reported(resent(failed, to="ada@example.com"), Outcome.FAILED, reason=Reason.MAILBOX_FULL)
        api.add(item)
        api.notifications.add(a_notification(text="Dear Ada", subject="Rent", html="<p>Dear Ada</p>"))
        api.customers.save(a_customer(email="ada@example.com"))
        api.suppressions.save(None, a_suppression("ada@example.com"))

        detail = api.get(f"/undelivered/{id_of(item)}").json

        assert detail["status"] == "bounced"
        assert detail["content"] == {
            "subject": "Rent",
            "text": "Dear Ada",
            "html": "<p>Dear Ada</p>",
            "attachments": [],
        }
        assert detail["current_contact"] == "ada@example.com"
        assert detail["suppression"]["address"] == "ada@example.com"
        assert detail["suppression"]["reason"] == "bounce"
        assert [(event["attempt"], event["outcome"], event["reason"]) for event in detail["events"]] == [
            (1, "failed", "address_not_found"),
            (2, "failed", "mailbox_full"),
        ]
        assert detail["attempt_chain"][0] == {
            "attempt": 1,
            "to": "ada@gmial.com",
            "at": "2026-11-22T18:00:00Z",
            "by": "host",
            "outcome": "failed",
            "reason": "address_not_found",
            "provider_message_id": "m-1",
            "note": "",
            "sent_by": "undelivered",
        }
        assert detail["attempt_chain"][1]["by"] == "manager@example.com"

    def test_shows_address_reason_time_and_suggestion_of_the_last_failed_attempt(self, api):
        failed = an_item(Reason.ADDRESS_NOT_FOUND, recipient="ada@exmaple.com", customer_id="c-1")
        item = reported(resent(failed, to="ada@gmial.com"), Outcome.FAILED, reason=Reason.DOMAIN_NOT_FOUND)
        api.add(item)
        api.customers.save(a_customer(email="ada@gmial.com"))
        api.suppressions.save(None, a_suppression("ada@exmaple.com"))
        api.suppressions.save(None, a_suppression("ada@gmial.com"))

        detail = api.get(f"/undelivered/{id_of(item)}").json
        (row,) = api.get("/undelivered").json["items"]

        shown = ("ada@gmial.com", "domain_not_found", "2026-11-23T18:00:00Z", False)
        for view in (row, detail):
            assert (view["recipient"], view["reason"], view["failed_at"], view["ready_to_resend"]) == shown
            assert view["resend"]["code"] == "resend_needs_changed_address"
        assert (detail["suggestion"], detail["suppression"]["address"]) == ("ada@gmail.com", "ada@gmial.com")
        for address in ("ada@exmaple", "ADA@gmial"):
            assert [each["id"] for each in api.get(f"/undelivered?q={address}").json["items"]] == [id_of(item)]

    def test_suggests_the_likely_spelling(self, api):
        item = an_item(Reason.DOMAIN_NOT_FOUND, recipient="ada@gmial.com")
        api.add(item)

        assert api.get(f"/undelivered/{id_of(item)}").json["suggestion"] == "ada@gmail.com"

    def test_says_that_a_content_is_no_longer_held_and_a_contact_is_missing(self, api):
        item = an_item(Reason.MAILBOX_FULL)
        api.add(item)

        detail = api.get(f"/undelivered/{id_of(item)}").json

        assert (detail["content"], detail["current_contact"], detail["suppression"]) == (None, None, None)
        assert detail["resend"]["code"] == "resend_no_contact"

    @pytest.mark.parametrize("known", [True, False])
    def test_does_not_reveal_that_another_account_has_an_item(self, api, known):
        item = an_item(account_id="acc-2")
        if known:
            api.add(item)

        answer = api.get(f"/undelivered/{id_of(item)}")

        assert (answer.status, answer.json["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        "identifier",
        ["nonsense", "%2F", "..%2F..", "AAAA", "%00", "x" * 3_000, item_id("2026-11-23T18:00:00Z~" + "x" * 500 + "~a")],
    )
    def test_knows_no_such_item(self, api, identifier):
        assert api.get(f"/undelivered/{identifier}").status == 404


class TestResend:
    @pytest.fixture
    def item(self, api):
        item = an_item(Reason.MAILBOX_FULL, recipient="ada@example.com", customer_id="c-1", notification_id="n-1")
        api.add(item)
        api.notifications.add(a_notification())
        api.customers.save(a_customer())
        return item

    def test_starts_and_answers_with_the_item_resending(self, api, item):
        answer = api.post(f"/undelivered/{id_of(item)}/resend", {"note": "called her"})

        assert answer.status == 202
        assert answer.json["state"] == "resending"
        assert [(order.attempt, order.entry_key) for order in api.resends.orders] == [(2, item.entry_key)]
        attempt = api.items.find(ACCOUNT, item.entry_key).last_attempt
        assert (attempt.by, attempt.note) == (MANAGER_NAME, "called her")

    def test_needs_no_body(self, api, item):
        assert api.post(f"/undelivered/{id_of(item)}/resend").status == 202

    def test_is_refused_by_the_rules_with_their_code(self, api):
        item = an_item(Reason.ADDRESS_NOT_FOUND, recipient="ada@example.com", customer_id="c-1", notification_id="n-1")
        api.add(item)
        api.notifications.add(a_notification())
        api.customers.save(a_customer())

        answer = api.post(f"/undelivered/{id_of(item)}/resend", {})

        assert (answer.status, answer.json["code"]) == (409, "resend_needs_changed_address")
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_is_not_for_viewers(self, api, item):
        answer = api.post(f"/undelivered/{id_of(item)}/resend", {}, viewer())

        assert (answer.status, answer.json["code"]) == (403, "forbidden")
        assert api.resends.orders == []

    def test_of_another_accounts_item_is_a_404(self, api, item):
        assert api.post(f"/undelivered/{id_of(item)}/resend", {}, manager("acc-2")).status == 404

    def test_repeated_with_the_same_key_starts_one_resend(self, api, item):
        headers = {**manager(), "Idempotency-Key": "k-1"}

        first = api.post(f"/undelivered/{id_of(item)}/resend", {}, headers)
        second = api.post(f"/undelivered/{id_of(item)}/resend", {}, headers)

        assert (first.status, second.status) == (202, 202)
        assert first.json == second.json
        assert len(api.resends.orders) == 1

    def test_repeated_with_the_same_key_after_it_came_back_starts_nothing(self, api, item):
        headers = {**manager(), "Idempotency-Key": "k-1"}
        api.post(f"/undelivered/{id_of(item)}/resend", {}, headers)
        running = api.items.find(ACCOUNT, item.entry_key)
        api.items.save(running, reported(running, Outcome.FAILED, reason=Reason.MAILBOX_FULL))

        again = api.post(f"/undelivered/{id_of(item)}/resend", {}, headers)

        assert (again.status, again.json["state"]) == (202, "open")
        assert len(api.resends.orders) == 1

    def test_repeated_without_a_key_is_refused(self, api, item):
        api.post(f"/undelivered/{id_of(item)}/resend", {})

        assert api.post(f"/undelivered/{id_of(item)}/resend", {}).json["code"] == "resend_already_running"

    def test_refuses_a_key_that_was_used_for_another_request(self, api, item):
        headers = {**manager(), "Idempotency-Key": "k-1"}
        api.post(f"/undelivered/{id_of(item)}/resend", {}, headers)

        answer = api.post(f"/undelivered/{id_of(item)}/resend", {"note": "other"}, headers)

        assert (answer.status, answer.json["code"]) == (409, "idempotency_key_reused")

    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129])
    def test_refuses_a_malformed_key(self, api, item, key):
        answer = api.post(f"/undelivered/{id_of(item)}/resend", {}, {**manager(), "Idempotency-Key": key})

        assert answer.json["errors"][0]["field"] == "Idempotency-Key"

    def test_with_a_consent_passes_an_opt_out(self, api):
        item = an_item(Reason.UNSUBSCRIBED, recipient="ada@example.com", customer_id="c-1", notification_id="n-1")
        api.add(item)
        api.notifications.add(a_notification())
        api.customers.save(a_customer())
        consent = {"given_by": "Ada Byron", "how": "by phone", "at": "2026-11-23T10:00:00Z"}

        refused = api.post(f"/undelivered/{id_of(item)}/resend", {})
        taken = api.post(f"/undelivered/{id_of(item)}/resend", {"consent": consent})

        assert (refused.status, refused.json["code"]) == (409, "resend_needs_consent")
        assert taken.status == 202

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"consent": {"given_by": "Ada", "how": "by phone"}}, "consent.at"),
            ({"consent": {"given_by": "Ada", "how": "by phone", "at": "yesterday"}}, "consent.at"),
            ({"consent": {"given_by": "Ada", "how": "by phone", "at": "2026-12-24T10:00:00Z"}}, "consent.at"),
            ({"consent": {"given_by": " ", "how": "by phone", "at": "2026-11-23T10:00:00Z"}}, "consent.given_by"),
            ({"consent": {"given_by": "", "how": "by phone", "at": "2026-11-23T10:00:00Z"}}, "consent.given_by"),
            ({"consent": True}, "consent"),
            ({"note": 5}, "note"),
            ({"notes": "x"}, "notes"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, api, item, body, field):
        answer = api.post(f"/undelivered/{id_of(item)}/resend", body)

        assert (answer.status, answer.json["code"]) == (400, "invalid_body")
        assert answer.json["errors"][0]["field"] == field


class TestDismissing:
    def test_takes_an_item_off_the_report_and_puts_it_back(self, api):
        item = an_item()
        api.add(item)

        dismissed = api.post(f"/undelivered/{id_of(item)}/dismiss", {"reason": "moved away"})
        shown = api.get("/undelivered").json["items"]
        restored = api.post(f"/undelivered/{id_of(item)}/restore")

        assert (dismissed.status, dismissed.json["state"]) == (200, "dismissed")
        assert shown == []
        assert restored.json["state"] == "open"
        assert api.items.find(ACCOUNT, item.entry_key).state is State.OPEN

    @pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}])
    def test_needs_a_reason(self, api, body):
        item = an_item()
        api.add(item)

        answer = api.post(f"/undelivered/{id_of(item)}/dismiss", body)

        assert answer.status in {400, 413}
        assert answer.json["errors"][0]["field"] == "reason"


class TestCustomers:
    def test_a_number_that_is_not_assigned_is_refused_with_a_code_unless_the_caller_insists(self, api):
        unassigned = {"name": "Ada", "phone": "+11234567890"}
        refused = api.put("/customers/c-7", unassigned, host())
        insisted = api.put("/customers/c-7", {**unassigned, "accept_unassigned_number": True}, host())
        changed = api.patch("/customers/c-7", {"phone": "+11234567891"})

        assert (refused.status, refused.json["code"]) == (400, "unassigned_number")
        assert refused.json["errors"] == [
            {"field": "phone", "message": "is not an assigned phone number in its country"}
        ]
        assert (insisted.status, insisted.json["phone"]) == (200, "+11234567890")
        assert (changed.status, changed.json["code"]) == (400, "unassigned_number")

    def test_an_address_beyond_ascii_is_refused_before_the_at_sign_only(self, api):
        created = api.put("/customers/c-7", {"name": "Zoë", "email": "zoe@bücher.example"}, host())
        refused = api.patch("/customers/c-7", {"email": "zoë@bücher.example"})

        assert created.json["email"] == "zoe@bücher.example"
        assert (refused.status, refused.json["errors"][0]["field"]) == (400, "email")
        assert "ASCII" in refused.json["detail"]

    def test_are_created_read_changed_and_found_by_address(self, api):
        created = api.put("/customers/c-7", {"name": "Ada Byron", "email": "Ada@Example.COM"}, host())
        changed = api.patch("/customers/c-7", {"phone": "+1 (206) 555-0100"})
        found = api.get("/customers?address=ada%40example.com").json["customers"]

        assert created.status == 200
        assert changed.json == {
            "id": "c-7",
            "name": "Ada Byron",
            "email": "ada@example.com",
            "phone": "+12065550100",
            "email_changed_at": "2026-11-23T18:00:00Z",
            "phone_changed_at": "2026-11-23T18:00:00Z",
            "email_changed_by": "host",
            "phone_changed_by": "manager@example.com (11111111-2222)",
            "ready_to_resend": [],
            "consents": [],
            "follow_up": {"note": None, "owner": None, "look_again_on": None, "audit": []},
        }
        assert api.get("/customers/c-7", viewer()).json == changed.json
        assert [customer["id"] for customer in found] == ["c-7"]
        assert [customer["id"] for customer in api.get("/customers?address=%2B12065550100").json["customers"]] == [
            "c-7"
        ]

    def test_are_found_by_a_part_of_what_they_have_page_by_page_by_viewers_too(self, api):
        for number in range(5):
            api.put(
                f"/customers/c-{number}", {"name": f"Ada Byron {number}", "email": f"ada-{number}@example.com"}, host()
            )
        api.put("/customers/c-9", {"name": "Grace Hopper", "phone": "+12065550100"}, host())

        def found(query):
            return [customer["id"] for customer in api.get(f"/customers?{query}", viewer()).json["customers"]]

        first = api.get("/customers?q=BYRON&limit=3", viewer()).json
        rest = api.get(f"/customers?q=BYRON&limit=3&cursor={first['next_cursor']}", viewer()).json

        assert [customer["id"] for customer in first["customers"] + rest["customers"]] == [f"c-{n}" for n in range(5)]
        assert rest["next_cursor"] is None
        assert found("q=opp") == found("q=0206%20555") == found("q=c-9") == found("q=%2B12065550100") == ["c-9"]
        assert found("q=ada-3%40example.com") == found("q=ada-3%40") == ["c-3"]

    @pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?q=ada&address=ada%40example.com", "?q=ada&cursor=AAAA"])
    def test_are_not_searched_by_nothing_by_two_things_or_with_a_forged_cursor(self, api, query):
        assert api.get(f"/customers{query}").status == 400

    def test_correcting_the_address_makes_their_items_ready_and_changing_back_does_not(self, api):
        item = an_item(Reason.ADDRESS_NOT_FOUND, recipient="ada@exmaple.com", customer_id="c-1")
        api.add(item)
        api.customers.save(a_customer(email="ada@exmaple.com"))

        corrected = api.patch("/customers/c-1", {"email": "ada@example.com"}).json
        ready = api.get("/undelivered?ready=true").json["items"]
        read = api.get("/customers/c-1").json
        changed_back = api.patch("/customers/c-1", {"email": "ADA@exmaple.com"}).json

        assert corrected["ready_to_resend"] == read["ready_to_resend"] == [id_of(item)]
        assert [(each["id"], each["ready_to_resend"]) for each in ready] == [(id_of(item), True)]
        assert ready[0]["resend"]["allowed"] is True
        assert changed_back["ready_to_resend"] == []

    def test_an_address_where_the_message_failed_before_does_not_make_it_ready_again(self, api):
        failed = an_item(
            Reason.ADDRESS_NOT_FOUND, recipient="ada@exmaple.com", customer_id="c-1", notification_id="n-1"
        )
        item = reported(resent(failed, to="ada@example.com"), Outcome.FAILED, reason=Reason.MAILBOX_DISABLED)
        api.add(item)
        api.notifications.add(a_notification())
        api.customers.save(a_customer(email="ada@example.com"))

        changed_back = api.patch("/customers/c-1", {"email": "ada@exmaple.com"}).json
        detail = api.get(f"/undelivered/{id_of(item)}").json

        assert changed_back["ready_to_resend"] == []
        assert detail["resend"]["code"] == "resend_needs_changed_address"
        assert api.patch("/customers/c-1", {"email": "ada@third.example"}).json["ready_to_resend"] == [id_of(item)]

    def test_a_removed_contact_is_null(self, api):
        api.customers.save(a_customer(phone="+12065550100"))

        assert api.patch("/customers/c-1", {"phone": None}).json["phone"] is None
        assert api.patch("/customers/c-1", {"email": ""}).json["email"] is None

    def test_are_known_to_their_account_only(self, api):
        api.customers.save(a_customer(account_id="acc-2"))

        assert api.get("/customers/c-1").status == 404
        assert api.patch("/customers/c-1", {"name": "Eve"}).status == 404
        assert api.get("/customers?address=ada%40example.com").json["customers"] == []

    def test_are_not_changed_by_viewers(self, api):
        api.customers.save(a_customer())

        assert api.patch("/customers/c-1", {"name": "Eve"}, viewer()).status == 403
        assert api.put("/customers/c-1", {"name": "Eve"}, viewer()).status == 403

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, None),
            ({"email": "not an address"}, "email"),
            ({"email": 5}, "email"),
            ({"phone": "12345"}, "phone"),
            ({"phone": "+999 123"}, "phone"),
            ({"phone": "call me"}, "phone"),
            ({"name": ""}, "name"),
            ({"name": "   "}, "name"),
            ({"name": "Ada\nByron"}, "name"),
            ({"name": None}, "name"),
            ({"e-mail": "ada@example.com"}, "e-mail"),
            ({"email": "x" * 400 + "@example.com"}, "email"),
        ],
    )
    def test_changes_are_checked_field_by_field(self, api, body, field):
        api.customers.save(a_customer())

        answer = api.patch("/customers/c-1", body)

        assert answer.status in {400, 413}
        assert [error["field"] for error in answer.json["errors"]] == ([field] if field else [])

    @pytest.mark.parametrize(
        ("email", "suggestion"),
        [("ada@gmail..com", "ada@gmail.com"), ("ada@@gmial.com", "ada@gmail.com"), ("ada gmail.com", None)],
    )
    def test_an_error_names_the_likely_spelling(self, api, email, suggestion):
        api.customers.save(a_customer())

        error = api.patch("/customers/c-1", {"email": email}).json["errors"][0]

        assert error.get("suggestion") == suggestion

    def test_need_an_id_that_fits_a_tag(self, api):
        answer = api.put("/customers/a%20b", {"name": "Ada"})

        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "customer_id")

    @pytest.mark.parametrize("query", ["", "?address=", "?address=nobody", "?address=a%40b", "?adress=a%40example.com"])
    def test_looking_up_needs_an_address(self, api, query):
        assert api.get(f"/customers{query}").status == 400


class TestNotifications:
    def one(self, **changes):
        return {"customer_id": "c-1", "channel": "email", "title": "Rent", "text": "Dear Ada", **changes}

    @pytest.fixture(autouse=True)
    def _customer(self, api):
        api.customers.save(a_customer(phone="+12065550100"))

    def test_are_stored_and_queued(self, api):
        answer = api.post("/notifications", {"notifications": [self.one(notification_id="n-1"), self.one()]}, host())

        first, second = answer.json["accepted"]
        assert answer.status == 202
        assert first == {"notification_id": "n-1"}
        assert answer.json["refused"] == []
        assert [order.notification_id for order in api.sends.orders] == ["n-1", second["notification_id"]]
        assert api.notifications.find(ACCOUNT, "n-1").text == "Dear Ada"

    def test_with_the_same_id_are_accepted_once(self, api):
        body = {"notifications": [self.one(notification_id="n-1")]}

        first, second = api.post("/notifications", body, host()), api.post("/notifications", body, host())

        assert first.json == second.json
        assert len(api.notifications.notifications) == 1

    def test_are_refused_one_by_one(self, api):
        given = [
            self.one(notification_id="n-1"),
            self.one(customer_id="nobody"),
            self.one(channel="fax"),
            self.one(to="not an address"),
            self.one(channel="sms", to="12"),
            self.one(titel="x"),
            self.one(text=" "),
            self.one(subject="Rent\r\nBcc: all@example.com"),
            self.one(notification_id="a~0001"),
            self.one(metadata={"key": 5}),
            "not an object",
            self.one(notification_id="n-1", text="something else"),
        ]

        answer = api.post("/notifications", {"notifications": given}, host())

        assert answer.json["accepted"] == [{"notification_id": "n-1"}]
        assert [(one["index"], one["code"]) for one in answer.json["refused"]] == [
            (1, "unknown_customer"),
            (2, "invalid_body"),
            (3, "invalid_address"),
            (4, "invalid_address"),
            (5, "invalid_body"),
            (6, "invalid_body"),
            (7, "invalid_body"),
            (8, "invalid_body"),
            (9, "invalid_body"),
            (10, "invalid_body"),
            (11, "conflict"),
        ]
        assert all(one["detail"] for one in answer.json["refused"])

    def test_need_a_contact(self, api):
        api.customers.save(a_customer("c-2", email=""))

        refused = api.post("/notifications", {"notifications": [self.one(customer_id="c-2")]}, host()).json["refused"]

        assert [one["code"] for one in refused] == ["no_contact"]

    def test_may_go_to_another_address_of_a_customer_not_known_yet(self, api):
        body = {"notifications": [self.one(customer_id="c-9", to="Eve@Example.com", notification_id="n-9")]}

        assert api.post("/notifications", body, host()).json["refused"] == []
        assert api.notifications.find(ACCOUNT, "n-9").to == "eve@example.com"

    def test_come_from_the_host_application_only(self, api):
        body = {"notifications": [self.one()]}

        assert api.post("/notifications", body, manager()).status == 403
        assert api.post("/notifications", body, viewer()).status == 403

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, "invalid_body", "notifications"),
            ({"notifications": []}, "invalid_body", "notifications"),
            ({"notifications": [{}] * 101}, "too_many_items", "notifications"),
            ({"notifications": {}}, "invalid_body", "notifications"),
            ({"notifications": [], "account": "acc-2"}, "invalid_body", None),
        ],
    )
    def test_come_in_lists_of_one_to_a_hundred(self, api, body, code, field):
        answer = api.post("/notifications", body, host())

        assert (answer.status, answer.json["code"]) == (400, code)
        assert field in {None, answer.json["errors"][0]["field"]}

    def test_have_their_state_and_attempts(self, api):
        item = an_item(customer_id="c-1", notification_id="n-1", recipient="ada@example.com")
        api.notifications.add(a_notification(metadata=(("invoice", "17"),)))
        queued = api.get("/notifications/n-1").json["state"]
        api.notifications.claim(an_attempt())
        claimed = api.get("/notifications/n-1").json["state"]
        api.notifications.record(an_attempt(outcome=SendOutcome.SENT, provider_message_id="m-1"))
        api.add(item)

        notification = api.get("/notifications/n-1").json

        assert (queued, claimed, notification["state"]) == ("queued", "sending", "sent")
        assert notification["metadata"] == {"invoice": "17"}
        assert notification["undelivered"] == [id_of(item)]
        assert notification["attempts"] == [
            {
                "attempt": 1,
                "to": "ada@example.com",
                "at": "2026-11-23T18:00:00Z",
                "by": "host",
                "outcome": "sent",
                "provider_message_id": "m-1",
            }
        ]

    @pytest.mark.parametrize("identifier", ["n-2", "n-1~0001", "%7E"])
    def test_are_not_found_under_other_ids(self, api, identifier):
        api.notifications.add(a_notification())

        assert api.get(f"/notifications/{identifier}").status == 404


class TestFigures:
    def test_the_trend_has_every_day(self, api):
        api.add(an_item(number=1, days_ago=1), an_item(Reason.COMPLAINT, number=2, days_ago=1))

        days = api.get("/undelivered/trend?from=2026-11-21&to=2026-11-23").json["days"]

        nothing = {"bounced": 0, "invalid": 0, "spammed": 0, "dropped": 0, "failed": 0}
        assert days == [
            {**nothing, "date": "2026-11-21"},
            {**nothing, "date": "2026-11-22", "bounced": 1, "spammed": 1},
            {**nothing, "date": "2026-11-23"},
        ]

    def test_the_trend_shows_thirty_days_by_default(self, api):
        days = api.get("/undelivered/trend").json["days"]

        assert (len(days), days[0]["date"], days[-1]["date"]) == (30, "2026-10-25", "2026-11-23")

    @pytest.mark.parametrize("query", ["from=2026-11-24&to=2026-11-23", "from=2020-01-01", "status=bounced"])
    def test_the_trend_refuses_what_it_cannot_show(self, api, query):
        assert api.get(f"/undelivered/trend?{query}").json["code"] == "invalid_parameter"

    def test_the_summary_shows_how_much_was_resolved(self, api):
        later = NOW - timedelta(days=1) + timedelta(minutes=1, milliseconds=250, hours=3)
        resolved = reported(resent(an_item(number=1)), Outcome.DELIVERED, at=later)
        api.add(resolved, an_item(number=2), an_item(number=3, recipient="person-2@example.com"))

        assert api.get("/undelivered/summary").json == {
            "undelivered": 3,
            "resolved": 1,
            "resolved_share": 0.3333,
            "resolved_by_customers": 0,
            "resolved_by_customers_share": 0.0,
            "median_hours_to_resolve": pytest.approx(3.0, rel=0.1),
            "top_reasons": [{"reason": "mailbox_disabled", "count": 3}],
            "repeat_recipients": [{"recipient": "person-2@example.com", "count": 2}],
        }

    def test_the_summary_of_nothing_has_no_share(self, api):
        summary = api.get("/undelivered/summary").json

        assert (summary["undelivered"], summary["resolved_share"], summary["median_hours_to_resolve"]) == (
            0,
            None,
            None,
        )


class TestErrors:
    def test_are_problems_with_the_id_of_the_request(self, api):
        answer = api.get("/undelivered/nonsense")

        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "The item was not found.",
            "code": "not_found",
            "errors": [],
            "request_id": "request-1",
        }

    @pytest.mark.parametrize("path", ["/undelivered/count", "/undelivered/nonsense", "/openapi.json"])
    def test_and_answers_alike_name_the_request_in_a_header(self, api, path):
        assert api.get(path).headers["X-Request-Id"] == "request-1"

    @pytest.mark.parametrize("raw", ["{", "[1]", "5", "null", '{"name":"a"}x', '{"name":"\\ud800"}', "[" * 100_000])
    def test_of_malformed_json_are_refused(self, api, raw):
        answer = api.put("/customers/c-1", raw=raw)

        assert (answer.status, answer.json["code"]) == (400, "invalid_body")

    def test_an_oversized_body_is_a_413(self, api):
        answer = api.put("/customers/c-1", {"name": "x" * 300_000})

        assert (answer.status, answer.json["code"]) == (413, "too_large")

    def test_an_oversized_field_is_a_413_that_names_it(self, api):
        answer = api.put("/customers/c-1", {"name": "x" * 201})

        assert (answer.status, answer.json["errors"][0]["field"]) == (413, "name")

    def test_another_media_type_is_a_415(self, api):
        answer = api.put("/customers/c-1", raw="<name/>", content_type="application/xml")

        assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")
        assert answer.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("method", "url"), [("DELETE", "/undelivered"), ("POST", "/health"), ("PUT", "/undelivered/count")]
    )
    def test_another_method_is_a_405_that_names_those_there_are(self, api, method, url):
        answer = api.call(method, url)

        assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET"

    def test_an_unknown_parameter_is_refused_where_there_are_none(self, api):
        assert api.get("/undelivered/count?from=2026-11-01").json["errors"][0]["field"] == "from"
        assert api.get("/health?x=1").status == 400

    def test_a_busy_store_is_a_503_to_be_tried_again(self, api, monkeypatch):
        def busy(*_):
            raise RetryableError("throttled")

        monkeypatch.setattr(api.use_cases.reports, "count", busy)

        answer = api.get("/undelivered/count")

        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "throttled", "1")

    @pytest.mark.parametrize("path", ["/suppressions/email/", "/resend-batches/", "/customers/", "/notifications/"])
    def test_a_path_longer_than_any_key_leads_nowhere(self, api, path):
        assert api.get(f"{path}{'x' * 1_100}").status == 404

    def test_the_unforeseen_is_a_500_that_gives_nothing_away(self, api, monkeypatch):
        def broken(*_):
            raise ValueError("secret ada@example.com")

        monkeypatch.setattr(api.use_cases.reports, "count", broken)

        answer = api.get("/undelivered/count")

        assert (answer.status, answer.json["code"]) == (500, "internal_error")
        assert "secret" not in answer.text


class TestSystem:
    def test_health_needs_no_token(self, api):
        answer = api.get("/health", {})

        assert (answer.status, answer.json) == (200, {"status": "ok"})

    def test_the_description_is_public_and_holds_every_route(self, api):
        answer = api.get("/openapi.json", {})

        assert answer.json["openapi"] == "3.1.0"
        assert "post" in answer.json["paths"]["/undelivered/{item_id}/resend"]
        assert answer.headers["Cache-Control"] == "public, max-age=300"


class TestLanguages:
    FULL = MappingProxyType(
        {
            "en": "The recipient's mailbox is full.",
            "es": "El buzón del destinatario está lleno.",
            "de": "Das Postfach des Empfängers ist voll.",
            "fr": "La boîte de réception du destinataire est pleine.",
            "pt": "A caixa de correio do destinatário está cheia.",
        }
    )

    @pytest.mark.parametrize("language", FULL)
    def test_explanations_are_in_the_language_that_the_caller_prefers(self, api, language):
        item = an_item(Reason.MAILBOX_FULL)
        api.add(item)
        wanted = {"Accept-Language": f"it, {language}-XX;q=0.9, en;q=0.1"}

        for path in ("/undelivered", f"/undelivered/{item_id(item.entry_key)}"):
            answer = api.get(path, {**manager(), **wanted})
            (shown,) = answer.json.get("items", [answer.json])
            assert shown["explanation"] == self.FULL[language]
            assert answer.headers["Content-Language"] == language
            assert answer.headers["Vary"] == "Accept-Language"

    def test_without_a_preference_they_are_in_the_language_of_the_account(self, api):
        api.add(an_item(Reason.MAILBOX_FULL))
        api.put("/settings", {"locale": "fr"})

        answer = api.get("/undelivered")

        (shown,) = answer.json["items"]
        assert shown["explanation"] == self.FULL["fr"]
        assert shown["resend"]["detail"] == "Prêt à renvoyer."
        assert answer.headers["Content-Language"] == "fr"

    def test_a_page_of_another_origin_gets_both_headers_that_a_response_depends_on(self, api):
        answer = api.get("/undelivered", {**manager(), "Origin": next(iter(API_SETTINGS.allowed_origins))})

        assert answer.headers["Vary"] == "Accept-Language, Origin"

    def test_the_page_to_unsubscribe_is_in_the_language_of_the_reader(self, api):
        german, english = api.get("/unsubscribe/x", {"Accept-Language": "de"}), api.get("/unsubscribe/x", {})

        assert '<html lang="de">' in german.text
        assert "Dieser Link ist nicht gültig" in german.text
        assert german.headers["Content-Language"] == "de"
        assert "This link is not valid" in english.text

    def test_an_account_has_only_a_language_that_has_all_texts(self, api):
        assert api.put("/settings", {"locale": "it"}).status == 400
