"""The receiving world's front for SES v2: it notes what ministack forgets and passes calls on.

ministack relays a mail without its configuration set, tags and headers, so the functions' SES v2 endpoint
(``AWS_ENDPOINT_URL_SESV2``) is this front: it remembers them by message id. It also answers the calls to the
account-level suppression list, which ministack lacks, and refuses sends as SES would for some addresses.
"""

import base64
import binascii
import email
import email.policy
import json
import re
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

from infrastructure.local.ses_simulator.mail_rules import WORLD_DOMAIN

_REMEMBERED_SENDS = 10_000
_SEND_PATH = "/v2/email/outbound-emails"
_LIST_PATH = "/v2/email/suppression/addresses"
_MESSAGES_PATH = "/_world/messages"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_MAXIMUM_TAGS = 50
_THROTTLED_CALLS = 2


@dataclass(frozen=True, slots=True)
class SendNote:
    """What a send said and ministack does not pass on, or garbles (``source``, when it holds more than ASCII)."""

    source: str = ""
    recipients: tuple[str, ...] = ()
    configuration_set: str = ""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()


class SendNotes:
    """Notes of sends by message id, the newest ten thousand; used from several threads."""

    def __init__(self) -> None:
        self._notes: OrderedDict[str, SendNote] = OrderedDict()
        self._changed = threading.Condition()
        self._running = 0

    def begin(self) -> None:
        """Note that a send is on its way to ministack."""
        with self._changed:
            self._running += 1

    def end(self, message_id: str | None, note: SendNote) -> None:
        """Note the send's end, with its message id when it was taken."""
        with self._changed:
            self._running -= 1
            if message_id:
                self._notes[message_id] = note
                if len(self._notes) > _REMEMBERED_SENDS:
                    self._notes.popitem(last=False)
            self._changed.notify_all()

    def find(self, message_id: str, timeout: float = 5.0) -> SendNote | None:
        """Return the note of a message, None when it was sent past the front.

        A mail can come in before the answer to its send: then wait, at most ``timeout`` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: message_id in self._notes or not self._running, timeout)
            return self._notes.get(message_id)

    def all(self) -> dict[str, SendNote]:
        """Return all notes, oldest first."""
        with self._changed:
            return dict(self._notes)


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the suppression list: the address in the case it came in, the reason, epoch seconds."""

    address: str
    reason: str
    since: float


class SuppressionList:
    """The account-level suppression list; used from several threads."""

    def __init__(self) -> None:
        self._listed: dict[str, Listed] = {}
        self._lock = threading.Lock()

    def reasons(self) -> dict[str, str]:
        """Return the lower-cased addresses with their reasons: sending compares without case."""
        with self._lock:
            return {address.lower(): entry.reason for address, entry in self._listed.items()}

    def add(self, address: str, reason: str) -> None:
        """Put an address on the list."""
        with self._lock:
            self._listed[address] = Listed(address, reason, time.time())

    def find(self, address: str) -> Listed | None:
        """Return an entry: managing the list needs the exact case."""
        with self._lock:
            return self._listed.get(address)

    def remove(self, address: str) -> bool:
        """Take an address off the list; False when it was not on it."""
        with self._lock:
            return self._listed.pop(address, None) is not None

    def entries(self) -> list[Listed]:
        """Return all entries, the newest first."""
        with self._lock:
            return sorted(self._listed.values(), key=lambda entry: entry.since, reverse=True)


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def _json_reply(body: object, status: int = HTTPStatus.OK) -> _Reply:
    return _Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _refusal(code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> _Reply:
    return _Reply(
        status,
        json.dumps({"message": message}).encode(),
        {"Content-Type": "application/json", "x-amzn-ErrorType": code},
    )


class Front:
    """Answers or passes on each call."""

    def __init__(self, upstream: str, transport: httpx.BaseTransport | None = None) -> None:
        self.notes = SendNotes()
        self.suppressions = SuppressionList()
        self._upstream = httpx.Client(base_url=upstream, timeout=30.0, transport=transport)
        self._throttled: dict[str, int] = {}

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Reply:
        """Return the reply to a call."""
        path = urlsplit(target).path
        if method == "POST" and path == _SEND_PATH:
            return self._send(target, headers, body)
        if path == _LIST_PATH or path.startswith(_LIST_PATH + "/"):
            return self._suppression_call(method, target, body)
        if method == "GET" and path == _MESSAGES_PATH:
            return _json_reply({"messages": [_described(key, note) for key, note in self.notes.all().items()]})
        return self._pass_on(method, target, headers, body)

    def _send(self, target: str, headers: Mapping[str, str], body: bytes) -> _Reply:
        request = _parsed(body)
        note = note_of(request)
        refusal = self._refused(request, note)
        if refusal:
            return refusal
        self.notes.begin()
        message_id = None
        try:
            reply = self._pass_on("POST", target, headers, body)
            message_id = _parsed(reply.body).get("MessageId") if reply.status == HTTPStatus.OK else None
        finally:
            self.notes.end(message_id, note)
        return reply

    def _refused(self, request: dict[str, Any], note: SendNote) -> _Reply | None:
        tags = request.get("EmailTags") or []
        if len(tags) > _MAXIMUM_TAGS or not all(_TAG.fullmatch(tag[part]) for tag in tags for part in tag):
            return _refusal("BadRequestException", "Invalid message tag: only [A-Za-z0-9_.@-], 1 to 256 characters.")
        for address in note.recipients:
            local, _, domain = address.lower().rpartition("@")
            if domain.rstrip(">") != WORLD_DOMAIN:
                continue
            if local.startswith("message-rejected"):
                return _refusal("MessageRejected", "Email address is not verified.")
            if local.startswith("sending-paused"):
                return _refusal("SendingPausedException", "Sending paused for this account.")
            if local.startswith("throttled") and self._throttled.get(local, 0) < _THROTTLED_CALLS:
                self._throttled[local] = self._throttled.get(local, 0) + 1
                return _refusal(
                    "TooManyRequestsException", "Maximum sending rate exceeded.", HTTPStatus.TOO_MANY_REQUESTS
                )
        return None

    def _suppression_call(self, method: str, target: str, body: bytes) -> _Reply:
        parts = urlsplit(target)
        address = unquote(parts.path.removeprefix(_LIST_PATH).removeprefix("/"))
        if not address and method == "PUT":
            entry = _parsed(body)
            self.suppressions.add(entry.get("EmailAddress", ""), entry.get("Reason", "BOUNCE"))
            return _json_reply({})
        if not address:
            wanted = parse_qs(parts.query).get("Reason")
            listed = [entry for entry in self.suppressions.entries() if not wanted or entry.reason in wanted]
            return _json_reply({"SuppressedDestinationSummaries": [_listed(entry) for entry in listed]})
        if method == "DELETE" and address.lower().startswith("unliftable"):
            return _refusal(
                "InternalServiceErrorException", "The list is not available.", HTTPStatus.INTERNAL_SERVER_ERROR
            )
        known = self.suppressions.find(address)
        if known is None:
            message = f"Email address {address} does not exist on your suppression list."
            return _refusal("NotFoundException", message, HTTPStatus.NOT_FOUND)
        if method == "DELETE":
            self.suppressions.remove(address)
            return _json_reply({})
        return _json_reply({"SuppressedDestination": _listed(known)})

    def _pass_on(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Reply:
        # The host stays as the caller wrote it: it is part of what the caller signed.
        passed = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            answer = self._upstream.request(method, target, headers=passed, content=body)
        except httpx.TransportError:
            return _refusal("ServiceUnavailable", "The stack is not up.", HTTPStatus.SERVICE_UNAVAILABLE)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return _Reply(answer.status_code, answer.content, kept)


def note_of(request: Mapping[str, Any]) -> SendNote:
    """Return what is to be remembered of a SendEmail request."""
    destination, content = request.get("Destination") or {}, request.get("Content") or {}
    headers = [(each["Name"], each["Value"]) for each in (content.get("Simple") or {}).get("Headers") or []]
    raw = (content.get("Raw") or {}).get("Data")
    if raw:
        headers = _headers_of(raw)
    tags: dict[str, tuple[str, ...]] = {}
    for tag in request.get("EmailTags") or []:
        tags[tag["Name"]] = (*tags.get(tag["Name"], ()), tag["Value"])
    fields = ("ToAddresses", "CcAddresses", "BccAddresses")
    recipients = tuple(address for name in fields for address in destination.get(name) or [])
    source = request.get("FromEmailAddress") or ""
    return SendNote(source, recipients, request.get("ConfigurationSetName") or "", tags, tuple(headers))


def _headers_of(raw: str) -> list[tuple[str, str]]:
    try:
        message = email.message_from_bytes(base64.b64decode(raw), policy=email.policy.default)
    except (ValueError, binascii.Error):
        return []
    told_by_the_mail = {"from", "to", "cc", "bcc", "subject", "mime-version", "message-id"}
    return [(name, str(value)) for name, value in message.items() if name.lower() not in told_by_the_mail]


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _described(message_id: str, note: SendNote) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "recipients": note.recipients,
        "configuration_set": note.configuration_set,
        "tags": {name: list(values) for name, values in note.tags.items()},
        "headers": [{"name": name, "value": value} for name, value in note.headers],
    }


def _listed(entry: Listed) -> dict[str, Any]:
    return {"EmailAddress": entry.address, "Reason": entry.reason, "LastUpdateTime": entry.since}


def serve(front: Front, port: int) -> ThreadingHTTPServer:
    """Return an HTTP server on loopback, listening and served by a thread; ``shutdown`` ends it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for each reply: without a buffer every header waits for an acknowledgement
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = front.answer(self.command, self.path, dict(self.headers.items()), body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - the names http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Log nothing: paths hold addresses."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, name="ses-front", daemon=True).start()
    return server
