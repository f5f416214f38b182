"""An endpoint that takes every request and gives one answer at once: `python -m infrastructure.bench.responder JSON`.

It is a process of its own, so that what a client costs is the client's CPU time and nothing else. It prints its
port and ends when its standard input does.
"""

import socketserver
import sys
import threading


def _answer(document: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"x-amzn-RequestId: 0\r\nContent-Length: {len(document)}\r\n\r\n"
    )
    return head.encode() + document


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        answer = _answer(sys.argv[1].encode())
        while self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()) not in {b"\r\n", b""}:
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            self.rfile.read(length)
            self.wfile.write(answer)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    disable_nagle_algorithm = True


def main() -> None:
    """Serve on a free loopback port until standard input ends."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
