"""Unsubscribe links (RFC 8058): one click in an email client, or a page with a button in a browser."""

from html import escape
from http import HTTPStatus
from typing import Final

from undelivered.domain.errors import NotFoundError
from undelivered.domain.language import Language, Texts
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route, language_headers
from undelivered.services.unsubscribe import UnsubscribeLink

# The page has inline styles and a form that posts to its own URL, and nothing else.
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Robots-Tag": "noindex",
}

_PAGE: Final = """<!doctype html>
<html lang="{language}">
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

# The same request as from an email client (RFC 8058 section 3.2), to the URL of the page.
_FORM: Final = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>{button}</button></form>"
)


def show_unsubscribe_page(request: ApiRequest) -> ApiResponse:
    """Return the page with the button. A GET request must not unsubscribe, because mail scanners open every link."""
    try:
        link = request.use_cases.unsubscribe.check(request.path["token"])
    except NotFoundError:
        return _unknown_link(request)
    texts = _texts(request, link)
    if link.category:
        category = "We will stop sending you “{category}” at the address that received this link."
        text = texts.sentence(category, category=link.category_title)
    else:
        text = texts.sentence("We will stop sending you messages of this kind at the address that received this link.")
    form = _FORM.format(button=escape(texts.sentence("Unsubscribe")))
    return _page(texts, texts.sentence("Unsubscribe?"), text, form)


def unsubscribe(request: ApiRequest) -> ApiResponse:
    """Unsubscribe the address that the link was sent to."""
    try:
        link = request.use_cases.unsubscribe(request.path["token"])
    except NotFoundError:
        return _unknown_link(request)
    texts = _texts(request, link)
    return _page(texts, texts.sentence("Done"), texts.sentence("You have unsubscribed. You can close this page."))


def _texts(request: ApiRequest, link: UnsubscribeLink) -> Texts:
    return request.use_cases.texts(request.wanted_language or link.settings.locale)


def _unknown_link(request: ApiRequest) -> ApiResponse:
    texts = request.use_cases.texts(request.wanted_language or Language.ENGLISH)
    text = "The link may be incomplete, or the message may be too old. Reply to the message instead."
    title = texts.sentence("This link is not valid")
    return _page(texts, title, texts.sentence(text), status=HTTPStatus.NOT_FOUND)


def _page(texts: Texts, title: str, text: str, form: str = "", status: HTTPStatus = HTTPStatus.OK) -> ApiResponse:
    page = _PAGE.format(language=texts.language, title=escape(title), text=escape(text), form=form)
    return ApiResponse(page, status, {**_HEADERS, **language_headers(texts)})


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
