"""Mint, check and revoke embed tokens."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from undelivered.domain.embed_token import (
    MAX_MINUTES,
    EmbeddedPage,
    EmbedToken,
    InvalidEmbedTokenError,
    UserRole,
    read_embed_token,
    write_embed_token,
)
from undelivered.services.ports import EmbedRevocations, SigningKeys


class MintedToken(Struct, frozen=True):
    """A new token and its text."""

    text: str
    token: EmbedToken


class EmbedTokens(Struct, frozen=True):
    """The use cases behind ``/embed-tokens``, and the check of a token at each request.

    Revocations are read at each request, so a revoked token is refused at once.
    """

    keys: SigningKeys
    revocations: EmbedRevocations
    clock: Callable[[], datetime]

    def mint(
        self, account_id: str, role: UserRole, name: str, *, page: EmbeddedPage = "console", minutes: int = 15
    ) -> MintedToken:
        """Return a new token."""
        now = self.clock()
        token = EmbedToken(account_id, role, name, page, now, now + timedelta(minutes=minutes))
        return MintedToken(write_embed_token(self.keys.secrets()[0], token), token)

    def check(self, text: str) -> EmbedToken:
        """Return the token of a text; raises InvalidEmbedTokenError."""
        token = read_embed_token(self.keys.secrets(), text, self.clock())
        if any(token.issued_at <= at for at in self.revocations.find(token.account_id, token.name)):
            raise InvalidEmbedTokenError("it was revoked")
        return token

    def revoke(self, account_id: str, name: str | None = None) -> None:
        """Revoke the account's tokens that were minted until now: all, or those with one name."""
        now = self.clock()
        # Later, all tokens that this revokes have expired anyway.
        self.revocations.add(account_id, name, now, keep_until=now + timedelta(minutes=MAX_MINUTES + 1))
