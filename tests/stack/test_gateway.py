"""What API Gateway answers by itself, before any function of ours."""

import gzip

import httpx
import pytest

PROBLEM = {"type", "title", "status", "detail", "code", "errors", "request_id"}
TOO_LARGE = b" " * (10 * 1024 * 1024 + 1)


def call(stack, method, path, **request):
    return httpx.request(method, f"{stack.api_url}{path}", timeout=60, **request)


def assert_problem(response, status, code):
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert problem.keys() == PROBLEM
    assert problem["code"] == code
    assert problem["request_id"] == response.headers["x-amzn-requestid"]
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.fixture
def closed_exports(stack):
    """Let no export through, as if too many had been asked for."""
    gateway = stack.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    settings = {"restApiId": api["id"], "stageName": "api"}

    def limit(rate, burst):
        for name, value in (("rateLimit", rate), ("burstLimit", burst)):
            path = f"/~1exports/POST/throttling/{name}"
            operation = {"op": "replace", "path": path, "value": str(value)}
            gateway.update_stage(**settings, patchOperations=[operation])

    before = gateway.get_stage(**settings)["methodSettings"]["/~1exports/POST"]
    limit(0, 0)
    yield
    limit(before["throttlingRateLimit"], before["throttlingBurstLimit"])


def test_the_api_has_one_stage(stack):
    gateway = stack.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]

    assert [stage["stageName"] for stage in gateway.get_stages(restApiId=api["id"])["item"]] == ["api"]


def test_an_unknown_path_is_not_found(stack):
    assert_problem(call(stack, "GET", "/no-such-path"), 404, "not_found")


def test_an_unknown_path_with_a_token_is_forbidden(stack):
    response = call(stack, "GET", "/no-such-path", headers={"Authorization": "Bearer abc"})

    assert_problem(response, 403, "forbidden")


def test_a_request_that_is_too_large_is_refused(stack):
    assert_problem(call(stack, "POST", "/notifications", content=TOO_LARGE), 413, "too_large")


def test_a_body_that_is_no_object_reaches_no_function(stack):
    response = call(stack, "POST", "/notifications", json=["text"])

    assert_problem(response, 400, "invalid_body")
    assert "X-Request-Id" not in response.headers  # a function's header


def test_a_throttled_request_says_when_to_come_back(stack, closed_exports):
    response = call(stack, "POST", "/exports", json={})

    assert_problem(response, 429, "throttled")
    assert response.headers["Retry-After"] == "1"
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br, zstd", "br;q=0.5, gzip", "deflate;q=0.5, gzip"])
def test_a_large_response_is_compressed_for_a_client_that_accepts_it(stack, accepted):
    with httpx.stream("GET", f"{stack.api_url}/openapi.json", headers={"Accept-Encoding": accepted}) as response:
        content = b"".join(response.iter_raw())

    assert response.headers["Content-Encoding"] == "gzip"
    assert len(content) < len(gzip.decompress(content)) / 4


@pytest.mark.parametrize("accepted", ["identity", "br, gzip", "gzip;q=0"])
def test_a_response_stays_as_it_is_for_a_client_that_prefers_something_else(stack, accepted):
    response = call(stack, "GET", "/openapi.json", headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in response.headers
    assert response.json()["openapi"]


def test_a_small_response_is_not_compressed(stack):
    assert "Content-Encoding" not in call(stack, "GET", "/health").headers
