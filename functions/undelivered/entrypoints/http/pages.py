"""Pages that customers themselves see. They work without scripts: each is one form, or none."""

from html import escape
from http import HTTPStatus
from typing import Final

from undelivered.domain.language import Texts
from undelivered.entrypoints.http.route import ApiResponse, language_headers

# A page has inline styles and forms that post to its own URL, and nothing else.
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Robots-Tag": "noindex",
}

FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/json")
"""The content types of requests from pages and from email clients."""

_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --text: #1b1f24; --page: #fff; --quiet: #57606a; --line: #6e7781; --accent: #1f4f99; --on-accent: #fff;
  --error: #b3261e }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e6edf3; --page: #0d1117; --quiet: #a9b4c0; --line: #8b949e;
  --accent: #9ec5fe; --on-accent: #0d1117; --error: #ffb4ab }} }}
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: clamp(1.5rem, 12vh, 9rem) auto;
  padding: 0 1rem; color: var(--text); background: var(--page); overflow-wrap: anywhere }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem }}
.from {{ color: var(--quiet); margin: 0 0 .5rem }}
label {{ display: block; font-weight: 600; margin-bottom: .25rem }}
input {{ font: inherit; width: 100%; box-sizing: border-box; min-height: 3rem; padding: .4rem .7rem; color: inherit;
  background: transparent; border: 2px solid var(--line); border-radius: .4rem }}
input.code {{ display: block; max-width: 11rem; letter-spacing: .25em }}
input[aria-invalid] {{ border-color: var(--error) }}
button {{ font: inherit; min-height: 3rem; margin: 1rem 0 0; padding: .5rem 1.4rem; border: 0; border-radius: .4rem;
  color: var(--on-accent); background: var(--accent) }}
button.quiet {{ padding: .5rem 0; color: var(--accent); background: none; text-decoration: underline;
  text-align: start }}
.error {{ color: var(--error); font-weight: 600; margin: 0 0 .25rem }}
.hint {{ color: var(--quiet); margin: 0 0 .25rem }}
hr {{ border: 0; border-top: 1px solid var(--line); margin: 2rem 0 1rem }}
:is(button, input):focus-visible {{ outline: 3px solid #f0a500; outline-offset: 2px }}
@media (forced-colors: active) {{ button {{ border: 2px solid ButtonText }} }}
</style>
</head>
<body><main>{body}</main></body>
</html>
"""


def page(  # noqa: PLR0913 - the parts of a page
    texts: Texts, title: str, body: str, status: HTTPStatus = HTTPStatus.OK, *, sender_name: str = "", error: str = ""
) -> ApiResponse:
    """Return a page. ``body`` is the HTML below the title, with all texts escaped.

    The window's title, which a screen reader says first, says if there is an ``error`` on the page.
    """
    sender = f'<p class="from">{escape(sender_name)}</p>' if sender_name else ""
    window_title = texts.sentence("Error: {title}", title=title) if error else title
    text = _PAGE.format(
        language=texts.language, title=escape(window_title), body=f"{sender}<h1>{escape(title)}</h1>{body}"
    )
    return ApiResponse(text, status, {**_HEADERS, **language_headers(texts)})


def paragraph(text: str) -> str:
    """Return the HTML of a paragraph."""
    return f"<p>{escape(text)}</p>"
