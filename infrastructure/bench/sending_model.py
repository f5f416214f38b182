"""A model of what surrounds the sending functions: queues, event source mappings, SES and the tables, in virtual time.

The batch handler, the use cases, the pace and the adapter of SES are the product's own code. What is modelled:

- SQS: visibility, delays, receive counts and dead letters after ``maxReceiveCount``, as in the template.
- The event source mapping: batches of ten, its maximum concurrency, the time to poll and to invoke. It stops an
  invocation at the function's timeout. Now and then an invocation is lost after it ends, so that its messages return.
- Lambda's CPU: a share of a virtual CPU for each execution, by its memory.
- SES: the simulator's limits, with the errors of AWS, and the latency of a call.
- DynamoDB: tables in memory, and the latency of a call. Conditions fail as on DynamoDB.

Not modelled: SES's real burst, which AWS does not publish; cold starts; and failures of AWS.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any, Final

from botocore.exceptions import ClientError

from infrastructure.bench.virtual_time import VirtualTime
from infrastructure.local.ses_simulator.sending_limits import SendingLimits
from undelivered.adapters.aws.ses import SesSender, read_ses_quota
from undelivered.adapters.aws.sqs import SqsSendQueue, correlation_of, received_job
from undelivered.bootstrap import Queue, SendWorker
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.customer import Customer
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.feedback import Attribution, Feedback, Outcome
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.lifecycle import open_item, start_resend
from undelivered.domain.notification import Notification, SendAttempt, SendOutcome
from undelivered.domain.send_rate import SendRate
from undelivered.domain.taxonomy import Channel, Reason, classification_of
from undelivered.entrypoints.send_worker import process_send_batch
from undelivered.services.ports import SendJob
from undelivered.services.request_resend import resend_job
from undelivered.services.send_batch import SendBatch
from undelivered.services.send_message import SendMessage
from undelivered.services.send_pace import SendPace
from undelivered.services.sender_rule import SenderRule

ACCOUNT: Final = "acc-bench"

VISIBILITY: Final = 360.0
RECEIVES: Final = 5
_TIMEOUT: Final = 60.0
BATCH: Final = 10
RESENDS_AT_ONCE: Final = 2
"""The template's constants; a contract test compares them."""

_POLL: Final = 0.05
_INVOKE: Final = 0.02
_TO_SES: Final = (0.005, 0.025)
_FROM_SES: Final = (0.05, 0.15)
_STORE_CALL: Final = (0.004, 0.012)
"""The shortest and the longest latency, in seconds."""
_CPU_OF_A_SEND: Final = 0.0072
"""Seconds of a whole virtual CPU, as ``bench --only cost`` measures it."""
_CPUS: Final = 512 / 1769
"""The share of a virtual CPU that a function with 512 MB has (AWS Lambda Developer Guide, "Configure Lambda function
memory")."""


@dataclass(slots=True)
class _Message:
    number: int
    body: str
    attributes: dict[str, Any]
    visible_at: float
    receives: int = 0


@dataclass(slots=True)
class ModelQueue:
    """An SQS queue with its dead-letter queue. It is also the client of its own API."""

    time: VirtualTime
    dead: int = 0
    _messages: dict[int, _Message] = field(default_factory=dict)
    _due: list[tuple[float, int]] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    def __len__(self) -> int:
        """Return how many messages there are, visible or not."""
        return len(self._messages)

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: ARG002, N803 - botocore's names
        """Queue messages."""
        for entry in Entries:
            message = _Message(next(self._numbers), entry["MessageBody"], dict(entry.get("MessageAttributes", {})), 0.0)
            self._messages[message.number] = message
            self._show(message, float(entry.get("DelaySeconds", 0)))
        return {"Successful": []}

    def change_message_visibility_batch(self, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> None:  # noqa: ARG002, N803 - botocore's names
        """Change when messages are visible again."""
        for entry in Entries:
            if message := self._messages.get(int(entry["ReceiptHandle"])):
                self._show(message, float(entry["VisibilityTimeout"]))

    def receive(self, number: int) -> list[_Message]:
        """Return visible messages; a message that was received too often becomes a dead letter."""
        received: list[_Message] = []
        while len(received) < number and self.has_visible():
            _, key = heapq.heappop(self._due)
            message = self._messages[key]
            if message.receives >= RECEIVES:
                del self._messages[key]
                self.dead += 1
                continue
            message.receives += 1
            self._show(message, VISIBILITY)
            received.append(message)
        return received

    def has_visible(self) -> bool:
        """Whether a message can be received now."""
        while self._due and self._is_outdated(*self._due[0]):
            heapq.heappop(self._due)
        return bool(self._due) and self._due[0][0] <= self.time.seconds

    def _is_outdated(self, visible_at: float, number: int) -> bool:
        """Whether a message is gone, or its time has changed since."""
        message = self._messages.get(number)
        return message is None or message.visible_at != visible_at

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete messages."""
        for number in numbers:
            self._messages.pop(number, None)

    def _show(self, message: _Message, seconds: float) -> None:
        message.visible_at = self.time.seconds + seconds
        heapq.heappush(self._due, (message.visible_at, message.number))


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Context:
    """The context of an invocation."""

    time: VirtualTime
    ends_at: float

    def get_remaining_time_in_millis(self) -> int:
        return int((self.ends_at - self.time.seconds) * 1000)


@dataclass(slots=True)
class ModelMapping:
    """An event source mapping. ``lost`` is the share of invocations that are lost when they have ended."""

    time: VirtualTime
    queue: ModelQueue
    handler: Callable[[], Handler]
    concurrency: int
    random: Random
    lost: float = 0.0
    gb_seconds: float = 0.0

    def start(self) -> None:
        """Poll and invoke from now on."""
        for _ in range(self.concurrency):
            self.time.start(self._work)

    def _work(self) -> None:
        handler = self.handler()
        while True:
            messages = self.queue.receive(BATCH)
            if not messages:
                self.time.sleep(_POLL)
                continue
            self.time.sleep(_INVOKE)
            began = self.time.seconds
            event = {"Records": [_record(each) for each in messages]}
            response = handler(event, _Context(self.time, began + _TIMEOUT))
            took = self.time.seconds - began
            self.gb_seconds += took / 2
            if took > _TIMEOUT or self.random.random() < self.lost:
                continue
            failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
            self.queue.delete([each.number for each in messages if str(each.number) not in failed])


def _record(message: _Message) -> dict[str, Any]:
    """Return a message as Lambda passes it to a function."""
    return {
        "messageId": str(message.number),
        "receiptHandle": str(message.number),
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "messageAttributes": {
            name: {"dataType": value["DataType"], "stringValue": value["StringValue"]}
            for name, value in message.attributes.items()
        },
    }


class ModelSes:
    """SES: the client of its API. ``sent`` has the time of each accepted email, by its recipient."""

    def __init__(self, time: VirtualTime, limits: SendingLimits, numbers: Random) -> None:
        self.limits, self.refused = limits, 0
        self.sent: dict[str, list[float]] = {}
        self._time, self._random = time, numbers

    def send_email(self, **call: Any) -> dict[str, Any]:
        """Accept an email, or refuse it as AWS does."""
        self._time.sleep(self._random.uniform(*_TO_SES))
        refusal = self.limits.refuse_email()
        if not refusal:
            self.sent.setdefault(call["Destination"]["ToAddresses"][0], []).append(self._time.seconds)
        self._time.sleep(self._random.uniform(*_FROM_SES))
        if refusal:
            self.refused += 1
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": refusal}}, "SendEmail")
        return {"MessageId": f"model-{len(self.sent)}"}

    def get_account(self) -> dict[str, Any]:
        """Return the quota."""
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        return {"SendQuota": self.limits.send_quota()}


class _Notifications:
    """Notifications to a person each, and their attempts."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._claims: dict[tuple[str, int], SendAttempt] = {}

    def find(self, account_id: str, notification_id: str) -> Notification:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        return Notification(
            account_id,
            notification_id,
            customer_id="c-1",
            channel=Channel.EMAIL,
            title="Rent reminder",
            text="Rent is due.",
            created_at=self._time.now(),
            to=_address_of(notification_id),
        )

    def claim(self, attempt: SendAttempt) -> bool:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        key = attempt.notification_id, attempt.number
        if key in self._claims:
            return False
        self._claims[key] = attempt
        return True

    def release(self, attempt: SendAttempt) -> None:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        key = attempt.notification_id, attempt.number
        if self._claims[key].outcome is SendOutcome.CLAIMED:
            del self._claims[key]

    def record(self, attempt: SendAttempt) -> None:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        self._claims[attempt.notification_id, attempt.number] = attempt


class _Rates:
    """The shared rate, which is written under a condition."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._rates: dict[Channel, tuple[SendRate, int]] = {}

    def find(self, channel: Channel) -> tuple[SendRate, int]:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        return self._rates.get(channel, (SendRate(), 0))

    def save(self, channel: Channel, rate: SendRate, *, over_version: int) -> None:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        if self._rates.get(channel, (None, 0))[1] != over_version:
            raise StaleWriteError("another execution has reserved slots")
        self._rates[channel] = rate, over_version + 1


class _Items:
    """The items of resends."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._items: dict[str, UndeliveredItem] = {}

    def add(self, item: UndeliveredItem) -> None:
        self._items[item.entry_key] = item

    def find(self, _account_id: str, entry_key: str) -> UndeliveredItem | None:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        return self._items.get(entry_key)

    def save(self, _before: UndeliveredItem, after: UndeliveredItem) -> None:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        self._items[after.entry_key] = after


class _Customers:
    """One customer without a contact."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def find(self, account_id: str, customer_id: str) -> Customer:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))
        return Customer(account_id, customer_id, "Ada Byron")


class _Suppressions:
    """No suppressions."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def find(self, *_: object) -> None:
        self._time.sleep(self._time.random.uniform(*_STORE_CALL))


class _Cached:
    """Settings, keys and the mapping of senders, which a function reads once or once a minute."""

    def current(self) -> AccountMapping:
        return AccountMapping()

    def settings(self, account_id: str) -> AccountSettings:
        return AccountSettings(account_id)

    def secrets(self) -> Sequence[bytes]:
        return (b"bench",)


class _Cpu:
    """The CPU of one execution: sends take turns."""

    def __init__(self, time: VirtualTime) -> None:
        self._time, self._free_at = time, 0.0

    def work(self, seconds: float) -> None:
        """Wait until the CPU has done some work, after the work that it has already."""
        self._free_at = max(self._free_at, self._time.seconds) + seconds / _CPUS
        self._time.sleep(self._free_at - self._time.seconds)


def _address_of(notification_id: str) -> str:
    return f"{notification_id}@example.com"


def _no_file(_key: str) -> None:
    """Return nothing: the messages of the model have no files."""


class SendingModel:
    """The sending functions with their queues, in virtual time.

    ``concurrency`` is the template's parameter SendConcurrency, and ``lost`` the share of invocations that are lost.
    ``drained_at`` is when the queue of a bulk send no longer had a visible message.
    """

    def __init__(self, limits: Callable[[VirtualTime], SendingLimits], *, concurrency: int, lost: float = 0.0) -> None:
        self.time = VirtualTime()
        self.random = self.time.random
        self.ses = ModelSes(self.time, limits(self.time), self.random)
        self.sends, self.resends = ModelQueue(self.time), ModelQueue(self.time)
        self._items, self._notifications, self._rates = _Items(self.time), _Notifications(self.time), _Rates(self.time)
        self.drained_at = 0.0
        self.asked: dict[str, float] = {}
        self.mappings = [
            self._mapping(self.sends, concurrency, lost, urgent=False),
            self._mapping(self.resends, RESENDS_AT_ONCE, lost, urgent=True),
        ]

    def _mapping(self, queue: ModelQueue, concurrency: int, lost: float, *, urgent: bool) -> ModelMapping:
        handler = partial(self._handler, queue, urgent=urgent)
        return ModelMapping(self.time, queue, handler, concurrency, self.random, lost)

    def send_message(self) -> SendMessage:
        """Return the use case of one execution, with a CPU of its own."""
        cached = _Cached()
        return SendMessage(
            undelivered=self._items,  # type: ignore[arg-type] # the parts of the stores that a send uses
            notifications=self._notifications,  # type: ignore[arg-type]
            customers=_Customers(self.time),  # type: ignore[arg-type]
            suppressions=_Suppressions(self.time),  # type: ignore[arg-type]
            erasures=None,  # type: ignore[arg-type] # only for customers that do not exist
            accounts=cached,  # type: ignore[arg-type]
            senders={Channel.EMAIL: SesSender(_WithCpu(self.ses, _Cpu(self.time)), "sends", "resends", _no_file)},
            sender_rule=SenderRule(cached, "", "us@example.com"),
            keys=cached,
            public_url="https://api.example.com",
            clock=self.time.now,
        )

    def _handler(self, queue: ModelQueue, *, urgent: bool) -> Handler:
        """Return the handler of one execution."""
        quotas = {Channel.EMAIL: partial(read_ses_quota, self.ses)}
        pace = SendPace(self._rates, quotas, self.time.now, self.time.sleep)
        send = SendBatch(self.send_message(), pace, self.time.in_parallel, urgent=urgent)
        worker = SendWorker(send, received_job, correlation_of, Queue(queue, ""), lambda _attempts: None)
        return partial(_process, worker)

    def start(self) -> None:
        """Poll the queues from now on."""
        for mapping in self.mappings:
            mapping.start()

    def hand_over(self, number: int) -> None:
        """Queue first sends, as the API does."""
        jobs = [SendJob(ACCOUNT, f"n-{index}", 1) for index in range(number)]
        SqsSendQueue(self.sends, "").put(jobs)

    def resend(self, index: int) -> None:
        """Queue a resend, as the API does when a manager asks for it."""
        notification_id, now = f"r-{index}", self.time.now()
        failure = Feedback(
            channel=Channel.EMAIL,
            provider_message_id=f"m-{index}",
            recipient=_address_of(notification_id),
            outcome=Outcome.FAILED,
            at=now,
            sent_at=now - timedelta(days=1),
            classification=classification_of(Reason.MAILBOX_FULL),
            attribution=Attribution(account_id=ACCOUNT, notification_id=notification_id, customer_id="c-1", attempt=1),
        )
        item = start_resend(open_item(failure, ACCOUNT), _address_of(notification_id), "manager", now)
        self._items.add(item)
        self.asked[_address_of(notification_id)] = self.time.seconds
        SqsSendQueue(self.resends, "").put([resend_job(item)])

    def resend_waits(self) -> list[float]:
        """Return how long each resend that was sent had waited, in seconds."""
        return [self.ses.sent[address][0] - at for address, at in self.asked.items() if address in self.ses.sent]

    @property
    def sent_twice(self) -> int:
        """How many messages SES accepted more than once."""
        return sum(len(times) > 1 for times in self.ses.sent.values())

    @property
    def dead_letters(self) -> int:
        """How many messages are in the dead-letter queues."""
        return self.sends.dead + self.resends.dead


class _WithCpu:
    """SES's client as an execution uses it: a send takes CPU."""

    def __init__(self, ses: ModelSes, cpu: _Cpu) -> None:
        self._ses, self._cpu = ses, cpu

    def send_email(self, **call: Any) -> dict[str, Any]:
        self._cpu.work(_CPU_OF_A_SEND)
        return self._ses.send_email(**call)


def _process(worker: SendWorker, event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_send_batch(event, worker, context)
