"""Imports against the API: in batches, repeated while it is busy, continued after an interruption."""

import csv
import json
from collections import Counter
from urllib.parse import urlsplit

import httpx
import pytest

from infrastructure.errors import ToolError
from infrastructure.importing.table_file import Row, TableFile
from infrastructure.importing.upload import (
    HostApi,
    ImportList,
    ImportRow,
    ProgressFile,
    batches_of,
    send_rows,
    write_refused,
)
from infrastructure.user_pool import HostClient
from tests.builders.api import Api, a_token, believe_test_tokens, host_claims
from tests.builders.items import ACCOUNT
from undelivered.entrypoints.http.parsing import MAX_BODY_BYTES

CUSTOMERS = ImportList("customers")


@pytest.fixture
def product(monkeypatch):
    """The API behind httpx. ``answers`` are given instead of it, one for each call, and ``sizes`` are of its bodies."""
    believe_test_tokens(monkeypatch)
    api = Api()
    api.answers, api.sizes, api.tokens, api.waited = [], [], 0, []

    def token():
        api.tokens += 1
        return a_token(host_claims())

    def handle(request):
        if api.answers and (answer := api.answers.pop(0)):
            if isinstance(answer, Exception):
                raise answer
            return answer
        api.sizes.append(len(request.content))
        answer = api.call(
            "PUT", urlsplit(str(request.url)).path, headers=dict(request.headers), raw=request.content.decode()
        )
        return httpx.Response(answer.status, json=answer.json)

    client = httpx.Client(transport=httpx.MockTransport(handle))
    monkeypatch.setattr("infrastructure.importing.upload.host_token", lambda _host: token())
    monkeypatch.setattr("infrastructure.importing.upload.httpx.Client", lambda **_options: client)
    api.host = HostApi("https://api.test", ACCOUNT, HostClient("", "", "", ""), sleep=api.waited.append)
    return api


def customers(number, **values):
    return [a_row(line, **values) for line in range(1, number + 1)]


def a_row(line, **values):
    body = {"customer_id": f"c-{line}", "name": f"Customer {line}", **values}
    return ImportRow(Row(line, tuple(body.values())), body)


def send(product, rows, *, dry_run=False, **more):
    return send_rows(product.host, CUSTOMERS, rows, dry_run=dry_run, **more)


def test_all_rows_are_sent_in_batches_of_500_with_their_outcomes(product):
    rows = [*customers(1_200), a_row(1_999, email="ada@gmial.com"), a_row(2_000, email="not an address")]

    result = send(product, rows)

    assert result.outcomes == {"created": 1_201, "refused": 1}
    assert list(result.refused) == [2_000]
    assert result.likely == {1_999: "ada@gmail.com"}
    assert "email: " in result.refused[2_000]
    assert (len(product.sizes), len(product.customers.stored)) == (3, 1_201)


def test_a_batch_of_long_rows_fits_in_a_body(product):
    batches = list(batches_of(customers(500, email=f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example", note="x" * 500)))

    assert len(batches) > 1
    assert all(len(json.dumps([row.body for row in batch])) < MAX_BODY_BYTES for batch in batches)


def test_rows_with_an_error_are_refused_and_not_sent(product):
    wrong = ImportRow(Row(9, ("c-1",)), {}, "customer_id: is also in line 1")

    result = send(product, [*customers(1), wrong])

    assert (result.outcomes, result.refused) == (
        {"created": 1, "refused": 1},
        {9: "customer_id: is also in line 1"},
    )


def test_a_dry_run_has_the_same_outcomes_and_writes_nothing(product):
    result = send(product, customers(3), dry_run=True)

    assert (result.outcomes, product.customers.stored) == ({"created": 3}, {})


def test_a_busy_api_is_asked_again_after_the_time_that_it_names(product):
    busy = httpx.Response(429, headers={"Retry-After": "7"}, json={"detail": "Try again."})
    product.answers = [busy, httpx.Response(502), httpx.ConnectError("no route"), None]

    assert send(product, customers(2)).outcomes == {"created": 2}
    assert product.waited == [7.0, 1.0, 2.0]


def test_an_expired_token_is_replaced(product):
    product.answers = [httpx.Response(401, json={"detail": "expired"})]

    assert send(product, customers(2)).outcomes == {"created": 2}
    assert product.tokens == 2


def test_a_refused_request_ends_the_import_with_the_reason(product):
    product.answers = [httpx.Response(403, json={"detail": "Not allowed."})]

    with pytest.raises(ToolError, match=r"Not allowed\."):
        send(product, customers(2))


def test_an_interrupted_import_continues_with_the_batches_that_are_missing(product, tmp_path):
    rows, file = [*customers(999), a_row(1_000, email="ada@gmial.com")], tmp_path / "progress.json"
    rows.append(a_row(1_001, phone="12"))
    product.answers = [None, None, httpx.Response(400, json={"detail": "Stop."})]
    sent = []

    with pytest.raises(ToolError, match="Stop"):
        send(product, rows, progress=ProgressFile(file, "key"))
    before = len(product.sizes)
    result = send(product, rows, progress=ProgressFile(file, "key"), on_sent=sent.append)

    assert (result.outcomes, list(result.refused)) == ({"created": 1_000, "refused": 1}, [1_001])
    assert result.likely == {1_000: "ada@gmail.com"}
    assert len(product.sizes) - before == 3 - before
    assert sum(sent) == len(rows)


def test_the_progress_of_another_import_is_not_used(tmp_path):
    file = tmp_path / "progress.json"
    ProgressFile(file, "key").save(0, send_nothing())
    file_of_others = tmp_path / "broken.json"
    file_of_others.write_text("{")

    assert list(ProgressFile(file, "key").done) == [0]
    assert ProgressFile(file, "other").done == {}
    assert ProgressFile(file_of_others, "key").done == {}


def send_nothing():
    from infrastructure.importing.upload import ImportResult  # noqa: PLC0415

    return ImportResult(Counter(created=1), {})


def test_the_file_of_refused_rows_has_their_columns_and_the_reason(tmp_path):
    table = TableFile(("id", "name"), (Row(2, ("1", "José")), Row(3, ("2", "Bo"))), "utf-8", ";", "")
    file = tmp_path / "customers.refused.csv"

    write_refused(file, table, {2: "email: is missing"})

    with file.open(encoding="utf-8-sig", newline="") as written:
        assert list(csv.reader(written, delimiter=";")) == [["id", "name", "error"], ["1", "José", "email: is missing"]]
