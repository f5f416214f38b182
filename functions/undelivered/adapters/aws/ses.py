"""Sends email through Amazon SES API v2."""

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.adapters.aws.email_addresses import address_as_sent, mailbox_as_sent
from undelivered.adapters.aws.send_refusals import refusal
from undelivered.domain.attachment import Attachment
from undelivered.domain.errors import PermanentSendError, ProviderBusyError, QuotaUsedUpError
from undelivered.domain.send_rate import SendQuota
from undelivered.domain.taxonomy import Reason
from undelivered.observability import describe_error, logger
from undelivered.services.ports import OutgoingMessage

# Amazon SES API v2 Reference, "SendEmail", errors. After any other error, such as a timeout, the message may have
# been accepted or not.
_NOT_ACCEPTED = frozenset(
    {"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling", "ServiceUnavailable"}
)
_DAY_USED_UP: Final = "daily"
"""SES gives both of its quotas the same code. Only the message names the quota of the day: ``Daily message quota
exceeded`` (Amazon SES Developer Guide, "Errors related to the sending quotas for your Amazon SES account")."""

_REFUSED = {
    "MessageRejected": Reason.REJECTED,
    "BadRequestException": Reason.BODY_INVALID,
    "MailFromDomainNotVerifiedException": Reason.SENDING_REFUSED,
    "NotFoundException": Reason.SENDING_REFUSED,
    "AccountSuspendedException": Reason.SENDING_PAUSED,
    "SendingPausedException": Reason.SENDING_PAUSED,
}


class SesSender(Struct, frozen=True):
    """Sends email. Resends use a configuration set of their own, which also publishes deliveries.

    ``read_file`` returns the content of the file under a key, or None if there is none.
    """

    client: Any
    configuration_set: str
    resend_configuration_set: str
    read_file: Callable[[str], bytes | None]

    def send(self, message: OutgoingMessage) -> str:
        """Send and return SES's message id; see ``ports.MessageSender`` for the errors."""
        sender, recipient, reply_to = _addresses(message)
        content = _content(message)
        if message.attachments:
            content["Attachments"] = [self._attachment(attachment) for attachment in message.attachments]
        try:
            response = self.client.send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [recipient]},
                ReplyToAddresses=reply_to,
                Content={"Simple": content},
                EmailTags=[{"Name": name, "Value": value} for name, value in message.tags.items()],
                ConfigurationSetName=self.resend_configuration_set if message.resend else self.configuration_set,
            )
        except ClientError as error:
            raise _classify_error(error) from error
        return str(response["MessageId"])

    def _attachment(self, attachment: Attachment) -> dict[str, Any]:
        """Return a file as SES expects it; raises PermanentSendError if it is gone, and RetryableError."""
        content = self.read_file(attachment.key)
        if content is None:
            raise PermanentSendError(Reason.ATTACHMENT_MISSING, "a file of the message is no longer stored")
        return {
            "FileName": attachment.file_name,
            "ContentType": attachment.content_type,
            "ContentDisposition": "ATTACHMENT",
            # By default, SES puts the bytes into the message as they are, as 7-bit text.
            "ContentTransferEncoding": "BASE64",
            "RawContent": content,
        }


def read_ses_quota(client: Any) -> SendQuota | None:  # noqa: ANN401 - botocore creates its clients at run time
    """Return the AWS account's sending quota in this region (``GetAccount``), None if SES does not answer.

    A quota of -1 emails in 24 hours is unlimited (Amazon SES API v2, *SendQuota*).
    """
    try:
        quota = client.get_account()["SendQuota"]
    except (ClientError, BotoCoreError) as error:
        logger.warning("sending quota not read", reason=describe_error(error))
        return None
    of_the_day = quota["Max24HourSend"]
    return SendQuota(quota["MaxSendRate"], None if of_the_day < 0 else of_the_day - quota["SentLast24Hours"])


def _addresses(message: OutgoingMessage) -> tuple[str, str, list[str]]:
    """Return the sender, the recipient and the reply addresses as SES accepts them; raises PermanentSendError."""
    sender, recipient = mailbox_as_sent(message.sender), address_as_sent(message.to)
    reply_to = mailbox_as_sent(message.reply_to) if message.reply_to else ""
    if sender is None:
        raise PermanentSendError(Reason.SENDING_REFUSED, "SES does not accept the address of the sender")
    if recipient is None:
        raise PermanentSendError(Reason.ADDRESS_MALFORMED, "SES accepts only ASCII characters before the @")
    if reply_to is None:
        raise PermanentSendError(Reason.SENDING_REFUSED, "SES does not accept the address for replies")
    return sender, recipient, [reply_to] if reply_to else []


def _content(message: OutgoingMessage) -> dict[str, Any]:
    body = {"Text": {"Data": message.text, "Charset": "UTF-8"}}
    if message.html:
        body["Html"] = {"Data": message.html, "Charset": "UTF-8"}
    content: dict[str, Any] = {"Subject": {"Data": message.subject, "Charset": "UTF-8"}, "Body": body}
    if message.headers:
        content["Headers"] = [{"Name": name, "Value": value} for name, value in message.headers.items()]
    return content


def _classify_error(error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _NOT_ACCEPTED:
        if _DAY_USED_UP in error.response["Error"].get("Message", "").lower():
            return QuotaUsedUpError(f"the quota of the day is used up: {code}")
        return ProviderBusyError(f"SES is busy: {code}")
    return refusal("SES", error, _REFUSED)
