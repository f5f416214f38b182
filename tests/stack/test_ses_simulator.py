"""Every address and number of the SES simulator gets its expected status on the report."""

import pytest

from infrastructure.local.scenario import Scenario, call_api, eventually

MAILS = {
    "unknown-user": "invalid",
    "unknown-domain": "invalid",
    "mailbox-full": "bounced",
    "mailbox-disabled": "bounced",
    "refused": "bounced",
    "blocked": "bounced",
    "unauthenticated": "bounced",
    "content-rejected": "bounced",
    "too-large": "bounced",
    "undetermined": "bounced",
    "expired": "bounced",
    "late-bounce": "invalid",
    "complaint": "spammed",
    "suppressionlist": "dropped",
    "rejected": "failed",
    "rendering-failed": "failed",
    "message-rejected": "failed",
}
TEXTS = {
    "20": "bounced",
    "30": "bounced",
    "40": "invalid",
    "50": "dropped",
    "60": "bounced",
    "70": "failed",
    "80": "failed",
}
ARRIVING = ("success", "slow", "throttled", "unexplained", "silent")


@pytest.fixture(scope="module")
def story(stack):
    """All notifications are sent at once, so that the test waits only once."""
    scenario = Scenario.on(stack)
    contacts = {name: {"email": f"{name}.{scenario.suffix}@undelivered.example"} for name in (*MAILS, *ARRIVING)} | {
        f"text-{digits}": {"phone": f"+120655501{digits}"} for digits in TEXTS
    }
    for name, contact in contacts.items():
        call_api(
            scenario.host, "PUT", f"/customers/{scenario.name(name)}", json={"name": f"Customer of {name}", **contact}
        )
    notifications = [
        {
            "customer_id": scenario.name(name),
            "channel": "sms" if "phone" in contact else "email",
            "title": "Rent reminder",
            "text": "Dear customer, this is about your unit.",
        }
        for name, contact in contacts.items()
    ]
    call_api(scenario.host, "POST", "/notifications", expect=202, json={"notifications": notifications})
    yield scenario
    scenario.close()


@pytest.mark.parametrize(("situation", "status"), MAILS.items())
def test_a_mail_ends_as_what_its_address_stands_for(story, situation, status):
    (item,) = eventually(lambda: story.report(situation), f"{situation} is not on the report", seconds=90)

    assert item["status"] == status


@pytest.mark.parametrize(("digits", "status"), TEXTS.items())
def test_a_text_ends_as_what_its_number_stands_for(story, digits, status):
    (item,) = eventually(lambda: story.report(f"text-{digits}"), f"{digits} is not on the report", seconds=90)

    assert (item["status"], item["channel"]) == (status, "sms")


@pytest.mark.parametrize("situation", ARRIVING)
def test_what_arrives_or_is_never_heard_of_is_not_on_the_report(story, situation):
    eventually(lambda: story.report("late-bounce"), "the slowest of the others is not on the report", seconds=90)

    assert story.report(situation) == []
