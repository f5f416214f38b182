"""What SES answers and ministack does not: sends, the suppression list and the sending limits.

ministack's endpoint forwards these calls to this proxy (see ``emulator_email.py``), and the functions call it at once
(``AWS_ENDPOINT_URL_SESV2`` and ``AWS_ENDPOINT_URL_SNS``). It refuses what SES would refuse, lets ministack check the
sender's identity and give the message its id, and passes an accepted email with its tags to the simulator. It
implements the account-level suppression list and the sending limits. ``PUT /_simulator/limits`` changes the limits.
"""

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.local.call_rules import Call, Refusal, error_response, read_call
from infrastructure.local.ses_simulator.mail_rules import TEST_DOMAIN
from infrastructure.local.ses_simulator.send_calls import SEND_OPERATIONS, Send, read_sends
from infrastructure.local.ses_simulator.send_rules import address_problem, send_problem
from infrastructure.local.ses_simulator.sending_limits import SendingLimits

_MAXIMUM_RECORDS = 10_000
_MAXIMUM_BYTES = 256 * 1024 * 1024
_LIST_PATH = "/v2/email/suppression/addresses"
_LIST_PAGE = 1000
_ACCOUNT_PATH = "/v2/email/account"
_CONTROL_PATH = "/_simulator/"
FORWARDED: Final = "x-from-simulator"
"""The header of the calls that the proxy forwards: ministack answers them itself."""
_V1_NAMESPACE: Final = "http://ses.amazonaws.com/doc/2010-12-01/"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}
_THROTTLED_CALLS = 2
_NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "

_V1_CODES: Final = {
    "BadRequestException": "InvalidParameterValue",
    "TooManyRequestsException": "Throttling",
    "SendingPausedException": "AccountSendingPausedException",
    "NotFoundException": "ConfigurationSetDoesNotExist",
}
"""The codes of SES's v1 API for those of its v2 API. The other codes are the same."""
_STATUSES: Final = {
    "TooManyRequestsException": HTTPStatus.TOO_MANY_REQUESTS,
    "NotFoundException": HTTPStatus.NOT_FOUND,
    "ConcurrentModificationException": HTTPStatus.CONFLICT,
}
"""The status codes of the v2 API that are not 400 (botocore's model). Those of the v1 API are all 400."""


class Sends:
    """The latest 10,000 sends by message id, with 256 MB of content at most. Safe to use from several threads."""

    def __init__(self) -> None:
        self._sends: OrderedDict[str, Send] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, message_id: str, send: Send) -> None:
        """Record a send that ministack accepted."""
        with self._lock:
            self._sends[message_id] = send
            self._bytes += send.size
            while len(self._sends) > _MAXIMUM_RECORDS or self._bytes > _MAXIMUM_BYTES:
                self._bytes -= self._sends.popitem(last=False)[1].size

    def all(self) -> dict[str, Send]:
        """Return all recorded sends, the oldest first."""
        with self._lock:
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


class SesAccount(Protocol):
    """What the proxy asks ministack about the account."""

    def has_configuration_set(self, name: str) -> bool:
        """Whether there is a configuration set with a name; raises an error of botocore if ministack does not say."""


class SesApiProxy:
    """Answers the calls of the functions and of other clients, and forwards those that ministack answers.

    ``deliver`` is called with each accepted email and its message id.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a simulator consists of
        self,
        upstream: str,
        account: SesAccount,
        suppressions: SuppressionList,
        deliver: Callable[[str, Send], None],
        limits: SendingLimits | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.sends = Sends()
        self.suppressions = suppressions
        self.limits = limits or SendingLimits()
        self._ses, self._deliver = account, deliver
        # No connection is kept: the emulator closes idle ones, and a call on a closed connection fails.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._upstream = httpx.Client(base_url=upstream, timeout=30.0, transport=transport, limits=alone)
        self._throttled: dict[str, int] = {}
        self._refused_once: set[str] = set()

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Response:
        """Return the response to a call."""
        path = urlsplit(target).path
        if path.startswith(_CONTROL_PATH):
            return self._control(path, body)
        if path == _LIST_PATH or path.startswith(_LIST_PATH + "/"):
            return self._suppression_list(method, target, body)
        if method == "GET" and path == _ACCOUNT_PATH:
            return self._account(target, headers)
        if path == "/" and _is_text(body) and not self.limits.accepts_text():
            return _sns_throttled()
        return self._signed_call(method, target, headers, body)

    def _signed_call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Response:
        call = read_call(method, target, {name.lower(): value for name, value in headers.items()}, body)
        if call and call.operation in SEND_OPERATIONS.get(call.service, ()):
            return self._send(call, lambda: self._forward(method, target, headers, body))
        if call and (call.service, call.operation) == ("ses", "GetSendQuota"):
            return self._send_quota()
        return self._forward(method, target, headers, body)

    def _control(self, path: str, body: bytes) -> _Response:
        """Return the sent messages, one of their files, or the limits with the changes in the body."""
        if "/attachments/" in path:
            return self._file(path)
        if path == f"{_CONTROL_PATH}limits":
            self.limits.set(_json_object(body))
            return _json_response(self.limits.as_json())
        return _json_response({"messages": [_send_as_json(key, send) for key, send in self.sends.all().items()]})

    def _file(self, path: str) -> _Response:
        message_id, _, number = unquote(path.removeprefix(f"{_CONTROL_PATH}messages/")).partition("/attachments/")
        send = self.sends.all().get(message_id, Send())
        found = [file for position, file in enumerate(send.files, start=1) if str(position) == number]
        if not found:
            return _Response(HTTPStatus.NOT_FOUND, b"")
        return _Response(HTTPStatus.OK, found[0].content, {"Content-Type": found[0].content_type})

    def _send(self, call: Call, forward: Callable[[], _Response]) -> _Response:
        sends = read_sends(call)
        try:
            refusal = next(filter(None, map(self._refusal, sends)), None)
        except (BotoCoreError, ClientError):
            return _unavailable()
        if refusal:
            return _refused(call, refusal)
        response = forward()
        if response.status == HTTPStatus.OK:
            for message_id, send in zip(_message_ids(call, response.body), sends, strict=False):
                if message_id:
                    self.sends.add(message_id, send)
                    self._deliver(message_id, send)
        return response

    def _send_quota(self) -> _Response:
        quota = "".join(f"<{name}>{value}</{name}>" for name, value in self.limits.send_quota().items())
        result = f"<GetSendQuotaResult>{quota}</GetSendQuotaResult>"
        body = f'<GetSendQuotaResponse xmlns="{_V1_NAMESPACE}">{result}</GetSendQuotaResponse>'
        return _Response(HTTPStatus.OK, body.encode(), {"Content-Type": "text/xml"})

    def _account(self, target: str, headers: Mapping[str, str]) -> _Response:
        response = self._forward("GET", target, headers, b"")
        if response.status != HTTPStatus.OK:
            return response
        return _json_response({**_json_object(response.body), "SendQuota": self.limits.send_quota()})

    def _refusal(self, send: Send) -> Refusal | None:
        """Return SES's error for an email, with the code of the v2 API, or None."""
        if problem := send_problem(send):
            return Refusal("BadRequestException", problem, by_model=False)
        name = send.configuration_set
        if name and not self._ses.has_configuration_set(name):
            return Refusal("NotFoundException", f"Configuration set <{name}> does not exist.", by_model=False)
        refusals = (self._mailbox_refusal(address, send.source) for address in send.recipients)
        if found := next(filter(None, refusals), None):
            return Refusal(*found, by_model=False)
        exceeded = self.limits.refuse_email(len(send.recipients))
        return Refusal("TooManyRequestsException", exceeded, by_model=False) if exceeded else None

    def _mailbox_refusal(self, address: str, sender: str) -> tuple[str, str] | None:
        """Return the error of a send to an address of the test domain, None if the call is accepted."""
        local, _, domain = address.lower().rpartition("<")[2].rpartition("@")
        if domain.rstrip(">") != TEST_DOMAIN:
            return None
        if local.startswith("message-rejected"):
            return "MessageRejected", _NOT_VERIFIED + sender
        if local.startswith("sending-paused"):
            return "SendingPausedException", "Sending paused for this account."
        if local.startswith("throttled") and self._throttled.get(local, 0) < _THROTTLED_CALLS:
            self._throttled[local] = self._throttled.get(local, 0) + 1
            return "TooManyRequestsException", "Maximum sending rate exceeded."
        if local.startswith("unexplained") and local not in self._refused_once:
            self._refused_once.add(local)
            return "ConcurrentModificationException", "The resource is being modified."
        return None

    def _suppression_list(self, method: str, target: str, body: bytes) -> _Response:
        address = unquote(urlsplit(target).path.removeprefix(_LIST_PATH).removeprefix("/"))
        if address:
            return self._suppressed_address(method, address)
        return self._put_or_list(method, target, _json_object(body))

    def _put_or_list(self, method: str, target: str, entry: Mapping[str, str]) -> _Response:
        if method != "PUT":
            return self._list(parse_qs(urlsplit(target).query))
        if problem := address_problem(entry.get("EmailAddress", "")):
            return _error("BadRequestException", problem)
        self.suppressions.add(entry["EmailAddress"], entry.get("Reason", "BOUNCE"))
        return _json_response({})

    def _list(self, query: Mapping[str, list[str]]) -> _Response:
        """Return a page of the list. A token has a position only, so it is good as long as the list stays as it is."""
        token = query.get("NextToken", ["0"])[0]
        if not token.isdigit():
            return _error("InvalidNextTokenException", "The specified next token is not valid.")
        since, until = (_epoch(query.get(name, [""])[0]) for name in ("StartDate", "EndDate"))
        listed = [
            entry
            for entry in self.suppressions.entries()
            if entry.reason in query.get("Reason", [entry.reason])
            and (since is None or entry.since > since)
            and (until is None or entry.since < until)
        ]
        end = int(token) + int(query.get("PageSize", [str(_LIST_PAGE)])[0])
        more = {"NextToken": str(end)} if end < len(listed) else {}
        page = [_entry_as_json(entry) for entry in listed[int(token) : end]]
        return _json_response({"SuppressedDestinationSummaries": page, **more})

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
        # The caller's Host header is kept, because it is part of the signature.
        forwarded = {**end_to_end(headers), FORWARDED: "true"}
        try:
            response = self._upstream.request(method, target, headers=forwarded, content=body)
        except httpx.TransportError:
            return _unavailable()
        return _Response(response.status_code, response.content, end_to_end(response.headers))


def _unavailable() -> _Response:
    return _error("ServiceUnavailable", "The stack is not up.", HTTPStatus.SERVICE_UNAVAILABLE)


def end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a proxy passes on."""
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _is_text(body: bytes) -> bool:
    """Whether a call of SNS publishes a text to a phone number."""
    form = parse_qs(body.decode(errors="replace"))
    return form.get("Action") == ["Publish"] and "PhoneNumber" in form


def _sns_throttled() -> _Response:
    """Return SNS's error (AWS re:Post, "How do I troubleshoot ThrottlingException errors in Amazon SNS?")."""
    error = "<Type>Sender</Type><Code>ThrottlingException</Code><Message>Rate exceeded</Message>"
    body = f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>{error}</Error></ErrorResponse>'
    return _Response(HTTPStatus.BAD_REQUEST, body.encode(), {"Content-Type": "text/xml"})


def _refused(call: Call, refusal: Refusal) -> _Response:
    """Return an error in the protocol of a call."""
    if call.service == "ses":
        code = _V1_CODES.get(refusal.code, refusal.code)
        status, headers, body = error_response(call, Refusal(code, refusal.message, by_model=False))
        return _Response(status, body, headers)
    return _error(refusal.code, refusal.message, _STATUSES.get(refusal.code, HTTPStatus.BAD_REQUEST))


def _message_ids(call: Call, body: bytes) -> list[str]:
    """Return the message ids in a response, in order. They are empty for emails that were not accepted."""
    if call.service == "sesv2":
        answer = _json_object(body)
        return [entry.get("MessageId") or "" for entry in answer.get("BulkEmailEntryResults") or [answer]]
    text = body.decode()
    results = re.findall(r"<member>(.*?)</member>", text, re.DOTALL) or [text]
    found = (re.search(r"<MessageId>([^<]+)</MessageId>", result) for result in results)
    return [match[1] if match else "" for match in found]


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _send_as_json(message_id: str, send: Send) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "operation": send.operation,
        "source": send.source,
        "subject": send.subject,
        "recipients": send.recipients,
        "configuration_set": send.configuration_set,
        "tags": {name: list(values) for name, values in send.tag_values.items()},
        "headers": [{"name": name, "value": value} for name, value in send.headers],
        "attachments": [
            {
                "filename": file.name,
                "content_type": file.content_type,
                "size": len(file.content),
                "path": f"{_CONTROL_PATH}messages/{quote(message_id)}/attachments/{number}",
            }
            for number, file in enumerate(send.files, start=1)
        ],
    }


def _epoch(text: str) -> float | None:
    """Return the seconds since 1970 of a time in a query (ISO 8601), None for an empty text."""
    return datetime.fromisoformat(text).timestamp() if text else None


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
