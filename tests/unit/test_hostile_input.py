"""Events that are built to cost much take little memory, are refused or recorded, and hold up no other event."""

import json

import pytest

from infrastructure.bench.hostile_input import RECORDED, REFUSED, peak_megabytes
from tests.builders.events import awslogs, bounce, logs, sms_log, sqs_record
from undelivered.adapters.feedback import parse_event
from undelivered.domain.errors import RetryableError
from undelivered.domain.feedback import Handling
from undelivered.entrypoints.http.auth import _public_keys

MEGABYTES = 64
"""The memory that one event may take: an eighth of the function's."""


@pytest.mark.parametrize("name", REFUSED)
def test_an_event_that_costs_much_is_refused_with_a_reason_in_little_memory(name):
    event = REFUSED[name]()
    parsed = []

    assert peak_megabytes(lambda: parsed.append(parse_event(event))) < MEGABYTES
    (result,) = parsed
    assert (result.handling, result.feedback) == (Handling.QUARANTINE, ())
    assert 0 < len(result.reason) < 200


@pytest.mark.parametrize("name", RECORDED)
def test_an_event_with_something_too_long_is_recorded_without_it(name):
    event = RECORDED[name]()
    parsed = []

    assert peak_megabytes(lambda: parsed.append(parse_event(event))) < MEGABYTES
    (result,) = parsed
    assert result.handling is Handling.PROCESS
    for feedback in result.feedback:
        assert len(json.dumps(str(feedback))) < 5_000


def test_a_thousand_recipients_are_recorded_and_one_more_is_not():
    listed = [{"emailAddress": f"a{number}@example.com"} for number in range(1_001)]

    assert len(parse_event(sqs_record(bounce(*listed[1:]))).feedback) == 1_000
    assert parse_event(sqs_record(bounce(*listed))).reason == "more recipients than a message of SES can have"


def test_a_full_batch_of_delivery_statuses_is_read():
    """16,000 statuses are 6 MB, more than an event of Lambda holds."""
    batch = logs(*[sms_log()] * 16_000)

    assert 5_900_000 < len(json.dumps(batch)) < 8_000_000
    assert len(parse_event(awslogs(batch)).feedback) == 16_000


@pytest.mark.parametrize(
    "document",
    [b"", b"\xff", b"[" * 100_000, b'{"keys": 1e999999}', b'{"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}'],
)
def test_keys_of_the_user_pool_that_cannot_be_read_are_fetched_again_later(document):
    with pytest.raises(RetryableError):
        _public_keys(document)
