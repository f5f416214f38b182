"""A proxy between the functions and ministack's SES v2 and SNS APIs.

The functions call it through ``AWS_ENDPOINT_URL_SESV2`` and ``AWS_ENDPOINT_URL_SNS``. It forwards calls to ministack.
It also records the configuration set, tags and headers of each send by message id, because ministack relays an email
without them. It implements the account-level suppression list and the sending limits, which ministack lacks, and
rejects sends to some addresses as SES would. ``PUT /_simulator/limits`` changes the limits.
"""

import base64
import binascii
import email
import email.policy
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from infrastructure.local.ses_simulator.mail_rules import TEST_DOMAIN
from infrastructure.local.ses_simulator.send_rules import address_problem, send_problem
from infrastructure.local.ses_simulator.sending_limits import SendingLimits

_MAXIMUM_RECORDS = 10_000
_SEND_PATH = "/v2/email/outbound-emails"
_LIST_PATH = "/v2/email/suppression/addresses"
_ACCOUNT_PATH = "/v2/email/account"
_CONTROL_PATH = "/_simulator/"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}
_THROTTLED_CALLS = 2
_NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "


@dataclass(frozen=True, slots=True)
class RecordedSend:
    """The details of a send that ministack does not relay, or garbles (``source`` with characters beyond ASCII)."""

    source: str = ""
    recipients: tuple[str, ...] = ()
    configuration_set: str = ""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()


class RecordedSends:
    """The latest 10,000 sends by message id. Safe to use from several threads."""

    def __init__(self) -> None:
        self._sends: OrderedDict[str, RecordedSend] = OrderedDict()
        self._changed = threading.Condition()
        self._running = 0

    def begin(self) -> None:
        """Record that a send to ministack has started."""
        with self._changed:
            self._running += 1

    def end(self, message_id: str | None, send: RecordedSend) -> None:
        """Record the end of a send, and its details if ministack accepted it and gave it a message id."""
        with self._changed:
            self._running -= 1
            if message_id:
                self._sends[message_id] = send
                if len(self._sends) > _MAXIMUM_RECORDS:
                    self._sends.popitem(last=False)
            self._changed.notify_all()

    def find(self, message_id: str, timeout: float = 5.0) -> RecordedSend | None:
        """Return the send of a message, or None if it did not go through the proxy.

        An email can arrive before ministack's response to its send. In that case, wait for up to ``timeout`` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: message_id in self._sends or not self._running, timeout)
            return self._sends.get(message_id)

    def all(self) -> dict[str, RecordedSend]:
        """Return all recorded sends, the oldest first."""
        with self._changed:
            return dict(self._sends)


@dataclass(frozen=True, slots=True)
class SuppressionEntry:
    """An entry of the suppression list: the address in its original case, the reason, and the time in epoch seconds."""

    address: str
    reason: str
    since: float


class SuppressionList:
    """The account-level suppression list. Safe to use from several threads."""

    def __init__(self) -> None:
        self._listed: dict[str, SuppressionEntry] = {}
        self._lock = threading.Lock()

    def reasons(self) -> dict[str, str]:
        """Return the reasons by lower-case address. A send compares addresses without regard to case."""
        with self._lock:
            return {address.lower(): entry.reason for address, entry in self._listed.items()}

    def add(self, address: str, reason: str) -> None:
        """Add an address to the list."""
        with self._lock:
            self._listed[address] = SuppressionEntry(address, reason, time.time())

    def find(self, address: str) -> SuppressionEntry | None:
        """Return the entry of an address, or None. The address must match in case, as in the SES API."""
        with self._lock:
            return self._listed.get(address)

    def remove(self, address: str) -> bool:
        """Remove an address from the list; return False if it was not on the list."""
        with self._lock:
            return self._listed.pop(address, None) is not None

    def entries(self) -> list[SuppressionEntry]:
        """Return all entries, the latest first."""
        with self._lock:
            return sorted(self._listed.values(), key=lambda entry: entry.since, reverse=True)


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def _json_response(body: object, status: int = HTTPStatus.OK) -> _Response:
    return _Response(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _error(code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> _Response:
    return _Response(
        status,
        json.dumps({"message": message}).encode(),
        {"Content-Type": "application/json", "x-amzn-ErrorType": code},
    )


class SesApiProxy:
    """Handles some calls of the SES v2 API and forwards all others to ministack."""

    def __init__(
        self, upstream: str, transport: httpx.BaseTransport | None = None, limits: SendingLimits | None = None
    ) -> None:
        self.sends = RecordedSends()
        self.suppressions = SuppressionList()
        self.limits = limits or SendingLimits()
        self._upstream = httpx.Client(base_url=upstream, timeout=30.0, transport=transport)
        self._throttled: dict[str, int] = {}
        self._refused_once: set[str] = set()

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Response:
        """Return the response to a call."""
        path = urlsplit(target).path
        if method == "POST" and path == _SEND_PATH:
            return self._send_email(target, headers, body)
        if path == _LIST_PATH or path.startswith(_LIST_PATH + "/"):
            return self._suppression_list(method, target, body)
        if path.startswith(_CONTROL_PATH):
            return self._control(path, body)
        if method == "GET" and path == _ACCOUNT_PATH:
            return self._account(target, headers)
        if path == "/" and _is_text(body) and not self.limits.accepts_text():
            return _sns_throttled()
        return self._forward(method, target, headers, body)

    def _control(self, path: str, body: bytes) -> _Response:
        """Return the sent messages, or the limits with the changes in the body."""
        if path == f"{_CONTROL_PATH}limits":
            self.limits.set(_json_object(body))
            return _json_response(self.limits.as_json())
        return _json_response({"messages": [_send_as_json(key, send) for key, send in self.sends.all().items()]})

    def _send_email(self, target: str, headers: Mapping[str, str], body: bytes) -> _Response:
        request = _json_object(body)
        send = read_send_request(request)
        error = self._send_error(request, send)
        if error:
            return error
        self.sends.begin()
        message_id = None
        try:
            response = self._forward("POST", target, headers, body)
            message_id = _json_object(response.body).get("MessageId") if response.status == HTTPStatus.OK else None
        finally:
            self.sends.end(message_id, send)
        return response

    def _account(self, target: str, headers: Mapping[str, str]) -> _Response:
        response = self._forward("GET", target, headers, b"")
        if response.status != HTTPStatus.OK:
            return response
        return _json_response({**_json_object(response.body), "SendQuota": self.limits.send_quota()})

    def _send_error(self, request: dict[str, Any], send: RecordedSend) -> _Response | None:
        problem = send_problem(request)
        if problem:
            return _error("BadRequestException", problem)
        errors = (self._mailbox_error(address, send.source) for address in send.recipients)
        if error := next(filter(None, errors), None):
            return error
        refusal = self.limits.refuse_email(len(send.recipients))
        if refusal:
            return _error("TooManyRequestsException", refusal, HTTPStatus.TOO_MANY_REQUESTS)
        return None

    def _mailbox_error(self, address: str, sender: str) -> _Response | None:
        """Return the error of a send call to an address of the test domain, None if the call is accepted."""
        local, _, domain = address.lower().rpartition("@")
        if domain.rstrip(">") != TEST_DOMAIN:
            return None
        if local.startswith("message-rejected"):
            return _error("MessageRejected", _NOT_VERIFIED + sender)
        if local.startswith("sending-paused"):
            return _error("SendingPausedException", "Sending paused for this account.")
        if local.startswith("throttled") and self._throttled.get(local, 0) < _THROTTLED_CALLS:
            self._throttled[local] = self._throttled.get(local, 0) + 1
            return _error("TooManyRequestsException", "Maximum sending rate exceeded.", HTTPStatus.TOO_MANY_REQUESTS)
        if local.startswith("unexplained") and local not in self._refused_once:
            self._refused_once.add(local)
            return _error("ConcurrentModificationException", "The resource is being modified.", HTTPStatus.CONFLICT)
        return None

    def _suppression_list(self, method: str, target: str, body: bytes) -> _Response:
        address = unquote(urlsplit(target).path.removeprefix(_LIST_PATH).removeprefix("/"))
        if address:
            return self._suppressed_address(method, address)
        return self._put_or_list(method, target, _json_object(body))

    def _put_or_list(self, method: str, target: str, entry: Mapping[str, str]) -> _Response:
        if method != "PUT":
            reasons = parse_qs(urlsplit(target).query).get("Reason")
            listed = [entry for entry in self.suppressions.entries() if not reasons or entry.reason in reasons]
            return _json_response({"SuppressedDestinationSummaries": [_entry_as_json(entry) for entry in listed]})
        if problem := address_problem(entry.get("EmailAddress", "")):
            return _error("BadRequestException", problem)
        self.suppressions.add(entry["EmailAddress"], entry.get("Reason", "BOUNCE"))
        return _json_response({})

    def _suppressed_address(self, method: str, address: str) -> _Response:
        if problem := address_problem(address):
            return _error("BadRequestException", problem)
        if method == "DELETE" and address.lower().startswith("unliftable"):
            return _error(
                "InternalServiceErrorException", "The list is not available.", HTTPStatus.INTERNAL_SERVER_ERROR
            )
        known = self.suppressions.find(address)
        if known is None:
            message = f"Email address {address} does not exist on your suppression list."
            return _error("NotFoundException", message, HTTPStatus.NOT_FOUND)
        if method == "DELETE":
            self.suppressions.remove(address)
            return _json_response({})
        return _json_response({"SuppressedDestination": _entry_as_json(known)})

    def _forward(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Response:
        # Keep the caller's Host header, because it is part of the signature.
        forwarded = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            response = self._upstream.request(method, target, headers=forwarded, content=body)
        except httpx.TransportError:
            return _error("ServiceUnavailable", "The stack is not up.", HTTPStatus.SERVICE_UNAVAILABLE)
        kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_BY_HOP}
        return _Response(response.status_code, response.content, kept)


def _is_text(body: bytes) -> bool:
    """Whether a call of SNS publishes a text to a phone number."""
    form = parse_qs(body.decode(errors="replace"))
    return form.get("Action") == ["Publish"] and "PhoneNumber" in form


def _sns_throttled() -> _Response:
    """Return SNS's error (AWS re:Post, "How do I troubleshoot ThrottlingException errors in Amazon SNS?")."""
    error = "<Type>Sender</Type><Code>ThrottlingException</Code><Message>Rate exceeded</Message>"
    body = f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>{error}</Error></ErrorResponse>'
    return _Response(HTTPStatus.BAD_REQUEST, body.encode(), {"Content-Type": "text/xml"})


def read_send_request(request: Mapping[str, Any]) -> RecordedSend:
    """Return the details of a SendEmail request."""
    destination, content = request.get("Destination") or {}, request.get("Content") or {}
    headers = [(header["Name"], header["Value"]) for header in (content.get("Simple") or {}).get("Headers") or []]
    raw = (content.get("Raw") or {}).get("Data")
    if raw:
        headers = _headers_of(raw)
    tags: dict[str, tuple[str, ...]] = {}
    for tag in request.get("EmailTags") or []:
        tags[tag["Name"]] = (*tags.get(tag["Name"], ()), tag["Value"])
    fields = ("ToAddresses", "CcAddresses", "BccAddresses")
    recipients = tuple(address for name in fields for address in destination.get(name) or [])
    source = request.get("FromEmailAddress") or ""
    return RecordedSend(source, recipients, request.get("ConfigurationSetName") or "", tags, tuple(headers))


def _headers_of(raw: str) -> list[tuple[str, str]]:
    try:
        message = email.message_from_bytes(base64.b64decode(raw), policy=email.policy.default)
    except (ValueError, binascii.Error):
        return []
    standard = {"from", "to", "cc", "bcc", "subject", "mime-version", "message-id"}
    return [(name, str(value)) for name, value in message.items() if name.lower() not in standard]


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _send_as_json(message_id: str, send: RecordedSend) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "recipients": send.recipients,
        "configuration_set": send.configuration_set,
        "tags": {name: list(values) for name, values in send.tags.items()},
        "headers": [{"name": name, "value": value} for name, value in send.headers],
    }


def _entry_as_json(entry: SuppressionEntry) -> dict[str, Any]:
    return {"EmailAddress": entry.address, "Reason": entry.reason, "LastUpdateTime": entry.since}


def serve(proxy: SesApiProxy, port: int) -> ThreadingHTTPServer:
    """Return an HTTP server on a loopback port, served by a thread. Call ``shutdown`` to stop it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # buffer a response into one packet; otherwise each header waits for an acknowledgement
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            response = proxy.handle(self.command, self.path, dict(self.headers.items()), body)
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Log nothing, because paths contain email addresses."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, name="ses-api-proxy", daemon=True).start()
    return server
