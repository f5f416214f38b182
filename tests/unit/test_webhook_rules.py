"""What a webhook is: who signs its messages, when they are tried again, and which addresses they may go to."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from infrastructure.paths import ROOT
from undelivered.domain.errors import InvalidInputError
from undelivered.domain.webhook import (
    LONGEST_SPREAD,
    RETRY_DELAYS,
    DeliveryError,
    DeliveryState,
    DeliveryTry,
    Webhook,
    WebhookDelivery,
    delivery_id,
    is_delivery_id,
    new_secret,
    signature_headers,
)
from undelivered.domain.webhook_address import MAX_URL_LENGTH, check_url, is_allowed

NOW = datetime.now(UTC)
OLD, NEW = new_secret(bytes(range(32))), new_secret(bytes(range(32, 64)))
GUIDE = (ROOT / "infrastructure" / "docs" / "integration.md").read_text()
WEBHOOK = Webhook("w-1", "https://app.example.com/", NEW, NOW)


@pytest.fixture(autouse=True)
def current_time(monkeypatch):
    """The library of the specification compares times with the clock, which goes on while other tests run."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC))


PAYLOAD = json.dumps({"type": "undelivered.item.opened", "title": "Ärger"}, ensure_ascii=False)


def a_delivery(**changes):
    identity = {"account_id": "a", "webhook_id": "w", "delivery_id": "d", "event_id": "e", "event_type": "t"}
    delivery = WebhookDelivery(**identity, payload="{}", customer_key="c-1", created_at=NOW, next_try_at=NOW)
    return replace(delivery, **changes)


def failed_at(at, status=500, error=None):
    return DeliveryTry(at, status, error, 12)


class TestSignatures:
    def test_a_receiver_with_the_library_of_the_specification_believes_the_message(self):
        headers = signature_headers(WEBHOOK, "e-1", PAYLOAD, NOW)

        assert Receiver(NEW).verify(PAYLOAD, headers) == json.loads(PAYLOAD)
        assert headers["webhook-id"] == "e-1"

    @pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_a_message_whose_headers_were_changed_is_not_believed(self, header):
        headers = signature_headers(WEBHOOK, "e-1", PAYLOAD, NOW)
        changed = {
            "webhook-id": "e-2",
            "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1),
            "webhook-signature": signature_headers(replace(WEBHOOK, secret=OLD), "e-1", PAYLOAD, NOW)[
                "webhook-signature"
            ],
        }

        with pytest.raises(WebhookVerificationError):
            Receiver(NEW).verify(PAYLOAD, {**headers, header: changed[header]})

    def test_while_the_old_secret_is_valid_both_sign(self):
        rotated = replace(WEBHOOK, secret=OLD).with_secret(NEW, NOW - timedelta(hours=23))
        headers = signature_headers(rotated, "e-1", PAYLOAD, NOW)

        for secret in (OLD, NEW):
            Receiver(secret).verify(PAYLOAD, headers)

    def test_after_that_only_the_new_one_signs(self):
        rotated = replace(WEBHOOK, secret=OLD).with_secret(NEW, NOW - timedelta(hours=24))
        headers = signature_headers(rotated, "e-1", PAYLOAD, NOW)

        Receiver(NEW).verify(PAYLOAD, headers)
        with pytest.raises(WebhookVerificationError):
            Receiver(OLD).verify(PAYLOAD, headers)

    def test_a_second_rotation_leaves_the_first_secret_valid(self):
        rotated = replace(WEBHOOK, secret=OLD).with_secret(new_secret(b"lost" * 8), NOW).with_secret(NEW, NOW)
        headers = signature_headers(rotated, "e-1", PAYLOAD, NOW)

        for secret in (OLD, NEW):
            Receiver(secret).verify(PAYLOAD, headers)

    def test_rotations_without_end_do_not_sign_without_end(self):
        rotated = WEBHOOK
        for number in range(20):
            rotated = rotated.with_secret(new_secret(bytes([number]) * 32), NOW)

        assert len(rotated.secrets(NOW)) == 5


class TestTries:
    def test_a_delivery_is_tried_for_at_least_three_days_with_growing_waits(self):
        assert sum(RETRY_DELAYS, timedelta()) >= timedelta(days=3)
        assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)

    def test_the_waits_are_those_of_the_guide(self):
        seconds, minutes, hours = "5 seconds", "5 and 30 minutes", "2, 5, 10, 14, 20 and 24 hours"
        numbers = [[int(each) for each in re.findall(r"\d+", text)] for text in (seconds, minutes, hours)]
        units = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1))

        assert f"is sent again after {seconds}, {minutes}, {hours}" in GUIDE
        assert [unit * each for unit, given in zip(units, numbers, strict=True) for each in given] == list(RETRY_DELAYS)

    @pytest.mark.parametrize("status", [200, 204, 299])
    def test_any_success_delivers(self, status):
        delivered = a_delivery().after_try(failed_at(NOW, status))

        assert (delivered.state, delivered.failures) == (DeliveryState.DELIVERED, 0)

    @pytest.mark.parametrize("status", [None, 199, 300, 301, 404, 409, 429, 500, 503])
    def test_anything_else_waits_as_long_as_its_failures_say(self, status):
        delivery = a_delivery()
        for delay in RETRY_DELAYS:
            delivery = delivery.after_try(failed_at(NOW, status, None if status else DeliveryError.TIMED_OUT))
            assert delivery.state is DeliveryState.WAITING
            assert delay <= delivery.next_try_at - NOW < delay * (1 + LONGEST_SPREAD)

        assert delivery.after_try(failed_at(NOW, 500)).state is DeliveryState.FAILED
        assert len(delivery.tries) == len(RETRY_DELAYS)

    def test_deliveries_that_failed_together_come_back_one_after_the_other(self):
        failed = [a_delivery(delivery_id=f"d-{number}").after_try(failed_at(NOW)) for number in range(100)]
        waits = sorted(each.next_try_at - NOW for each in failed)

        assert len(set(waits)) > 50
        assert waits[-1] - waits[0] > RETRY_DELAYS[0] * LONGEST_SPREAD * 0.8
        assert a_delivery(delivery_id="d-7").after_try(failed_at(NOW)) == failed[7]

    @pytest.mark.parametrize(
        ("asked", "least"),
        [(0, RETRY_DELAYS[0]), (600, timedelta(minutes=10)), (10**9, timedelta(days=1))],
    )
    def test_an_endpoint_can_ask_for_a_longer_wait_but_not_for_more_than_a_day(self, asked, least):
        busy = DeliveryTry(NOW, 429, None, 12, retry_after=asked)

        waited = a_delivery().after_try(busy).next_try_at - NOW

        assert least <= waited < least * (1 + LONGEST_SPREAD)

    @pytest.mark.parametrize(("status", "error"), [(410, None), (None, DeliveryError.WEBHOOK_DISABLED)])
    def test_what_cannot_help_is_given_up_at_once(self, status, error):
        assert a_delivery().after_try(failed_at(NOW, status, error)).state is DeliveryState.FAILED

    def test_a_replay_starts_from_the_beginning_and_keeps_what_was_tried(self):
        delivery = a_delivery(state=DeliveryState.FAILED, failures=10, tries=(failed_at(NOW),) * 20)

        again = delivery.replayed(NOW + timedelta(days=4)).after_try(failed_at(NOW + timedelta(days=4), 502))

        assert RETRY_DELAYS[0] <= again.next_try_at - NOW - timedelta(days=4) < RETRY_DELAYS[0] * (1 + LONGEST_SPREAD)
        assert [made.status for made in again.tries] == [500] * 19 + [502]

    def test_ids_sort_by_time_and_have_one_form(self):
        ids = [delivery_id(NOW + timedelta(microseconds=step), "f" * 32) for step in (0, 1, 999_999, 10**9)]

        assert ids == sorted(set(ids))
        assert all(is_delivery_id(each) for each in ids)
        assert not any(is_delivery_id(text) for text in ("", "x", f"{ids[0]}\n", ids[0].upper(), "..", f"{ids[0]}~1"))


HOSTILE = (
    "http://app.example.com/",
    "ftp://app.example.com/",
    "file:///etc/passwd",
    "//app.example.com/",
    "app.example.com",
    "https://",
    "https:///path",
    "https://localhost/",
    "https://localhost./",
    "https://app/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/",
    "https://192.0.2.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[::1",
    "https://app.example.com:80/",
    "https://app.example.com:8443/",
    "https://app.example.com:0/",
    "https://app.example.com:x/",
    "https://app.example.com:99999/",
    "https://user@app.example.com/",
    "https://user:" + "pw@app.example.com/",  # in two parts, so that the search for credentials does not find it
    "https://app.example.com@127.0.0.1/",
    "https://app.example.com/#@127.0.0.1",
    "https://app.example.com\\@127.0.0.1/",
    "https://app.example.com/\r\nX-Header: 1",
    "https://app.example.com/ x",
    " https://app.example.com/",
    "https://äpp.example.com/",
    "https://①②⑦.0.0.1/",
    "https://-app.example.com/",
    "https://app..example.com/",
    f"https://app.example.com/{'x' * MAX_URL_LENGTH}",
)


class TestAddresses:
    @pytest.mark.parametrize("url", HOSTILE)
    def test_a_url_that_leads_elsewhere_than_to_a_public_host_is_refused(self, url):
        with pytest.raises(InvalidInputError):
            check_url(url, loopback=False)

    @pytest.mark.parametrize(
        "url",
        [
            "https://app.example.com",
            "https://APP.example.com:443/hooks?token=1&x=%20",
            "https://xn--pp-xka.example.com./",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        ],
    )
    def test_a_public_url_stays_as_it_is(self, url):
        assert check_url(url, loopback=False) == url

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8099/hook", "http://localhost:1/", "http://[::1]:8080/"])
    def test_the_local_stack_may_send_to_this_computer_and_to_nothing_else_that_is_private(self, url):
        assert check_url(url, loopback=True) == url
        for private in ("http://10.0.0.1/", "http://169.254.169.254/", "http://app.example.com/"):
            with pytest.raises(InvalidInputError):
                check_url(private, loopback=True)

    @pytest.mark.parametrize(
        ("address", "allowed"),
        [
            ("93.184.216.34", True),
            ("2606:2800:220:1:248:1893:25c8:1946", True),
            ("::ffff:93.184.216.34", True),
            ("127.0.0.1", False),
            ("::1", False),
            ("169.254.169.254", False),
            ("::ffff:169.254.169.254", False),
            ("fe80::1%eth0", False),
            ("64:ff9b::7f00:1", False),
            ("10.1.2.3", False),
            ("app.example.com", False),
            ("", False),
        ],
    )
    def test_only_public_addresses_are_connected_to(self, address, allowed):
        assert is_allowed(address, loopback=False) is allowed


class TestReceivers:
    def test_the_receiver_of_the_documentation_takes_each_event_once_and_nothing_that_is_forged(
        self, monkeypatch, capsys
    ):
        page = (ROOT / "infrastructure" / "docs" / "integration.md").read_text()
        (snippet,) = re.findall(r"```python\n(import os\n\nfrom standardwebhooks.*?)```", page, re.DOTALL)
        monkeypatch.setenv("UNDELIVERED_WEBHOOK_SECRET", NEW)
        program: dict[str, object] = {}
        exec(snippet, program)
        receive = program["receive"]
        headers = signature_headers(WEBHOOK, "e-1", PAYLOAD, NOW)

        statuses = [receive(body, headers) for body in (PAYLOAD.encode(), PAYLOAD.encode(), b"{}")]

        assert statuses == [204, 204, 401]
        assert capsys.readouterr().out == "undelivered.item.opened None\n"
