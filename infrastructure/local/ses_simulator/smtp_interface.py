"""SES's SMTP interface: an email that it receives is sent as a raw message, to the recipients of the envelope.

The responses are those of the Amazon SES Developer Guide, "SMTP response codes returned by Amazon SES". Any credentials
are accepted, as they are by the emulator, but a client must sign in. There is no STARTTLS: a certificate for this
machine would be signed by nobody that clients trust.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger("simulator")

_MAXIMUM_MAIL: Final = 40 * 1024 * 1024
_TEMPORARY: Final = "454 Temporary service failure"
_RESPONSES: Final = {
    "Throttling": "454 Throttling failure",
    "MessageRejected": "554 Message rejected",
    "ConfigurationSetDoesNotExist": "554 Configuration Set does not exist",
    "AccessDenied": "554 Access denied",
}
"""The responses to errors of SendRawEmail. All other errors of the message are "554 Transaction failed"."""

SendRaw = Callable[[str, Sequence[str], bytes], str]
"""Sends a raw message from an address to recipients and returns its message id; raises ClientError."""


class SmtpInterface:
    """The commands of the SMTP interface."""

    def __init__(self, send_raw: SendRaw) -> None:
        self._send_raw = send_raw

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - aiosmtpd's signature
        """Send an email; the response has its message id."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            message_id = await asyncio.to_thread(
                self._send_raw, envelope.mail_from or "", list(envelope.rcpt_tos), content
            )
        except ClientError as error:
            return response_to(error)
        except BotoCoreError as error:
            logger.warning("an email by SMTP was not sent: %s", type(error).__name__)
            return _TEMPORARY
        return f"250 Ok {message_id}"

    def serve(self) -> SMTP:
        """Return the protocol of one connection."""
        return SMTP(
            self,
            data_size_limit=_MAXIMUM_MAIL,
            ident="ESMTP undelivered simulator",
            authenticator=_accept_any,
            auth_required=True,
            auth_require_tls=False,
        )


def _accept_any(*_arguments: object) -> AuthResult:
    return AuthResult(success=True)


def response_to(error: ClientError) -> str:
    """Return the SMTP response to an error of SendRawEmail."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code.startswith(("Internal", "ServiceUnavailable")):
        return _TEMPORARY
    return f"{_RESPONSES.get(code, '554 Transaction failed')}: {message}"
