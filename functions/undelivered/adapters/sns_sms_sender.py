"""Text messages through Amazon SNS."""

from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct

from undelivered.domain.errors import PermanentSendError, RetryableError
from undelivered.domain.taxonomy import Reason
from undelivered.services.ports import OutgoingMessage

# Amazon SNS API Reference, "Publish", errors.
_NOT_TAKEN = frozenset({"Throttled", "Throttling", "ThrottlingException", "KMSThrottling", "ServiceUnavailable"})
_REFUSED = {
    "InvalidParameter": Reason.BODY_INVALID,
    "InvalidParameterValue": Reason.BODY_INVALID,
    "ParameterValueInvalid": Reason.BODY_INVALID,
    "ValidationException": Reason.BODY_INVALID,
    "OptedOut": Reason.OPTED_OUT,
    "AuthorizationError": Reason.SENDING_PAUSED,
    "UserError": Reason.REJECTED,
}
_NUMBER = "PhoneNumber"
"""Named by a refusal of the number: ``Invalid parameter: PhoneNumber Reason: +1555 is not valid to publish to``."""


class SnsSmsSender(Struct, frozen=True):
    """Sends texts as transactional messages: what a business tells its customers, not advertising."""

    client: Any

    def send(self, message: OutgoingMessage) -> str:
        """Send and return SNS's message id; see ``ports.MessageSender`` for the errors."""
        try:
            answer = self.client.publish(
                PhoneNumber=message.to,
                Message=message.text,
                MessageAttributes={
                    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
                },
            )
        except ClientError as error:
            raise _judged(error) from error
        return str(answer["MessageId"])


def _judged(error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _NOT_TAKEN:
        return RetryableError(f"SNS is busy: {code}")
    if code in _REFUSED:
        reason = _REFUSED[code]
        if reason is Reason.BODY_INVALID and _NUMBER in error.response["Error"].get("Message", ""):
            reason = Reason.NUMBER_INVALID
        return PermanentSendError(reason, f"SNS refused the message: {code}")
    return error
