"""The deployed API keeps to its own description: schemathesis makes requests from it, good ones and bad ones.

One operation of each kind is tried here. tests/integration/test_api_conforms.py tries all of them without a stack.
"""

import json

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infrastructure.local.deployment import OTHER_ACCOUNT
from undelivered.entrypoints.http.openapi import document
from undelivered.entrypoints.http.route import Access
from undelivered.entrypoints.http.routes import ROUTES

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)

FOR_MANAGERS = {(route.method, route.path) for route in ROUTES if route.access is Access.MANAGE}

TRIED = [
    "GET /undelivered/count",
    "GET /undelivered/{item_id}",
    "GET /customers",
    "GET /people",
    "POST /undelivered/resend",
    "PUT /customers/{customer_id}",
    "PATCH /customers/{customer_id}",
    "DELETE /suppressions/{channel}/{address}",
    "GET /.well-known/jwks.json",
]

schema = schemathesis.openapi.from_dict(document(ROUTES)).include(name=TRIED)


def test_the_description_is_served(stack):
    served = httpx.get(f"{stack.api_url}/openapi.json", timeout=30).json()

    assert served == json.loads(msgspec.json.encode(document(ROUTES)))


@pytest.fixture(scope="module")
def stranger(stack):
    """The headers of a host application for an account that has nothing, so that nothing of others can be harmed."""
    return {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": "acc-described"}


@pytest.fixture(scope="module")
def manager_elsewhere(stack):
    return {"Authorization": stack.token(stack.user("manager", OTHER_ACCOUNT).email)}


@schema.parametrize()
@BOUNDED
def test_every_answer_is_as_described(stack, stranger, manager_elsewhere, case):
    headers = manager_elsewhere if (case.method, case.path) in FOR_MANAGERS else stranger

    case.call_and_validate(base_url=stack.api_url, headers=headers, checks=CHECKS, timeout=30)
