"""What managers do besides resending one item: bulk resends, suppressions, settings; and what customers do."""

import json
import re
from collections import Counter

import pytest

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, host, manager, viewer
from tests.builders.items import ACCOUNT, a_customer, a_notification, a_suppression, an_attempt, an_item
from undelivered.domain.errors import SuppressionNotLiftedError
from undelivered.domain.identifiers import item_id
from undelivered.domain.notification import SendOutcome
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.unsubscribe import unsubscribe_headers

CONSENT = {"given_by": "Ada Byron", "how": "by phone", "at": "2026-11-23T10:00:00Z"}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def id_of(item):
    return item_id(item.entry_key)


class TestBulkResend:
    @pytest.fixture
    def items(self, api):
        api.customers.save(a_customer())
        items = []
        for number, reason in enumerate((Reason.MAILBOX_FULL, Reason.MAILBOX_FULL, Reason.ADDRESS_NOT_FOUND), start=1):
            api.notifications.add(a_notification(f"n-{number}"))
            items.append(
                an_item(reason, number=number, days_ago=number, customer_id="c-1", recipient="ada@example.com")
            )
        api.add(*items)
        return items

    def test_by_ids_starts_what_is_allowed_and_says_why_not_the_rest(self, api, items):
        ids = [*map(id_of, items), "nonsense", id_of(items[0])]

        answer = api.post("/undelivered/resend", {"ids": ids})

        assert (answer.status, answer.json["accepted"]) == (202, 2)
        assert {(one["id"], one["code"]) for one in answer.json["refused"]} == {
            ("nonsense", "not_found"),
            (id_of(items[2]), "resend_needs_changed_address"),
        }

    def test_what_was_asked_is_counted_by_the_answer(self, api, items, capsys):
        api.post(f"/undelivered/{id_of(items[0])}/resend", {})
        api.post("/undelivered/resend", {"ids": [*map(id_of, items)]})
        api.post(f"/undelivered/{id_of(items[1])}/resend", {})

        figures = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ResendsAsked" in line]
        counted = Counter()
        for figure in figures:
            counted[figure["answer"]] += sum(figure["ResendsAsked"])
        assert counted == {"accepted": 2, "resend_already_running": 2, "resend_needs_changed_address": 1}

    def test_by_filter_takes_the_parameters_of_the_report(self, api, items):
        body = {"filter": {"reason": ["mailbox_full"], "channel": "email", "ready": False, "from": "2026-11-22"}}

        answer = api.post("/undelivered/resend", body)

        assert (answer.json["accepted"], answer.json["refused"]) == (1, [])
        assert [order.entry_key for order in api.resends.orders] == [items[0].entry_key]

    @pytest.mark.usefixtures("items")
    def test_a_dry_run_says_how_many_are_resent_and_why_the_others_are_not(self, api):
        body = {"filter": {"channel": "email"}, "dry_run": True}

        answer = api.post("/undelivered/resend", body)

        assert (answer.json["accepted"], answer.json["batch_id"]) == (2, "")
        needs_change = "We cannot deliver to this address or number. Correct the contact details first."
        assert answer.json["refusals"] == [{"code": "resend_needs_changed_address", "detail": needs_change, "count": 1}]
        assert api.resends.orders == []
        assert api.post("/undelivered/resend", {"filter": {"channel": "email"}}).json["accepted"] == 2

    @pytest.mark.usefixtures("items")
    @pytest.mark.parametrize("dry_run", [True, False])
    def test_a_filter_is_taken_in_parts_that_together_are_all_of_it(self, api, dry_run):
        body = {"filter": {"channel": "email"}, "limit": 2, "dry_run": dry_run}

        first = api.post("/undelivered/resend", body).json
        second = api.post("/undelivered/resend", body | {"cursor": first["next_cursor"]}).json

        assert second["next_cursor"] is None
        assert first["accepted"] + second["accepted"] == 2
        assert len(first["refused"]) + len(second["refused"]) == 1
        assert len(api.resends.orders) == (0 if dry_run else 2)

    @pytest.mark.usefixtures("items")
    def test_a_cursor_continues_only_the_same_filter_of_the_same_account(self, api):
        body = {"filter": {"channel": "email"}, "limit": 1}
        cursor = api.post("/undelivered/resend", body | {"dry_run": True}).json["next_cursor"]

        other = api.post("/undelivered/resend", {"filter": {"channel": "sms"}, "limit": 1, "cursor": cursor})
        foreign = api.post("/undelivered/resend", body | {"cursor": cursor}, manager("acc-2"))

        assert (other.json["code"], foreign.json["code"]) == ("invalid_cursor", "invalid_cursor")

    def test_shows_its_progress(self, api, items):
        batch = api.post("/undelivered/resend", {"ids": list(map(id_of, items))}).json["batch_id"]

        answer = api.get(f"/resend-batches/{batch}")

        assert answer.json == {"total": 3, "resending": 2, "resolved": 0, "returned": 0, "refused": 1}
        assert api.get(f"/resend-batches/{batch}", manager("acc-2")).status == 404

    def test_is_not_for_viewers(self, api, items):
        assert api.post("/undelivered/resend", {"ids": [id_of(items[0])]}, viewer()).status == 403

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, "invalid_body", None),
            ({"ids": [], "filter": {}}, "invalid_body", "ids"),
            ({"ids": ["a"], "filter": {}}, "invalid_body", None),
            ({"ids": [f"id-{number}" for number in range(1_001)]}, "too_many_items", "ids"),
            ({"ids": ["a"], "limit": 5}, "invalid_body", "limit"),
            ({"filter": {}, "cursor": "x"}, "invalid_body", "cursor"),
            ({"filter": {}, "limit": 1_001}, "invalid_body", "limit"),
            ({"filter": {}, "limit": 5, "cursor": "x"}, "invalid_cursor", "cursor"),
            ({"filter": {"status": "lost"}}, "invalid_body", "filter.status"),
            ({"filter": {"status": ["lost"]}}, "invalid_body", "filter.status"),
            ({"filter": {"stauts": "bounced"}}, "invalid_body", "filter.stauts"),
            ({"filter": {"limit": 5}}, "invalid_body", "filter.limit"),
            ({"filter": {"cursor": "x"}}, "invalid_body", "filter.cursor"),
            ({"filter": {"from": "yesterday"}}, "invalid_body", "filter.from"),
            ({"filter": {"from": "2026-11-23", "to": "2026-11-22"}}, "invalid_body", "filter.from"),
            ({"filter": {"status": {}}}, "invalid_body", "filter[...]"),
        ],
    )
    def test_names_what_is_wrong(self, api, body, code, field):
        answer = api.post("/undelivered/resend", body)

        assert (answer.status, answer.json["code"]) == (400, code)
        assert [error["field"] for error in answer.json["errors"]] == ([field] if field else [])


class TestSuppressions:
    def test_are_listed_page_by_page(self, api):
        for name in "abcde":
            api.suppressions.save(None, a_suppression(f"{name}@example.com"))
        api.suppressions.save(None, a_suppression("+12065550100", channel=Channel.SMS))

        seen, cursor = [], ""
        while True:
            page = api.get(f"/suppressions?channel=email&limit=2{cursor}").json
            seen += [one["address"] for one in page["items"]]
            if not page["next_cursor"]:
                break
            cursor = f"&cursor={page['next_cursor']}"

        assert seen == [f"{name}@example.com" for name in "abcde"]
        assert len(api.get("/suppressions").json["items"]) == 6

    def test_are_filtered_by_reason_across_pages(self, api):
        for number in range(6):
            reason = SuppressionReason.COMPLAINT if number % 2 else SuppressionReason.BOUNCE
            api.suppressions.save(None, a_suppression(f"{number}@example.com", reason=reason))

        shown = api.get("/suppressions?reason=complaint&limit=3").json["items"]

        assert [one["address"] for one in shown] == ["1@example.com", "3@example.com", "5@example.com"]

    @pytest.mark.parametrize("query", ["channel=fax", "reason=x", "limit=0", "cursor=x", "q=a"])
    def test_refuse_wrong_parameters(self, api, query):
        assert api.get(f"/suppressions?{query}").status == 400

    def test_are_found_whatever_the_spelling(self, api):
        api.suppressions.save(None, a_suppression("ada@example.com"))

        assert api.get("/suppressions/email/ADA%40Example.com").json["reason"] == "bounce"
        assert api.get("/suppressions/email/eve%40example.com").status == 404
        assert api.get("/suppressions/fax/eve%40example.com").status == 400

    def test_are_made_by_hand(self, api):
        answer = api.put("/suppressions/sms/%2B12065550100", {"why": "moved away"})

        assert (answer.status, answer.json["reason"], answer.json["active"]) == (200, "manual", True)
        assert answer.json["audit"][0]["detail"] == "moved away"
        assert api.put("/suppressions/email/nonsense", {}).json["errors"][0]["field"] == "address"

    def test_are_lifted_audited_and_carried_to_the_provider(self, api):
        api.suppressions.save(None, a_suppression("ada@example.com"))

        answer = api.delete("/suppressions/email/ada%40example.com", {"why": "she has a new provider"})

        assert (answer.status, answer.json["active"]) == (200, False)
        assert answer.json["audit"][-1]["by"] == MANAGER_NAME
        assert api.provider.lifted == [(Channel.EMAIL, "ada@example.com", False)]
        assert api.delete("/suppressions/email/ada%40example.com", {"why": "again"}).status == 404

    @pytest.mark.parametrize(
        ("reason", "body", "status", "code"),
        [
            (SuppressionReason.COMPLAINT, {"why": "x"}, 409, "suppression_blocked_by_complaint"),
            (SuppressionReason.UNSUBSCRIBED, {"why": "x"}, 409, "suppression_needs_consent"),
            (SuppressionReason.UNSUBSCRIBED, {"why": "x", "consent": CONSENT}, 200, None),
            (SuppressionReason.BOUNCE, {}, 400, "invalid_body"),
            (SuppressionReason.BOUNCE, {"why": " "}, 400, "invalid_body"),
        ],
    )
    def test_are_lifted_by_the_rules(self, api, reason, body, status, code):
        api.suppressions.save(None, a_suppression("ada@example.com", reason=reason))

        answer = api.delete("/suppressions/email/ada%40example.com", body)

        assert (answer.status, answer.json.get("code")) == (status, code)

    def test_stay_when_the_provider_does_not_lift_them(self, api):
        api.suppressions.save(None, a_suppression("ada@example.com"))
        api.provider.error = SuppressionNotLiftedError("The provider did not lift it (Throttling).")

        answer = api.delete("/suppressions/email/ada%40example.com", {"why": "x"})

        assert (answer.status, answer.json["code"]) == (502, "suppression_not_lifted")
        assert api.get("/suppressions/email/ada%40example.com").json["active"] is True

    def test_are_not_changed_by_viewers(self, api):
        assert api.put("/suppressions/email/ada%40example.com", {}, viewer()).status == 403
        assert api.delete("/suppressions/email/ada%40example.com", {"why": "x"}, viewer()).status == 403


class TestOptIn:
    def test_ends_unsubscriptions_and_opt_outs(self, api):
        api.customers.save(a_customer(phone="+12065550100"))
        api.suppressions.save(None, a_suppression("ada@example.com", reason=SuppressionReason.UNSUBSCRIBED))
        out = a_suppression("+12065550100", channel=Channel.SMS, reason=SuppressionReason.OPTED_OUT)
        api.suppressions.save(None, out)

        answer = api.post("/customers/c-1/opt-in", {"consent": CONSENT}, host())

        assert [(one["address"], one["active"]) for one in answer.json["lifted"]] == [
            ("ada@example.com", False),
            ("+12065550100", False),
        ]
        assert "Ada Byron" in answer.json["lifted"][0]["audit"][-1]["detail"]

    def test_leaves_a_dead_address_suppressed(self, api):
        api.customers.save(a_customer())
        api.suppressions.save(None, a_suppression("ada@example.com"))

        assert api.post("/customers/c-1/opt-in", {"consent": CONSENT}).json["lifted"] == []

    def test_does_not_undo_a_complaint(self, api):
        api.customers.save(a_customer())
        api.suppressions.save(None, a_suppression("ada@example.com", reason=SuppressionReason.COMPLAINT))

        assert (
            api.post("/customers/c-1/opt-in", {"consent": CONSENT}).json["code"] == "suppression_blocked_by_complaint"
        )

    def test_needs_a_customer_a_contact_and_a_consent(self, api):
        api.customers.save(a_customer())

        assert api.post("/customers/nobody/opt-in", {"consent": CONSENT}).status == 404
        assert api.post("/customers/c-1/opt-in", {"consent": CONSENT, "channel": "sms"}).status == 400
        assert api.post("/customers/c-1/opt-in", {}).json["errors"][0]["field"] == "consent"


class TestSettings:
    def test_have_defaults_and_are_replaced(self, api):
        before = api.get("/settings").json
        wanted = {
            "time_zone": "Europe/Berlin",
            "sender": "Rentals <rent@example.com>",
            "history_days": 365,
            "content_days": 30,
            "viewers_may_export": False,
            "soft_failures": {"failures": 3, "days": 2},
            "resend_by": "ask",
            "grace": {"email_hours": 20, "sms_hours": 80, "host_hours": 2},
            "digest": {"recipients": ["Boss@example.com"], "days": [4, 0, 4], "hour": 7},
            "locale": "de",
            "categories": [{"id": "newsletter", "title": "Newsletter"}, {"id": "offers", "title": "Angebote"}],
            "record_accepted": True,
            "contact_requests": {
                "sender_name": "Rentals", "monthly_limit": 3, "quiet_from": 21, "quiet_until": 7, "automatic": True,
                "resend": True, "wordings": [],
            },
        }  # fmt: skip

        after = api.put("/settings", wanted)

        assert (before["resend_by"], before["grace"]["host_hours"]) == ("undelivered", 24)
        assert (before["time_zone"], before["history_days"], before["digest"]["recipients"]) == ("UTC", 400, [])
        assert after.json == {**wanted, "digest": {"recipients": ["boss@example.com"], "days": [0, 4], "hour": 7}}
        assert api.get("/settings", viewer()).json == after.json
        assert api.get("/settings", manager("acc-2")).json["time_zone"] == "UTC"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"time_zone": "Berlin"}, "time_zone"),
            ({"time_zone": "../etc/passwd"}, "time_zone"),
            ({"time_zone": ""}, "time_zone"),
            ({"sender": "nonsense"}, "sender"),
            ({"sender": "A <a@example.com>\r\nBcc: x@example.com"}, "sender"),
            ({"history_days": 1}, "history_days"),
            ({"soft_failures": {"failures": 0}}, "soft_failures.failures"),
            ({"grace": {"email_hours": 0}}, "grace.email_hours"),
            ({"grace": {"host_hours": 0}}, "grace.host_hours"),
            ({"resend_by": "nobody"}, "resend_by"),
            ({"digest": {"hour": 24}}, "digest.hour"),
            ({"digest": {"days": [7]}}, "digest.days[0]"),
            ({"digest": {"recipients": ["a@example.com", "nonsense"]}}, "digest.recipients[1]"),
            ({"timezone": "UTC"}, "timezone"),
        ],
    )
    def test_name_the_field_that_is_wrong(self, api, body, field):
        answer = api.put("/settings", body)

        assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)

    def test_are_not_changed_by_viewers(self, api):
        assert api.put("/settings", {}, viewer()).status == 403


class TestUnsubscribing:
    @pytest.fixture
    def link(self, api):
        attempt = an_attempt(provider_message_id="m-1", outcome=SendOutcome.SENT)
        api.notifications.claim(attempt)
        headers = unsubscribe_headers(api.keys, "https://api.test", attempt)
        return re.search(r"<https://api\.test(.*)>", headers["List-Unsubscribe"])[1]

    def suppressed(self, api):
        return api.suppressions.find(ACCOUNT, Channel.EMAIL, "ada@example.com")

    def test_is_one_post_without_a_token_or_an_address(self, api, link):
        answer = api.post(
            link, headers={}, raw="List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )

        assert answer.status == 200
        assert self.suppressed(api).reason is SuppressionReason.UNSUBSCRIBED
        assert "ada" not in link

    def test_is_done_without_a_body_too_and_twice_is_once(self, api, link):
        assert [api.call("POST", link).status, api.call("POST", link).status] == [200, 200]
        assert len(self.suppressed(api).audit) == 1

    def test_looking_at_the_page_does_nothing(self, api, link):
        answer = api.call("GET", link)

        assert answer.status == 200
        assert '<form method="post">' in answer.text
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
        assert self.suppressed(api) is None

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("token", ["nonsense", "a.b", "%3Cscript%3E"])
    def test_with_a_forged_link_is_a_404_page(self, api, method, token):
        answer = api.call(method, f"/unsubscribe/{token}")

        assert answer.status == 404
        assert "script>" not in answer.text
