"""Sends messages to the endpoints of webhooks.

The connection goes to an address that was checked, not to the name: a name can have another address a moment later (DNS
rebinding). Redirects are not followed, and proxies of the environment are not used.
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from math import ceil
from threading import Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from undelivered.domain.webhook import DeliveryError, DeliveryTry
from undelivered.domain.webhook_address import HTTPS_PORT, is_allowed

TIMEOUT_SECONDS: Final = 10.0
"""The time for a request, with the connection and the response."""

_CONNECT_SECONDS: Final = 3.0
_MAX_ADDRESSES: Final = 2
_MAX_RESPONSE_BYTES: Final = 4_096
_HTTP_PORT: Final = 80
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_DIGITS: Final = 9
"""The most digits of a number of seconds: more than thirty years."""
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "Undelivered-Webhooks/1.0", "Connection": "close"}

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host; raises OSError or UnicodeError."""


class _AddressNotAllowedError(Exception):
    """A name has an address that messages must not go to."""


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, IPv4 first: functions without a network of their own have no IPv6."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    return sorted(addresses, key=lambda address: ip_address(address.partition("%")[0]).version)


class HttpWebhookClient(Struct, frozen=True):
    """``webhooks.WebhookClient``. With ``loopback``, messages may go to this computer: on the local stack."""

    loopback: bool
    tls: ssl.SSLContext
    resolve: Resolve = resolve_host
    timeout: float = TIMEOUT_SECONDS

    def post(self, url: str, headers: Mapping[str, str], body: bytes, at: datetime) -> DeliveryTry:
        """Send a message and return the result."""
        started = time.monotonic()
        status: int | None = None
        wait: int | None = None
        error: DeliveryError | None = None
        try:
            status, wait = self._request(urlsplit(url), {**_HEADERS, **headers}, body, started + self.timeout)
        except Exception as failure:  # noqa: BLE001 - whatever an endpoint does is the result of the try
            error = _error_of(failure)
        seconds = time.monotonic() - started
        if seconds >= self.timeout:
            # The start of a response that was cut off can look like a whole one.
            status, wait, error = None, None, DeliveryError.TIMED_OUT
        return DeliveryTry(at, status, error, round(seconds * 1_000), wait)

    def _request(
        self, url: SplitResult, headers: Mapping[str, str], body: bytes, until: float
    ) -> tuple[int, int | None]:
        """Send a message; return the status, and the seconds that the endpoint asks to wait if it does."""
        connected = self._connect(url)
        if url.scheme == "https":
            connected = self.tls.wrap_socket(connected, server_hostname=url.hostname, do_handshake_on_connect=False)
        # The timeout of a socket limits each read. An endpoint that sends a byte now and then would never end.
        deadline = Timer(max(0, until - time.monotonic()), _shut_down, (connected,))
        deadline.start()
        with closing(connected):
            try:
                if isinstance(connected, ssl.SSLSocket):
                    connected.do_handshake()
                return _exchange(connected, url, headers, body)
            finally:
                deadline.cancel()

    def _connect(self, url: SplitResult) -> socket.socket:
        """Connect to an address of the host that was checked; raises _AddressNotAllowedError if one is not allowed."""
        port = url.port or (HTTPS_PORT if url.scheme == "https" else _HTTP_PORT)
        addresses = self.resolve(url.hostname or "", port)
        if not all(is_allowed(address, loopback=self.loopback) for address in addresses):
            raise _AddressNotAllowedError
        failure = OSError("no address")
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                connected = socket.create_connection((address, port), timeout=_CONNECT_SECONDS)
            except OSError as error:
                failure = error
            else:
                connected.settimeout(self.timeout)
                return connected
        raise failure


def _exchange(
    connected: socket.socket, url: SplitResult, headers: Mapping[str, str], body: bytes
) -> tuple[int, int | None]:
    """Send a request on a connection; return the status, and the seconds to wait if the response asks for it."""
    connection = HTTPConnection(url.hostname or "")
    connection.sock = connected
    path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    connection.request("POST", path, body, {"Host": url.netloc, **headers})
    response = connection.getresponse()
    response.read(_MAX_RESPONSE_BYTES)
    asked = response.getheader("Retry-After") if response.status in _BUSY else None
    return response.status, _seconds(asked) if asked else None


def _seconds(text: str) -> int | None:
    """Return the seconds that a Retry-After header says: a number, or a date (RFC 9110 section 10.2.3)."""
    if text.isdecimal() and text.isascii():
        return int(text[:_DIGITS])
    try:
        return max(ceil((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()), 0)
    except (ValueError, TypeError):  # not a date, or one without an offset
        return None


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):  # the endpoint closed the connection first
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _error_of(failure: Exception) -> DeliveryError:
    match failure:
        case _AddressNotAllowedError():
            return DeliveryError.ADDRESS_NOT_ALLOWED
        case socket.gaierror() | UnicodeError():
            return DeliveryError.NAME_NOT_FOUND
        case TimeoutError():
            return DeliveryError.TIMED_OUT
        case ssl.SSLError():
            return DeliveryError.TLS_FAILED
        case OSError():
            return DeliveryError.CONNECTION_FAILED
        case HTTPException() | ValueError():
            return DeliveryError.NOT_HTTP
        case _:
            raise failure
