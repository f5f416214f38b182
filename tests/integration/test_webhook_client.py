"""Requests to endpoints, made for real: to servers of this test, and to names that lead where nothing may go."""

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from undelivered.adapters.webhook_client import HttpWebhookClient, resolve_host
from undelivered.domain.webhook import DeliveryError

NOW = datetime(2026, 1, 10, tzinfo=UTC)
NAME = "app.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for NAME and the context that trusts it."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return path


def trusting(path):
    return ssl.create_default_context(cafile=path)


@contextmanager
def server(respond, certificate=None):
    """A server on this computer that responds to each POST; yields its port and what it received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, dict(self.headers), body))
            respond(self)

        def log_message(self, *_arguments):
            """Write nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield listening.server_port, received
    finally:
        listening.shutdown()
        listening.server_close()


def responding(status, **headers):
    def respond(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return respond


def client(resolve=resolve_host, *, tls=None, loopback=True, timeout=10.0):
    return HttpWebhookClient(loopback, tls or ssl.create_default_context(), resolve, timeout)


def post(made_by, url):
    return made_by.post(url, {"webhook-id": "e-1"}, b'{"type": "t"}', NOW)


def test_a_message_is_posted_and_its_status_and_time_are_the_result():
    with server(responding(204)) as (port, received):
        made = post(client(), f"http://127.0.0.1:{port}/hook?token=1")

    assert (made.at, made.status, made.error) == (NOW, 204, None)
    (path, headers, body) = received[0]
    assert (path, body) == ("/hook?token=1", b'{"type": "t"}')
    assert (headers["webhook-id"], headers["Content-Type"]) == ("e-1", "application/json")
    assert headers["Host"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "120", 120),
        (503, "0", 0),
        (503, "9" * 400, 999_999_999),
        (503, "Mon, 01 Jan 1990 00:00:00 GMT", 0),
        (503, "soon", None),
        (503, "-5", None),
        (503, "١٢", None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_an_endpoint_that_is_busy_says_how_long_to_wait(status, header, seconds):
    with server(responding(status, **{"Retry-After": header.encode().decode("latin-1")})) as (port, _):
        made = post(client(), f"http://127.0.0.1:{port}/")

    assert (made.status, made.retry_after) == (status, seconds)


def test_an_endpoint_can_say_until_when_to_wait():
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    with server(responding(429, **{"Retry-After": later})) as (port, _):
        made = post(client(), f"http://127.0.0.1:{port}/")

    assert 3_500 < made.retry_after <= 3_600


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_address_that_was_checked(certificate):
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return ["127.0.0.1"]

    with server(responding(200), certificate) as (port, received):
        made = post(client(resolve, tls=trusting(certificate)), f"https://{NAME}:{port}/")

    assert (made.status, asked) == (200, [(NAME, port)])
    assert received[0][1]["Host"] == f"{NAME}:{port}"


def test_a_certificate_of_another_name_or_authority_is_not_accepted(certificate):
    with server(responding(200), certificate) as (port, received):
        other_name = post(client(lambda *_: ["127.0.0.1"], tls=trusting(certificate)), f"https://example.org:{port}/")
        unknown_authority = post(client(lambda *_: ["127.0.0.1"]), f"https://{NAME}:{port}/")

    assert [other_name.error, unknown_authority.error] == [DeliveryError.TLS_FAILED] * 2
    assert received == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    def respond(handler):
        responding(status, Location=f"http://127.0.0.1:{inner}/")(handler)

    with server(responding(200)) as (inner, reached), server(respond) as (port, _):
        made = post(client(), f"http://127.0.0.1:{port}/")

    assert (made.status, reached) == (status, [])


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["10.0.0.5"],
        ["::ffff:127.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["fd00:ec2::254"],
        ["64:ff9b::a9fe:a9fe"],
        ["0.0.0.0"],
        ["93.184.216.34", "127.0.0.1"],
    ],
)
def test_a_name_that_leads_to_an_address_that_is_not_public_gets_no_connection(addresses, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)

    made = post(client(lambda *_: addresses, loopback=False), "https://rebinding.example.com/")

    assert (made.status, made.error) == (None, DeliveryError.ADDRESS_NOT_ALLOWED)


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/"])
def test_forms_of_addresses_that_the_system_understands_are_checked_as_what_they_are(url):
    assert post(client(loopback=False), url).error is DeliveryError.ADDRESS_NOT_ALLOWED


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    with server(responding(500)) as (proxy, asked), server(responding(200)) as (port, _):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        made = post(client(), f"http://127.0.0.1:{port}/")

    assert (made.status, asked) == (200, [])


def raising(error):
    def resolve(*_):
        raise error

    return resolve


@pytest.mark.parametrize(
    ("resolve", "error"),
    [
        (raising(socket.gaierror(socket.EAI_NONAME, "unknown")), DeliveryError.NAME_NOT_FOUND),
        (raising(UnicodeError("label too long")), DeliveryError.NAME_NOT_FOUND),
        (lambda *_: [], DeliveryError.CONNECTION_FAILED),
    ],
)
def test_a_name_without_an_address_is_a_result(resolve, error):
    assert post(client(resolve), f"https://{NAME}/").error is error


def test_a_closed_port_is_a_result():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        made = post(client(), f"http://127.0.0.1:{unused.getsockname()[1]}/")

    assert made.error is DeliveryError.CONNECTION_FAILED


def test_an_endpoint_that_does_not_speak_http_is_a_result():
    def respond(handler):
        handler.wfile.write(b"220 mail.example.com ESMTP\r\n")

    with server(respond) as (port, _):
        assert post(client(), f"http://127.0.0.1:{port}/").error is DeliveryError.NOT_HTTP


def test_an_endpoint_that_sends_a_byte_now_and_then_is_cut_off():
    stopped = threading.Event()

    def respond(handler):
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stopped.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            return  # it was cut off

    with server(respond) as (port, _):
        made = post(client(timeout=0.3), f"http://127.0.0.1:{port}/")
        stopped.set()

    assert (made.status, made.error) == (None, DeliveryError.TIMED_OUT)


def test_only_the_start_of_a_large_response_is_read():
    sent = []

    def respond(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(10_000):
                handler.wfile.write(b"x" * 65_536)
                sent.append(65_536)
        except OSError:
            return  # it was cut off

    with server(respond) as (port, _):
        made = post(client(), f"http://127.0.0.1:{port}/")

    assert made.status == 200
    assert len(sent) < 10_000


def test_addresses_of_the_older_protocol_come_first():
    addresses = resolve_host("localhost", 443)

    versions = [ip_address(address).version for address in addresses]
    assert addresses
    assert versions == sorted(versions)
