"""Lambda's part, played by a test: it invokes functions one at a time, and again as Lambda does when they fail.

Queues, streams, asynchronous calls and schedules wait until the test passes them on. So a test knows to which
invocation a call of AWS belongs, and need not wait for visibility timeouts. What invokes which function is read from
the stack.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any

from infrastructure.build.releases import ALIAS
from infrastructure.local.call_rules import Call
from infrastructure.local.processes import function_processes
from infrastructure.local.stack import LocalStack
from tests.stack.faulty import Classification, FaultyAws, reconfigure, with_variables

MAX_RECEIVES = 5
"""``maxReceiveCount`` of the template's queues."""
MAX_TRIES = 3
"""An asynchronous invocation and its two retries."""
_EMPTY_PAGES = 2
"""As many empty pages in a row end a shard here: one may come before the end, as on AWS."""
_NO_LIMITS = dict.fromkeys(("BULK_RESENDS_PER_MINUTE", "INVITATIONS_PER_MINUTE", "SEARCHES_PER_MINUTE"), "1000000")
"""Requests are made so often here that they would reach the account's limits."""
_INVOKE_PATH = "/2015-03-31/functions/"

Json = dict[str, Any]


class Wire(FaultyAws):
    """Between one function and AWS. Keeps the function's asynchronous calls of others instead of passing them on."""

    def __init__(self, stack: LocalStack) -> None:
        super().__init__(stack)
        self.invoked: list[tuple[str, Json]] = []

    def forward(self, call: Call, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        is_asynchronous = request.headers.get("X-Amz-Invocation-Type") == "Event"
        if (call.service, call.operation) != ("lambda", "Invoke") or not is_asynchronous:
            return super().forward(call, request, body)
        arn = request.path.removeprefix(_INVOKE_PATH).partition("/")[0]
        self.invoked.append((arn, json.loads(body)))
        return 202, {}, b""


def any_call(_call: Call) -> bool:
    return True


def writes(call: Call) -> bool:
    """Whether a call changes anything."""
    return not call.operation.startswith(("BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan"))


@dataclass
class Fault:
    """What happens to the n-th of certain calls of a function, once."""

    at: int
    what: Classification
    counts: Callable[[Call], bool] = any_call
    number: int = 0
    lock: Any = field(default_factory=Lock)

    def __call__(self, call: Call) -> Classification:
        with self.lock:
            if not self.counts(call):
                return "pass"
            self.number += 1
            return self.what if self.number == self.at else "pass"

    @property
    def happened(self) -> bool:
        return self.number >= self.at


class EveryCallThrottledOnce:
    """Throttles each operation on each resource the first time it is called."""

    def __init__(self) -> None:
        self.throttled: set[str] = set()
        self._lock = Lock()

    def __call__(self, call: Call) -> Classification:
        identity = json.dumps([call.service, call.operation, call.values], default=str, sort_keys=True)
        with self._lock:
            if identity in self.throttled:
                return "pass"
            self.throttled.add(identity)
            return "throttle"


class LambdaPlatform:
    """Invokes the functions of a stack. Start it on a stack of its own, whose triggers it turns off."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self._lambda, self._sqs = stack.client("lambda"), stack.client("sqs")
        resources = stack.client("cloudformation").describe_stack_resources(StackName="undelivered")["StackResources"]
        self.functions = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in resources
            if each["ResourceType"] == "AWS::Lambda::Function"
        }
        self._rules = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::Events::Rule"]
        self._mappings = self._lambda.list_event_source_mappings()["EventSourceMappings"]
        self._streams = stack.client("dynamodbstreams")
        self._iterators: dict[str, str] = {}
        self._queue_urls: dict[str, str] = {}
        self.wires: dict[str, Wire] = {}
        self.dead_letters: list[tuple[str, Json]] = []
        """Functions and events that failed as often as they are tried."""

    @contextmanager
    def running(self) -> Iterator["LambdaPlatform"]:
        events = self.stack.client("events")
        for mapping in self._mappings:
            self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        for rule in self._rules:
            events.disable_rule(Name=rule)
        self._unsubscribe_from_logs()
        with ThreadPoolExecutor(len(self.functions)) as workers:
            self.wires = dict(zip(self.functions, workers.map(self._wired, self.functions), strict=True))
        try:
            yield self
        finally:
            for wire in self.wires.values():
                wire.close()

    def _unsubscribe_from_logs(self) -> None:
        logs = self.stack.client("logs")
        for group in logs.describe_log_groups()["logGroups"]:
            name = group["logGroupName"]
            for found in logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]:
                logs.delete_subscription_filter(logGroupName=name, filterName=found["filterName"])

    def _wired(self, function: str) -> Wire:
        """Put a wire between a function and AWS."""
        wire = Wire(self.stack)
        wire.on_cut = lambda: self.kill(function)
        urls = dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL_SNS"), wire.url)
        client, name = self.stack.client("lambda"), self.functions[function]
        reconfigure(client, name, **with_variables(client, name, **urls, **_NO_LIMITS))
        return wire

    def kill(self, function: str) -> None:
        """Kill every process that runs a function."""
        for process in function_processes(self.stack.description.pid):
            if process.function == self.functions[function]:
                process.kill()

    def function_of(self, name_or_arn: str) -> str:
        return next(logical for logical, name in self.functions.items() if name in name_or_arn)

    # --- one invocation

    def invoke(self, function: str, event: Json) -> Any:
        """Invoke a function and return its response; raise FunctionFailed if it failed or its process died."""
        answer = self._lambda.invoke(
            FunctionName=self.functions[function], Qualifier=ALIAS, Payload=json.dumps(event, default=_as_json)
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise FunctionFailedError(f"{function}: {payload}")
        return payload

    def deliver(self, function: str, event: Json) -> None:
        """Pass an event on as often as Lambda does: until the function accepts it, or it becomes a dead letter."""
        records = event.get("Records")
        for _ in range(MAX_RECEIVES if records else MAX_TRIES):
            try:
                answer = self.invoke(function, event)
            except FunctionFailedError:
                remaining = records
            else:
                remaining = _failed(records, answer) if records else None
                if not remaining:
                    return
            if records:
                records = remaining
                event = {"Records": [_received_again(record) for record in remaining or ()]}
        self.dead_letters.append((function, event))

    # --- what waits to be passed on

    def queued(self, function: str) -> list[Json]:
        """Take the messages of a function's queue, as records of an event."""
        (mapping,) = [each for each in self._mappings if self.function_of(each["FunctionArn"]) == function]
        arn = mapping["EventSourceArn"]
        if arn not in self._queue_urls:
            self._queue_urls[arn] = self._sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        url = self._queue_urls[arn]
        taken: list[Json] = []
        while messages := self._receive(url):
            for message in messages:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += [_record(message, arn) for message in messages]
        return taken

    def _receive(self, url: str) -> list[Json]:
        answer = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        return list(answer.get("Messages", ()))

    def changes(self, function: str) -> list[Json]:
        """Take the records that the stream has for a function."""
        (mapping,) = [each for each in self._mappings if self.function_of(each["FunctionArn"]) == function]
        if function not in self._iterators:
            stream = self._streams.describe_stream(StreamArn=mapping["EventSourceArn"])["StreamDescription"]
            (shard,) = stream["Shards"]
            self._iterators[function] = self._streams.get_shard_iterator(
                StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        taken: list[Json] = []
        empty = 0
        while empty < _EMPTY_PAGES:
            answer = self._streams.get_records(ShardIterator=self._iterators[function])
            self._iterators[function] = answer["NextShardIterator"]
            empty = 0 if answer["Records"] else empty + 1
            taken += map(_as_event, answer["Records"])
        return [record for record in taken if _passes(record, mapping)]

    def pending(self, function: str) -> list[Json]:
        """Take what waits for a function, as events: from its queue, or the asynchronous calls of it."""
        if any(self.function_of(each["FunctionArn"]) == function for each in self._mappings):
            return [{"Records": [record]} for record in self.queued(function)]
        return [event for _, event in self.called()]

    def called(self) -> list[tuple[str, Json]]:
        """Take the asynchronous invocations that functions have asked for."""
        taken = []
        for wire in self.wires.values():
            taken += [(self.function_of(name), event) for name, event in wire.invoked]
            wire.invoked.clear()
        return taken

    def settle(self) -> None:
        """Pass everything on until nothing waits."""
        while any([self._pass_on(each) for each in self._mappings] + [self._pass_calls_on()]):
            pass

    def _pass_on(self, mapping: Json) -> bool:
        function = self.function_of(mapping["FunctionArn"])
        records = self.queued(function) if ":sqs:" in mapping["EventSourceArn"] else self.changes(function)
        size = mapping["BatchSize"]
        for first in range(0, len(records), size):
            self.deliver(function, {"Records": records[first : first + size]})
        return bool(records)

    def _pass_calls_on(self) -> bool:
        called = self.called()
        for function, event in called:
            self.deliver(function, event)
        return bool(called)

    # --- faults

    @contextmanager
    def fault(self, function: str, fault: Any) -> Iterator[Any]:
        """Let something happen to the calls of a function."""
        wire = self.wires[function]
        wire.rule = fault
        try:
            yield fault
        finally:
            wire.rule = lambda _call: "pass"


class FunctionFailedError(Exception):
    """An invocation failed."""


def _record(message: Json, arn: str) -> Json:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {**message["Attributes"], "ApproximateReceiveCount": "1"},
        "messageAttributes": {
            name: {key[0].lower() + key[1:]: content for key, content in value.items()}
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }


def _received_again(record: Json) -> Json:
    if "attributes" not in record:
        return record
    number = int(record["attributes"]["ApproximateReceiveCount"]) + 1
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(number)}}


def _failed(records: list[Json], answer: Json) -> list[Json]:
    """Return the records to pass on again: those of a queue that are named, those of a stream from the first named."""
    named = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    if "attributes" in records[0]:
        return [record for record in records if record["messageId"] in named]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return records[min((numbers.index(number) for number in named), default=len(records)) :]


def _as_event(record: Json) -> Json:
    """Return a record of a stream as Lambda passes it on, which writes the identity in another way than GetRecords."""
    identity = record.get("userIdentity")
    if identity is None:
        return record
    return {**record, "userIdentity": {"type": identity["Type"], "principalId": identity["PrincipalId"]}}


def _passes(record: Json, mapping: Json) -> bool:
    """Whether a mapping's filters let a stream record through. The template filters by the event's name alone."""
    filters = (mapping.get("FilterCriteria") or {}).get("Filters", ())
    return not filters or any(record["eventName"] in json.loads(each["Pattern"])["eventName"] for each in filters)


def _as_json(value: object) -> object:
    return value.timestamp() if isinstance(value, datetime) else str(value)
