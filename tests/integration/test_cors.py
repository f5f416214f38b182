"""CORS: the origins whose pages may call the API, and the security headers of every response."""

import pytest

from tests.builders.api import Api, believe_test_tokens, manager
from undelivered.entrypoints.http.router import SECURITY_HEADERS
from undelivered.entrypoints.http.routes import ROUTES
from undelivered.settings import ApiSettings, SettingsError

KNOWN, UNKNOWN = "https://app.example.com", "https://evil.example"
ASKING = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


def test_a_preflight_request_of_an_allowed_origin_is_accepted(api):
    answer = api.call("OPTIONS", "/undelivered/resend", headers={"Origin": KNOWN, **ASKING})

    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Access-Control-Allow-Origin"] == KNOWN
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "X-Account-Id"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/undelivered/count", "/customers/nobody"])
def test_it_may_read_answers_and_problems(api, path):
    answer = api.get(path, {**manager(), "Origin": KNOWN})

    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (KNOWN, "Origin")


@pytest.mark.parametrize(
    "origin", [UNKNOWN, "null", "", f"{KNOWN}.evil.example", "http://app.example.com", f"{KNOWN}:444"]
)
def test_no_other_page_may(api, origin):
    read = api.get("/undelivered/count", {**manager(), "Origin": origin})
    asked = api.call("OPTIONS", "/undelivered/resend", headers={"Origin": origin, **ASKING})

    assert not any(name.startswith("Access-Control") for name in {**read.headers, **asked.headers})
    assert asked.status == 405


def test_unless_something_is_allowed_nothing_is():
    required = (
        "SENDS_QUEUE_URL", "RESENDS_QUEUE_URL", "EXPORTS_BUCKET", "ATTACHMENTS_BUCKET", "EXPORTS_QUEUE_URL",
        "WEBHOOKS_QUEUE_URL",
        "ERASURE_SECRET_ARN", "SIGNING_SECRET_ARN", "EVIDENCE_KEYS",
        "TOKEN_ISSUER", "DEFAULT_ACCOUNT_ID", "CONSOLE_CLIENT_ID",
        "PEOPLE_FUNCTION",
        "HOST_CLIENT_ID",
    )  # fmt: skip
    numbers = dict.fromkeys(
        ("SEARCHES_PER_MINUTE", "NOTIFICATIONS_PER_MINUTE", "BULK_RESENDS_PER_MINUTE", "INVITATIONS_PER_MINUTE"), "7"
    )
    environment = {**dict.fromkeys(required, "x"), **numbers}

    assert ApiSettings.read(environment).allowed_origins == frozenset()
    allowed = ApiSettings.read({**environment, "ALLOWED_ORIGINS": f"{KNOWN}, http://localhost:3000"}).allowed_origins
    assert allowed == {KNOWN, "http://localhost:3000"}
    for wrong in ("*", "https://*.example.com", "app.example.com", f"{KNOWN}/", "javascript:alert(1)"):
        with pytest.raises(SettingsError):
            ApiSettings.read({**environment, "ALLOWED_ORIGINS": wrong})


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("headers", [{}, manager()], ids=["stranger", "manager"])
def test_every_answer_carries_the_headers_that_keep_it_private(api, route, headers):
    path = route.path.replace("{", "").replace("}", "")

    answer = api.call(route.method, path, headers=headers, body={} if route.method != "GET" else None)

    assert SECURITY_HEADERS.keys() <= answer.headers.keys()
    assert answer.headers["Cache-Control"] == "no-store" or route.path in {"/openapi.json", "/.well-known/jwks.json"}
