"""Texts for people: what is made of them before they are printed, whatever they hold."""

from __future__ import annotations

import csv
import io
import json
import time
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightsout.cli.output.svg import cut, page, text
from lightsout.cli.output.words import (
    as_json,
    harmless,
    natural,
    printable,
    printable_line,
    printable_lines,
    width,
)

HOSTILE = st.text(
    st.characters()
    | st.sampled_from(
        "\x00\x07\x1b\x7f\x85\x9b\r\n\t\u200b\u202e\u2028\u3000\xa0\ud800=+-@＝;,|'\" "
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner),
    max_leaves=8,
)


def steers(c: str) -> bool:
    """True if a terminal may obey it: a control, a format, half a character, the end of a line."""
    return unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\u200c\u200d"


@given(HOSTILE)
def test_nothing_that_steers_a_terminal_is_left_in_a_line(words):
    for shown in (printable(words), printable_line(words), harmless(words)):
        assert not any(map(steers, shown))


@given(HOSTILE)
@example("a\r\nb\rc\n")
def test_of_lines_their_ends_are_left_and_nothing_else(words):
    shown = printable_lines(words)

    assert not any(map(steers, shown.replace("\r\n", "").replace("\n", "")))
    assert shown.count("\n") == words.count("\n")


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" \u3000\xa0")))
def test_letters_signs_and_spaces_stay_as_they_are(words):
    assert printable_line(words) == printable_lines(words) == words


def test_emoji_of_several_characters_stay_whole():
    assert printable("a 👩‍🚀\u200b") == "a 👩‍🚀�"


@given(JSON)
def test_json_says_the_same_and_steers_nothing(value):
    told = as_json(value)

    assert json.loads(told) == value
    assert not any(map(steers, told.replace("\n", "")))


FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@given(st.lists(HOSTILE, min_size=1))
@example(["a;=cmd()"])
@example(["a, -1"])
@example(['"=cmd()'])
@example(["\t=cmd()"])
@example(["'=cmd()"])
@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_no_cell_begins_a_formula_whatever_separates_the_cells(separator, cells):
    table = io.StringIO()
    csv.writer(table).writerow(map(harmless, cells))

    for cell in table.getvalue().split(separator):
        assert not cell.strip("\r\n\"' ").startswith(FORMULA) or cell.lstrip('" ')[:1] == "'"


@given(HOSTILE)
def test_any_text_makes_a_picture_that_can_be_read(words):
    drawn = ET.fromstring(page(words, 100, 100, [text(0, 0, words, 12)]))

    assert not any(map(steers, "".join(drawn.itertext()).replace("\n", "")))


# What fits ---------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("ab演示é\u0301 ")), st.integers(0, 200))
def test_as_much_as_fits_is_shown_and_no_more(words, room):
    shown = cut(words, room, 10)

    if shown != words:
        kept = shown.removesuffix("…")
        assert words.startswith(kept)
        assert not kept or width(shown) * 5.4 <= room
        assert width(words[: len(kept) + 1] + "…") * 5.4 > room
    else:
        assert width(words) * 5.4 <= room


def test_a_text_of_a_million_characters_is_cut_at_once():
    began = time.process_time()

    assert len(cut("演" * 1_000_000, 600, 13)) < 50
    assert time.process_time() - began < 1


# Order -------------------------------------------------------------------------------------------


def test_numbers_in_names_count_as_numbers_of_any_length():
    names = ["web-10", "web-2", "web-" + "9" * 5000, "web-02a", "db", "web"]

    assert sorted(names, key=natural) == [
        "db", "web", "web-2", "web-02a", "web-10", "web-" + "9" * 5000,
    ]  # fmt: skip


@given(st.lists(HOSTILE))
def test_any_names_have_an_order(names):
    ordered = sorted(names, key=natural)

    assert sorted(ordered, key=natural) == ordered
