"""Texts that customers send back: STOP and START, and a new address after a request for one."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from infrastructure.dead_letters.reading import DeadLetter, read_reply_letter
from tests.builders.api import believe_test_tokens, host
from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression
from tests.unit.test_contact_requests import NEW, OLD, PHONE, Loop
from undelivered.adapters.aws.replies import read_reply
from undelivered.adapters.language_files import texts
from undelivered.bootstrap import Queue, ReplyReader
from undelivered.domain.contact_request import MAX_CODES
from undelivered.domain.errors import PermanentSendError, SuppressionNotLiftedError, UnreadableEventError
from undelivered.domain.notification import SendAttempt
from undelivered.domain.reply import Keyword, Reply, addresses_in, keyword_of
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.entrypoints.read_replies import read_replies
from undelivered.services.read_reply import MAX_CODES_BY_REPLY, STARTS_PER_HOUR, ReadReply, ReplyResult
from undelivered.services.send_contact_code import SendContactCode
from undelivered.services.send_contact_request import SendContactRequest, SendDueContactRequests

OTHER = "acc-other"
TOPIC = "arn:aws:sns:us-east-1:000000000000:texts"


class Replies(Loop):
    """Ada, who is asked for a new address, and who texts back."""

    def __init__(self):
        super().__init__()
        api, self.number = self.api, 0
        self.send_request = SendContactRequest(api.notifications, api.accounts, api.resends, texts)
        self.read = ReadReply(
            api.contact_requests, api.customers, api.items, api.notifications, api.suppressions, api.accounts,
            api.use_cases.opt_in,
            SendContactCode(api.contact_requests, api.notifications, api.request_counts, api.resends, texts, api.clock),
            self.send_request, api.clock,
        )  # fmt: skip

    def reply(self, text, *, at=NOW, number=PHONE, **more):
        self.number += 1
        return self.read(Reply(more.pop("message_id", f"in-{self.number}"), number, text, at, **more))

    def ask_and_send(self):
        assert self.ask().status == 202
        self.send()
        return self.path_in(self.texts.sent[-1].text)

    def suppression(self, account_id=ACCOUNT):
        return self.api.suppressions.find(account_id, Channel.SMS, PHONE)

    def clean_up(self):
        send = SendDueContactRequests(self.api.contact_requests, self.api.customers, self.send_request, self.api.clock)
        sent = send(lambda: True)
        self.send()
        return sent


@pytest.fixture
def ada(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Replies()


@pytest.fixture
def asked(ada):
    ada.path = ada.ask_and_send()
    return ada


class TestANewAddress:
    def test_gets_a_code_which_counts_on_the_page_behind_the_link(self, asked):
        assert asked.reply(f"Hi, it is {NEW.upper()}. Thanks!") is ReplyResult.CODE_SENT
        code = asked.code()
        assert asked.mail.sent[-1].to == NEW
        assert asked.customer().email == OLD
        answer = asked.texts.sent[-1]
        assert (answer.to, len(asked.texts.sent)) == (PHONE, 2)
        assert answer.text.startswith("Harbor Storage: Thank you for your reply. Please continue here: https://")
        assert asked.path_in(answer.text) == asked.path

        assert NEW in asked.press(asked.path, step="begin").text
        assert "Thank you" in asked.press(asked.path, step="code", code=code).text

        assert asked.customer().email == NEW
        assert asked.story()[1:] == [("customer", "reply_with_contact"), ("customer", "correct_contact")]

    def test_that_is_not_confirmed_within_ten_minutes_is_asked_for_again_by_the_page(self, asked):
        asked.reply(NEW)
        asked.api.time += timedelta(minutes=10)

        assert "New email address" in asked.press(asked.path, step="begin").text

    def test_is_answered_once_however_often_somebody_writes(self, asked):
        for text in ("hello?", "no", NEW, "ada@@", "I am driving and reply later."):
            asked.reply(text)
            asked.send()

        assert len(asked.texts.sent) == 2

    def test_that_is_delivered_again_changes_nothing(self, asked):
        asked.reply(NEW, message_id="in-a")
        asked.send()
        kept, sent = list(asked.requests()), len(asked.mail.sent)

        asked.reply(NEW, message_id="in-a")
        asked.reply("other@example.org", message_id="in-b")
        asked.reply(NEW, message_id="in-a")
        asked.send()

        assert [mail.to for mail in asked.mail.sent[sent:]] == ["other@example.org"]
        assert kept[0]["codes"] == 1
        assert asked.requests()[0]["codes"] == 2

    @pytest.mark.parametrize("broken", ["code", "answer"])
    def test_is_completed_when_its_reading_was_interrupted(self, asked, monkeypatch, broken):
        queue, calls = asked.api.resends, iter([broken == "code", True])

        def put(_jobs):
            if next(calls):
                raise RuntimeError("the function stopped")

        put_before = queue.put
        monkeypatch.setattr(queue, "put", put)
        with pytest.raises(RuntimeError):
            asked.reply(NEW, message_id="in-a")
        monkeypatch.setattr(queue, "put", put_before)
        asked.reply(NEW, message_id="in-a")
        asked.send()

        assert [mail.to for mail in asked.mail.sent] == [NEW]
        assert len(asked.texts.sent) == 2
        assert asked.requests()[0]["codes"] == 1

    @pytest.mark.parametrize(
        "text",
        ["", "who is this?", "ada@gmial.com", f"{NEW} or other@example.org", OLD, "ada@", "@", "a" * 100_000, "HELP"],
    )
    def test_that_cannot_be_read_or_may_be_mistyped_gets_the_link_again(self, asked, text):
        assert asked.reply(text) is ReplyResult.ANSWERED
        asked.send()

        assert asked.mail.sent == []
        assert len(asked.texts.sent) == 2

    def test_is_found_beside_the_old_one(self, asked):
        assert asked.reply(f"not {OLD} but {NEW}!") is ReplyResult.CODE_SENT

    def test_waits_for_its_answer_until_quiet_hours_end_while_the_code_goes_at_once(self, asked):
        asked.api.time = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
        asked.reply(NEW, at=asked.api.time)
        asked.send()
        assert ([mail.to for mail in asked.mail.sent], len(asked.texts.sent)) == ([NEW], 1)
        assert asked.clean_up() == 0

        asked.api.time = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
        assert asked.clean_up() == 1
        assert asked.clean_up() == 0
        assert len(asked.texts.sent) == 2

    def test_cannot_use_up_the_codes_of_the_page(self, asked):
        for number in range(MAX_CODES):
            asked.reply(f"ada{number}@example.org")
            asked.send()

        assert len(asked.mail.sent) == MAX_CODES_BY_REPLY < MAX_CODES
        assert NEW in asked.press(asked.path, step="contact", contact=NEW).text

    @pytest.mark.parametrize(
        "change",
        [
            lambda ada: ada.api.customers.save(replace(ada.customer(), phone="+12065550199")),
            lambda ada: ada.api.customers.save(replace(ada.customer(), email="by-manager@example.org")),
            lambda ada: setattr(ada.api, "time", NOW + timedelta(days=8)),
            lambda ada: ada.press(ada.path, step="not_me"),
        ],
        ids=["the number changed", "corrected meanwhile", "too late", "not the customer"],
    )
    def test_is_not_read_when_the_request_is_no_longer_open_for_the_number(self, asked, change):
        change(asked)

        assert asked.reply(NEW, at=asked.api.time) is ReplyResult.IGNORED
        asked.send()
        assert asked.mail.sent == []

    def test_of_another_number_is_not_read(self, asked):
        assert asked.reply(NEW, number="+12065550199") is ReplyResult.IGNORED

    def test_is_not_read_before_the_request_was_sent(self, ada):
        ada.api.time = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
        ada.ask()

        assert ada.reply(NEW) is ReplyResult.IGNORED


class TestSeveralCustomersWithOneNumber:
    @pytest.fixture
    def shared(self, asked):
        """Let the number be that of a customer of another account too."""
        asked.api.accounts.save_settings(replace(asked.api.accounts.settings(OTHER), account_id=OTHER))
        asked.api.customers.save(a_customer(account_id=OTHER, email="x@example.com", phone=PHONE))
        return asked

    def attempt(self, loop):
        """Return AWS's id of the text that asked."""
        (attempt,) = [each for each in loop.api.notifications.claims.values() if each.to == PHONE]
        return attempt.provider_message_id

    def test_of_several_accounts_are_told_apart_by_the_message_that_is_answered(self, shared):
        assert shared.reply(NEW) is ReplyResult.IGNORED
        assert shared.reply(NEW, answers="of somebody else") is ReplyResult.IGNORED

        assert shared.reply(NEW, answers=self.attempt(shared)) is ReplyResult.CODE_SENT

    def test_of_one_account_as_well(self, asked):
        twin = a_customer("c-2", email=OLD, phone=PHONE)
        asked.api.customers.save(twin)
        (request,) = asked.api.contact_requests.stored.values()
        asked.api.contact_requests.save(replace(request, customer_id="c-2", nonce="other", version=0))
        assert asked.reply(NEW) is ReplyResult.IGNORED

        assert asked.reply(NEW, answers=self.attempt(asked)) is ReplyResult.CODE_SENT
        assert [each["codes"] for each in asked.requests()] == [1]

    def test_all_stop_and_start_together(self, shared):
        assert shared.reply("STOP") is ReplyResult.STOPPED
        assert [shared.suppression(account).active for account in (ACCOUNT, OTHER)] == [True, True]

        assert shared.reply("START", at=NOW + timedelta(seconds=1)) is ReplyResult.STARTED
        assert [shared.suppression(account).active for account in (ACCOUNT, OTHER)] == [False, False]
        # Only the last account can take the number off the list that all share.
        assert shared.api.provider.lifted == [(Channel.SMS, PHONE, True)]


class TestStopAndStart:
    def test_suppress_the_number_and_lift_that_in_the_customers_name(self, asked):
        assert asked.reply("Stop.", at=NOW) is ReplyResult.STOPPED
        stopped = asked.suppression()
        assert (stopped.active, stopped.reason) == (True, SuppressionReason.OPTED_OUT)
        assert asked.api.get(f"/suppressions/sms/{PHONE}").json["audit"][-1]["by"] == "customer"

        assert asked.reply("start", at=NOW + timedelta(minutes=1)) is ReplyResult.STARTED
        assert not asked.suppression().active
        last = asked.suppression().audit[-1]
        assert (last.by, last.action) == ("customer", "lift")
        (consent,) = asked.api.get("/customers/c-1").json["consents"]
        assert (consent["how"], consent["recorded_by"]) == ("text_message", "customer")
        assert ("customer", "stop_texts") in asked.story()

    def test_drop_the_next_text_and_say_why_and_let_the_one_after_it_pass(self, asked):
        asked.reply("STOP")
        self.send_a_text(asked, "n-2")
        (item,) = [each for each in asked.api.items.all_items(ACCOUNT) if each.notification_id == "n-2"]
        assert item.classification.reason is Reason.OPTED_OUT
        assert "replied STOP" in item.failure.result.diagnostic
        sent = len(asked.texts.sent)

        asked.reply("START", at=NOW + timedelta(minutes=1))
        self.send_a_text(asked, "n-3")

        assert len(asked.texts.sent) == sent + 1
        story = asked.api.items.find(ACCOUNT, item.entry_key).audit
        assert ("customer", "start_texts") in [(each.by, each.action) for each in story]

    @staticmethod
    def send_a_text(loop, notification_id):
        new = {"notification_id": notification_id, "customer_id": "c-1", "channel": "sms", "title": "t", "text": "x"}
        assert loop.api.post("/notifications", {"notifications": [new]}, host()).status == 202
        orders, loop.api.sends.orders = loop.api.sends.orders, []
        for order in orders:
            loop.send_message(order)

    def test_are_known_from_a_text_that_aws_refuses_because_it_has_read_stop_itself(self, asked):
        asked.texts.errors.append(PermanentSendError(Reason.OPTED_OUT.value, "SNS: opted out"))
        self.send_a_text(asked, "n-2")
        stopped = asked.suppression()
        assert (stopped.active, stopped.reason) == (True, SuppressionReason.OPTED_OUT)
        assert [(each.by, each.action) for each in stopped.audit] == [("Amazon SNS", "suppress")]

        asked.reply("START", at=NOW + timedelta(minutes=1))

        assert not asked.suppression().active
        assert asked.api.provider.lifted == [(Channel.SMS, PHONE, True)]

    def test_start_has_a_limit_in_an_hour_and_stop_has_none(self, ada):
        for minute in range(STARTS_PER_HOUR):
            assert ada.reply("START", at=NOW + timedelta(minutes=minute)) is ReplyResult.STARTED
        assert ada.reply("START", at=NOW + timedelta(minutes=10)) is ReplyResult.IGNORED
        assert ada.reply("STOP", at=NOW + timedelta(minutes=11)) is ReplyResult.STOPPED
        assert ada.suppression().active

        assert ada.reply("START", at=NOW + timedelta(hours=1, minutes=1)) is ReplyResult.STARTED

    def test_again_change_nothing(self, ada):
        for text, at in (("STOP", NOW), ("START", NOW + timedelta(minutes=1))):
            ada.reply(text, at=at, message_id=text)
            before = ada.suppression(), ada.customer()
            ada.reply(text, at=at, message_id=text)
            assert (ada.suppression(), ada.customer()) == before

    @pytest.mark.parametrize(
        ("order", "active"),
        [("01", False), ("10", False), ("012", True), ("021", True), ("102", True), ("120", True), ("201", True),
         ("210", True)],
    )  # fmt: skip
    def test_count_in_the_order_in_which_they_were_sent(self, ada, order, active):
        for sent in map(int, order):
            ada.api.time = ada.api.time + timedelta(hours=1)
            ada.reply(["STOP", "START", "STOP"][sent], at=NOW + timedelta(minutes=sent))

        known = ada.suppression()
        assert bool(known and known.active) is active

    @pytest.mark.parametrize("before", [(), ("STOP",)])
    @pytest.mark.parametrize("reason", [SuppressionReason.BOUNCE, SuppressionReason.MANUAL])
    def test_start_lifts_nothing_but_an_opt_out(self, ada, reason, before):
        """Also where STOP came to a number that was suppressed already, for example after *This is not me*."""
        ada.api.suppressions.save(None, a_suppression(PHONE, channel=Channel.SMS, reason=reason))
        for text in before:
            ada.reply(text, at=NOW + timedelta(hours=1))

        ada.reply("START", at=NOW + timedelta(days=1))

        assert ada.suppression().active

    def test_start_changes_nothing_until_the_provider_lets_texts_through(self, ada):
        ada.reply("STOP")
        ada.api.provider.error = SuppressionNotLiftedError("once in 30 days")

        with pytest.raises(SuppressionNotLiftedError):
            ada.reply("START", at=NOW + timedelta(minutes=1))
        assert ada.suppression().active

    def test_stop_holds_for_whoever_is_no_customer_but_answers_a_text(self, ada):
        ada.api.customers.remove(ACCOUNT, "c-1")
        assert ada.reply("STOP") is ReplyResult.IGNORED
        sent = SendAttempt(ACCOUNT, "n-9", 1, PHONE, NOW, provider_message_id="sns-9")
        ada.api.notifications.claim(sent)
        ada.api.notifications.record(sent)

        assert ada.reply("STOP", answers="sns-9") is ReplyResult.STOPPED
        assert ada.suppression().active

    @pytest.mark.parametrize(
        ("text", "keyword"),
        [
            *((word, Keyword.STOP) for word in ("STOP", " stop! ", "Stopp", "stop it please", "ARRÊT", "Unsubscribe")),
            *((word, Keyword.STOP) for word in ("cancel", "END", "quit", "opt-out", "OptOut", "remove", "TD", "arret")),
            *((word, Keyword.START) for word in ("START", "Unstop.", "start")),
            *(
                (word, None)
                for word in ("", "please do not stop", "the end", "Start tomorrow?", "help", "ada@stop.org")
            ),
        ],
    )
    def test_are_the_words_that_aws_documents(self, text, keyword):
        assert keyword_of(text) is keyword


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada@example.org", {"ada@example.org"}),
        ("It is: <Ada@Example.org>.", {"ada@example.org"}),
        ("mailto:ada@example.org, or b@example.org?", {"ada@example.org", "b@example.org"}),
        ("ada @ example.org", set()),
        ("@ada", set()),
        ("@" * 5_000, set()),
    ],
)
def test_addresses_are_found_in_a_reply(text, found):
    assert addresses_in(text) == found


class TestTheMessagesOfTheQueue:
    def record(self, *, envelope=(), **text):
        body = {
            "originationNumber": "+14255550182",
            "destinationNumber": "+12125550101",
            "messageKeyword": "JOIN",
            "messageBody": "EXAMPLE",
            "inboundMessageId": "cae173d2-66b9-564c-8309-21f858e9fb84",
            "previousPublishedMessageId": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        } | text
        wrapped = {
            "Type": "Notification",
            "TopicArn": TOPIC,
            "Message": json.dumps({name: value for name, value in body.items() if value is not None}),
            "Timestamp": "2026-11-23T12:00:00.000Z",
        } | dict(envelope)
        sent = str(int(NOW.timestamp() * 1000))
        return {"body": json.dumps(wrapped), "attributes": {"SentTimestamp": sent}}

    def test_are_read_as_aws_documents_them(self):
        reply = read_reply(self.record(), TOPIC)

        assert reply == Reply(
            "cae173d2-66b9-564c-8309-21f858e9fb84",
            "+14255550182",
            "EXAMPLE",
            min(datetime(2026, 11, 23, 12, tzinfo=UTC), NOW),
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        )

    def test_need_no_message_before(self):
        assert read_reply(self.record(previousPublishedMessageId=None), TOPIC).answers == ""

    def test_have_the_time_of_aws_and_no_other(self):
        late = self.record(timestamp="2036-01-01T00:00:00Z", envelope={"Timestamp": "2036-01-01T00:00:00Z"})

        assert read_reply(late, TOPIC).sent_at == NOW

    @pytest.mark.parametrize("number", ["72345", "AMAZON", "", "+1 OR 1=1"])
    def test_of_no_person_are_not_replies(self, number):
        assert read_reply(self.record(originationNumber=number), TOPIC) is None

    def test_are_read_up_to_the_length_of_a_text(self):
        assert len(read_reply(self.record(messageBody="x" * 65_536), TOPIC).text) == 1_600

    @pytest.mark.parametrize(
        "change",
        [
            {"envelope": {"TopicArn": f"{TOPIC}-of-others"}},
            {"envelope": {"Type": "SubscriptionConfirmation"}},
            {"envelope": {"Message": "STOP"}},
            {"envelope": {"Message": "[" * 100_000}},
            {"envelope": {"Message": None}},
            {"originationNumber": 14255550182},
            {"originationNumber": None},
            {"inboundMessageId": ""},
            {"inboundMessageId": "x" * 100_000},
            {"messageBody": {"text": "STOP"}},
        ],
        ids=range(10),
    )
    def test_that_are_anything_else_are_put_aside(self, change):
        with pytest.raises(UnreadableEventError):
            read_reply(self.record(**change), TOPIC)

    def test_that_are_not_json_are_put_aside(self):
        record = self.record()

        for body in ("", "STOP", record["body"][:-1], "\ud800"):
            with pytest.raises(UnreadableEventError):
                read_reply({**record, "body": body}, TOPIC)

    @pytest.mark.parametrize(
        ("body", "what", "replayable"),
        [
            (None, "reply cae173d2-66b9-564c-8309-21f858e9fb84", True),
            ("STOP +14255550182", "message that could not be read, 17 bytes", False),
        ],
    )
    def test_are_described_without_the_text_when_they_are_dead_letters(self, body, what, replayable):
        record = self.record()
        letter = DeadLetter("m", "r", body or record["body"], NOW, 5, record["attributes"], {})

        reading = read_reply_letter(letter)

        assert (reading.what, reading.replayable) == (what, replayable)
        assert "+1425" not in repr(reading)


class TestTheFunction:
    """A batch in which everything is that somebody may send who can publish to the topic."""

    @pytest.fixture
    def batch(self, asked, monkeypatch):
        delays, messages = [], TestTheMessagesOfTheQueue()
        queue = Queue(SimpleNamespace(change_message_visibility_batch=lambda **call: delays.append(call)), "queue")
        parts = ReplyReader(asked.read, partial(read_reply, topic_arn=TOPIC), queue)
        monkeypatch.setattr("undelivered.bootstrap.read_replies", lambda: parts)

        def read(*texts):
            records = [
                {"messageId": f"m-{index}", "receiptHandle": "r", **messages.record(**text)}
                for index, text in enumerate(texts)
            ]
            context = SimpleNamespace(
                function_name="read_replies", memory_limit_in_mb=1, invoked_function_arn="arn:x", aws_request_id="1"
            )
            answer = read_replies({"Records": records}, context)
            return [each["itemIdentifier"] for each in answer["batchItemFailures"]]

        return read

    def test_puts_aside_what_it_cannot_read_and_reads_the_rest(self, asked, batch, capsys):
        body = {"originationNumber": PHONE, "previousPublishedMessageId": None}

        failed = batch(
            {**body, "messageBody": f"{NEW} {'x' * 65_536}"},
            {**body, "envelope": {"Message": f'{{"originationNumber": "{PHONE}", "text": "{NEW}"'}},
            {**body, "envelope": {"TopicArn": f"{TOPIC}-of-others"}, "messageBody": "STOP"},
            {**body, "originationNumber": "+12065550177", "messageBody": "STOP"},
            {**body, "originationNumber": "72345", "messageBody": "START"},
        )

        assert failed == ["m-1", "m-2"]
        asked.send()
        assert [mail.to for mail in asked.mail.sent] == [NEW]
        assert asked.suppression() is None
        logged = capsys.readouterr().out
        assert not any(secret in logged for secret in (PHONE, NEW, OLD, "+12065550177"))

    def test_keeps_a_reply_that_could_not_be_carried_out(self, asked, batch):
        asked.reply("STOP", at=NOW - timedelta(days=1))
        asked.api.provider.error = SuppressionNotLiftedError("once in 30 days")
        text = {"originationNumber": PHONE, "messageBody": "START"}

        assert batch(text, {**text, "messageBody": "hello"}) == ["m-0"]
