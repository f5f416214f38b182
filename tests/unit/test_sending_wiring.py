"""How the sending functions are put together: which configuration set is which, and that nothing is sent twice."""

import pytest

from undelivered import bootstrap
from undelivered.adapters import clients
from undelivered.domain.taxonomy import Channel
from undelivered.settings import TABLES, SendingSettings, SettingsError

ENVIRONMENT = {
    **{f"{table.upper()}_TABLE": f"stage-{table}" for table in TABLES},
    "CONFIGURATION_SET": "ordinary-set",
    "RESEND_CONFIGURATION_SET": "resends-set",
    "SENDER": "us@example.com",
    "SIGNING_SECRET_ARN": "arn:signing",
    "ERASURE_SECRET_ARN": "arn:erasure",
    "PUBLIC_URL": "https://api.example.com",
    "RESENDS_QUEUE_URL": "https://sqs.test/resends",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def forget_what_was_made():
    for module in (bootstrap, clients):
        for made in vars(module).values():
            if hasattr(made, "cache_clear"):
                made.cache_clear()


@pytest.fixture
def deployed(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    forget_what_was_made()
    yield
    forget_what_was_made()


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("make", [bootstrap.deliver, bootstrap.send_digests], ids=["deliver", "send_digests"])
def test_mail_goes_out_by_the_ordinary_set_and_resends_by_theirs(make):
    use_case = make()
    sender = use_case.senders[Channel.EMAIL] if make is bootstrap.deliver else use_case.sender

    assert (sender.configuration_set, sender.resend_configuration_set) == ("ordinary-set", "resends-set")


@pytest.mark.usefixtures("deployed")
def test_a_send_whose_answer_was_lost_is_not_repeated_by_the_client():
    """The message may have been taken: only who claimed the attempt can decide."""
    deliver, digests = bootstrap.deliver(), bootstrap.send_digests()

    for sender in (*deliver.senders.values(), digests.sender):
        assert sender.client.meta.config.retries == {"mode": "standard", "total_max_attempts": 1}


@pytest.mark.usefixtures("deployed")
def test_whatever_is_safe_to_repeat_is_tried_three_times_within_seconds():
    config = clients.client("sqs").meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert (config.connect_timeout, config.read_timeout) == (2, 10)


@pytest.mark.usefixtures("deployed")
def test_what_cleanup_finds_lost_goes_to_the_queue_of_resends():
    assert bootstrap.maintain().resends.url == "https://sqs.test/resends"


@pytest.mark.parametrize("name", ["CONFIGURATION_SET", "RESEND_CONFIGURATION_SET"])
def test_without_both_sets_nothing_is_sent_at_all(name):
    with pytest.raises(SettingsError, match=name):
        SendingSettings.read({**ENVIRONMENT, name: ""})
