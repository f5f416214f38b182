"""What is published when an item changes: to which topic, in which form, findable by which attributes."""

import json

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.builders.aws import stubbed
from tests.builders.items import ACCOUNT, an_item
from undelivered.adapters.aws.sns import SnsEventPublisher
from undelivered.domain.errors import RetryableError
from undelivered.domain.item_event import event_document, item_event

TOPIC = "arn:aws:sns:us-east-1:123456789012:outcomes"
OPENED = item_event(None, an_item())


@pytest.fixture
def sns():
    with stubbed("sns") as (client, stub):
        yield client, stub


class AnyJson:
    """Equal to every JSON text of a value."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return json.loads(other) == self.value

    __hash__ = None


@pytest.mark.parametrize("with_address", [False, True])
def test_a_change_is_published_to_the_topic_as_the_documented_json(sns, with_address):
    client, stub = sns
    form = event_document(OPENED, with_address=with_address)
    expected = {
        "TopicArn": TOPIC,
        "Message": AnyJson(form),
        "MessageAttributes": {
            "account_id": {"DataType": "String", "StringValue": ACCOUNT},
            "type": {"DataType": "String", "StringValue": "undelivered.item.opened"},
        },
    }
    stub.add_response("publish", {"MessageId": "sns-1"}, expected)

    SnsEventPublisher(client, TOPIC, with_address=with_address).publish(OPENED)

    assert ("recipient" in form) is with_address


@pytest.mark.parametrize("code", ["Throttled", "InternalError", "NotFound", "AuthorizationError", "InvalidParameter"])
def test_whatever_sns_answers_it_is_tried_again_until_it_is_announced(sns, code):
    client, stub = sns
    stub.add_client_error("publish", code)

    with pytest.raises(RetryableError):
        SnsEventPublisher(client, TOPIC, with_address=False).publish(OPENED)


def test_so_it_is_when_sns_cannot_be_reached():
    class Away:
        def publish(self, **_call):
            raise EndpointConnectionError(endpoint_url="https://sns.test")

    with pytest.raises(RetryableError):
        SnsEventPublisher(Away(), TOPIC, with_address=False).publish(OPENED)
