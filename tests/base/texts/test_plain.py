"""Texts from outside: nothing in them moves a cursor, ends a line or turns the writing round."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given

from lightsout.base.texts.plain import MARK, plain, plain_values
from tests.support.values import any_json, any_text

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def is_harmful(character):
    return (
        unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in DIRECTIONS
        or character in "\u200e\u200f\u061c\u200b\ufeff"
    )


def test_no_character_of_unicode_that_does_harm_stays():
    assert [one for one in EVERY_CHARACTER if is_harmful(one) and one in plain(one)] == []


def test_every_character_that_can_be_seen_stays():
    seen = [one for one in EVERY_CHARACTER if unicodedata.category(one)[0] in "LMNPS"]

    assert len(seen) > 100_000
    assert [one for one in seen if plain(one) != one] == []


@pytest.mark.parametrize(
    "text",
    ["开发环境，夜间停机", "naïve Ω", "👩‍💻 家族👨‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️", "می‌خواهم", "a\u3000b\u00a0c", ""],
)
def test_chinese_emoji_and_other_scripts_are_kept_as_they_are(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", f"{MARK}[31mred{MARK}[0m"),
        ("\x9b2Jgone", f"{MARK}2Jgone"),
        ("one\r\ntwo\tthree", "one  two three"),
        ("one\u2028two\u2029three\x85four", "one two three four"),
        ("stop \u202eton od", f"stop {MARK}ton od"),
        ("bell\a, NUL\0, DEL\x7f", f"bell{MARK}, NUL{MARK}, DEL{MARK}"),
    ],
)
def test_a_line_end_is_a_space_and_what_else_does_harm_leaves_a_mark(text, shown):
    assert plain(text) == shown


@given(any_text)
def test_a_plain_text_is_one_line_as_long_as_before_and_plain_already(text):
    shown = plain(text)

    assert len(shown) == len(text)
    assert len(shown.splitlines()) <= 1
    assert plain(shown) == shown


@given(any_json)
def test_no_text_of_a_value_is_overlooked(value):
    text = json.dumps(plain_values(value), ensure_ascii=False)

    assert [one for one in text if is_harmful(one)] == []


def test_a_value_without_harmful_texts_is_what_it_was():
    value = {"failed": {"lhins-1": "停止失败"}, "counts": {"stopped": 1}, "error": None, "ids": []}

    assert plain_values(value) == value
