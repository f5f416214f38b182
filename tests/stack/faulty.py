"""What can go wrong around a running stack, on purpose: a store that refuses, cut calls, killed processes."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from infrastructure.build.releases import ALIAS
from infrastructure.local.processes import function_processes
from infrastructure.local.stack import LocalStack

Classification = Literal["pass", "throttle", "cut before", "cut after"]
Rule = Callable[[str], Classification]
"""Says what becomes of a call of DynamoDB, by its operation, e.g. ``TransactWriteItems``."""

# Common errors of DynamoDB, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded.",
}


class FaultyStore:
    """Stands between functions and DynamoDB, and does to each call what the rule of the moment says."""

    def __init__(self, stack: LocalStack) -> None:
        self._store = urlsplit(stack.endpoint).netloc
        self.rule: Rule = lambda _operation: "pass"
        self.on_cut: Callable[[], None] = lambda: None
        """Is done in the middle of a call that is cut, before the caller learns anything."""
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                store.answer(self, body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        classification = self.rule(request.headers["X-Amz-Target"].partition(".")[2])
        if classification == "cut before":
            self.on_cut()
            request.close_connection = True
            return
        if classification == "throttle":
            status, headers, answer = (
                400,
                {"Content-Type": "application/x-amz-json-1.0"},
                json.dumps(_THROTTLED).encode(),
            )
        else:
            status, headers, answer = self._forward(request, body)
        if classification == "cut after":
            self.on_cut()
            request.close_connection = True
            return
        with suppress(OSError):  # the caller may have been killed meanwhile
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(answer)))
            request.end_headers()
            request.wfile.write(answer)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._store, timeout=60)
        try:
            connection.request("POST", request.path, body, dict(request.headers))
            answer = connection.getresponse()
            kept = {
                name: value for name, value in answer.getheaders() if name.lower() in {"content-type", "x-amz-crc32"}
            }
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty_store(stack: LocalStack, function: str) -> Iterator[FaultyStore]:
    """Give a function, named as in the template, a store that can be made faulty."""
    store = FaultyStore(stack)
    name = function_name(stack, function)
    usual = stack.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    try:
        variables = usual | {"AWS_ENDPOINT_URL_DYNAMODB": store.url}
        with reconfigured(stack, function, Environment={"Variables": variables}):
            yield store
    finally:
        store.close()


@contextmanager
def reconfigured(stack: LocalStack, function: str, **configuration: Any) -> Iterator[None]:
    """Let everybody who calls a function have another configuration of it for a while."""
    client, name = stack.client("lambda"), function_name(stack, function)
    usual = client.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
    before = client.get_function_configuration(FunctionName=name)
    client.update_function_configuration(FunctionName=name, **configuration)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    other = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=other)
    try:
        yield
    finally:
        client.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=usual)
        former = {key: before[key] for key in configuration}
        client.update_function_configuration(FunctionName=name, **former)


def start_anew(stack: LocalStack, function: str) -> None:
    """Have a function run by containers that remember nothing; those of before finish what they are at."""
    client, name = stack.client("lambda"), function_name(stack, function)
    # The emulator keeps the containers of the function itself unless something is told of how it runs.
    timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
    client.update_function_configuration(FunctionName=name, Description=f"Anew since {time.time_ns()}", Timeout=timeout)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)


def function_name(stack: LocalStack, logical: str) -> str:
    """Return the name in Lambda of a function of the template."""
    found = stack.client("cloudformation").describe_stack_resource(StackName="undelivered", LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def kill(stack: LocalStack, logical: str) -> int:
    """Kill every process that runs a function, as a machine that fails does; return how many there were."""
    name = function_name(stack, logical)
    doomed = [process for process in function_processes(stack.description.pid) if process.function == name]
    return sum(process.kill() for process in doomed)
