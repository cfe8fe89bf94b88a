"""Texts that hold a secret are withheld, in whatever spelling it stands there."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.base.texts.plain import plain
from lightsout.base.texts.withhold import WITHHELD, cleaner
from tests.support.values import any_text

KEY, TOKEN, CHOSEN = "Gu5t9xJd81mNqoWz4eTe", "AbF/3kQ+9Zt0=Lm4vXc7", "office-hours-and-nights"
ENVIRON = {
    "TENCENTCLOUD_SECRETID": "AKID0000000000000000",
    "TENCENTCLOUD_SECRETKEY": KEY,
    "TENCENTCLOUD_SESSIONTOKEN": TOKEN,
    "LIGHTSOUT_URL_SECRET": CHOSEN,
}
SPELLINGS = {
    "as it is": str,
    "in capitals": str.upper,
    "percent-encoded": quote,
    "percent-encoded twice": lambda text: quote(quote(text)),
    "with blanks": " ".join,
    "over lines": "\n".join,
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@given(before=any_text, after=any_text, secret=st.sampled_from([KEY, TOKEN, CHOSEN]))
def test_a_text_with_a_secret_is_withheld_in_whatever_spelling(spell, before, after, secret):
    assert cleaner(ENVIRON)(f"{before} {spell(secret)} {after}") == WITHHELD


@given(st.integers(0, len(KEY) - 12), st.text(string.punctuation, min_size=4, max_size=9))
def test_a_piece_of_a_key_is_enough(start, around):
    assert cleaner(ENVIRON)(f"{around}{KEY[start : start + 12]}{around}") == WITHHELD


@pytest.mark.parametrize(
    "text", ["office-hours in ap-guangzhou", "AKID0000000000000000", "lhins-0a1b2c3d", "", "short"]
)
def test_other_texts_stay(text):
    assert cleaner(ENVIRON)(text) == text


@given(any_text)
def test_without_a_secret_a_text_is_only_made_plain(text):
    assert cleaner({})(text) == plain(text)
    assert cleaner({"TENCENTCLOUD_SECRETKEY": "k", "LIGHTSOUT_URL_SECRET": "s"})(text) == plain(
        text
    )
