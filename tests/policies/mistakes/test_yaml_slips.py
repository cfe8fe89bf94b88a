"""A blank, a quote or a bracket that is missing is told in words that people understand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lightsout.policies.load import PolicyMistakes, load
from lightsout.policies.reading import yamltree
from lightsout.policies.reading.yamltree import Complaints
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "version: 1\npolicies:\n"
POLICY = """\
  - name: dev
    resource: lighthouse
    regions: [ap-guangzhou]
    match: {tags: {env: dev}}
"""
SAMPLES = [
    path.read_text("utf-8")
    for path in (*(ROOT / "docs" / "policies").glob("*.yml"), *(ROOT / "policies").glob("*.yml"))
]
HINT = re.compile(r" \(did you mean (.*)\?\)$")


@pytest.fixture
def told(tmp_path):
    """The place and words of the one mistake in a file."""

    def told(text):
        file = tmp_path / "a.yml"
        file.write_text(text, "utf-8")
        with pytest.raises(PolicyMistakes) as caught:
            load(file)
        (mistake,) = caught.value.mistakes
        return f"{mistake.line}:{mistake.column}: {mistake.message}"

    return told


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("name: dev", "name:dev",
         "3:9: not YAML: no blank after the colon (did you mean name: dev?)"),
        ("resource: lighthouse", "resource:lighthouse",
         "4:13: not YAML: no blank after the colon (did you mean resource: lighthouse?)"),
        ("match: {", "match:{",
         "6:10: not YAML: no blank after the colon (did you mean match: {tags: {env: dev}}?)"),
        ("- name", "-name",
         "3:3: not YAML: no blank after the dash (did you mean - name: dev?)"),
        ("env: dev", "auto-stop: *",
         '6:31: not YAML: a text that begins with * needs quotes (did you mean "*"?)'),
        ("env: dev", "env: [*.a, b]",
         '6:26: not YAML: a text that begins with * needs quotes (did you mean "*.a"?)'),
        ("env: dev", "env: *web",
         '6:25: aliases (*web) are not allowed: write it out, or type "*web" where a wildcard is meant'),
        ("    resource", "    description: @ops at night\n    resource",
         '4:18: not YAML: a text that begins with @ needs quotes (did you mean "@ops at night"?)'),
        ("    resource", "    description: note: off at night\n    resource",
         '4:18: not YAML: a text with a colon and a blank in it needs quotes (did you mean "note: off at night"?)'),
        ("name: dev", 'name: "dev" nights',
         '3:16: not YAML: the text goes on after its closing ": put all of it between the quotes'),
        ("name: dev", 'name: "dev',
         '3:11: not YAML: the " that opens here is not closed: type " at the end of the text'),
        ("guangzhou]", "guangzhou", "5:14: not YAML: the [ that opens here is not closed: type ]"),
        ("dev}}", "dev}", "6:12: not YAML: the { that opens here is not closed: type }"),
        ("guangzhou]", "guangzhou]]", "5:28: not YAML: this ] closes nothing"),
        ("    resource", "   resource",
         "4:4: not YAML: the line is indented by 3 blanks, what it belongs to by 4"),
        ("    regions", "       regions",
         "5:8: not YAML: the line is indented by 7 blanks, what it belongs to by 4"),
        ("env: dev", "env:dev",
         '6:20: env:dev has no value: write "" for the empty text; if a blank is missing, type env: dev'),
        ("{tags: {env: dev}}", "{tags: env:dev}",
         "6:19: tags wants a mapping of tag keys to values, not 'env:dev'; if a blank is missing, type env: dev"),
    ],
)  # fmt: skip
# ruff: noqa: E501  a message is one line
def test_a_slip_is_told_in_words_at_its_place(told, right, wrong, says):
    assert POLICY.count(right) == 1

    assert told(HEAD + POLICY.replace(right, wrong)) == says


def test_the_same_slip_in_two_policies_is_told_with_a_suggestion_all_the_same(told):
    text = HEAD + "".join(
        POLICY.replace("name: dev", f"name: {name}").replace("env: dev", "auto-stop: *")
        for name in ("one", "two")
    )

    assert told(text).startswith("6:31: ")
    assert told(text).endswith('(did you mean "*"?)')


def test_no_suggestion_is_made_that_the_file_would_not_take(told):
    says = told(HEAD + POLICY.replace("[ap-guangzhou]", "*"))

    assert says == "5:14: not YAML: a text that begins with * needs quotes"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("policies:\n  - name: a\n  b\n", "a colon is missing after a key"),
        (
            "a: [b,\n" + "c,\n" * 9 + "d: e\n",
            "a list that begins with [ is not closed, or lacks a comma (it begins at 1:4)",
        ),
        (
            "a: {b: c,\n" + "d: e,\n" * 9 + "f: g\n",
            "a mapping that begins with { is not closed, or lacks a comma (it begins at 1:4)",
        ),
        (
            'a: "b\n' + "c: d\n" * 9,
            "a text that begins with a quote is not closed (it begins at 1:4)",
        ),
    ],
)
def test_what_is_no_slip_is_told_in_plain_words_with_those_of_the_parser_behind(told, text, says):
    assert f"not YAML: {says}" in told(text)


def test_the_words_for_what_a_parser_says_are_those_of_both_parsers():
    loaders = [yaml.BaseLoader, *([yaml.CBaseLoader] if yaml.__with_libyaml__ else [])]
    for right, wrong in (("name: dev", "name:dev"), ("env: dev", "a: *"), ("- name", "-name")):
        said = []
        for loader in loaders:
            complaints = Complaints("a.yml")
            yamltree.read((HEAD + POLICY.replace(right, wrong)).encode(), complaints, loader)
            said.append([str(it) for it in complaints.listed()])
        assert said == [said[0]] * len(loaders)


@st.composite
def slipped(draw):
    """A good file with one slip in it, the number of its line, and how that line was."""
    lines = draw(st.sampled_from(SAMPLES)).split("\n")
    number = draw(st.integers(0, len(lines) - 1))
    before = lines[number].partition(" #")[0]
    slip = draw(st.sampled_from([(": ", ":"), ("- ", "-"), ('"*"', "*"), ("]", ""), ('"', "")]))
    assume(slip[0] in before and not before.lstrip().startswith("#"))
    lines[number] = before.replace(*slip, 1)
    return "\n".join(lines), number + 1, before


@settings(deadline=None)
@given(slipped())
def test_what_is_suggested_for_a_slip_is_what_stood_there_before(tmp_path_factory, slip):
    text, number, before = slip
    file: Path = tmp_path_factory.getbasetemp() / "slips.yml"
    file.write_text(text, "utf-8")
    try:
        load(file)
    except PolicyMistakes as wrong:
        for mistake in wrong.mistakes:
            hint = HINT.search(mistake.message)
            if hint and mistake.message.startswith("not YAML"):
                assert mistake.line == number
                assert hint[1] in before
