"""Signed evidence of a message, and the public keys with which anybody can check it."""

from http import HTTPStatus
from typing import Final, Literal

import msgspec

from undelivered.domain import base64url
from undelivered.domain.signed_json import PublicKey, to_sign
from undelivered.entrypoints.http.parsing import parse_entry_key
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.evidence import EvidenceView, evidence_view

KEYS_PATH: Final = "/.well-known/jwks.json"
_MEDIA_TYPE: Final = "undelivered-evidence+json"


class SignedEvidence(msgspec.Struct, frozen=True):
    """A JSON Web Signature in the flattened JSON serialization (RFC 7515).

    ``payload`` is the evidence as JSON in base64url, and ``protected`` names the key and the algorithm, ES256.
    ``evidence`` is the payload once more, to be read: only the payload is signed.
    """

    payload: str
    protected: str
    signature: str
    evidence: EvidenceView


class PublicKeyView(msgspec.Struct, frozen=True):
    """A public key on the curve P-256 (RFC 7518 section 6.2). ``kid`` is its thumbprint (RFC 7638)."""

    kid: str
    x: str
    y: str
    kty: Literal["EC"] = "EC"
    crv: Literal["P-256"] = "P-256"
    alg: Literal["ES256"] = "ES256"
    use: Literal["sig"] = "sig"


class PublicKeys(msgspec.Struct, frozen=True):
    """A JWK set (RFC 7517): the key that signs evidence, and those that signed it before."""

    keys: tuple[PublicKeyView, ...]


def show_evidence(request: ApiRequest) -> ApiResponse:
    """Return the signed evidence of an item."""
    found = request.use_cases.find_evidence(request.account_id, parse_entry_key(request.path["item_id"]))
    keys_url = f"{request.api_url}{KEYS_PATH}" if request.api_url else ""
    evidence = evidence_view(found, request.now, issued_by=request.principal.name, keys_url=keys_url)
    keys = request.use_cases.evidence_keys
    unsigned = to_sign(msgspec.json.encode(evidence), keys.public_keys[0], _MEDIA_TYPE)
    signature = base64url.encode(keys.sign(unsigned.digest))
    return ApiResponse(SignedEvidence(unsigned.payload, unsigned.protected, signature, evidence))


def show_keys(request: ApiRequest) -> ApiResponse:
    """Return the public keys of evidence."""
    keys = request.use_cases.evidence_keys.public_keys
    return ApiResponse(PublicKeys(tuple(map(_key_view, keys))), headers={"Cache-Control": "public, max-age=3600"})


def _key_view(key: PublicKey) -> PublicKeyView:
    return PublicKeyView(key.key_id, base64url.encode(key.x), base64url.encode(key.y))


ROUTES = (
    Route(
        "GET", "/undelivered/{item_id}/evidence", Access.READ, show_evidence, "Get the signed evidence of an item",
        SignedEvidence, refusals=(HTTPStatus.NOT_FOUND,), tag="report",
    ),
    Route("GET", KEYS_PATH, Access.PUBLIC, show_keys, "Get the public keys of evidence", PublicKeys, tag="system"),
)  # fmt: skip
