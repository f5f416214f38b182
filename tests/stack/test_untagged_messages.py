"""Messages without tags, on the deployed template: the customer is found, and unread diagnostics are listed."""

import json
from datetime import UTC, datetime

from infrastructure.local.scenario import call_api, eventually
from tests.stack.acting import WITHIN

NUMBER = "+12065550199"


def test_the_customer_of_an_untagged_text_is_found_by_the_number(acting):
    customer_id = acting.name("nina")
    call_api(acting.host, "PUT", f"/customers/{customer_id}", json={"name": "Nina", "phone": NUMBER})
    sent_at = int(datetime.now(UTC).timestamp() * 1_000)
    event = {
        "eventType": "TEXT_INVALID",
        "eventVersion": "1.0",
        "eventTimestamp": sent_at,
        "isFinal": True,
        "originationPhoneNumber": "+12065550100",
        "destinationPhoneNumber": NUMBER,
        "messageId": acting.name("text"),
        "messageRequestTimestamp": sent_at,
        "messageStatus": "INVALID",
        "messageStatusDescription": "Phone number is invalid",
    }

    acting.stack.client("sns").publish(TopicArn=acting.stack.outputs["FeedbackTopicArn"], Message=json.dumps(event))

    (item,) = eventually(lambda: acting.story.report("nina"), "the text is not on the report", WITHIN)
    assert (item["recipient"], item["reason"]) == (NUMBER, "number_invalid")


def test_a_manager_lists_the_diagnostics_without_a_known_reason(acting):
    acting.undelivered("una", acting.mailbox("undetermined", "una"))

    answer = acting.call_api("GET", "/diagnostics/unrecognised")

    assert all("@" not in shape["shape"] for shape in answer["shapes"])
