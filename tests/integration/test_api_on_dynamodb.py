"""The deployed handler itself, put together from its environment, on tables in moto."""

import json
import os
from types import SimpleNamespace
from uuid import uuid4

import pytest
from moto import mock_aws

from app import app
from tests.builders.api import (
    CONSOLE,
    HOST,
    ISSUER,
    Answered,
    a_token,
    host_claims,
    key_set,
    person_claims,
    proxy_event,
)
from tests.builders.items import ACCOUNT, a_customer, a_failure, a_suppression, an_item
from undelivered import bootstrap
from undelivered.adapters.aws import clients
from undelivered.adapters.dynamodb.models import MODELS, TableNames, use_tables
from undelivered.bootstrap import api
from undelivered.domain.identifiers import item_id
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Reason
from undelivered.entrypoints.http import auth


def forget_everything():
    """Begin a new container."""
    for module in (bootstrap, api, clients, auth):
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


@pytest.fixture
def call(monkeypatch):
    names = {key: f"{key}-{uuid4().hex[:8]}" for key in MODELS}
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        **{f"{key.upper()}_TABLE": name for key, name in names.items()},
        "TOKEN_ISSUER": ISSUER,
        "DEFAULT_ACCOUNT_ID": ACCOUNT,
        "CONSOLE_CLIENT_ID": CONSOLE,
        "HOST_CLIENT_ID": HOST,
        "EXPORTS_BUCKET": "exports-bucket",
        "EXPORTS_QUEUE_URL": "https://exports.test",
        "WEBHOOKS_QUEUE_URL": "https://webhooks.test",
        "PEOPLE_FUNCTION": "arn:aws:lambda:eu-central-1:111122223333:function:people:live",
        "ATTACHMENTS_BUCKET": "attachments-bucket",
        "SEARCHES_PER_MINUTE": "60",
        "NOTIFICATIONS_PER_MINUTE": "6000",
        "BULK_RESENDS_PER_MINUTE": "6",
        "INVITATIONS_PER_MINUTE": "10",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(auth, "_fetch", lambda _: key_set())
    forget_everything()
    with mock_aws():
        use_tables(TableNames(**names))
        for model in MODELS.values():
            model.create_table()
        sqs, secrets = clients.client("sqs"), clients.client("secretsmanager")
        for name in ("SENDS", "RESENDS"):
            monkeypatch.setenv(f"{name}_QUEUE_URL", sqs.create_queue(QueueName=name)["QueueUrl"])
        secret = secrets.create_secret(Name="signing", SecretString="for tests")["ARN"]
        monkeypatch.setenv("SIGNING_SECRET_ARN", secret)
        monkeypatch.setenv("EVIDENCE_KEYS", "arn:key")
        monkeypatch.setenv("ERASURE_SECRET_ARN", secret)
        yield calling
    forget_everything()


def calling(method, url, body=None, *, as_host=False, group="managers", headers=None):
    expires = {"exp": 4_000_000_000}
    if as_host:
        sent = {"Authorization": a_token(host_claims(**expires)), "X-Account-Id": ACCOUNT}
    else:
        sent = {"Authorization": a_token(person_claims(group, **expires))}
    event = proxy_event(app, method, url, {**sent, **(headers or {})}, body, "application/json")
    context = SimpleNamespace(
        function_name="api_handler", memory_limit_in_mb=512, invoked_function_arn="arn:x", aws_request_id="lambda-1"
    )
    answer = app(event, context)
    return Answered(answer["statusCode"], answer["headers"], answer["body"])


def orders(variable):
    sqs = clients.client("sqs")
    received = sqs.receive_message(QueueUrl=os.environ[variable], MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in received]


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_a_notification_is_handed_over_fails_is_corrected_and_resent(call):
    call("PUT", "/customers/c-1", {"name": "Ada", "email": "ada@exmaple.com"}, as_host=True)
    handed = {"notification_id": "n-1", "customer_id": "c-1", "channel": "email", "title": "Rent", "text": "Dear Ada"}
    accepted = call("POST", "/notifications", {"notifications": [handed]}, as_host=True)
    item = an_item(
        Reason.ADDRESS_NOT_FOUND, sent_at=bootstrap.now().replace(microsecond=0), notification_id="n-1",
        customer_id="c-1", recipient="ada@exmaple.com",
    )  # fmt: skip
    bootstrap.undelivered_store().save(None, item)
    url = f"/undelivered/{item_id(item.entry_key)}"

    count = call("GET", "/undelivered/count").json["total"]
    refused = call("POST", f"{url}/resend", {}).json["code"]
    by_viewer = call("POST", f"{url}/resend", {}, group="viewers").status
    ready = call("PATCH", "/customers/c-1", {"email": "ada@example.com"}).json["ready_to_resend"]
    resends = [call("POST", f"{url}/resend", {}, headers={"Idempotency-Key": "k"}).status for _ in range(2)]
    detail = call("GET", url).json

    assert accepted.json["accepted"] == [{"notification_id": "n-1"}]
    assert [order["notification_id"] for order in orders("SENDS_QUEUE_URL")] == ["n-1"]
    assert (count, refused, by_viewer) == (1, "resend_needs_changed_address", 403)
    assert ready == [item_id(item.entry_key)]
    assert resends == [202, 202]
    assert [order["attempt"] for order in orders("RESENDS_QUEUE_URL")] == [2]
    assert detail["state"] == "resending"
    assert [attempt["to"] for attempt in detail["attempt_chain"]] == ["ada@exmaple.com", "ada@example.com"]
    assert call("GET", "/undelivered?status=invalid&limit=1").json["items"][0]["state"] == "resending"


def test_an_account_without_anything_is_answered(call):
    urls = [
        "/undelivered",
        "/undelivered?from=2026-01-01&to=2026-02-01",
        "/undelivered/count",
        "/undelivered/total?reason=mailbox_full",
        "/undelivered/trend",
        "/undelivered/summary",
        "/customers?address=ada%40example.com",
        "/suppressions",
        "/settings",
        "/openapi.json",
        "/health",
    ]

    assert {url: call("GET", url).status for url in urls} == dict.fromkeys(urls, 200)


def test_many_are_resent_at_once(call):
    call("PUT", "/customers/c-1", {"name": "Ada", "email": "ada@example.com"})
    store, now = bootstrap.undelivered_store(), bootstrap.now().replace(microsecond=0)
    items = [
        an_item(Reason.MAILBOX_FULL, number=number, sent_at=now, customer_id="c-1", recipient="ada@example.com")
        for number in (1, 2)
    ]
    for number, item in enumerate(items, start=1):
        handed = {"notification_id": f"n-{number}", "customer_id": "c-1", "channel": "email", "title": "T", "text": "t"}
        call("POST", "/notifications", {"notifications": [handed]}, as_host=True)
        store.save(None, item)

    batch = call("POST", "/undelivered/resend", {"filter": {"status": "bounced.soft"}}).json

    assert (batch["accepted"], batch["refused"]) == (2, [])
    assert call("GET", f"/resend-batches/{batch['batch_id']}").json["resending"] == 2


def test_settings_and_suppressions_are_kept(call):
    bootstrap.customer_store().save(a_customer())
    api.use_cases().suppressions.save(None, a_suppression(reason=SuppressionReason.MANUAL))

    assert call("PUT", "/settings", {"time_zone": "Europe/Berlin"}).status == 200
    assert call("GET", "/settings").json["time_zone"] == "Europe/Berlin"
    assert call("GET", "/suppressions/email/ada%40example.com").json["reason"] == "manual"
    assert call("GET", "/unsubscribe/a.b").status == 404


def test_a_broken_handler_says_so_without_details(call, monkeypatch):
    monkeypatch.delenv("UNDELIVERED_TABLE")

    answer = call("GET", "/undelivered/count")

    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "UNDELIVERED" not in answer.text


def test_a_shape_that_was_seen_is_mapped_and_ingestion_follows(call, monkeypatch):
    for name in (
        "DEFAULT_ACCOUNT_ID",
        "FEEDBACK_TOPIC_ARN",
        "FEEDBACK_QUEUE_URL",
        "OUTCOME_TOPIC_ARN",
        "DEAD_LETTERS_URL",
    ):
        monkeypatch.setenv(name, ACCOUNT)
    now = bootstrap.now().replace(microsecond=0)
    unread = {"reason": Reason.UNDETERMINED, "sent_at": now, "diagnostic": "550 5.0.0 Odd <ada@example.com>"}
    bootstrap.item_change_handlers().record_unrecognised(None, an_item(**unread))

    (shape,) = call("GET", "/diagnostics/unrecognised", group="viewers").json["shapes"]
    mapped = call("PUT", f"/diagnostics/{shape['id']}", {"reason": "mailbox_full", "why": "their page"})
    failures = bootstrap.feedback_ingestion().record_feedback([[a_failure(**unread, message_id="m-9")]])
    (item,) = call("GET", "/undelivered").json["items"]
    unmapped = call("DELETE", f"/diagnostics/{shape['id']}")

    assert failures == {}
    assert (shape["shape"], shape["count"]) == ("550 5.0.0 odd <address>", 1)
    assert (mapped.json["reason"], item["reason"], item["kind"], unmapped.json["reason"]) == (
        "mailbox_full",
        "mailbox_full",
        "soft",
        None,
    )
