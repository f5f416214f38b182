"""The console's files, as the API serves them."""

import json
import re
from types import SimpleNamespace

import pytest
from chalice.app import Chalice

from tests.builders.api import Answered, proxy_event
from undelivered.entrypoints.http.routes import console

CACHED = (console._settings, console._configuration, console._content_security_policy)


@pytest.fixture
def get(monkeypatch):
    monkeypatch.setenv("CONSOLE_CLIENT_ID", "console-client")
    monkeypatch.setenv("SIGN_IN_URL", "https://sign-in.example/")
    monkeypatch.setenv("TOKEN_ISSUER", "https://cognito.example/pool-1")
    for cached in CACHED:
        cached.cache_clear()
    app = Chalice("test", configure_logs=False)
    app.register_blueprint(console.routes)

    def call(path, headers=None):
        event = proxy_event(app, "GET", path.rstrip("/"), headers or {}, None, "")
        event["requestContext"]["path"] = f"/api{path}"
        response = app(event, SimpleNamespace(aws_request_id="1"))
        return Answered(response["statusCode"], response["headers"], response["body"])

    yield call
    for cached in CACHED:
        cached.cache_clear()


def test_the_page_loads_files_that_exist_and_are_cached_for_a_year(get):
    page = get("/console/")
    files = re.findall(r'(?:src|href)="([0-9a-f]{16}/[\w.-]+)"', page.text)

    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-cache"
    assert files
    for file in files:
        asset = get(f"/console/{file}")
        assert asset.status == 200
        assert "immutable" in asset.headers["Cache-Control"]


def test_the_page_is_found_with_a_slash_only(get):
    redirect = get("/console")

    assert (redirect.status, redirect.headers["Location"]) == (302, "console/")


def test_a_file_that_the_browser_has_is_not_sent_again(get):
    etag = get("/console/badge.js").headers["ETag"]

    assert get("/console/badge.js", {"If-None-Match": f'W/{etag}, "other"'}).status == 304
    assert get("/console/badge.js", {"If-None-Match": '"other"'}).status == 200


def test_a_file_of_another_version_is_served_and_revalidated(get):
    asset = get("/console/0123456789abcdef/main.js")

    assert (asset.status, asset.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["/console/nothing.js", "/console/x/nothing.js", "/console/x/index.html"])
def test_no_other_file_is_served(get, path):
    assert get(path).status == 404


def test_the_configuration_is_that_of_the_installation(get):
    configuration = json.loads(get("/console/config.json").text)

    assert configuration == {
        "api_url": "..",
        "client_id": "console-client",
        "sign_in_url": "https://sign-in.example",
        "user_pool_url": "https://cognito.example/",
        "frame_origins": [],
    }


def test_the_page_may_talk_to_the_api_the_sign_in_page_and_the_user_pool_only(get):
    policy = get("/console/").headers["Content-Security-Policy"]

    assert "connect-src 'self' https://cognito.example https://sign-in.example;" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(("path", "is_page"), [("/console/", True), ("/console/x/main.js", False)])
def test_only_the_page_has_the_headers_of_a_page(get, path, is_page):
    headers = get(path).headers
    of_a_page = {"Content-Security-Policy", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy"}

    assert of_a_page & set(headers) == (of_a_page if is_page else set())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" in headers


def test_no_page_can_frame_the_console_unless_its_origin_is_allowed(get):
    headers = get("/console/").headers

    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


def test_pages_of_allowed_origins_can_frame_the_console_and_it_knows_them(monkeypatch, get):
    origins = ["https://app.example.com", "https://www.example.com"]
    monkeypatch.setenv("FRAME_ORIGINS", ", ".join(reversed(origins)))
    headers = get("/console/").headers

    assert f"frame-ancestors {' '.join(origins)};" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    assert json.loads(get("/console/config.json").text)["frame_origins"] == origins


@pytest.mark.parametrize("origin", ["*", "https://*.example.com", "https://a.example; script-src *", "app.example.com"])
def test_what_is_no_origin_is_never_written_into_the_policy(monkeypatch, get, origin):
    monkeypatch.setenv("FRAME_ORIGINS", origin)

    assert get("/console/").status == 500
