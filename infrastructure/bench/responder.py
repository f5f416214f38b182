"""A server that gives the same response to every request: `python -m infrastructure.bench.responder DOCUMENT`.

It runs in a process of its own, so that the CPU time of the client under test does not include it. It prints its port,
and stops when its standard input closes.
"""

import socketserver
import sys
import threading


def _response(document: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"x-amzn-RequestId: 0\r\nContent-Length: {len(document)}\r\n\r\n"
    )
    return head.encode() + document


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        response = _response(sys.argv[1].encode())
        while self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()) not in {b"\r\n", b""}:
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            self.rfile.read(length)
            self.wfile.write(response)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    disable_nagle_algorithm = True


def main() -> None:
    """Serve on a free loopback port until standard input closes."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
