"""Calls of AWS services that AWS would refuse are refused by the local stack too."""

import httpx
import pytest
from botocore.exceptions import ClientError

from infrastructure.local.emulator_process import emulator_client
from infrastructure.local.scenario import call_api, eventually
from tests.stack.acting import WITHIN


def test_a_call_that_breaks_a_pattern_fails_as_on_aws(stack):
    query = {"IndexName": "by customer", "KeyConditionExpression": "account_id = :id"}
    values = {":id": {"S": "acc-harbor"}}

    with pytest.raises(ClientError) as refused:
        stack.client("dynamodb").query(TableName=stack.tables["customers"], ExpressionAttributeValues=values, **query)

    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].endswith("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")


def test_an_email_with_a_bad_tag_fails_in_the_old_api_too(stack):
    content = {"Subject": {"Data": "Rent"}, "Body": {"Text": {"Data": "hi"}}}

    with pytest.raises(ClientError) as refused:
        stack.client("ses").send_email(
            Source="office@undelivered.example",
            Destination={"ToAddresses": ["ada@example.com"]},
            Message=content,
            Tags=[{"Name": "customer", "Value": "ada@example.com"}],
        )

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert refused.value.response["Error"]["Message"].startswith("Invalid tag value <ada@example.com>")


@pytest.mark.parametrize(
    ("person", "number", "status", "reason"),
    [
        ("nowhere", "+11234567890", "invalid", "number_invalid"),
        ("stopped", "+12065550154", "dropped", "opted_out"),
        ("unserved", "+12065550189", "failed", "sending_refused"),
    ],
)
def test_a_text_that_sns_refuses_is_on_the_report_with_what_the_refusal_names(acting, person, number, status, reason):
    customer = {"name": "Ada", "phone": number, "accept_unassigned_number": True}
    call_api(acting.host, "PUT", f"/customers/{acting.name(person)}", json=customer)
    acting.hand_over(person, channel="sms")

    (item,) = eventually(lambda: acting.story.report(person), f"{person} is not on the report", WITHIN)

    assert (item["status"], item["reason"]) == (status, reason)


def test_an_email_to_another_script_arrives_in_punycode(acting):
    address = f"ada.{acting.story.suffix}@bücher.example"
    acting.send("puny", address)

    sent = eventually(
        lambda: acting.sent(f"ada.{acting.story.suffix}@xn--bcher-kva.example"), "nothing was sent", WITHIN
    )

    assert len(sent) == 1
    with httpx.Client(base_url=acting.stack.api_url, headers=acting.host.headers, timeout=30) as host:
        refused = host.patch(f"/customers/{acting.name('puny')}", json={"email": "zoë@example.com"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "email")


def test_an_address_that_the_host_wrote_in_capitals_is_taken_off_the_list_of_ses(acting):
    address = f"Unknown-User.Caps.{acting.story.suffix}@Undelivered.example"
    ses = emulator_client(acting.stack.simulator_url, "sesv2")
    tags = {"undelivered-account": acting.stack.user().account_id, "undelivered-notification": acting.name("n-caps")}
    content = {"Subject": {"Data": "Rent"}, "Body": {"Text": {"Data": "hi"}}}
    ses.send_email(
        FromEmailAddress="office@undelivered.example",
        Destination={"ToAddresses": [address]},
        Content={"Simple": content},
        ConfigurationSetName=acting.stack.outputs["SendsConfigurationSet"],
        EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
    )
    stored = f"/suppressions/email/{address.lower()}"
    eventually(lambda: acting.manager.get(stored).status_code == 200, f"{address} is not suppressed", WITHIN)
    assert ses.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]["EmailAddress"] == address

    acting.call_api("DELETE", stored, json={"why": "the mailbox is back"})

    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress=address)
