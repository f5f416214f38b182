"""Embed tokens: the host application lets its own users use the console inside its pages."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from undelivered.domain.embed_token import MAX_MINUTES, MAX_NAME_LENGTH, EmbeddedPage, UserRole
from undelivered.domain.identifiers import timestamp
from undelivered.entrypoints.http.errors import invalid_body, invalid_parameter
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
_NAME_RULE = "must contain visible characters and no control characters"


class EmbedTokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The user whom the token is for. ``page`` is ``count`` for the badge alone, ``console`` for the whole console."""

    role: UserRole
    name: Annotated[_Name, msgspec.Meta(description="Shown in audit trails, with a note that it came from the host.")]
    page: EmbeddedPage = "console"
    minutes: Annotated[int, msgspec.Meta(ge=1, le=MAX_MINUTES)] = 15


class EmbedTokenView(msgspec.Struct, frozen=True):
    """A new token. ``path`` is the console with the token, below the URL of the API; null for a count token."""

    token: str
    expires_at: Time
    path: str | None


class RevocationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose tokens to revoke. Without a name, all tokens of the account."""

    name: _Name | None = None


class RevocationView(msgspec.Struct, frozen=True):
    """Tokens that were minted until this time are refused."""

    revoked_until: Time


def mint_embed_token(request: ApiRequest) -> ApiResponse:
    """Return a token with which one of your own users uses the console, or only its badge, inside your pages.

    Mint it for a user who is signed in to your application, and never for anybody else. The token opens what its role
    may do, except settings and what only a user of the user pool may do.
    """
    body = request.body(EmbedTokenBody)
    name = body.name.strip()
    if not _is_visible(name):
        raise invalid_body("name", _NAME_RULE)
    minted = request.use_cases.embed_tokens.mint(
        request.account_id, body.role, name, page=body.page, minutes=body.minutes
    )
    # The fragment of a URL is sent to no server, and is in no log.
    path = f"/console/#{minted.text}" if body.page == "console" else None
    return ApiResponse(EmbedTokenView(minted.text, timestamp(minted.token.expires_at), path), HTTPStatus.CREATED)


def revoke_embed_tokens(request: ApiRequest) -> ApiResponse:
    """Revoke the tokens that were minted until now: those of one name, or all of the account."""
    name = request.query(RevocationQuery).name
    name = name if name is None else name.strip()
    if name is not None and not _is_visible(name):
        raise invalid_parameter("name", _NAME_RULE)
    request.use_cases.embed_tokens.revoke(request.account_id, name)
    return ApiResponse(RevocationView(timestamp(request.now)))


def _is_visible(name: str) -> bool:
    return bool(name) and name.isprintable()


ROUTES = (
    Route(
        "POST", "/embed-tokens", Access.HOST, mint_embed_token, "Mint a token for a user of the host application",
        EmbedTokenView, status=HTTPStatus.CREATED, body=EmbedTokenBody, tag="embedding",
    ),
    Route(
        "DELETE", "/embed-tokens", Access.HOST, revoke_embed_tokens, "Revoke embed tokens", RevocationView,
        query=RevocationQuery, tag="embedding",
    ),
)  # fmt: skip
