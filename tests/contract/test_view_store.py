"""Saved views are kept the same in memory and on DynamoDB."""

import pytest

from tests.builders.items import ACCOUNT
from tests.contract.worlds import in_memory, on_moto
from tests.fakes import FakeViewStore
from undelivered.adapters.dynamodb.view_store import DynamoViewStore
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.saved_view import AccountViews, SavedView

VIEW = SavedView("v-1", "Bounced", {"status": ["bounced"], "ready": True, "from": "2026-11-01"}, None)


@pytest.fixture(params=["memory", "moto"])
def store(request):
    with {"memory": in_memory, "moto": on_moto}[request.param]():
        yield FakeViewStore() if request.param == "memory" else DynamoViewStore()


def test_views_are_read_as_they_were_saved_and_written_over_the_version_read(store):
    assert store.of_account(ACCOUNT) == AccountViews(ACCOUNT)
    saved = store.save(AccountViews(ACCOUNT, (VIEW,)))

    assert store.of_account(ACCOUNT) == saved
    assert saved.version == 1
    assert store.of_account("acc-2").views == ()
    with pytest.raises(StaleWriteError):
        store.save(AccountViews(ACCOUNT))
