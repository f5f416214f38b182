"""Queries on the report: its thirty days, date ranges and filters."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.failure_counts import CLASSES, FailureClass, class_of
from undelivered.domain.incidents import Incident
from undelivered.domain.item import LIVE_STATES, REPORT_WINDOW, State, UndeliveredItem
from undelivered.domain.resend_policy import is_ready
from undelivered.domain.resender import ResendBy
from undelivered.domain.taxonomy import Fault, Reason
from undelivered.domain.work import Work, work_of


def window_start(now: datetime) -> datetime:
    """Return the start of the report's thirty days."""
    return now - REPORT_WINDOW


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day of a time in a time zone."""
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of a day in a time zone, in UTC. Days with a clock change have 23 or 25 hours."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


class Period(Struct, frozen=True):
    """A range of sending times: ``start`` included, ``end`` excluded."""

    start: datetime
    end: datetime


def resolve_period(start: date | datetime | None, end: date | datetime | None, now: datetime, zone: ZoneInfo) -> Period:
    """Return the period of a request's ``from`` and ``to``; the default is the report's thirty days.

    A date is a whole day in the account's time zone, and a date-time includes its second. A day that a time zone
    skipped when it moved across the date line is an empty period. Raises ValueError when ``from`` is after ``to``.
    """
    first = _bound(start, zone) if start is not None else window_start(now)
    if end is None:
        last = now + timedelta(days=1)
    elif isinstance(end, datetime):
        last = end.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    else:
        last = day_start(end + timedelta(days=1), zone)
    if first > last or (first == last and not _are_days_in_order(start, end)):
        raise ValueError("'from' comes after 'to'")
    return Period(first, last)


def _are_days_in_order(start: date | datetime | None, end: date | datetime | None) -> bool:
    is_days = not isinstance(start, datetime) and not isinstance(end, datetime)
    return is_days and start is not None and end is not None and start <= end


def _bound(bound: date | datetime, zone: ZoneInfo) -> datetime:
    return bound.astimezone(UTC) if isinstance(bound, datetime) else day_start(bound, zone)


def searched_texts(item: UndeliveredItem) -> tuple[str, ...]:
    """Return the texts of an item that a search looks at."""
    return (item.title, item.customer_name, item.notification_id, *(attempt.to for attempt in item.attempts))


class ReportFilter(Struct, frozen=True):
    """A filter on the report. An empty set does not filter.

    ``classes`` are the classes that match the filters by status, kind and channel; None if there are none of these.
    ``work`` selects open items by the work that they ask for.
    ``ready`` selects items that are ready to resend under the account's settings ``resend_by`` and ``content_days``.
    ``oldest_first`` is the order of the items that match, by the time sent.
    ``search`` is part of a title, a customer name, a notification ID or an address of any attempt.
    """

    period: Period
    states: frozenset[State] = LIVE_STATES
    classes: frozenset[FailureClass] | None = None
    faults: frozenset[Fault] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    work: frozenset[Work] = frozenset()
    ready: bool = False
    resend_by: ResendBy = ResendBy.UNDELIVERED
    content_days: int = AccountSettings(account_id="").content_days
    customer_id: str = ""
    search: str = ""
    incident: Incident | None = None
    oldest_first: bool = False

    def matches(self, item: UndeliveredItem, now: datetime) -> bool:
        """Whether an item matches at a time."""
        classification = item.classification
        return (
            self.period.start <= item.sent_at < self.period.end
            and item.state_at(now) in self.states
            and (self.classes is None or class_of(item.channel, classification) in self.classes)
            and (not self.faults or classification.fault in self.faults)
            and (not self.reasons or classification.reason in self.reasons)
            and (not self.work or self._asks_for_work(item, now))
            and (not self.ready or self._is_ready(item, now))
            and (not self.customer_id or item.customer_id == self.customer_id)
            and (self.incident is None or self.incident.includes(item))
            and self._matches_search(item)
        )

    def _asks_for_work(self, item: UndeliveredItem, now: datetime) -> bool:
        return item.state_at(now) is State.OPEN and work_of(item) in self.work

    def _is_ready(self, item: UndeliveredItem, now: datetime) -> bool:
        return item.state_at(now) is State.OPEN and is_ready(item, now, self.resend_by, self.content_days)

    def _matches_search(self, item: UndeliveredItem) -> bool:
        search = self.search.casefold()
        return not search or any(search in text.casefold() for text in searched_texts(item))


def of_incident(wanted: ReportFilter, incident: Incident) -> ReportFilter:
    """Return a filter that also selects the items of an incident, and reads only their classes."""
    allowed = CLASSES if wanted.classes is None else wanted.classes
    channel, reason = incident.cause.channel, incident.cause.reason
    return replace(
        wanted,
        incident=incident,
        classes=frozenset(failure_class for failure_class in allowed if failure_class.channel is channel),
        faults=wanted.faults or frozenset({Fault.SENDER}),
        reasons=wanted.reasons or frozenset({reason}),
    )
