"""The reference of policies in two languages: no English text goes on under an old Chinese one."""

from __future__ import annotations

import pytest

from lightsout.policies.schema.policy_file import FILE
from lightsout.policies.schema.shapes import Field, Fields, ListOf, Scalar, Word
from tools.policy_tables import CHINESE, ENGLISH, faults, table

SIZE = Scalar("a size")
SMALL = Fields(
    "a file",
    (
        Field("size", SIZE, "How large.", default="the usual one"),
        Field("kinds", ListOf("a list of kinds", Word(("on", "off"))), "Which.", default="[on]"),
        Field("mode", Word(("a", "b", "c")), "How.", required=True, only=(("kind", ("x", "y")),)),
    ),
)
TEXTS = {
    "a size": "大小",
    "How large.": "多大。",
    "the usual one": "与平常一样",
    "a list of kinds": "种类的列表",
    "Which.": "哪些。",
    "How.": "怎样。",
}


def changed(**about):
    fields = (it._replace(about=about.get(it.key, it.about)) for it in SMALL.fields)
    return SMALL._replace(fields=tuple(fields))


def test_each_text_of_the_schema_has_its_chinese():
    assert faults(FILE, CHINESE.texts) == []
    assert faults(SMALL, TEXTS) == []


def test_both_tables_have_the_same_rows():
    assert table(SMALL, ENGLISH).splitlines() == [
        "| key | value | meaning |",
        "|---|---|---|",
        "| `size` | a size | How large. Default: the usual one. |",
        "| `kinds` | a list of kinds | Which. Default: [on]. |",
        "| `mode` | a, b or c, required | How. Only for kind x or y. |",
    ]
    assert table(SMALL, CHINESE._replace(texts=TEXTS)).splitlines() == [
        "| 字段 | 值 | 含义 |",
        "|---|---|---|",
        "| `size` | 大小 | 多大。默认：与平常一样。 |",
        "| `kinds` | 种类的列表 | 哪些。默认：[on]。 |",
        "| `mode` | a、b 或 c，必填 | 怎样。仅限 kind 为 x 或 y 的策略。 |",
    ]


def test_an_english_text_that_changed_asks_for_its_chinese_and_names_both():
    missing, left = faults(changed(size="How tall."), TEXTS)

    assert missing.startswith("`size`: no Chinese for 'How tall.'")
    assert left == "no field says 'How large.' any more"


@pytest.mark.parametrize("text", TEXTS)
def test_each_text_is_missed_where_it_has_no_chinese(text):
    (fault,) = faults(SMALL, {en: zh for en, zh in TEXTS.items() if en != text})

    assert repr(text) in fault
