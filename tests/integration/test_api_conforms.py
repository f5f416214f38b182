"""The API keeps to its own description: schemathesis makes requests from it, good ones and bad ones, to every route."""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.builders.api import Api, believe_test_tokens, host, manager
from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_attempt, an_item
from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.identifiers import item_id
from undelivered.domain.signed_tokens import sign_token
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import ShapeMapping
from undelivered.entrypoints.http.openapi import document
from undelivered.entrypoints.http.routes import ROUTES

pytestmark = pytest.mark.slow  # some thousand requests

BASE = "https://api.test"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

schema = schemathesis.openapi.from_dict(document(ROUTES))


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.add(*(an_item(reason, number=number) for number, reason in enumerate(Reason)))
    api.add(*(an_item(Reason.SENDER_BLOCKED, number=number, days_ago=0.1) for number in range(100, 105)))
    api.customers.save(a_customer())
    api.notifications.add(a_notification())
    api.notifications.claim(an_attempt())
    api.suppressions.save(None, a_suppression())
    api.unrecognised.record(ACCOUNT, "odd", "example.com", NOW)
    api.shape_mappings.save(ShapeMapping(ACCOUNT, "odd", Reason.TIMED_OUT))
    return api


@pytest.fixture
def known(api):
    """Values of the path parameters that there is something of."""
    webhook_id = api.post("/webhooks", {"url": "https://shop.example.com/"}).json["webhook"]["webhook_id"]
    return {
        "item_id": item_id(next(iter(api.items.items.values())).entry_key),
        "customer_id": "c-1",
        "notification_id": "n-1",
        "shape_id": shape_id("odd"),
        "incident_id": api.get("/incidents", manager()).json["incidents"][0]["id"],
        "number": "1",
        "channel": "email",
        "address": "ada@example.com",
        "batch_id": api.post("/undelivered/resend", {"ids": ["x"]}).json["batch_id"],
        "view_id": api.put("/views/v-1", {"name": "Bounced", "filter": {}}).json["views"][0]["view_id"],
        "webhook_id": webhook_id,
        "delivery_id": api.post(f"/webhooks/{webhook_id}/test").json["delivery_id"],
        "person_id": api.post("/people", {"email": "grace@example.com", "role": "viewer"}).json["person_id"],
        "request_id": "2026-11-1",
        "export_id": api.post("/exports", {}).json["export_id"],
        "token": sign_token(api.keys.secrets()[0], "unsubscribe", "acc-1~n-1~1"),
    }


def send(api, case, headers):
    """Call the API in this process with what schemathesis has made, and return the answer."""
    made = case.as_transport_kwargs(base_url=BASE)
    made["headers"] = {**made["headers"], **headers}
    request = requests.Request(
        **{name: made.get(name) for name in ("method", "url", "headers", "params", "json", "data")}
    ).prepare()
    raw = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
    answered = api.call(request.method, request.url.removeprefix(BASE), headers=dict(request.headers), raw=raw)
    headers = {name.lower(): [value] for name, value in answered.headers.items()}
    return schemathesis.Response(answered.status, headers, answered.text.encode(), request, elapsed=0.0, verify=True)


BOUNDED = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@schema.parametrize()
@BOUNDED
def test_every_answer_is_as_described(api, case):
    case.validate_response(send(api, case, manager()), checks=CHECKS)


@schema.parametrize()
@BOUNDED
def test_so_is_every_answer_about_what_there_is(api, known, case):
    case.path_parameters = {name: known[name] for name in case.path_parameters}

    case.validate_response(send(api, case, host()), checks=CHECKS)
