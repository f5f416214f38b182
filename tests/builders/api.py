"""The API on stores in memory, called as API Gateway calls it, with tokens signed for real."""

import base64
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

from chalice.app import Chalice
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tests.builders.items import ACCOUNT, NOW
from tests.fakes import (
    FakeAccountMappings,
    FakeAccountStore,
    FakeActStore,
    FakeAttachmentFiles,
    FakeContactRequestStore,
    FakeCustomerStore,
    FakeDeliveryQueue,
    FakeDeliveryStore,
    FakeEmbedRevocations,
    FakeEndedSessions,
    FakeErasureStore,
    FakeEvidenceKeys,
    FakeExportFiles,
    FakeExportRunner,
    FakeExportStore,
    FakeHashes,
    FakeLastEventStore,
    FakeNotificationStore,
    FakePeopleStore,
    FakeProviderSuppressions,
    FakeQueue,
    FakeReportReader,
    FakeRequestCountStore,
    FakeResendBatchStore,
    FakeSentCountStore,
    FakeSetupTestStore,
    FakeShapeMappingStore,
    FakeSigningKeys,
    FakeSuppressionStore,
    FakeUndeliveredStore,
    FakeUnrecognisedStore,
    FakeUserPool,
    FakeViewStore,
    FakeWebhookStore,
)
from undelivered.adapters.aws.people_function import PeopleFunction, answer_request
from undelivered.bootstrap.api import ApiPorts, ApiUseCases, DiagnosticPorts, ExportPorts, WebhookPorts
from undelivered.domain.people import PersonRole
from undelivered.entrypoints.http import auth
from undelivered.entrypoints.http.router import refuse_other_methods, register
from undelivered.entrypoints.http.routes import ROUTES
from undelivered.services.embed_tokens import EmbedTokens
from undelivered.services.manage_people import ManagePeople
from undelivered.services.ports import IdempotencyRecord
from undelivered.services.request_limits import LimitedWork
from undelivered.services.sender_rule import SenderRule
from undelivered.settings import ApiSettings

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Test"
CONSOLE, HOST = "console-client", "host-client"
API_SETTINGS = ApiSettings(
    sends_queue_url="https://sends.test",
    resends_queue_url="https://resends.test",
    exports_bucket="exports",
    exports_queue_url="https://exports.test",
    attachments_bucket="attachments",
    webhooks_queue_url="https://webhooks.test",
    webhooks_to_loopback=False,
    people_function="arn:people",
    erasure_secret_arn="arn:erasure",
    signing_secret_arn="arn:signing",
    evidence_keys=("arn:key",),
    token_issuer=ISSUER,
    token_client_ids=(CONSOLE, HOST),
    token_keys_url="https://keys.test/",
    allowed_origins=frozenset({"https://app.example.com"}),
    default_account_id=ACCOUNT,
    per_minute={"searches": 60, "notifications": 6_000, "bulk_resends": 6, "invitations": 10},
)
PLENTY = dict.fromkeys(LimitedWork, 1_000_000)


@cache
def signing_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def key_set(key=None, kid="key-1") -> bytes:
    numbers = (key or signing_key()).public_key().public_numbers()
    n = encoded(numbers.n.to_bytes(256))
    return json.dumps(
        {"keys": [{"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": "AQAB"}]}
    ).encode()


def a_token(claims, *, key=None, header=None) -> str:
    head = {"alg": "RS256", "kid": "key-1", **(header or {})}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{encoded((key or signing_key()).sign(signed.encode(), PKCS1v15(), SHA256()))}"


MANAGER_NAME = "manager@example.com (11111111-2222)"
"""What the audit trail says of the manager below."""


def person_claims(group="managers", *, account_id=ACCOUNT, **changes):
    claims = {
        "iss": ISSUER,
        "aud": CONSOLE,
        "token_use": "id",
        "exp": NOW.timestamp() + 3_600,
        "custom:account_id": account_id,
        "cognito:groups": [group],
        "email": f"{group[:-1]}@example.com",
        "email_verified": True,
        "sub": "11111111-2222",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def host_claims(**changes):
    claims = {
        "iss": ISSUER,
        "client_id": HOST,
        "token_use": "access",
        "exp": NOW.timestamp() + 3_600,
        "scope": "undelivered/host",
        "sub": HOST,
    }
    return {**claims, **changes}


def manager(account_id=ACCOUNT):
    return {"Authorization": a_token(person_claims("managers", account_id=account_id))}


def viewer(account_id=ACCOUNT):
    return {"Authorization": f"Bearer {a_token(person_claims('viewers', account_id=account_id))}"}


def host(account_id=ACCOUNT):
    return {"Authorization": f"Bearer {a_token(host_claims())}", "X-Account-Id": account_id}


def embedded(role="manager", account_id=ACCOUNT, *, page="console", name="Ada Byron"):
    """The headers of a caller with an embed token."""
    tokens = EmbedTokens(FakeSigningKeys(), FakeEmbedRevocations(), lambda: NOW)
    return {"Authorization": f"Bearer {tokens.mint(account_id, role, name, page=page).text}"}


@dataclass
class FakeIdempotencyStore:
    stored: dict[tuple[str, str], IdempotencyRecord] = field(default_factory=dict)

    def find(self, account_id, key):
        return self.stored.get((account_id, key))

    def save(self, record):
        self.stored[record.account_id, record.key] = record


@dataclass
class InvokedHere:
    """A client of Lambda that runs the function ``manage_people`` in this process."""

    people: ManagePeople

    def invoke(self, *, FunctionName, Payload):  # noqa: N803 - as the client calls them
        assert FunctionName == "people"
        try:
            answer = answer_request(self.people, json.loads(Payload))
        except Exception as error:  # noqa: BLE001 - as Lambda does
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(str(error)).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@dataclass
class Answered:
    """A response as API Gateway passes it on."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self):
        return json.loads(self.text)


@dataclass
class Api:
    """The API of a product on fakes, with a clock that a test moves."""

    time: datetime = NOW
    limits: dict[LimitedWork, int] = field(default_factory=lambda: PLENTY)

    def __post_init__(self):
        self.customers, self.suppressions = FakeCustomerStore(), FakeSuppressionStore()
        self.erasures = FakeErasureStore(self.customers)
        self.accounts, self.sends, self.resends = FakeAccountStore(), FakeQueue(), FakeQueue()
        self.items = FakeUndeliveredStore(self.suppressions, clock=self.clock)
        self.notifications = FakeNotificationStore(clock=self.clock)
        self.idempotency, self.provider, self.keys = (
            FakeIdempotencyStore(),
            FakeProviderSuppressions(),
            FakeSigningKeys(),
        )
        self.contact_requests = FakeContactRequestStore(self.clock)
        self.request_counts = FakeRequestCountStore()
        self.exports, self.export_files = FakeExportStore(), FakeExportFiles()
        self.files = FakeAttachmentFiles()
        self.embed_revocations = FakeEmbedRevocations()
        self.last_events = FakeLastEventStore()
        self.evidence_keys = FakeEvidenceKeys()
        self.views = FakeViewStore()
        self.acts = FakeActStore()
        self.setup_tests = FakeSetupTestStore()
        self.people, self.users, self.sessions = FakePeopleStore(), FakeUserPool(), FakeEndedSessions()
        self.users.add(ACCOUNT, "manager@example.com", PersonRole.MANAGER, person_id="11111111-2222")
        self.export_runner = FakeExportRunner()
        self.mappings = FakeAccountMappings()
        self.webhooks, self.deliveries, self.delivery_queue = (
            FakeWebhookStore(),
            FakeDeliveryStore(),
            FakeDeliveryQueue(),
        )
        self.unrecognised, self.shape_mappings = FakeUnrecognisedStore(), FakeShapeMappingStore()
        self.sent_counts = FakeSentCountStore()
        self.ports = ApiPorts(
            undelivered=self.items,
            reports=FakeReportReader(self.items),
            notifications=self.notifications,
            customers=self.customers,
            suppressions=self.suppressions,
            erasures=self.erasures,
            hashes=FakeHashes(),
            accounts=self.accounts,
            sends=self.sends,
            resends=self.resends,
            resend_batches=FakeResendBatchStore(),
            idempotency=self.idempotency,
            request_counts=lambda: self.request_counts,
            provider_suppressions=lambda: self.provider,
            signing_keys=lambda: self.keys,
            exports=lambda: ExportPorts(self.exports, self.export_files, self.export_runner),
            diagnostics=lambda: DiagnosticPorts(self.unrecognised, self.shape_mappings),
            webhooks=lambda: WebhookPorts(self.webhooks, self.deliveries, self.delivery_queue, loopback=False),
            sender_rule=lambda: SenderRule(self.mappings, ACCOUNT, default_sender=""),
            attachment_files=lambda: self.files,
            embed_revocations=lambda: self.embed_revocations,
            last_events=lambda: self.last_events,
            views=lambda: self.views,
            sent_counts=lambda: self.sent_counts,
            contact_requests=lambda: self.contact_requests,
            evidence_keys=lambda: self.evidence_keys,
            people_store=lambda: self.people,
            ended_sessions=lambda: self.sessions,
            setup_tests=lambda: self.setup_tests,
            acts=lambda: self.acts,
            people=lambda: PeopleFunction(
                InvokedHere(ManagePeople(self.people, self.users, self.sessions, self.clock)), "people"
            ),
        )
        self.use_cases = ApiUseCases(self.ports, lambda: self.limits, self.clock)
        self.app = Chalice("test", configure_logs=False)
        register(self.app, ROUTES, lambda: self.use_cases, lambda: API_SETTINGS)
        refuse_other_methods(self.app)

    def clock(self):
        return self.time

    def add(self, *items):
        """Put items on the report and return their ids."""
        for item in items:
            self.items.save(None, item)

    def call(self, method, url, *, headers=None, body=None, raw=None, content_type="application/json", ip=""):
        """Call a route by its URL below the stage."""
        event = proxy_event(self.app, method, url, headers or {}, raw if raw is not None else body, content_type)
        event["requestContext"]["identity"] = {"sourceIp": ip}
        answer = self.app(event, SimpleNamespace(aws_request_id="lambda-1"))
        return Answered(answer["statusCode"], answer["headers"], answer["body"])

    def get(self, url, headers=None):
        return self.call("GET", url, headers=headers if headers is not None else manager())

    def post(self, url, body=None, headers=None, **options):
        return self.call("POST", url, body=body, headers=headers if headers is not None else manager(), **options)

    def put(self, url, body=None, headers=None, **options):
        return self.call("PUT", url, body=body, headers=headers if headers is not None else manager(), **options)

    def patch(self, url, body=None, headers=None, **options):
        return self.call("PATCH", url, body=body, headers=headers if headers is not None else manager(), **options)

    def delete(self, url, body=None, headers=None, **options):
        return self.call("DELETE", url, body=body, headers=headers if headers is not None else manager(), **options)


def proxy_event(app, method, url, headers, body, content_type):  # noqa: PLR0917 - a request's parts
    """Return an API Gateway proxy event (REST API, payload of Lambda proxy integration)."""
    parts = urlsplit(url)
    resource, values = matching_resource(app, parts.path)
    parameters = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    sent = dict(headers)
    if body is not None:
        sent.setdefault("Content-Type", content_type)
        body = body if isinstance(body, str) else json.dumps(body)
    return {
        "resource": resource,
        "path": parts.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: value[-1] for name, value in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": values or None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": resource,
            "path": f"/api{parts.path}",
            "requestId": "request-1",
            "stage": "api",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def matching_resource(app, path):
    """Return the resource that API Gateway would choose (literal parts first), and its values, not decoded."""
    for resource in sorted(app.routes, key=lambda each: (each.count("{"), each)):
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", resource)
        if found := re.fullmatch(pattern, path):
            return resource, found.groupdict()
    raise LookupError(path)


def believe_test_tokens(monkeypatch):
    """Let the API take tokens signed by the tests' key, at the tests' time."""
    verifier = auth.TokenVerifier(ISSUER, frozenset({CONSOLE, HOST}), key_set, now=NOW.timestamp)
    monkeypatch.setattr("undelivered.entrypoints.http.router.token_verifier", lambda *_: verifier)
