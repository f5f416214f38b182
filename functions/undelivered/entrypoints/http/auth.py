"""Authenticates callers by tokens of Amazon Cognito or by embed tokens, and authorizes them by role.

Tokens of Cognito are verified as Cognito's documentation requires, and only with RS256:
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html

``cryptography`` checks the signature. PyJWT is not used, because its import takes three times the CPU of the RSA
primitives used here.
"""

import re
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct, field

from undelivered.domain import base64url
from undelivered.domain.embed_token import EMBED_PREFIX, EmbedToken, InvalidEmbedTokenError
from undelivered.domain.errors import RetryableError
from undelivered.entrypoints.http.errors import ProblemError, forbidden, invalid_parameter, unauthorized

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from undelivered.services.embed_tokens import EmbedTokens
    from undelivered.services.ports.people import EndedSessions

HOST_SCOPE: Final = "undelivered/host"
ACCOUNT_HEADER: Final = "X-Account-Id"
ACCOUNT_ID: Final = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
"""A valid account ID: fits in an SES message tag, and has no separator of the tables' keys."""

_LEEWAY_S: Final = 30
_REFETCH_AFTER_S: Final = 60.0
_MAX_TOKEN_LENGTH: Final = 8_192
_FETCH_TIMEOUT_S: Final = 5.0
_BUSY: Final = (429, 500, 502, 503, 504)
_FETCH_RETRIES: Final = 3
"""All attempts fit in API Gateway's timeout of 29 seconds. When many containers start at once, each of them fetches the
keys."""

Claims = Mapping[str, Any]


class Role(StrEnum):
    """The role of a caller."""

    VIEWER = "viewer"  #: a user with read-only access
    MANAGER = "manager"  #: a user with full access
    HOST = "host"  #: the host application, which also sends notifications
    EMBEDDED_VIEWER = "embedded_viewer"  #: a viewer with an embed token, whom the host application signed in
    EMBEDDED_MANAGER = "embedded_manager"  #: a manager with an embed token
    BADGE = "badge"  #: a user with an embed token for the number of undelivered items alone


PEOPLE: Final = frozenset({Role.MANAGER, Role.EMBEDDED_MANAGER})
"""The roles of people who act, and whose acts are recorded. The host application keeps its own record."""

VIEWERS: Final = frozenset({Role.VIEWER, Role.EMBEDDED_VIEWER})


class Principal(Struct, frozen=True):
    """An authenticated caller. ``name`` is for the audit trail: ``host``, or from ``_user_name`` or ``embedded``.

    ``subject`` is the ID of a user of the pool, and ``email`` their verified address; both are empty for other callers.
    ``issued_at`` is when the user's token was issued, in seconds since 1970.
    """

    account_id: str
    role: Role
    name: str
    subject: str = ""
    email: str = ""
    issued_at: float = 0.0


class _InvalidTokenError(Exception):
    """A token is not valid. The message says why."""


class TokenVerifier(Struct):
    """Verifies the tokens of a user pool. The pool's keys are fetched when first needed and kept.

    An unknown key ID makes the verifier fetch the keys again, because the pool rotates them. It does so at most once a
    minute, so that forged tokens cannot cause many requests. If that fails, the known keys stay.
    """

    issuer: str
    client_ids: frozenset[str]
    fetch_keys: Callable[[], bytes]
    now: Callable[[], float] = time.time
    _keys: "dict[str, RSAPublicKey]" = field(default_factory=dict)
    _fetched_at: float = float("-inf")

    def claims(self, token: str) -> Claims:
        """Return the claims of a valid token.

        Raises ProblemError (401), and RetryableError when the keys cannot be fetched.
        """
        try:
            return self._verified(token)
        except _InvalidTokenError as error:
            raise unauthorized(f"The token is not valid: {error}.") from None

    def _verified(self, token: str) -> Claims:
        if len(token) > _MAX_TOKEN_LENGTH or token.count(".") != 2:  # noqa: PLR2004 - header, claims, signature
            raise _InvalidTokenError("it is not a JSON Web Token")
        signed, _, signature = token.rpartition(".")
        encoded_header, _, payload = signed.partition(".")
        header = _json_part(encoded_header)
        if header.get("alg") != "RS256":
            raise _InvalidTokenError("it is not signed with RS256")
        self._check_signature(str(header.get("kid")), signed.encode(), _bytes_part(signature))
        claims = _json_part(payload)
        self._check_claims(claims)
        return claims

    def _check_signature(self, key_id: str, signed: bytes, signature: bytes) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self._key(key_id).verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise _InvalidTokenError("its signature does not match") from None

    def _key(self, key_id: str) -> "RSAPublicKey":
        is_due = not self._keys or self.now() - self._fetched_at >= _REFETCH_AFTER_S
        if key_id not in self._keys and is_due:
            self._fetched_at = self.now()
            self._keys = _public_keys(self.fetch_keys())
        try:
            return self._keys[key_id]
        except KeyError:
            raise _InvalidTokenError("its signing key is unknown") from None

    def _check_claims(self, claims: Claims) -> None:
        if claims.get("iss") != self.issuer:
            raise _InvalidTokenError("it comes from a different issuer")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires + _LEEWAY_S <= self.now():
            raise _InvalidTokenError("it has expired")
        not_before = claims.get("nbf", 0)
        if not isinstance(not_before, int | float) or not_before - _LEEWAY_S > self.now():
            raise _InvalidTokenError("it is not valid yet")
        use = claims.get("token_use")
        # The client is in ``aud`` of an ID token and in ``client_id`` of an access token.
        client = claims.get({"id": "aud", "access": "client_id"}.get(str(use), ""))
        if not isinstance(client, str) or client not in self.client_ids:
            raise _InvalidTokenError("it was issued for a different application")


def _bytes_part(part: str) -> bytes:
    try:
        return base64url.decode(part)
    except ValueError:
        raise _InvalidTokenError("it is not a JSON Web Token") from None


def _json_part(part: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(_bytes_part(part), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _InvalidTokenError("it is not a JSON Web Token") from None


class _JsonWebKey(msgspec.Struct, frozen=True):
    """A public key (RFC 7517, RFC 7518 section 6.3)."""

    kid: str = ""
    kty: str = ""
    n: str = ""
    e: str = ""


class _JsonWebKeySet(msgspec.Struct, frozen=True):
    keys: tuple[_JsonWebKey, ...]


def _public_keys(document: bytes) -> "dict[str, RSAPublicKey]":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    def number(part: str) -> int:
        return int.from_bytes(_bytes_part(part))

    try:
        keys = msgspec.json.decode(document, type=_JsonWebKeySet).keys
        return {
            key.kid: RSAPublicNumbers(number(key.e), number(key.n)).public_key() for key in keys if key.kty == "RSA"
        }
    except (msgspec.DecodeError, RecursionError, ValueError, _InvalidTokenError) as error:
        raise RetryableError("the user pool's keys cannot be read") from error


def _fetch(url: str) -> bytes:
    import urllib3  # the HTTP client of botocore, so the layer has it

    retries = urllib3.Retry(
        _FETCH_RETRIES, status_forcelist=_BUSY, backoff_factor=0.2, backoff_jitter=0.5, raise_on_status=False
    )
    try:
        response = urllib3.request("GET", url, timeout=_FETCH_TIMEOUT_S, retries=retries)
    except urllib3.exceptions.HTTPError as error:
        raise RetryableError("the user pool's keys cannot be fetched") from error
    if response.status != 200:  # noqa: PLR2004 - HTTP's OK
        raise RetryableError(f"the user pool's keys cannot be fetched: status {response.status}")
    return response.data


@cache
def token_verifier(issuer: str, client_ids: tuple[str, ...], jwks_url: str) -> TokenVerifier:
    """Return the verifier of a user pool, the same for the life of the container."""
    url = jwks_url or f"{issuer}/.well-known/jwks.json"
    return TokenVerifier(issuer, frozenset(client_ids), lambda: _fetch(url))


def token_of(headers: Mapping[str, str]) -> str:
    """Return the token of a request, empty if there is none. The keys of ``headers`` must not depend on case."""
    token = headers.get("authorization", "").strip()
    scheme, _, credentials = token.partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else token


def is_embed_token(token: str) -> bool:
    """Whether a token claims to be an embed token."""
    return token.startswith(EMBED_PREFIX)


def embedded(embed_tokens: "EmbedTokens", text: str) -> Principal:
    """Return the caller with an embed token; raises ProblemError (401).

    The name in audit trails says where it comes from, so it cannot be mistaken for the name of a user of the pool.
    """
    try:
        token = embed_tokens.check(text)
    except InvalidEmbedTokenError as error:
        raise unauthorized(f"The token is not valid: {error}.") from None
    return Principal(token.account_id, _embedded_role(token), f"{token.name} (through the host application)")


def _embedded_role(token: EmbedToken) -> Role:
    if token.page == "count":
        return Role.BADGE
    return Role.EMBEDDED_MANAGER if token.role == "manager" else Role.EMBEDDED_VIEWER


def authenticate(verifier: TokenVerifier, headers: Mapping[str, str]) -> Principal:
    """Return the caller with a token of the user pool; raises ProblemError."""
    token = token_of(headers)
    if not token:
        raise unauthorized("Send a token in the Authorization header.")
    claims = verifier.claims(token)
    use = claims["token_use"]
    if use == "access":
        return _host(claims, headers.get(ACCOUNT_HEADER))
    return _user(claims)


def check_session(sessions: "EndedSessions", caller: Principal) -> None:
    """Raise ProblemError (401) if the sessions of a user of the pool ended after the caller's token was issued."""
    ended_at = sessions.ended_at(caller.account_id, caller.subject) if caller.subject else None
    if ended_at and caller.issued_at <= ended_at.timestamp():
        raise unauthorized("The token is not valid: the session was ended.")


def _host(claims: Claims, account_id: str | None) -> Principal:
    if HOST_SCOPE not in str(claims.get("scope", "")).split():
        raise forbidden(f"This access token does not have the scope {HOST_SCOPE!r}. Users must send their ID token.")
    if not account_id:
        raise invalid_parameter(ACCOUNT_HEADER, "is required: set it to the account ID")
    if not ACCOUNT_ID.fullmatch(account_id):
        raise invalid_parameter(ACCOUNT_HEADER, "is not a valid account ID")
    return Principal(account_id, Role.HOST, "host")


def _user(claims: Claims) -> Principal:
    account_id = claims.get("custom:account_id")
    if not isinstance(account_id, str) or not ACCOUNT_ID.fullmatch(account_id):
        raise forbidden("This user does not belong to an account. Ask your administrator.")
    subject = str(claims.get("sub") or "")
    issued_at = claims.get("iat")
    return Principal(
        account_id,
        _role(claims.get("cognito:groups")),
        _user_name(claims),
        subject,
        _verified_email(claims),
        issued_at if isinstance(issued_at, int | float) else 0.0,
    )


def _user_name(claims: Claims) -> str:
    """Return a user's verified email address with the subject in brackets, or the subject alone.

    The subject never changes and is never given to another user. An address can be given to someone else later, and one
    that is not verified proves nothing (Cognito Developer Guide, "Understanding the identity (ID) token").
    """
    subject = str(claims.get("sub") or "unknown")
    email = _verified_email(claims)
    return f"{email} ({subject})" if email else subject


def _verified_email(claims: Claims) -> str:
    email = claims.get("email")
    return str(email) if email and claims.get("email_verified") is True else ""


def _role(groups: object) -> Role:
    names = groups if isinstance(groups, list) else []
    if "managers" in names:
        return Role.MANAGER
    if "viewers" in names:
        return Role.VIEWER
    raise forbidden("This user is not in the managers or viewers group. Ask your administrator.")


def authorize(principal: Principal, allowed: frozenset[Role]) -> None:
    """Raise ProblemError (403) unless the caller has one of the allowed roles."""
    if principal.role not in allowed:
        raise _denied(principal.role, allowed)


def _denied(role: Role, allowed: frozenset[Role]) -> ProblemError:
    if role is Role.BADGE:
        return forbidden("This token opens only the number of undelivered items.")
    if role in VIEWERS and allowed & {Role.MANAGER, Role.EMBEDDED_MANAGER}:
        return forbidden("Viewers have read-only access. Ask a manager to do this.")
    if role is Role.EMBEDDED_MANAGER and Role.MANAGER in allowed:
        return forbidden("An embed token does not allow this. Sign in to the console itself.")
    return forbidden("Only the host application can do this.")
