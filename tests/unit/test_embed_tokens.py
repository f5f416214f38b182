"""Embed tokens: who may make one, what it says, and when it is no longer valid."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW
from tests.fakes import FakeEmbedRevocations, FakeSigningKeys
from undelivered.domain.embed_token import (
    EMBED_PREFIX,
    MAX_NAME_LENGTH,
    EmbedToken,
    InvalidEmbedTokenError,
    read_embed_token,
    write_embed_token,
)
from undelivered.domain.signed_tokens import sign_token, verify_token
from undelivered.services.embed_tokens import EmbedTokens

SECRET = b"a secret"
TOKEN = EmbedToken(ACCOUNT, "manager", "Ada Byron", "console", NOW, NOW + timedelta(minutes=15))


class Tokens:
    """The use case with a clock that a test moves."""

    def __init__(self):
        self.now, self.keys, self.revocations = NOW, FakeSigningKeys(), FakeEmbedRevocations()
        self.use_case = EmbedTokens(self.keys, self.revocations, lambda: self.now)

    def mint(self, name="Ada Byron", account_id=ACCOUNT, **options):
        return self.use_case.mint(account_id, "manager", name, **options).text

    def accepts(self, text):
        try:
            self.use_case.check(text)
        except InvalidEmbedTokenError:
            return False
        return True

    def pass_by(self, **time):
        self.now += timedelta(**time)


def payload_of(token):
    return msgspec.json.encode(token).decode()


class TestOneToken:
    def test_is_read_as_it_was_written(self):
        assert read_embed_token([SECRET], write_embed_token(SECRET, TOKEN), NOW) == TOKEN

    def test_with_the_longest_name_is_read_too(self):
        token = replace(TOKEN, name="\U0001f600" * MAX_NAME_LENGTH, account_id="a" * 64)

        assert read_embed_token([SECRET], write_embed_token(SECRET, token), NOW) == token

    @pytest.mark.parametrize(
        "text",
        [
            write_embed_token(b"another secret", TOKEN),
            EMBED_PREFIX + sign_token(SECRET, "unsubscribe", payload_of(TOKEN)),
            sign_token(SECRET, "embed", payload_of(TOKEN)),
            EMBED_PREFIX + sign_token(SECRET, "embed", "{}"),
            EMBED_PREFIX + sign_token(SECRET, "embed", "acc-1~n-1~1"),
            EMBED_PREFIX,
            f"{EMBED_PREFIX}.",
            f"{EMBED_PREFIX}é.é",
            "",
        ],
        ids=lambda text: text[:30],
    )
    def test_of_any_other_making_is_refused(self, text):
        with pytest.raises(InvalidEmbedTokenError):
            read_embed_token([SECRET], text, NOW)

    def test_cannot_be_altered(self):
        written = write_embed_token(SECRET, TOKEN)
        mac = written.rpartition(".")[2]
        for other in (
            replace(TOKEN, role="viewer"),
            replace(TOKEN, account_id="acc-2"),
            replace(TOKEN, name="Eve"),
            replace(TOKEN, page="count"),
            replace(TOKEN, expires_at=NOW + timedelta(days=9)),
        ):
            changed = write_embed_token(b"guessed", other).rpartition(".")[0]
            with pytest.raises(InvalidEmbedTokenError):
                read_embed_token([SECRET], f"{changed}.{mac}", NOW)

    def test_is_no_token_of_another_kind(self):
        text = write_embed_token(SECRET, TOKEN).removeprefix(EMBED_PREFIX)

        assert verify_token([SECRET], "unsubscribe", text) is None
        assert verify_token([SECRET], "embed", text) is not None

    def test_ends_when_its_minutes_are_over(self):
        tokens = Tokens()
        text = tokens.mint(minutes=2)
        tokens.pass_by(seconds=119)

        assert tokens.accepts(text)
        tokens.pass_by(seconds=1)
        assert not tokens.accepts(text)

    def test_outlives_one_rotation_of_the_secret(self):
        tokens = Tokens()
        text = tokens.mint()
        (old,) = tokens.keys.keys

        for keys, accepted in (((b"new", old), True), ((b"newer", b"new"), False)):
            tokens.use_case = replace(tokens.use_case, keys=FakeSigningKeys(keys))
            assert tokens.accepts(text) is accepted


class TestRevoking:
    def test_all_of_an_account_leaves_other_accounts_and_later_tokens(self):
        tokens = Tokens()
        ada, grace, other = tokens.mint(), tokens.mint("Grace"), tokens.mint(account_id="acc-2")
        tokens.pass_by(seconds=1)
        tokens.use_case.revoke(ACCOUNT)
        tokens.pass_by(seconds=1)

        assert [tokens.accepts(text) for text in (ada, grace, other)] == [False, False, True]
        assert tokens.accepts(tokens.mint())

    def test_those_of_one_name_leaves_the_others(self):
        tokens = Tokens()
        ada, grace, other = tokens.mint(), tokens.mint("Grace"), tokens.mint(account_id="acc-2")

        tokens.use_case.revoke(ACCOUNT, "Ada Byron")

        assert [tokens.accepts(text) for text in (ada, grace, other)] == [False, True, True]
