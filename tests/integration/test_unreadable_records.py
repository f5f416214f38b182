"""A record of a customer, notification, suppression or account that cannot be read stops nothing but itself."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_attempt, an_item
from tests.contract.test_erasing import Desk
from tests.integration.test_unreadable_rows import MONTH
from tests.unit.test_unreadable_changes import broken
from undelivered.adapters.dynamodb.account_store import settings_of
from undelivered.adapters.dynamodb.customer_store import customer_of
from undelivered.adapters.dynamodb.models import (
    MODELS,
    AccountModel,
    CustomerModel,
    HistoryModel,
    NotificationModel,
    SuppressionModel,
    UndeliveredModel,
    shared_connection,
)
from undelivered.adapters.dynamodb.notification_store import attempt_of, notification_of
from undelivered.adapters.dynamodb.send_rate_store import DynamoSendRateStore
from undelivered.adapters.dynamodb.suppression_store import suppression_of
from undelivered.adapters.dynamodb.unreadable_rows import read_each
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.customer import Consent, RecordedConsent
from undelivered.domain.erasure import PROPAGATION_TIME
from undelivered.domain.errors import UnreadableRecordError
from undelivered.domain.export import Export
from undelivered.domain.notification import SendOutcome
from undelivered.domain.report_query import ReportFilter
from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import NewEntry

EMAIL = "ada@example.com"
SETTLED = PROPAGATION_TIME + timedelta(seconds=1)


def rows(model):
    return shared_connection().client.scan(TableName=model.Meta.table_name)["Items"]


def write(model, row):
    shared_connection().client.put_item(TableName=model.Meta.table_name, Item=row)


def damage(model, name, value=None, *, where=lambda _: True):
    """Remove an attribute of rows, or write another value into it."""
    for row in rows(model):
        if where(row) and name in row:
            rest = {other: kept for other, kept in row.items() if other != name}
            write(model, {**rest, name: value} if value else rest)


def consented():
    consent = RecordedConsent(Channel.EMAIL, EMAIL, Consent("Ada", "by telephone", NOW), "manager", NOW)
    return a_customer(consents=(consent,), phone="+12065550100", email_changed_at=NOW, phone_changed_at=NOW)


def store_customer(world):
    world.customers.save(consented())
    return CustomerModel, customer_of


def store_notification(world):
    world.notifications.add(a_notification(metadata=(("unit", "7"),)))
    return NotificationModel, notification_of


def store_attempt(world):
    sent = replace(an_attempt(), provider_message_id="m-1", outcome=SendOutcome.SENT, correlation_id="request-1")
    world.notifications.claim(sent)
    return NotificationModel, attempt_of


def store_suppression(world):
    world.suppressions.save(None, replace(a_suppression(EMAIL), lifted_at=NOW, spellings=("Ada@example.com",)))
    return SuppressionModel, suppression_of


def store_settings(world):
    world.accounts.save_settings(AccountSettings(ACCOUNT, time_zone="Europe/Berlin"))
    for row in rows(AccountModel):
        if row["record"]["S"] != "settings":
            AccountModel(row["account_id"]["S"], row["record"]["S"]).delete()
    return AccountModel, settings_of


KINDS = [store_customer, store_notification, store_attempt, store_suppression, store_settings]


@pytest.mark.parametrize("store", KINDS)
def test_a_row_with_any_field_missing_or_of_another_type_is_read_or_left_out(world, counted, store):
    model, read = store(world)
    (good,) = rows(model)
    body = json.loads(good["body"]["S"]) if "body" in good else {}
    cases = list(broken(good))
    if isinstance(body, dict):
        cases += [(path, {**good, "body": {"S": json.dumps(changed)}}) for path, changed in broken(body)]
    counted.clear()

    for path, bad in cases:
        before = len(counted)
        found = list(read_each([bad, good], read))
        assert found[-1] == read(good), path
        assert len(found) + len(counted) - before == 2, path

    assert len(cases) > 100
    assert set(counted) == {("UnreadableRows", 1)}


def test_the_log_has_no_address_of_a_suppression(world, caplog):
    store_suppression(world)
    damage(SuppressionModel, "version")

    assert world.suppressions.page(ACCOUNT, None, 10, None) == ([], None)

    (line,) = [vars(record) for record in caplog.records if record.message == "row not read"]
    assert EMAIL not in str(line)
    assert line["address_digest"]


def test_a_customer_who_cannot_be_read_stops_no_list_and_no_look_up_of_another(world):
    for number in (1, 2):
        world.customers.save(a_customer(f"c-{number}", email=EMAIL))
    damage(CustomerModel, "version", {"S": "damaged"}, where=lambda row: row["customer_id"]["S"] == "c-1")

    with pytest.raises(UnreadableRecordError):
        world.customers.find(ACCOUNT, "c-1")
    assert world.customers.find(ACCOUNT, "c-2")
    assert [each.customer_id for each in world.customers.find_many(ACCOUNT, ["c-1", "c-2"])] == ["c-2"]
    assert [each.customer_id for each in world.customers.find_by_address(ACCOUNT, Channel.EMAIL, EMAIL)] == ["c-2"]


def test_a_notification_that_cannot_be_read_stops_no_list_and_no_look_up_of_another(world):
    for number in (1, 2):
        world.notifications.add(a_notification(f"n-{number}"))
    damage(NotificationModel, "body", {"S": "{}"}, where=lambda row: row["record"]["S"] == "n-1")

    with pytest.raises(UnreadableRecordError):
        world.notifications.find(ACCOUNT, "n-1")
    assert world.notifications.find(ACCOUNT, "n-2")
    assert [each.notification_id for each in world.notifications.find_many(ACCOUNT, ["n-1", "n-2"])] == ["n-2"]
    found, _ = world.notifications.find_by_customer(ACCOUNT, "c-1", 10)
    assert [each.notification_id for each in found] == ["n-2"]


def test_an_attempt_that_cannot_be_read_stops_no_list_of_others(world):
    for number in range(1, 5):
        world.notifications.claim(an_attempt(f"n-{number}", to=EMAIL, claimed_at=NOW + timedelta(seconds=number)))
    damage(NotificationModel, "body", {"S": "[]"}, where=lambda row: row["record"]["S"] < "n-3")

    due = [each.notification_id for each in world.notifications.unrecorded(NOW + timedelta(hours=1), 2)]

    assert due == ["n-3", "n-4"]
    assert world.notifications.attempts(ACCOUNT, "n-1") == []


def test_the_sender_of_a_message_whose_attempt_cannot_be_read_is_not_taken_for_unknown(world):
    store_attempt(world)
    damage(NotificationModel, "body")

    with pytest.raises(UnreadableRecordError):
        world.notifications.find_by_provider_message_id("m-1")


def test_a_suppression_that_cannot_be_read_still_stops_sends_and_is_left_out_of_lists(world):
    for address in (EMAIL, "bob@example.com"):
        world.suppressions.save(None, a_suppression(address))
    damage(SuppressionModel, "since", {"S": "damaged"}, where=lambda row: EMAIL in row["address_key"]["S"])
    wanted = [(Channel.EMAIL, EMAIL), (Channel.EMAIL, "bob@example.com")]

    with pytest.raises(UnreadableRecordError):
        world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL)
    assert [each.address for each in world.suppressions.find_many(ACCOUNT, wanted)] == ["bob@example.com"]
    assert [each.address for each in world.suppressions.page(ACCOUNT, None, 10, None)[0]] == ["bob@example.com"]


def test_the_providers_entry_stays_for_a_suppression_of_another_account_that_cannot_be_read(world):
    world.accounts.settings(ACCOUNT)
    world.suppressions.save(None, replace(a_suppression(EMAIL), lifted_at=NOW))
    assert not world.suppressions.is_held_by_others("acc-2", Channel.EMAIL, EMAIL)
    damage(SuppressionModel, "reason")

    assert world.suppressions.is_held_by_others("acc-2", Channel.EMAIL, EMAIL)


def test_settings_that_cannot_be_read_are_no_defaults_and_the_account_stays_listed(world):
    for account_id in (ACCOUNT, "acc-2"):
        world.accounts.settings(account_id)
    damage(AccountModel, "body", {"S": '{"time_zone": "Mars"}'}, where=lambda row: row["account_id"]["S"] == ACCOUNT)
    world.accounts._cached.clear()

    with pytest.raises(UnreadableRecordError):
        world.accounts.settings(ACCOUNT)
    assert world.accounts.settings("acc-2")
    assert set(world.accounts.account_ids()) == {ACCOUNT, "acc-2"}


def test_an_export_that_cannot_be_read_stops_no_list_of_exports(world):
    exports = [Export(ACCOUNT, f"e-{number}", ReportFilter(MONTH), NOW, "manager", NOW) for number in (1, 2)]
    for export in exports:
        world.exports.save(export)
    damage(AccountModel, "body", {"S": "[]"}, where=lambda row: row["record"]["S"] == "export~e-1")

    assert [export.export_id for export in world.exports.find_all(ACCOUNT)] == ["e-2"]
    with pytest.raises(UnreadableRecordError):
        world.exports.find(ACCOUNT, "e-1")


def test_a_sending_rate_that_cannot_be_read_is_read_from_the_provider_again(world):
    rates = DynamoSendRateStore()
    rates.save(Channel.EMAIL, SendRate(per_second=14.0), over_version=0)
    damage(AccountModel, "version")

    rate, version = rates.find(Channel.EMAIL)
    rates.save(Channel.EMAIL, SendRate(per_second=14.0), over_version=version)

    assert rate == SendRate()
    assert rates.find(Channel.EMAIL)[0].per_second == 14.0


@pytest.fixture
def desk(world):
    made = Desk(world)
    world.accounts.settings(ACCOUNT)
    return made


def test_an_erasure_whose_record_cannot_be_read_is_still_known(desk):
    desk.world.customers.save(a_customer())
    erasure = desk.ask()
    damage(AccountModel, "body", {"S": "[]"}, where=lambda row: row["record"]["S"].startswith("erasure~"))

    until, _ = desk.world.erasures.erased_at(ACCOUNT, ["c-1"], [])

    assert abs(until["c-1"] - (erasure.at + PROPAGATION_TIME)) < timedelta(seconds=1)


def test_an_erasure_that_cannot_be_read_stops_no_other(desk):
    for number in (1, 2):
        desk.world.customers.save(a_customer(f"c-{number}"))
        desk.ask(f"c-{number}")
    first = next(row["record"]["S"] for row in rows(AccountModel) if row["account_id"]["S"] == "~erasures")
    damage(AccountModel, "body", {"S": "[]"}, where=lambda row: row["record"]["S"] == first)

    assert len(desk.world.erasures.running()) == 1


ITEM_DAMAGES = [(name, None) for name in ("attempts", "version", "class_partition", "recipient")] + [
    ("attempts", {"S": '[["Ada Byron"]]'}),
    ("version", {"S": EMAIL}),
    ("recipient", {"N": "7"}),
    ("title", {"L": [{"S": EMAIL}]}),
]


def everything(desk):
    return [json.dumps(row, default=str) for model in MODELS.values() for row in rows(model)]


def fill(desk):
    """Store all kinds of data about a customer, and an item of another."""
    world = desk.world
    world.customers.save(consented())
    desk.own = [an_item(number=1, customer_id="c-1", recipient=EMAIL), an_item(number=9, customer_id="c-9")]
    world.undelivered.add_new([NewEntry(item) for item in desk.own])
    past = an_item(number=3, customer_id="c-1", recipient=EMAIL, days_ago=40)
    world.undelivered.archive([past], settle_counters=False)
    world.repeats.record(ACCOUNT, EMAIL, {desk.own[0].sent_at.date(): 2, past.sent_at.date(): 2})
    world.notifications.add(a_notification(to=EMAIL))
    world.notifications.claim(an_attempt(to=EMAIL))
    world.suppressions.save(None, a_suppression(EMAIL))
    world.suppressions.save(None, a_suppression(EMAIL, category="news"))


def erased_completely(desk):
    desk.ask()
    desk.clock.now += SETTLED
    desk.carry_out()
    assert [row for row in everything(desk) if EMAIL in row or '"c-1' in row or "#c-1" in row] == []
    assert desk.world.undelivered.find(ACCOUNT, desk.own[1].entry_key)


@pytest.mark.parametrize(("name", "value"), ITEM_DAMAGES)
def test_items_that_cannot_be_read_are_erased_with_their_customer(desk, name, value):
    fill(desk)
    for model in (UndeliveredModel, HistoryModel):
        damage(model, name, value, where=lambda row: row["customer_partition"]["S"].endswith("#c-1"))

    erased_completely(desk)


@pytest.mark.parametrize("name", ["body", "purge_at"])
def test_notifications_and_attempts_that_cannot_be_read_are_erased_with_their_customer(desk, name):
    fill(desk)
    damage(NotificationModel, name, {"S": f'["{EMAIL}"]'} if name == "body" else {"N": "1.5"})

    erased_completely(desk)


def test_a_customer_who_cannot_be_read_is_erased(desk):
    fill(desk)
    damage(CustomerModel, "version")

    erased_completely(desk)


@pytest.mark.parametrize("name", ["reason", "since", "version"])
def test_a_suppression_that_cannot_be_read_keeps_no_address_of_an_erased_customer_and_still_stops_sends(desk, name):
    fill(desk)
    damage(SuppressionModel, name)

    erased_completely(desk)

    with pytest.raises(UnreadableRecordError):
        desk.world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL)
    with pytest.raises(UnreadableRecordError):
        desk.world.suppressions.find(ACCOUNT, Channel.EMAIL, EMAIL, "news")


def test_an_item_that_cannot_be_read_is_data_enough_to_erase_a_customer(desk):
    desk.world.undelivered.add_new([NewEntry(an_item(number=1, customer_id="c-1"))])
    damage(UndeliveredModel, "attempts")

    assert desk.ask()
