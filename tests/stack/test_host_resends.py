"""Mail that the host application sends with its own SES client, on the deployed template: from bounce to delivery."""

import httpx
import pytest

from infrastructure.local.emulator_process import emulator_client
from infrastructure.local.scenario import call_api, eventually
from tests.builders.readme import check_announcement
from tests.stack.acting import WITHIN

PENDING = "pending"


class Host:
    """A host application with its own account and its own SES client. It is asked to resend what it sent."""

    def __init__(self, acting):
        self.acting, self.account_id = acting, acting.name("acc-host")
        headers = {**acting.host.headers, "x-account-id": self.account_id}
        self.api = httpx.Client(base_url=acting.stack.api_url, headers=headers, timeout=30)
        self.ses = emulator_client(acting.stack.simulator_url, "sesv2")

    def call(self, method, path, expect=200, **request):
        return call_api(self.api, method, path, expect, **request)

    def send(self, to, tags, configuration_set):
        self.ses.send_email(
            FromEmailAddress="office@undelivered.example",
            Destination={"ToAddresses": [to]},
            Content={"Simple": {"Subject": {"Data": "Invoice 17"}, "Body": {"Text": {"Data": "Dear customer"}}}},
            ConfigurationSetName=self.acting.stack.outputs[configuration_set],
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
        )

    def bounced(self, customer):
        """Send a customer an invoice that bounces; return its item."""
        customer_id, address = self.acting.name(customer), self.acting.mailbox("unknown-user", customer)
        self.call("PUT", f"/customers/{customer_id}", json={"name": customer.capitalize(), "email": address})
        ids = {"account": self.account_id, "customer": customer_id, "notification": f"invoice-{customer}"}
        tags = {f"undelivered-{name}": value for name, value in ids.items()}
        self.send(address, tags, "SendsConfigurationSet")

        def listed():
            return self.call("GET", "/undelivered", params={"customer_id": customer_id})["items"]

        (item,) = eventually(listed, f"{address} is not on the report", WITHIN)
        return item

    def correct(self, customer):
        contact = self.acting.mailbox("fine", f"{customer}2")
        return contact, self.call("PATCH", f"/customers/{self.acting.name(customer)}", json={"email": contact})

    def resend(self, item, expect=202):
        return self.call("POST", f"/undelivered/{item['id']}/resend", expect, json={})

    def detail(self, item):
        return self.call("GET", f"/undelivered/{item['id']}")

    def comes_to(self, item, state):
        def there():
            detail = self.detail(item)
            return detail if detail["state"] == state and detail["attempt_chain"][-1]["outcome"] != PENDING else None

        return eventually(there, f"{item['id']} is not {state}", WITHIN)


@pytest.fixture(scope="module")
def application(acting):
    host = Host(acting)
    host.call("PUT", "/settings", json={"resend_by": "host"})
    yield host
    host.api.close()


def test_a_message_of_the_host_is_resent_by_the_host_and_its_delivery_closes_the_item(application, told):
    item = application.bounced("ines")
    assert (item["customer"]["name"], item["ready_to_resend"]) == ("Ines", False)
    contact, changed = application.correct("ines")
    assert changed["ready_to_resend"] == [item["id"]]

    asked = application.resend(item)
    request = eventually(lambda: requested(told, item), "the resend was not announced", WITHIN)
    application.send(request["to"], request["tags"], "ResendsConfigurationSet")
    detail = application.comes_to(item, "resolved")

    assert (asked["state"], asked["host_resend"]["state"]) == ("resending", "requested")
    check_announcement(request)
    assert (request["to"], request["attempt"], request["notification_id"]) == (contact, 2, "invoice-ines")
    assert [(each["outcome"], each["sent_by"]) for each in detail["attempt_chain"]] == [
        ("failed", "host"),
        ("delivered", "host"),
    ]
    assert application.call("GET", "/undelivered", params={"customer_id": item["customer"]["id"]})["items"] == []


def test_an_item_that_the_host_did_not_send_is_open_again_and_a_late_delivery_still_closes_it(application, told):
    item = application.bounced("juno")
    application.correct("juno")
    application.resend(item)
    request = eventually(lambda: requested(told, item), "the resend was not announced", WITHIN)

    let_its_time_be_over(application, item)
    reopened = application.comes_to(item, "open")
    application.send(request["to"], request["tags"], "ResendsConfigurationSet")
    application.comes_to(item, "resolved")

    assert (reopened["host_resend"]["state"], reopened["status"]) == ("not_sent", "invalid")
    assert reopened["events"][-1]["diagnostic"] == "Your application did not send it."
    assert reopened["resend"]["resenders"] == ["host"]


def test_an_attempt_that_the_host_claims_is_closed_by_its_events_and_announced_to_nobody(application, told):
    item = application.bounced("kaia")
    contact, _ = application.correct("kaia")
    path = f"/notifications/{item['notification_id']}/attempts"

    claim = application.call("POST", path, 201, json={"item_id": item["id"]})
    refused = application.resend(item, 409)
    application.send(claim["to"], claim["tags"], "ResendsConfigurationSet")
    application.comes_to(item, "resolved")

    assert (claim["attempt"], claim["to"], refused["code"]) == (2, contact, "resend_already_running")
    assert requested(told, item) is None


def test_content_that_is_handed_over_afterwards_is_resent_by_undelivered_and_sent_once(application):
    item = application.bounced("lale")
    contact, _ = application.correct("lale")
    notification = {
        "notification_id": item["notification_id"],
        "customer_id": item["customer"]["id"],
        "channel": "email",
        "title": "Invoice 17",
        "text": "Dear Lale",
    }
    answer = application.call("POST", "/notifications", 202, json={"notifications": [notification]})
    assert answer["refused"] == []

    application.acting.stays(lambda: application.acting.sent(contact) == [], seconds=5)
    application.resend(item)
    detail = application.comes_to(item, "resolved")

    (sent,) = application.acting.sent(contact)
    assert sent["tags"]["undelivered-attempt"] == ["2"]
    assert detail["attempt_chain"][-1]["sent_by"] == "undelivered"


def requested(told, item):
    """Return what the host application was asked for about an item, None if nothing."""
    return next((form for form in told(item) if form["type"] == "undelivered.resend.requested"), None)


def let_its_time_be_over(application, item):
    """Make a resend due for settling, as it is when its hours have passed, and let the schedule run."""
    table, name = application.acting.stack.client("dynamodb"), application.acting.stack.tables["undelivered"]
    rows = table.query(
        TableName=name,
        IndexName="by_customer",
        KeyConditionExpression="customer_partition = :customer",
        ExpressionAttributeValues={":customer": {"S": f"{application.account_id}#{item['customer']['id']}"}},
    )["Items"]
    for row in rows:
        table.update_item(
            TableName=name,
            Key={key: row[key] for key in ("account_id", "entry_key")},
            UpdateExpression="SET settle_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
    application.acting.invoke("Cleanup")
