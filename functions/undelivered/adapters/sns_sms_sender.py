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
    "OptedOut": Reason.REJECTED,
    "AuthorizationError": Reason.SENDING_PAUSED,
    "UserError": Reason.REJECTED,
}


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
            code = error.response.get("Error", {}).get("Code", "")
            if code in _NOT_TAKEN:
                raise RetryableError(f"SNS is busy: {code}") from error
            if code in _REFUSED:
                raise PermanentSendError(_REFUSED[code], f"SNS refused the message: {code}") from error
            raise
        return str(answer["MessageId"])
