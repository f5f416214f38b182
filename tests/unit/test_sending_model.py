"""The model of `undelivered bench --only sending` holds AWS's rules, and the real functions lose nothing in it."""

from functools import partial

import pytest

from infrastructure.bench import sending_model
from infrastructure.bench.sending_model import ModelQueue, SendingModel
from infrastructure.bench.sending_rate import quiet_functions
from infrastructure.bench.virtual_time import VirtualTime
from infrastructure.build.template import load_fragments
from infrastructure.local.ses_simulator.sending_limits import SendingLimits
from infrastructure.paths import RESOURCES
from undelivered.adapters.aws.sqs import received_job
from undelivered.domain.errors import RetryableError
from undelivered.entrypoints.sqs_batch import RETRY_DELAYS


def limits(per_second, time, per_day=-1.0):
    return SendingLimits(emails_per_second=per_second, emails_per_day=per_day, clock=lambda: time.seconds)


def run(model, number, seconds):
    with quiet_functions():
        model.hand_over(number)
        model.start()
        model.time.run(seconds)
    return model


def test_the_model_has_the_constants_of_the_template():
    messaging = load_fragments([RESOURCES / "messaging.yaml"])["Resources"]
    functions = load_fragments([RESOURCES / "functions.yaml"])["Resources"]

    for queue in ("SendsQueue", "ResendsQueue"):
        assert messaging[queue]["Properties"]["VisibilityTimeout"] == sending_model.VISIBILITY
        assert messaging[queue]["Properties"]["RedrivePolicy"]["maxReceiveCount"] == sending_model.RECEIVES
    sends = functions["SendNotifications"]["Properties"]["Events"]["Sends"]["Properties"]
    resends = functions["ProcessResends"]["Properties"]["Events"]["Resends"]["Properties"]
    assert sends["BatchSize"] == resends["BatchSize"] == sending_model.BATCH
    assert resends["ScalingConfig"]["MaximumConcurrency"] == sending_model.RESENDS_AT_ONCE


def test_a_message_that_is_only_returned_becomes_a_dead_letter():
    time = VirtualTime()
    queue = ModelQueue(time)
    queue.send_message_batch("", [{"Id": "0", "MessageBody": "{}"}])

    received = []
    for _ in range(10):
        received += queue.receive(10)
        time.run(time.seconds + sending_model.VISIBILITY)

    assert len(received) == sending_model.RECEIVES
    assert (queue.dead, len(queue)) == (1, 0)


def test_a_delayed_message_is_received_when_its_delay_ends():
    time = VirtualTime()
    queue = ModelQueue(time)
    queue.send_message_batch("", [{"Id": "0", "MessageBody": "{}", "DelaySeconds": 60}])

    assert queue.receive(10) == []
    time.run(60)
    assert len(queue.receive(10)) == 1


@pytest.mark.parametrize("per_second", [0.1, 1, 14])
def test_a_bulk_send_faster_than_the_rate_goes_out_once_each_and_none_is_a_dead_letter(per_second):
    model = run(SendingModel(partial(limits, per_second), concurrency=2, lost=0.02), 100, 100 / per_second + 3_600)

    assert len(model.ses.sent) == 100
    assert (model.dead_letters, model.sent_twice, len(model.sends)) == (0, 0, 0)


def test_a_host_that_uses_half_of_the_rate_makes_no_dead_letters_either():
    model = SendingModel(partial(limits, 14), concurrency=2)

    def host():
        while True:
            model.ses.limits.refuse_email()
            model.time.sleep(1 / 7)

    model.time.start(host)
    run(model, 300, 600)

    assert len(model.ses.sent) == 300
    assert (model.dead_letters, model.sent_twice) == (0, 0)
    assert max(times[0] for times in model.ses.sent.values()) < 60


def test_a_message_that_is_sent_when_it_is_received_is_lost_at_a_low_rate(monkeypatch):
    """Without the pace, as it was before, the model loses what is refused five times."""
    model = SendingModel(partial(limits, 1), concurrency=10)
    for mapping in model.mappings:
        monkeypatch.setattr(mapping, "handler", partial(unpaced, model, mapping.queue))

    run(model, 200, 3_600)

    assert model.dead_letters > 100


def unpaced(model, queue):
    """Return a handler that tries each job once, and returns it to the queue when SES is busy."""
    send_message = model.send_message()

    def handle(event, _context):
        failed = []
        for record in event["Records"]:
            try:
                send_message(received_job(record))
            except RetryableError:
                failed.append(record["messageId"])
        entries = [{"ReceiptHandle": each, "VisibilityTimeout": RETRY_DELAYS[-1]} for each in failed]
        queue.change_message_visibility_batch("", entries)
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    return handle
