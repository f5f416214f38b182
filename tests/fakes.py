"""The ports in memory, to the same contract as the real adapters (``tests/contract`` runs it on both)."""

import hashlib
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec.structs import replace

from undelivered.domain.accepted_message import AcceptedMessage
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings, GraceSettings
from undelivered.domain.act import Act
from undelivered.domain.attachment import held_before
from undelivered.domain.contact_link import RequestKey
from undelivered.domain.contact_request import RECORD_LIFETIME, ContactRequest, WaitingRequest
from undelivered.domain.customer import Customer, CustomerSearch, same_contact
from undelivered.domain.erasure import PROPAGATION_TIME, Erasure, ErasureTask
from undelivered.domain.errors import NotFoundError, StaleWriteError, UnreadableRecordError
from undelivered.domain.export import Export, ExportPart
from undelivered.domain.failure_counts import (
    FailedTotals,
    LiveCount,
    Resolution,
    class_of,
    count_change,
    live_count,
)
from undelivered.domain.identifiers import recipient_digest
from undelivered.domain.incidents import Cause, Hours, counted_hours
from undelivered.domain.item import LIVE_STATES, State, UndeliveredItem
from undelivered.domain.item_event import ItemEvent
from undelivered.domain.lifecycle import merge_items, settles_at
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.people import AccountPeople, PersonRole
from undelivered.domain.rates import DaySent, SentKey
from undelivered.domain.report_query import ReportFilter, local_day, searched_texts
from undelivered.domain.saved_view import AccountViews
from undelivered.domain.send_rate import SendRate
from undelivered.domain.setup_test import SetupTest
from undelivered.domain.signed_json import PublicKey
from undelivered.domain.suppression import Suppression, effective_suppression, hide_address, holds_provider_entry
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.domain.unrecognised import ShapeCount, ShapeMapping, total_counts, with_failure
from undelivered.domain.webhook import AccountWebhooks, WebhookDelivery
from undelivered.services.ports import (
    KeyedHashes,
    NewEntry,
    OutgoingMessage,
    Page,
    ResendBatch,
    SearchIndexState,
    SendJob,
    SuppressedAddress,
    UnreadableItem,
    UploadedFile,
    UploadForm,
)
from undelivered.services.ports.incidents import AnnouncedIncidents
from undelivered.services.ports.people import PoolUser
from undelivered.services.ports.webhooks import DeliveryJob

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def _check(stored_version: int | None, read_version: int | None) -> None:
    if stored_version != read_version:
        raise StaleWriteError("somebody else wrote in between")


def _version(stored: UndeliveredItem | Suppression | None) -> int | None:
    return stored.version if stored else None


class FakeHashes:
    """Hashes whose making a test can follow."""

    def of_customer(self, account_id: str, customer_id: str) -> str:
        return _hashed("customer", account_id, customer_id)

    def of_address(self, account_id: str, channel: Channel, address: str) -> str:
        return _hashed(channel.value, account_id, address)


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _suffix(category: str) -> str:
    return f" {category}" if category else ""


class FakeSuppressionStore:
    def __init__(self, hashes: KeyedHashes | None = None) -> None:
        self.stored: dict[tuple[str, str], Suppression] = {}
        self._hashes = hashes or FakeHashes()

    @staticmethod
    def _key(suppression: Suppression) -> tuple[str, str]:
        return suppression.account_id, f"{suppression.channel}#{suppression.address}{_suffix(suppression.category)}"

    @staticmethod
    def _hidden_key(account_id: str, channel: Channel, digest: str, category: str = "") -> tuple[str, str]:
        return account_id, f"{channel}#~{digest}{_suffix(category)}"

    def find(self, account_id: str, channel: Channel, address: str, category: str = "") -> Suppression | None:
        digest = self._hashes.of_address(account_id, channel, address)
        found = effective_suppression(
            self.stored.get((account_id, f"{channel}#{address}{_suffix(category)}")),
            self.stored.get(self._hidden_key(account_id, channel, digest, category)),
        )
        return replace(found, address=address) if found else None

    def of_categories(self, account_id: str, channel: Channel, address: str) -> Sequence[Suppression]:
        categories = {each.category for each in self.stored.values() if each.account_id == account_id} - {""}
        return self.find_many(account_id, [(channel, address, category) for category in sorted(categories)])

    def hide(self, account_id: str, channel: Channel, address: str) -> None:
        digest = self._hashes.of_address(account_id, channel, address)
        for category in ["", *(each.category for each in self.of_categories(account_id, channel, address))]:
            key = self._hidden_key(account_id, channel, digest, category)
            readable = self.stored.pop((account_id, f"{channel}#{address}{_suffix(category)}"), None)
            hidden = hide_address(readable, self.stored.get(key), digest)
            if hidden:
                self.stored[key] = replace(hidden, version=hidden.version + 1)

    def is_held_by_others(self, account_id: str, channel: Channel, address: str) -> bool:
        others = {account for account, _ in self.stored} - {account_id}
        found = (self.find(other, channel, address) for other in others)
        return any(suppression and holds_provider_entry(suppression) for suppression in found)

    def find_many(self, account_id: str, addresses: Sequence[SuppressedAddress]) -> Sequence[Suppression]:
        return [found for each in dict.fromkeys(addresses) if (found := self.find(account_id, *each))]

    def save(self, before: Suppression | None, after: Suppression) -> None:
        key = self._key(after)
        if after.address_hash:
            key, after = (
                self._hidden_key(after.account_id, after.channel, after.address_hash, after.category),
                replace(after, address=""),
            )
        _check(_version(self.stored.get(key)), _version(before))
        self.stored[key] = replace(after, version=before.version + 1 if before else 1)

    def page(
        self, account_id: str, channel: Channel | None, limit: int, after: str | None
    ) -> tuple[Sequence[Suppression], str | None]:
        found = [
            (key, each)
            for (account, key), each in sorted(self.stored.items(), key=lambda pair: pair[0])
            if account == account_id
            and each.active
            and (channel is None or each.channel is channel)
            and key > (after or "")
        ]
        return [each for _, each in found[:limit]], found[limit - 1][0] if len(found) > limit else None


class FakeUndeliveredStore:
    """Items by account and key, those on the report apart from history; also what the counters would say."""

    def __init__(
        self,
        suppressions: FakeSuppressionStore | None = None,
        *,
        clock: Clock = utc_now,
        zone_of: Callable[[str], ZoneInfo] = lambda _: ZoneInfo("UTC"),
        grace_of: Callable[[str], GraceSettings] = lambda _: GraceSettings(),
    ) -> None:
        self.suppressions = suppressions or FakeSuppressionStore()
        self.items: dict[tuple[str, str], UndeliveredItem] = {}
        self.history: dict[tuple[str, str], UndeliveredItem] = {}
        self.failed: defaultdict[tuple[str, date], Counter[str]] = defaultdict(Counter)
        self._clock = clock
        self._zone_of = zone_of
        self._grace_of = grace_of

    def add_new(self, entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
        refused = []
        for entry in entries:
            if entry.item.leaves_at <= self._clock():
                refused.append(entry)
                continue
            try:
                self.save(None, entry.item, (None, entry.suppression) if entry.suppression else None)
            except StaleWriteError:
                refused.append(entry)
        return refused

    def find(self, account_id: str, entry_key: str) -> UndeliveredItem | None:
        key = account_id, entry_key
        return self.items.get(key) or self.history.get(key)

    def save(
        self,
        before: UndeliveredItem | None,
        after: UndeliveredItem,
        suppression: tuple[Suppression | None, Suppression] | None = None,
    ) -> None:
        key = after.account_id, after.entry_key
        _check(_version(self.find(*key)), _version(before))
        if suppression:
            self.suppressions.save(*suppression)
        whole_second = after.sent_at.replace(microsecond=0)
        stored = replace(after, sent_at=whole_second, version=before.version + 1 if before else 1)
        is_past = after.leaves_at <= self._clock() and key not in self.items
        (self.history if is_past else self.items)[key] = stored
        day = local_day(after.sent_at, self._zone_of(after.account_id))
        self.failed[after.account_id, day].update(count_change(before, after).failed)

    def save_many(self, changes: Sequence[tuple[UndeliveredItem, UndeliveredItem]]) -> Collection[str]:
        stale = set()
        for before, after in changes:
            try:
                self.save(before, after)
            except StaleWriteError:
                stale.add(after.entry_key)
        return stale

    def find_many(self, account_id: str, entry_keys: Sequence[str]) -> Sequence[UndeliveredItem]:
        return [item for key in entry_keys if (item := self.find(account_id, key))]

    def _of_account(self, account_id: str) -> list[UndeliveredItem]:
        mine = {**self.history, **self.items}
        return [mine[key] for key in sorted(mine, reverse=True) if key[0] == account_id]

    def live_items_of_customer(self, account_id: str, customer_id: str) -> Sequence[UndeliveredItem]:
        return [
            item
            for item in self._of_account(account_id)
            if item.customer_id == customer_id and item.state_at(self._clock()) in LIVE_STATES
        ]

    def items_of_customer(self, item: UndeliveredItem) -> Sequence[UndeliveredItem]:
        def same(other: UndeliveredItem) -> bool:
            if item.customer_id or other.customer_id:
                return other.customer_id == item.customer_id
            return other.recipient == item.recipient

        return [other for other in self._of_account(item.account_id) if same(other)]

    def find_by_customer(
        self, account_id: str, customer_key: str, limit: int, after: str | None = None, *, in_history: bool
    ) -> Sequence[UndeliveredItem]:
        mine = self.history if in_history else self.items
        found = [
            mine[key]
            for key in sorted(mine)
            if key[0] == account_id
            and key[1] > (after or "")
            and (mine[key].customer_id or f"~{recipient_digest(mine[key].recipient)}") == customer_key
        ]
        return found[:limit]

    def newest_of_customer(self, account_id: str, customer_key: str, limit: int) -> Sequence[UndeliveredItem]:
        everything = self.find_by_customer(account_id, customer_key, len(self.items), in_history=False)
        return everything[::-1][:limit]

    def erase(self, items: Sequence[UndeliveredItem], *, in_history: bool) -> int:
        mine = self.history if in_history else self.items
        there = [item for item in items if mine.get((item.account_id, item.entry_key)) == item]
        for item in there:
            del mine[item.account_id, item.entry_key]
        return len(there)

    def _settles_at(self, item: UndeliveredItem) -> datetime:
        return settles_at(item, self._grace_of(item.account_id))

    def resends_to_settle(self, now: datetime, limit: int) -> Sequence[UndeliveredItem]:
        due = [item for item in self.items.values() if item.state is State.RESENDING and self._settles_at(item) <= now]
        return sorted(due, key=self._settles_at)[:limit]

    def sweep(self, account_id: str, now: datetime, limit: int) -> int:
        past = [key for key, item in sorted(self.items.items()) if key[0] == account_id and item.leaves_at <= now]
        for key in past[:limit]:
            del self.items[key]
        return len(past[:limit])

    def unreadable_of_customer(self, *_: object, **__: object) -> Sequence[UnreadableItem]:
        return []

    def erase_unreadable(self, items: Sequence[UnreadableItem], *, in_history: bool) -> None:
        """Do nothing: what is in memory can be read."""

    def archive(self, items: Iterable[UndeliveredItem], *, settle_counters: bool) -> None:  # noqa: ARG002
        for item in items:
            key = item.account_id, item.entry_key
            known = self.history.get(key)
            merged = merge_items(known, item) if known else item
            if merged != known:
                self.history[key] = replace(merged, version=known.version + 1) if known else merged

    def all_items(self, account_id: str) -> Sequence[UndeliveredItem]:
        """Return everything of an account, newest first; for tests."""
        return self._of_account(account_id)


class FakeSearchIndex:
    """The texts of each item, by account and key."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], tuple[str, ...]] = {}
        self.states: dict[str, SearchIndexState] = {}

    def state(self, account_id: str) -> SearchIndexState | None:
        return self.states.get(account_id)

    def save_state(self, account_id: str, state: SearchIndexState) -> None:
        self.states[account_id] = state

    def add(self, account_id: str, items: Iterable[UndeliveredItem]) -> None:
        self.texts |= {(account_id, item.entry_key): searched_texts(item) for item in items}

    def remove(self, account_id: str, entry_keys: Collection[str]) -> None:
        for key in entry_keys:
            self.texts.pop((account_id, key), None)


class FakeReportReader:
    def __init__(self, store: FakeUndeliveredStore) -> None:
        self._store = store

    def count(self, account_id: str, now: datetime) -> LiveCount:
        live = [item for item in self._store.all_items(account_id) if item.state_at(now) in LIVE_STATES]
        counted = Counter[str]()
        for item in live:
            counted.update(count_change(None, item).live)
        return live_count(counted)

    def page(self, account_id: str, wanted: ReportFilter, limit: int, after: str | None, now: datetime) -> Page:
        items = list(self._store.all_items(account_id))
        if wanted.oldest_first:
            items.reverse()
        behind = [
            item
            for item in items
            if after is None or (item.entry_key > after if wanted.oldest_first else item.entry_key < after)
        ]
        shown = [item for item in behind if wanted.matches(item, now)]
        return Page(tuple(shown[:limit]), shown[limit - 1].entry_key if len(shown) > limit else None)

    def failures_by_day(self, account_id: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        days = [first + timedelta(days=after) for after in range((last - first).days + 1)]
        counted = self._store.failed
        return {day: {name: n for name, n in counted[account_id, day].items() if n} for day in days}

    def kept_failures(self, account_id: str, first: date, last: date) -> Counter[str]:
        kept = Counter[str]()
        for item in self._sent_between(account_id, first, last):
            failure = item.classification
            kept[f"{class_of(item.channel, failure).code}.{failure.reason}"] += 1
        return kept

    def totals(self, account_id: str, first: date, last: date) -> FailedTotals:
        failed = Counter[str]()
        for of_day in self.failures_by_day(account_id, first, last).values():
            failed.update(of_day)
        resolved = Counter[Resolution]()
        for item in self._sent_between(account_id, first, last):
            resolved.update(count_change(None, item).resolved)
        return FailedTotals(failed, resolved)

    def repeat_recipients(self, account_id: str, first: date, last: date) -> Counter[str]:
        told = Counter(item.recipient for item in self._sent_between(account_id, first, last))
        return Counter({address: number for address, number in told.items() if number > 1})

    def hours_by_cause(self, account_id: str, first: date, last: date) -> Mapping[Cause, Hours]:
        hours: defaultdict[Cause, Hours] = defaultdict(Hours)
        for item in self._store.all_items(account_id):
            for (cause, hour, arrived), number in counted_hours(item).items():
                if first <= hour.date() <= last:
                    (hours[cause].arrived if arrived else hours[cause].failed)[hour] += number
        return hours

    def _sent_between(self, account_id: str, first: date, last: date) -> list[UndeliveredItem]:
        return [item for item in self._store.all_items(account_id) if first <= item.sent_at.date() <= last]


class FakeNotificationStore:
    def __init__(self, *, content_days: int = 60, clock: Clock = utc_now) -> None:
        self.notifications: dict[tuple[str, str], Notification] = {}
        self.claims: dict[tuple[str, str, int], SendAttempt] = {}
        self.accepted: dict[tuple[str, str, str], AcceptedMessage] = {}
        self._held = timedelta(days=content_days)
        self._clock = clock

    def erase_unreadable(self, account_id: str, customer_id: str) -> int:  # noqa: ARG002 - all can be read
        return 0

    def add(self, notification: Notification) -> bool:
        key = notification.account_id, notification.notification_id
        return self.notifications.setdefault(key, notification) is notification

    def find(self, account_id: str, notification_id: str) -> Notification | None:
        found = self.notifications.get((account_id, notification_id))
        return found if found and found.created_at + self._held > self._clock() else None

    def find_many(self, account_id: str, notification_ids: Sequence[str]) -> Sequence[Notification]:
        return [found for each in dict.fromkeys(notification_ids) if (found := self.find(account_id, each))]

    def attempts(self, account_id: str, notification_id: str) -> Sequence[SendAttempt]:
        return [each for key, each in sorted(self.claims.items()) if key[:2] == (account_id, notification_id)]

    def find_attempt(self, account_id: str, notification_id: str, number: int) -> SendAttempt | None:
        return self.claims.get((account_id, notification_id, number))

    @staticmethod
    def _key(attempt: SendAttempt) -> tuple[str, str, int]:
        return attempt.account_id, attempt.notification_id, attempt.number

    def claim(self, attempt: SendAttempt) -> bool:
        return self.claims.setdefault(self._key(attempt), attempt) is attempt

    def release(self, attempt: SendAttempt) -> None:
        if self.claims[self._key(attempt)].outcome is SendOutcome.CLAIMED:
            del self.claims[self._key(attempt)]

    def record(self, attempt: SendAttempt) -> None:
        if (
            attempt.outcome is SendOutcome.INTERRUPTED
            and self.claims[self._key(attempt)].outcome is not SendOutcome.CLAIMED
        ):
            return
        self.claims[self._key(attempt)] = attempt

    def find_by_provider_message_id(self, provider_message_id: str) -> SendAttempt | None:
        found = (each for each in self.claims.values() if each.provider_message_id == provider_message_id)
        return next(found, None)

    def recent_sends_to(self, account_id: str, address: str, limit: int) -> Sequence[SendAttempt]:
        sends = [
            each
            for each in self.claims.values()
            if (each.account_id, each.to) == (account_id, address)
            and each.outcome not in {SendOutcome.CLAIMED, SendOutcome.INTERRUPTED}
        ]
        return sorted(sends, key=lambda each: each.claimed_at, reverse=True)[:limit]

    def add_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        self.accepted |= {(each.account_id, each.provider_message_id, each.to): each for each in messages}

    def accepted_to(self, account_id: str, address: str, limit: int) -> Sequence[AcceptedMessage]:
        found = [each for each in self.accepted.values() if (each.account_id, each.to) == (account_id, address)]
        return sorted(found, key=lambda each: each.sent_at, reverse=True)[:limit]

    def erase_accepted(self, account_id: str, address: str, customer_id: str | None) -> None:
        for key, each in [*self.accepted.items()]:
            if (each.account_id, each.to) == (account_id, address) and customer_id in {None, each.customer_id}:
                del self.accepted[key]

    def first_sends_of_customer(self, account_id: str, customer_id: str, limit: int) -> Sequence[SendAttempt]:
        notifications = self.find_by_customer(account_id, customer_id, limit)[0]
        claims = (self.claims.get((account_id, each.notification_id, 1)) for each in notifications)
        return [claim for claim in claims if claim]

    def unrecorded(self, claimed_before: datetime, limit: int) -> Sequence[SendAttempt]:
        waiting = [
            e for e in self.claims.values() if e.outcome is SendOutcome.CLAIMED and e.claimed_at < claimed_before
        ]
        return sorted(waiting, key=lambda each: each.claimed_at)[:limit]

    def interrupted(self, claimed_from: datetime, claimed_to: datetime, limit: int) -> Sequence[SendAttempt]:
        found = [
            each
            for each in self.claims.values()
            if each.outcome is SendOutcome.INTERRUPTED and claimed_from <= each.claimed_at <= claimed_to
        ]
        return sorted(found, key=lambda each: each.claimed_at)[:limit]

    def find_by_customer(
        self, account_id: str, customer_id: str, limit: int, after: str | None = None
    ) -> tuple[Sequence[Notification], str | None]:
        found = [
            each
            for (account, record), each in sorted(self.notifications.items())
            if account == account_id and each.customer_id == customer_id and record > (after or "")
        ][:limit]
        return found, found[-1].notification_id if len(found) == limit else None

    def erase(self, notification: Notification) -> None:
        for attempt in self.attempts(notification.account_id, notification.notification_id):
            if attempt.provider_message_id:
                self.claims[self._key(attempt)] = replace(
                    attempt, to="", by="", entry_key="", outcome=SendOutcome.ERASED
                )
            else:
                del self.claims[self._key(attempt)]
        del self.notifications[notification.account_id, notification.notification_id]


class FakeCustomerStore:
    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], Customer] = {}
        self.unreadable: set[tuple[str, str]] = set()

    def find_contacts(self, account_id: str, customer_id: str) -> Sequence[tuple[Channel, str]]:
        customer = self.stored[account_id, customer_id]
        return [(channel, contact) for channel in Channel if (contact := customer.contact(channel))]

    def remove(self, account_id: str, customer_id: str) -> None:
        self.unreadable.discard((account_id, customer_id))
        del self.stored[account_id, customer_id]

    def find(self, account_id: str, customer_id: str) -> Customer | None:
        if (account_id, customer_id) in self.unreadable:
            raise UnreadableRecordError("a stored record cannot be read")
        return self.stored.get((account_id, customer_id))

    def find_many(self, account_id: str, customer_ids: Sequence[str]) -> Sequence[Customer]:
        return [found for each in dict.fromkeys(customer_ids) if (found := self.find(account_id, each))]

    def save(self, customer: Customer) -> Customer:
        known = self.stored.get((customer.account_id, customer.customer_id))
        _check(known.version if known else 0, customer.version)
        saved = replace(customer, version=customer.version + 1)
        self.stored[customer.account_id, customer.customer_id] = saved
        return saved

    def save_many(self, customers: Sequence[Customer]) -> Collection[str]:
        stale = []
        for customer in customers:
            try:
                self.save(customer)
            except StaleWriteError:
                stale.append(customer.customer_id)
        return stale

    def to_look_at(self, account_id: str, until: date, limit: int) -> Sequence[Customer]:
        due = [
            (each.follow_up.look_again_on, each.customer_id, each)
            for (account, _), each in self.stored.items()
            if account == account_id and each.follow_up.look_again_on and each.follow_up.look_again_on <= until
        ]
        return [each for _, _, each in sorted(due, key=lambda found: found[:2])][:limit]

    def find_by_address(
        self, account_id: str, channel: Channel, address: str, *, limit: int | None = None
    ) -> Sequence[Customer]:
        sharing = [
            each
            for (account, _), each in sorted(self.stored.items())
            if account == account_id and each.contact(channel) and same_contact(channel, each.contact(channel), address)
        ]
        return sharing[:limit]

    def search(
        self, account_id: str, wanted: CustomerSearch, limit: int, after: str | None
    ) -> tuple[Sequence[Customer], str | None]:
        found = [
            each
            for (account, key), each in sorted(self.stored.items())
            if account == account_id
            and (after is None or key > after)
            and wanted.matches(each.customer_id, each.name, each.email, each.phone)
        ]
        return found[:limit], found[limit - 1].customer_id if len(found) > limit else None

    def has_any(self, account_id: str) -> bool:
        return any(account == account_id for account, _ in self.stored)


class FakeErasureStore:
    def __init__(self, customers: FakeCustomerStore | None = None, *, hashes: KeyedHashes | None = None) -> None:
        self._customers = customers or FakeCustomerStore()
        self._hashes = hashes or FakeHashes()
        self.stored: dict[tuple[str, str], Erasure] = {}
        self.tasks: dict[tuple[str, str], ErasureTask] = {}
        self.marks: dict[tuple[str, str], datetime] = {}

    def find(self, account_id: str, customer_id: str) -> Erasure | None:
        return self.stored.get((account_id, self._hashes.of_customer(account_id, customer_id)))

    def begin(self, task: ErasureTask, customer: Customer | None) -> None:
        erasure = task.erasure
        key = erasure.account_id, erasure.digest
        _check(self.stored[key].version if key in self.stored else 0, erasure.version)
        if customer:
            there = self._customers.stored.get((erasure.account_id, customer.customer_id))
            _check(there.version if there else None, customer.version)
            del self._customers.stored[erasure.account_id, customer.customer_id]
        self.stored[key] = replace(erasure, version=erasure.version + 1)
        self.tasks[key] = task

    def running(self) -> Sequence[ErasureTask]:
        return [replace(task, erasure=self.stored[key]) for key, task in self.tasks.items()]

    def save(self, erasure: Erasure) -> Erasure:
        key = erasure.account_id, erasure.digest
        _check(self.stored[key].version, erasure.version)
        self.stored[key] = replace(erasure, version=erasure.version + 1)
        return self.stored[key]

    def finish(self, task: ErasureTask) -> None:
        del self.tasks[task.erasure.account_id, task.erasure.digest]

    def mark_address(self, erasure: Erasure, channel: Channel, address: str) -> None:
        self.marks[erasure.account_id, self._hashes.of_address(erasure.account_id, channel, address)] = erasure.at

    def has_erasures(self, account_id: str) -> bool:
        return any(key[0] == account_id for key in self.stored)

    def erased_at(
        self, account_id: str, customers: Collection[str], addresses: Collection[tuple[Channel, str]]
    ) -> tuple[Mapping[str, datetime], Mapping[tuple[Channel, str], datetime]]:
        by_customer = {
            each: found.at + PROPAGATION_TIME for each in customers if (found := self.find(account_id, each))
        }
        digests = {each: self._hashes.of_address(account_id, *each) for each in addresses}
        return by_customer, {
            each: self.marks[account_id, digest] + PROPAGATION_TIME
            for each, digest in digests.items()
            if (account_id, digest) in self.marks
        }


class FakeRepeatStore:
    def __init__(self) -> None:
        self.noted: set[tuple[str, str, date]] = set()

    def record(self, account_id: str, address: str, by_day: Mapping[date, int]) -> None:
        self.noted |= {(account_id, address, day) for day in by_day}

    def remove(self, account_id: str, addresses: Collection[str], days: Collection[date]) -> None:
        self.noted -= {(account_id, address, day) for address in addresses for day in days}


class FakeUnrecognisedStore:
    def __init__(self) -> None:
        self.days: dict[tuple[str, date], dict[str, ShapeCount]] = {}

    def record(self, account_id: str, shape: str, receiver: str, at: datetime) -> None:
        key = (account_id, at.date())
        self.days[key] = with_failure(self.days.get(key, {}), shape, receiver, at)

    def counts(self, account_id: str, first: date) -> Mapping[str, ShapeCount]:
        return total_counts(
            counts for (account, day), counts in self.days.items() if account == account_id and day >= first
        )


class FakeShapeMappingStore:
    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], ShapeMapping] = {}

    def reason_of(self, account_id: str, shape_id: str) -> Reason | None:
        mapping = self.find(account_id, shape_id)
        return mapping.reason if mapping else None

    def find(self, account_id: str, shape_id: str) -> ShapeMapping | None:
        return self.stored.get((account_id, shape_id))

    def find_all(self, account_id: str) -> Sequence[ShapeMapping]:
        return [mapping for (account, _), mapping in sorted(self.stored.items(), key=str) if account == account_id]

    def save(self, mapping: ShapeMapping) -> ShapeMapping:
        key = (mapping.account_id, mapping.shape_id)
        _check(self.stored[key].version if key in self.stored else 0, mapping.version)
        self.stored[key] = replace(mapping, version=mapping.version + 1)
        return self.stored[key]


class FakeAccountStore:
    def __init__(self) -> None:
        self.stored: dict[str, AccountSettings] = {}

    def settings(self, account_id: str) -> AccountSettings:
        return self.stored.setdefault(account_id, AccountSettings(account_id))

    def exists(self, account_id: str) -> bool:
        return account_id in self.stored

    def save_settings(self, settings: AccountSettings) -> None:
        self.stored[settings.account_id] = settings

    def account_ids(self) -> Iterable[str]:
        return sorted(self.stored)


@dataclass
class FakeAccountMappings:
    mapping: AccountMapping = field(default_factory=AccountMapping)

    def current(self) -> AccountMapping:
        return self.mapping.normalised()


@dataclass
class FakeSender:
    """Keeps what it was given; ``errors`` are raised one by one before anything is taken."""

    sent: list[OutgoingMessage] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> str:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(message)
        return f"provider-{len(self.sent)}"


@dataclass
class FakeSendRateStore:
    """The sending rate of each channel, with its version."""

    stored: dict[Channel, tuple[SendRate, int]] = field(default_factory=dict)

    def find(self, channel: Channel) -> tuple[SendRate, int]:
        return self.stored.get(channel, (SendRate(), 0))

    def save(self, channel: Channel, rate: SendRate, *, over_version: int) -> None:
        _check(self.stored[channel][1] if channel in self.stored else 0, over_version)
        self.stored[channel] = rate, over_version + 1


@dataclass
class FakeQueue:
    orders: list[SendJob] = field(default_factory=list)
    waiting: bool = False
    """Whether orders wait in the queue."""

    def is_empty(self) -> bool:
        return not self.waiting

    def put(self, orders: Sequence[SendJob]) -> None:
        self.orders.extend(orders)


@dataclass
class FakeAnnouncer:
    told: list[ItemEvent] = field(default_factory=list)

    def publish(self, told: ItemEvent) -> None:
        self.told.append(told)


@dataclass
class FakeProviderSuppressions:
    """Remembers what was lifted; ``error`` is raised instead when set."""

    lifted: list[tuple[Channel, str, bool]] = field(default_factory=list)
    spellings: list[str] = field(default_factory=list)
    error: Exception | None = None

    def lift(self, channel: Channel, address: str, *, spellings: Sequence[str] = (), opt_in: bool) -> None:
        if self.error:
            raise self.error
        self.spellings += spellings
        self.lifted.append((channel, address, opt_in))


@dataclass(frozen=True)
class FakeSigningKeys:
    keys: tuple[bytes, ...] = (b"a secret for tests",)

    def secrets(self) -> Sequence[bytes]:
        return self.keys


@dataclass
class FakeEmbedRevocations:
    revoked: dict[tuple[str, str | None], datetime] = field(default_factory=dict)

    def add(self, account_id: str, name: str | None, at: datetime, *, keep_until: datetime) -> None:
        assert keep_until > at
        self.revoked[account_id, name] = at

    def find(self, account_id: str, name: str) -> Sequence[datetime]:
        return [self.revoked[key] for key in ((account_id, None), (account_id, name)) if key in self.revoked]


class FakeEvidenceKeys:
    """Keys made for the test. The first signs."""

    def __init__(self, *older: EllipticCurvePrivateKey) -> None:
        self.private_keys = [generate_private_key(SECP256R1()), *older]

    @property
    def public_keys(self) -> Sequence[PublicKey]:
        numbers = [key.public_key().public_numbers() for key in self.private_keys]
        return [PublicKey(each.x.to_bytes(32), each.y.to_bytes(32)) for each in numbers]

    def sign(self, digest: bytes) -> bytes:
        numbers = decode_dss_signature(self.private_keys[0].sign(digest, ECDSA(Prehashed(SHA256()))))
        return b"".join(number.to_bytes(32) for number in numbers)


@dataclass
class FakeSentCountStore:
    days: dict[tuple[str, date], Counter[SentKey]] = field(default_factory=dict)
    writes: int = 0

    def add(self, account_id: str, day: date, numbers: Mapping[SentKey, int]) -> None:
        self.writes += 1
        self.days.setdefault((account_id, day), Counter()).update(numbers)

    def by_day(self, account_id: str, first: date, last: date) -> DaySent:
        return {day: n for (account, day), n in self.days.items() if account == account_id and first <= day <= last}


@dataclass
class FakeLastEventStore:
    stored: dict[tuple[str, Channel], datetime] = field(default_factory=dict)
    writes: int = 0

    def note(self, account_id: str, channel: Channel, at: datetime) -> None:
        self.writes += 1
        self.stored[account_id, channel] = at

    def of_account(self, account_id: str) -> Mapping[Channel, datetime]:
        return {channel: at for (account, channel), at in self.stored.items() if account == account_id}


@dataclass
class FakeContactRequestStore:
    clock: Clock = utc_now
    stored: dict[tuple[str, str, str], ContactRequest] = field(default_factory=dict)
    waiting: dict[RequestKey, datetime] = field(default_factory=dict)

    def find(self, key: RequestKey) -> ContactRequest | None:
        return next((each for each in self._kept() if each.key == key), None)

    def _kept(self) -> list[ContactRequest]:
        kept_from = self.clock() - RECORD_LIFETIME
        return [each for each in self.stored.values() if each.asked_at > kept_from]

    def of_customer(self, account_id: str, customer_id: str) -> Sequence[ContactRequest]:
        mine = [each for each in self._kept() if (each.account_id, each.customer_id) == (account_id, customer_id)]
        return sorted(mine, key=lambda each: each.asked_at)

    def save(self, request: ContactRequest) -> ContactRequest:
        key = request.account_id, request.customer_id, request.request_id
        stored = self.stored.get(key)
        _check(stored.version if stored else 0, request.version)
        self.stored[key] = replace(request, version=request.version + 1)
        return self.stored[key]

    def wait(self, request: ContactRequest) -> None:
        self.waiting[request.key] = request.waits_until

    def due(self, now: datetime) -> Sequence[WaitingRequest]:
        return [WaitingRequest(key, until) for key, until in self.waiting.items() if until <= now]

    def end_wait(self, waiting: WaitingRequest) -> None:
        self.waiting.pop(waiting.key, None)

    def remove_all(self, account_id: str, customer_id: str) -> None:
        self.stored = {key: each for key, each in self.stored.items() if key[:2] != (account_id, customer_id)}


@dataclass
class FakeActStore:
    acts: list[Act] = field(default_factory=list)

    def add(self, act: Act) -> None:
        self.acts.append(act)

    def page(self, account_id: str, limit: int, after: str | None) -> tuple[Sequence[Act], str | None]:
        mine = sorted((act for act in self.acts if act.account_id == account_id), key=lambda act: act.act_id)
        left = [act for act in reversed(mine) if after is None or act.act_id < after]
        return left[:limit], left[limit - 1].act_id if len(left) > limit else None

    def forget(self, account_id: str, customer_id: str, item_ids: Collection[str]) -> None:
        self.acts = [
            replace(act, item_id="", customer_id="")
            if act.account_id == account_id and act.names(customer_id, item_ids)
            else act
            for act in self.acts
        ]


@dataclass
class FakeIncidentWatch:
    watched: dict[str, datetime] = field(default_factory=dict)
    stored: dict[str, AnnouncedIncidents] = field(default_factory=dict)

    def add(self, account_id: str, until: datetime) -> None:
        self.watched[account_id] = until

    def accounts(self, now: datetime) -> Iterable[str]:
        return [account_id for account_id, until in self.watched.items() if until > now]

    def announced(self, account_id: str) -> AnnouncedIncidents:
        return self.stored.get(account_id, AnnouncedIncidents(account_id))

    def save(self, announced: AnnouncedIncidents, until: datetime) -> None:
        assert until.tzinfo
        _check(self.announced(announced.account_id).version, announced.version)
        self.stored[announced.account_id] = replace(announced, version=announced.version + 1)


@dataclass
class FakeSetupTestStore:
    tests: dict[str, SetupTest] = field(default_factory=dict)
    answers: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def start(self, account_id: str, test: SetupTest) -> None:
        self.tests[account_id] = test

    def answer(self, account_id: str, test_id: str, at: datetime) -> None:
        self.answers[account_id] = test_id, at

    def last(self, account_id: str) -> SetupTest | None:
        test = self.tests.get(account_id)
        answered, at = self.answers.get(account_id, ("", None))
        return replace(test, answered_at=at) if test and test.test_id == answered else test


@dataclass
class FakePeopleStore:
    stored: dict[str, AccountPeople] = field(default_factory=dict)

    def of_account(self, account_id: str) -> AccountPeople:
        return self.stored.get(account_id, AccountPeople(account_id))

    def save(self, people: AccountPeople) -> AccountPeople:
        _check(self.of_account(people.account_id).version, people.version)
        saved = replace(people, version=people.version + 1)
        self.stored[people.account_id] = saved
        return saved


@dataclass
class FakeEndedSessions:
    ended: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def end(self, account_id: str, person_id: str, at: datetime) -> None:
        self.ended[account_id, person_id] = at

    def ended_at(self, account_id: str, person_id: str) -> datetime | None:
        return self.ended.get((account_id, person_id))


@dataclass
class FakeUserPool:
    """Users by ID. ``invitations`` are the addresses that got one, in order."""

    users: dict[str, PoolUser] = field(default_factory=dict)
    invitations: list[str] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)

    def add(
        self,
        account_id: str,
        email: str,
        role: PersonRole | None,
        *,
        person_id: str = "",
        has_signed_in: bool = True,
        through_provider: bool = False,
    ) -> PoolUser:
        name = person_id or f"sub-{len(self.users) + 1}"
        user = PoolUser(name, account_id, email, role, has_signed_in, through_provider)
        self.users[name] = user
        return user

    def invite(self, account_id: str, email: str, role: PersonRole) -> PoolUser | None:
        if self.find(email):
            return None
        self.invitations.append(email)
        return self.add(account_id, email, role, has_signed_in=False)

    def invite_again(self, person_id: str) -> bool:
        user = self.users.get(person_id)
        if user is None or user.has_signed_in:
            return False
        self.invitations.append(user.email)
        return True

    def find(self, name: str) -> PoolUser | None:
        return next((user for user in self.users.values() if name in {user.person_id, user.email}), None)

    def of_account(self, account_id: str) -> Sequence[PoolUser]:
        return [user for user in self.users.values() if user.account_id == account_id and user.role]

    def set_role(self, person_id: str, role: PersonRole) -> None:
        if person_id not in self.users:
            raise NotFoundError("person not found")
        self.users[person_id] = replace(self.users[person_id], role=role)
        self.signed_out.append(person_id)

    def remove(self, person_id: str) -> None:
        self.users.pop(person_id, None)
        self.signed_out.append(person_id)


@dataclass
class FakeRequestCountStore:
    counts: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, account_id: str, work: str, start: datetime, number: int, limit: int) -> bool:
        key = (account_id, work, start)
        with self.lock:
            if key in self.counts and self.counts[key] + number > limit:
                return False
            self.counts[key] = self.counts.get(key, 0) + number
            return True


@dataclass
class FakeResendBatchStore:
    batches: dict[tuple[str, str], ResendBatch] = field(default_factory=dict)

    def save(self, batch: ResendBatch) -> None:
        self.batches[batch.account_id, batch.batch_id] = batch

    def find(self, account_id: str, batch_id: str) -> ResendBatch | None:
        return self.batches.get((account_id, batch_id))


@dataclass
class FakeExportStore:
    exports: dict[tuple[str, str], Export] = field(default_factory=dict)

    def find(self, account_id: str, export_id: str) -> Export | None:
        return self.exports.get((account_id, export_id))

    def save(self, export: Export) -> Export:
        known = self.find(export.account_id, export.export_id)
        _check(known.version if known else 0, export.version)
        saved = replace(export, version=export.version + 1)
        self.exports[export.account_id, export.export_id] = saved
        return saved

    def find_all(self, account_id: str) -> Sequence[Export]:
        return [each for (account, _), each in self.exports.items() if account == account_id]

    def remove(self, export: Export) -> None:
        del self.exports[export.account_id, export.export_id]


@dataclass
class FakeViewStore:
    accounts: dict[tuple[str], AccountViews] = field(default_factory=dict)

    def of_account(self, account_id: str) -> AccountViews:
        return self.accounts.get((account_id,), AccountViews(account_id))

    def save(self, views: AccountViews) -> AccountViews:
        _check(self.of_account(views.account_id).version, views.version)
        saved = replace(views, version=views.version + 1)
        self.accounts[views.account_id,] = saved
        return saved


@dataclass
class FakeWebhookStore:
    accounts: dict[tuple[str], AccountWebhooks] = field(default_factory=dict)

    def of_account(self, account_id: str) -> AccountWebhooks:
        return self.accounts.get((account_id,), AccountWebhooks(account_id))

    def save(self, webhooks: AccountWebhooks) -> AccountWebhooks:
        _check(self.of_account(webhooks.account_id).version, webhooks.version)
        saved = replace(webhooks, version=webhooks.version + 1)
        self.accounts[webhooks.account_id,] = saved
        return saved


@dataclass
class FakeDeliveryStore:
    rows: dict[tuple[str, str, str], WebhookDelivery] = field(default_factory=dict)

    def find(self, account_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        return self.rows.get((account_id, webhook_id, delivery_id))

    def save(self, delivery: WebhookDelivery) -> WebhookDelivery:
        key = (delivery.account_id, delivery.webhook_id, delivery.delivery_id)
        known = self.rows.get(key)
        _check(known.version if known else 0, delivery.version)
        self.rows[key] = replace(delivery, version=delivery.version + 1)
        return self.rows[key]

    def page(
        self, account_id: str, webhook_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        mine = sorted((key for key in self.rows if key[:2] == (account_id, webhook_id)), reverse=True)
        rest = [key for key in mine if after is None or key[2] < after]
        return [self.rows[key] for key in rest[:limit]], rest[limit - 1][2] if len(rest) > limit else None

    def find_by_customer(self, account_id: str, customer_keys: Collection[str]) -> Iterable[WebhookDelivery]:
        rows = list(self.rows.values())
        return [each for each in rows if each.account_id == account_id and each.customer_key in customer_keys]

    def remove(self, delivery: WebhookDelivery) -> None:
        del self.rows[delivery.account_id, delivery.webhook_id, delivery.delivery_id]


@dataclass
class FakeDeliveryQueue:
    jobs: list[DeliveryJob] = field(default_factory=list)

    def put(self, job: DeliveryJob) -> None:
        self.jobs.append(job)


@dataclass
class FakeAttachmentFiles:
    """Uploaded files, and files under keys. ``upload`` does what a form allows."""

    uploads: dict[tuple[str, str], tuple[UploadedFile, bytes]] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    forms: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def upload_form(
        self, account_id: str, attachment_id: str, file_name: str, content_type: str, lifetime: timedelta
    ) -> UploadForm:
        self.forms[account_id, attachment_id] = file_name, content_type
        return UploadForm("https://files.test/", {"key": attachment_id, "for": str(lifetime)})

    def upload(self, account_id: str, attachment_id: str, content: bytes) -> None:
        """Upload a file with a form, as the host application does."""
        name, kind = self.forms[account_id, attachment_id]
        version = hashlib.sha256(content).hexdigest()
        self.uploads[account_id, attachment_id] = UploadedFile(name, kind, len(content), version), content

    def find_upload(self, account_id: str, attachment_id: str) -> UploadedFile | None:
        found = self.uploads.get((account_id, attachment_id))
        return found[0] if found else None

    def keep_upload(self, account_id: str, attachment_id: str, version: str, key: str) -> bool:
        found = self.uploads.get((account_id, attachment_id))
        if found is None or found[0].version != version:
            return False
        self.kept[key] = found[1]
        return True

    def keep(self, key: str, content: bytes) -> None:
        self.kept[key] = content

    def is_kept(self, key: str) -> bool:
        return key in self.kept

    def digest(self, key: str) -> str:
        return hashlib.sha256(self.kept[key]).hexdigest() if key in self.kept else ""

    def read(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def link(self, key: str, file_name: str, lifetime: timedelta) -> str:
        return f"https://files.test/{key}?name={file_name}&for={lifetime}"

    def remove(self, account_id: str, keys: Sequence[str], uploads: Sequence[str]) -> None:
        for key in keys:
            self.kept.pop(key, None)
        for upload in uploads:
            self.uploads.pop((account_id, upload), None)

    def remove_expired(self, today: date, has_time: Callable[[], bool]) -> int:
        expired = [key for key in self.kept if key < held_before(today)] if has_time() else []
        for key in expired:
            del self.kept[key]
        return len(expired)


@dataclass
class FakeExportFiles:
    """Files as S3 puts them together: every part of the list must be there as it was when its tag was given."""

    least_part: int = 0
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    begun: int = 0

    def begin(self, file: str) -> str:
        self.begun += 1
        upload = f"{file}#{self.begun}"
        self.uploads[upload] = {}
        return upload

    def add_part(self, file: str, upload: str, number: int, content: bytes) -> ExportPart:  # noqa: ARG002
        self.uploads[upload][number] = content
        return ExportPart(number, str(hash(content)))

    def finish(self, file: str, upload: str, parts: Sequence[ExportPart]) -> None:
        if upload not in self.uploads and file in self.files:
            return
        contents = [self.uploads[upload][part.number] for part in parts]
        assert [str(hash(content)) for content in contents] == [part.tag for part in parts]
        assert [part.number for part in parts] == sorted({part.number for part in parts})
        assert all(len(content) >= self.least_part for content in contents[:-1])
        self.files[file] = b"".join(contents)
        del self.uploads[upload]

    def abandon(self, file: str, upload: str) -> None:  # noqa: ARG002
        self.uploads.pop(upload, None)

    def write_remainder(self, file: str, content: bytes) -> None:
        self.files[file] = content

    def read_remainder(self, file: str) -> bytes:
        return self.files[file]

    def remove(self, file: str) -> None:
        self.files.pop(file, None)

    def link(self, file: str, download_name: str, lifetime: timedelta) -> str:
        return f"https://files.test/{file}?name={download_name}&expires={int(lifetime.total_seconds())}"


@dataclass
class FakeExportRunner:
    events: list[tuple[str, str]] = field(default_factory=list)

    def start(self, account_id: str, export_id: str) -> None:
        self.events.append((account_id, export_id))
