"""The page on which customers correct a contact, behind a link that only they got. It works without scripts.

Opening the link shows a button and nothing else, because scanners open every link. Each later step is a form that posts
to the same URL.
"""

from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from undelivered.domain.contact_request import ContactRequestState, masked_contact
from undelivered.domain.errors import (
    InvalidInputError,
    LimitReachedError,
    NotFoundError,
    RetryableError,
    UnassignedNumberError,
)
from undelivered.domain.language import Language, Texts
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.pages import FORM_TYPES, page, paragraph
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.services.correct_own_contact import CodeResult, OpenLink
from undelivered.services.send_contact_code import NewContact

_LONGEST_CONTACT: Final = 320
_LONGEST_CODE: Final = 20


class _View(Struct, frozen=True):
    """A page about a link, in the language of its reader."""

    texts: Texts
    link: OpenLink

    @property
    def is_email(self) -> bool:
        return self.link.request.channel is Channel.EMAIL

    def show(self, title: str, body: str, status: HTTPStatus = HTTPStatus.OK, error: str = "") -> ApiResponse:
        return page(self.texts, title, body, status, sender_name=self.link.sender_name, error=error)

    def start(self) -> ApiResponse:
        """Return the page with a button, which says nothing about the contact."""
        sentence = self.texts.sentence
        if self.is_email:
            text = sentence("Our emails to you do not arrive. You can give us your new address here.")
        else:
            text = sentence("Our text messages to you do not arrive. You can give us your new number here.")
        return self.show(self.title, paragraph(text) + _form("begin", sentence("Continue")))

    @property
    def title(self) -> str:
        if self.is_email:
            return self.texts.sentence("Your email address")
        return self.texts.sentence("Your phone number")

    def ask(self, value: str = "", error: str = "", status: HTTPStatus = HTTPStatus.OK) -> ApiResponse:
        """Return the page that asks for the new contact."""
        sentence, request = self.texts.sentence, self.link.request
        contact = masked_contact(request.channel, request.failed_contact)
        text = paragraph(sentence("We could not reach you at {contact}.", contact=contact))
        if self.is_email:
            label, hint = sentence("New email address"), ""
            options = 'type="email" autocomplete="email" inputmode="email"'
        else:
            label, hint = sentence("New phone number"), sentence("With the country code, for example +49 30 123456.")
            options = 'type="tel" autocomplete="tel"'
        field = _field("contact", label, options, value=value, hint=hint, error=error, maximum=_LONGEST_CONTACT)
        form = _form("contact", sentence("Send code"), field)
        mistake = sentence("Did this message reach the wrong person? We will not write to you here again.")
        other = f"<hr>{paragraph(mistake)}{_form('not_me', sentence('This is not me'), quiet=True)}"
        return self.show(self.title, text + form + other, status, error)

    def suggest(self, contact: str, suggestion: str) -> ApiResponse:
        """Return the page that asks about a likely spelling."""
        sentence = self.texts.sentence
        wanted = sentence("Yes, use {contact}", contact=suggestion)
        written = sentence("No, use {contact}", contact=contact)
        forms = _form("contact", wanted, _hidden(contact=suggestion, sure="1")) + _form(
            "contact", written, _hidden(contact=contact, sure="1"), quiet=True
        )
        return self.show(sentence("Did you mean {contact}?", contact=suggestion), forms)

    def ask_for_code(self, contact: str, error: str = "") -> ApiResponse:
        """Return the page that asks for the code."""
        sentence = self.texts.sentence
        text = sentence("We sent a code to {contact}. Enter it within 10 minutes.", contact=contact)
        options = 'inputmode="numeric" autocomplete="one-time-code" class="code"'
        field = _field("code", sentence("Code with 6 digits"), options, error=error, maximum=_LONGEST_CODE)
        forms = (
            _form("code", sentence("Confirm"), field)
            + f"<hr>{paragraph(sentence('No code? Look in the spam folder, or check what you entered.'))}"
            + _form("contact", sentence("Send a new code"), _hidden(contact=contact, sure="1"), quiet=True)
            + _form("open", sentence("Enter it again"), quiet=True)
        )
        return self.show(sentence("Enter the code"), paragraph(text) + forms, error=error)

    def done(self) -> ApiResponse:
        """Return the page after the contact is corrected."""
        text = self.texts.sentence("We will use it from now on. You can close this page.")
        return self.show(self.texts.sentence("Thank you"), paragraph(text))

    def settled(self) -> ApiResponse:
        """Return the page of a link that cannot be used, or no longer."""
        sentence = self.texts.sentence
        match self.link.state:
            case ContactRequestState.CORRECTED:
                return self.done()
            case ContactRequestState.NOT_THE_CUSTOMER:
                text = sentence("We will not write to you here again. You can close this page.")
                return self.show(sentence("Thank you"), paragraph(text))
            case ContactRequestState.NOT_NEEDED:
                text = sentence("Your contact details have been changed already. You can close this page.")
                return self.show(sentence("Nothing to do"), paragraph(text))
            case _:
                text = sentence("Links are valid for 7 days. Please contact us to correct your details.")
                return self.show(sentence("This link has expired"), paragraph(text), HTTPStatus.GONE)


def show_contact_page(request: ApiRequest) -> ApiResponse:
    """Return the page with a button. It changes nothing and shows no contact, because scanners open every link."""
    try:
        view = _view(request, request.use_cases.correct_own_contact.check(request.path["token"]))
    except NotFoundError:
        return _unknown_link(request)
    return view.start() if view.link.state is ContactRequestState.OPEN else view.settled()


def correct_contact(request: ApiRequest) -> ApiResponse:
    """Carry out a step of the page: show the form, send a code, or correct the contact."""
    form = request.form()
    step = _STEPS.get(form.get("step", ""))
    try:
        view = _view(request, request.use_cases.correct_own_contact.check(request.path["token"]))
        if view.link.state is not ContactRequestState.OPEN:
            return view.settled()
        return step(request, view, form) if step else view.start()
    except NotFoundError:
        return _unknown_link(request)
    except (LimitReachedError, RetryableError) as error:
        return _try_later(request, error)


def _begin(request: ApiRequest, view: _View, _form: Mapping[str, str]) -> ApiResponse:
    """Show the form, or ask for the code that a reply with a contact has led to."""
    code = view.link.request.code
    return view.ask_for_code(code.contact) if code and code.is_usable(request.now) else view.ask()


def _open(_request: ApiRequest, view: _View, _form: Mapping[str, str]) -> ApiResponse:
    return view.ask()


def _send_code(request: ApiRequest, view: _View, form: Mapping[str, str]) -> ApiResponse:
    sentence, text = view.texts.sentence, form.get("contact", "")[:_LONGEST_CONTACT]
    new = NewContact(text, is_sure=form.get("sure") == "1", ip_address=request.ip_address)
    try:
        link = request.use_cases.correct_own_contact.send_code(request.path["token"], new)
    except UnassignedNumberError:
        return view.ask(text, sentence("This phone number does not exist. Check the digits."), HTTPStatus.BAD_REQUEST)
    except InvalidInputError as error:
        if error.suggestion and not new.is_sure:
            return view.suggest(text.strip(), error.suggestion)
        return view.ask(text, _complaint(view, text), HTTPStatus.BAD_REQUEST)
    code = link.request.code
    return view.ask_for_code(code.contact) if code else _view(request, link).settled()


def _complaint(view: _View, text: str) -> str:
    """Return what is wrong with a contact that was entered."""
    sentence = view.texts.sentence
    if not text.strip():
        return sentence("Enter your new address.") if view.is_email else sentence("Enter your new number.")
    if view.is_email:
        return sentence("Enter another address than the old one, in a form like name@example.com.")
    return sentence("Enter another number than the old one, with its country code, like +49 30 123456.")


def _enter_code(request: ApiRequest, view: _View, form: Mapping[str, str]) -> ApiResponse:
    sentence = view.texts.sentence
    code = view.link.request.code
    result = request.use_cases.correct_own_contact.enter_code(
        request.path["token"], form.get("code", "")[:_LONGEST_CODE]
    )
    if result is CodeResult.CORRECTED:
        return view.done()
    if result is CodeResult.WRONG and code:
        return view.ask_for_code(code.contact, sentence("This code is not right. Check the digits."))
    return view.ask(code.contact if code else "", sentence("This code cannot be used any more. Ask for a new code."))


def _disown(request: ApiRequest, _: _View, _form: Mapping[str, str]) -> ApiResponse:
    return _view(request, request.use_cases.correct_own_contact.disown(request.path["token"])).settled()


_STEPS: Final[Mapping[str, Callable[[ApiRequest, _View, Mapping[str, str]], ApiResponse]]] = {
    "begin": _begin,
    "open": _open,
    "contact": _send_code,
    "code": _enter_code,
    "not_me": _disown,
}


def _view(request: ApiRequest, link: OpenLink) -> _View:
    return _View(request.use_cases.texts(request.wanted_language or link.request.language), link)


def _unknown_link(request: ApiRequest) -> ApiResponse:
    texts = request.use_cases.texts(request.wanted_language or Language.ENGLISH)
    text = texts.sentence("The link may be incomplete, or too old. Please contact us another way.")
    return page(texts, texts.sentence("This link is not valid"), paragraph(text), HTTPStatus.NOT_FOUND)


def _try_later(request: ApiRequest, error: LimitReachedError | RetryableError) -> ApiResponse:
    texts = request.use_cases.texts(request.wanted_language or Language.ENGLISH)
    if isinstance(error, LimitReachedError):
        text = texts.sentence("Too many codes were sent. Try again in an hour, or contact us another way.")
        return page(texts, texts.sentence("Try again later"), paragraph(text), HTTPStatus.TOO_MANY_REQUESTS)
    text = texts.sentence("Something went wrong on our side. Go back and try again in a moment.")
    return page(texts, texts.sentence("Try again later"), paragraph(text), HTTPStatus.SERVICE_UNAVAILABLE)


def _form(step: str, button: str, fields: str = "", *, quiet: bool = False) -> str:
    kind = ' class="quiet"' if quiet else ""
    return f'<form method="post" novalidate>{_hidden(step=step)}{fields}<button{kind}>{escape(button)}</button></form>'


def _hidden(**values: str) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())


def _field(  # noqa: PLR0913 - the parts of a field
    name: str, label: str, options: str, *, maximum: int, value: str = "", hint: str = "", error: str = ""
) -> str:
    """Return the HTML of a field with its label, its hint and its error."""
    notes = {f"{name}-hint": hint, f"{name}-error": error}
    described = " ".join(key for key, text in notes.items() if text)
    attributes = f' aria-describedby="{described}"' if described else ""
    attributes += ' aria-invalid="true" autofocus' if error else ""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        + (f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else "")
        + (f'<p class="error" id="{name}-error" role="alert">{escape(error)}</p>' if error else "")
        + f'<input id="{name}" name="{name}" {options} value="{escape(value)}" maxlength="{maximum}" '
        + f'required spellcheck="false" autocapitalize="off"{attributes}>'
    )


_PATH: Final = "/correct/{token}"
_PAGES: Final = (HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

ROUTES = (
    Route(
        "GET", _PATH, Access.PUBLIC, show_contact_page, "Show the page to correct a contact", pages=_PAGES,
        tag="unsubscribe",
    ),
    Route(
        "POST", _PATH, Access.PUBLIC, correct_contact, "Correct a contact as the customer",
        pages=(*_PAGES, HTTPStatus.BAD_REQUEST, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE),
        tag="unsubscribe", content_types=FORM_TYPES,
    ),
)  # fmt: skip
