"""Converts items to rows, and rows to items.

Each value that an index or a condition needs has its own attribute. The attempts, the dismissal and the audit trail are
compact JSON in one attribute each, because DynamoDB charges by size. Values in the key (the time of sending, the
origin) and empty values are not stored again.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from undelivered.adapters.dynamodb.client import Row
from undelivered.adapters.dynamodb.stored_json import from_json, storable, to_json
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.account_settings import GraceSettings
from undelivered.domain.failure_counts import CLASS_BY_LIVE_CODE, CLASSES, live_code
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import parse_timestamp, recipient_digest, timestamp
from undelivered.domain.item import (
    LIVE_STATES,
    Attempt,
    AttemptResult,
    Audit,
    Dismissal,
    SentBy,
    State,
    UndeliveredItem,
)
from undelivered.domain.lifecycle import settles_at
from undelivered.domain.report_query import window_start
from undelivered.domain.taxonomy import CLASSIFICATIONS, Classification, Fault, Kind, Reason, Status, classification_of
from undelivered.domain.work import Work, work_of
from undelivered.services.ports import UnreadableItem

LIVE_GROUP = "live"
_USUAL_GRACE = GraceSettings()
RESENDING_PARTITION = "resending"

ERASED_MARK: Row = {"erased": {"BOOL": True}}
"""The attribute that marks an item before it is erased."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODES = {(class_.channel, class_.status, class_.kind): class_.code for class_ in CLASSES}
_LIVE_CODES = {
    (class_.channel, class_.status, class_.kind, fault): live_code(class_, fault)
    for class_ in CLASSES
    for fault in Fault
}

# DynamoDB charges by size, so values are JSON arrays, and times are microseconds since 1970 (half as long as text).
_StoredResult = tuple[Outcome, int, str, str, str]
"""Outcome, moment, classification (see ``_classification_to_text``), diagnostic, source."""


class _StoredAttempt(msgspec.Struct, array_like=True):
    """An attempt. An address or id equal to the item's is empty. ``sent_by`` is left out where it is the usual one."""

    number: int
    to: str
    at: int
    by: str
    provider_message_id: str | None
    note: str
    result: _StoredResult | None
    sent_by: SentBy = SentBy.UNDELIVERED


_StoredAudit = tuple[int, str, str, str]

_decode_attempts = msgspec.json.Decoder(tuple[_StoredAttempt, ...]).decode


class Facts(NamedTuple):
    """Values that are derived from an item once, for its row and its counters."""

    entry_key: str
    code: str
    live_code: str
    reason: Reason
    state: State
    work: Work | None


def facts_of(item: UndeliveredItem) -> Facts:
    """Return an item's key, class code, reason, state and work."""
    classification = item.classification
    failure_class = item.channel, classification.status, classification.kind
    live = _LIVE_CODES[*failure_class, classification.fault]
    return Facts(item.entry_key, _CODES[failure_class], live, classification.reason, item.state, work_of(item))


def class_partition(account_id: str, group: str, code: str) -> str:
    """Return the partition of ``by_class`` of a group: ``live``, by ``live_code``, or a final state, by class."""
    return f"{account_id}#{group}#{code}"


def live_code_of(partition: str) -> str:
    """Return the ``live_code`` of a partition of ``by_class``, empty if its items are not live."""
    rest, _, code = partition.rpartition("#")
    return code if rest.endswith(f"#{LIVE_GROUP}") else ""


def customer_partition(account_id: str, customer_id: str) -> str:
    """Return the partition of ``by_customer``; for an unknown customer the id is ``~<recipient digest>``."""
    return f"{account_id}#{customer_id}"


def state_partition(account_id: str, state: State) -> str:
    """Return the partition of ``by_ready`` that holds the items in a state other than open."""
    return f"{account_id}#{state.value}"


def undelivered_row(item: UndeliveredItem, facts: Facts, version: int, grace: GraceSettings = _USUAL_GRACE) -> Row:
    """Return the row of an item in the Undelivered table."""
    live = facts.state in LIVE_STATES
    row = _common_row(item, facts, LIVE_GROUP if live else facts.state.value, version)
    row["expires_at"] = {"N": str(int(item.leaves_at.timestamp()))}
    if facts.state is not State.OPEN:
        row["ready_partition"] = {"S": state_partition(item.account_id, facts.state)}
    elif item.ready_contact:
        row["ready_partition"] = {"S": item.account_id}
    if facts.state is State.RESENDING:
        row["settle_partition"] = {"S": RESENDING_PARTITION}
        row["settle_at"] = {"N": str(int(settles_at(item, grace).timestamp()))}
    return row


def history_row(item: UndeliveredItem, facts: Facts, version: int, kept_days: int) -> Row:
    """Return the row of an item in the History table, in its final state."""
    final = State.EXPIRED if facts.state in LIVE_STATES else facts.state
    row = _common_row(item, facts, final.value, version)
    row["purge_at"] = {"N": str(int((item.sent_at + timedelta(days=kept_days)).timestamp()))}
    return row


def _common_row(item: UndeliveredItem, facts: Facts, group: str, version: int) -> Row:
    account_id, customer_id = item.account_id, item.customer_id
    row: Row = {
        "account_id": {"S": account_id},
        "entry_key": {"S": facts.entry_key},
        "class_partition": {
            "S": f"{account_id}#{group}#{facts.live_code if group == LIVE_GROUP else facts.code}",
        },
        "customer_partition": {"S": f"{account_id}#{customer_id or '~' + recipient_digest(item.recipient)}"},
        "recipient": {"S": item.recipient},
        "attempts": {"S": _attempts_to_json(item)},
        "version": {"N": str(version)},
    }
    if item.notification_id != item.origin_id:
        row["notification_id"] = {"S": item.notification_id}
    if item.title:
        row["title"] = {"S": storable(item.title)}
    if customer_id:
        row["customer_id"] = {"S": customer_id}
    if item.customer_name:
        row["customer_name"] = {"S": storable(item.customer_name)}
    if item.ready_contact:
        row["ready_contact"] = {"S": item.ready_contact}
    if item.dismissal:
        row["dismissal"] = {"S": _dismissal_to_json(item.dismissal)}
    if item.audit:
        row["audit"] = {"S": audit_to_json(item.audit)}
    if not item.content_held:
        row["no_content"] = {"BOOL": True}
    return row


def is_erased(row: Row) -> bool:
    """Whether a row's item is being erased, so that its deletion is not announced."""
    return "erased" in row


def readable_items(rows: Iterable[Row]) -> Iterator[UndeliveredItem]:
    """Yield the items of rows. A row that cannot be read is left out; see ``unreadable_rows``."""
    return read_each(rows, whole_item_of)


def readable_item(row: Row) -> UndeliveredItem | None:
    """Return the item of a row, or None for a row that cannot be read, which is counted and logged."""
    return next(readable_items([row]), None)


def unreadable_item_of(row: Row) -> UnreadableItem:
    """Return what the key and the recipient of a row show, for a row that cannot be read."""
    entry_key = row["entry_key"]["S"]
    sent_at = None
    with suppress(ValueError):
        sent_at = parse_timestamp(entry_key.partition("~")[0])
    recipient = row.get("recipient", {}).get("S", "")
    return UnreadableItem(row["account_id"]["S"], entry_key, recipient if isinstance(recipient, str) else "", sent_at)


def whole_item_of(row: Row) -> UndeliveredItem:
    """Return the item of a row; raises an error if it has no classification, or is not under the key of the item."""
    item = item_of(row)
    if facts_of(item).entry_key != row["entry_key"]["S"]:
        raise ValueError("the row is under another key")
    return item


def item_of(row: Row) -> UndeliveredItem:
    """Return the item of a row of either table. Its time of sending is in whole seconds, as in the key."""
    key = row["entry_key"]["S"]
    sent, _, rest = key.partition("~")
    origin_id = rest.rpartition("~")[0]
    recipient = row["recipient"]["S"]
    code = row["class_partition"]["S"].rpartition("#")[2]
    return UndeliveredItem(
        account_id=row["account_id"]["S"],
        origin_id=origin_id,
        notification_id=_text(row, "notification_id") or origin_id,
        channel=CLASS_BY_LIVE_CODE[code].channel,
        recipient=recipient,
        sent_at=parse_timestamp(sent),
        attempts=_attempts_of(row["attempts"]["S"], recipient, origin_id),
        title=_text(row, "title"),
        customer_id=_text(row, "customer_id"),
        customer_name=_text(row, "customer_name"),
        ready_contact=_text(row, "ready_contact"),
        dismissal=_dismissal_of(_text(row, "dismissal")),
        audit=audit_of(_text(row, "audit")),
        content_held="no_content" not in row,
        version=int(row["version"]["N"]),
    )


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value["S"] if value else ""


def _to_microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _from_microseconds(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)


def _attempts_to_json(item: UndeliveredItem) -> str:
    attempts = [
        (
            attempt.number,
            "" if attempt.to == item.recipient else attempt.to,
            _to_microseconds(attempt.at),
            attempt.by,
            "" if attempt.provider_message_id == item.origin_id else attempt.provider_message_id or None,
            attempt.note,
            _stored_result(attempt.result) if attempt.result else None,
            *(() if attempt.sent_by is SentBy.UNDELIVERED else (attempt.sent_by,)),
        )
        for attempt in item.attempts
    ]
    return to_json(attempts)


def _stored_result(result: AttemptResult) -> _StoredResult:
    classification = _classification_to_text(result.classification) if result.classification else ""
    return result.outcome, _to_microseconds(result.at), classification, result.diagnostic, result.source


def _classification_to_text(classification: Classification) -> str:
    """Return the reason, followed by kind, status and fault only where they are not the reason's usual ones."""
    if classification == CLASSIFICATIONS[classification.reason]:
        return classification.reason.value
    kind = classification.kind.value if classification.kind else ""
    if classification == classification_of(classification.reason, classification.kind):
        return f"{classification.reason.value}/{kind}"
    return f"{classification.reason.value}/{kind}/{classification.status.value}/{classification.fault.value}"


def _classification_of_text(text: str) -> Classification:
    reason, _, rest = text.partition("/")
    kind, _, rest = rest.partition("/")
    status, _, fault = rest.partition("/")
    if status:
        return Classification(Status(status), Kind(kind) if kind else None, Fault(fault), Reason(reason))
    return classification_of(Reason(reason), Kind(kind) if kind else None)


def _attempts_of(text: str, recipient: str, origin_id: str) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(
            stored.number,
            stored.to or recipient,
            _from_microseconds(stored.at),
            stored.by,
            origin_id if stored.provider_message_id == "" else stored.provider_message_id or "",
            _result_of(stored.result) if stored.result else None,
            stored.note,
            stored.sent_by,
        )
        for stored in _decode_attempts(text)
    )


def _result_of(stored: _StoredResult) -> AttemptResult:
    outcome, at, text, diagnostic, source = stored
    classification = _classification_of_text(text) if text else None
    return AttemptResult(outcome, _from_microseconds(at), classification, diagnostic, source)


def _dismissal_to_json(dismissal: Dismissal) -> str:
    return to_json((_to_microseconds(dismissal.at), dismissal.by, dismissal.reason, dismissal.restored))


def _dismissal_of(text: str) -> Dismissal | None:
    if not text:
        return None
    at, by, reason, restored = from_json(text, tuple[int, str, str, bool])
    return Dismissal(_from_microseconds(at), by, reason, restored)


def audit_to_json(audit: Sequence[Audit]) -> str:
    """Return an audit trail as JSON."""
    return to_json([(_to_microseconds(entry.at), entry.by, entry.action, entry.detail) for entry in audit])


def audit_of(text: str) -> tuple[Audit, ...]:
    """Return the audit trail of ``audit_to_json``; an empty text holds none."""
    stored = from_json(text, tuple[_StoredAudit, ...]) if text else ()
    return tuple(Audit(_from_microseconds(at), by, action, detail) for at, by, action, detail in stored)


_HIGHEST = "\U0010ffff"


def key_from(moment: datetime) -> str:
    """Return the lower bound of the keys of items sent at or after a time."""
    whole = moment.replace(microsecond=0)
    return timestamp(whole if whole == moment else whole + timedelta(seconds=1))


def expired_below(now: datetime) -> str:
    """Return the upper bound of the keys of items past their thirty days."""
    return timestamp(window_start(now) + timedelta(seconds=1))


def just_below(key: str) -> str:
    """Return a bound between a key and all lower keys."""
    return f"{key[:-1]}{chr(ord(key[-1]) - 1)}{_HIGHEST}"


def just_above(key: str) -> str:
    """Return a bound between a key and all higher keys."""
    return f"{key}!"


def key_before(bound: str) -> str:
    """Return a key, of no item, below the keys of all items sent at the time of a bound or later."""
    return f"{bound}~!~!"


def erased_key(account_id: str, day: date) -> Row:
    """Return the key of the counter of a day's erased failures."""
    return {"account_id": {"S": account_id}, "bucket": {"S": f"E~{day.isoformat()}"}}
