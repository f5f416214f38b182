"""The console: static files as the browser gets them, and what it has to know of this installation.

Everything under ``console/assets`` is served below a folder named after the content of all of it, so that a browser
keeps it for good and still has the new files at once after a deployment. The page itself is asked for every time.
"""

import hashlib
import json
import os
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

_FOLDER: Final = Path(__file__).parents[2] / "console"
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
_ASK_EVERY_TIME: Final = "no-cache"
_KEEP_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_KEEP_FOR_MINUTES: Final = "public, max-age=300"


class _File(Struct, frozen=True):
    """One file as it is served."""

    body: str
    content_type: str
    etag: str


def _file(name: str, body: str) -> _File:
    return _File(body, _TYPES[Path(name).suffix], f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"')


@cache
def _assets() -> Mapping[str, _File]:
    """Return the files that the page loads, by name; nothing that is not listed here is ever served."""
    return {
        path.name: _file(path.name, path.read_text("utf-8"))
        for path in sorted((_FOLDER / _ASSETS).iterdir())
        if path.suffix in _TYPES
    }


@cache
def _version() -> str:
    """Return the name of the assets' folder: it changes when any of them does."""
    content = "".join(f"{name}{asset.etag}" for name, asset in _assets().items())
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@cache
def _top() -> Mapping[str, _File]:
    """Return the files beside the assets: the page, and what other pages embed."""
    files = {path.name: path.read_text("utf-8") for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    files[_PAGE] = files[_PAGE].replace(f'"{_ASSETS}/', f'"{_version()}/')
    return {name: _file(name, body) for name, body in files.items()}


@cache
def _settings() -> ConsoleSettings:
    return ConsoleSettings.read(os.environ)


@cache
def _content_security_policy() -> str:
    """Return what the page may do: run and show its own files, and talk to this API and to the sign-in."""
    sign_in = urlsplit(_settings().sign_in_url)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {sign_in.scheme}://{sign_in.netloc}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "frame-src 'none'",
            # Text cannot become markup in this page, except by the one parser for messages (message.js).
            "require-trusted-types-for 'script'",
            "trusted-types undelivered",
        )
    )


def _security_headers() -> _Headers:
    return {
        "Content-Security-Policy": _content_security_policy(),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _answer(file: _File, cache_control: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a file, or 304 when the browser has it already."""
    sent = _security_headers() | {"Content-Type": file.content_type, "Cache-Control": cache_control, "ETag": file.etag}
    sent |= headers or {}
    if file.etag in _held_by_browser():
        del sent["Content-Type"]
        return Response(body="", headers=sent, status_code=HTTPStatus.NOT_MODIFIED)
    return Response(body=file.body, headers=sent)


def _held_by_browser() -> frozenset[str]:
    request = routes.current_request
    held = request.headers.get("if-none-match", "") if request else ""
    # Proxies that compress mark the tags they pass on as weak.
    return frozenset(tag.strip().removeprefix("W/") for tag in held.split(","))


def _missing() -> Response:
    headers: _Headers = _security_headers() | {"Content-Type": _TYPES[".txt"], "Cache-Control": "no-store"}
    return Response(body="Not found.\n", headers=headers, status_code=HTTPStatus.NOT_FOUND)


@routes.route("/console")
def page() -> Response:
    """Return the console's page."""
    request = routes.current_request
    # The page's own addresses are relative, so it has to be asked for as a folder.
    if request and not str(request.context.get("path", "/")).endswith("/"):
        headers: _Headers = {"Location": "console/", "Cache-Control": "no-store"}
        return Response(body="", headers=headers, status_code=HTTPStatus.FOUND)
    return _answer(_top()[_PAGE], _ASK_EVERY_TIME)


# Variables at the same place of different paths have to be of one name: API Gateway's resources are a tree.
@routes.route("/console/{place}")
def top_file(place: str) -> Response:
    """Return a file beside the page: the configuration, or what other pages embed."""
    if place == "config.json":
        return _answer(_configuration(), _ASK_EVERY_TIME)
    if place not in _top():
        return _missing()
    if place == _PAGE:
        return _answer(_top()[place], _ASK_EVERY_TIME)
    # The host application's pages embed these from another origin.
    shared = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return _answer(_top()[place], _KEEP_FOR_MINUTES, shared)


@cache
def _configuration() -> _File:
    """Return what the page has to know of this installation; none of it is secret."""
    settings = _settings()
    told = {"api_url": "..", "client_id": settings.client_id, "sign_in_url": settings.sign_in_url}
    return _file("config.json", json.dumps(told))


@routes.route("/console/{place}/{name}")
def asset(place: str, name: str) -> Response:
    """Return a file that the page loads.

    Under the folder of another version the present file is served: while a deployment goes on, the page may come from
    one version and its files from the other.
    """
    if name not in _assets():
        return _missing()
    return _answer(_assets()[name], _KEEP_FOR_GOOD if place == _version() else _ASK_EVERY_TIME)
