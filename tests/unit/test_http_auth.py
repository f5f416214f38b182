"""Whose tokens are believed, and what they allow."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from tests.builders.api import (
    CONSOLE,
    HOST,
    ISSUER,
    MANAGER_NAME,
    a_token,
    encoded,
    host_claims,
    key_set,
    person_claims,
    signing_key,
)
from tests.builders.items import ACCOUNT, NOW
from undelivered.domain.errors import RetryableError
from undelivered.entrypoints.http.auth import Principal, Role, TokenVerifier, authenticate, authorize
from undelivered.entrypoints.http.errors import ProblemError


class Pool:
    """A user pool whose key set is counted and can be changed."""

    def __init__(self, *documents):
        self.documents = list(documents) or [key_set()]
        self.fetched = 0
        self.time = NOW.timestamp()

    def fetch(self):
        self.fetched += 1
        document = self.documents[min(self.fetched, len(self.documents)) - 1]
        if isinstance(document, Exception):
            raise document
        return document

    def verifier(self):
        return TokenVerifier(ISSUER, frozenset({CONSOLE, HOST}), self.fetch, now=lambda: self.time)


def caller(token, **headers):
    return authenticate(Pool().verifier(), {"authorization": token, **headers})


def refusal(token, **headers):
    with pytest.raises(ProblemError) as raised:
        caller(token, **headers)
    return raised.value.status


@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer ", "BEARER  "])
def test_a_users_token_has_the_account_role_and_name(scheme):
    token = f"{scheme}{a_token(person_claims())}"

    assert caller(token) == Principal(ACCOUNT, Role.MANAGER, MANAGER_NAME, "11111111-2222", "manager@example.com")


@pytest.mark.parametrize("verified", [False, "true", None])
def test_an_address_that_is_not_verified_names_nobody(verified):
    token = a_token(person_claims(email_verified=verified))

    assert caller(token).name == "11111111-2222"


def test_a_user_without_an_address_is_named_by_the_subject():
    assert caller(a_token(person_claims(email=None))).name == "11111111-2222"


def test_the_account_header_of_a_person_is_ignored():
    assert caller(a_token(person_claims()), **{"X-Account-Id": "acc-2"}).account_id == ACCOUNT


def test_the_group_decides_the_role():
    assert caller(a_token(person_claims("viewers"))).role is Role.VIEWER
    assert caller(a_token(person_claims(**{"cognito:groups": ["viewers", "managers"]}))).role is Role.MANAGER


def test_the_host_application_names_the_account():
    assert caller(a_token(host_claims()), **{"X-Account-Id": "acc-2"}) == Principal("acc-2", Role.HOST, "host")


@pytest.mark.parametrize("account", ["", "a b", "a#b", "~accounts", "x" * 65, "a\n"])
def test_the_host_application_must_name_an_account(account):
    assert refusal(a_token(host_claims()), **{"X-Account-Id": account}) == 400


@pytest.mark.parametrize(
    "claims",
    [
        host_claims(scope="undelivered/other"),
        host_claims(scope="undelivered/hostess"),
        host_claims(scope=""),
        host_claims(scope="openid email", client_id=CONSOLE),
        person_claims(**{"cognito:groups": ["admins"]}),
        person_claims(**{"cognito:groups": None}),
        person_claims(**{"cognito:groups": "managers"}),
        person_claims(account_id=""),
        person_claims(**{"custom:account_id": None}),
        person_claims(account_id="~accounts"),
    ],
)
def test_a_valid_token_without_role_account_or_scope_is_a_403(claims):
    assert refusal(a_token(claims), **{"X-Account-Id": ACCOUNT}) == 403


@pytest.mark.parametrize(
    "claims",
    [
        person_claims(iss="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Other"),
        person_claims(iss=None),
        person_claims(aud="another-client"),
        person_claims(aud=[CONSOLE]),
        person_claims(aud=None, client_id=CONSOLE),
        person_claims(exp=NOW.timestamp() - 31),
        person_claims(exp=None),
        person_claims(exp="tomorrow"),
        person_claims(nbf=NOW.timestamp() + 31),
        person_claims(token_use=None),
        person_claims(token_use="refresh"),
        person_claims(token_use="access"),
        host_claims(client_id="another-client"),
        host_claims(token_use="id"),
    ],
)
def test_a_token_of_another_pool_client_time_or_use_is_a_401(claims):
    assert refusal(a_token(claims), **{"X-Account-Id": ACCOUNT}) == 401


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "RS512"}, {"alg": None}, {"kid": "other"}]
)
def test_only_rs256_by_a_key_of_the_pool_counts(header):
    assert refusal(a_token(person_claims(), header=header)) == 401


def test_a_key_of_somebody_else_does_not_count():
    assert refusal(a_token(person_claims(), key=generate_private_key(65537, 2048))) == 401


def test_claims_changed_after_signing_do_not_count():
    head, _, signature = a_token(person_claims("viewers")).split(".")
    changed = encoded(json.dumps(person_claims("managers")).encode())

    assert refusal(f"{head}.{changed}.{signature}") == 401


@pytest.mark.parametrize(
    "token",
    [
        "",
        "Bearer",
        "Bearer ",
        "x",
        "a.b",
        "a.b.c",
        "..",
        "é.é.é",
        "a.b.c.d",
        f"{encoded(b'[1]')}.{encoded(b'{}')}.",
        "x" * 9_000,
    ],
)
def test_what_is_no_token_is_a_401(token):
    assert refusal(token) == 401


def test_no_header_at_all_is_a_401_with_a_challenge():
    with pytest.raises(ProblemError) as raised:
        authenticate(Pool().verifier(), {})

    assert raised.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_keys_are_fetched_once():
    pool = Pool()
    verifier = pool.verifier()

    for _ in range(3):
        verifier.claims(a_token(person_claims()))

    assert pool.fetched == 1


def test_a_rotated_key_is_fetched_but_forged_key_ids_fetch_once_a_minute():
    new = generate_private_key(65537, 2048)
    pool = Pool(key_set(), key_set(new, "key-2"))
    verifier = pool.verifier()
    verifier.claims(a_token(person_claims()))
    rotated = a_token(person_claims(), key=new, header={"kid": "key-2"})

    for _ in range(3):
        with pytest.raises(ProblemError):
            verifier.claims(rotated)
    pool.time += 61

    assert verifier.claims(rotated)["email"] == "manager@example.com"
    assert pool.fetched == 2


def test_known_keys_stay_when_the_pool_cannot_be_reached_and_unknown_ones_are_fetched_once_a_minute():
    pool = Pool(key_set(), RetryableError("the pool is away"))
    verifier = pool.verifier()
    known, unknown = a_token(person_claims()), a_token(person_claims(), header={"kid": "key-2"})
    verifier.claims(known)
    pool.time += 61

    with pytest.raises(RetryableError):
        verifier.claims(unknown)
    for _ in range(3):
        with pytest.raises(ProblemError):
            verifier.claims(unknown)

    assert verifier.claims(known)
    assert pool.fetched == 2


def test_without_any_key_each_request_fetches_them():
    pool = Pool(RetryableError("the pool is away"), key_set())
    verifier = pool.verifier()

    with pytest.raises(RetryableError):
        verifier.claims(a_token(person_claims()))

    assert verifier.claims(a_token(person_claims()))


def test_without_keys_nothing_can_be_said_for_now():
    with pytest.raises(RetryableError):
        Pool(b"<html>").verifier().claims(a_token(person_claims()))


def test_keys_of_other_kinds_are_passed_over():
    document = json.loads(key_set())
    document["keys"].insert(0, {"kid": "ec", "kty": "EC", "crv": "P-256"})

    assert Pool(json.dumps(document).encode()).verifier().claims(a_token(person_claims(), key=signing_key()))


def test_a_role_outside_those_allowed_is_a_403():
    with pytest.raises(ProblemError) as raised:
        authorize(Principal(ACCOUNT, Role.VIEWER, "v"), frozenset({Role.MANAGER}))

    assert raised.value.status == 403
