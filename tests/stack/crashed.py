"""A stack on which functions are killed and throttled on purpose, and what holds on it afterwards."""

import base64
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import chain, count
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from infrastructure.local.deployment import DEFAULT_ACCOUNT
from infrastructure.local.emulator_process import emulator_client
from infrastructure.local.scenario import call_api, eventually
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as
from infrastructure.local.ses_simulator.sms_rules import SentSms, delivery_status_entry
from infrastructure.local.stack import LocalStack
from tests.stack.acting import WITHIN, Acting
from tests.stack.lambda_platform import EveryCallThrottledOnce, Fault, Json, LambdaPlatform, writes
from tests.stack.receiver import Receiver
from undelivered.adapters.dynamodb.stored_json import to_json
from undelivered.domain.erasure import PROPAGATION_TIME
from undelivered.domain.message_tags import CONTENT_HELD, CONTENT_TAG
from undelivered.domain.webhook import TEST_EVENT, DeliveryState, WebhookDelivery, delivery_id
from undelivered.services.manage_webhooks import STARTED_AGAIN_AFTER
from undelivered.services.request_export import QUEUED_AGAIN_AFTER

CRASH_POINTS = "crash points"
"""The property of a test with a function, how often it was killed, how many calls were throttled, and the sends."""
LONG_AGO = timedelta(minutes=20)
"""Longer than a send without an outcome is waited for (``SEND_TIMEOUT``)."""
_AREA_CODES = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218)

S = TypeVar("S")


@dataclass
class Tried:
    """What was tried on a function: how often it was killed, and how many calls were throttled."""

    killed: int = 0
    throttled: int = 0


@dataclass
class Message:
    """A notification, its customer, and the address or number that it goes to."""

    notification_id: str
    customer: str
    address: str
    item: Json = field(default_factory=dict)


class CrashedStack:
    """The stack with its people. Every subject of a test is a new one, so that no test depends on another."""

    def __init__(self, platform: LambdaPlatform, receiver: Receiver) -> None:
        self.platform, self.stack, self.receiver = platform, platform.stack, receiver
        self.people = Acting.on(self.stack)
        self.removed_webhooks: list[Json] = []
        self._numbers = count(1)
        self._quiet_phones = (f"+1{area}55501{ending}" for ending in range(90, 100) for area in _AREA_CODES)
        self._spare: dict[Any, list[Any]] = {}

    @classmethod
    @contextmanager
    def on(cls, stack: LocalStack) -> "Iterator[CrashedStack]":
        with LambdaPlatform(stack).running() as platform, closing(Receiver()) as receiver:
            crashed = cls(platform, receiver)
            try:
                yield crashed
            finally:
                crashed.people.close()

    # --- trying

    def try_everywhere(
        self, function: str, fresh: Callable[[], S], act: Callable[[S], object]
    ) -> tuple[list[S], Tried]:
        """Kill a function between each two of its changes, then throttle each call once, always with a fresh subject.

        ``act`` does what the platform or a client does, and again if it fails. A function is killed before its first
        call, and after each that changes something: to the world, the moments between two changes are the same. The
        calls are throttled in a process that knows nothing yet, which makes them all. Return the subjects and what was
        tried.
        """
        subjects, tried = [], Tried()
        for fault in chain([Fault(1, "cut before")], (Fault(at, "cut after", writes) for at in count(1))):
            subjects.append(fresh())
            self._act_with(function, fault, act, subjects[-1])
            if not fault.happened:
                break
            tried.killed += 1
        self.platform.kill(function)
        every = EveryCallThrottledOnce()
        subjects.append(fresh())
        self._act_with(function, every, act, subjects[-1])
        tried.throttled = len(every.throttled)
        return subjects, tried

    def _act_with(self, function: str, fault: Any, act: Callable[[S], object], subject: S) -> None:
        with self.platform.fault(function, fault):
            act(subject)

    # --- subjects

    def next_of(self, several: "Callable[[CrashedStack], list[S]]") -> S:
        """Return one of the subjects that a function makes, several at a time: that takes as long as one."""
        spare = self._spare.setdefault(several, [])
        if not spare:
            spare += several(self)
        return cast("S", spare.pop())

    def name(self, base: str) -> str:
        return f"{base}-{next(self._numbers)}-{self.people.story.suffix}"

    def days(self) -> int:
        """Return a new number of days, for settings."""
        return 60 + next(self._numbers) % 300

    def word(self) -> str:
        """Return a new word, of letters alone."""
        return "qua" + "".join(chr(ord("a") + int(digit)) for digit in str(next(self._numbers)))

    def a_mail(
        self, notification_id: str, customer: str, address: str, sent_at: datetime | None = None
    ) -> ReceivedMail:
        return ReceivedMail(
            message_id=f"0100018b-{notification_id}",
            source="Harbor Storage <notices@undelivered.example>",
            recipients=(address,),
            received_at=(sent_at or datetime.now(UTC) - timedelta(seconds=5)).replace(microsecond=0),
            subject="Rent reminder",
            configuration_set="undelivered-sends",
            tags={
                "undelivered-account": (DEFAULT_ACCOUNT,),
                "undelivered-notification": (notification_id,),
                "undelivered-attempt": ("1",),
                "undelivered-customer": (customer,),
                CONTENT_TAG: (CONTENT_HELD,),
            },
        )

    def publish(self, situation: str, mail: ReceivedMail, diagnostic: str = "") -> None:
        for planned in plan_events_as(situation, mail):
            if diagnostic and (bounce := planned.event.get("bounce")):
                bounce["bouncedRecipients"][0]["diagnosticCode"] = diagnostic
            self.stack.client("sns").publish(
                TopicArn=self.stack.description.feedback_topic_arn, Message=json.dumps(planned.event)
            )

    def handed_over(self, number: int, mailbox: str, channel: str = "email", **more: Any) -> list[Message]:
        """Hand over notifications of as many customers; their jobs are in the queue."""
        messages = []
        for _ in range(number):
            customer = self.name("c")
            address = self.people.mailbox(mailbox, customer) if channel == "email" else mailbox
            messages.append(Message(f"n-{customer}", customer, address))
        self.save_customers(messages, channel)
        handed = [self.notification(message, channel) | more for message in messages]
        answer = call_api(self.people.host, "POST", "/notifications", 202, json={"notifications": handed})
        assert answer["refused"] == []
        return messages

    def save_customers(self, messages: list[Message], channel: str = "email") -> None:
        field = "email" if channel == "email" else "phone"
        rows = [{"customer_id": each.customer, "name": "Ada", field: each.address} for each in messages]
        call_api(self.people.manager, "PUT", "/customers", json={"customers": rows})

    @staticmethod
    def notification(message: Message, channel: str = "email") -> Json:
        return {
            "notification_id": message.notification_id,
            "customer_id": message.customer,
            "channel": channel,
            "title": "Rent reminder",
            "text": "This is about your unit.",
        }

    def undelivered(
        self, number: int, situation: str = "mailbox-full", mailbox: str = "fine", **more: Any
    ) -> list[Message]:
        """Have as many messages fail, which were never really sent; each has an item."""
        messages = self.handed_over(number, mailbox, **more)
        self.platform.queued("SendNotifications")
        for message in messages:
            self.publish(situation, self.a_mail(message.notification_id, message.customer, message.address))
        self.platform.settle()
        for message in messages:
            (message.item,) = self.report(customer_id=message.customer)
        return messages

    def past_the_wire(self, link: str) -> Json:
        """Return a link that a function signed, which leads through its wire, as a request to the emulator.

        The signature is for the host of the wire.
        """
        wire = self.platform.wires["APIHandler"].url
        return {"url": link.replace(wire, self.stack.endpoint), "headers": {"Host": urlsplit(wire).netloc}}

    def claim(self, message: Message) -> None:
        """Have the first send of a message been claimed a while ago, and nothing come of it."""
        at = datetime.now(UTC) - LONG_AGO
        row = {
            "account_id": {"S": DEFAULT_ACCOUNT},
            "record": {"S": f"{message.notification_id}~0001"},
            "body": {"S": json.dumps([message.address, at.isoformat(), "host", ""])},
            "outcome": {"S": "claimed"},
            "settle_partition": {"S": "claimed"},
            "settle_at": {"N": str(at.timestamp())},
            "purge_at": {"N": str(int(at.timestamp()) + 86_400)},
        }
        self.put("notifications", row)

    def remove(self, message: Message) -> None:
        """Remove the item of a message as DynamoDB removes it when its time is over."""
        of_message = {"S": message.notification_id}
        (row,) = [each for each in self.scan("undelivered") if each.get("notification_id") == of_message]
        key = {name: row[name] for name in ("account_id", "entry_key")}
        self.stack.client("dynamodb").delete_item(TableName=self.stack.tables["undelivered"], Key=key)

    def subscribed(self) -> Callable[[], list[Json]]:
        """Subscribe to the announcements; return a function that returns those made since."""
        sqs = self.stack.client("sqs")
        queue = sqs.create_queue(QueueName=self.name("announcements"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.stack.client("sns").subscribe(
            TopicArn=self.stack.outputs["OutcomeTopicArn"],
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
        )

        def announced() -> list[Json]:
            found: list[Json] = []
            while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                found += [json.loads(message["Body"]) for message in messages]
            return found

        return announced

    def new_webhook(self) -> Json:
        """Add a webhook to the receiver, with a URL of its own; return it with its secret."""
        url = f"{self.receiver.url}/{self.name('w')}"
        return self.people.call_api("POST", "/webhooks", 201, json={"url": url})

    def webhook_id(self) -> str:
        """Return the id of the account's first webhook. An account can have few, so subjects share it."""
        webhooks = self.webhooks()
        return str(webhooks[0]["webhook_id"] if webhooks else self.new_webhook()["webhook"]["webhook_id"])

    def webhooks(self) -> list[Json]:
        return list(self.people.call_api("GET", "/webhooks")["webhooks"])

    def remove_webhooks(self) -> None:
        for webhook in self.webhooks():
            self.people.call_api("DELETE", f"/webhooks/{webhook['webhook_id']}")
            self.removed_webhooks.append(webhook)

    def failed_delivery(self) -> WebhookDelivery:
        """Store a delivery that was given up, and return it."""
        now, event_id = datetime.now(UTC), uuid4().hex
        delivery = WebhookDelivery(
            account_id=DEFAULT_ACCOUNT,
            webhook_id=self.webhook_id(),
            delivery_id=delivery_id(now, event_id),
            event_id=event_id,
            event_type=TEST_EVENT,
            payload=json.dumps({"type": TEST_EVENT, "event_id": event_id}),
            customer_key="",
            created_at=now,
            next_try_at=now,
            state=DeliveryState.FAILED,
            version=1,
        )
        row = {
            "account_id": {"S": DEFAULT_ACCOUNT},
            "record": {"S": f"webhook-delivery~{delivery.webhook_id}~{delivery.delivery_id}"},
            "body": {"S": to_json(delivery)},
            "version": {"N": "1"},
        }
        self.put("accounts", row)
        return delivery

    def are_delivered(self, deliveries: Iterable[tuple[str, str]]) -> None:
        """Hold that events, by the ids of the delivery and of the event, arrived, and that the log has them."""
        log = f"/webhooks/{self.webhook_id()}/deliveries"
        for wanted, event_id in deliveries:
            shown = self.people.call_api("GET", f"{log}/{wanted}")
            assert (shown["state"], shown["event_id"]) == ("delivered", event_id)
            assert shown["tries"][-1]["status"] == HTTPStatus.NO_CONTENT
            messages = self.receiver.messages(event_id)
            assert {headers["webhook-id"] for headers, _ in messages} == {event_id}

    def report(self, **parameters: str) -> list[Json]:
        """Return all items of the report, in every state."""
        since = (datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%d")
        filters: Json = {"from": since, "limit": 200} | parameters
        page = self.people.call_api("GET", "/undelivered", params=filters)
        found = list(page["items"])
        while page["next_cursor"]:
            page = self.people.call_api("GET", "/undelivered", params={**filters, "cursor": page["next_cursor"]})
            found += page["items"]
        return found

    def items(self) -> dict[str, list[Json]]:
        """Return the items by the ids of their notifications."""
        found: dict[str, list[Json]] = {}
        for item in self.report():
            found.setdefault(item["notification_id"], []).append(item)
        return found

    def sent(self) -> Counter[str]:
        """Return how many messages the providers accepted, by address and number."""
        mails = httpx.get(f"{self.stack.simulator_url}/_simulator/messages", timeout=30).json()["messages"]
        texts = httpx.get(f"{self.stack.endpoint}/_ministack/sns/sms-messages", timeout=30).json()["sms_messages"]
        sent = Counter(address for mail in mails for address in mail["recipients"])
        return sent + Counter({number: len(accepted) for number, accepted in texts.items()})

    def sms_log(self, message_id: str, number: str, sent_at: datetime | None = None) -> Json:
        """Return the event of a text's delivery status, as a subscription of a log group passes it on."""
        entry = delivery_status_entry(SentSms(message_id, number, sent_at or datetime.now(UTC)))
        assert entry
        data = {
            "messageType": "DATA_MESSAGE",
            "owner": "000000000000",
            "logGroup": "sns/us-east-1/000000000000/DirectPublishToPhoneNumber/Failure",
            "logStream": "one",
            "subscriptionFilters": ["one"],
            "logEvents": [
                {"id": "1", "timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": entry.message}
            ],
        }
        return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()}}

    @staticmethod
    def phones() -> Iterator[str]:
        """Return numbers of phones that do not exist, each once."""
        return (f"+1{area}55501{ending}" for ending in range(40, 50) for area in _AREA_CODES)

    def quiet_phone(self) -> str:
        """Return the number of a phone whose texts have no delivery status, another one each time."""
        return next(self._quiet_phones)

    def texts(self, number: str) -> list[str]:
        """Return the message ids of the texts that SNS accepted for a number."""
        texts = httpx.get(f"{self.stack.endpoint}/_ministack/sns/sms-messages", timeout=30).json()["sms_messages"]
        return [text["MessageId"] for text in texts.get(number, ())]

    # --- time

    def scan(self, table: str) -> list[Json]:
        pages = (
            self.stack.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.stack.tables[table], ConsistentRead=True)
        )
        return [row for page in pages for row in page["Items"]]

    def put(self, table: str, row: Json) -> None:
        self.stack.client("dynamodb").put_item(TableName=self.stack.tables[table], Item=row)

    def let_time_pass(self) -> None:
        """Let what waits for an outcome have waited long enough, and clean up until all of it is settled."""
        self.age_claims()
        for _ in range(3):
            self.end_grace()
            self.platform.deliver("Cleanup", {})
            self.platform.settle()

    def age_claims(self) -> None:
        """Let the sends without an outcome have been claimed a while ago."""
        for row in self.scan("notifications"):
            if row.get("outcome") == {"S": "claimed"}:
                to, claimed_at, *rest = json.loads(row["body"]["S"])
                earlier = datetime.fromisoformat(claimed_at) - LONG_AGO
                body = {"S": json.dumps([to, earlier.isoformat(), *rest])}
                self.put("notifications", {**row, "body": body, "settle_at": {"N": str(earlier.timestamp())}})

    def end_grace(self) -> None:
        """Let all resends have waited for an event as long as they do."""
        for row in self.scan("undelivered"):
            if "settle_at" in row:
                self.put("undelivered", {**row, "settle_at": {"N": "1"}})

    def age_erasures(self) -> None:
        """Let all erasures have been asked for so long ago that every process knows of them."""
        asked_at = (datetime.now(UTC) - PROPAGATION_TIME).isoformat()
        for row in self.scan("accounts"):
            if row["record"]["S"].startswith("erasure~"):
                erasure = json.loads(row["body"]["S"])
                if erasure["state"] == "running":
                    self.put("accounts", {**row, "body": {"S": json.dumps(erasure | {"at": asked_at})}})

    def age_deliveries(self) -> None:
        """Let the deliveries that wait have been due for a while."""
        for row in self.scan("accounts"):
            if row["record"]["S"].startswith("webhook-delivery~"):
                delivery = json.loads(row["body"]["S"])
                earlier = (datetime.fromisoformat(delivery["next_try_at"]) - STARTED_AGAIN_AFTER).isoformat()
                self.put("accounts", {**row, "body": {"S": json.dumps(delivery | {"next_try_at": earlier})}})

    def exports(self) -> list[Json]:
        return [row for row in self.scan("accounts") if row["record"]["S"].startswith("export~")]

    def age_exports(self) -> None:
        """Let nobody have worked on any export for a while."""
        for row in self.exports():
            export = json.loads(row["body"]["S"])
            touched_at = (datetime.fromisoformat(export["touched_at"]) - QUEUED_AGAIN_AFTER).isoformat()
            self.put("accounts", {**row, "body": {"S": json.dumps(export | {"touched_at": touched_at})}})

    # --- what holds

    def counts_are_exact(self) -> None:
        """Hold the number that managers see against the items that they see."""
        live = [item for item in self.report() if item["state"] in {"open", "resending"}]
        count = self.people.call_api("GET", "/undelivered/count")["total"]
        assert count == len(live), f"the count is {count}, there are {len(live)} items"

    def ses_list(self) -> set[str]:
        """Return the addresses on SES's own suppression list."""
        entries = self.ses().list_suppressed_destinations()["SuppressedDestinationSummaries"]
        return {entry["EmailAddress"] for entry in entries}

    def ses(self) -> Any:
        return emulator_client(self.stack.simulator_url, "sesv2")

    def finish_erasures(self) -> None:
        """Carry out all erasures."""
        self.age_erasures()
        for _ in range(3):
            self.platform.deliver("Cleanup", {})
            self.platform.settle()

    def everything_stored(self) -> list[str]:
        """Return all rows, with the texts in the compressed blocks of the search index."""
        return [
            json.dumps(row, default=lambda block: zlib.decompress(block).decode())
            for table in self.stack.tables
            for row in self.scan(table)
        ]

    def eventually(self, check: Callable[[], Any], otherwise: str) -> Any:
        return eventually(lambda: (self.platform.settle(), check())[1], otherwise, WITHIN)
