"""What can go wrong around a running stack, on purpose: a store that refuses, cut calls, killed processes."""

import http.client
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from infrastructure.build.releases import ALIAS
from infrastructure.local.call_rules import Call, Refusal, error_response, read_call
from infrastructure.local.processes import function_processes
from infrastructure.local.stack import LocalStack

Classification = Literal["pass", "throttle", "cut before", "cut after"]
Rule = Callable[[Call], Classification]
"""Says what becomes of a call of AWS."""

_RATE_EXCEEDED = "Rate exceeded"
_THROTTLED = {
    "dynamodb": (400, "ProvisionedThroughputExceededException", "The level of configured throughput was exceeded."),
    "lambda": (429, "TooManyRequestsException", _RATE_EXCEEDED),
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "secretsmanager": (400, "ThrottlingException", _RATE_EXCEEDED),
    "sesv2": (429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    "sns": (400, "Throttling", _RATE_EXCEEDED),
    "sqs": (403, "RequestThrottled", _RATE_EXCEEDED),
}
"""Status, code and message with which a service throttles: errors in botocore's models, or AWS's common errors."""


class FaultyAws:
    """Stands between a function and AWS, and does to each call what the rule of the moment says."""

    def __init__(self, stack: LocalStack) -> None:
        simulator, emulator = urlsplit(stack.simulator_url).netloc, urlsplit(stack.endpoint).netloc
        self._hosts = defaultdict(lambda: emulator, sesv2=simulator, sns=simulator)
        self.rule: Rule = lambda _call: "pass"
        self.on_cut: Callable[[], None] = lambda: None
        """Is done in the middle of a call that is cut, before the caller learns anything."""
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # a response in one packet: each packet waits for an acknowledgement
            disable_nagle_algorithm = True

            def do_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                wire.answer(self, body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_any  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = read_call(request.command, request.path, headers, body)
        assert call, f"not a call of AWS: {request.command} {request.path}"
        classification = self.rule(call)
        if classification == "cut before":
            self.on_cut()
            request.close_connection = True
            return
        if classification == "throttle":
            status, code, message = _THROTTLED[call.service]
            _, headers, answer = error_response(call, Refusal(code, message, by_model=False))
        else:
            status, headers, answer = self.forward(call, request, body)
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

    def forward(self, call: Call, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._hosts[call.service], timeout=60)
        try:
            connection.request(request.command, request.path, body, dict(request.headers))
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


_OF_THE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


@contextmanager
def faulty_store(stack: LocalStack, function: str) -> Iterator[FaultyAws]:
    """Give a function, named as in the template, a DynamoDB that can be made faulty."""
    wire = FaultyAws(stack)
    try:
        client, name = stack.client("lambda"), function_name(stack, function)
        with reconfigured(stack, function, **with_variables(client, name, AWS_ENDPOINT_URL_DYNAMODB=wire.url)):
            yield wire
    finally:
        wire.close()


@contextmanager
def reconfigured(stack: LocalStack, function: str, **configuration: Any) -> Iterator[None]:
    """Let everybody who calls a function have another configuration of it for a while."""
    client, name = stack.client("lambda"), function_name(stack, function)
    usual = client.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
    before = client.get_function_configuration(FunctionName=name)
    reconfigure(client, name, **configuration)
    try:
        yield
    finally:
        client.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=usual)
        former = {key: before[key] for key in configuration}
        client.update_function_configuration(FunctionName=name, **former)


def reconfigure(client: Any, name: str, **configuration: Any) -> None:
    """Change the configuration of a function, given by its name in Lambda, for everybody who calls it."""
    client.update_function_configuration(FunctionName=name, **configuration)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)


def with_variables(client: Any, name: str, **variables: str) -> dict[str, Any]:
    """Return the configuration of a function with more environment variables."""
    usual = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return {"Environment": {"Variables": usual | variables}}


def start_anew(stack: LocalStack, function: str) -> None:
    """Have a function run by containers that remember nothing; those of before finish what they are at."""
    client, name = stack.client("lambda"), function_name(stack, function)
    # The emulator keeps the containers of the function itself unless something is told of how it runs.
    timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
    reconfigure(client, name, Description=f"Anew since {time.time_ns()}", Timeout=timeout)


def function_name(stack: LocalStack, logical: str) -> str:
    """Return the name in Lambda of a function of the template."""
    found = stack.client("cloudformation").describe_stack_resource(StackName="undelivered", LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def kill(stack: LocalStack, logical: str) -> int:
    """Kill every process that runs a function, as a machine that fails does; return how many there were."""
    name = function_name(stack, logical)
    doomed = [process for process in function_processes(stack.description.pid) if process.function == name]
    return sum(process.kill() for process in doomed)
