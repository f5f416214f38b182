"""What somebody with bad intentions tries. Every test that can is made from the table of routes, so that a route
that is added tomorrow is tried as well.
"""

import base64
import hashlib
import hmac
import json
import re
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from tests.builders.api import (
    Api,
    a_token,
    believe_test_tokens,
    embedded,
    encoded,
    host,
    host_claims,
    manager,
    person_claims,
    signing_key,
    viewer,
)
from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, a_suppression, an_attempt, an_item
from tests.fakes import FakeSigningKeys
from undelivered.bootstrap.api import ApiUseCases, DiagnosticPorts, ExportPorts, WebhookPorts
from undelivered.domain.account_mapping import AccountMapping
from undelivered.domain.contact_link import code_of, link_token
from undelivered.domain.contact_request import ContactRequest
from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.errors import RetryableError
from undelivered.domain.identifiers import item_id
from undelivered.domain.people import AccountPeople, Person, PersonRole, PersonState
from undelivered.domain.saved_view import AccountViews, SavedView
from undelivered.domain.signed_tokens import sign_token
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.entrypoints.http.auth import Role
from undelivered.entrypoints.http.route import Access
from undelivered.entrypoints.http.routes import ROUTES

OTHER = "acc-2"
ME = "11111111-2222"
"""The subject of the managers here."""
SECRET = "hushhush"
"""Stands in everything of the account that the other one tries to get at."""
ITEM = an_item(
    Reason.MAILBOX_FULL,
    number=7,
    recipient=f"{SECRET}@example.com",
    title=f"Title {SECRET}",
    customer_name=f"Ada {SECRET}",
    customer_id=f"c-{SECRET}",
    notification_id=f"n-{SECRET}",
)
CONSENT = {"given_by": "Ada", "how": "telephone", "at": "2026-01-01T00:00:00Z"}
NOTIFICATION = {"customer_id": f"c-{SECRET}", "channel": "email", "title": "T", "text": "x"}

BODIES = {
    "POST /undelivered/{item_id}/resend": {},
    "POST /undelivered/{item_id}/dismiss": {"reason": "x"},
    "POST /undelivered/{item_id}/text": {"text": "Dear Ada"},
    "POST /undelivered/resend": {"ids": [item_id(ITEM.entry_key)]},
    "POST /exports": {"format": "csv"},
    "PUT /customers": {"customers": [{"customer_id": "c-1", "name": "Eve"}]},
    "PATCH /customers": {
        "corrections": [{"customer_id": f"c-{SECRET}", "channel": "email", "failed": "", "contact": "eve@example.com"}]
    },
    "PUT /customers/{customer_id}": {"name": "Eve", "email": "eve@example.com"},
    "PATCH /customers/{customer_id}": {"email": "eve@example.com"},
    "POST /customers/{customer_id}/opt-in": {"consent": CONSENT},
    "POST /customers/{customer_id}/contact-requests": {"channel": "email"},
    "PUT /customers/{customer_id}/follow-up": {"note": "called", "owner": "Eve", "look_again_on": "2026-11-24"},
    "PUT /suppressions": {"suppressions": [{"channel": "email", "address": "eve@example.com"}]},
    "PUT /suppressions/{channel}/{address}": {"why": "x"},
    "DELETE /suppressions/{channel}/{address}": {"why": "x"},
    "PUT /settings": {},
    "PUT /views/{view_id}": {"name": "Bounced", "filter": {"status": "bounced"}},
    "POST /people": {"email": "eve@example.com", "role": "viewer"},
    "PATCH /people/{person_id}": {"role": "manager"},
    "POST /webhooks": {"url": "https://eve.example.com/"},
    "PATCH /webhooks/{webhook_id}": {"url": "https://eve.example.com/"},
    "POST /webhooks/{webhook_id}/replay": {"since": "2026-01-01T00:00:00Z"},
    "PUT /diagnostics/{shape_id}": {"reason": "mailbox_full"},
    "DELETE /diagnostics/{shape_id}": {},
    "POST /notifications": {"notifications": [NOTIFICATION]},
    "POST /embed-tokens": {"role": "manager", "name": "Ada Byron"},
    "POST /attachments": {"filename": "invoice.pdf", "content_type": "application/pdf"},
    "POST /notifications/{notification_id}/attempts": {"item_id": item_id(ITEM.entry_key)},
}
"""A body that each route takes."""

NAMED = [pytest.param(route, id=f"{route.method} {route.path}") for route in ROUTES]
READ_NO_STORE = {"suggest_spelling"}
GUARDED = [param for param in NAMED if param.values[0].access is not Access.PUBLIC]


def guarded(fits):
    """The guarded routes that fit, as parameters."""
    return [param for param in GUARDED if fits(param.values[0])]


TAKING = [param for param in NAMED if param.values[0].body]


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    api = Api()
    api.add(ITEM)
    api.customers.save(a_customer(f"c-{SECRET}", name=f"Ada {SECRET}", email=f"{SECRET}@example.com"))
    api.notifications.add(a_notification(f"n-{SECRET}", customer_id=f"c-{SECRET}", text=f"Dear {SECRET}"))
    api.notifications.claim(an_attempt(f"n-{SECRET}", to=f"{SECRET}@example.com"))
    api.suppressions.save(None, a_suppression(f"{SECRET}@example.com"))
    api.unrecognised.record(ACCOUNT, "odd", f"{SECRET}.example", NOW)
    api.add(
        *(
            an_item(Reason.SENDER_BLOCKED, number=number, days_ago=0.1, recipient=f"ada@{SECRET}.example")
            for number in range(100, 105)
        )
    )
    api.incident_id = api.get("/incidents").json["incidents"][0]["id"]
    api.export_id = api.post("/exports", {"format": "csv"}).json["export_id"]
    api.webhook_id = api.post("/webhooks", {"url": f"https://{SECRET}.example.com/"}).json["webhook"]["webhook_id"]
    api.people.save(AccountPeople(OTHER, (Person(ME, "eve@example.com", PersonRole.MANAGER, PersonState.ACTIVE, NOW),)))
    api.person_id = api.post("/people", {"email": f"{SECRET}@example.org", "role": "viewer"}).json["person_id"]
    api.delivery_id = api.post(f"/webhooks/{api.webhook_id}/test").json["delivery_id"]
    api.views.save(AccountViews(ACCOUNT, (SavedView("v-1", f"Those of {SECRET}", {}),)))
    api.batch_id = api.post("/undelivered/resend", {"ids": [item_id(an_item(number=8).entry_key)]}).json["batch_id"]
    return api


def url_of(route, api):
    """The route's address with what belongs to the account under attack."""
    values = {
        "item_id": item_id(ITEM.entry_key),
        "batch_id": api.batch_id,
        "export_id": api.export_id,
        "webhook_id": api.webhook_id,
        "person_id": api.person_id,
        "delivery_id": api.delivery_id,
        "incident_id": api.incident_id,
        "view_id": "v-1",
        "customer_id": f"c-{SECRET}",
        "notification_id": f"n-{SECRET}",
        "shape_id": shape_id("odd"),
        "request_id": "2026-11-1",
        "channel": "email",
        "address": f"{SECRET}%40example.com",
        "number": "1",
        "token": sign_token(b"guessed", "unsubscribe", f"{ACCOUNT}~n-{SECRET}~1"),
    }
    by_address = route.method == "GET" and route.path in {"/customers", "/notifications"}
    query = f"?address={SECRET}%40example.com" if by_address else ""
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], route.path) + query


def call(api, route, headers):
    return api.call(route.method, url_of(route, api), headers=headers, body=BODIES.get(f"{route.method} {route.path}"))


def permitted(route):
    """The headers of a caller who may use a route."""
    return host() if Role.HOST in route.access.value or route.access is Access.PUBLIC else manager()


def belongings(api, account_id=ACCOUNT):
    """Everything of an account, in a form that can be compared."""
    stores = (
        api.items,
        api.customers,
        api.suppressions,
        api.notifications,
        api.exports,
        api.accounts,
        api.webhooks,
        api.deliveries,
        api.contact_requests,
        api.views,
        api.people,
        api.users,
    )
    kept = [vars(store) if hasattr(store, "__dict__") else {} for store in stores]
    mine = {
        (place, name, key): repr(value)
        for place, attributes in enumerate(kept)
        for name, rows in attributes.items()
        if isinstance(rows, dict)
        for key, value in rows.items()
        if value and account_id in {key, key[0]}  # asking a defaultdict makes a row of nothing
    }
    assert mine
    return mine, [order for order in api.sends.orders + api.resends.orders if order.account_id == account_id]


def test_every_route_that_takes_a_body_is_tried_with_one():
    assert {f"{route.method} {route.path}" for route in ROUTES if route.body} == set(BODIES)


class TestAnotherAccount:
    CALLERS = MappingProxyType(
        {
            "manager": lambda: manager(OTHER),
            "manager who names the account": lambda: {**manager(OTHER), "X-Account-Id": ACCOUNT},
            "viewer who names the account": lambda: {**viewer(OTHER), "x-account-id": ACCOUNT},
            "host for the other account": lambda: host(OTHER),
            "embedded manager": lambda: embedded(account_id=OTHER),
            "embedded manager who names the account": lambda: {**embedded(account_id=OTHER), "X-Account-Id": ACCOUNT},
        }
    )

    @pytest.mark.parametrize("route", GUARDED)
    def test_neither_sees_nor_changes_anything(self, api, route):
        before = belongings(api)

        for headers in self.CALLERS.values():
            answer = call(api, route, headers())

            assert answer.status < 500
            # What was asked for may be repeated: here these two ids, and the address in the path of a suppression.
            repeated = (f"c-{SECRET}", f"n-{SECRET}", f"{SECRET}@example.com" if route.method == "PUT" else "c-")
            told = answer.text
            for name in repeated:
                told = told.replace(name, "")
            assert SECRET not in told
            assert belongings(api) == before

    # A PUT makes a thing of the caller's own.
    @pytest.mark.parametrize("route", guarded(lambda route: "_id}" in route.path and route.method != "PUT"))
    def test_is_told_that_there_is_no_such_thing(self, api, route):
        caller = manager if Role.MANAGER in route.access.value else host

        assert call(api, route, caller(OTHER)).status == 404

    @pytest.mark.parametrize(
        "url", ["/undelivered?limit=2", "/suppressions?limit=1", f"/customers/c-{SECRET}/data?"], ids=str
    )
    def test_cannot_use_a_cursor(self, api, url):
        api.add(*(an_item(Reason.MAILBOX_FULL, number=number) for number in range(20, 24)))
        api.suppressions.save(None, a_suppression("zoe@example.com"))
        api.customers.save(a_customer(f"c-{SECRET}", account_id=OTHER))
        cursor = api.get(url).json["next_cursor"]

        assert cursor
        assert api.get(f"{url}&cursor={cursor}").status == 200
        assert api.get(f"{url}&cursor={cursor}", manager(OTHER)).status == 400

    def test_nor_one_of_another_customer(self, api):
        api.customers.save(a_customer("c-8", email="zoe@example.com"))
        cursor = api.get(f"/customers/c-{SECRET}/data").json["next_cursor"]

        assert api.get(f"/customers/c-8/data?cursor={cursor}").status == 400


SIGNING_SECRET = FakeSigningKeys().keys[0]
EMBEDDING = json.dumps(
    {
        "account_id": ACCOUNT,
        "role": "manager",
        "name": "Eve",
        "page": "console",
        "issued_at": "2026-11-01T00:00:00Z",
        "expires_at": "2099-01-01T00:00:00Z",
    }
)
EXPIRED_EMBEDDING = EMBEDDING.replace("2099", "2026")


def altered(headers, before, after):
    """An embed token whose payload was changed after it was signed."""
    kind, payload, mac = headers["Authorization"].removeprefix("Bearer ").split(".")
    changed = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).replace(before.encode(), after.encode())
    return f"{kind}.{encoded(changed)}.{mac}"


class TestTokens:
    @staticmethod
    def forged():
        claims = person_claims()
        payload = encoded(json.dumps(claims).encode())
        none_head = encoded(b'{"alg":"none","kid":"key-1"}')
        hs_head = encoded(b'{"alg":"HS256","kid":"key-1"}')
        public = signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        mac = hmac.digest(public, f"{hs_head}.{payload}".encode(), hashlib.sha256)
        own_key = encoded(json.dumps({"alg": "RS256", "jwk": {"kty": "RSA"}, "kid": "other"}).encode())
        return {
            "no token": "",
            "no signature": f"{none_head}.{payload}.",
            "no algorithm, some signature": f"{none_head}.{payload}.AAAA",
            "HS256 with the public key": f"{hs_head}.{payload}.{encoded(mac)}",
            "a key of its own in the head": f"{own_key}.{payload}.AAAA",
            "expired": a_token(person_claims(exp=NOW.timestamp() - 3_600)),
            "of another application": a_token(person_claims(aud="somebody-else")),
            "of another pool": a_token(person_claims(iss="https://cognito-idp.eu-central-1.amazonaws.com/other")),
            "access token called an ID token": a_token(host_claims(token_use="id")),
            "ID token called an access token": a_token(person_claims(token_use="access", scope="undelivered/host")),
            "embed token signed with a guess": f"embed.{sign_token(b'guessed', 'embed', EMBEDDING)}",
            "token of an unsubscribe link": f"embed.{sign_token(SIGNING_SECRET, 'unsubscribe', EMBEDDING)}",
            "embed token without its beginning": sign_token(SIGNING_SECRET, "embed", EMBEDDING),
            "expired embed token": f"embed.{sign_token(SIGNING_SECRET, 'embed', EXPIRED_EMBEDDING)}",
            "embed token with another role": altered(embedded("viewer"), "viewer", "manager"),
            "embed token with another account": altered(embedded(account_id=OTHER), OTHER, ACCOUNT),
        }

    FORGED = forged()

    @pytest.mark.parametrize("route", GUARDED)
    def test_what_is_forged_opens_no_route(self, api, route):
        before = belongings(api)

        for kind, token in self.FORGED.items():
            answer = call(api, route, {"Authorization": token, "X-Account-Id": ACCOUNT})

            assert (kind, answer.status, answer.json["code"]) == (kind, 401, "unauthorized")
            assert SECRET not in answer.text
        assert belongings(api) == before

    @pytest.mark.parametrize("route", GUARDED)
    def test_a_persons_access_token_opens_no_route(self, api, route):
        token = a_token(person_claims(token_use="access", client_id="console-client", scope="openid email"))

        assert call(api, route, {"Authorization": token, "X-Account-Id": ACCOUNT}).status == 403


class TestRoles:
    @pytest.mark.parametrize("route", GUARDED)
    def test_each_role_gets_as_far_as_the_table_says(self, api, route):
        callers = {
            Role.VIEWER: viewer(),
            Role.MANAGER: manager(),
            Role.EMBEDDED_VIEWER: embedded("viewer"),
            Role.EMBEDDED_MANAGER: embedded("manager"),
            Role.BADGE: embedded("manager", page="count"),
            Role.HOST: host(),
        }
        refused = {role for role, headers in callers.items() if call(api, route, headers).status == 403}

        assert refused == set(Role) - route.access.value

    # An export is a way of reading.
    @pytest.mark.parametrize("route", guarded(lambda route: route.path != "/exports"))
    def test_a_viewer_changes_nothing(self, api, route):
        before = belongings(api)

        for headers in (viewer(), embedded("viewer"), embedded("manager", page="count")):
            answer = call(api, route, headers)

            assert belongings(api) == before
            assert route.method == "GET" or answer.status == 403

    @pytest.mark.parametrize("route", guarded(lambda route: route.access is not Access.COUNT))
    def test_a_token_for_the_badge_opens_the_count_alone(self, api, route):
        assert call(api, route, embedded("manager", page="count")).status == 403
        assert api.get("/undelivered/count", embedded("manager", page="count")).status == 200

    @pytest.mark.parametrize("route", GUARDED)
    def test_an_embed_token_opens_nothing_that_the_host_application_itself_may_not(self, api, route):
        if Role.HOST not in route.access.value:
            assert call(api, route, embedded("manager")).status == 403

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", "/settings"), ("POST", "/embed-tokens"), ("DELETE", "/embed-tokens")]
    )
    def test_an_embed_token_neither_changes_settings_nor_mints_or_revokes_tokens(self, api, method, path):
        body = BODIES.get(f"{method} {path}")

        assert api.call(method, path, headers=embedded("manager"), body=body).status == 403
        assert not api.embed_revocations.revoked

    @pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("GET", "/data")])
    def test_only_managers_have_a_customer_erased_or_told_in_full(self, api, method, path):
        for headers in (host(), viewer(), embedded("manager")):
            assert api.call(method, f"/customers/c-{SECRET}{path}", headers=headers).status == 403
        assert api.call(method, f"/customers/c-{SECRET}{path}", headers=manager()).status in {200, 202}

    def test_only_routes_that_read_are_open_to_viewers(self):
        acting = {(route.method, route.path) for route in ROUTES if route.method != "GET"}
        open_to_viewers = {(route.method, route.path) for route in ROUTES if Role.VIEWER in route.access.value}

        assert acting & open_to_viewers == {("POST", "/exports")}


class TestBodies:
    @pytest.mark.parametrize("route", TAKING)
    def test_fields_that_nobody_asked_for_are_refused(self, api, route):
        before = belongings(api)

        for field in ("account_id", "role", "version", "state", "__proto__"):
            body = {**BODIES[f"{route.method} {route.path}"], field: OTHER}
            answer = api.call(route.method, url_of(route, api), headers=permitted(route), body=body)

            assert (answer.status, answer.json["code"]) == (400, "invalid_body")
            assert answer.json["errors"][0]["field"] == field
        assert belongings(api) == before

    def test_nor_in_a_notification(self, api):
        answer = api.post("/notifications", {"notifications": [{**NOTIFICATION, "account_id": OTHER}]}, host())

        assert answer.json["accepted"] == []
        assert answer.json["refused"][0]["code"] == "invalid_body"

    @pytest.mark.parametrize("route", TAKING)
    def test_huge_ones_are_refused(self, api, route):
        raw = json.dumps({"x": "y" * route.max_body_bytes})

        answer = api.call(route.method, url_of(route, api), headers=permitted(route), raw=raw)

        assert (answer.status, answer.json["code"]) == (413, "too_large")

    BROKEN = (
        "[" * 100_000,
        '{"a":' * 40_000,
        "\x00",
        "{",
        '"\\ud800"',
        "null",
        "[]",
        "1e999",
        '{"name": 1, "name": 2}',
    )

    @pytest.mark.parametrize("route", TAKING)
    def test_deep_and_broken_ones_are_refused(self, api, route):
        for raw in self.BROKEN:
            answer = api.call(route.method, url_of(route, api), headers=permitted(route), raw=raw)

            assert (raw[:30], answer.status) == (raw[:30], 400)


def with_a_newline(body, path):
    """A body whose text at a path of names has a newline behind it."""
    name, *rest = path
    if isinstance(body, list):
        return [with_a_newline(body[0], path)]
    return {**body, name: with_a_newline(body[name], rest) if rest else f"{body[name]}\n"}


IDENTIFIED = {**NOTIFICATION, "notification_id": "n-9"}


class TestTrailingNewlines:
    """In many languages, ``$`` in a pattern also matches before a final newline."""

    @pytest.mark.parametrize("route", guarded(lambda route: "{" in route.path))
    def test_a_value_of_the_path_does_not_have_one(self, api, route):
        before = belongings(api)
        url = url_of(route, api)
        values = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", route.path), url).groups()
        headers = manager() if Role.MANAGER in route.access.value else host()

        for value in values:
            if "%40" in value:
                continue  # blanks around an address are no part of it
            tried = url.replace(value, f"{value}%0A")
            body = BODIES.get(f"{route.method} {route.path}")
            assert api.call(route.method, tried, headers=headers, body=body).status in {400, 404}, tried
        assert belongings(api) == before

    @pytest.mark.parametrize("route", guarded(lambda route: Role.HOST in route.access.value))
    def test_nor_does_the_account_of_a_host(self, api, route):
        answer = call(api, route, {**host(), "X-Account-Id": f"{ACCOUNT}\n"})

        assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")

    @pytest.mark.parametrize(
        ("method", "url", "body", "path"),
        [
            ("POST", "/notifications", {"notifications": [IDENTIFIED]}, ["notifications", "notification_id"]),
            ("POST", "/notifications", {"notifications": [IDENTIFIED]}, ["notifications", "customer_id"]),
            ("POST", "/notifications", {"notifications": [IDENTIFIED]}, ["notifications", "channel"]),
            ("POST", "/exports", {"format": "csv"}, ["format"]),
            ("POST", "/exports", {"from": "2026-11-01"}, ["from"]),
            ("POST", "/exports", {"customer_id": "c-1"}, ["customer_id"]),
            ("PUT", f"/diagnostics/{shape_id('odd')}", {"reason": "mailbox_full"}, ["reason"]),
        ],
    )
    def test_nor_does_a_field_of_a_body(self, api, method, url, body, path):
        before = belongings(api)

        answer = api.call(method, url, headers=host(), body=with_a_newline(body, path))

        refused = answer.json["refused"][0] if "refused" in answer.json else answer.json
        assert refused["code"].startswith("invalid_"), answer.text
        assert path[-1] in str(refused.get("errors") or refused["detail"])
        assert belongings(api) == before


MAKING_ANEW = (
    "/exports",
    "/undelivered/resend",
    "/notifications",
    "/webhooks",
    "/webhooks/{webhook_id}/rotate-secret",
    "/webhooks/{webhook_id}/test",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    "/people/{person_id}/invitation",
    "/setup/test",
)


class TestRepeats:
    # An export, a batch, a notification without an id, a webhook, its secret and its deliveries, another
    # invitation and another test are new each time; what must not be is below.
    @pytest.mark.parametrize("route", guarded(lambda route: route.path not in MAKING_ANEW))
    def test_the_same_request_again_changes_nothing_more(self, api, route):
        headers = manager() if Role.MANAGER in route.access.value else host()
        first = call(api, route, headers)
        after = belongings(api) if route.method != "GET" else None

        for _ in range(3):
            again = call(api, route, headers)

            assert again.status in {first.status, 404, 409}
            assert after is None or belongings(api) == after

    def test_a_bulk_resend_without_a_key_starts_each_item_once(self, api):
        api.notifications.add(a_notification("n-7"))
        body = {"ids": [item_id(ITEM.entry_key)]}
        api.customers.stored[ACCOUNT, f"c-{SECRET}"] = a_customer(f"c-{SECRET}", email="new@example.com", version=1)
        first, *others = [api.post("/undelivered/resend", body) for _ in range(3)]

        assert first.json["accepted"] == 1
        assert [(each.json["accepted"], each.json["refused"][0]["code"]) for each in others] == [
            (0, "resend_already_running"),
            (0, "resend_already_running"),
        ]
        assert len(api.resends.orders) == 1

    def test_nor_do_many_notifications_of_one_id(self, api):
        one = {**NOTIFICATION, "notification_id": "n-once", "to": "zoe@example.com"}

        answer = api.post("/notifications", {"notifications": [one] * 100}, host())

        assert len(answer.json["accepted"]) == 100
        assert [order.notification_id for order in api.sends.orders] == ["n-once"]


class Busy:
    """A store that is too busy for anything, for as long as anybody waits."""

    def __getattr__(self, name):
        def refuse(*_arguments, **_options):
            raise RetryableError(f"timed out while looking for {SECRET}")

        return refuse


class TestSlowness:
    @pytest.mark.parametrize("route", guarded(lambda route: route.name not in READ_NO_STORE))
    def test_a_store_that_does_not_answer_in_time_is_told_as_such_and_no_more(self, api, route):
        stores = ("undelivered", "reports", "notifications", "customers", "suppressions", "erasures", "accounts")
        busy = {name: Busy() for name in (*stores, "resend_batches", "idempotency")}
        exports = ExportPorts(Busy(), Busy(), Busy())
        webhooks = WebhookPorts(Busy(), Busy(), Busy(), loopback=False)
        rare = {"exports": lambda: exports, "diagnostics": lambda: DiagnosticPorts(Busy(), Busy())}
        rare |= {"webhooks": lambda: webhooks, "views": Busy, "signing_keys": Busy, "embed_revocations": Busy}
        ports = replace(
            api.ports, **busy, **rare, provider_suppressions=Busy, attachment_files=Busy, people=Busy, acts=Busy
        )
        api.use_cases = ApiUseCases(ports, lambda: api.limits, api.clock)

        answer = call(api, route, manager() if Role.MANAGER in route.access.value else host())

        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "throttled", "1")
        assert SECRET not in answer.text


class TestPages:
    @pytest.mark.parametrize("path", ["/undelivered", "/suppressions"])
    @pytest.mark.parametrize("limit", ["201", "1000000000", "0", "-1", "1e3", "99999999999999999999"])
    def test_have_a_size_that_bounds_their_cost(self, api, path, limit):
        assert api.get(f"{path}?limit={limit}").status == 400

    def test_a_rare_reason_does_not_read_the_whole_list_at_once(self, api, monkeypatch):
        for number in range(40):
            api.suppressions.save(None, a_suppression(f"{number:02}@example.com"))
        api.suppressions.save(None, a_suppression("zoe@example.com", reason=SuppressionReason.UNSUBSCRIBED))
        page, read = api.suppressions.page, []
        monkeypatch.setattr(api.suppressions, "page", lambda *wanted: read.append(wanted) or page(*wanted))
        url, found = "/suppressions?reason=unsubscribed&limit=2", []

        cursor = ""
        while cursor is not None:
            read.clear()
            told = api.get(f"{url}&cursor={cursor}" if cursor else url).json
            found, cursor = found + told["items"], told["next_cursor"]
            assert len(read) <= 10

        assert [one["address"] for one in found] == ["zoe@example.com"]

    def test_a_search_is_bounded(self, api):
        assert api.get(f"/undelivered?q={'a' * 201}").status == 400

    @pytest.mark.parametrize("cursor", ["%00", "AAAA", "'%20OR%201=1", "a" * 5_000, "..%2F..%2F", "%F0%9F%92%A9"])
    def test_cursors_that_were_made_up_are_refused(self, api, cursor):
        assert api.get(f"/undelivered?cursor={cursor}").status == 400


class TestPaths:
    VALUES = (
        "..%2F..%2Fsettings", "%2e%2e%2f", "%00", "a%00b", "%0d%0aX: y", "~accounts", "%25%32%65", "a" * 513,
        "%F0%9F%92%A9", "%FF", "acc-1~n", "'%20OR%20'1'='1", "%24%7Bjndi:ldap:x%7D", "<script>",
    )  # fmt: skip

    @pytest.mark.parametrize("route", [param for param in NAMED if "{" in param.values[0].path])
    def test_tricks_in_ids_find_nothing(self, api, route):
        before = belongings(api)

        for value in self.VALUES:
            url = route.path.replace("{channel}", "email")
            url = re.sub(r"{\w+}", lambda _, value=value: value, url)
            headers = manager() if route.access is Access.MANAGE else host()
            answer = api.call(route.method, url, headers=headers, body=BODIES.get(f"{route.method} {route.path}"))

            assert (value, answer.status) in {(value, 400), (value, 404)}
            assert "<script>" not in answer.text or "json" in answer.headers["Content-Type"]
            assert not any("\n" in f"{name}{text}" or "\r" in f"{name}{text}" for name, text in answer.headers.items())
        assert belongings(api) == before


class TestHeaders:
    BREAKS = ("a\r\nBcc: all@example.com", "a\nBcc: all@example.com", "a\rb", "a\x00b", "a\x0bb", "a\x85b", "a\u2028b")

    @pytest.mark.parametrize("text", BREAKS)
    @pytest.mark.parametrize("field", ["title", "subject"])
    def test_none_is_added_through_a_title_or_subject(self, api, field, text):
        answer = api.post("/notifications", {"notifications": [{**NOTIFICATION, field: text}]}, host())

        assert answer.json["accepted"] == []

    @pytest.mark.parametrize("text", BREAKS)
    def test_nor_through_a_name(self, api, text):
        assert api.put("/customers/c-9", {"name": text, "email": "x@example.com"}, host()).status == 400
        assert api.patch(f"/customers/c-{SECRET}", {"name": text}).status == 400

    @pytest.mark.parametrize("text", [*BREAKS, "Eve <eve@example.com>\r\nBcc: all@example.com"])
    def test_nor_through_the_sender(self, api, text):
        for sender in (text, f"{text} <notices@example.com>"):
            assert api.put("/settings", {"sender": sender}).status == 400

    @pytest.mark.parametrize(
        "address", ["a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a b@c.de"]
    )
    def test_nor_through_an_address(self, api, address):
        assert api.put("/customers/c-9", {"name": "Eve", "email": address}, host()).status == 400
        told = api.post("/notifications", {"notifications": [{**NOTIFICATION, "to": address}]}, host())
        assert told.json["accepted"] == []
        assert api.put("/settings", {"digest": {"recipients": [address]}}).status == 400


class TestSenders:
    """Who sets a sender speaks in its name."""

    @pytest.mark.parametrize("sender", ["rent@harbor.example", "Harbor <rent@harbor.example>"])
    def test_an_account_without_identities_speaks_as_nobody(self, api, sender):
        answer = api.put("/settings", {"sender": sender}, manager(OTHER))

        assert (answer.status, answer.json["code"]) == (400, "invalid_body")
        assert answer.json["errors"][0]["field"] == "sender"
        assert "Ask your administrator" in answer.json["errors"][0]["message"]

    @pytest.mark.parametrize(
        "address",
        ["a@meadow.example", "A@Mail.Meadow.EXAMPLE", "a@deep.mail.meadow.example", "boss@harbor.example"],
    )  # fmt: skip
    def test_no_other_account_speaks_as_an_identity_that_is_given(self, api, address):
        identities = ("meadow.example", "boss@harbor.example")
        api.mappings.mapping = AccountMapping(identities=dict.fromkeys(identities, OTHER))

        for sender in (address, f"Harbor <{address}>"):
            assert api.put("/settings", {"sender": sender}, manager()).status == 400
            assert api.put("/settings", {"sender": sender}, manager(OTHER)).json["sender"] == sender

    @pytest.mark.parametrize(
        "address", ["a@meadow.example.evil.example", "a@notmeadow.example", "a@example", "rent@meadow.example.com"]
    )
    def test_a_domain_that_only_looks_like_a_given_one_is_not_given(self, api, address):
        api.mappings.mapping = AccountMapping(identities={"meadow.example": OTHER})

        assert api.put("/settings", {"sender": address}, manager(OTHER)).status == 400

    @pytest.mark.parametrize(
        "sender",
        [
            "a@example.com, b@example.com", "a@example.com,b@other.example", "<a@example.com>, <b@example.com>",
            "Us: a@example.com, b@example.com;", "Us: a@example.com;", "undisclosed:;",
            "A <a@example.com> <b@example.com>", "A <b@other.example> a@example.com", "<@other.example:a@example.com>",
            "a@other.example <a@example.com>", '"a@other.example" <a@example.com>', "a@example.com (b@other.example)",
            "=?utf-8?q?a=40other=2Eexample=2C?= <a@example.com>", "=?utf-8?q?a?=@example.com",
            '"a@other.example"@example.com', '"A\\" <b@other.example>" <a@example.com', "a@other.example@example.com",
            "A <a@example.com>;", "A\t<a@example.com>\t, b@example.com", "A\u200b <a@example.com>", "<a@example.com",
            "<>",
        ],
    )  # fmt: skip
    def test_a_sender_is_one_address_whatever_is_tried(self, api, sender):
        answer = api.put("/settings", {"sender": sender})

        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "sender")

    @pytest.mark.parametrize("field", ["sender", "reply_to"])
    @pytest.mark.parametrize(
        "mailbox",
        [
            "rent@meadow.example", "Us <rent@MEADOW.example>", "a@example.com, b@example.com", "<a@example.com",
            "a@other.example <a@example.com>", "Eve <eve@example.com>\r\nBcc: all@example.com", "a\u2028b@example.com",
        ],
    )  # fmt: skip
    def test_nor_does_a_message_name_another_address(self, api, field, mailbox):
        api.mappings.mapping = AccountMapping(identities={"meadow.example": OTHER})

        answer = api.post("/notifications", {"notifications": [{**NOTIFICATION, field: mailbox}]}, host())

        (refused,) = answer.json["refused"]
        assert (refused["code"], refused["field"]) == ("invalid_sender", f"notifications[0].{field}")
        assert answer.json["accepted"] == []


class TestCategories:
    @pytest.mark.parametrize(
        "category",
        ["", "News", "a~b", "a b", "a" * 33, "-a", "_a", "a\n", "\u0430", "a/b", "a#b", ["a"], {"id": "a"}, 1],
    )
    def test_no_other_id_is_accepted(self, api, category):
        answer = api.post("/notifications", {"notifications": [{**NOTIFICATION, "category": category}]}, host())

        assert [refused["code"] for refused in answer.json["refused"]] == ["invalid_body"]
        assert api.put("/settings", {"categories": [{"id": category, "title": "News"}]}).status == 400
        row = {"channel": "email", "address": "a@example.com", "reason": "unsubscribed", "category": category}
        assert api.put("/suppressions", {"suppressions": [row]}).json["results"][0]["outcome"] == "refused"

    @pytest.mark.parametrize("title", ["", " ", "a\nb", "a\u2028b", "x" * 81, None])
    def test_nor_another_title(self, api, title):
        assert api.put("/settings", {"categories": [{"id": "a", "title": title}]}).status in {400, 413}

    def test_nor_an_id_twice_nor_too_many(self, api):
        twice = [{"id": "a", "title": "A"}, {"id": "a", "title": "B"}]
        many = [{"id": f"a{number}", "title": "A"} for number in range(21)]

        assert api.put("/settings", {"categories": twice}).json["errors"][0]["field"] == "categories[1].id"
        assert api.put("/settings", {"categories": many}).status == 413
        assert api.put("/settings", {"categories": many[:20]}).status == 200

    def test_a_title_is_text_on_the_page(self, api):
        api.put("/settings", {"categories": [{"id": "a", "title": "<script>alert(1)</script>"}]})
        attempt = an_attempt(number=1)
        api.notifications.claim(attempt)
        payload = f"{ACCOUNT}~{attempt.notification_id}~1~a"
        token = sign_token(api.keys.secrets()[0], "unsubscribe-category", payload)

        page = api.get(f"/unsubscribe/{token}", headers={})

        assert page.status == 200
        assert "&lt;script&gt;" in page.text
        assert "<script" not in page.text


class TestSharedSuppressions:
    """The accounts share the lists of the providers."""

    EMAIL, PHONE = "shared@example.com", "+12065550100"

    def lift(self, api, channel, address, **more):
        return api.delete(f"/suppressions/{channel}/{address}", {"why": "she called", **more}, manager(OTHER))

    @pytest.mark.parametrize("reason", list(SuppressionReason))
    def test_no_account_takes_off_the_entry_that_another_holds(self, api, reason):
        api.suppressions.save(None, a_suppression(self.EMAIL, reason=reason))
        api.suppressions.save(None, a_suppression(self.EMAIL, account_id=OTHER))

        answer = self.lift(api, "email", self.EMAIL)

        assert (answer.status, answer.json["provider_entry"], answer.json["active"]) == (200, "kept", False)
        assert api.provider.lifted == []
        assert ACCOUNT not in answer.text
        assert "another account" in answer.json["audit"][-1]["detail"]

    def test_the_last_account_takes_it_off(self, api):
        lifted = a_suppression(self.EMAIL, since=NOW, lifted_at=NOW)
        api.suppressions.save(None, lifted)
        api.suppressions.save(None, a_suppression(self.EMAIL, account_id=OTHER))

        assert self.lift(api, "email", self.EMAIL).json["provider_entry"] == "removed"
        assert api.provider.lifted == [(Channel.EMAIL, self.EMAIL, False)]

    def test_nor_is_an_entry_taken_off_whose_customer_the_other_account_erased(self, api):
        api.suppressions.save(None, a_suppression(self.EMAIL))
        api.suppressions.hide(ACCOUNT, Channel.EMAIL, self.EMAIL)
        api.suppressions.save(None, a_suppression(self.EMAIL, account_id=OTHER))

        assert self.lift(api, "email", self.EMAIL).json["provider_entry"] == "kept"

    @pytest.mark.parametrize(
        ("reason", "entry"), [(SuppressionReason.OPTED_OUT, "kept"), (SuppressionReason.BOUNCE, "removed")]
    )
    def test_nor_does_an_opt_in_undo_the_opt_out_that_another_account_holds(self, api, reason, entry):
        phone = {"channel": Channel.SMS}
        api.suppressions.save(None, a_suppression(self.PHONE, reason=reason, **phone))
        api.suppressions.save(
            None, a_suppression(self.PHONE, account_id=OTHER, reason=SuppressionReason.OPTED_OUT, **phone)
        )

        assert self.lift(api, "sms", self.PHONE, consent=CONSENT).json["provider_entry"] == entry


class TestMarkup:
    def test_stays_text_in_answers_that_are_never_taken_for_a_page(self, api):
        title = "<img src=x onerror=alert(1)>"
        api.add(an_item(Reason.MAILBOX_FULL, number=30, title=title))

        answer = api.get("/undelivered")

        assert title in {item["title"] for item in answer.json["items"]}
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


class TestContactLinks:
    """What somebody may try with a link to correct a contact, or without one."""

    FORM = "application/x-www-form-urlencoded"

    @pytest.fixture
    def asked(self, api):
        request = ContactRequest(
            ACCOUNT,
            f"c-{SECRET}",
            "2026-11-1",
            Channel.EMAIL,
            failed_contact=f"{SECRET}@example.com",
            to="+12065550100",
            entry_key=ITEM.entry_key,
            asked_at=NOW,
            send_at=NOW,
            by="host",
            nonce="f" * 16,
        )
        return api.contact_requests.save(request)

    def press(self, api, token, raw):
        return api.post(f"/correct/{token}", raw=raw, headers={}, content_type=self.FORM)

    def test_takes_only_tokens_made_for_it(self, api, asked):
        secret, key = api.keys.secrets()[0], asked.key
        good = link_token(secret, key)
        forged = {
            "another key": link_token(b"guessed", key),
            "another purpose": sign_token(
                secret, "unsubscribe", f"{ACCOUNT}~{key.customer_digest}~2026-11-1~{'f' * 16}"
            ),
            "another account": link_token(secret, replace(key, account_id=OTHER)),
            "another customer": link_token(secret, replace(key, customer_digest="0" * 12)),
            "another request": link_token(secret, replace(key, request_id="2026-11-2")),
            "a request before an erasure": link_token(secret, replace(key, nonce="e" * 16)),
            "cut off": good[:-2],
        }
        before = belongings(api)

        for token in forged.values():
            assert api.get(f"/correct/{token}", headers={}).status == 404
            for step in ("open", "contact&contact=eve@example.net", "code&code=000000", "not_me"):
                answer = self.press(api, token, f"step={step}")
                assert answer.status == 404
                assert SECRET not in answer.text

        assert belongings(api) == before
        assert api.get(f"/correct/{good}", headers={}).status == 200

    def test_opening_the_page_does_nothing_and_shows_no_address(self, api, asked):
        token, before = link_token(api.keys.secrets()[0], asked.key), belongings(api)

        page = api.get(f"/correct/{token}", headers={})

        assert SECRET not in page.text + base64.urlsafe_b64decode(token.partition(".")[0] + "==").decode()
        assert belongings(api) == before

    def test_no_step_shows_the_old_address(self, api, asked):
        token = link_token(api.keys.secrets()[0], asked.key)

        for step in ("open", "contact&contact=", "contact&contact=eve@example.net", "code&code=1", "not_me"):
            assert f"{SECRET}@" not in self.press(api, token, f"step={step}").text

    def test_nobody_takes_over_without_the_code_to_the_new_address(self, api, asked):
        token = link_token(api.keys.secrets()[0], asked.key)
        self.press(api, token, "step=contact&contact=eve@example.net")
        nonce = api.contact_requests.find(asked.key).code.nonce
        right = code_of(api.keys.secrets()[0], nonce)

        for tried in range(40):  # more than all tries that a link has
            code = f"{(int(right) + 1 + tried) % 1_000_000:06}"
            self.press(api, token, f"step=code&code={code}&contact=eve@example.net")
        self.press(api, token, f"step=code&code={right}")

        assert api.customers.find(ACCOUNT, f"c-{SECRET}").email == f"{SECRET}@example.com"

    @pytest.mark.parametrize("raw", ["step=contact&contact=" + "a" * 5_000, "&".join(f"f{i}=1" for i in range(50))])
    def test_large_forms_are_refused(self, api, asked, raw):
        assert self.press(api, link_token(api.keys.secrets()[0], asked.key), raw).status in {400, 413}

    @pytest.mark.parametrize(
        "raw", ["%00=%ff", "step=%00", "step=contact&contact=%00%ff@x", "step=code&code=%F0%9F%98%80"]
    )
    def test_strange_forms_break_nothing(self, api, asked, raw):
        assert self.press(api, link_token(api.keys.secrets()[0], asked.key), raw).status in {200, 400}


class TestUnsubscribing:
    def test_takes_only_tokens_made_for_it(self, api):
        payload = f"{ACCOUNT}~n-{SECRET}~1"
        secret = api.keys.secrets()[0]
        good = sign_token(secret, "unsubscribe", payload)
        forged = {
            "another purpose": sign_token(secret, "cursor", payload),
            "another key": sign_token(b"guessed", "unsubscribe", payload),
            "no signature": base64.urlsafe_b64encode(payload.encode()).decode(),
            "another account": f"{encoded(f'{OTHER}~n-{SECRET}~1'.encode())}.{good.partition('.')[2]}",
            "cut off": good[:-2],
        }
        before = belongings(api)

        for token in forged.values():
            assert api.call("POST", f"/unsubscribe/{token}").status == 404
            assert api.call("GET", f"/unsubscribe/{token}").status == 404

        assert belongings(api) == before
        assert api.call("POST", f"/unsubscribe/{good}").status == 200

    def test_opening_the_page_does_nothing_and_tells_no_address(self, api):
        token = sign_token(api.keys.secrets()[0], "unsubscribe", f"{ACCOUNT}~n-{SECRET}~1")
        before = belongings(api)

        page = api.call("GET", f"/unsubscribe/{token}")

        assert page.status == 200
        assert SECRET not in page.text
        assert belongings(api) == before
