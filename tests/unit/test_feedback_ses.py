"""What SES says of a message, read for each recipient."""

import base64
from datetime import UTC, datetime

import pytest

from tests.builders import events
from undelivered.adapters.feedback import parse_event
from undelivered.domain.feedback import Handling, Outcome
from undelivered.domain.identifiers import entry_key, item_id
from undelivered.domain.taxonomy import Fault, Kind, Reason, Status
from undelivered.services.record_feedback import caused_suppression

RECEIVED_AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def only(told):
    read = parse_event(told)
    assert read.handling is Handling.PROCESS, read.reason
    (feedback,) = read.feedback
    return feedback


def verdicts(told):
    return {
        feedback.recipient: (feedback.classification.status, feedback.classification.kind)
        for feedback in parse_event(told).feedback
    }


def encoded(words):
    return base64.urlsafe_b64encode(words.encode()[:190]).rstrip(b"=").decode()


def with_mail(told, **more):
    return told | {"mail": told["mail"] | more}


def test_a_bounce_tells_who_when_why_and_of_which_message():
    feedback = only(events.bounce())

    assert feedback.recipient == "ann@example.org"
    assert feedback.outcome is Outcome.FAILED
    assert feedback.classification.reason is Reason.ADDRESS_NOT_FOUND
    assert feedback.provider_message_id == events.MESSAGE_ID
    assert feedback.sent_at == datetime(2026, 11, 20, 9, 30, 0, 250_000, UTC)
    assert feedback.at == datetime(2026, 11, 20, 9, 30, 4, 500_000, UTC)
    assert feedback.subject == "Your invoice for November"
    assert feedback.diagnostic == "smtp; 550 5.1.1 user unknown"


@pytest.mark.parametrize(
    ("told", "outcome", "reason"),
    [
        (events.complaint(), Outcome.COMPLAINED, Reason.COMPLAINT),
        (events.complaint(feedback_type=None), Outcome.COMPLAINED, Reason.COMPLAINT),
        (events.complaint(feedback_type="something-new"), Outcome.COMPLAINED, Reason.COMPLAINT),
        (events.complaint(subtype="OnAccountSuppressionList"), Outcome.FAILED, Reason.SUPPRESSED_COMPLAINT),
        (events.complaint(subtype="OnTenantSuppressionList"), Outcome.FAILED, Reason.SUPPRESSED_COMPLAINT),
        (events.reject(), Outcome.FAILED, Reason.REJECTED),
        (events.rendering_failure(), Outcome.FAILED, Reason.RENDERING_FAILED),
        (events.delivery(), Outcome.DELIVERED, None),
        (events.delay(), Outcome.DELAYED, None),
    ],
)
def test_each_type_of_event_has_its_outcome(told, outcome, reason):
    feedback = only(told)

    assert feedback.outcome is outcome
    assert (feedback.classification and feedback.classification.reason) is reason
    assert feedback.rule.startswith("ses:")


@pytest.mark.parametrize("kind", ["Send", "Open", "Click", "Subscription"])
def test_what_says_nothing_of_an_arrival_is_taken_in_without_consequence(kind):
    read = parse_event(events.event(kind))

    assert (read.handling, read.feedback, read.ignored) == (Handling.PROCESS, (), ("ann@example.org",))


@pytest.mark.parametrize("spelling", ["not-spam", "Not-Spam "])
def test_mail_rescued_from_the_spam_folder_is_no_complaint(spelling):
    read = parse_event(events.complaint(feedback_type=spelling))

    assert (read.handling, read.feedback, read.ignored) == (Handling.PROCESS, (), ("ann@example.org",))


@pytest.mark.parametrize(
    ("subtype", "status", "reason"),
    [
        ("OnAccountSuppressionList", Status.DROPPED, Reason.SUPPRESSED_BOUNCE),
        ("onaccountsuppressionlist\t", Status.DROPPED, Reason.SUPPRESSED_BOUNCE),
        ("Suppressed", Status.DROPPED, Reason.SUPPRESSED_BOUNCE),
        ("NoEmail", Status.INVALID, Reason.ADDRESS_NOT_FOUND),
    ],
)
def test_amazons_subtype_is_heard(subtype, status, reason):
    feedback = only(events.bounce(events.recipient(status="5.1.1"), subtype=subtype))

    assert (feedback.classification.status, feedback.classification.reason) == (status, reason)


@pytest.mark.parametrize("bounce_type", ["Transient", "Undetermined", "Somehow", None, 7])
def test_a_bounce_of_any_other_type_than_permanent_is_soft(bounce_type):
    feedback = only(events.bounce(events.recipient(status="5.1.1"), bounce_type=bounce_type))

    assert (feedback.classification.status, feedback.classification.kind) == (Status.BOUNCED, Kind.SOFT)


def test_a_refusal_of_ours_is_never_the_recipients_fault():
    told = events.recipient(status="5.7.1", diagnosticCode="smtp; 550 5.7.1 your IP is on the Spamhaus blocklist")

    assert only(events.bounce(told)).classification.fault is Fault.SENDER


# Recipients -------------------------------------------------------------------------------------------------------


def test_each_bounced_recipient_is_judged_alone_and_the_others_are_left_out():
    told = events.bounce(
        events.recipient("gone@example.org", status="5.1.1"),
        events.recipient("shut@example.org", status="5.2.1", diagnosticCode="smtp; 550 5.2.1 mailbox disabled"),
        mail=events.mail("gone@example.org", "shut@example.org", "fine@example.org"),
    )

    assert verdicts(told) == {
        "gone@example.org": (Status.INVALID, None),
        "shut@example.org": (Status.BOUNCED, Kind.HARD),
    }


def test_one_person_listed_twice_is_one_and_the_graver_report_counts():
    told = events.bounce(events.recipient("ANN@Example.ORG"), events.recipient("Ann <ann@example.org>", status="5.1.1"))

    assert only(told).classification.status is Status.INVALID


@pytest.mark.parametrize(
    ("spelled", "recipient"),
    [
        ("Jürgen Ångström <JA@Example.org>", "ja@example.org"),
        ("=?utf-8?q?J=C3=BCrgen?= <ja@example.org>", "ja@example.org"),
        ('"Ang, J" <ja@example.org>', "ja@example.org"),
        ('"j.a"@example.org', "j.a@example.org"),
        ("rfc822; ja@example.org", "ja@example.org"),
        ("<ja@example.org>", "ja@example.org"),
        ("info@xn--bcher-kva.example", "info@bücher.example"),
        ("info@BÜCHER.example", "info@bücher.example"),
        ("test..me@example.org", "test..me@example.org"),
        ("用户@例子.example", "用户@例子.example"),
    ],
)
def test_recipients_are_normalised(spelled, recipient):
    assert only(events.bounce(events.recipient(spelled))).recipient == recipient


def test_the_address_as_written_is_kept_for_people():
    read = parse_event(events.bounce(events.recipient("Info <Info@xn--bcher-kva.example>")))

    assert read.as_written == ("Info@xn--bcher-kva.example",)


@pytest.mark.parametrize("listed", [None, [], [None, 1, "", {}, {"emailAddress": None}], {}, "ann@example.org"])
@pytest.mark.parametrize(
    ("build", "body", "name"),
    [
        (events.bounce, "bounce", "bouncedRecipients"),
        (events.complaint, "complaint", "complainedRecipients"),
        (events.delivery, "delivery", "recipients"),
        (events.delay, "deliveryDelay", "delayedRecipients"),
    ],
)
def test_without_recipients_nobody_is_blamed(build, body, name, listed):
    told = build()
    told[body] = told[body] | {name: listed}

    read = parse_event(told)

    assert (read.handling, read.feedback) == (Handling.QUARANTINE, ())


@pytest.mark.parametrize("address", ["how did this happen?", "a b@example.org", "@example.org", "x@", "\ud800@x.org"])
def test_what_is_no_address_is_kept_for_a_person(address):
    assert parse_event(events.bounce(events.recipient(address))).handling is Handling.QUARANTINE


def test_unusable_recipients_spoil_no_good_one():
    told = events.bounce(None, {"status": "5.1.1"}, events.recipient("no address"), events.recipient(status="5.1.1"))

    assert verdicts(told) == {"ann@example.org": (Status.INVALID, None)}


@pytest.mark.parametrize(
    ("destination", "recipient"),
    [(["ann@example.org"], "ann@example.org"), ([], None), (None, None), (["a@x.org", "b@x.org"], None)],
)
def test_a_suppressed_complaint_without_recipients_is_told_by_the_message(destination, recipient):
    told = events.complaint(subtype="OnAccountSuppressionList")
    del told["complaint"]["complainedRecipients"]

    assert only(with_mail(told, destination=destination)).recipient == recipient


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ann@example.org", ""),
        ("Ann@Example.org", "Ann@Example.org"),
        ("Ann <Ann@example.org>", "Ann@example.org"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_an_address_that_is_not_in_its_normal_form_is_kept_as_ses_writes_it_too(address, written):
    event = events.bounce()
    event["bounce"]["bouncedRecipients"][0]["emailAddress"] = address

    feedback = only(event)

    assert feedback.written == written
    assert (caused_suppression(feedback, "acme").spellings == (written,)) == bool(written)


def test_a_mail_that_never_left_concerns_everybody_it_was_for():
    told = events.reject(mail=events.mail("a@example.org", "b@example.org"))

    assert [feedback.recipient for feedback in parse_event(told).feedback] == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?q?Ihre_Rechnung_=C3=BCber_5_=E2=82=AC?=", "Ihre Rechnung über 5 €"),
        ("=?iso-8859-1?B?R3L832U=?=\r\n from us", "Grüße from us"),
        ("=?utf-8?B?broken!?=", "=?utf-8?B?broken!?="),
        ("=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        ("Line one\r\nline two", "Line one line two"),
        ("x" * 1000, "x" * 200),
        (None, ""),
    ],
)
def test_the_subject_is_kept_as_people_read_it(written, read):
    assert only(with_mail(events.bounce(), commonHeaders={"subject": written})).subject == read


# Whose mail, and when -----------------------------------------------------------------------------------------------


def test_tags_say_whose_message_it_is():
    key = entry_key(datetime(2026, 11, 1, tzinfo=UTC), "first-message", "ann@example.org")
    tags = {
        "ses:tenant-name": ["harbour"],
        "undelivered-account": ["acme"],
        "undelivered-notification": ["n-17"],
        "undelivered-attempt": ["3"],
        "undelivered-customer": ["c-9"],
        "undelivered-entry": [item_id(key)],
        "undelivered-title": [encoded("Überfällige Rechnung")],
        "undelivered-customer-name": [encoded("Anna Ångström")],
    }

    told = only(with_mail(events.bounce(), tags=tags)).attribution

    assert (told.account_id, told.notification_id, told.attempt, told.customer_id) == ("acme", "n-17", 3, "c-9")
    assert (told.title, told.customer_name, told.entry_key) == ("Überfällige Rechnung", "Anna Ångström", key)
    assert (told.tenant, told.identity) == ("harbour", "office@harbour.example")


def test_ids_in_tags_are_read_as_they_were_written_before_and_now():
    before = {"undelivered-notification": ["inv.17"], "undelivered-customer": ["ada@example.com"]}
    now = {
        "undelivered-notification-base64url": [encoded("INV/2026/17").rstrip("=")],
        "undelivered-customer-base64url": [encoded("ada@example.com").rstrip("=")],
    }

    read = [only(with_mail(events.bounce(), tags=tags)).attribution for tags in (before, now)]

    assert [attribution.notification_id for attribution in read] == ["inv.17", "INV/2026/17"]
    assert [attribution.customer_id for attribution in read] == ["ada@example.com", "ada@example.com"]


def test_a_title_cut_within_a_character_is_read_up_to_there():
    tags = {"undelivered-title": [encoded("x" + "ü" * 100)]}

    assert only(with_mail(events.bounce(), tags=tags)).attribution.title == "x" + "ü" * 94


@pytest.mark.parametrize(
    "tags",
    [
        None,
        [],
        "acme",
        {"undelivered-account": None, "undelivered-attempt": [3], "undelivered-title": [["x"]]},
        {"undelivered-account": ["a#b"], "undelivered-attempt": ["-1"], "undelivered-title": ["!"]},
        {"undelivered-account": [""], "undelivered-attempt": ["9" * 5000], "undelivered-entry": ["e30"]},
        {"undelivered-account": ["a" * 300], "undelivered-attempt": ["²"], "undelivered-customer-name": ["é"]},
        {"undelivered-account-base64url": ["!"], "undelivered-account": ["acme"]},
        {"undelivered-account-base64url": ["_w"]},
        {"undelivered-account-base64url": [encoded("a\nb")]},
    ],
)
def test_spoiled_tags_tell_nothing(tags):
    told = only(with_mail(events.bounce(), tags=tags)).attribution

    assert (told.account_id, told.attempt, told.title, told.customer_name, told.entry_key) == (
        None,
        1,
        None,
        None,
        None,
    )


def test_a_tag_that_is_no_list_is_read_too():
    assert only(with_mail(events.bounce(), tags={"undelivered-account": "acme"})).attribution.account_id == "acme"


@pytest.mark.parametrize(
    ("mail", "identity"),
    [
        ({}, "office@harbour.example"),
        ({"source": "Office@Mail.Harbour.example"}, "office@mail.harbour.example"),
        ({"source": "office@notharbour.example"}, "harbour.example"),
        (
            {
                "source": "boss@harbour.example",
                "sourceArn": "arn:aws:ses:eu-central-1:1:identity/office@harbour.example",
            },
            "office@harbour.example",
        ),
        ({"sourceArn": "arn:aws:ses:eu-central-1:1:identity/Office@Harbour.example"}, "office@harbour.example"),
        ({"sourceArn": None}, "office@harbour.example"),
        ({"sourceArn": None, "source": "someservice"}, None),
    ],
)
def test_the_sending_identity_is_the_senders_address_if_the_verified_identity_covers_it(mail, identity):
    assert only(with_mail(events.bounce(), **mail)).attribution.identity == identity


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2018-10-08T14:05:45 +0000", datetime(2018, 10, 8, 14, 5, 45, tzinfo=UTC)),
        ("2016-01-27T14:59:38.237Z", datetime(2016, 1, 27, 14, 59, 38, 237_000, UTC)),
        ("2012-06-19T00:00:00.000-07:00", datetime(2012, 6, 19, 7, tzinfo=UTC)),
        ("2021-04-18 13:54:35.51", datetime(2021, 4, 18, 13, 54, 35, 510_000, UTC)),
        (1_791_970_200, datetime(2026, 10, 14, 9, 30, tzinfo=UTC)),
        ("1791970200000", datetime(2026, 10, 14, 9, 30, tzinfo=UTC)),
    ],
)
def test_odd_timestamps_are_read(written, read):
    assert only(with_mail(events.bounce(), timestamp=written)).sent_at == read


@pytest.mark.parametrize(
    "written", [None, "", "yesterday", "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", 1e300, -5, True, []]
)
def test_without_a_time_of_sending_that_of_the_event_stands_in(written):
    feedback = only(with_mail(events.bounce(), timestamp=written))

    assert feedback.sent_at == feedback.at == datetime(2026, 11, 20, 9, 30, 4, 500_000, UTC)


def test_an_event_that_tells_no_time_takes_that_of_its_envelope():
    told = with_mail(events.reject(), timestamp=None)

    assert only(events.envelope(told)).sent_at == datetime(2026, 11, 20, 9, 30, 5, tzinfo=UTC)


def test_an_event_without_any_time_needs_that_of_its_reception():
    told = with_mail(events.reject(), timestamp=None)

    assert parse_event(told).handling is Handling.QUARANTINE
    assert parse_event(told, received_at=RECEIVED_AT).feedback[0].sent_at == RECEIVED_AT


SENT_AT = datetime(2026, 11, 20, 9, 30, 0, 250_000, UTC)
QUEUED_AT = datetime(2026, 11, 20, 9, 30, 6, tzinfo=UTC)
"""The time of ``events.sqs_record``."""


@pytest.mark.parametrize("report", [events.bounce(), events.complaint()], ids=["bounce", "complaint"])
@pytest.mark.parametrize(
    ("stated", "at"),
    [
        ("2037-01-01T00:00:00.000Z", QUEUED_AT),
        ("2026-11-20T09:30:05.000Z", datetime(2026, 11, 20, 9, 30, 5, tzinfo=UTC)),
        ("2001-01-01T00:00:00.000Z", SENT_AT),
    ],
)
def test_the_time_that_a_receiver_states_is_taken_to_lie_between_the_send_and_our_receipt(report, stated, at):
    body = "bounce" if "bounce" in report else "complaint"
    dated = report | {body: report[body] | {"timestamp": stated}}

    for wrapped in (dated, events.envelope(dated, Timestamp="2036-01-01T00:00:00.000Z")):
        feedback = only(events.sqs_record(wrapped))
        assert (feedback.at, feedback.sent_at) == (at, SENT_AT)


def test_without_the_time_of_the_send_the_stated_one_is_still_at_most_that_of_our_receipt():
    dated = with_mail(events.bounce(), timestamp=None)
    dated["bounce"] |= {"timestamp": "2037-01-01T00:00:00.000Z"}

    feedback = only(events.sqs_record(dated))

    assert (feedback.at, feedback.sent_at) == (QUEUED_AT, QUEUED_AT)


@pytest.mark.parametrize("message_id", [None, "", 7, "a~b", "x" * 5000, "with space", "ü"])
def test_without_a_usable_message_id_a_stable_one_is_made(message_id):
    told = with_mail(events.bounce(), messageId=message_id)

    assert only(told).provider_message_id == only(events.as_notification(told)).provider_message_id
    assert only(told).provider_message_id.startswith("unnamed-")


def test_both_channels_report_one_event_alike():
    by_event, by_notification = only(events.bounce()), only(events.as_notification(events.bounce()))

    assert (by_event.source, by_notification.source) == ("ses.event", "ses.notification")
    assert by_event.classification == by_notification.classification
    assert [entry_key(each.sent_at, each.provider_message_id, each.recipient) for each in (by_event, by_notification)]


# What is none of ours -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Received", "AmazonSnsSubscriptionSucceeded"])
def test_other_notifications_of_ses_are_ignored(kind):
    assert parse_event({"notificationType": kind}).handling is Handling.IGNORE


@pytest.mark.parametrize(
    "told",
    [
        events.event("Bounced"),
        events.event("RenderingFailure"),
        events.event(None),
        events.bounce() | {"eventType": ["Bounce"]},
        {"bounce": {}, "delivery": {}},
        events.bounce() | {"notificationType": "Delivery"},
    ],
)
def test_an_event_of_doubtful_type_is_kept_for_a_person(told):
    assert parse_event(told).handling is Handling.QUARANTINE


def test_two_types_that_agree_are_one():
    assert only(events.bounce() | {"notificationType": "Bounce"}).outcome is Outcome.FAILED


@pytest.mark.parametrize("empty", [{}, {"eventType": None}, {"notificationType": None}])
def test_an_event_without_type_is_told_by_its_one_object(empty):
    told = events.bounce()
    del told["eventType"]

    assert only(told | empty).outcome is Outcome.FAILED


# Text that strangers control ----------------------------------------------------------------------------------------


def test_diagnostics_are_cut_and_made_legible():
    text = "smtp; 550 5.1.1\r\n\x00\u202e=HYPERLINK(\ud800)\tuser unknown" + "x" * 70_000

    diagnostic = only(events.bounce(events.recipient(diagnosticCode=text))).diagnostic

    assert diagnostic.startswith("smtp; 550 5.1.1 =HYPERLINK( ) user unknown")
    assert diagnostic.isprintable()
    assert len(diagnostic) <= 500
    assert diagnostic.encode()


def test_values_of_the_wrong_type_count_as_absent():
    told = events.bounce(events.recipient(status=5.1, diagnosticCode=["smtp; 550 5.1.1 user unknown"]))

    assert verdicts(told) == {"ann@example.org": (Status.BOUNCED, Kind.HARD)}
    assert only(told | {"mail": None}).recipient == "ann@example.org"


@pytest.mark.parametrize("empty", [{}, {"diagnosticCode": ""}, {"status": None, "action": " "}])
@pytest.mark.parametrize("labels", [("Transient", "General"), (" transient", "GENERAL ")])
def test_a_transient_bounce_without_any_delivery_status_is_an_automatic_reply(labels, empty):
    bounce_type, subtype = labels
    event = events.bounce(bounce_type=bounce_type, subtype=subtype)
    event["bounce"]["bouncedRecipients"] = [{"emailAddress": "ann@example.org", **empty}]

    feedback = only(event)

    assert feedback.outcome is Outcome.AUTO_REPLY
    assert feedback.classification is None
    assert feedback.rule == "ses:transient/general/auto_reply"


@pytest.mark.parametrize("detail", [{"action": "failed"}, {"status": "4.2.0"}, {"diagnosticCode": "smtp; 450 later"}])
def test_a_transient_bounce_with_a_delivery_status_is_a_failure(detail):
    event = events.bounce(bounce_type="Transient", subtype="General")
    event["bounce"]["bouncedRecipients"] = [{"emailAddress": "ann@example.org", **detail}]

    assert only(event).outcome is Outcome.FAILED


def test_a_permanent_bounce_without_a_delivery_status_is_a_failure():
    event = events.bounce(bounce_type="Permanent", subtype="General")
    event["bounce"]["bouncedRecipients"] = [{"emailAddress": "ann@example.org"}]

    assert only(event).outcome is Outcome.FAILED
