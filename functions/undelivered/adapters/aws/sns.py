"""Sends text messages and publishes events through Amazon SNS."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.adapters.aws.send_refusals import refusal
from undelivered.domain.errors import ProviderBusyError, RetryableError
from undelivered.domain.taxonomy import Reason
from undelivered.services.ports import Event, OutgoingMessage

# Amazon SNS API Reference, "Publish", errors.
_NOT_ACCEPTED = frozenset({"Throttled", "Throttling", "ThrottlingException", "KMSThrottling", "ServiceUnavailable"})
_REFUSED = {
    "InvalidParameter": Reason.BODY_INVALID,
    "InvalidParameterValue": Reason.BODY_INVALID,
    "ParameterValueInvalid": Reason.BODY_INVALID,
    "ValidationException": Reason.BODY_INVALID,
    "OptedOut": Reason.OPTED_OUT,
    "AuthorizationError": Reason.SENDING_REFUSED,
    "UserError": Reason.SENDING_REFUSED,
}


class SnsSmsSender(Struct, frozen=True):
    """Sends text messages as transactional: notifications of a business, not advertising."""

    client: Any

    def send(self, message: OutgoingMessage) -> str:
        """Send and return SNS's message id; see ``ports.MessageSender`` for the errors."""
        try:
            response = self.client.publish(
                PhoneNumber=message.to,
                Message=message.text,
                MessageAttributes={
                    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
                },
            )
        except ClientError as error:
            raise _classify_error(error) from error
        return str(response["MessageId"])


class SnsEventPublisher(Struct, frozen=True):
    """Publishes events to a topic. Message attributes let subscribers filter by account and type."""

    client: Any
    topic_arn: str
    with_address: bool

    def publish(self, event: Event) -> None:
        """Publish an event; see ``ports.EventPublisher``."""
        document = event.document(with_address=self.with_address)
        try:
            self.client.publish(
                TopicArn=self.topic_arn,
                Message=json.dumps(document),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": str(document[name])} for name in ("account_id", "type")
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise RetryableError(f"not announced: {type(error).__name__}") from error


def _classify_error(error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _NOT_ACCEPTED:
        return ProviderBusyError(f"SNS is busy: {code}")
    return refusal("SNS", error, _REFUSED)
