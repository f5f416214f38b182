"""The store of notifications and their attempts on DynamoDB."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from pynamodb.exceptions import DeleteError, PutError

from undelivered.adapters.dynamodb.client import (
    Row,
    batch_get,
    batch_put,
    busy_is_retryable,
    get,
    is_condition_failure,
    query,
    query_all,
)
from undelivered.adapters.dynamodb.models import NotificationModel
from undelivered.adapters.dynamodb.stored_json import from_json, to_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each, read_first, read_one, stored_moment
from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.item import REPORT_WINDOW
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome

_CLAIMED = SendOutcome.CLAIMED.value
_ATTEMPT_DIGITS = 4
_IDS_AT_ONCE = 100
_ACCEPTED = "~accepted~"
"""The start of the records of accepted messages. No id contains a tilde."""


def _now() -> datetime:
    return datetime.now(UTC)


class DynamoNotificationStore:
    """``ports.NotificationStore`` on the table Notifications.

    ``content_days_of`` returns for how many days an account keeps content. After that, a notification is not found,
    even if DynamoDB has not deleted it yet. Attempts are kept for the same time.
    """

    def __init__(self, *, content_days_of: Callable[[str], int], clock: Callable[[], datetime] = _now) -> None:
        self._content_days_of = content_days_of
        self._clock = clock

    def add(self, notification: Notification) -> bool:
        """Store a notification; return False if its id exists already."""
        model = NotificationModel(
            notification.account_id,
            notification.notification_id,
            body=_notification_to_json(notification),
            customer_partition=f"{notification.account_id}#{notification.customer_id}",
            purge_at=self._purge_at(notification.account_id, notification.created_at),
        )
        return _save_once(model)

    def _purge_at(self, account_id: str, since: datetime) -> datetime:
        # A TTL holds whole seconds.
        return since.replace(microsecond=0) + timedelta(days=self._content_days_of(account_id))

    def find(self, account_id: str, notification_id: str) -> Notification | None:
        """Return a notification, or None if it is unknown or no longer kept; raises UnreadableRecordError."""
        row = get(NotificationModel, account_id, notification_id)
        return read_one(row, self._kept) if row else None

    def _kept(self, row: Row) -> Notification | None:
        """Return the notification of a row, or None if it is no longer kept."""
        return notification_of(row) if int(row["purge_at"]["N"]) > self._clock().timestamp() else None

    def find_many(self, account_id: str, notification_ids: Sequence[str]) -> Sequence[Notification]:
        """Return the notifications that are kept."""
        rows = batch_get(NotificationModel, account_id, [*dict.fromkeys(notification_ids)], "record", consistent=True)
        return [notification for notification in read_each(rows, self._kept) if notification]

    def attempts(self, account_id: str, notification_id: str) -> Sequence[SendAttempt]:
        """Return the attempts of a notification in order."""
        return list(read_each(_attempt_rows(account_id, notification_id), attempt_of))

    def find_attempt(self, account_id: str, notification_id: str, number: int) -> SendAttempt | None:
        """Return an attempt of a notification (a consistent read), or None if it was never claimed."""
        row = get(NotificationModel, account_id, _attempt_record(notification_id, number))
        return read_one(row, attempt_of) if row else None

    def claim(self, attempt: SendAttempt) -> bool:
        """Record that an attempt is about to be sent; return False if it is claimed already."""
        return _save_once(self._model_of(attempt))

    def release(self, attempt: SendAttempt) -> None:
        """Delete the claim of an attempt that was certainly not sent, unless its outcome is recorded."""
        with busy_is_retryable():
            try:
                self._model_of(attempt).delete(NotificationModel.outcome == _CLAIMED)
            except DeleteError as error:
                if not is_condition_failure(error):
                    raise

    def record(self, attempt: SendAttempt) -> None:
        """Record the outcome of a claimed attempt; an interrupted attempt keeps an outcome that was recorded before."""
        still_claimed = NotificationModel.outcome == _CLAIMED if attempt.outcome is SendOutcome.INTERRUPTED else None
        with busy_is_retryable():
            try:
                self._model_of(attempt).save(still_claimed)
            except PutError as error:
                if not is_condition_failure(error):
                    raise

    def find_by_provider_message_id(self, provider_message_id: str) -> SendAttempt | None:
        """Return the attempt with a provider's message id; raises UnreadableRecordError."""
        rows, _ = query(NotificationModel, provider_message_id, None, index="by_provider_message_id", limit=1)
        return read_one(rows[0], attempt_of) if rows else None

    def recent_sends_to(self, account_id: str, address: str, limit: int) -> Sequence[SendAttempt]:
        """Return the newest attempts to an address with a known outcome, newest first.

        The address must be written as it was sent to.
        """
        partition = _sends_partition(account_id, address)
        return read_first(attempt_of, limit, NotificationModel, partition, None, index="by_settle", newest_first=True)

    def first_sends_of_customer(self, account_id: str, customer_id: str, limit: int) -> Sequence[SendAttempt]:
        """Return the first attempt of up to ``limit`` notifications of a customer. Contents are not read."""
        records = [_attempt_record(id_, 1) for id_ in _ids_of_customer(account_id, customer_id, limit, None)]
        return list(read_each(batch_get(NotificationModel, account_id, records, "record"), attempt_of))

    def add_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """Record accepted messages in the index of sends by address, apart from the sends; raises RetryableError."""
        rows = {message.record: message.serialize() for message in map(_accepted_model, messages)}
        batch_put(NotificationModel, [*rows.values()])

    def accepted_to(self, account_id: str, address: str, limit: int) -> Sequence[AcceptedMessage]:
        """Return the newest accepted messages to an address, newest first."""
        partition = _accepted_partition(account_id, address)
        return read_first(accepted_of, limit, NotificationModel, partition, None, index="by_settle", newest_first=True)

    def erase_accepted(self, account_id: str, address: str, customer_id: str | None) -> None:
        """Delete the accepted messages to an address, also those that cannot be read unless a customer is given."""
        rows = query_all(NotificationModel, _accepted_partition(account_id, address), None, index="by_settle")
        for row in list(rows):
            message = next(read_each([row], accepted_of), None)
            if customer_id is None or (message and message.customer_id == customer_id):
                _delete(account_id, row["record"]["S"])

    def unrecorded(self, claimed_before: datetime, limit: int) -> Sequence[SendAttempt]:
        """Return attempts without a recorded outcome that were claimed before a time, oldest first."""
        due = NotificationModel.settle_at < claimed_before.timestamp()
        return read_first(attempt_of, limit, NotificationModel, _CLAIMED, due, index="by_settle")

    def interrupted(self, claimed_from: datetime, claimed_to: datetime, limit: int) -> Sequence[SendAttempt]:
        """Return attempts recorded as interrupted that were claimed between two times, oldest first."""
        within = NotificationModel.settle_at.between(claimed_from.timestamp(), claimed_to.timestamp())
        interrupted = SendOutcome.INTERRUPTED.value
        return read_first(attempt_of, limit, NotificationModel, interrupted, within, index="by_settle")

    def find_by_customer(
        self, account_id: str, customer_id: str, limit: int, after: str | None = None
    ) -> tuple[Sequence[Notification], str | None]:
        """Return a customer's notifications by id, expired ones too, and the id to continue after, or None."""
        ids = _ids_of_customer(account_id, customer_id, limit, after)
        rows = read_each(_rows(account_id, ids), notification_of)
        found = {notification.notification_id: notification for notification in rows}
        return [found[id_] for id_ in ids if id_ in found], ids[-1] if len(ids) == limit else None

    def erase(self, notification: Notification) -> None:
        """Remove a notification and its attempts; a sent attempt keeps its message id, with the outcome ``ERASED``."""
        self._erase(notification.account_id, notification.notification_id)

    def erase_unreadable(self, account_id: str, customer_id: str) -> int:
        """Remove the notifications of a customer that cannot be read, with their attempts; return how many."""
        erased, after = 0, None
        while ids := _ids_of_customer(account_id, customer_id, _IDS_AT_ONCE, after):
            for row in _rows(account_id, ids):
                if not any(read_each([row], notification_of)):
                    self._erase(account_id, row["record"]["S"])
                    erased += 1
            after = ids[-1]
        return erased

    def _erase(self, account_id: str, notification_id: str) -> None:
        for row in _attempt_rows(account_id, notification_id):
            attempt = next(read_each([row], attempt_of), None)
            if attempt and attempt.provider_message_id:
                kept = self._model_of(
                    replace(attempt, to="", by="", entry_key="", correlation_id="", outcome=SendOutcome.ERASED)
                )
                kept.settle_partition = kept.settle_at = None
                with busy_is_retryable():
                    kept.save()
            else:
                _delete(account_id, row["record"]["S"])
        _delete(account_id, notification_id)

    def _model_of(self, attempt: SendAttempt) -> NotificationModel:
        return NotificationModel(
            attempt.account_id,
            _attempt_record(attempt.notification_id, attempt.number),
            body=to_json((attempt.to, attempt.claimed_at, attempt.by, attempt.entry_key)),
            outcome=attempt.outcome.value,
            provider_message_id=attempt.provider_message_id or None,
            correlation_id=attempt.correlation_id or None,
            settle_partition=_settle_partition(attempt),
            settle_at=attempt.claimed_at.timestamp(),
            purge_at=self._purge_at(attempt.account_id, attempt.claimed_at),
        )


def _attempt_record(notification_id: str, number: int) -> str:
    return f"{notification_id}~{number:0{_ATTEMPT_DIGITS}}"


def _settle_partition(attempt: SendAttempt) -> str:
    """Return the partition of ``by_settle`` of an attempt: one of all accounts while its outcome is not known."""
    is_known = attempt.outcome not in {SendOutcome.CLAIMED, SendOutcome.INTERRUPTED}
    return _sends_partition(attempt.account_id, attempt.to) if is_known else attempt.outcome.value


def _sends_partition(account_id: str, address: str) -> str:
    """Return the partition of ``by_settle`` with the attempts to an address that have a known outcome."""
    return f"{account_id}#{recipient_digest(address)}"


def _accepted_partition(account_id: str, address: str) -> str:
    """Return the partition of ``by_settle`` with the accepted messages to an address."""
    return f"{account_id}~{recipient_digest(address)}"


def _accepted_model(message: AcceptedMessage) -> NotificationModel:
    return NotificationModel(
        message.account_id,
        f"{_ACCEPTED}{message.provider_message_id}~{recipient_digest(message.to)}",
        body=to_json(replace(message, account_id="")),
        settle_partition=_accepted_partition(message.account_id, message.to),
        settle_at=message.sent_at.timestamp(),
        purge_at=message.sent_at.replace(microsecond=0) + REPORT_WINDOW,
    )


def accepted_of(row: Row) -> AcceptedMessage:
    """Return the accepted message of a row; raises an error if it cannot be read."""
    message = from_json(row["body"]["S"], AcceptedMessage)
    stored_moment(message.sent_at.isoformat())
    stored_moment(message.accepted_at.isoformat())
    return replace(message, account_id=row["account_id"]["S"])


def _attempt_rows(account_id: str, notification_id: str) -> list[Row]:
    prefix = f"{notification_id}~"
    rows = query_all(NotificationModel, account_id, NotificationModel.record.startswith(prefix), consistent=True)
    # The id of another notification may start with this id and a tilde.
    return [row for row in rows if len(row["record"]["S"]) == len(prefix) + _ATTEMPT_DIGITS]


def _ids_of_customer(account_id: str, customer_id: str, limit: int, after: str | None) -> list[str]:
    within = NotificationModel.record > after if after else None
    rows, _ = query(NotificationModel, f"{account_id}#{customer_id}", within, index="by_customer", limit=limit)
    return [row["record"]["S"] for row in rows]


def _rows(account_id: str, notification_ids: Sequence[str]) -> Iterator[Row]:
    return batch_get(NotificationModel, account_id, notification_ids, "record", consistent=True)


def _delete(account_id: str, record: str) -> None:
    with busy_is_retryable():
        NotificationModel(account_id, record).delete()


def _save_once(model: NotificationModel) -> bool:
    with busy_is_retryable():
        try:
            model.save(NotificationModel.account_id.does_not_exist())
        except PutError as error:
            if is_condition_failure(error):
                return False
            raise
    return True


def _notification_to_json(notification: Notification) -> str:
    # The key holds both ids.
    return to_json(replace(notification, account_id="", notification_id=""))


def notification_of(row: Row) -> Notification:
    """Return the notification of a row; raises an error if it cannot be read."""
    notification = from_json(row["body"]["S"], Notification)
    stored_moment(notification.created_at.isoformat())
    return replace(notification, account_id=row["account_id"]["S"], notification_id=row["record"]["S"])


def attempt_of(row: Row) -> SendAttempt:
    """Return the attempt of a row; raises an error if it cannot be read."""
    model = NotificationModel.from_raw_data(row)
    notification_id, _, number = model.record.rpartition("~")
    to, claimed_at, by, entry_key = from_json(model.body, tuple[str, datetime, str, str])
    stored_moment(claimed_at.isoformat())
    return SendAttempt(
        account_id=model.account_id,
        notification_id=notification_id,
        number=int(number),
        to=to,
        claimed_at=claimed_at,
        by=by,
        entry_key=entry_key,
        provider_message_id=model.provider_message_id or "",
        correlation_id=model.correlation_id or "",
        outcome=SendOutcome(model.outcome or _CLAIMED),
    )
