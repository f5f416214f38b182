"""Which accounts are watched for incidents, and what was published of them, in memory and on DynamoDB."""

from datetime import timedelta

import pytest

from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import on_moto
from tests.fakes import FakeIncidentWatch
from undelivered.adapters.dynamodb.incident_watch_store import DynamoIncidentWatch
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.incidents import Cause, IncidentKey
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.ports.incidents import AnnouncedIncidents

LATER = NOW + timedelta(days=3)
KEYS = (
    IncidentKey(Cause(Channel.EMAIL, Reason.SENDER_BLOCKED, "microsoft"), NOW),
    IncidentKey(Cause(Channel.SMS, Reason.CARRIER_BLOCKED, "+49"), NOW - timedelta(hours=7)),
)


@pytest.fixture(params=["memory", "moto"])
def watch(request):
    if request.param == "memory":
        yield FakeIncidentWatch()
        return
    with on_moto():
        yield DynamoIncidentWatch()


def test_an_account_is_watched_until_its_time(watch):
    watch.add(ACCOUNT, NOW)
    watch.add(ACCOUNT, LATER)
    watch.add("acc-2", NOW)

    assert list(watch.accounts(NOW)) == [ACCOUNT]
    assert list(watch.accounts(LATER)) == []


def test_what_was_published_comes_back_and_a_stale_write_is_refused(watch):
    assert watch.announced(ACCOUNT) == AnnouncedIncidents(ACCOUNT)
    watch.save(AnnouncedIncidents(ACCOUNT, KEYS), LATER)

    assert watch.announced(ACCOUNT) == AnnouncedIncidents(ACCOUNT, KEYS, version=1)
    assert watch.announced("acc-2") == AnnouncedIncidents("acc-2")
    with pytest.raises(StaleWriteError):
        watch.save(AnnouncedIncidents(ACCOUNT), LATER)


def test_all_rows_end():
    with on_moto():
        watch = DynamoIncidentWatch()
        watch.add(ACCOUNT, LATER)
        watch.save(AnnouncedIncidents(ACCOUNT, KEYS), LATER)
        rows = list(AccountModel.scan())

    assert [row.purge_at for row in rows] == [LATER] * 2
