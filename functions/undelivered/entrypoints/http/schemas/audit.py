"""Audit trails and times in responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from undelivered.domain.identifiers import timestamp
from undelivered.domain.item import Audit

Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in UTC (RFC 3339)."""


class AuditView(msgspec.Struct, frozen=True):
    """An action of a person."""

    at: Time
    by: str
    action: str
    detail: str


def audit_views(audit: Sequence[Audit]) -> tuple[AuditView, ...]:
    """Return an audit trail, in order."""
    return tuple(AuditView(timestamp(entry.at), entry.by, entry.action, entry.detail) for entry in audit)


def optional_timestamp(moment: datetime | None) -> str | None:
    """Return a time as the API writes it, or None."""
    return timestamp(moment) if moment else None
