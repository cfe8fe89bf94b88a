"""Tables and sentences in few columns: no word is cut, and nothing is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.cli.output.layout import lay_out, wrapped
from lightsout.cli.output.words import width

HEADINGS = ("region", "instance", "what", "why")
ROWS = [
    ("ap-guangzhou", "lhins-0a1b2c3d", "would stop", "tag env=dev, and a reason of some length"),
    ("ap-shanghai", "lhins-9z8y7x6w", "kept", "keep-running yes"),
]


def laid_out(columns, rows=ROWS, headings=HEADINGS):
    lines = lay_out(headings, rows, columns)
    return ["".join(piece.text for piece in line).rstrip() for line in lines]


def test_where_there_is_room_each_row_is_one_line():
    assert laid_out(None) == laid_out(120)
    assert laid_out(120)[1:] == [
        "ap-guangzhou  lhins-0a1b2c3d  would stop  tag env=dev, and a reason of some length",
        "ap-shanghai   lhins-9z8y7x6w  kept        keep-running yes",
    ]


def test_where_there_is_less_the_last_column_is_wrapped():
    assert laid_out(70)[1:3] == [
        "ap-guangzhou  lhins-0a1b2c3d  would stop  tag env=dev, and a reason of",
        "                                          some length",
    ]


def test_then_it_stands_below_the_others():
    assert laid_out(50) == [
        "region        instance        what",
        "    why",
        "ap-guangzhou  lhins-0a1b2c3d  would stop",
        "    tag env=dev, and a reason of some length",
        "ap-shanghai   lhins-9z8y7x6w  kept",
        "    keep-running yes",
    ]


def test_and_then_each_cell_has_a_line_of_its_own():
    assert laid_out(30) == [
        "region    ap-guangzhou",
        "instance  lhins-0a1b2c3d",
        "what      would stop",
        "why       tag env=dev, and a",
        "          reason of some",
        "          length",
        "",
        "region    ap-shanghai",
        "instance  lhins-9z8y7x6w",
        "what      kept",
        "why       keep-running yes",
    ]


def test_empty_cells_have_no_line_in_a_list():
    assert laid_out(12, [("ap-guangzhou", "", "kept", "")]) == [
        "region    ap-guangzhou",
        "what      kept",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three four", ["one two", "three four"]),
        ("  one two three", ["  one two", "  three"]),
        ("a-word-that-is-longer b", ["a-word-that-is-longer", "b"]),
        ("名字 名字 名字", ["名字 名字", "名字"]),
        ("", [""]),
    ],
)
def test_a_sentence_is_broken_at_blanks_only(text, lines):
    assert wrapped(text, 10) == lines


words = st.lists(st.text("abc-名", min_size=1, max_size=12), max_size=6).map(" ".join)


@given(
    st.lists(st.tuples(words, words, words), min_size=1, max_size=4),
    st.integers(8, 80),
)
def test_at_any_width_every_word_is_there_whole_and_only_a_longer_one_is_too_wide(rows, columns):
    lines = laid_out(columns, rows, ("a", "b", "c"))
    shown = [word for line in lines for word in line.split()]

    for row in rows:
        for cell in row:
            for word in cell.split():
                assert word in shown
    longest = max((width(word) for word in shown), default=0)
    assert all(width(line) <= max(columns, longest + 4) for line in lines)
