"""The keys of the user pool are fetched from a server that is busy at first."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.builders.api import CONSOLE, ISSUER, a_token, key_set, person_claims
from undelivered.domain.errors import RetryableError
from undelivered.entrypoints.http.auth import token_verifier


@pytest.fixture
def serve():
    """Return a function that starts a server which gives these statuses in turn, the last for good."""
    servers = []

    def start(*statuses):
        left = list(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status = left.pop(0) if len(left) > 1 else left[0]
                body = key_set() if status == 200 else b"busy"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/keys"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("statuses", [(200,), (503, 429, 500, 200)], ids=str)
def test_a_busy_user_pool_is_asked_again(serve, statuses):
    verifier = token_verifier(ISSUER, (CONSOLE,), serve(*statuses))
    verifier.now = lambda: person_claims()["exp"] - 60

    assert verifier.claims(a_token(person_claims()))["email"]


@pytest.mark.parametrize("statuses", [(503,), (404,)], ids=str)
def test_one_that_stays_away_is_an_error_for_now(serve, statuses):
    verifier = token_verifier(ISSUER, (CONSOLE,), serve(*statuses))

    with pytest.raises(RetryableError, match="status"):
        verifier.claims(a_token(person_claims()))
