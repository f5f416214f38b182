"""The main scenario of the product, in steps through the real API. `demo` shows it, and the stack tests run it.

A step does one thing, checks its effect and returns a line of text. It raises ScenarioError if the check fails. Steps
build on each other: run them in order, on one ``Scenario``.
"""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import httpx

from infrastructure.local.deployment import REPLIES_TOPIC
from infrastructure.local.ses_simulator.mail_rules import ReceivedMail, plan_events_as

Json = dict[str, Any]
T = TypeVar("T")

_TIMEOUT_SECONDS = 60.0
"""The time for the system to react. It is generous, for busy machines."""
_POLL_SECONDS = 0.25
_SETTINGS_SECONDS = 90.0
"""The time until every process knows new settings, which it may keep for a minute."""
_REMAINING = timedelta(seconds=10)
_THIRTY_DAYS = timedelta(days=30)


class ScenarioError(Exception):
    """A step's check failed. The message says what was wrong."""


class SignInUser(Protocol):
    """A user who can sign in."""

    @property
    def email(self) -> str:
        """The user name."""

    @property
    def account_id(self) -> str:
        """The account whose notifications the user sees."""


class RunningStack(Protocol):
    """The parts of a running stack that the scenario uses. ``LocalStack`` implements it."""

    @property
    def endpoint(self) -> str:
        """The endpoint of all AWS services."""

    @property
    def api_url(self) -> str:
        """The base URL of the HTTP API."""

    @property
    def tables(self) -> Mapping[str, str]:
        """The physical names of the tables, by key."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the deployed template."""

    def user(self) -> SignInUser:
        """Return the manager of the default account."""

    def token(self, email: str) -> str:
        """Sign a user in and return the ID token."""

    def host_token(self) -> str:
        """Return an access token of the host application."""

    def client(self, service: str) -> Any:
        """Return a boto3 client."""


@dataclass(slots=True)
class Scenario:
    """One run of the scenario on a stack: the API clients, and the items of earlier steps.

    Names end in a random suffix, and counts are relative to the first count, so that the scenario also runs on a stack
    with other items. With ``must_be_empty``, the account must have no items at the start.
    """

    stack: RunningStack
    manager: httpx.Client
    host: httpx.Client
    emulator: httpx.Client
    must_be_empty: bool = False
    suffix: str = field(default_factory=lambda: secrets.token_hex(3))
    initial_count: int = 0
    items: dict[str, str] = field(default_factory=dict)
    """Item ids by what happened to the item, e.g. ``bounced``."""

    @classmethod
    def on(cls, stack: RunningStack, *, must_be_empty: bool = False) -> "Scenario":
        """Return a scenario on a stack, signed in as the manager of the default account and as the host application."""
        manager = stack.user()
        host = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": manager.account_id}
        return cls(
            stack,
            httpx.Client(base_url=stack.api_url, headers={"Authorization": stack.token(manager.email)}, timeout=30),
            httpx.Client(base_url=stack.api_url, headers=host, timeout=30),
            httpx.Client(base_url=stack.endpoint, timeout=30),
            must_be_empty=must_be_empty,
        )

    def close(self) -> None:
        """Close the connections."""
        for client in (self.manager, self.host, self.emulator):
            client.close()

    def name(self, base: str) -> str:
        """Return an id for this run."""
        return f"{base}-{self.suffix}"

    def address(self, situation: str) -> str:
        """Return an address of the mailbox simulator for this run."""
        return f"{situation}+{self.suffix}@simulator.amazonses.com"

    def count(self) -> int:
        """Return the number of undelivered notifications, less the initial count."""
        total: int = call_api(self.manager, "GET", "/undelivered/count")["total"]
        return total - self.initial_count

    def report(self, customer: str, **parameters: str) -> list[Json]:
        """Return the items of a customer on the report."""
        filters = {"customer_id": self.name(customer), **parameters}
        items: list[Json] = call_api(self.manager, "GET", "/undelivered", params=filters)["items"]
        return items

    def detail(self, key: str) -> Json:
        """Return the detail of an item of an earlier step, by its key in ``items``."""
        return call_api(self.manager, "GET", f"/undelivered/{self.items[key]}")

    def send_notification(self, customer: str, title: str, *, channel: str = "email", **contact: str) -> str:
        """Save a customer and send a notification as the host application; return the notification's id."""
        customer_id = self.name(customer)
        call_api(self.host, "PUT", f"/customers/{customer_id}", json={"name": customer.capitalize(), **contact})
        notification = {
            "notification_id": self.name(f"n-{customer}"),
            "customer_id": customer_id,
            "channel": channel,
            "title": title,
            "text": f"Dear {customer.capitalize()}, this is about your unit.",
        }
        response = call_api(self.host, "POST", "/notifications", expect=202, json={"notifications": [notification]})
        require(not response["refused"], f"the notification was refused: {response['refused']}")
        accepted: str = response["accepted"][0]["notification_id"]
        return accepted

    def emails_sent_to(self, address: str) -> int:
        """Return the number of emails to an address that SES received to send."""
        sent = call_api(self.emulator, "GET", "/_ministack/ses/messages")["messages"]
        return sum(address in message["To"] for messages in sent.values() for message in messages)


def require(condition: object, otherwise: str) -> None:
    """Raise ScenarioError unless the condition holds."""
    if not condition:
        raise ScenarioError(otherwise)


def call_api(client: httpx.Client, method: str, path: str, expect: int = 200, **request: Any) -> Json:
    """Return the JSON response of a call; raise ScenarioError if the status code is not ``expect``."""
    response = client.request(method, path, **request)
    if response.status_code != expect:
        raise ScenarioError(f"{method} {path} returned {response.status_code}, not {expect}: {response.text[:300]}")
    body: Json = response.json()
    return body


def eventually(check: Callable[[], T], otherwise: str, seconds: float = _TIMEOUT_SECONDS) -> T:
    """Repeat a check until its result is truthy and return the result; raise ScenarioError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        require(time.monotonic() < deadline, f"after {seconds:.0f} s {otherwise}; last result: {result!r}")
        time.sleep(_POLL_SECONDS)


def _start_empty(scenario: Scenario) -> str:
    call_api(scenario.manager, "GET", "/health")
    scenario.initial_count = call_api(scenario.manager, "GET", "/undelivered/count")["total"]
    require(not (scenario.must_be_empty and scenario.initial_count), f"the count is {scenario.initial_count}")
    for customer in ("bea", "carl", "sue"):
        require(scenario.report(customer) == [], f"there is something of {customer} already")
    return f"count {scenario.initial_count}"


def _send_three(scenario: Scenario) -> str:
    scenario.send_notification("bea", "Rent reminder", email=scenario.address("bounce"))
    scenario.send_notification("carl", "Newsletter", email=scenario.address("complaint"))
    scenario.send_notification("sue", "Invoice", email=scenario.address("success"))
    return "3 accepted"


def _count_two(scenario: Scenario) -> str:
    eventually(lambda: scenario.count() == 2, "the count is not 2")  # noqa: PLR2004 - the scenario's number
    return "count 2"


def _report_both(scenario: Scenario) -> str:
    (bounced,), (complained,) = scenario.report("bea"), scenario.report("carl")
    require(bounced["status"] in {"invalid", "bounced"}, f"the bounce shows as {bounced['status']}")
    require(complained["status"] == "spammed", f"the complaint shows as {complained['status']}")
    require(scenario.report("sue") == [], "the delivered notification is on the report")
    for item in (bounced, complained):
        require(item["explanation"] and item["remedy"], "an item is not explained")
    scenario.items |= {"bounced": bounced["id"], "complained": complained["id"]}
    return f"{bounced['status']} ({bounced['reason']}) and {complained['status']}"


def _refuse_unchanged(scenario: Scenario) -> str:
    problem = call_api(
        scenario.manager, "POST", f"/undelivered/{scenario.items['bounced']}/resend", expect=409, json={}
    )
    require(problem["code"] == "resend_needs_changed_address", f"refused as {problem['code']}")
    return f"409 {problem['code']}"


def _correct_address(scenario: Scenario) -> str:
    customer = call_api(
        scenario.manager, "PATCH", f"/customers/{scenario.name('bea')}", json={"email": scenario.address("success.bea")}
    )
    require(customer["ready_to_resend"] == [scenario.items["bounced"]], f"ready: {customer['ready_to_resend']}")
    (item,) = eventually(lambda: scenario.report("bea", ready="true"), "the item is not among those ready to resend")
    require(item["ready_to_resend"] and item["resend"]["allowed"], "the item is not flagged")
    return "ready to resend"


def _resend(scenario: Scenario) -> str:
    item = call_api(scenario.manager, "POST", f"/undelivered/{scenario.items['bounced']}/resend", expect=202, json={})
    require(item["state"] == "resending", f"the item is {item['state']}")
    return "202, resending"


def _resolve(scenario: Scenario) -> str:
    eventually(lambda: scenario.count() == 1, "the count is not 1")
    require(scenario.report("bea") == [], "the item is still on the report")
    item = scenario.detail("bounced")
    require(item["state"] == "resolved", f"the item is {item['state']}")
    outcomes = [attempt["outcome"] for attempt in item["attempt_chain"]]
    require(len(outcomes) == 2, f"the item has the attempts {outcomes}")  # noqa: PLR2004 - the scenario's number
    return f"count 1, attempts: {', '.join(outcomes)}"


def _return_to_open(scenario: Scenario) -> str:
    scenario.send_notification("fay", "Gate code", email=f"mailbox-full.{scenario.suffix}@undelivered.example")
    (item,) = eventually(lambda: scenario.report("fay"), "the full mailbox is not reported")
    require((item["status"], item["kind"]) == ("bounced", "soft"), f"it shows as {item['status']}/{item['kind']}")
    call_api(scenario.manager, "POST", f"/undelivered/{item['id']}/resend", expect=202, json={})
    scenario.items["returned"] = item["id"]

    def is_open_again() -> bool:
        detail = scenario.detail("returned")
        chain = detail["attempt_chain"]
        return bool(detail["state"] == "open" and len(chain) == 2 and chain[-1]["reason"])  # noqa: PLR2004 - as above

    eventually(is_open_again, "the item has not returned to open")
    require(scenario.count() == 2, "the count is not 2 again")  # noqa: PLR2004 - the scenario's number
    return "open again after two attempts, count 2"


def _drop(scenario: Scenario) -> str:
    address = scenario.address("bounce")
    sent_before = scenario.emails_sent_to(address)
    scenario.send_notification("dan", "Rent reminder", email=address)
    (item,) = eventually(lambda: scenario.report("dan"), "the notification does not show as dropped")
    require(item["status"] == "dropped", f"it shows as {item['status']}")
    require(scenario.emails_sent_to(address) == sent_before, "an email was sent anyway")
    return f"dropped ({item['reason']}), nothing sent"


def _fall_off(scenario: Scenario) -> str:
    sent_at = datetime.now(UTC) - _THIRTY_DAYS + _REMAINING
    customer = scenario.name("old")
    mail = ReceivedMail(
        message_id=scenario.name("0100018a-old"),
        source="Harbor Storage <notices@undelivered.example>",
        recipients=(f"old.{scenario.suffix}@example.com",),
        received_at=sent_at,
        subject="An old reminder",
        configuration_set="undelivered-sends",
        tags={
            "undelivered-account": (scenario.stack.user().account_id,),
            "undelivered-notification": (scenario.name("n-old"),),
            "undelivered-attempt": ("1",),
            "undelivered-customer": (customer,),
        },
    )
    before = scenario.count()
    planned = plan_events_as("mailbox-disabled", mail)
    bounce = next(scheduled.event for scheduled in planned if scheduled.event["eventType"] == "Bounce")
    scenario.stack.client("sns").publish(
        TopicArn=scenario.stack.outputs["FeedbackTopicArn"], Message=json.dumps(bounce) + "\n"
    )
    since = (sent_at - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (item,) = eventually(lambda: scenario.report("old", **{"from": since}), "the old item was never recorded")
    counted = scenario.count() - before
    # A slow machine may record the item only after its 30 days. Then it is never counted.
    require(counted == 1 or datetime.now(UTC) > sent_at + _THIRTY_DAYS, "the item is not counted while it is live")
    eventually(lambda: scenario.count() == before, "the item is still counted after its thirty days")
    in_table = _rows_of(scenario, customer)
    require(scenario.report("old") == [], "the item is still on the report after its thirty days")
    (item,) = scenario.report("old", **{"from": since})
    require(item["state"] == "expired", f"the item is {item['state']}")
    first = "counted, then gone" if counted else "gone"
    return f"{first} from count and report ({in_table} row still in the table), found by date range as expired"


def _rows_of(scenario: Scenario, customer_id: str) -> int:
    response = scenario.stack.client("dynamodb").query(
        TableName=scenario.stack.tables["undelivered"],
        IndexName="by_customer",
        KeyConditionExpression="customer_partition = :customer",
        ExpressionAttributeValues={":customer": {"S": f"{scenario.stack.user().account_id}#{customer_id}"}},
    )
    count: int = response["Count"]
    return count


def _text(scenario: Scenario) -> str:
    number = "+12065550100"
    notification_id = scenario.send_notification("tess", "Gate code", channel="sms", phone=number)

    def published() -> bool:
        sent = call_api(scenario.emulator, "GET", "/_ministack/sns/sms-messages", params={"phoneNumber": number})
        return any("Tess" in message["Message"] for message in sent["sms_messages"][number])

    eventually(published, "SNS was not asked to publish the text")
    call_api(scenario.host, "GET", f"/notifications/{notification_id}")
    return "published to the phone"


ASKING = {"sender_name": "Harbor Storage", "quiet_from": 0, "quiet_until": 0}
"""The settings with which customers are asked to correct a contact, at any hour."""


def ask_at_any_hour(client: httpx.Client) -> Json:
    """Have the account ask customers to correct a contact, and return its settings from before."""
    before = call_api(client, "GET", "/settings")
    call_api(client, "PUT", "/settings", json={**before, "contact_requests": ASKING})
    return before


def contact_link(emulator: httpx.Client, phone: str) -> str:
    """Return the link to correct a contact in the last text to a number."""

    def link() -> str | None:
        found = [re.search(r"http\S+/correct/\S+", message["Message"]) for message in texts_to(emulator, phone)]
        links = [match[0] for match in found if match]
        return links[-1] if links else None

    return str(eventually(link, f"no link was sent to {phone}"))


def contact_code(emulator: httpx.Client, address: str) -> str:
    """Return the code in the last email to an address."""

    def code() -> str | None:
        sent = call_api(emulator, "GET", "/_ministack/ses/messages")["messages"]
        texts = [json.dumps(each) for messages in sent.values() for each in messages if address in each["To"]]
        found = re.search(r"code is (\d{6})", texts[-1]) if texts else None
        return found[1] if found else None

    return str(eventually(code, f"no code was sent to {address}"))


def texts_to(emulator: httpx.Client, phone: str) -> list[Json]:
    """Return the texts that SNS was asked to publish to a number, oldest first."""
    sent = call_api(emulator, "GET", "/_ministack/sns/sms-messages", params={"phoneNumber": phone})
    texts: list[Json] = sent["sms_messages"].get(phone, [])
    return texts


def reply_by_text(sns: Any, phone: str, text: str, *, answers: str | None = None) -> None:
    """Have a phone send a text to the two-way number. It is published as End User Messaging does.

    ``answers`` is the ID of the text before, if AWS names it (AWS End User Messaging SMS User Guide, "Example of a
    two-way SMS message payload for Amazon SNS topics").
    """
    received = {
        "originationNumber": phone,
        "destinationNumber": "+12065550199",
        "messageKeyword": "KEYWORD_1",
        "messageBody": text,
        "inboundMessageId": secrets.token_hex(16),
        "previousPublishedMessageId": answers,
    }
    topic = sns.create_topic(Name=REPLIES_TOPIC)["TopicArn"]  # it exists: this is how to ask for its ARN
    sns.publish(TopicArn=topic, Message=json.dumps({name: value for name, value in received.items() if value}))


def _correct_by_customer(scenario: Scenario) -> str:
    """Have a message bounce, and the customer correct the address with the forms that a browser sends."""
    customer, phone = scenario.name("wes"), "+12195550101"
    scenario.send_notification("wes", "Invoice", email=scenario.address("bounce"), phone=phone)
    (item,) = eventually(lambda: scenario.report("wes"), "the bounce is not reported")
    before = ask_at_any_hour(scenario.manager)
    try:
        ask = {"channel": "email"}
        path = f"/customers/{customer}/contact-requests"
        # A process that has read the settings just before knows the new ones within a minute.
        eventually(
            lambda: scenario.manager.post(path, json=ask).is_success, "the customer is not asked", _SETTINGS_SECONDS
        )
        link = contact_link(scenario.emulator, phone)
        address = scenario.address("success.wes")
        for form in ({"step": "open"}, {"step": "contact", "contact": address}):
            require(httpx.post(link, data=form, timeout=30).is_success, f"the page refuses {form}")
        entered = {"step": "code", "code": contact_code(scenario.emulator, address)}
        require(httpx.post(link, data=entered, timeout=30).is_success, "the page refuses the code")
    finally:
        call_api(scenario.manager, "PUT", "/settings", json=before)
    customer_now = call_api(scenario.manager, "GET", f"/customers/{customer}")
    require(customer_now["email"] == address, f"the address is {customer_now['email']}")
    call_api(scenario.manager, "POST", f"/undelivered/{item['id']}/resend", expect=202, json={})
    scenario.items["corrected"] = item["id"]
    eventually(lambda: scenario.detail("corrected")["state"] == "resolved", "the resend has not arrived")
    actions = [
        f"{entry['action']} by {entry['by'].partition(' ')[0]}" for entry in scenario.detail("corrected")["audit"]
    ]
    return ", ".join(actions)


def _stop_and_start(scenario: Scenario) -> str:
    """Have a customer answer a text with STOP, and later with START."""
    phone, sns = "+12195550106", scenario.stack.client("sns")
    suppression = f"/suppressions/sms/{phone}"

    def is_stopped() -> bool:
        response = scenario.manager.get(suppression)
        return bool(response.is_success and response.json()["active"])

    def text(customer: str) -> None:
        scenario.send_notification(customer, "Gate code", channel="sms", phone=phone)

    before = len(texts_to(scenario.emulator, phone))
    text("stu")
    texts = eventually(lambda: texts_to(scenario.emulator, phone)[before:], "SNS was not asked to publish the text")
    reply_by_text(sns, phone, "STOP", answers=texts[-1]["MessageId"])
    eventually(is_stopped, "the number is not suppressed after STOP")
    text("stuart")
    (item,) = eventually(lambda: scenario.report("stuart"), "the text after STOP is not dropped")
    require(item["reason"] == "opted_out", f"it shows as {item['reason']}")
    reply_by_text(sns, phone, "START")
    eventually(lambda: not is_stopped(), "the number stays suppressed after START")
    text("stu-again")
    eventually(lambda: len(texts_to(scenario.emulator, phone)) == before + 2, "no text is sent after START")
    return "dropped after STOP, sent after START"


@dataclass(frozen=True, slots=True)
class Step:
    """A step: a short name, a sentence that describes it, and the function that runs it."""

    name: str
    title: str
    run: Callable[[Scenario], str]


STEPS: tuple[Step, ...] = (
    Step("start_empty", "The manager's account starts empty", _start_empty),
    Step(
        "hand_over_three",
        "The host application sends three notifications: one bounces, one gets a complaint, one is delivered",
        _send_three,
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
    Step(
        "correct_by_customer",
        "A customer whose address bounces is asked by text, corrects it on a page, proves it with a code, and gets it",
        _correct_by_customer,
    ),
    Step(
        "stop_and_start",
        "A customer replies STOP to a text: the next one is dropped. After START, texts are sent again",
        _stop_and_start,
    ),
)


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step. ``detail`` says what the step observed, or what was wrong."""

    name: str
    title: str
    seconds: float
    ok: bool
    detail: str


def run_step(step: Step, scenario: Scenario) -> StepResult:
    """Run a step and return its result."""
    began = time.monotonic()
    try:
        detail, ok = step.run(scenario), True
    except (ScenarioError, httpx.HTTPError, KeyError, ValueError) as error:
        detail, ok = f"{error}" if isinstance(error, ScenarioError) else f"{type(error).__name__}: {error}", False
    return StepResult(step.name, step.title, round(time.monotonic() - began, 3), ok, detail)
