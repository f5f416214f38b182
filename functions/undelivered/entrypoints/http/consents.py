"""The consent of a customer, in the body of a request."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from undelivered.domain.customer import Consent
from undelivered.domain.identifiers import parse_timestamp
from undelivered.entrypoints.http.errors import invalid_body

_MAX_CLOCK_SKEW: Final = timedelta(minutes=5)

_ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ConsentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's consent to get messages again: who gave it, how, and when (RFC 3339)."""

    given_by: _ShortText
    how: _ShortText
    at: Annotated[str, msgspec.Meta(description="RFC 3339, not in the future", examples=["2026-11-23T18:00:00Z"])]


def consent_of(body: ConsentBody, now: datetime) -> Consent:
    """Return the consent of a body; raises ProblemError."""
    try:
        at = parse_timestamp(body.at)
    except (ValueError, OverflowError):
        raise invalid_body("consent.at", "must be a date-time such as 2026-11-23T18:00:00Z") from None
    if at > now + _MAX_CLOCK_SKEW:
        raise invalid_body("consent.at", "must not be in the future")
    for name in ("given_by", "how"):
        if not getattr(body, name).strip():
            raise invalid_body(f"consent.{name}", "must not be empty")
    return Consent(body.given_by.strip(), body.how.strip(), at)
