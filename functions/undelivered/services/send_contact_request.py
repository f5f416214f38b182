"""Send the message that asks a customer to correct a contact, at once or when its time has come."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from undelivered.domain.account_settings import ContactRequestSettings
from undelivered.domain.contact_link import ContactMessage
from undelivered.domain.contact_request import (
    ContactRequest,
    ContactRequestState,
    WaitingRequest,
    answer_text,
    asking_text,
    asking_title,
    other_channel,
)
from undelivered.domain.errors import UnreadableRecordError
from undelivered.domain.language import Language, Texts
from undelivered.domain.notification import Notification
from undelivered.services.ports import (
    AccountStore,
    ContactRequestStore,
    CustomerStore,
    NotificationStore,
    SendJob,
    SendQueue,
)
from undelivered.services.try_each import OnError, raise_error, try_each


class SendContactRequest(Struct, frozen=True):
    """Queues the messages of a request. Doing it again changes nothing, because an attempt is claimed once."""

    notifications: NotificationStore
    accounts: AccountStore
    urgent: SendQueue
    texts: Callable[[Language], Texts]

    def __call__(self, request: ContactRequest) -> None:
        """Queue the message that asks; raises RetryableError."""
        settings, texts = self._wording(request)
        self._put(request, request.notification_id, asking_text(request, settings, texts), request.asked_at)

    def answer(self, request: ContactRequest) -> None:
        """Queue the message that answers a reply; raises RetryableError."""
        settings, texts = self._wording(request)
        self._put(request, request.answer_id, answer_text(settings, texts), request.waits_until)

    def _wording(self, request: ContactRequest) -> tuple[ContactRequestSettings, Texts]:
        return self.accounts.settings(request.account_id).contact_requests, self.texts(request.language)

    def _put(self, request: ContactRequest, notification_id: str, text: str, created_at: datetime) -> None:
        account_id, channel = request.account_id, other_channel(request.channel)
        notification = Notification(
            account_id=account_id,
            notification_id=notification_id,
            customer_id=request.customer_id,
            channel=channel,
            title=asking_title(request.channel, self.texts(request.language)),
            text=text,
            created_at=created_at,
            to=request.to,
            contact_message=ContactMessage(link=request.key),
        )
        self.notifications.add(notification)
        self.urgent.put([SendJob(account_id, notification_id, 1, channel=channel)])


class SendDueContactRequests(Struct, frozen=True):
    """The part of ``cleanup`` that sends what waited: requests, and answers to replies.

    They waited for the end of quiet hours, or the rule of the account asked.
    """

    requests: ContactRequestStore
    customers: CustomerStore
    send: SendContactRequest
    clock: Callable[[], datetime]

    def __call__(self, has_time: Callable[[], bool], on_error: OnError = raise_error) -> int:
        """Send what is due while ``has_time`` returns True; return how many. An error goes to ``on_error``."""
        sent = 0

        def send(waiting: WaitingRequest) -> None:
            nonlocal sent
            with suppress(UnreadableRecordError):  # each run looks again, as long as the request is kept
                request = self.requests.find(waiting.key)
                if request and self._is_open(request):
                    if request.answer_at:
                        self.send.answer(request)
                    else:
                        self.send(request)
                    sent += 1
                self.requests.end_wait(waiting)

        try_each(lambda: self.requests.due(self.clock()), send, has_time, on_error)
        return sent

    def _is_open(self, request: ContactRequest) -> bool:
        customer = self.customers.find(request.account_id, request.customer_id)
        return request.state_at(self.clock(), customer) is ContactRequestState.OPEN
