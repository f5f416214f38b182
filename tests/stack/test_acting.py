"""What else managers, the host application and customers do: on the deployed stack, through the API."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infrastructure.local.scenario import call_api, eventually
from tests.builders.readme import check_announcement
from tests.stack.acting import CONSENT, WITHIN, this_hour
from undelivered.entrypoints.http.route import Access
from undelivered.entrypoints.http.routes import ROUTES


def since_yesterday():
    return (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")


class TestSuppressions:
    def test_a_bounce_is_listed_looked_up_and_lifted_here_and_at_the_provider(self, acting):
        item = acting.undelivered("ada", acting.mailbox("unknown-user", "ada2"))
        address = item["recipient"]

        listed = acting.call_api(
            "GET", "/suppressions", params={"channel": "email", "reason": "bounce", "limit": "200"}
        )
        lifted = acting.call_api(
            "DELETE", f"/suppressions/email/{address}", json={"why": "she has a new mailbox there"}
        )

        assert address in [each["address"] for each in listed["items"]]
        assert (lifted["active"], lifted["reason"]) == (False, "bounce")
        assert lifted["audit"][-1]["by"].startswith(f"{acting.stack.user().email} (")
        assert "she has a new mailbox there" in lifted["audit"][-1]["detail"]
        assert acting.manager.request("DELETE", f"/suppressions/email/{address}", json={"why": "x"}).status_code == 404

    def test_an_address_suppressed_by_hand_gets_nothing(self, acting):
        address = acting.mailbox("fine", "bob2")
        added = acting.call_api("PUT", f"/suppressions/email/{address}", json={"why": "asked by telephone"})

        item = acting.undelivered("bob2", address)

        assert (added["active"], added["reason"]) == (True, "manual")
        assert item["status"] == "dropped"
        assert acting.sent(address) == []

    def test_while_the_provider_cannot_be_told_the_suppression_stays(self, acting):
        address = acting.undelivered("cleo2", acting.mailbox("unliftable", "cleo2"))["recipient"]

        refused = acting.call_api("DELETE", f"/suppressions/email/{address}", 502, json={"why": "she has it again"})

        assert refused["code"] == "suppression_not_lifted"
        known = acting.suppression("email", address).json()
        assert known["active"]
        assert [entry["action"] for entry in known["audit"]] == []

    def test_a_complaint_is_never_lifted_and_blocks_every_resend(self, acting):
        item = acting.undelivered("dora2", acting.mailbox("complaint", "dora2"))
        acting.correct("dora2", email=acting.mailbox("fine", "dora2"))

        lift = {"why": "she asked", "consent": CONSENT}
        refused = acting.call_api("DELETE", f"/suppressions/email/{item['recipient']}", 409, json=lift)

        assert refused["code"] == "suppression_blocked_by_complaint"
        assert acting.resend(item, 409, consent=CONSENT)["code"] == "resend_blocked_by_complaint"
        assert acting.suppression("email", item["recipient"]).json()["reason"] == "complaint"


class TestUnsubscribing:
    def test_one_click_unsubscribes_and_a_consent_brings_the_messages_back(self, acting):
        address = acting.mailbox("fine", "emil2")
        acting.send("emil2", address)
        link = acting.unsubscribe_link(address)
        assert address not in link
        assert link.startswith(acting.stack.api_url)

        page = httpx.get(link, timeout=30)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "<form" in page.text
        assert acting.suppression("email", address).status_code == 404  # programs that scan mail open every link

        clicks = [httpx.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=30) for _ in range(2)]
        assert [each.status_code for each in clicks] == [200, 200]
        known = acting.suppression("email", address).json()
        assert (known["reason"], known["active"]) == ("unsubscribed", True)
        assert [entry["action"] for entry in known["audit"]] == ["unsubscribe"]

        acting.hand_over("emil2", number=2)
        (item,) = eventually(lambda: acting.story.report("emil2"), "it was not dropped", WITHIN)
        assert (item["status"], item["reason"]) == ("dropped", "unsubscribed")
        assert acting.resend(item, 409)["code"] == "resend_needs_consent"
        acting.resend(item, consent=CONSENT)
        acting.comes_to(item, "resolved", attempts=2)
        assert not acting.suppression("email", address).json()["active"]

    def test_an_opt_in_by_the_host_ends_an_unsubscription(self, acting):
        address = acting.mailbox("fine", "finn2")
        acting.send("finn2", address)
        httpx.post(acting.unsubscribe_link(address), data={"List-Unsubscribe": "One-Click"}, timeout=30)

        path = f"/customers/{acting.name('finn2')}/opt-in"
        (lifted,) = call_api(acting.host, "POST", path, json={"consent": CONSENT, "channel": "email"})["lifted"]
        (kept,) = acting.call_api("GET", f"/customers/{acting.name('finn2')}")["consents"]

        assert (lifted["address"], lifted["active"]) == (address, False)
        assert kept["contact"] == address

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_forged_link_leads_nowhere(self, acting, method):
        link = f"{acting.stack.api_url}/unsubscribe/YWNjLWhhcmJvcn5uLTF-MQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

        assert httpx.request(method, link, timeout=30).status_code == 404

    def test_an_essential_notice_reaches_who_unsubscribed_but_never_who_bounced(self, acting):
        address = acting.mailbox("fine", "gus2")
        acting.send("gus2", address)
        httpx.post(acting.unsubscribe_link(address), data={"List-Unsubscribe": "One-Click"}, timeout=30)
        bounced = acting.undelivered("hedda2", acting.mailbox("unknown-user", "hedda2"))["recipient"]

        acting.hand_over("gus2", number=2, essential=True)
        acting.hand_over("hedda2", number=2, essential=True)

        notice = eventually(lambda: acting.sent(address)[1:], "the notice was not sent", WITHIN)[0]
        assert "List-Unsubscribe" not in [header["name"] for header in notice["headers"]]
        items = eventually(lambda: acting.story.report("hedda2", status="dropped"), "it was not dropped", WITHIN)
        assert [each["reason"] for each in items] == ["suppressed_bounce"]
        assert len(acting.sent(bounced)) == 1


class TestDismissing:
    def test_a_dismissed_item_leaves_count_and_report_but_not_its_time_and_can_be_restored(self, acting):
        item = acting.undelivered("iris2", acting.mailbox("mailbox-full", "iris2"))
        before = acting.story.count()
        path = f"/undelivered/{item['id']}"

        dismissed = acting.call_api("POST", f"{path}/dismiss", json={"reason": "has moved out"})
        eventually(lambda: acting.story.count() == before - 1, "the count has not fallen")
        assert dismissed["state"] == "dismissed"
        assert acting.story.report("iris2") == []
        (shown,) = acting.story.report("iris2", **{"from": since_yesterday()})
        assert shown["state"] == "dismissed"
        assert acting.resend(item, 409)["code"] == "resend_dismissed"

        assert acting.call_api("POST", f"{path}/restore")["state"] == "open"
        eventually(lambda: acting.story.count() == before, "the count has not risen")
        audit = acting.page(item)["audit"]
        assert [(entry["action"], entry["detail"]) for entry in audit] == [
            ("dismiss", "has moved out"),
            ("restore", ""),
        ]
        (manager,) = {entry["by"] for entry in audit}
        assert manager.startswith(f"{acting.stack.user().email} (")


class TestDigests:
    def test_a_manager_who_asked_gets_a_digest_and_its_own_bounce_never_shows(self, acting):
        acting.undelivered("jack2", acting.mailbox("unknown-user", "jack2"))
        acting.correct("jack2", email=acting.mailbox("fine", "jack2"))
        boss = acting.mailbox("unknown-user", "boss")

        def digest():
            wanted = {"recipients": [boss], "days": list(range(7)), "hour": this_hour()}
            acting.call_api("PUT", "/settings", json={"digest": wanted})
            acting.invoke("SendDigests")
            return acting.sent(boss)

        try:
            (sent,) = eventually(digest, "no digest was sent", WITHIN)
            acting.invoke("SendDigests")
            acting.stays(lambda: acting.items_to(boss) == [], seconds=6)
        finally:
            acting.call_api("PUT", "/settings", json={})

        assert sent["tags"]["undelivered-notification"][0].startswith("undelivered-digest-")
        assert len(acting.sent(boss)) == 1
        assert acting.suppression("email", boss).status_code == 404


class TestRoles:
    def test_a_viewer_sees_everything_and_may_do_nothing(self, acting):
        item = acting.undelivered("kim2", acting.mailbox("mailbox-full", "kim2"))
        values = {
            "item_id": item["id"],
            "notification_id": item["notification_id"],
            "customer_id": acting.name("kim2"),
            "channel": "email",
            "address": item["recipient"],
        }
        acts = [route for route in ROUTES if route.access in {Access.ACT, Access.CONFIGURE, Access.HOST}]

        def path(route):
            # Anything else in a path is the ID of something that does not exist.
            return re.sub(r"{(\w+)}", lambda found: values.get(found[1], "A" * 12), route.path)

        answers = {
            f"{route.method} {route.path}": acting.viewer.request(route.method, path(route), json={}) for route in acts
        }

        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 403)
        assert len(answers) >= 10
        assert acting.viewer.get(f"/undelivered/{item['id']}").json()["state"] == "open"

    def test_what_belongs_to_another_account_does_not_exist(self, acting):
        item = acting.undelivered("lea2", acting.mailbox("mailbox-full", "lea2"))
        other = acting.stack.user("manager", "acc-meadow").email
        headers = {"Authorization": acting.stack.token(other)}

        for act in ("resend", "dismiss", "restore"):
            path = f"{acting.stack.api_url}/undelivered/{item['id']}/{act}"
            answer = httpx.post(path, headers=headers, json={"reason": "x"} if act == "dismiss" else {}, timeout=30)
            assert (act, answer.status_code) == (act, 404)


class TestAnnouncements:
    def test_every_change_of_state_is_announced_as_documented_and_without_addresses(self, acting, told):
        item = acting.undelivered("mona2", acting.mailbox("mailbox-full", "mona2"))
        path = f"/undelivered/{item['id']}"
        acting.call_api("POST", f"{path}/dismiss", json={"reason": "no matter"})
        acting.call_api("POST", f"{path}/restore")
        acting.resend(item)
        acting.comes_to(item, "open", attempts=2)
        acting.correct("mona2", email=acting.mailbox("fine", "mona2"))
        acting.resend(item)
        acting.comes_to(item, "resolved", attempts=3)

        expected = ["opened", "dismissed", "restored", "resending", "returned", "resending", "resolved"]
        eventually(lambda: len({form["event_id"] for form in told(item)}) == len(expected), "not all was announced")

        forms = list({form["event_id"]: form for form in told(item)}.values())
        assert sorted(form["type"].rpartition(".")[2] for form in forms) == sorted(expected)
        for form in forms:
            check_announcement(form)
            assert "@" not in json.dumps(form)
            assert form["customer_id"] == acting.name("mona2")
