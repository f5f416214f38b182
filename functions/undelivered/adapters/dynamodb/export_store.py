"""The store of exports on DynamoDB."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import astuple, replace
from pynamodb.exceptions import PutError

from undelivered.adapters.dynamodb.client import busy_is_retryable, is_condition_failure
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.failure_counts import CLASS_BY_CODE
from undelivered.domain.item import State
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.domain.taxonomy import Fault, Reason
from undelivered.services.request_export import EXPORT_LIFETIME, Export, ExportPart, ExportPosition, ExportState


class DynamoExportStore:
    """``exports.ExportStore`` on the table Accounts."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    def find(self, account_id: str, export_id: str) -> Export | None:
        """Return an export as it is now (a consistent read), or None when unknown or forgotten."""
        with busy_is_retryable():
            try:
                model = AccountModel.get(account_id, _record(export_id), consistent_read=True)
            except AccountModel.DoesNotExist:
                return None
        # DynamoDB removes late, and the file may be gone by then.
        if model.purge_at is None or model.purge_at <= self._clock():
            return None
        return _export_of(account_id, export_id, json.loads(model.body), int(model.version or 0))

    def save(self, export: Export) -> Export:
        """Write an export for as long as it can be asked after; raises StaleWriteError."""
        version, record = export.version + 1, _record(export.export_id)
        body = json.dumps(_body_of(export), separators=(",", ":"))
        purge_at = export.at.replace(microsecond=0) + EXPORT_LIFETIME
        model = AccountModel(export.account_id, record, body=body, version=version, purge_at=purge_at)
        unchanged = (
            AccountModel.version == export.version if export.version else AccountModel.account_id.does_not_exist()
        )
        with busy_is_retryable():
            try:
                model.save(unchanged)
            except PutError as error:
                if not is_condition_failure(error):
                    raise
                # botocore repeats a write whose answer was lost, and then finds it done: by itself.
                if AccountModel.get(export.account_id, record, consistent_read=True).body != body:
                    raise StaleWriteError("somebody else wrote this export in between") from error
        return replace(export, version=version)

    def find_all(self, account_id: str) -> Sequence[Export]:
        """Return the exports of an account that can be asked after."""
        with busy_is_retryable():
            models = list(AccountModel.query(account_id, AccountModel.record.startswith(_record(""))))
        return [
            _export_of(
                account_id, model.record.removeprefix(_record("")), json.loads(model.body), int(model.version or 0)
            )
            for model in models
        ]

    def remove(self, export: Export) -> None:
        """Forget an export."""
        with busy_is_retryable():
            AccountModel(export.account_id, _record(export.export_id)).delete()


def _record(export_id: str) -> str:
    return f"export~{export_id}"


def _body_of(export: Export) -> dict[str, Any]:
    position = export.position
    return {
        "wanted": _written_filter(export.report_filter),
        "at": export.at.isoformat(),
        "by": export.by,
        "touched_at": export.touched_at.isoformat(),
        "state": export.state,
        "rows": export.rows,
        "detail": export.detail,
        "place": [
            position.upload,
            [astuple(part) for part in position.parts],
            position.remainder,
            position.rows,
            position.after,
        ],
        "is_read": position.is_read,
        "next_part": export.next_part,
        "attempts": export.attempts,
        "holder": export.claimed_by,
    }


def _export_of(account_id: str, export_id: str, body: dict[str, Any], version: int) -> Export:
    upload, parts, rest, rows, after = body["place"]
    return Export(
        account_id,
        export_id,
        _read_filter(body["wanted"]),
        datetime.fromisoformat(body["at"]),
        body["by"],
        datetime.fromisoformat(body["touched_at"]),
        ExportState(body["state"]),
        body["rows"],
        body["detail"],
        ExportPosition(upload, tuple(ExportPart(*part) for part in parts), rest, rows, after, is_read=body["is_read"]),
        body["next_part"],
        body["attempts"],
        body["holder"],
        version,
    )


def _written_filter(wanted: ReportFilter) -> dict[str, Any]:
    return {
        "period": [wanted.period.start.isoformat(), wanted.period.end.isoformat()],
        "states": sorted(wanted.states),
        "classes": None if wanted.classes is None else sorted(each.code for each in wanted.classes),
        "faults": sorted(wanted.faults),
        "reasons": sorted(wanted.reasons),
        "ready": wanted.ready,
        "customer_id": wanted.customer_id,
        "search": wanted.search,
    }


def _read_filter(stored: dict[str, Any]) -> ReportFilter:
    start, end = map(datetime.fromisoformat, stored["period"])
    codes = stored["classes"]
    return ReportFilter(
        period=Period(start, end),
        states=frozenset(map(State, stored["states"])),
        classes=None if codes is None else frozenset(CLASS_BY_CODE[code] for code in codes),
        faults=frozenset(map(Fault, stored["faults"])),
        reasons=frozenset(map(Reason, stored["reasons"])),
        ready=stored["ready"],
        customer_id=stored["customer_id"],
        search=stored["search"],
    )
