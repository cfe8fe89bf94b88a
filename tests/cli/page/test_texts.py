"""The page's words: the same in both languages, and what stands in them."""

from __future__ import annotations

import re

import pytest

from lightsout.cli.page import status
from lightsout.cli.page.texts import CLAIMS_ZH, EN, WEEKDAYS, ZH, Texts
from lightsout.cli.savings.claims import SENTENCES, Claim
from tests.support.paths import ROOT

PAGE = ROOT / "lightsout" / "cli" / "page"


def places(text):
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("key", EN)
def test_each_text_is_there_in_both_languages_with_the_same_facts(key):
    assert places(EN[key]) == places(ZH[key])
    assert re.search(r"[一-鿿]", ZH[key]), "not Chinese"


def test_no_language_has_a_text_that_the_other_lacks():
    assert ZH.keys() == EN.keys()
    assert len(WEEKDAYS["zh"]) == len(WEEKDAYS["en"]) == 7


def test_each_sentence_of_savings_is_there_in_chinese():
    assert CLAIMS_ZH.keys() == SENTENCES.keys()
    facts = {"count", "hours", "when", "why", "source", "title"}
    for key, text in CLAIMS_ZH.items():
        assert places(text) <= facts
        assert places(SENTENCES[key]) & (facts - {"count"}) == places(text) & (facts - {"count"})


def test_every_text_is_used_and_none_is_missing():
    """By the texts that stand in the code."""
    code = "".join(
        path.read_text("utf-8") for path in sorted(PAGE.glob("*.*")) if path.suffix != ".css"
    )
    code = code.replace((PAGE / "texts.py").read_text("utf-8"), "")
    code += (ROOT / "lightsout/cli/commands/report.py").read_text("utf-8")

    for key in EN:
        assert f'"{key}"' in code or f"'{key}'" in code, key


def test_each_kind_of_failure_has_its_fix():
    assert {key for _, key in status.FIXES} <= EN.keys()


def test_a_value_is_put_in_once_whatever_it_holds():
    t = Texts("en")

    assert t("run failed", when="{why}", why="{when} $1 \\1") == (
        "The run of {why} failed: {when} $1 \\1"
    )


def test_a_claim_of_the_service_is_told_as_it_is():
    t = Texts("zh")

    assert t.claim("Tags were not asked.") == "Tags were not asked."
    assert t.claim(Claim("shared", {"count": "3", "stops": "3 stops"})).startswith("3 次关机")
    assert (
        Texts("en")
        .claim(Claim("shared", {"count": "3", "stops": "3 stops"}))
        .startswith("3 stops wanted by several policies")
    )
