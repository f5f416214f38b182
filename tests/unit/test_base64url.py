"""One URL-safe base64 without padding for ids, tokens, cursors and tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undelivered.domain import base64url


@given(st.binary(max_size=64))
def test_what_is_encoded_decodes_to_itself(raw):
    text = base64url.encode(raw)

    assert base64url.decode(text) == raw
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_only_the_padding_is_left_out():
    assert [base64url.encode(raw) for raw in (b"", b"a", b"\x00\x00\x17")] == ["", "YQ", "AAAX"]


@pytest.mark.parametrize("text", ["a", "\u00e4\u00e4\u00e4\u00e4", "ab cd", "YQ=a"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        base64url.decode(text)
