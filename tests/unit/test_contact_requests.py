"""Customers correct a contact themselves: asked by the other channel, with a link, a page and a code."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders.api import Api, believe_test_tokens, manager, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer, a_failure, a_notification, a_suppression, an_item
from tests.builders.recording import Recording
from tests.fakes import FakeSender
from undelivered.adapters.language_files import texts
from undelivered.domain.account_settings import ContactRequestSettings, Wording
from undelivered.domain.contact_link import RequestKey, code_of
from undelivered.domain.contact_request import first_loud_moment
from undelivered.domain.errors import UnreadableRecordError
from undelivered.domain.identifiers import item_id
from undelivered.domain.item import Audit
from undelivered.domain.item_event import contact_correction, event_document
from undelivered.domain.language import Language
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.ask_by_rule import AskByRule
from undelivered.services.ask_for_contact import AskForContact
from undelivered.services.send_contact_request import SendContactRequest, SendDueContactRequests
from undelivered.services.send_message import SendMessage
from undelivered.services.sender_rule import SenderRule

OLD, NEW, PHONE = "ada.old@example.com", "ada@example.org", "+12065550100"
FORM = "application/x-www-form-urlencoded"


class Loop:
    """Ada, whose address does not exist, and everything that asks, sends and corrects."""

    def __init__(self, channel=Channel.EMAIL):
        self.api, self.mail, self.texts = Api(), FakeSender(), FakeSender()
        self.api.customers.save(a_customer(email=OLD, phone=PHONE))
        settings = self.api.accounts.settings(ACCOUNT)
        self.set(ContactRequestSettings(sender_name="Harbor Storage"))
        recipient = OLD if channel is Channel.EMAIL else PHONE
        reason = Reason.ADDRESS_NOT_FOUND if channel is Channel.EMAIL else Reason.NUMBER_INVALID
        self.item = an_item(reason, customer_id="c-1", recipient=recipient, channel=channel)
        self.api.notifications.add(a_notification("n-1", customer_id="c-1", channel=channel))
        self.api.add(self.item)
        self.send_message = SendMessage(
            self.api.items, self.api.notifications, self.api.customers, self.api.suppressions, self.api.erasures,
            self.api.accounts, {Channel.EMAIL: self.mail, Channel.SMS: self.texts},
            SenderRule(self.api.mappings, ACCOUNT, "us@example.com"), self.api.keys, "https://api.test", self.api.clock,
        )  # fmt: skip
        assert settings.contact_requests.sender_name == ""

    def set(self, requests):
        self.api.accounts.save_settings(replace(self.api.accounts.settings(ACCOUNT), contact_requests=requests))

    def ask(self, channel="email", headers=None, **body):
        return self.api.post(
            "/customers/c-1/contact-requests", {"channel": channel, **body}, headers=headers or manager()
        )

    def send(self):
        """Send what is queued, as ``process_resends`` does."""
        orders, self.api.resends.orders = self.api.resends.orders, []
        for order in orders:
            self.send_message(order)

    def link(self):
        """Ask, and return the path of the link that the customer gets."""
        assert self.ask().status == 202
        self.send()
        return self.path_in(self.texts.sent[-1].text)

    @staticmethod
    def path_in(text):
        return re.search(r"https://api\.test(/correct/\S+)", text)[1]

    def press(self, path, ip="192.0.2.1", **fields):
        return self.api.post(path, raw=urlencode(fields), headers={}, content_type=FORM, ip=ip)

    def code(self):
        self.send()
        return re.search(r"\b\d{6}\b", self.mail.sent[-1].text)[0]

    def customer(self):
        return self.api.customers.find(ACCOUNT, "c-1")

    def story(self):
        return [(each.by, each.action) for each in self.api.items.find(ACCOUNT, self.item.entry_key).audit]

    def requests(self):
        return self.api.get("/customers/c-1/contact-requests").json["contact_requests"]


@pytest.fixture
def loop(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Loop()


def test_a_customer_corrects_the_address_with_a_link_by_text_and_a_code_to_the_new_address(loop):
    path = loop.link()
    assert loop.texts.sent[-1].to == PHONE
    assert loop.texts.sent[-1].text.startswith("Harbor Storage: Our emails to a***@example.com do not arrive.")

    assert loop.api.get(path, headers={}).status == 200
    assert "a•••@example.com" in loop.press(path, step="open").text
    assert NEW in loop.press(path, step="contact", contact=NEW).text
    code = loop.code()
    assert loop.mail.sent[-1].to == NEW
    assert loop.customer().email == OLD  # nothing changes before the proof

    assert "Thank you" in loop.press(path, step="code", code=f" {code[:3]} {code[3:]}").text

    assert loop.customer().email == NEW
    assert loop.api.items.find(ACCOUNT, loop.item.entry_key).ready_contact == NEW
    assert loop.story() == [(manager_name(), "ask_for_contact"), ("customer", "correct_contact")]
    (shown,) = loop.requests()
    assert (shown["state"], shown["corrected_to"], shown["codes"]) == ("corrected", NEW, 1)
    assert shown["item_id"] == item_id(loop.item.entry_key)


def test_a_button_that_is_pressed_twice_at_once_corrects_once_and_says_so_both_times(loop):
    path = loop.link()
    loop.press(path, step="contact", contact=NEW)
    code = loop.code()
    save, answers = loop.api.contact_requests.save, []

    def press():
        answers.append(loop.press(path, step="code", code=code).text)

    def save_after_another_press(request):
        if request.corrected_to:
            loop.api.contact_requests.save = save
            press()
        return save(request)

    loop.api.contact_requests.save = save_after_another_press
    press()

    assert [("Thank you" in answer) for answer in answers] == [True, True]
    assert loop.requests()[0]["state"] == "corrected"


def manager_name():
    return "manager@example.com (11111111-2222)"


def test_a_customer_corrects_the_number_with_a_link_by_email(monkeypatch):
    believe_test_tokens(monkeypatch)
    loop = Loop(Channel.SMS)
    assert loop.ask("sms").status == 202
    loop.send()
    path = loop.path_in(loop.mail.sent[-1].text)

    # Numbers of the same country need no country code.
    assert "+12065550123" in loop.press(path, step="contact", contact="(206) 555-0123").text
    loop.send()
    code = re.search(r"\b\d{6}\b", loop.texts.sent[-1].text)[0]
    assert loop.texts.sent[-1].to == "+12065550123"
    loop.press(path, step="code", code=code)

    assert loop.customer().phone == "+12065550123"


class TestAsking:
    def test_again_returns_the_open_request_and_sends_one_text(self, loop):
        first, second = loop.ask().json, loop.ask().json
        loop.send()
        loop.ask()
        loop.send()

        assert first == second
        assert len(loop.texts.sent) == 1

    def test_is_only_for_managers(self, loop):
        assert loop.ask(headers=viewer()).status == 403

    def test_needs_a_name_that_customers_know(self, loop):
        loop.set(ContactRequestSettings())

        assert loop.ask().json["code"] == "contact_request_needs_sender_name"

    def test_needs_a_contact_of_the_other_channel(self, loop):
        loop.api.customers.save(replace(loop.customer(), phone=""))

        assert loop.ask().json["code"] == "contact_request_no_contact"

    @pytest.mark.parametrize("reason", [SuppressionReason.OPTED_OUT, SuppressionReason.MANUAL])
    def test_respects_stop_and_every_other_suppression(self, loop, reason):
        loop.api.suppressions.save(None, a_suppression(PHONE, channel=Channel.SMS, reason=reason))

        assert loop.ask().json["code"] == "contact_request_suppressed"
        assert loop.api.resends.orders == []

    @pytest.mark.parametrize("reason", [Reason.MAILBOX_FULL, Reason.SENDER_BLOCKED, Reason.COMPLAINT])
    def test_is_only_for_contacts_that_fail_for_good(self, loop, reason):
        item = an_item(reason, customer_id="c-1", recipient=OLD, number=2)
        loop.api.items.items.clear()
        loop.api.add(item)

        assert loop.ask().json["code"] == "contact_request_not_needed"

    def test_has_a_limit_for_each_customer_and_month(self, loop):
        statuses = []
        for _ in range(3):
            statuses.append(loop.ask().status)
            for key, asked in loop.api.contact_requests.stored.items():
                loop.api.contact_requests.stored[key] = replace(asked, is_disowned=True)

        assert statuses == [202, 202, 409]
        assert loop.ask().json["code"] == "contact_request_limit"

    def test_is_in_the_language_that_the_manager_chooses(self, loop):
        loop.ask(language="de")
        loop.send()

        assert loop.texts.sent[-1].text.startswith("Harbor Storage: Unsere E-Mails an a***@example.com")

    def test_uses_the_accounts_own_wording_in_its_language_alone(self, loop):
        wording = Wording(Language.GERMAN, "{name} fragt: Ihre neue Adresse statt {contact}? {link}")
        loop.set(ContactRequestSettings(sender_name="Harbor Storage", wordings=(wording,)))
        loop.ask(language="de")
        loop.send()

        assert loop.texts.sent[-1].text.startswith(
            "Harbor Storage fragt: Ihre neue Adresse statt a***@example.com? http"
        )

    @pytest.mark.parametrize(
        ("wordings", "field"),
        [
            ([{"language": "de", "text": "{name}: kein Link"}], "contact_requests.wordings[0].text"),
            ([{"language": "de", "text": "wer? {link}"}], "contact_requests.wordings[0].text"),
            ([{"language": "de", "text": "{name}\n{link}"}], "contact_requests.wordings[0].text"),
            ([{"language": "de", "text": "{name} {link}"}] * 2, "contact_requests.wordings[1].language"),
        ],
    )
    def test_refuses_a_wording_without_the_sender_or_the_link(self, loop, wordings, field):
        asking = {"sender_name": "Harbor Storage", "wordings": wordings}

        answer = loop.api.put("/settings", {"contact_requests": asking})

        assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)

    def test_keeps_a_wording_that_is_right(self, loop):
        wordings = [{"language": "de", "text": "{name} {link}"}]
        loop.api.put("/settings", {"contact_requests": {"sender_name": "Harbor Storage", "wordings": wordings}})

        assert loop.api.get("/settings").json["contact_requests"]["wordings"] == wordings

    def test_stores_no_link(self, loop):
        path = loop.link()
        stored = repr(loop.api.notifications.notifications) + repr(loop.api.contact_requests.stored)

        assert path.rpartition("/")[2] not in stored


class TestQuietHours:
    @pytest.fixture
    def evening(self, loop):
        loop.api.time = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
        return loop

    def cleanup(self, loop):
        send = SendContactRequest(loop.api.notifications, loop.api.accounts, loop.api.resends, texts)
        return SendDueContactRequests(loop.api.contact_requests, loop.api.customers, send, loop.api.clock)(lambda: True)

    def test_wait_until_the_morning(self, evening):
        asked = evening.ask().json
        evening.send()
        assert (asked["sends_at"], asked["expires_at"]) == ("2026-11-24T08:00:00Z", "2026-12-01T08:00:00Z")
        assert self.cleanup(evening) == 0

        evening.api.time = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
        assert self.cleanup(evening) == 1
        assert self.cleanup(evening) == 0
        evening.send()

        assert [text.to for text in evening.texts.sent] == [PHONE]

    def test_nothing_is_sent_when_the_contact_was_corrected_in_the_night(self, evening):
        evening.ask()
        evening.api.customers.save(replace(evening.customer(), email=NEW))
        evening.api.time = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

        assert self.cleanup(evening) == 0
        assert evening.api.resends.orders == []
        assert evening.api.contact_requests.waiting == {}

    def test_a_request_that_cannot_be_read_stops_no_other(self, evening):
        evening.ask()
        evening.api.customers.save(a_customer("c-2", email="bob@example.com", phone="+12065550111"))
        waiting = evening.api.contact_requests.waiting
        damaged = RequestKey("acc-0", "digest", "2026-11-1", "nonce")
        evening.api.contact_requests.waiting = {damaged: evening.api.time, **waiting}
        find = evening.api.contact_requests.find

        def found(key):
            if key == damaged:
                raise UnreadableRecordError("a stored record cannot be read")
            return find(key)

        evening.api.contact_requests.find = found
        evening.api.time = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

        assert self.cleanup(evening) == 1
        assert list(evening.api.contact_requests.waiting) == [damaged]

    def test_a_request_that_was_erased_waits_no_more(self, evening):
        evening.ask()
        evening.api.contact_requests.remove_all(ACCOUNT, "c-1")
        evening.api.time = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

        assert self.cleanup(evening) == 0
        assert evening.api.contact_requests.waiting == {}

    @pytest.mark.parametrize(
        ("now", "zone", "hours", "first"),
        [
            ("2026-11-23T19:59:59+00:00", "UTC", (20, 8), "2026-11-23T19:59:59+00:00"),
            ("2026-11-23T20:00:00+00:00", "UTC", (20, 8), "2026-11-24T08:00:00+00:00"),
            ("2026-11-24T07:59:59+00:00", "UTC", (20, 8), "2026-11-24T08:00:00+00:00"),
            ("2026-11-24T08:00:00+00:00", "UTC", (20, 8), "2026-11-24T08:00:00+00:00"),
            ("2026-11-23T19:30:00+00:00", "Europe/Berlin", (20, 8), "2026-11-24T07:00:00+00:00"),
            ("2026-03-28T22:00:00+00:00", "Europe/Berlin", (20, 8), "2026-03-29T06:00:00+00:00"),
            ("2026-11-23T13:00:00+00:00", "UTC", (12, 14), "2026-11-23T14:00:00+00:00"),
            ("2026-11-23T23:00:00+00:00", "UTC", (0, 0), "2026-11-23T23:00:00+00:00"),
        ],
    )
    def test_are_hours_of_the_day_in_the_time_zone_of_the_account(self, now, zone, hours, first):
        moment = first_loud_moment(datetime.fromisoformat(now), ZoneInfo(zone), *hours)

        assert moment == datetime.fromisoformat(first)


class TestTheRule:
    def ask(self, loop, before=None, after=None):
        api = loop.api
        stores = (api.contact_requests, api.customers, api.items, api.suppressions, api.accounts, api.clock)
        AskByRule(api.accounts, AskForContact(*stores))(before, after or loop.item)
        return list(api.contact_requests.stored.values())

    @pytest.fixture
    def ruled(self, loop):
        loop.set(ContactRequestSettings(sender_name="Harbor Storage", automatic=True))
        return loop

    def test_is_off_unless_a_manager_switches_it_on(self, loop):
        assert self.ask(loop) == []

    def test_asks_after_a_failure_for_good_and_cleanup_sends(self, ruled):
        (asked,) = self.ask(ruled)
        assert (asked.by, asked.to) == ("rule", PHONE)
        assert self.ask(ruled) == [asked]

        TestQuietHours().cleanup(ruled)
        ruled.send()

        assert [text.to for text in ruled.texts.sent] == [PHONE]
        assert ruled.story() == [("rule", "ask_for_contact")]

    def test_does_not_ask_again_for_the_same_failure_or_for_one_that_heals(self, ruled):
        assert self.ask(ruled, before=ruled.item) == []
        assert self.ask(ruled, after=an_item(Reason.MAILBOX_FULL, customer_id="c-1", recipient=OLD, number=3)) == []

    def test_does_not_ask_because_a_request_failed(self, ruled):
        failed = an_item(
            Reason.NUMBER_INVALID,
            channel=Channel.SMS,
            customer_id="c-1",
            recipient=PHONE,
            notification_id="undelivered-contact-1",
        )

        assert self.ask(ruled, after=failed) == []


class TestWhatFollows:
    @pytest.fixture
    def corrected(self, loop):
        def correct(**settings):
            loop.set(ContactRequestSettings(sender_name="Harbor Storage", **settings))
            path = loop.link()
            loop.press(path, step="contact", contact=NEW)
            assert "Thank you" in loop.press(path, step="code", code=loop.code()).text
            return loop

        return correct

    def test_nothing_is_resent_unless_the_account_has_this_rule(self, corrected):
        assert corrected().api.resends.orders == []

    def test_what_is_ready_is_resent_by_the_rule(self, corrected):
        loop = corrected(resend=True)

        (order,) = loop.api.resends.orders
        assert order.entry_key == loop.item.entry_key
        loop.send()
        assert loop.mail.sent[-1].to == NEW
        assert loop.story()[-1] == ("customer", "resend")

    def test_a_manager_undoes_it(self, corrected):
        loop = corrected()
        path = "/customers/c-1/contact-requests/2026-11-1/undo"

        first, second = loop.api.post(path), loop.api.post(path)

        assert (first.status, first.json) == (200, second.json)
        assert (first.json["state"], first.json["undone_by"]) == ("undone", manager_name())
        assert loop.customer().email == OLD
        assert loop.api.items.find(ACCOUNT, loop.item.entry_key).ready_contact == ""
        assert loop.story()[-1] == (manager_name(), "undo_contact")

    def test_only_what_the_customer_entered_can_be_undone(self, corrected):
        loop = corrected()
        loop.api.customers.save(replace(loop.customer(), email="zoe@example.com"))

        answer = loop.api.post("/customers/c-1/contact-requests/2026-11-1/undo")

        assert answer.json["code"] == "contact_request_not_corrected"
        assert loop.api.post("/customers/c-1/contact-requests/2026-11-2/undo").status == 404
        assert loop.api.post("/customers/c-1/contact-requests/2026-11-1/undo", headers=viewer()).status == 403

    def test_the_host_application_is_informed_once(self, corrected):
        loop = corrected()
        after = loop.api.items.find(ACCOUNT, loop.item.entry_key)
        before = replace(after, audit=after.audit[:-1])

        event = contact_correction(before, after)

        document = event_document(event, with_address=True)
        assert (document["type"], document["origin"]) == ("undelivered.contact.corrected", "customer")
        assert (document["customer_id"], document["contact"]) == ("c-1", NEW)
        assert "contact" not in event_document(event, with_address=False)
        assert contact_correction(after, after) is None
        assert contact_correction(None, after) is None


class TestThePage:
    def test_shows_no_contact_and_changes_nothing_before_a_press(self, loop):
        path = loop.link()
        before = dict(loop.api.contact_requests.stored)

        page = loop.api.get(path, headers={})

        assert '<form method="post" novalidate>' in page.text
        assert "example.com" not in page.text + path
        assert loop.api.contact_requests.stored == before
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"

    def test_is_in_the_language_of_its_reader(self, loop):
        path = loop.link()

        for language, word in (("de", "Weiter"), ("es", "Continuar"), ("fr", "Continuer"), ("pt", "Continuar")):
            page = loop.api.get(path, headers={"Accept-Language": language})
            assert f'<html lang="{language}">' in page.text
            assert f"<button>{word}</button>" in page.text

    def test_asks_about_a_likely_typing_error_and_takes_the_answer(self, loop):
        path = loop.link()

        page = loop.press(path, step="contact", contact="ada@gmial.com")
        assert "Did you mean ada@gmail.com?" in page.text
        assert loop.api.resends.orders == []

        loop.press(path, step="contact", contact="ada@gmial.com", sure="1")
        loop.send()
        assert loop.mail.sent[-1].to == "ada@gmial.com"

    @pytest.mark.parametrize("text", ["", "ada", "ada@", OLD, "x" * 5_000])
    def test_refuses_what_is_no_new_address(self, loop, text):
        page = loop.press(loop.link(), step="contact", contact=text[:3_000])

        assert page.status == 400
        assert 'role="alert"' in page.text
        assert 'aria-invalid="true"' in page.text
        assert loop.api.resends.orders == []

    def test_shows_what_was_entered_as_text(self, loop):
        page = loop.press(loop.link(), step="contact", contact='"><script>alert(1)</script>')

        assert "<script>" not in page.text

    def test_of_a_wrong_press_is_the_first_page(self, loop):
        path = loop.link()

        assert "Continue" in loop.press(path, step="erase").text
        assert "Continue" in loop.press(path).text

    def test_says_that_a_link_was_used_and_takes_nothing_more(self, loop):
        path = loop.link()
        loop.press(path, step="contact", contact=NEW)
        loop.press(path, step="code", code=loop.code())

        assert "Thank you" in loop.api.get(path, headers={}).text
        loop.press(path, step="contact", contact="eve@example.net")

        assert loop.api.resends.orders == []
        assert loop.customer().email == NEW

    def test_ends_after_seven_days(self, loop):
        path = loop.link()
        loop.api.time += timedelta(days=7)

        assert loop.api.get(path, headers={}).status == 410
        assert loop.press(path, step="contact", contact=NEW).status == 410

    def test_ends_when_somebody_else_has_changed_the_contact(self, loop):
        path = loop.link()
        loop.api.customers.save(replace(loop.customer(), email="zoe@example.com"))

        assert "Nothing to do" in loop.api.get(path, headers={}).text
        loop.press(path, step="contact", contact=NEW)
        assert loop.api.resends.orders == []

    def test_ends_with_the_customer(self, loop):
        path = loop.link()
        loop.api.contact_requests.remove_all(ACCOUNT, "c-1")

        assert loop.api.get(path, headers={}).status == 404

    def test_lets_whoever_is_not_the_customer_say_so_and_never_writes_there_again(self, loop):
        path = loop.link()

        assert "We will not write to you here again" in loop.press(path, step="not_me").text

        known = loop.api.suppressions.find(ACCOUNT, Channel.SMS, PHONE)
        assert (known.reason, known.active) == (SuppressionReason.MANUAL, True)
        assert loop.customer().email == OLD
        assert loop.requests()[0]["state"] == "not_the_customer"
        assert loop.story()[-1] == ("recipient", "disown_contact")
        assert loop.press(path, step="contact", contact=NEW).status == 200
        assert loop.api.resends.orders == []


class TestCodes:
    @pytest.fixture
    def path(self, loop):
        path = loop.link()
        loop.press(path, step="contact", contact=NEW)
        return path

    @pytest.mark.usefixtures("path")
    def test_are_stored_nowhere(self, loop):
        code = loop.code()
        stored = repr(loop.api.notifications.notifications) + repr(loop.api.contact_requests.stored)

        assert code not in stored

    def test_can_be_tried_five_times(self, loop, path):
        code = loop.code()
        wrong = f"{(int(code) + 1) % 1_000_000:06}"

        answers = [loop.press(path, step="code", code=wrong).text for _ in range(5)]

        assert ["not right" in answer for answer in answers] == [True] * 4 + [False]
        loop.press(path, step="code", code=code)
        assert loop.customer().email == OLD

    def test_end_after_ten_minutes(self, loop, path):
        code = loop.code()
        loop.api.time += timedelta(minutes=10)

        assert "cannot be used" in loop.press(path, step="code", code=code).text
        assert loop.customer().email == OLD

    def test_end_with_the_next_code(self, loop, path):
        first = loop.code()
        loop.press(path, step="contact", contact="ada@example.net")
        loop.code()

        loop.press(path, step="code", code=first)
        assert loop.customer().email == OLD

    def test_prove_only_the_address_that_they_went_to(self, loop, path):
        loop.press(path, step="code", code=loop.code(), contact="eve@example.net")

        assert loop.customer().email == NEW

    def test_have_a_limit_for_each_link(self, loop, path):
        statuses = [
            loop.press(path, step="contact", contact=f"ada{number}@example.org", ip=f"192.0.2.{number}").status
            for number in range(5)
        ]

        assert statuses == [200] * 4 + [429]

    def test_have_a_limit_for_each_address(self, loop, path):
        for request in list(loop.api.contact_requests.stored.values()):
            loop.api.contact_requests.save(replace(request, codes=-100))

        statuses = [loop.press(path, step="contact", contact=NEW, ip="").status for _ in range(5)]

        assert statuses == [200] * 4 + [429]

    def test_have_a_limit_for_each_ip_address(self, loop, path):
        for request in list(loop.api.contact_requests.stored.values()):
            loop.api.contact_requests.save(replace(request, codes=-100))

        statuses = [loop.press(path, step="contact", contact=f"a{number}@example.org").status for number in range(20)]

        assert statuses == [200] * 19 + [429]
        assert not any("192.0.2.1" in work for _, work, _ in loop.api.request_counts.counts)

    def test_go_to_no_suppressed_address_and_the_page_does_not_say_so(self, loop, path):
        loop.send()
        sent = len(loop.mail.sent)
        loop.api.suppressions.save(None, a_suppression("eve@example.net", reason=SuppressionReason.COMPLAINT))

        refused = loop.press(path, step="contact", contact="eve@example.net").text
        loop.send()

        assert len(loop.mail.sent) == sent
        assert refused.replace("eve@example.net", NEW) == loop.press(path, step="contact", contact=NEW).text
        assert len(loop.api.items.all_items(ACCOUNT)) == 1

    def test_complete_a_correction_that_was_interrupted(self, loop, path):
        code = loop.code()
        loop.api.customers.save(replace(loop.customer(), email=NEW))

        assert "Thank you" in loop.press(path, step="code", code=code).text
        assert loop.requests()[0]["state"] == "corrected"


def test_the_failure_of_a_code_makes_no_item_and_suppresses_nobody(loop):
    path = loop.link()
    loop.press(path, step="contact", contact=NEW)
    loop.code()
    notification_id = next(
        notification_id
        for _, notification_id in loop.api.notifications.notifications
        if notification_id.startswith("undelivered-code-")
    )
    recording = Recording()
    bounce = a_failure(Reason.ADDRESS_NOT_FOUND, recipient=NEW, message_id="m-code", notification_id=notification_id)

    assert recording.use_case([[bounce]]) == {}

    assert recording.items.all_items(ACCOUNT) == []
    assert recording.suppressions.find(ACCOUNT, Channel.EMAIL, NEW) is None


def test_a_code_depends_on_the_secret_and_the_nonce():
    assert len({code_of(b"a", "1"), code_of(b"b", "1"), code_of(b"a", "2")}) == 3
    assert re.fullmatch(r"\d{6}", code_of(b"a", "1"))


def test_the_data_of_a_customer_has_the_requests(loop):
    loop.link()

    (shown,) = loop.api.get("/customers/c-1/data").json["contact_requests"]
    assert (shown["failed_contact"], shown["to"], shown["state"]) == (OLD, PHONE, "open")


def test_the_trail_of_an_item_has_a_request_once(loop):
    loop.ask()
    loop.ask()

    assert loop.api.items.find(ACCOUNT, loop.item.entry_key).audit == (Audit(NOW, manager_name(), "ask_for_contact"),)
