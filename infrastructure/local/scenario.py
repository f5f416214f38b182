"""The story of the product, step by step through the real API: what `demo` shows and the stack tests run.

A step does one thing and checks what must follow; it returns a line for people and raises StoryError when
things are not as they must be. Steps build on each other: run them in order, on one ``Story``.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import httpx

from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_as

Json = dict[str, Any]
T = TypeVar("T")

_WITHIN = 60.0
"""Seconds in which the system must have noticed: generous, for machines that do much else."""
_POLLS_EVERY = 0.25
_ALMOST_OVER = timedelta(seconds=10)
_THIRTY_DAYS = timedelta(days=30)


class StoryError(Exception):
    """Something was not as the story has it; the text says what."""


class Person(Protocol):
    """Somebody who can sign in."""

    @property
    def email(self) -> str:
        """The name to sign in with."""

    @property
    def account_id(self) -> str:
        """Whose notifications the person sees."""


class Stack(Protocol):
    """What the story needs of a running stack; ``LocalStack`` is one."""

    @property
    def endpoint(self) -> str:
        """Where every AWS service answers."""

    @property
    def api_url(self) -> str:
        """Base of the HTTP API."""

    @property
    def tables(self) -> Mapping[str, str]:
        """Physical names of the tables."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """Outputs of the deployed template."""

    def user(self) -> Person:
        """Return the manager of the default account."""

    def token(self, email: str) -> str:
        """Sign a person in."""

    def host_token(self) -> str:
        """Return a token of the host application."""

    def client(self, service: str) -> Any:
        """Return a boto3 client."""


@dataclass(slots=True)
class Story:
    """A telling of the story: who speaks to which stack, and what was met on the way.

    Names end in a random word and counts are from the first on, so that a story can be told on a stack
    with other items, unless the account ``must_be_empty``.
    """

    stack: Stack
    manager: httpx.Client
    host: httpx.Client
    emulator: httpx.Client
    must_be_empty: bool = False
    suffix: str = field(default_factory=lambda: secrets.token_hex(3))
    count_at_first: int = 0
    items: dict[str, str] = field(default_factory=dict)
    """Item ids by what befell them."""

    @classmethod
    def on(cls, stack: Stack, *, must_be_empty: bool = False) -> "Story":
        """Return a story on a stack, signed in as the manager of the default account and as the host."""
        person = stack.user()
        host = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": person.account_id}
        return cls(
            stack,
            httpx.Client(base_url=stack.api_url, headers={"Authorization": stack.token(person.email)}, timeout=30),
            httpx.Client(base_url=stack.api_url, headers=host, timeout=30),
            httpx.Client(base_url=stack.endpoint, timeout=30),
            must_be_empty=must_be_empty,
        )

    def close(self) -> None:
        """Close the connections."""
        for client in (self.manager, self.host, self.emulator):
            client.close()

    def name(self, base: str) -> str:
        """Return an id of this telling."""
        return f"{base}-{self.suffix}"

    def address(self, situation: str) -> str:
        """Return an address of the mailbox simulator, of this telling."""
        return f"{situation}+{self.suffix}@simulator.amazonses.com"

    def count(self) -> int:
        """Return the number on the dashboard, less what was there at first."""
        total: int = ask(self.manager, "GET", "/undelivered/count")["total"]
        return total - self.count_at_first

    def report(self, customer: str, **parameters: str) -> list[Json]:
        """Return the report's items of one of the story's customers."""
        wanted = {"customer_id": self.name(customer), **parameters}
        items: list[Json] = ask(self.manager, "GET", "/undelivered", params=wanted)["items"]
        return items

    def page(self, what: str) -> Json:
        """Return the page of an item met before."""
        return ask(self.manager, "GET", f"/undelivered/{self.items[what]}")

    def hand_over(self, customer: str, title: str, *, channel: str = "email", **contact: str) -> str:
        """Have the host application save a customer and hand over a notification; return the notification's id."""
        customer_id = self.name(customer)
        ask(self.host, "PUT", f"/customers/{customer_id}", json={"name": customer.capitalize(), **contact})
        notification = {
            "notification_id": self.name(f"n-{customer}"),
            "customer_id": customer_id,
            "channel": channel,
            "title": title,
            "text": f"Dear {customer.capitalize()}, this is about your unit.",
        }
        answer = ask(self.host, "POST", "/notifications", expect=202, json={"notifications": [notification]})
        require(not answer["refused"], f"the notification was refused: {answer['refused']}")
        accepted: str = answer["accepted"][0]["notification_id"]
        return accepted

    def mails_to(self, address: str) -> int:
        """Return how many mails SES was asked to send to an address."""
        sent = ask(self.emulator, "GET", "/_ministack/ses/messages")["messages"]
        return sum(address in message["To"] for messages in sent.values() for message in messages)


def require(condition: object, otherwise: str) -> None:
    """Raise StoryError unless the condition holds."""
    if not condition:
        raise StoryError(otherwise)


def ask(client: httpx.Client, method: str, path: str, expect: int = 200, **request: Any) -> Json:
    """Return the JSON that a call answers with; raise StoryError for any other status than expected."""
    answer = client.request(method, path, **request)
    if answer.status_code != expect:
        raise StoryError(f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:300]}")
    body: Json = answer.json()
    return body


def eventually(check: Callable[[], T], otherwise: str, seconds: float = _WITHIN) -> T:
    """Return the first truthy answer of a check; raise StoryError when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        require(time.monotonic() < deadline, f"after {seconds:.0f} s {otherwise}; last answer: {found!r}")
        time.sleep(_POLLS_EVERY)


def _start_empty(story: Story) -> str:
    ask(story.manager, "GET", "/health")
    story.count_at_first = ask(story.manager, "GET", "/undelivered/count")["total"]
    require(not (story.must_be_empty and story.count_at_first), f"the count is {story.count_at_first}")
    for customer in ("bea", "carl", "sue"):
        require(story.report(customer) == [], f"there is something of {customer} already")
    return f"count {story.count_at_first}"


def _hand_over_three(story: Story) -> str:
    story.hand_over("bea", "Rent reminder", email=story.address("bounce"))
    story.hand_over("carl", "Newsletter", email=story.address("complaint"))
    story.hand_over("sue", "Invoice", email=story.address("success"))
    return "3 accepted"


def _count_two(story: Story) -> str:
    eventually(lambda: story.count() == 2, "the count is not 2")  # noqa: PLR2004 - the story's figure
    return "count 2"


def _report_both(story: Story) -> str:
    (bounced,), (complained,) = story.report("bea"), story.report("carl")
    require(bounced["status"] in {"invalid", "bounced"}, f"the bounce shows as {bounced['status']}")
    require(complained["status"] == "spammed", f"the complaint shows as {complained['status']}")
    require(story.report("sue") == [], "the delivered one is on the report")
    for item in (bounced, complained):
        require(item["explanation"] and item["remedy"], "an item is not explained")
    story.items |= {"bounced": bounced["id"], "complained": complained["id"]}
    return f"{bounced['status']} ({bounced['reason']}) and {complained['status']}"


def _refuse_unchanged(story: Story) -> str:
    answer = ask(story.manager, "POST", f"/undelivered/{story.items['bounced']}/resend", expect=409, json={})
    require(answer["code"] == "resend_needs_changed_address", f"refused as {answer['code']}")
    return f"409 {answer['code']}"


def _correct_address(story: Story) -> str:
    changed = ask(
        story.manager, "PATCH", f"/customers/{story.name('bea')}", json={"email": story.address("success.bea")}
    )
    require(changed["ready_to_resend"] == [story.items["bounced"]], f"ready: {changed['ready_to_resend']}")
    (item,) = eventually(lambda: story.report("bea", ready="true"), "the item is not among those ready to resend")
    require(item["ready_to_resend"] and item["resend"]["allowed"], "the item is not flagged")
    return "ready to resend"


def _resend(story: Story) -> str:
    item = ask(story.manager, "POST", f"/undelivered/{story.items['bounced']}/resend", expect=202, json={})
    require(item["state"] == "resending", f"the item is {item['state']}")
    return "202, resending"


def _resolve(story: Story) -> str:
    eventually(lambda: story.count() == 1, "the count is not 1")
    require(story.report("bea") == [], "the item is still on the report")
    page = story.page("bounced")
    require(page["state"] == "resolved", f"the item is {page['state']}")
    outcomes = [attempt["outcome"] for attempt in page["attempt_chain"]]
    require(len(outcomes) == 2, f"the page shows the attempts {outcomes}")  # noqa: PLR2004 - the story's figure
    return f"count 1, attempts: {', '.join(outcomes)}"


def _return_to_open(story: Story) -> str:
    story.hand_over("fay", "Gate code", email=f"mailbox-full.{story.suffix}@undelivered.example")
    (item,) = eventually(lambda: story.report("fay"), "the full mailbox is not reported")
    require((item["status"], item["kind"]) == ("bounced", "soft"), f"it shows as {item['status']}/{item['kind']}")
    ask(story.manager, "POST", f"/undelivered/{item['id']}/resend", expect=202, json={})
    story.items["returned"] = item["id"]

    def back() -> bool:
        page = story.page("returned")
        chain = page["attempt_chain"]
        return bool(page["state"] == "open" and len(chain) == 2 and chain[-1]["reason"])  # noqa: PLR2004 - as said

    eventually(back, "the item has not returned to open")
    require(story.count() == 2, "the count is not 2 again")  # noqa: PLR2004 - the story's figure
    return "open again after two attempts, count 2"


def _drop(story: Story) -> str:
    address = story.address("bounce")
    sent_before = story.mails_to(address)
    story.hand_over("dan", "Rent reminder", email=address)
    (item,) = eventually(lambda: story.report("dan"), "the notification does not show as dropped")
    require(item["status"] == "dropped", f"it shows as {item['status']}")
    require(story.mails_to(address) == sent_before, "a mail was sent all the same")
    return f"dropped ({item['reason']}), nothing sent"


def _fall_off(story: Story) -> str:
    sent_at = datetime.now(UTC) - _THIRTY_DAYS + _ALMOST_OVER
    customer = story.name("old")
    mail = ReceivedMail(
        message_id=story.name("0100018a-old"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(f"old.{story.suffix}@example.com",),
        received_at=sent_at,
        subject="An old reminder",
        configuration_set="undelivered-sends",
        tags={
            "undelivered-account": (story.stack.user().account_id,),
            "undelivered-notification": (story.name("n-old"),),
            "undelivered-attempt": ("1",),
            "undelivered-customer": (customer,),
        },
    )
    before = story.count()
    bounce = next(each.event for each in plan_as("mailbox-disabled", mail) if each.event["eventType"] == "Bounce")
    story.stack.client("sns").publish(
        TopicArn=story.stack.outputs["FeedbackTopicArn"], Message=json.dumps(bounce) + "\n"
    )
    since = (sent_at - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (item,) = eventually(lambda: story.report("old", **{"from": since}), "the old item was never recorded")
    counted = story.count() - before
    # A slow machine may record it only when its time is over; then it is never counted.
    require(counted == 1 or datetime.now(UTC) > sent_at + _THIRTY_DAYS, "the item is not counted while it is live")
    eventually(lambda: story.count() == before, "the item is still counted after its thirty days")
    in_table = _rows_of(story, customer)
    require(story.report("old") == [], "the item is still on the report after its thirty days")
    (item,) = story.report("old", **{"from": since})
    require(item["state"] == "expired", f"the item is {item['state']}")
    first = "counted, then gone" if counted else "gone"
    return f"{first} from count and report ({in_table} row still in the table), found by date range as expired"


def _rows_of(story: Story, customer_id: str) -> int:
    answer = story.stack.client("dynamodb").query(
        TableName=story.stack.tables["undelivered"],
        IndexName="by_customer",
        KeyConditionExpression="customer_partition = :customer",
        ExpressionAttributeValues={":customer": {"S": f"{story.stack.user().account_id}#{customer_id}"}},
    )
    found: int = answer["Count"]
    return found


def _text(story: Story) -> str:
    number = "+12065550100"
    notification_id = story.hand_over("tess", "Gate code", channel="sms", phone=number)

    def published() -> bool:
        sent = ask(story.emulator, "GET", "/_ministack/sns/sms-messages", params={"phoneNumber": number})
        return any("Tess" in message["Message"] for message in sent["sms_messages"][number])

    eventually(published, "SNS was not asked to publish the text")
    ask(story.host, "GET", f"/notifications/{notification_id}")
    return "published to the phone"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a short name, a sentence for people, and what is done."""

    name: str
    title: str
    run: Callable[[Story], str]


STEPS: tuple[Step, ...] = (
    Step("start_empty", "The manager's account starts empty", _start_empty),
    Step(
        "hand_over_three",
        "The host application sends three notifications: one bounces, one gets a complaint, one is delivered",
        _hand_over_three,
    ),
    Step("count_two", "The count is 2 within seconds", _count_two),
    Step(
        "report_both",
        "The report shows one invalid (or bounced) item and one spammed item, each with an explanation",
        _report_both,
    ),
    Step("refuse_unchanged", "A resend to the same address is refused", _refuse_unchanged),
    Step(
        "correct_address",
        "The manager corrects the customer's address and the item becomes ready to resend",
        _correct_address,
    ),
    Step("resend", "The resend request returns 202 and the item is being resent", _resend),
    Step(
        "resolve",
        "The Delivery event resolves the item: the count is 1 and its page shows both attempts",
        _resolve,
    ),
    Step("return_to_open", "An item is open again after its resend bounces", _return_to_open),
    Step("drop", "Another notification to the bounced address is dropped and not sent", _drop),
    Step(
        "fall_off",
        "An item older than 30 days leaves the count and report before TTL deletes it; a date range still shows it",
        _fall_off,
    ),
    Step("text", "A text message is sent to a customer through SNS", _text),
)


@dataclass(frozen=True, slots=True)
class Told:
    """How a step went. ``detail`` is what it found, or what was wrong."""

    name: str
    title: str
    seconds: float
    ok: bool
    detail: str


def tell(step: Step, story: Story) -> Told:
    """Run a step and return how it went."""
    began = time.monotonic()
    try:
        detail, ok = step.run(story), True
    except (StoryError, httpx.HTTPError, KeyError, ValueError) as error:
        detail, ok = f"{error}" if isinstance(error, StoryError) else f"{type(error).__name__}: {error}", False
    return Told(step.name, step.title, round(time.monotonic() - began, 3), ok, detail)
