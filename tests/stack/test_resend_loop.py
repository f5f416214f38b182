"""From a wrong address to delivered, proved and audited: the loop of resends on the deployed stack."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
from phonenumbers import is_valid_number, parse

from infrastructure.local.scenario import call_api, eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from tests.stack.acting import CONSENT, WITHIN

ASSIGNED_AREAS = [area for area in range(200, 1000) if is_valid_number(parse(f"+1{area}5550100"))]


def number(acting, digits):
    """Return a number whose last digits decide what becomes of a text; nobody else on the stack has it."""
    area = ASSIGNED_AREAS[int(acting.story.suffix, 16) % len(ASSIGNED_AREAS)]
    return f"+1{area}55501{digits}"


def is_flagged(acting, item):
    return acting.page(item)["ready_to_resend"]


class TestByMail:
    def test_a_corrected_address_is_resent_to_and_the_delivery_event_resolves_it(self, acting):
        item = acting.undelivered("ada", acting.mailbox("unknown-user", "ada"))

        refused = acting.resend(item, 409)
        changed = acting.correct("ada", email=acting.mailbox("fine", "ada"))
        started = acting.resend(item)
        page = acting.comes_to(item, "resolved", attempts=2)

        assert refused["code"] == item["resend"]["code"] == "resend_needs_changed_address"
        assert changed["ready_to_resend"] == [item["id"]]
        assert (started["state"], started["attempts"]) == ("resending", 2)
        first, second = page["attempt_chain"]
        assert (first["to"], first["by"], first["outcome"]) == (item["recipient"], "host", "failed")
        assert (second["to"], second["outcome"]) == (acting.mailbox("fine", "ada"), "delivered")
        assert second["by"].startswith(f"{acting.stack.user().email} (")
        assert [(entry["action"], entry["by"]) for entry in page["audit"]] == [("resend", second["by"])]
        assert acting.story.report("ada") == []

    def test_a_late_bounce_after_the_delivery_brings_the_item_back_with_its_own_reason(self, acting):
        item = acting.undelivered("bob", acting.mailbox("mailbox-disabled", "bob"))
        acting.correct("bob", email=acting.mailbox("late-bounce", "bob"))

        acting.resend(item)
        acting.comes_to(item, "resolved", attempts=2)
        page = acting.comes_to(item, "open", attempts=2)

        assert item["reason"] == "mailbox_disabled"
        assert (page["status"], page["reason"]) == ("invalid", "address_not_found")

    def test_a_full_mailbox_is_resent_to_as_it_is_and_returns_when_it_is_still_full(self, acting):
        item = acting.undelivered("cleo", acting.mailbox("mailbox-full", "cleo"))

        assert item["resend"]["allowed"]
        acting.resend(item, note="she said she cleared it")
        page = acting.comes_to(item, "open", attempts=2)

        assert [each["reason"] for each in page["attempt_chain"]] == ["mailbox_full", "mailbox_full"]
        assert page["attempt_chain"][1]["note"] == "she said she cleared it"
        assert acting.suppression("email", item["recipient"]).status_code == 404

    def test_silence_is_settled_as_unconfirmed_and_a_bounce_after_that_still_brings_the_item_back(self, acting):
        item = acting.undelivered("dora", acting.mailbox("refused", "dora"))
        silent = acting.mailbox("silent", "dora")
        acting.correct("dora", email=silent)
        acting.resend(item)

        def message():
            return acting.page(item)["attempt_chain"][1]["provider_message_id"]

        message_id = eventually(message, "the resend was not sent", WITHIN)
        assert acting.page(item)["state"] == "resending"
        let_the_grace_period_be_over(acting, item)
        page = acting.comes_to(item, "resolved", attempts=2)
        assert page["attempt_chain"][1]["outcome"] == "unconfirmed"

        (sent,) = acting.sent(silent)
        mail = ReceivedMail(
            message_id=message_id,
            source="Harbor Storage <notices@undelivered.example>",
            recipients=(silent,),
            received_at=datetime.now(UTC),
            subject="Rent reminder",
            configuration_set=sent["configuration_set"],
            tags={name: tuple(values) for name, values in sent["tags"].items()},
        )
        bounce = next(
            each.event for each in plan_events_as("unknown-user", mail) if each.event["eventType"] == "Bounce"
        )
        acting.stack.client("sns").publish(
            TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(bounce)
        )
        assert acting.comes_to(item, "open", attempts=2)["status"] == "invalid"

    def test_a_message_to_a_bounced_address_is_dropped_with_the_true_reason_and_needs_no_lift_elsewhere(self, acting):
        bad = acting.mailbox("mailbox-disabled", "emil")
        first = acting.undelivered("emil", bad)
        acting.hand_over("emil", number=2)

        def dropped():
            return [each for each in acting.story.report("emil") if each["status"] == "dropped"]

        (second,) = eventually(dropped, "the second message was not dropped", WITHIN)
        acting.correct("emil", email=acting.mailbox("fine", "emil"))
        for item in (first, second):
            acting.resend(item)
        acting.comes_to(second, "resolved", attempts=2)

        assert second["reason"] == "suppressed_bounce"
        assert acting.suppression("email", bad).json()["active"]


def let_the_grace_period_be_over(acting, item):
    """Make a resend due for settling, as it is when hours have passed, and let the schedule run."""
    table = acting.stack.client("dynamodb")
    name = acting.stack.tables["undelivered"]
    found = table.query(
        TableName=name,
        IndexName="by_customer",
        KeyConditionExpression="customer_partition = :customer",
        ExpressionAttributeValues={
            ":customer": {"S": f"{acting.stack.user().account_id}#{item['customer']['id']}"},
        },
    )["Items"]
    for row in found:
        table.update_item(
            TableName=name,
            Key={key: row[key] for key in ("account_id", "entry_key")},
            UpdateExpression="SET settle_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
    acting.invoke("Cleanup")


class TestByText:
    def test_a_corrected_number_is_resent_to_and_the_success_log_resolves_it(self, acting):
        item = acting.undelivered("finn", number(acting, "40"), channel="sms")

        assert acting.resend(item, 409)["code"] == "resend_needs_changed_address"
        changed = acting.correct("finn", phone=number(acting, "11"))
        acting.resend(item)
        page = acting.comes_to(item, "resolved", attempts=2)

        assert changed["ready_to_resend"] == [item["id"]]
        assert (item["status"], item["reason"]) == ("invalid", "number_invalid")
        assert page["attempt_chain"][1]["outcome"] == "delivered"

    def test_a_phone_that_is_off_is_resent_to_as_it_is_and_returns(self, acting):
        item = acting.undelivered("gus", number(acting, "20"), channel="sms")

        acting.resend(item)
        page = acting.comes_to(item, "open", attempts=2)

        assert [each["reason"] for each in page["attempt_chain"]] == ["unreachable", "unreachable"]

    def test_who_opted_out_is_texted_again_only_with_a_consent_which_is_kept(self, acting):
        item = acting.undelivered("hedda", number(acting, "50"), channel="sms")

        assert acting.resend(item, 409)["code"] == "resend_needs_consent"
        acting.correct("hedda", phone=number(acting, "01"))
        assert acting.resend(item, 409)["code"] == "resend_needs_consent"
        acting.resend(item, consent=CONSENT)
        acting.comes_to(item, "resolved", attempts=2)

        (kept,) = acting.call_api("GET", f"/customers/{item['customer']['id']}")["consents"]
        assert (kept["given_by"], kept["how"]) == (CONSENT["given_by"], CONSENT["how"])
        assert kept["recorded_by"].startswith(f"{acting.stack.user().email} (")

    def test_a_consent_opts_the_same_number_in_again_at_the_provider(self, acting):
        item = acting.undelivered("iris", number(acting, "51"), channel="sms")

        acting.resend(item, consent=CONSENT)
        acting.comes_to(item, "open", attempts=2)

        known = acting.suppression("sms", number(acting, "51")).json()
        assert (known["active"], known["reason"]) == (False, "opted_out")
        assert "consent by Ada Byron" in known["audit"][-1]["detail"]


class TestAsText:
    def test_a_text_goes_out_once_instead_of_an_email_that_bounced_and_is_counted(self, acting):
        item = acting.undelivered("tess", acting.mailbox("unknown-user", "tess"))
        phone = number(acting, "12")
        acting.correct("tess", phone=phone)
        before = texts_counted(acting)
        path, body = f"/undelivered/{item['id']}/text", {"text": "Dear Tess, your rent is due."}

        first, again = (acting.call_api("POST", path, 202, json=body) for _ in range(2))
        texts = eventually(lambda: texts_to(acting, phone), "no text was sent", WITHIN)

        assert first == again
        assert [text["Message"] for text in texts] == [body["text"]]
        assert acting.story.report("tess") == []
        page = acting.page(item)
        assert page["state"] == "dismissed"
        assert [(entry["action"], entry["detail"]) for entry in page["audit"]] == [
            ("dismiss", "Sent as a text instead.")
        ]
        sent = call_api(acting.host, "GET", f"/notifications/{first['notification_id']}")
        assert [(each["to"], each["attempt"]) for each in sent["attempts"]] == [(phone, 1)]
        eventually(lambda: texts_counted(acting) > before, "the text was not counted", WITHIN)


def texts_to(acting, phone):
    """Return the texts that SNS accepted for a number."""
    found = httpx.get(f"{acting.stack.endpoint}/_ministack/sns/sms-messages", timeout=30).json()["sms_messages"]
    return found.get(phone, [])


def texts_counted(acting):
    channels = acting.call_api("GET", "/undelivered/rates")["channels"]
    return sum(each["sent"] for each in channels if each["channel"] == "sms")


class TestAtMostOnce:
    def test_two_clicks_are_one_resend(self, acting):
        item = acting.undelivered("jack", acting.mailbox("unknown-user", "jack"))
        silent = acting.mailbox("silent", "jack")
        acting.correct("jack", email=silent)

        def click(_):
            return acting.manager.post(f"/undelivered/{item['id']}/resend", json={})

        with ThreadPoolExecutor(2) as hands:
            answers = sorted(hands.map(click, range(2)), key=lambda answer: answer.status_code)
        eventually(lambda: acting.sent(silent), "it was not sent", WITHIN)

        assert [answer.status_code for answer in answers] == [202, 409]
        assert answers[1].json()["code"] == "resend_already_running"
        acting.stays(lambda: len(acting.sent(silent)) == 1)

    def test_a_request_is_repeated_safely_by_its_idempotency_key(self, acting):
        item = acting.undelivered("kim", acting.mailbox("mailbox-full", "kim"))
        key = {"Idempotency-Key": acting.name("key")}

        first = acting.resend(item, headers=key)
        again = acting.resend(item, headers=key)
        acting.comes_to(item, "open", attempts=2)
        late = acting.resend(item, headers=key)
        other = acting.resend(item, 409, headers=key, note="something else")

        assert first["attempts"] == again["attempts"] == late["attempts"] == 2
        assert other["code"] == "idempotency_key_reused"
        assert len(acting.sent(item["recipient"])) == 2

    def test_an_item_that_arrived_is_not_sent_again(self, acting):
        item = acting.undelivered("lea", acting.mailbox("unknown-user", "lea"))
        acting.correct("lea", email=acting.mailbox("fine", "lea"))
        acting.resend(item)
        acting.comes_to(item, "resolved", attempts=2)

        assert acting.resend(item, 409)["code"] == "resend_already_resolved"


class TestReadyToResend:
    def test_correcting_by_hand_or_by_the_host_flags_and_changing_back_unflags(self, acting):
        bad = acting.mailbox("unknown-user", "mona")
        item = acting.undelivered("mona", bad)

        by_hand = acting.correct("mona", email=acting.mailbox("fine", "mona"))["ready_to_resend"]
        (shown,) = acting.story.report("mona", ready="true")
        back = acting.correct("mona", email=bad)["ready_to_resend"]
        unflagged = acting.story.report("mona", ready="true")
        replaced = {"name": "Mona", "email": acting.mailbox("fine", "mona")}
        by_host = call_api(acting.host, "PUT", f"/customers/{item['customer']['id']}", json=replaced)["ready_to_resend"]

        assert by_hand == by_host == [shown["id"]] == [item["id"]]
        assert (shown["ready_to_resend"], shown["resend"]["allowed"]) == (True, True)
        assert back == unflagged == []

    def test_a_contact_that_only_one_of_a_family_changes_flags_only_their_items(self, acting):
        shared = acting.mailbox("mailbox-full", "family")
        nora, otto = acting.undelivered("nora", shared), acting.undelivered("otto", shared)

        sharing = acting.call_api("GET", "/customers", params={"address": shared})["customers"]
        changed = acting.correct("nora", email=acting.mailbox("fine", "nora"))

        assert [each["id"] for each in sharing] == [acting.name("nora"), acting.name("otto")]
        assert changed["ready_to_resend"] == [nora["id"]]
        assert (is_flagged(acting, nora), is_flagged(acting, otto)) == (True, False)

    def test_an_item_that_fails_at_a_contact_corrected_meanwhile_is_flagged(self, acting):
        acting.send("pia", acting.mailbox("expired", "pia"))
        eventually(lambda: acting.sent(acting.mailbox("expired", "pia")), "it was not sent", WITHIN)
        acting.correct("pia", email=acting.mailbox("fine", "pia"))

        (item,) = eventually(lambda: acting.story.report("pia", ready="true"), "it is not flagged", WITHIN)

        assert item["recipient"] == acting.mailbox("expired", "pia")

    def test_a_likely_misspelling_is_pointed_out(self, acting):
        answer = acting.manager.patch(f"/customers/{acting.name('mona')}", json={"email": "mona@@gmial.com"})

        assert answer.status_code == 400
        assert "mona@gmail.com" in answer.text
