"""API keys are recognisable, unguessable, and a typo is not a key."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from accounts import key_format


def test_a_new_key_has_the_promised_shape() -> None:
    """Prefix, 30 random characters, 6 of checksum, and never twice the same."""
    keys = {key_format.new_key() for _ in range(200)}
    assert len(keys) == 200
    for key in keys:
        assert key.startswith("tsk_")
        assert len(key) == len("tsk_") + 36
        assert key_format.is_well_formed(key)


def test_the_checksum_is_crc32_in_base62() -> None:
    """Known answer, so that a partner's scanner can compute it too."""
    body = "tsk_" + "0" * 30
    number = zlib.crc32(body.encode())
    back = 0
    for digit in key_format.checksum(body):
        back = back * 62 + key_format._ALPHABET.index(digit)
    assert back == number


@given(st.integers(0, 39), st.sampled_from(key_format._ALPHABET))
def test_one_wrong_character_is_noticed(position: int, character: str) -> None:
    """Whichever character is mistyped, the key is called malformed before any look-up."""
    key = "tsk_" + "aB3" * 10
    key += key_format.checksum(key)
    wrong = key[:position] + character + key[position + 1 :]
    assert key_format.is_well_formed(wrong) == (wrong == key)


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """No input makes the check fall over."""
    assert key_format.is_well_formed(text) in (True, False)
