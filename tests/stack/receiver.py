"""An endpoint on this computer that receives the events of webhooks."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """An endpoint that responds with the statuses of ``statuses``, and with 204 after these.

    ``on_message`` is called with each message, before the response.
    """

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.received: list[tuple[dict[str, str], str]] = []
        self.on_message: Callable[[], None] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                receiver.received.append((dict(self.headers), body))
                receiver.on_message()
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def messages(self, text: str) -> list[tuple[dict[str, str], str]]:
        """Return the messages with a text, such as the id of a notification or of an event."""
        return [(headers, body) for headers, body in self.received if text in body]
