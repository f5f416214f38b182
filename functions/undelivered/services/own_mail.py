"""Send Undelivered's own emails to users, such as digests: each once, and never as part of a report."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import PermanentSendError, ProviderBusyError, RetryableError
from undelivered.domain.message_tags import tags_with_ids
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import MessageSender, NotificationStore, OutgoingMessage
from undelivered.services.send_pace import SendPace
from undelivered.services.sender_rule import SenderRule


class OwnMail(Struct, frozen=True):
    """Sends emails of Undelivered's own. Their names start with ``DIGEST_PREFIX``, so events about them are ignored."""

    notifications: NotificationStore
    sender: MessageSender
    sender_rule: SenderRule
    clock: Callable[[], datetime]
    pace: SendPace

    def send_once(  # noqa: PLR0913 - what an email consists of
        self, settings: AccountSettings, name: str, recipient: str, *, subject: str, text: str, deadline: float
    ) -> bool:
        """Send an email unless one with this name was sent; return whether it was sent now.

        An email that the account may not send, or that is refused, is not tried again. Raises RetryableError when there
        is no slot before the deadline (seconds since 1970).
        """
        attempt = SendAttempt(settings.account_id, name, 1, recipient, self.clock(), by="digest")
        if not self.notifications.claim(attempt):
            return False
        try:
            message = OutgoingMessage(
                channel=Channel.EMAIL,
                to=recipient,
                sender=self.sender_rule.sender_of(settings),
                subject=subject,
                text=text,
                html="",
                resend=False,
                tags=tags_with_ids({"undelivered-account": settings.account_id, "undelivered-notification": name}),
                headers={},
            )
            message_id = self._send_in_slot(message, deadline)
        except RetryableError:
            self.notifications.release(attempt)
            raise
        except PermanentSendError:
            self.notifications.record(replace(attempt, outcome=SendOutcome.FAILED))
            return False
        self.notifications.record(replace(attempt, provider_message_id=message_id, outcome=SendOutcome.SENT))
        return True

    def _send_in_slot(self, message: OutgoingMessage, deadline: float) -> str:
        """Send a message at the rate of the AWS account, before bulk sends; return the provider's message id."""
        busy = 0
        while True:
            slots = self.pace.reserve(Channel.EMAIL, 1, urgent=True, deadline=deadline).slots
            if not slots:
                raise RetryableError("the sending rate is used up")
            self.pace.wait_until(slots[0])
            try:
                return self.sender.send(message)
            except ProviderBusyError:
                busy += 1
                self.pace.wait_until(self.pace.now() + self.pace.back_off(Channel.EMAIL, busy))
