"""The console: its static files, and the configuration of this installation.

The files in ``console/assets`` are served under a folder whose name is a hash of their content. So browsers cache them
for a year and still load new files at once after a deployment. The page itself is revalidated every time.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from chalice.app import Blueprint, Response
from msgspec import Struct

from undelivered.settings import ConsoleSettings

routes = Blueprint(__name__)

_Headers = dict[str, str | list[str]]

_FOLDER: Final = Path(__file__).parents[3] / "console"
_ASSETS: Final = "assets"
_PAGE: Final = "index.html"
_TYPES: Final = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
    }
)
_REVALIDATE: Final = "no-cache"
_CACHE_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
_CACHE_FOR_MINUTES: Final = "public, max-age=300"


class _File(Struct, frozen=True):
    """A file with the headers that it is served with."""

    body: str
    content_type: str
    etag: str


def _file(name: str, body: str) -> _File:
    return _File(body, _TYPES[Path(name).suffix], f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"')


@cache
def _assets() -> Mapping[str, _File]:
    """Return the files that the page loads, by name. No other file is ever served."""
    return {
        path.name: _file(path.name, path.read_text("utf-8"))
        for path in sorted((_FOLDER / _ASSETS).iterdir())
        if path.suffix in _TYPES
    }


@cache
def _version() -> str:
    """Return the name of the folder of the assets, which changes when any of them changes."""
    content = "".join(f"{name}{asset.etag}" for name, asset in _assets().items())
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@cache
def _top_files() -> Mapping[str, _File]:
    """Return the files beside the assets: the page, and scripts that other pages embed."""
    files = {path.name: path.read_text("utf-8") for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    files[_PAGE] = files[_PAGE].replace(f'"{_ASSETS}/', f'"{_version()}/')
    return {name: _file(name, body) for name, body in files.items()}


@cache
def _settings() -> ConsoleSettings:
    return ConsoleSettings.read()


@cache
def _content_security_policy() -> str:
    """Return a policy that allows only the page's own files, this API, the sign-in page and the user pool."""
    sign_in = urlsplit(_settings().sign_in_url)
    others = " ".join(sorted({f"{sign_in.scheme}://{sign_in.netloc}", _settings().user_pool_url}))
    frames = " ".join(sorted(_settings().frame_origins)) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {others}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {frames}",
            "frame-src 'none'",
            # Only DOMPurify, which reads messages (message.js), can turn text into markup.
            "require-trusted-types-for 'script'",
            "trusted-types dompurify",
        )
    )


_SECURITY_HEADERS: Final[_Headers] = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _document_headers() -> _Headers:
    """Return the headers of the page. Browsers ignore them for the files that a page loads."""
    # X-Frame-Options cannot name several origins. Browsers ignore it beside frame-ancestors (CSP Level 3, 6.4.2.2).
    framing: _Headers = {} if _settings().frame_origins else {"X-Frame-Options": "DENY"}
    return {
        **framing,
        "Content-Security-Policy": _content_security_policy(),
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }


def _file_response(file: _File, cache_control: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a file, or 304 when the browser has it already."""
    own_headers: _Headers = {"Content-Type": file.content_type, "Cache-Control": cache_control, "ETag": file.etag}
    document = _document_headers() if file.content_type == _TYPES[".html"] else {}
    all_headers: _Headers = {**_SECURITY_HEADERS, **document, **own_headers, **(headers or {})}
    if file.etag in _cached_etags():
        del all_headers["Content-Type"]
        return Response(body="", headers=all_headers, status_code=HTTPStatus.NOT_MODIFIED)
    return Response(body=file.body, headers=all_headers)


def _cached_etags() -> frozenset[str]:
    """Return the entity tags of the files that the browser has in its cache."""
    request = routes.current_request
    tags = request.headers.get("if-none-match", "") if request else ""
    # Proxies that compress a response turn its entity tag into a weak tag.
    return frozenset(tag.strip().removeprefix("W/") for tag in tags.split(","))


def _not_found() -> Response:
    headers: _Headers = _SECURITY_HEADERS | {"Content-Type": _TYPES[".txt"], "Cache-Control": "no-store"}
    return Response(body="Not found.\n", headers=headers, status_code=HTTPStatus.NOT_FOUND)


@routes.route("/console")
def page() -> Response:
    """Return the console's page."""
    request = routes.current_request
    # The URLs in the page are relative, so its own URL must end with a slash.
    if request and not str(request.context.get("path", "/")).endswith("/"):
        headers: _Headers = {"Location": "console/", "Cache-Control": "no-store"}
        return Response(body="", headers=headers, status_code=HTTPStatus.FOUND)
    return _file_response(_top_files()[_PAGE], _REVALIDATE)


# API Gateway needs the same parameter name at the same position of all paths: hence ``place`` twice.
@routes.route("/console/{place}")
def top_file(place: str) -> Response:
    """Return the configuration, the page, or a script that other pages embed."""
    if place == "config.json":
        return _file_response(_configuration(), _REVALIDATE)
    if place not in _top_files():
        return _not_found()
    if place == _PAGE:
        return _file_response(_top_files()[place], _REVALIDATE)
    # Pages of the host application embed these from another origin.
    shared = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return _file_response(_top_files()[place], _CACHE_FOR_MINUTES, shared)


@cache
def _configuration() -> _File:
    """Return the configuration of the page. None of it is secret."""
    settings = _settings()
    configuration = {
        "api_url": "..",
        "client_id": settings.client_id,
        "sign_in_url": settings.sign_in_url,
        # With a slash, as Cognito's own clients call it.
        "user_pool_url": f"{settings.user_pool_url}/",
        "frame_origins": sorted(settings.frame_origins),
    }
    return _file("config.json", json.dumps(configuration))


@routes.route("/console/{place}/{name}")
def asset(place: str, name: str) -> Response:
    """Return a file that the page loads.

    For the folder of another version, the current file is served. During a deployment the page may come from one
    version of the function and its files from the other.
    """
    if name not in _assets():
        return _not_found()
    return _file_response(_assets()[name], _CACHE_FOR_A_YEAR if place == _version() else _REVALIDATE)
