"""`undelivered explain`: what operators are told about an event."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infrastructure.cli.explain import explain
from tests.builders import events

PAYLOADS = Path(__file__).parents[1] / "payloads"

app = typer.Typer()
app.command()(explain)


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def explained(*arguments):
    return [json.loads(line) for line in run("--json", *arguments).splitlines()]


@pytest.fixture
def written(tmp_path):
    def write(value):
        file = tmp_path / "event.json"
        file.write_text(json.dumps(value))
        return file

    return write


@pytest.mark.parametrize(
    ("name", "handling", "outcomes"),
    [
        (
            "ses_bounce_two_of_three.json",
            "process",
            [("gone@example.org", "invalid", None), ("full@example.net", "bounced", "hard")],
        ),
        ("sns_complaint_notification.json", "process", [("ann@example.org", "spammed", None)]),
        ("sqs_open.json", "process", [("ann@example.org", "ignored", None)]),
        ("eventbridge_delay.json", "process", [("ann@example.org", "delayed", None)]),
        ("sequence_bounce_after_delivery.json", "process", [("ann@example.org", "invalid", None)]),
        ("sequence_text_without_number.json", "process", [(None, "bounced", "soft")]),
        ("sms_log_opted_out.json", "process", [("+4915187654321", "dropped", None)]),
        (
            "sms_logs_subscription.json",
            "process",
            [("+4915187654321", "delivered", None), ("+4915100000000", "invalid", None)],
        ),
        ("subscription_confirmation.json", "confirm_subscription", []),
        ("cut_off.json.txt", "quarantine", []),
    ],
)
def test_each_form_is_explained(name, handling, outcomes):
    (told,) = explained(PAYLOADS / name)

    assert told["file"] == str(PAYLOADS / name)
    assert told["handling"] == handling
    assert [(each["recipient"], each["status"], each["kind"]) for each in told["outcomes"]] == outcomes


def test_an_outcome_says_what_happened_whose_fault_it_is_and_which_rule_decided():
    (told,) = explained(PAYLOADS / "ses_bounce_two_of_three.json")

    assert told["outcomes"][1] == {
        "recipient": "full@example.net",
        "status": "bounced",
        "kind": "hard",
        "reason": "mailbox_disabled",
        "fault": "recipient",
        "explanation": "The mailbox no longer exists or has been closed.",
        "because": told["outcomes"][1]["because"],
    }
    assert told["outcomes"][1]["because"]


def test_several_files_are_a_line_each():
    files = [PAYLOADS / "sqs_open.json", PAYLOADS / "cut_off.json.txt"]

    assert [told["file"] for told in explained(*files)] == [str(file) for file in files]


def test_people_are_told_in_words():
    told = run(PAYLOADS / "sns_complaint_notification.json", PAYLOADS / "cut_off.json.txt")

    assert "ann@example.org: spammed complaint, fault: recipient_choice" in told
    assert "The message arrived, and the recipient marked it as spam." in told
    assert "quarantine (not JSON)" in told


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0, 2, 1]])
def test_a_sequence_ends_the_same_in_any_order(written, order):
    told = [events.delay(), events.delivery(), events.complaint()]

    (account,) = explained(written([told[index] for index in order]))

    assert [each["status"] for each in account["outcomes"]] == ["spammed"]


def test_recipients_and_messages_of_a_sequence_stay_apart(written):
    other = events.mail("ann@example.org", messageId="another-message")

    (account,) = explained(written([events.bounce(), events.delivery("bob@example.org"), events.delivery(mail=other)]))

    assert [(each["recipient"], each["status"]) for each in account["outcomes"]] == [
        ("ann@example.org", "invalid"),
        ("bob@example.org", "delivered"),
        ("ann@example.org", "delivered"),
    ]


def test_who_was_sent_to_and_not_heard_of_again_is_shown_beside_the_others(written):
    sent = events.event("Send", mail=events.mail("ann@example.org", "Bob@example.org"))

    (account,) = explained(written([sent, events.bounce(), sent]))

    assert [(each["recipient"], each["status"]) for each in account["outcomes"]] == [
        ("ann@example.org", "invalid"),
        ("Bob@example.org", "ignored"),
    ]


def test_one_report_twice_in_a_batch_is_shown_once(written):
    record = events.sqs_record(events.bounce())

    (account,) = explained(written(events.records(record, record)))

    assert [each["status"] for each in account["outcomes"]] == ["invalid"]


def test_an_event_that_names_nobody_joins_the_one_that_does(written):
    told = [events.text_event(), events.text_event("TEXT_UNREACHABLE", destinationPhoneNumber=None)]

    (account,) = explained(written(told))

    assert [(each["recipient"], each["status"]) for each in account["outcomes"]] == [("+4915187654321", "bounced")]


def test_a_sequence_of_events_that_cannot_belong_together_is_kept_for_a_person(written):
    later = events.delivery(mail=events.mail(timestamp="2027-06-01T00:00:00Z"))

    (account,) = explained(written([events.bounce(), later]))

    assert (account["handling"], account["outcomes"]) == ("quarantine", [])


@pytest.mark.parametrize(
    ("sequence", "handling"),
    [
        ([1, "x", None, []], "quarantine"),
        ([json.dumps(events.bounce())], "process"),
        ([events.bounce(), 7], "process"),
        ([events.event("Send")], "process"),
        ([{"notificationType": "Received"}], "ignore"),
        ([], "quarantine"),
    ],
)
def test_a_sequence_is_handled_as_its_weightiest_event(written, sequence, handling):
    (account,) = explained(written(sequence))

    assert account["handling"] == handling


def test_only_named_topics_may_speak():
    file = PAYLOADS / "sns_complaint_notification.json"

    assert explained("--topic", events.TOPIC, file)[0]["handling"] == "process"
    assert explained("--topic", "arn:aws:sns:eu-central-1:111122223333:other", file)[0]["handling"] == "quarantine"
