"""The tables on moto, for the tests of what cannot be read."""

import pytest

from tests.contract.worlds import on_moto
from undelivered.adapters.dynamodb import unreadable_rows


@pytest.fixture
def counted(monkeypatch):
    counts = []
    monkeypatch.setattr(unreadable_rows, "count", lambda name, value=1: counts.append((name, value)))
    return counts


@pytest.fixture
def world(counted):
    with on_moto() as made:
        yield made
