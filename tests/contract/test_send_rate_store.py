"""The sending rate is shared without a lost write, in memory and on DynamoDB."""

import pytest
from msgspec.structs import replace

from tests.contract.worlds import on_moto
from tests.fakes import FakeSendRateStore
from undelivered.adapters.dynamodb.send_rate_store import DynamoSendRateStore
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel

RATE = SendRate(next_free=1_800_000_000.123456, per_second=14.0, read_at=1_800_000_000.5, paused_until=12.25)


@pytest.fixture(params=["memory", "moto"])
def rates(request):
    if request.param == "memory":
        yield FakeSendRateStore()
        return
    with on_moto():
        yield DynamoSendRateStore()


def test_a_rate_is_read_as_it_was_written(rates):
    assert rates.find(Channel.EMAIL) == (SendRate(), 0)

    rates.save(Channel.EMAIL, RATE, over_version=0)

    assert rates.find(Channel.EMAIL) == (RATE, 1)
    assert rates.find(Channel.SMS) == (SendRate(), 0)


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_equal_writes_over_the_same_version_one_is_refused(rates, version):
    """Two workers reserve the same slots: one of them must look again."""
    if version:
        rates.save(Channel.EMAIL, RATE, over_version=0)
    later = replace(RATE, next_free=RATE.next_free + 1)
    rates.save(Channel.EMAIL, later, over_version=version)

    with pytest.raises(StaleWriteError):
        rates.save(Channel.EMAIL, later, over_version=version)

    assert rates.find(Channel.EMAIL) == (later, version + 1)
