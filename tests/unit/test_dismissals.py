"""Dismissing an item, and ending its dismissal."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item, reported, resent
from tests.fakes import FakeUndeliveredStore
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.feedback import Outcome
from undelivered.domain.item import Audit, Dismissal, State
from undelivered.services.dismiss import Dismiss

LATER = NOW + timedelta(hours=1)
KEY_OF_NOTHING = "2026-11-01T00:00:00Z~nothing~000000000000"


class World:
    def __init__(self, item=None):
        self.now = NOW
        self.items = FakeUndeliveredStore(clock=lambda: self.now)
        self.items.save(None, item or an_item())
        (self.item,) = self.items.all_items(ACCOUNT)
        self.use_case = Dismiss(self.items, lambda: self.now)

    def dismiss(self):
        return self.use_case(ACCOUNT, self.item.entry_key, by="ada", reason="called her")

    def restore(self):
        return self.use_case.restore(ACCOUNT, self.item.entry_key, by="bob")

    def stored(self):
        return replace(self.items.find(ACCOUNT, self.item.entry_key), version=0)


def test_a_dismissal_and_its_end_are_kept_with_who_when_and_why():
    world = World()
    dismissed = replace(
        world.item,
        dismissal=Dismissal(NOW, "ada", "called her"),
        audit=(Audit(NOW, "ada", "dismiss", "called her"),),
        version=0,
    )
    restored = replace(
        dismissed,
        dismissal=Dismissal(LATER, "bob", restored=True),
        audit=(*dismissed.audit, Audit(LATER, "bob", "restore")),
    )

    assert replace(world.dismiss(), version=0) == world.stored() == dismissed
    world.now = LATER
    assert replace(world.restore(), version=0) == world.stored() == restored
    assert restored.state is State.OPEN


def test_doing_either_again_changes_nothing():
    world = World()

    assert world.restore() == world.item
    world.dismiss()
    dismissed = world.stored()
    world.now = LATER
    world.dismiss()

    assert world.stored() == dismissed


@pytest.mark.parametrize("act", [World.dismiss, World.restore])
def test_neither_is_possible_once_the_item_has_left_the_report(act):
    world = World()
    if act is World.restore:
        world.dismiss()
    world.now = world.item.leaves_at

    with pytest.raises(RefusedError) as refused:
        act(world)

    assert (refused.value.code, refused.value.detail) == (
        "conflict",
        "This notification is more than 30 days old and has left the report.",
    )


def test_a_delivered_item_cannot_be_dismissed():
    world = World(reported(resent(an_item()), Outcome.DELIVERED))

    with pytest.raises(RefusedError) as refused:
        world.dismiss()

    assert (refused.value.code, refused.value.detail) == (
        "conflict",
        "This notification has left the report and cannot be dismissed.",
    )


@pytest.mark.parametrize("account_id", [ACCOUNT, "acc-2"])
def test_an_unknown_item_can_be_neither_dismissed_nor_restored(account_id):
    world = World()
    key = KEY_OF_NOTHING if account_id == ACCOUNT else world.item.entry_key

    with pytest.raises(NotFoundError):
        world.use_case(account_id, key, by="ada", reason="")
    with pytest.raises(NotFoundError):
        world.use_case.restore(account_id, key, by="ada")
