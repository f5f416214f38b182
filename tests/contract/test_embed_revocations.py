"""Revocations of embed tokens are found, in memory and on DynamoDB."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.worlds import on_moto
from tests.fakes import FakeEmbedRevocations
from undelivered.adapters.dynamodb.embed_revocation_store import DynamoEmbedRevocations
from undelivered.adapters.dynamodb.models import AccountModel

AT = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


@pytest.fixture(params=["memory", "moto"])
def revocations(request):
    if request.param == "memory":
        yield FakeEmbedRevocations()
        return
    with on_moto():
        yield DynamoEmbedRevocations()


def test_without_any_nothing_is_found(revocations):
    assert list(revocations.find("acc-1", "Ada")) == []


def test_one_of_a_name_is_found_for_this_name_in_this_account_alone(revocations):
    revocations.add("acc-1", "Ada", AT, keep_until=LATER)

    found = [list(revocations.find(*whose)) for whose in (("acc-1", "Ada"), ("acc-1", "Grace"), ("acc-2", "Ada"))]

    assert found == [[AT], [], []]


def test_one_of_an_account_is_found_for_every_name(revocations):
    revocations.add("acc-1", None, AT, keep_until=LATER)

    assert list(revocations.find("acc-1", "Ada")) == list(revocations.find("acc-1", "Grace")) == [AT]


def test_the_last_one_counts(revocations):
    revocations.add("acc-1", "Ada", AT, keep_until=LATER)
    revocations.add("acc-1", "Ada", AT + timedelta(minutes=5), keep_until=LATER)

    assert list(revocations.find("acc-1", "Ada")) == [AT + timedelta(minutes=5)]


def test_no_name_is_stored_and_every_row_has_an_end():
    with on_moto():
        for name in ("Ada", None):
            DynamoEmbedRevocations().add("acc-1", name, AT, keep_until=LATER)

        rows = list(AccountModel.scan())

    assert not any("Ada" in f"{row.record} {row.body}" for row in rows)
    assert [row.purge_at for row in rows] == [LATER.replace(microsecond=0)] * 2
