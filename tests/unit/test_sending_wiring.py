"""How the sending functions are built: which configuration set is which, and that nothing is sent twice."""

import json
from types import SimpleNamespace

import pytest

from tests.builders.pace import a_pace, one_by_one
from undelivered import bootstrap
from undelivered.adapters.aws import clients
from undelivered.adapters.aws.sqs import received_job
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.send_worker import process_send_batch
from undelivered.entrypoints.sqs_batch import MAX_RECEIVES
from undelivered.services.send_batch import SendBatch
from undelivered.settings import TABLES, SendSettings, SettingsError

ENVIRONMENT = {
    **{f"{table.upper()}_TABLE": f"stage-{table}" for table in TABLES},
    "CONFIGURATION_SET": "ordinary-set",
    "RESEND_CONFIGURATION_SET": "resends-set",
    "TEXTS_PER_SECOND": "20",
    "SENDER": "us@example.com",
    "DEFAULT_ACCOUNT_ID": "acc-1",
    "SIGNING_SECRET_ARN": "arn:signing",
    "ERASURE_SECRET_ARN": "arn:erasure",
    "PUBLIC_URL": "https://api.example.com",
    "SENDS_QUEUE_URL": "https://sqs.test/sends",
    "RESENDS_QUEUE_URL": "https://sqs.test/resends",
    "EXPORTS_BUCKET": "exports",
    "ATTACHMENTS_BUCKET": "attachments",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def clear_caches():
    for module in (bootstrap, clients):
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


@pytest.fixture
def deployed(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    clear_caches()
    yield
    clear_caches()


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("worker", [bootstrap.send_notifications, bootstrap.process_resends])
def test_emails_are_sent_with_the_ordinary_configuration_set_and_resends_with_theirs(worker):
    sender = worker().send.send_message.senders[Channel.EMAIL]

    assert (sender.configuration_set, sender.resend_configuration_set) == ("ordinary-set", "resends-set")


@pytest.mark.usefixtures("deployed")
def test_digests_are_sent_with_the_ordinary_configuration_set():
    assert bootstrap.send_digests().mail.sender.configuration_set == "ordinary-set"


@pytest.mark.usefixtures("deployed")
def test_the_client_does_not_repeat_a_send_whose_response_was_lost():
    """The message may have gone out: only the claim of the attempt can decide."""
    senders = [*bootstrap.process_resends().send.send_message.senders.values(), bootstrap.send_digests().mail.sender]

    for sender in senders:
        assert sender.client.meta.config.retries == {"mode": "standard", "total_max_attempts": 1}


@pytest.mark.usefixtures("deployed")
def test_calls_that_are_safe_to_repeat_are_tried_three_times_within_seconds():
    config = clients.client("sqs").meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert (config.connect_timeout, config.read_timeout) == (2, 10)


@pytest.mark.usefixtures("deployed")
def test_each_sending_function_answers_to_its_own_queue():
    assert bootstrap.send_notifications().queue.url == "https://sqs.test/sends"
    assert bootstrap.process_resends().queue.url == "https://sqs.test/resends"


@pytest.mark.parametrize("name", ["CONFIGURATION_SET", "RESEND_CONFIGURATION_SET"])
def test_a_sending_function_does_not_start_without_both_configuration_sets(name):
    with pytest.raises(SettingsError, match=name):
        SendSettings.read("SENDS_QUEUE_URL", {**ENVIRONMENT, name: ""})


@pytest.mark.parametrize(("received", "last_try"), [(1, False), (MAX_RECEIVES - 1, False), (MAX_RECEIVES, True)])
def test_a_job_knows_when_its_message_would_become_a_dead_letter_next(received, last_try):
    tries = []
    send = SendBatch(lambda *_, last_try, **__: tries.append(last_try), a_pace(), one_by_one, urgent=False)
    worker = bootstrap.SendWorker(send, received_job, lambda _record: "", bootstrap.Queue(None, ""), list)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    body = json.dumps({"account_id": "acc-1", "notification_id": "n-1", "attempt": 1})

    record = {"body": body, "attributes": {"ApproximateReceiveCount": str(received)}}
    process_send_batch({"Records": [record]}, worker, context)

    assert tries == [last_try]
