"""A stand-in for the whole installation: the real console files, a sign-in, and API answers as the contract has them.

It makes states that the real stack reaches only with patience: errors, sessions that end, lists of any length. The
story itself is tested on the real stack (test_story.py).
"""

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from chalice import Chalice
from chalice.config import Config
from chalice.local import LocalGateway

from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.errors import InvalidInputError
from undelivered.entrypoints.http.routes import console
from undelivered.services.contact_validation import checked_email

STAGE = "/api"
NOW = datetime.now(UTC).replace(microsecond=0)
Answer = tuple[int, Any]


def at(**ago: float) -> str:
    return (NOW - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


ALLOWED = {"allowed": True, "code": None, "detail": "Ready to resend.", "resenders": ["undelivered"]}


def an_item(number: int, **changes: Any) -> dict[str, Any]:
    item = {
        "id": f"item-{number}",
        "notification_id": f"n-{number}",
        "title": "Rent reminder",
        "channel": "email",
        "customer": {"id": f"c-{number}", "name": "Ada Byron"},
        "recipient": f"ada.{number}@example.com",
        "status": "bounced",
        "kind": "soft",
        "reason": "mailbox_full",
        "fault": "recipient",
        "explanation": "The recipient's mailbox is full.",
        "remedy": "Resend in a few days, or contact the customer another way.",
        "state": "open",
        "sent_at": at(hours=7 * number),
        "failed_at": at(hours=7 * number - 0.1),
        "leaves_at": at(days=-30, hours=7 * number),
        "attempts": 1,
        "ready_to_resend": False,
        "resend": ALLOWED,
        "host_resend": None,
    }
    return item | changes


def work_of(item: dict[str, Any]) -> str | None:
    """What the domain says about an item of these tests."""
    if item["state"] != "open":
        return None
    if item["fault"] == "recipient_choice":
        return "leave"
    if item["fault"] == "sender":
        return "ours"
    return "resend" if item["kind"] == "soft" or item["ready_to_resend"] else "correct"


def a_rate(sent: int, failed: int = 0, hard: int = 0, complaints: int = 0, **changes: Any) -> dict[str, Any]:
    """The rates of a channel; without a period before, nothing was sent then."""

    def share(number: int) -> float | None:
        return number / sent if sent else None

    return {
        "channel": "email",
        "sent": sent,
        "failed": failed,
        "hard_bounced": hard,
        "complaints": complaints,
        "failure_rate": share(failed),
        "hard_bounce_rate": share(hard),
        "complaint_rate": share(complaints),
        "leaves_out_host": False,
        "before": {"failure_rate": None, "hard_bounce_rate": None, "complaint_rate": None},
        **changes,
    }


BY_HOST = ALLOWED | {"resenders": ["host"]}
BY_BOTH = ALLOWED | {"resenders": ["undelivered", "host"]}
NOT_SENT = {"state": "not_sent"}
HOST_OUTCOMES = {"requested": "pending", "claimed": "pending", "not_sent": "not_sent"}


def refused(code: str, detail: str) -> dict[str, Any]:
    return {"allowed": False, "code": code, "detail": detail, "resenders": []}


NEEDS_CHANGE = refused(
    "resend_needs_changed_address",
    "We cannot deliver to this address or number. Correct the contact details first.",
)
NEEDS_CONSENT = refused(
    "resend_needs_consent", "The customer opted out. To resend, record their consent: who gave it, how and when."
)
BLOCKED = refused("resend_blocked_by_complaint", "The customer marked a message as spam. Contact them another way.")


def the_items() -> list[dict[str, Any]]:
    """One item of each kind, then some more."""
    invalid = {
        "status": "invalid",
        "kind": None,
        "reason": "address_not_found",
        "explanation": "The email address does not exist.",
        "remedy": "Check for a typo, or ask the customer for the correct address.",
        "resend": NEEDS_CHANGE,
    }
    items = [
        an_item(1, **invalid, title="Invoice for November", recipient="grace@gmial.com"),
        an_item(2, title="Gate code for unit 14"),
        an_item(
            3, status="bounced", kind="hard", reason="mailbox_disabled", resend=NEEDS_CHANGE, title="Overdue notice"
        ),
        an_item(4, title='<script>alert("x")</script> & <b>bold</b>', customer={"id": "c-4", "name": "<img src=x>"}),
        an_item(5, title="تذكير بالإيجار", customer={"id": "c-5", "name": "ليلى حداد"}),
        an_item(
            6,
            status="spammed",
            kind=None,
            reason="complaint",
            fault="recipient_choice",
            resend=BLOCKED,
            title="Newsletter",
        ),
        an_item(
            7,
            status="dropped",
            kind=None,
            reason="unsubscribed",
            fault="recipient_choice",
            resend=NEEDS_CONSENT,
            title="Opening hours",
        ),
        an_item(8, status="failed", kind=None, reason="rendering_failed", fault="sender", title="Lease renewal"),
        an_item(9, channel="sms", recipient="+34600123456", reason="unreachable", fault="unknown", title="Payment due"),
        an_item(
            10,
            ready_to_resend=True,
            status="bounced",
            kind="hard",
            reason="mailbox_disabled",
            title="Insurance expires",
        ),
    ]
    items += [
        an_item(number, title=f"Reminder {number}", customer={"id": "c-1", "name": "Grace Hopper"})
        for number in range(11, 75)
    ]
    return items


def the_shapes() -> list[dict[str, Any]]:
    """Replies without a known reason: frequent ones, and one of texts that is mapped."""

    def shape(number: int, text: str, count: int, *domains: str) -> dict[str, Any]:
        return {
            "id": f"s-{number}",
            "shape": text,
            "count": count,
            "receivers": [{"domain": domain, "count": count // len(domains)} for domain in domains],
            "first_seen": at(days=20),
            "last_seen": at(days=number),
            "reason": None,
            "audit": [],
        }

    mapped = {"at": at(days=3), "by": "manager@harbor.example", "action": "map", "detail": ""}
    return [
        shape(
            1, "smtp; # Mail ikke leveret: se postmester <url>", 1240, "example.dk", "mail.example.dk", "example.net"
        ),
        shape(
            2, "smtp; # # suffer_screening_issues_at_this_moment_try_some_other_way_(ticket_#) <url>", 12, "example.com"
        ),
        shape(3, "Handset says no", 2) | {"reason": "unreachable", "audit": [mapped]},
        *(shape(number, f"smtp; # Nope, reply {number}", 1, "example.org") for number in range(4, 60)),
    ]


def a_person(person_id: str, **changes: Any) -> dict[str, Any]:
    person = {
        "person_id": person_id,
        "email": "",
        "role": "viewer",
        "state": "active",
        "through_provider": False,
        "added_at": at(days=3),
        "added_by": "operator",
        "invitation_ends_at": None,
        "is_you": False,
    }
    return person | changes


class FakeApi:
    """The state behind the answers; tests change it, and put failures in the way."""

    def __init__(self) -> None:
        self.email = "manager@harbor.example"
        self.items = {item["id"]: item for item in the_items()}
        self.role = "managers"
        self.examined = 1_000
        self.counted = 1_000
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.failures: list[tuple[Callable[[str, str], bool], Answer, dict[str, str]]] = []
        self.customers: dict[str, dict[str, Any]] = {}
        self.contact_requests: dict[str, list[dict[str, Any]]] = {}
        self.settings: dict[str, Any] = {
            "locale": "es",
            "categories": [{"id": "newsletter", "title": "Monthly newsletter"}],
            "time_zone": "Europe/Madrid",
            "sender": "",
            "history_days": 400,
            "content_days": 60,
            "contact_requests": {
                "sender_name": "Harbor Storage",
                "monthly_limit": 2,
                "quiet_from": 20,
                "quiet_until": 8,
                "automatic": False,
                "resend": False,
                "wordings": [],
            },
            "viewers_may_export": True,
            "record_accepted": False,
            "resend_by": "undelivered",
            "grace": {"email_hours": 16, "sms_hours": 73, "host_hours": 24},
            "soft_failures": {"failures": 5, "days": 3},
            "digest": {"recipients": ["manager@harbor.example"], "days": [0, 1, 2, 3, 4], "hour": 8},
        }
        self.setup_test: dict[str, str | None] | None = None
        self.last_events: dict[str, str | None] = {"email": at(minutes=3), "sms": None}
        self.has_customers = True
        self.acts = [
            {
                "at": at(hours=number),
                "by": "manager@harbor.example",
                "act": "resend_item",
                "subject": "",
                "item_id": None,
                "customer_id": None,
            }
            for number in range(60)
        ]
        self.people = {"p-1": a_person("p-1", email="manager@harbor.example", role="manager", is_you=True)}
        self.shapes = {shape["id"]: shape for shape in the_shapes()}
        self.counts_work = True
        self.outcome = "resolved"
        self.polls_until_outcome = 2
        self.waiting: dict[str, int] = {}
        self.tokens_end = False
        self.only_token: str | None = None
        """The one token that is accepted, if only one is."""
        self.refresh_works = True
        self.claims: dict[str, Any] = {}
        self.pool_tokens = {"access_token": "a-1", "refresh_token": "r-1"}
        self.pool_calls: list[tuple[str, dict[str, Any]]] = []
        self.has_app = False
        self.exports = 0
        self.attachments: list[dict[str, Any]] = []
        self.message_html: str | None = MESSAGE
        self.downloads: list[str] = []
        self.imports: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.part = 1_000
        """How many items a request for a bulk resend with a filter takes."""
        self.batches: dict[str, tuple[list[str], int]] = {}
        self.corrections: list[dict[str, Any]] = []
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.webhook_requests: list[tuple[str, str, Any]] = []
        self.deliveries: dict[str, dict[str, Any]] = {}
        self.suppressions = [SUPPRESSION, COMPLAINT, ERASED]
        self.incidents: list[dict[str, Any]] = []
        self.rates = {
            "from": at(days=29)[:10],
            "to": at()[:10],
            "channels": [a_rate(8200, 164, 82, 4, before=a_rate(7900, 237, 79, 0)), a_rate(0, channel="sms")],
            "hard_bounce_limits": {"review": 0.05, "pause": 0.1},
            "complaint_limits": {"review": 0.001, "pause": 0.005},
        }

    def fail(
        self, method: str, path: str, status: int, code: str = "", *, detail: str = "", times: int = 1, **headers: str
    ) -> None:
        """Let the next requests of this kind fail."""
        problem = {"type": "about:blank", "title": "", "status": status, "detail": detail, "code": code, "errors": []}
        problem["request_id"] = "3f0c-41"
        for _ in range(times):
            self.failures.append((lambda m, p: m == method and p == path, (status, problem), headers))

    def customer(self, customer_id: str) -> dict[str, Any]:
        if customer_id not in self.customers:
            item = next(i for i in self.items.values() if i["customer"]["id"] == customer_id)
            self.customers[customer_id] = {
                "id": customer_id,
                "name": item["customer"]["name"],
                "email": item["recipient"] if item["channel"] == "email" else "",
                "phone": item["recipient"] if item["channel"] == "sms" else "",
                "email_changed_at": None,
                "phone_changed_at": None,
                "consents": [],
                "follow_up": {"note": None, "owner": None, "look_again_on": None, "audit": []},
            }
        return self.customers[customer_id]

    def personal_data(self, customer_id: str, query: dict[str, str]) -> dict[str, Any]:
        """What is held on a customer, in two pages."""
        mine = [item for item in self.items.values() if item["customer"]["id"] == customer_id]
        first = "cursor" not in query
        return {
            "customer": self.customer(customer_id) if first else None,
            "suppressions": [],
            "accepted_messages": [],
            "items": mine[:1] if first else mine[1:],
            "notifications": [],
            "contact_requests": [],
            "next_cursor": "more" if first else None,
        }

    def ask_for_contact(self, customer_id: str, channel: str) -> dict[str, Any]:
        """Return the request to a customer, now open."""
        asked = {
            "id": "2026-11-1",
            "channel": channel,
            "failed_contact": "grace@gmial.com",
            "asked_by_channel": "sms" if channel == "email" else "email",
            "to": "+12065550100",
            "item_id": "item-1",
            "asked_at": at(minutes=1),
            "asked_by": "manager@example.com",
            "sends_at": at(minutes=1),
            "expires_at": at(days=-7),
            "state": "open",
            "codes": 0,
            "corrected_to": None,
            "settled_at": None,
            "undone_at": None,
            "undone_by": None,
        }
        self.contact_requests.setdefault(customer_id, []).append(asked)
        return asked

    # --- answers

    def answer(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one line for each route
        self, method: str, path: str, query: dict[str, str], body: Any
    ) -> Answer:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        for item in self.items.values():
            item["work"] = work_of(item)
        match (method, *parts):
            case ("GET", "settings"):
                return 200, self.settings
            case ("PUT", "settings"):
                for number, address in enumerate(body["digest"]["recipients"]):
                    if "@" not in address:
                        error = {"field": f"digest.recipients[{number}]", "message": "must have an @"}
                        return self.problem(400, "invalid_body", "The field is not valid.", [error])
                self.settings = body
                return 200, body
            case ("POST", "setup", "test"):
                self.setup_test = {"sent_at": at(), "answered_at": None, "state": "waiting"}
                return 202, self.setup_test
            case ("GET", "setup"):
                return 200, {
                    "last_events": self.last_events,
                    "has_customers": self.has_customers,
                    "has_colleagues": len(self.people) > 1,
                    "test": self.setup_test,
                }
            case ("GET", "undelivered", "count"):
                return 200, self.count()
            case ("GET", "undelivered", "trend"):
                return 200, {"days": self.trend()}
            case ("GET", "undelivered", "rates"):
                return 200, self.rates
            case ("GET", "undelivered", "summary"):
                return 200, self.summary()
            case ("GET", "undelivered", "total"):
                return 200, self.total(query)
            case ("GET", "undelivered"):
                return 200, self.report(query)
            case ("GET", "undelivered", item_id, "evidence"):
                return self.evidence(item_id)
            case ("GET", "undelivered", "customers"):
                return 200, self.by_customer(query)
            case ("GET", "undelivered", item_id):
                return self.detail(item_id)
            case ("POST", "undelivered", "resend"):
                return self.resend_many(body)
            case ("POST", "undelivered", item_id, "resend"):
                return self.resend(item_id, body)
            case ("POST", "undelivered", _, "attachments", number, "download"):
                return self.download(number)
            case ("POST", "undelivered", item_id, "dismiss"):
                self.items[item_id]["state"] = "dismissed"
                return 200, self.items[item_id]
            case ("POST", "undelivered", item_id, "text"):
                if "€" in body["text"]:
                    detail = "The customer's phone number is suppressed, so no text is sent to it."
                    return self.problem(409, "text_suppressed", detail)
                self.items[item_id]["state"] = "dismissed"
                return 202, {"notification_id": f"text-{item_id}", "item": self.items[item_id]}
            case ("POST", "undelivered", item_id, "restore"):
                self.items[item_id]["state"] = "open"
                return 200, self.items[item_id]
            case ("GET", "resend-batches", batch_id):
                return 200, self.batch(batch_id)
            case ("GET", "customers"):
                return 200, self.find_customers(query)
            case (_, "views", *rest):
                return self.answer_views(method, rest, body)
            case ("GET", "address-suggestions"):
                return 200, {"suggestion": suggest_address(query["address"]) or None}
            case ("PUT", "customers"):
                return self.replace_customers(body)
            case ("PATCH", "customers"):
                return self.correct_contacts(body)
            case ("GET", "customers", customer_id, "contact-requests"):
                return 200, {"contact_requests": self.contact_requests.get(customer_id, [])}
            case ("POST", "customers", customer_id, "contact-requests"):
                return 202, self.ask_for_contact(customer_id, body["channel"])
            case ("POST", "customers", customer_id, "contact-requests", _, "undo"):
                self.contact_requests[customer_id][-1]["state"] = "undone"
                return 200, self.contact_requests[customer_id][-1]
            case ("GET", "customers", customer_id, "notifications"):
                return 200, {"notifications": self.sent_to(customer_id)}
            case ("GET", "notifications"):
                if "@" not in query["address"]:
                    wrong = {"field": "address", "message": "is not a valid email address"}
                    return self.problem(400, "invalid_parameter", "The parameter 'address' is not valid.", [wrong])
                return 200, {"notifications": self.sent_to("c-1") if query["address"] == "grace@gmial.com" else []}
            case ("GET", "customers", customer_id):
                mine = [i for i in self.items.values() if i["customer"]["id"] == customer_id and i["ready_to_resend"]]
                return 200, self.customer(customer_id) | {"ready_to_resend": [i["id"] for i in mine]}
            case ("PUT", "customers", customer_id, "follow-up"):
                return self.change_follow_up(customer_id, body)
            case ("GET", "follow-ups"):
                return 200, {"customers": self.due()}
            case ("GET", "customers", customer_id, "data"):
                return 200, self.personal_data(customer_id, query)
            case ("DELETE", "customers", customer_id):
                self.items = {key: i for key, i in self.items.items() if i["customer"]["id"] != customer_id}
                done = {"state": "running", "requested_at": at(), "requested_by": "m", "items": 0, "notifications": 0}
                return 202, done
            case ("PATCH", "customers", customer_id):
                return self.change_customer(customer_id, body)
            case ("GET", "suppressions"):
                return 200, {"suppressions": self.suppressions, "next_cursor": None}
            case ("GET", "suppressions", _, address):
                return (200, SUPPRESSION) if address == SUPPRESSION["address"] else self.problem(404, "not_found")
            case (("PUT" | "DELETE"), "suppressions", _, _):
                return 200, SUPPRESSION
            case ("GET", "incidents"):
                return 200, {"incidents": [i for i in self.incidents if i["state"] in query.get("state", i["state"])]}
            case ("GET", "incidents", incident_id):
                found = [i for i in self.incidents if i["id"] == incident_id]
                return (200, found[0]) if found else self.problem(404, "not_found")
            case ("GET", "diagnostics", "unrecognised"):
                return 200, {"shapes": [*self.shapes.values()]}
            case (("PUT" | "DELETE"), "diagnostics", shape_id):
                return 200, self.map_shape(shape_id, (body or {}).get("reason"))
            case ("GET", "audit"):
                older = "cursor" in query
                return 200, {
                    "items": self.acts[50:] if older else self.acts[:50],
                    "next_cursor": None if older else "older",
                }
            case (_, "people", *rest):
                return self.answer_people(method, rest, body)
            case (_, "webhooks", *rest):
                return self.answer_webhooks(method, rest, body)
            case ("POST", "exports"):
                self.exports = 0
                return 202, {"export_id": "e-1"}
            case ("GET", "exports"):
                return 200, {"exports": self.list_exports()}
            case ("GET", "exports", _):
                self.exports += 1
                done = self.exports > 1
                return 200, {
                    "state": "done" if done else "running",
                    "rows": 74,
                    "url": "../export.csv" if done else None,
                }
        return self.problem(404, "not_found")

    def list_exports(self) -> list[dict[str, Any]]:
        """One that is done, one that failed, and one that is done once it has been asked for twice."""
        self.exports += 1
        entry = {
            "export_id": "e-1",
            "state": "done" if self.exports > 1 else "running",
            "rows": 74,
            "requested_at": at(minutes=1),
            "requested_by": "manager@harbor.example (11111111-2222)",
            "kept_until": at(days=-7),
            "detail": None,
        }
        failed = {"state": "failed", "rows": 0, "detail": "The export was interrupted. Start it again."}
        return [
            entry,
            entry | {"export_id": "e-2", "state": "done", "requested_at": at(days=1)},
            entry | {"export_id": "e-3", "requested_at": at(days=2), "requested_by": "host"} | failed,
        ]

    def answer_views(self, method: str, rest: list[str], body: Any) -> Answer:
        if method == "PUT" and any(v["name"] == body["name"] and [v["view_id"]] != rest for v in self.views.values()):
            wrong = {"field": "name", "message": "is already the name of another view"}
            return self.problem(400, "invalid_body", "The field 'name' is not valid.", [wrong])
        if method == "PUT":
            self.views[rest[0]] = {"view_id": rest[0], **body}
        if method == "DELETE":
            del self.views[rest[0]]
        return 200, {"views": list(self.views.values())}

    def answer_people(self, method: str, rest: list[str], body: Any) -> Answer:  # noqa: PLR0911 - one for each route
        match (method, *rest):
            case ("GET",):
                return 200, {"people": list(self.people.values())}
            case ("POST",):
                if body["email"] in {person["email"] for person in self.people.values()}:
                    return self.problem(409, "person_exists", "This person is here already.")
                if "@" not in body["email"]:
                    wrong = {"field": "email", "message": "is not a valid email address"}
                    return self.problem(400, "invalid_body", "The field 'email' is not valid.", [wrong])
                person = a_person(f"p-{len(self.people) + 1}", **body, state="invited", invitation_ends_at=at(days=-7))
                self.people[person["person_id"]] = person
                return 201, person
            case ("POST", person_id, "invitation"):
                self.people[person_id] |= {"invitation_ends_at": at(days=-7)}
                return 200, self.people[person_id]
            case ("PATCH", person_id):
                self.people[person_id] |= body
                return 200, self.people[person_id]
            case ("DELETE", person_id):
                return 200, self.people.pop(person_id)
        return self.problem(404, "not_found")

    def answer_webhooks(self, method: str, rest: list[str], body: Any) -> Answer:  # noqa: PLR0911 - one for each route
        match (method, *rest):
            case ("GET",):
                return 200, {"webhooks": list(self.webhooks.values())}
            case ("POST",):
                self.webhook_requests.append((method, "webhooks", body))
                if "10.0.0.1" in body["url"]:
                    wrong = {"field": "url", "message": "must name a host on the public internet"}
                    return self.problem(400, "invalid_body", "The field 'url' is not valid.", [wrong])
                return 201, {"webhook": self.add_webhook(body), "secret": f"whsec_{len(self.webhooks)}"}
            case ("PATCH", webhook_id):
                enabled = body.get("enabled", True)
                reason = None if enabled else "by_user"
                self.webhooks[webhook_id] |= {**body, "enabled": enabled, "disabled_reason": reason}
                return 200, self.webhooks[webhook_id]
            case ("POST", webhook_id, "rotate-secret"):
                self.webhooks[webhook_id]["old_secret_valid_until"] = at(days=-1)
                return 200, {"webhook": self.webhooks[webhook_id], "secret": "whsec_new"}
            case ("POST", _, "test"):
                return 202, self.a_delivery("d-2", "undelivered.test")
            case ("GET", _, "deliveries"):
                return 200, {"items": list(self.deliveries.values()), "next_cursor": None}
            case ("POST", _, "deliveries", delivery_id, "replay"):
                self.deliveries[delivery_id]["state"] = "waiting"
                return 202, self.deliveries[delivery_id]
            case ("GET", _, "deliveries", delivery_id):
                delivery = self.deliveries[delivery_id]
                delivery["tries"].append({"at": at(), "status": 204, "error": None, "milliseconds": 40})
                delivery["state"] = "delivered"
                return 200, delivery
            case _:
                return self.problem(404, "not_found")

    def add_webhook(self, body: Any) -> dict[str, Any]:
        webhook_id = f"w-{len(self.webhooks) + 1}"
        gone = "gone" if "gone" in body["url"] else None
        self.webhooks[webhook_id] = {
            **body,
            "webhook_id": webhook_id,
            "enabled": gone is None,
            "disabled_reason": gone,
            "created_at": at(),
            "old_secret_valid_until": None,
            "audit": [],
        }
        failed = {"at": at(hours=1), "status": 500, "error": None, "milliseconds": 1_200}
        self.a_delivery("d-1", "undelivered.item.opened")["tries"].append(failed)
        self.deliveries["d-1"]["state"] = "failed"
        return self.webhooks[webhook_id]

    def a_delivery(self, delivery_id: str, event_type: str) -> dict[str, Any]:
        self.deliveries[delivery_id] = {
            "delivery_id": delivery_id,
            "event_id": "f" * 32,
            "event_type": event_type,
            "state": "waiting",
            "created_at": at(hours=1),
            "next_try_at": None,
            "tries": [],
        }
        return self.deliveries[delivery_id]

    def find_customers(self, query: dict[str, str]) -> dict[str, Any]:
        """Return the customers by ID who have a part of a text; ten are looked at for a page."""
        every = [
            self.customer(customer_id) for customer_id in sorted({i["customer"]["id"] for i in self.items.values()})
        ]
        if "address" in query:
            return {"customers": [one for one in every if one["email"] == query["address"]], "next_cursor": None}
        start = int(query.get("cursor", 0))
        wanted = query["q"].lower()
        found = [
            one for one in every[start : start + 10] if wanted in f"{one['name']} {one['id']} {one['email']}".lower()
        ]
        return {"customers": found, "next_cursor": str(start + 10) if start + 10 < len(every) else None}

    def replace_customers(self, body: Any) -> Answer:
        """Take a list of customers: an address without a domain is refused, and c-1 exists already."""
        if body.get("country") not in {None, "ES"}:
            error = {"field": "country", "message": "must be a country code of two capital letters, for example ES"}
            return self.problem(400, "invalid_body", "The field 'country' is not valid.", [error])
        self.imports.append(body)
        wrong = {"field": "email", "message": "is not a valid email address", "suggestion": "bo@gmail.com"}
        return 200, {
            "results": [
                {"customer_id": row["customer_id"], "outcome": "refused", "errors": [wrong]}
                if row.get("email", "@").endswith("@gmial")
                else {
                    "customer_id": row["customer_id"],
                    "outcome": "updated" if row["customer_id"] == "c-1" else "created",
                    "errors": [],
                    "suggestion": suggest_address(row.get("email", "")) or None,
                }
                for row in body["customers"]
            ]
        }

    def correct_contacts(self, body: Any) -> Answer:
        """Correct contacts as the API does, but for numbers: an address without a dot in its domain is refused."""
        self.corrections.append(body)
        items: dict[str, list[dict[str, Any]]] = {}
        for item in self.items.values():
            items.setdefault(item["customer"]["id"], []).append(item)
        rows, dry_run = body["corrections"], body["dry_run"]
        return 200, {"results": [self.correct_contact(row, items.get(row["customer_id"], []), dry_run) for row in rows]}

    def correct_contact(self, row: dict[str, str], mine: list[dict[str, Any]], dry_run: bool) -> dict[str, Any]:  # noqa: FBT001
        kind = "email" if row["channel"] == "email" else "phone"
        customer = self.customer(row["customer_id"]) if mine else {kind: None}
        name, message = "", ""
        if not mine:
            name, message = "customer_id", "is not the ID of a customer"
        elif row["channel"] == "email" and "." not in row["contact"].rpartition("@")[2]:
            name, message = "contact", "is not a valid email address"
        elif customer[kind] not in {row["failed"], row["contact"]}:
            name, message = "failed", "is no longer the customer's contact"
        outcome = "refused" if name else "unchanged" if customer[kind] == row["contact"] else "corrected"
        ready = []
        if outcome != "refused" and not dry_run:
            customer[kind] = row["contact"]
            for item in mine:
                if item["channel"] == row["channel"] and item["state"] == "open":
                    item |= {"ready_to_resend": True, "resend": ALLOWED}
                    ready.append(item["id"])
        return {
            "customer_id": row["customer_id"],
            "channel": row["channel"],
            "outcome": outcome,
            "contact": row["contact"] if outcome == "corrected" else customer[kind],
            "suggestion": "ada@gmail.com" if row["contact"] == "ada@gmial.com" else None,
            "ready_to_resend": ready,
            "errors": [{"field": name, "message": message}] if name else [],
        }

    @staticmethod
    def problem(status: int, code: str, detail: str = "", errors: list[dict[str, str]] | None = None) -> Answer:
        return status, {
            "status": status,
            "code": code,
            "detail": detail,
            "errors": errors or [],
            "request_id": "3f0c-41",
        }

    def live(self) -> list[dict[str, Any]]:
        return [item for item in self.items.values() if item["state"] in {"open", "resending"}]

    def count(self) -> dict[str, Any]:
        live = self.live()

        def by(field: str, values: tuple[str, ...]) -> dict[str, int]:
            return {value: sum(item[field] == value for item in live) for value in values}

        return {
            "window_days": 30,
            "as_of": at(),
            "total": len(live),
            "by_status": by("status", ("bounced", "invalid", "spammed", "dropped", "failed")),
            "by_kind": by("kind", ("hard", "soft")),
            "by_channel": by("channel", ("email", "sms")),
            "resending": sum(item["state"] == "resending" for item in live),
            "by_work": by("work", ("correct", "resend", "ours", "leave")) if self.counts_work else None,
        }

    def trend(self) -> list[dict[str, Any]]:
        days = []
        for ago in range(30, -1, -1):
            date = (NOW - timedelta(days=ago)).date().isoformat()
            day = dict.fromkeys(("bounced", "invalid", "spammed", "dropped", "failed"), 0)
            for item in self.items.values():
                if item["sent_at"].startswith(date):
                    day[item["status"]] += 1
            days.append({"date": date, **day})
        return days

    def summary(self) -> dict[str, Any]:
        reasons = Counter(item["reason"] for item in self.items.values())
        return {
            "undelivered": reasons.total(),
            "resolved": 47,
            "resolved_share": 0.39,
            "resolved_by_customers": 4,
            "resolved_by_customers_share": 0.25,
            "median_hours_to_resolve": 6.4,
            "top_reasons": [{"reason": reason, "count": count} for reason, count in reasons.most_common(5)],
            "repeat_recipients": [{"recipient": "ada.2@example.com", "count": 6}],
        }

    def total(self, query: dict[str, str]) -> dict[str, Any]:
        """Return how many items match; more than `counted` of a reason are not counted."""
        number = len(self.report({**query, "limit": "100000"})["items"])
        is_exact = "reason" not in query or number <= self.counted
        return {"total": number if is_exact else self.counted, "is_exact": is_exact}

    def report(self, query: dict[str, str]) -> dict[str, Any]:
        items = list(self.items.values())
        states = query.get("state", "open,resending" if "from" not in query else "").split(",")
        items = [i for i in items if states == [""] or i["state"] in states]
        if "status" in query:
            wanted = query["status"].split(",")
            items = [i for i in items if i["status"] in wanted or f"{i['status']}.{i['kind']}" in wanted]
        for name in ("channel", "fault", "reason", "work"):
            if name in query:
                items = [i for i in items if i[name] in query[name].split(",")]
        if "ready" in query:
            items = [i for i in items if i["ready_to_resend"]]
        if "incident" in query:
            items = [i for i in items if i.get("incident")]
        if "customer_id" in query:
            items = [i for i in items if i["customer"]["id"] == query["customer_id"]]
        if query.get("sort") == "oldest":
            items = sorted(items, key=lambda item: item["sent_at"])
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
        end = start + limit
        shown = items[start:end]
        if "q" in query:
            # A search looks at so many items, and its page can be short, even empty.
            q, end = query["q"].lower(), start + self.examined
            shown = [
                i for i in items[start:end] if q in f"{i['title']} {i['recipient']} {i['customer']['name']}".lower()
            ]
        more = str(end) if end < len(items) else None
        looked_back_to = items[end - 1]["sent_at"] if more else at(days=30)
        return {
            "items": shown,
            "next_cursor": more,
            "from": at(days=30),
            "to": at(),
            "looked_back_to": looked_back_to,
        }

    def change_follow_up(self, customer_id: str, body: dict[str, Any]) -> Answer:
        customer = self.customer(customer_id)
        if body["owner"] == "nobody":
            return self.problem(400, "invalid_body", "", [{"field": "owner", "message": "is not known"}])
        detail = " · ".join(filter(None, body.values()))
        entry = {"at": at(), "by": "manager@harbor.example (u-1)", "action": "follow_up", "detail": detail}
        customer["follow_up"] = body | {"audit": [*customer["follow_up"]["audit"], entry]}
        return 200, customer["follow_up"]

    def due(self) -> list[dict[str, Any]]:
        today = NOW.date().isoformat()
        return [
            {"id": each["id"], "name": each["name"], "follow_up": each["follow_up"]}
            for each in self.customers.values()
            if (each["follow_up"]["look_again_on"] or "9") <= today
        ]

    def by_customer(self, query: dict[str, str]) -> dict[str, Any]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for item in self.report({"work": query["work"], "limit": "1000"})["items"]:
            groups.setdefault(item["customer"]["id"], []).append(item)
        customers = [
            {"customer": items[0]["customer"], "items": len(items), "newest": items[0]} for items in groups.values()
        ]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        more = str(start + limit) if start + limit < len(customers) else None
        return {"customers": customers[start : start + limit], "next_cursor": more}

    def detail(self, item_id: str) -> Answer:
        if item_id not in self.items:
            return self.problem(404, "not_found", "Not found.")
        item = self.items[item_id]
        if item["state"] == "resending":
            self.waiting[item_id] -= 1
            if self.waiting[item_id] <= 0:
                item["state"] = "resolved" if self.outcome == "resolved" else "open"
                item["ready_to_resend"] = False
                if item["host_resend"]:
                    item["host_resend"] = None if self.outcome == "resolved" else item["host_resend"] | NOT_SENT
        customer = self.customer(item["customer"]["id"])
        chain = [
            {
                "attempt": n,
                "to": item["recipient"] if n == 1 else customer["email"],
                "at": item["sent_at"] if n == 1 else at(),
                "by": "host" if n == 1 else "manager@harbor.example (11111111-2222)",
                "outcome": "failed" if n == 1 or item["state"] == "open" else "delivered",
                "sent_by": "host" if n > 1 and item["host_resend"] else "undelivered",
                **({"outcome": HOST_OUTCOMES[item["host_resend"]["state"]]} if n > 1 and item["host_resend"] else {}),
                "reason": item["reason"] if n == 1 else None,
                "provider_message_id": f"0100{n}",
            }
            for n in range(1, item["attempts"] + 1)
        ]
        return 200, item | {
            "diagnostic": "smtp; 550 5.1.1 The email account that you tried to reach does not exist.",
            "events": [{"type": "Bounce", "at": item["failed_at"], "by": "ses"}],
            "attempt_chain": chain,
            "content": {
                "subject": item["title"],
                "text": "Dear customer,\nyour rent is due on Friday.",
                "html": self.message_html,
                "attachments": self.attachments,
            },
            "current_contact": customer["email"] if item["channel"] == "email" else customer["phone"],
            "suppression": None,
            "suggestion": "grace@gmail.com" if item["recipient"] == "grace@gmial.com" else None,
            "audit": [{"at": item["failed_at"], "by": "system", "action": "opened"}, *item.get("audit", [])],
        }

    def sent_to(self, customer_id: str) -> list[dict[str, Any]]:
        to = self.customer(customer_id)["email"]
        one = {
            "notification_id": "n-900", "title": "Welcome", "channel": "email", "customer_id": customer_id, "to": to,
            "sent_at": at(days=1), "arrival": "accepted", "accepted_at": at(hours=23), "answer": "250 2.0.0 OK",
            "item_id": None, "reason": None,
        }  # fmt: skip
        failed = {"title": "Invoice for November", "arrival": "undelivered", "accepted_at": None, "answer": None}
        silent = {"title": None, "arrival": "sent", "accepted_at": None, "answer": None}
        return [one, one | failed | {"item_id": "item-1", "reason": "address_not_found"}, one | silent]

    def evidence(self, item_id: str) -> Answer:
        status, item = self.detail(item_id)
        if status != 200:
            return status, item
        customer = self.customer(item["customer"]["id"])
        arrived = {"status": None, "kind": None, "reason": None, "diagnostic": "250 2.0.0 OK", "source": "ses:delivery"}
        failed = arrived | {"status": item["status"], "reason": item["reason"], "diagnostic": item["diagnostic"]}
        attempts = [
            {**each, "note": "", "report": {**(failed if each["reason"] else arrived), "at": item["failed_at"]}}
            for each in item["attempt_chain"]
        ]
        shown = ("id", "notification_id", "title", "channel", "customer", "sent_at", "state", "audit")
        evidence = {
            **{name: item[name] for name in shown},
            "attempts": attempts,
            "version": 1,
            "statement": "This is what Undelivered recorded.",
            "account_id": "acc-harbor",
            "issued_at": at(),
            "issued_by": "manager@harbor.example (11111111-2222)",
            "keys_url": "https://api.example.com/api/.well-known/jwks.json",
            "content": {"subject_sha256": "0" * 64, "text_sha256": "1" * 64, "html_sha256": None, "attachments": []},
            "contact": {"contact": customer["email"], "changed_at": at(), "changed_by": "manager@harbor.example"},
        }
        evidence["audit"] = [entry | {"detail": ""} for entry in item["audit"]]
        return 200, {"payload": "e30", "protected": "e30", "signature": "c2ln", "evidence": evidence}

    def download(self, number: str) -> Answer:
        self.downloads.append(number)
        return 200, {"url": "../export.csv", "expires_at": at()}

    def resend(self, item_id: str, body: Any) -> Answer:
        item = self.items[item_id]
        decision = item["resend"]
        if not decision["allowed"] and not (decision["code"] == "resend_needs_consent" and (body or {}).get("consent")):
            return self.problem(409, decision["code"], decision["detail"])
        item["state"] = "resending"
        item["attempts"] += 1
        if (body or {}).get("resender", (decision["resenders"] or ["undelivered"])[0]) == "host":
            contact = self.customer(item["customer"]["id"])["email"]
            item["host_resend"] = {"state": "requested", "attempt": item["attempts"], "to": contact, "at": at()}
        self.waiting[item_id] = self.polls_until_outcome
        return 202, item

    def resend_many(self, body: Any) -> Answer:
        ids, more = body.get("ids"), None
        if ids is None:
            filters = {n: ",".join(v) if isinstance(v, list) else v for n, v in body["filter"].items()}
            page = self.report(filters | {"limit": str(self.part), "cursor": body.get("cursor", "0")})
            ids, more = [i["id"] for i in page["items"]], page["next_cursor"]
        is_dry = body.get("dry_run", False)
        answers = {i: self.would_resend(i) if is_dry else self.resend(i, {}) for i in ids}
        sent = [i for i, (status, _) in answers.items() if status == 202]
        refused = [
            {"id": i, "code": answer["code"], "detail": answer["detail"]}
            for i, (status, answer) in answers.items()
            if status != 202
        ]
        counts = Counter((refusal["code"], refusal["detail"]) for refusal in refused)
        batch_id = "" if is_dry else f"b-{len(self.batches) + 1}"
        if batch_id:
            self.batches[batch_id] = sent, len(refused)
        return 202, {
            "batch_id": batch_id,
            "accepted": len(sent),
            "refused": refused,
            "refusals": [{"code": code, "detail": detail, "count": n} for (code, detail), n in counts.items()],
            "next_cursor": more,
        }

    def would_resend(self, item_id: str) -> Answer:
        decision = self.items[item_id]["resend"]
        return (202 if decision["allowed"] else 409), decision

    def batch(self, batch_id: str) -> dict[str, int]:
        sent, refused = self.batches[batch_id]
        for item_id in sent:
            self.detail(item_id)
        states = [self.items[item_id]["state"] for item_id in sent]
        return {
            "total": len(states) + refused,
            "resending": states.count("resending"),
            "resolved": states.count("resolved"),
            "returned": states.count("open"),
            "refused": refused,
        }

    def map_shape(self, shape_id: str, reason: str | None) -> dict[str, Any]:
        entry = {"at": at(), "by": "manager@harbor.example", "action": "map" if reason else "unmap", "detail": ""}
        shape = self.shapes[shape_id]
        self.shapes[shape_id] = shape | {"reason": reason, "audit": [*shape["audit"], entry]}
        return self.shapes[shape_id]

    def change_customer(self, customer_id: str, body: dict[str, Any]) -> Answer:
        try:
            checked_email(body.get("email") or "ada@example.com", "email")
        except InvalidInputError as refused:
            error = {"field": "email", "message": refused.message, "suggestion": refused.suggestion}
            return self.problem(400, "invalid_body", "The field 'email' is not valid.", [error])
        if body.get("phone") == "+11234567890" and not body.pop("accept_unassigned_number", False):
            error = {"field": "phone", "message": "is not an assigned phone number in its country"}
            return self.problem(400, "unassigned_number", "The field 'phone' is not valid.", [error])
        customer = self.customer(customer_id)
        customer |= body | {"email_changed_at": at()}
        ready = []
        for item in self.items.values():
            if item["customer"]["id"] == customer_id and item["resend"]["code"] == "resend_needs_changed_address":
                item["resend"] = ALLOWED
                item["ready_to_resend"] = True
                ready.append(item["id"])
        return 200, customer | {"ready_to_resend": ready}


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE = "492039"

MESSAGE = """<html><head><style>
h1 { border-bottom: 2px solid; background: url(https://tracker.example/b.png) }
</style></head><body>
<h1 style="color:#0b5d5e">Hello</h1>
<p style="font-size:18px">Your rent is due on <b>Friday</b>.</p>
<img src="https://tracker.example/p.gif"><script>top.hacked = true</script>
<a href="https://example.com/" onclick="top.hacked = true">Pay now</a>
</body></html>"""

SUPPRESSION = {
    "channel": "email",
    "address": "ada.7@example.com",
    "reason": "unsubscribed",
    "since": at(days=9),
    "origin": "0100018f-unsubscribe",
    "active": True,
    "lifted_at": None,
    "audit": [],
}
COMPLAINT = SUPPRESSION | {"address": "ada.6@example.com", "reason": "complaint"}
ERASED = SUPPRESSION | {"address": None, "reason": "bounce", "erased": True}


def _token(claims: dict[str, Any]) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.c2ln"


def _console() -> Callable[[str, str, dict[str, str]], tuple[int, dict[str, str], bytes]]:
    app = Chalice(app_name="console", configure_logs=False)
    app.register_blueprint(console.routes)
    gateway = LocalGateway(app, Config(chalice_stage="api", config_from_disk={}))

    def ask(method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        answer = gateway.handle_request(method=method, path=path, headers=headers, body=b"")
        body = answer["body"]
        return answer["statusCode"], answer["headers"], body if isinstance(body, bytes) else body.encode()

    return ask


class _Handler(BaseHTTPRequestHandler):
    api: FakeApi
    console: Any

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if url.path.startswith(f"{STAGE}/console"):
            return self._send(*self.console(self.command, url.path.removeprefix(STAGE), dict(self.headers)))
        if url.path.startswith(f"{STAGE}/export.csv"):
            return self._send(200, {"Content-Type": "text/csv", "Content-Disposition": "attachment"}, b"title\r\n")
        if url.path.startswith(STAGE):
            return self._api(url.path.removeprefix(STAGE), dict(parse_qsl(url.query)), json.loads(raw or b"null"))
        return self._sign_in(url.path, {name: values[0] for name, values in parse_qs(url.query).items()}, raw)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - as http.server calls them

    def _api(self, path: str, query: dict[str, str], body: Any) -> None:
        self.api.requests.append((self.command, path, query, body))
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.api.tokens_end or self.api.only_token not in {None, given}:
            return self._json(401, {"code": "unauthorized"})
        for failure in self.api.failures:
            matches, (status, problem), headers = failure
            if matches(self.command, path):
                self.api.failures.remove(failure)
                return self._json(status, problem, headers)
        status, answer = self.api.answer(self.command, path, query, body)
        return self._json(status, deepcopy(answer))

    def _sign_in(self, path: str, query: dict[str, str], raw: bytes) -> None:
        if path == "/oauth2/authorize":
            answer = urlencode({"code": "c-1", "state": query["state"]})
            form = (
                f'<!doctype html><title>Sign in</title><a id="go" href="{query["redirect_uri"]}?{answer}">Sign in</a>'
            )
            return self._send(200, {"Content-Type": "text/html"}, form.encode())
        if path == "/":
            return self._user_pool(self.headers["X-Amz-Target"].partition(".")[2], json.loads(raw))
        if path == "/logout":
            return self._send(302, {"Location": query["logout_uri"]}, b"")
        if path == "/oauth2/token":
            form = dict(parse_qsl(raw.decode()))
            if form["grant_type"] == "refresh_token" and not self.api.refresh_works:
                return self._json(400, {"error": "invalid_grant"})
            claims = {
                "sub": "u-1",
                "email": self.api.email,
                "email_verified": True,
                "cognito:groups": [self.api.role],
                "exp": time.time() + 3600,
            }
            return self._json(
                200, {**self.api.pool_tokens, "id_token": _token(claims | self.api.claims), "expires_in": 3600}
            )
        return self._send(404, {}, b"")

    def _user_pool(self, operation: str, body: dict[str, Any]) -> None:
        """Answer as Cognito's API does to users about themselves."""
        self.api.pool_calls.append((operation, body))
        answer: dict[str, Any] = {}
        match operation:
            case _ if body["AccessToken"] != "a-1":
                answer = {"__type": "NotAuthorizedException"}
            case "GetUser":
                answer = {"UserMFASettingList": ["SOFTWARE_TOKEN_MFA"] if self.api.has_app else []}
            case "AssociateSoftwareToken":
                answer = {"SecretCode": SECRET}
            case "VerifySoftwareToken" if body["UserCode"] != CODE:
                answer = {"__type": "EnableSoftwareTokenMFAException"}
            case "VerifySoftwareToken":
                answer = {"Status": "SUCCESS"}
            case "SetUserMFAPreference":
                self.api.has_app = body["SoftwareTokenMfaSettings"]["Enabled"]
        self._json(400 if "__type" in answer else 200, answer)

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, {"Content-Type": "application/json"} | (headers or {}), json.dumps(body).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        with suppress(BrokenPipeError, ConnectionResetError):  # the page asked, and went on
            self.end_headers()
            self.wfile.write(body)


@contextmanager
def serve(environment: dict[str, str]) -> Iterator[tuple[str, FakeApi]]:
    """Give the console's address and the API behind it; ``environment`` is where the settings are written."""
    api = FakeApi()
    handler = type("Handler", (_Handler,), {"api": api, "console": None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    base = f"http://127.0.0.1:{server.server_port}"
    environment |= {"CONSOLE_CLIENT_ID": "console", "SIGN_IN_URL": base, "TOKEN_ISSUER": f"{base}/pool-1"}
    ask, lock = _console(), threading.Lock()

    def one_at_a_time(*request: Any) -> Any:
        with lock:  # the gateway keeps the request it works on in the app
            return ask(*request)

    handler.console = staticmethod(one_at_a_time)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"{base}{STAGE}/console/", api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
