"""What left the report reaches history, unless its customer was erased in between."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.builders.items import ACCOUNT, NOW, a_customer, an_item
from tests.contract.worlds import on_moto
from tests.fakes import FakeHashes
from tests.integration.test_api_on_dynamodb import forget_everything
from tests.unit.test_unreadable_changes import image, record
from undelivered import bootstrap
from undelivered.adapters.aws import clients
from undelivered.adapters.dynamodb.models import MODELS
from undelivered.domain.erasure import PROPAGATION_TIME
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.archive import archive
from undelivered.services.customer_data.erase import RequestErasure

CONTEXT = SimpleNamespace(
    function_name="archive", memory_limit_in_mb=256, invoked_function_arn="arn:x", aws_request_id="request-1"
)


@pytest.fixture
def world(monkeypatch):
    """Return a world on DynamoDB that the function ``archive`` uses too."""
    forget_everything()
    with on_moto() as made:
        for key, model in MODELS.items():
            monkeypatch.setenv(f"{key.upper()}_TABLE", model.Meta.table_name)
        dead_letters = clients.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
        monkeypatch.setenv("DEAD_LETTERS_URL", dead_letters)
        secret = clients.client("secretsmanager").create_secret(Name="erasures", SecretString="for tests")["ARN"]
        monkeypatch.setenv("ERASURE_SECRET_ARN", secret)
        monkeypatch.setattr(bootstrap, "keyed_hashes", lambda _: FakeHashes())
        made.accounts.settings(ACCOUNT)
        yield made
    forget_everything()


def erase(world, customer_id="c-1"):
    world.customers.save(a_customer(customer_id))
    RequestErasure(world.erasures, world.customers, world.undelivered, world.notifications, FakeHashes(), lambda: NOW)(
        ACCOUNT, customer_id, by="manager@example.com"
    )


def archived(world, *items):
    """Process the removals of items, as a redrive of kept records does; return the notifications now in history."""
    removals = [record("REMOVE", place, OldImage=image(item)) for place, item in enumerate(items)]
    assert archive({"Records": removals, "unreadable": "ValueError"}, CONTEXT) == {"batchItemFailures": []}
    return [item.notification_id for item in items if world.undelivered.find(ACCOUNT, item.entry_key)]


def test_an_item_whose_customer_was_erased_is_not_archived_and_others_are(world):
    erase(world)

    assert archived(world, an_item(number=1, customer_id="c-1"), an_item(number=2, customer_id="c-2")) == ["n-2"]


def test_an_item_of_an_erased_address_is_not_archived(world):
    erase(world)
    erasure = world.erasures.find(ACCOUNT, "c-1")
    world.erasures.mark_address(erasure, Channel.EMAIL, "ada@example.com")
    items = an_item(number=1, recipient="ada@example.com", customer_id=""), an_item(number=2, customer_id="")

    assert archived(world, *items) == ["n-2"]


def test_an_item_sent_after_the_erasure_is_archived(world):
    erase(world)
    sent_at = NOW + PROPAGATION_TIME + timedelta(seconds=1)

    assert archived(world, an_item(number=1, customer_id="c-1", sent_at=sent_at)) == ["n-1"]


def test_without_an_erasure_no_secret_is_read(world, monkeypatch):
    item = an_item(number=1, customer_id="c-1")
    monkeypatch.setattr(FakeHashes, "of_customer", lambda *_: pytest.fail("a hash was computed"))

    assert archived(world, item) == ["n-1"]
