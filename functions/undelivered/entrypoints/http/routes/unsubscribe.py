"""Unsubscribing by the link in a message (RFC 8058): one click for mail programs, a page with one button for people."""

from html import escape
from http import HTTPStatus
from typing import Final

from undelivered.domain.errors import NotFoundError
from undelivered.entrypoints.http.router import Access, Answer, Call, Route
from undelivered.services.unsubscribe import Unsubscribe

# The page has a form that goes to its own address, and a style of its own; nothing else.
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Robots-Tag": "noindex",
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem; color: #1b1f24;
  background: #fff }}
button {{ font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: .4rem; color: #fff; background: #1f4f99 }}
button:focus-visible {{ outline: 3px solid #f0a500; outline-offset: 2px }}
</style>
</head>
<body><main><h1>{title}</h1><p>{text}</p>{form}</main></body>
</html>
"""

# Posting what a mail program would post (RFC 8058 section 3.2), to the page's own address.
_FORM: Final = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>Unsubscribe</button></form>"
)


def _unsubscribe(call: Call) -> Unsubscribe:
    services = call.services
    return Unsubscribe(services.notifications, services.suppressions, services.signing_keys(), services.clock)


def show_unsubscribe_page(call: Call) -> Answer:
    """Return the page with the button. Opening it does nothing: programs that scan mail open every link."""
    try:
        _unsubscribe(call).check(call.path["token"])
    except NotFoundError:
        return _unknown_link()
    text = "We will stop sending you messages of this kind at the address that received this link."
    return _page("Unsubscribe?", text, _FORM)


def unsubscribe(call: Call) -> Answer:
    """Unsubscribe the address that the link was sent to."""
    try:
        _unsubscribe(call)(call.path["token"])
    except NotFoundError:
        return _unknown_link()
    return _page("Done", "You have unsubscribed. You can close this page.")


def _unknown_link() -> Answer:
    text = "The link may be incomplete, or the message may be too old. Reply to the message instead."
    return _page("This link is not valid", text, status=HTTPStatus.NOT_FOUND)


def _page(title: str, text: str, form: str = "", status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(_PAGE.format(title=escape(title), text=escape(text), form=form), status, _HEADERS)


_PATH: Final = "/unsubscribe/{token}"
_PAGES: Final = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)

ROUTES = (
    Route(
        "GET", _PATH, Access.PUBLIC, show_unsubscribe_page, "Show the unsubscribe page", pages=_PAGES,
        tag="unsubscribe",
    ),
    Route(
        "POST", _PATH, Access.PUBLIC, unsubscribe, "Unsubscribe with one click (RFC 8058)", pages=_PAGES,
        tag="unsubscribe",
        content_types=("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/json"),
    ),
)  # fmt: skip
