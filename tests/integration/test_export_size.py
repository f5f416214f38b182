"""An export's memory does not grow with its rows: measured in a process of its own, uploading to a socket.

``EXPORT_ROWS=1000000 pytest tests/integration/test_export_size.py -s`` proves it for a million and prints the figures.
"""

import json
import os
import re
import subprocess
import sys
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
ROWS = int(os.environ.get("EXPORT_ROWS", "45000"))
MEGABYTE = 1024 * 1024


class Sink(BaseHTTPRequestHandler):
    """As much of S3 as a multipart upload needs; it notes what comes in and keeps nothing of it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self._body()
        if self.path.endswith("?uploads"):
            return self._answer(
                b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            )
        self.server.listed = [int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body)]
        return self._answer(b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")

    def do_PUT(self):
        content = self._body()
        number = int(re.search(r"partNumber=(\d+)", self.path)[1])
        self.server.parts[number] = (len(content), content.count(b"\r\n"))
        self._answer(b"", ETag=f'"{md5(content, usedforsecurity=False).hexdigest()}"')

    def _body(self):
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # the trailer, which holds the checksum
        return b"".join(chunks)

    def _answer(self, body, **headers):
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def sink():
    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        server.parts, server.listed = {}, []
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(sink):
    command = [sys.executable, "-m", "tests.integration.export_of_many", str(ROWS)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{sink.server_port}"],
        cwd=ROOT, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    sizes = [size for size, _ in sink.parts.values()]
    print({**measured, "parts": len(sizes), "mb": round(sum(sizes) / MEGABYTE, 1)})  # noqa: T201

    assert (measured["state"], measured["rows"]) == ("done", ROWS)
    assert sum(lines for _, lines in sink.parts.values()) == ROWS + 1
    assert sink.listed == sorted(sink.parts)
    assert all(5 * MEGABYTE <= size < 10 * MEGABYTE for size in sizes[:-1])
    assert measured["grown_mb"] < 60
