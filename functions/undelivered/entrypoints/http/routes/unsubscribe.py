"""Unsubscribe links (RFC 8058): one click in an email client, or a page with a button in a browser."""

from html import escape
from http import HTTPStatus
from typing import Final

from undelivered.domain.errors import NotFoundError
from undelivered.domain.language import Language, Texts
from undelivered.entrypoints.http.pages import FORM_TYPES, page, paragraph
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.services.unsubscribe import UnsubscribeLink

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
    return page(texts, texts.sentence("Unsubscribe?"), paragraph(text) + form)


def unsubscribe(request: ApiRequest) -> ApiResponse:
    """Unsubscribe the address that the link was sent to."""
    try:
        link = request.use_cases.unsubscribe(request.path["token"])
    except NotFoundError:
        return _unknown_link(request)
    texts = _texts(request, link)
    text = texts.sentence("You have unsubscribed. You can close this page.")
    return page(texts, texts.sentence("Done"), paragraph(text))


def _texts(request: ApiRequest, link: UnsubscribeLink) -> Texts:
    return request.use_cases.texts(request.wanted_language or link.settings.locale)


def _unknown_link(request: ApiRequest) -> ApiResponse:
    texts = request.use_cases.texts(request.wanted_language or Language.ENGLISH)
    text = "The link may be incomplete, or the message may be too old. Reply to the message instead."
    title = texts.sentence("This link is not valid")
    return page(texts, title, paragraph(texts.sentence(text)), HTTPStatus.NOT_FOUND)


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
        content_types=FORM_TYPES,
    ),
)  # fmt: skip
