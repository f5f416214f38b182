"""What is logged tells what went wrong, and of whom it tells nothing."""

import json
import logging

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from undelivered.domain.errors import RetryableError
from undelivered.observability import FunctionFailedError, logger, redact_unhandled_errors, redacted


@pytest.fixture
def logged(capsys):
    """Return the lines that an action makes the logger write."""
    handler = logger.registered_handler

    def lines(action):
        records = []
        capture = logging.Handler()
        capture.emit = lambda record: records.append(handler.formatter.format(record))
        logger._logger.addHandler(capture)
        try:
            action()
        finally:
            logger._logger.removeHandler(capture)
        return records

    return lines


WRAPPED = "while sending to ada@example.com"
ERRORS = {
    "SES naming an address": ClientError(
        {"Error": {"Code": "MessageRejected", "Message": "Email address is not verified: ada@example.com"}}, "SendEmail"
    ),
    "botocore repeating parameters": ParamValidationError(
        report="Invalid type, value: Dear Ada, your shed, +12065550100"
    ),
    "a look-up": KeyError("ada@example.com"),
    "a conversion": ValueError("invalid literal: 'Dear Ada'"),
}


def throw(error):
    raise error


def fail(error):
    try:
        try:
            throw(error)
        except Exception as first:
            raise RuntimeError(WRAPPED) from first
    except RuntimeError:
        logger.exception("send broken off")


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_errors_are_told_without_their_texts(logged, error):
    (line,) = logged(lambda: fail(error))

    assert not any(secret in line for secret in ("ada@", "Dear", "2065550100", "shed"))
    assert json.loads(line)["exception_name"] == "RuntimeError"
    assert type(error).__name__ in line
    assert "test_observability.py" in line


def test_the_code_of_aws_and_the_texts_of_our_own_errors_are_kept(logged):
    (by_aws,) = logged(lambda: fail(ERRORS["SES naming an address"]))
    (ours,) = logged(lambda: fail(RetryableError("DynamoDB is busy")))

    assert "MessageRejected in SendEmail" in by_aws
    assert "DynamoDB is busy" in ours


def test_an_address_that_gets_in_all_the_same_is_taken_out(logged):
    (line,) = logged(lambda: logger.info("done", reason="sent to ada+x@mail.example.com and +12065550100"))

    assert json.loads(line)["reason"] == "sent to [address] and [number]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada@example.com", "[address]"),
        ('to="ada@example.com", cc=<bob@a.b.example>', 'to="[address]", cc=<[address]>'),
        ("a@b.c@d.e", "[address]"),
        ("@a@b.cd", "[address]"),
        ("a" * 70 + "@example.com", "[address]"),
        ("ada@localhost", "ada@localhost"),
        ("@example.com", "@example.com"),
        ("ada@.", "ada@."),
        ("ada@a.", "ada@a."),
        ("ada@.a", "ada@.a"),
    ],
)
def test_an_address_has_something_before_its_sign_and_a_dot_within_its_domain(text, shown):
    assert redacted(text) == shown


def test_a_long_value_is_cut(logged):
    (line,) = logged(lambda: logger.info("done", reason="x" * 100_000, ids=["y" * 1_000] * 100, count=3))

    entry = json.loads(line)
    assert (entry["reason"], entry["count"]) == ("x" * 16_000 + "…", 3)
    assert entry["ids"].startswith('["yyy')
    assert len(line) < 40_000


@pytest.mark.parametrize(
    "text", ["2026-11-23T18:00:00+0000", "acc-1 n-7", "arn:aws:sqs:us-east-1:0:q", "a @ b", "1+2", '{"a": 1.5}']
)
def test_nothing_else_is_taken_out(text):
    assert redacted(text) == text


def test_what_leaves_a_function_is_told_without_its_text(logged):
    @redact_unhandled_errors
    def function():
        raise ERRORS["a conversion"]

    def call():
        with pytest.raises(FunctionFailedError, match=r"^ValueError$") as failed:
            function()
        assert failed.value.__cause__ is None

    (line,) = logged(call)

    assert "Dear" not in line
