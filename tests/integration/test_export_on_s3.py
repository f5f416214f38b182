"""The deployed functions on tables and a bucket in moto: an export from the asking to the file."""

import csv
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from uuid import uuid4

import moto.s3.models
import pytest
import requests
from moto import mock_aws
from msgspec.structs import replace

from app import app
from tests.builders.api import CONSOLE, HOST, ISSUER, Answered, a_token, key_set, person_claims, proxy_event
from tests.builders.items import ACCOUNT, an_item
from undelivered import bootstrap
from undelivered.adapters.aws import clients
from undelivered.adapters.aws.s3 import S3ExportFiles
from undelivered.adapters.dynamodb.models import MODELS, TableNames, use_tables
from undelivered.bootstrap import api
from undelivered.domain.taxonomy import Reason
from undelivered.entrypoints.export_report import export_report
from undelivered.entrypoints.http import auth
from undelivered.entrypoints.sqs_batch import MAX_RECEIVES

HOURS = 3_600_000
PART_BYTES = 2_000


class Stack:
    """The functions, their tables and their bucket; events wait until ``run`` carries them out."""

    def __init__(self, events, delays):
        self.events, self.delays = events, delays

    def add(self, *titles):
        """Put items on the report, the newest first."""
        now = bootstrap.now().replace(microsecond=0)
        for number, title in enumerate(titles, start=1):
            sent_at = now - timedelta(hours=number)
            item = an_item(Reason.MAILBOX_FULL, number=number, sent_at=sent_at, title=title)
            bootstrap.undelivered_store().save(None, item)

    def call(self, method, url, body=None):
        sent = {"Authorization": a_token(person_claims("viewers", exp=4_000_000_000))}
        event = proxy_event(app, method, url, sent, body, "application/json")
        context = SimpleNamespace(
            function_name="api", memory_limit_in_mb=1, invoked_function_arn="arn:x", aws_request_id="1"
        )
        answer = app(event, context)
        return Answered(answer["statusCode"], answer["headers"], answer["body"])

    def request(self, **given):
        return self.call("POST", "/exports", {"format": "csv", "filter": given}).json["export_id"]

    def news(self, export_id):
        return self.call("GET", f"/exports/{export_id}").json

    def write(self, event, *, milliseconds=HOURS, received=1):
        """Carry a message out as Lambda does; return the failures that it reports."""
        context = SimpleNamespace(
            function_name="export_report",
            memory_limit_in_mb=1024,
            invoked_function_arn="arn:x",
            aws_request_id="2",
            get_remaining_time_in_millis=lambda: milliseconds,
        )
        record = {
            "messageId": "m-1",
            "receiptHandle": "r-1",
            "body": event,
            "attributes": {"ApproximateReceiveCount": str(received)},
        }
        return export_report({"Records": [record]}, context)["batchItemFailures"]

    def run(self, *, milliseconds=HOURS):
        """Carry out all events and return how many there were."""
        number = 0
        while self.events:
            assert self.write(self.events.pop(0), milliseconds=milliseconds) == []
            number += 1
        return number

    def file(self, export_id):
        return requests.get(self.news(export_id)["url"], timeout=60)

    def rows(self, export_id):
        text = self.file(export_id).content.decode("utf-8-sig")
        return list(csv.DictReader(StringIO(text, newline="")))


@pytest.fixture
def stack(monkeypatch):
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
        "SENDS_QUEUE_URL": "https://sends.test",
        "RESENDS_QUEUE_URL": "https://resends.test",
        "SIGNING_SECRET_ARN": "arn:secret",
        "EVIDENCE_KEYS": "arn:key",
        "ERASURE_SECRET_ARN": "arn:secret",
        "EXPORTS_BUCKET": "exports-bucket",
        "CONFIGURATION_SET": "sends",
        "SENDER": "us@example.com",
        "PUBLIC_URL": "https://api.example.com",
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
    events = []
    delays = []
    queue = SimpleNamespace(
        send_message=lambda **call: events.append(call["MessageBody"]),
        change_message_visibility_batch=lambda **call: delays.extend(
            entry["VisibilityTimeout"] for entry in call["Entries"]
        ),
    )
    monkeypatch.setattr(
        bootstrap,
        "client",
        lambda name, **options: queue if name == "sqs" else clients.client(name, **options),
    )
    forget_everything()
    with mock_aws():
        use_tables(TableNames(**names))
        for model in MODELS.values():
            model.create_table()
        clients.client("s3").create_bucket(
            Bucket="exports-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield Stack(events, delays)
    forget_everything()


def forget_everything():
    for module in (bootstrap, api, clients, auth):
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


@pytest.fixture
def small_parts(stack, monkeypatch):
    """Let parts be small, here and in S3, and pages, too."""
    monkeypatch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", PART_BYTES)
    parts = bootstrap.export_report()
    small = replace(parts, write=replace(parts.write, page_size=4, part_bytes=PART_BYTES))
    monkeypatch.setattr(bootstrap, "export_report", lambda: small)


@pytest.mark.parametrize("titles", [(), ("Rent",), ("Rent", "Rent", "Notice")])
def test_a_report_becomes_a_file(stack, titles):
    stack.add(*titles)
    export_id = stack.request()

    assert stack.news(export_id) == {"state": "running", "rows": 0, "url": None, "detail": None}
    assert stack.run() == 1

    assert (stack.news(export_id)["state"], stack.news(export_id)["rows"]) == ("done", len(titles))
    assert tuple(row["title"] for row in stack.rows(export_id)) == titles


def test_the_link_downloads_a_named_file_for_a_quarter_of_an_hour(stack):
    export_id = stack.request()
    stack.run()

    answer = stack.file(export_id)

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="undelivered-20')
    assert "X-Amz-Expires=900" in answer.url
    assert answer.content.startswith(b"\xef\xbb\xbftitle,")


def test_whatever_stands_in_the_titles_arrives(stack):
    titles = ["=1+1", 'with "quotes", commas', "two\r\nlines", "مرحبا بالعالم", "-5 % Rabatt"]
    stack.add(*titles)
    export_id = stack.request()

    stack.run()

    assert [row["title"] for row in stack.rows(export_id)] == ["'=1+1", *titles[1:4], "'-5 % Rabatt"]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(("milliseconds", "invocations"), [(HOURS, 1), (1_000, 5)])
def test_a_long_report_is_written_in_parts_over_as_many_invocations_as_it_takes(stack, milliseconds, invocations):
    stack.add(*(f"title {number}" for number in range(18)))
    export_id = stack.request()

    assert stack.run(milliseconds=milliseconds) == invocations

    assert [row["title"] for row in stack.rows(export_id)] == [f"title {number}" for number in range(18)]
    assert len(bootstrap.export_report().write.store.find(ACCOUNT, export_id).position.parts) > 2


@pytest.mark.usefixtures("small_parts")
def test_an_event_delivered_again_changes_nothing(stack):
    stack.add(*(f"title {number}" for number in range(18)))
    export_id = stack.request()
    (event,) = stack.events
    while stack.events:
        stack.write(stack.events[0], milliseconds=1_000)
        stack.write(stack.events.pop(0), milliseconds=1_000)
    before = stack.file(export_id).content

    stack.write(event)

    assert stack.file(export_id).content == before
    assert [row["title"] for row in stack.rows(export_id)] == [f"title {number}" for number in range(18)]


def test_a_file_finished_by_a_call_whose_answer_was_lost_is_done_by_the_next(stack, monkeypatch):
    stack.add("Rent")
    export_id = stack.request()
    (event,) = stack.events
    finish = S3ExportFiles.finish

    def lose_the_answer(*args):
        finish(*args)
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(S3ExportFiles, "finish", lose_the_answer)
        stack.write(event)
    assert stack.news(export_id)["state"] == "running"

    stack.run()

    assert stack.news(export_id)["state"] == "done"
    assert [row["title"] for row in stack.rows(export_id)] == ["Rent"]


def test_an_export_that_cannot_be_written_fails_and_says_so(stack, monkeypatch):
    export_id = stack.request()
    (event,) = stack.events
    parts = bootstrap.export_report()
    files = S3ExportFiles(clients.client("s3"), "no-such-bucket")
    without = replace(parts, write=replace(parts.write, files=files))
    monkeypatch.setattr(bootstrap, "export_report", lambda: without)

    for received in range(1, MAX_RECEIVES + 1):
        assert stack.news(export_id)["state"] == "running"
        assert stack.write(event, received=received) == [{"itemIdentifier": "m-1"}]

    assert stack.delays == [5, 15, 60, 120, 120]
    news = stack.news(export_id)
    assert (news["state"], news["url"]) == ("failed", None)
    assert news["detail"].startswith("The export failed several times")
    assert stack.write(event, received=MAX_RECEIVES) == []


def test_a_message_that_names_no_export_is_delivered_again_at_once_until_it_is_a_dead_letter(stack):
    assert stack.write("Dear all") == [{"itemIdentifier": "m-1"}]
    assert stack.delays == [0]
