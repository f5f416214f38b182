"""Hashes that stand for erased customers: the same for ever, apart where they must be, useless without the secret."""

import pytest

from tests.fakes import FakeSigningKeys
from undelivered.adapters.keyed_hashes import HmacHashes
from undelivered.domain.taxonomy import Channel

HASHES = HmacHashes(FakeSigningKeys((b"a secret for tests",)))
ADDRESS = "ada@example.com"


def test_the_hashes_stored_years_ago_are_found_today():
    """These are on record: with another form, whoever was erased would be somebody new."""
    assert HASHES.of_customer("acc-1", "c-1") == "83f8686303d56a047468df0db9e7b274"
    assert HASHES.of_address("acc-1", Channel.EMAIL, ADDRESS) == "2bbb0fb0a511e5c5423e1eddb81fdbf3"
    assert HASHES.of_address("acc-1", Channel.SMS, "+12065550100") == "c4e8a4e792d0ef1d9b0267c07987eb8f"


@pytest.mark.parametrize(
    "other",
    [
        HASHES.of_address("acc-2", Channel.EMAIL, ADDRESS),
        HASHES.of_address("acc-1", Channel.SMS, ADDRESS),
        HASHES.of_address("acc-1", Channel.EMAIL, "bob@example.com"),
        HASHES.of_customer("acc-1", ADDRESS),
        HmacHashes(FakeSigningKeys((b"another secret",))).of_address("acc-1", Channel.EMAIL, ADDRESS),
    ],
    ids=["another account", "another channel", "another address", "a customer so called", "another secret"],
)
def test_whatever_differs_has_another_hash(other):
    assert HASHES.of_address("acc-1", Channel.EMAIL, ADDRESS) != other


def test_the_current_secret_alone_counts():
    two = HmacHashes(FakeSigningKeys((b"a secret for tests", b"another secret")))

    assert two.of_customer("acc-1", "c-1") == HASHES.of_customer("acc-1", "c-1")


def test_nothing_is_read_before_a_hash_is_asked_for():
    class Unread:
        def secrets(self):
            raise AssertionError("read")

    HmacHashes(Unread())
