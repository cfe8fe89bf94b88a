"""`check`: mistakes as compilers and linters print them."""

from __future__ import annotations

import json
import re

import pytest

from lightsout.cli.output.words import width

GOOD = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {between: [20:00, 23:30]}
"""


def test_good_policies_are_counted(stage, type_in):
    stage.policies(GOOD)

    said = type_in("check")

    assert (said.status, said.out, said.err) == (0, "1 policy in 1 file: no mistakes\n", "")


def test_every_mistake_has_its_place_on_stdout(stage, type_in):
    stage.policies("version: 1\npolicies:\n  - name: A\n    colour: red\n")

    said = type_in("check")

    file = stage.folder / "policy.yml"
    lines = [line for line in said.out.splitlines() if not line.startswith("  ")]
    assert said.status == 1
    assert len(lines) > 3
    assert all(line.startswith(f"{file}:") for line in lines)
    assert any(line.startswith(f"{file}:4:5: ") and "colour" in line for line in lines)
    assert said.err == f"lightsout: {len(lines)} mistakes\n"


def test_a_region_that_may_be_misspelt_is_a_marked_warning(stage, type_in):
    stage.policies(GOOD.replace("ap-guangzhou", "ap-guangzhuo"))

    said = type_in("check")

    assert said.status == 0
    warning, last = said.out.splitlines()
    assert warning.startswith(f"{stage.folder / 'policy.yml'}:6:15: warning: ")
    assert "ap-guangzhou" in warning
    assert last == "1 policy in 1 file: no mistakes, 1 warning"


def test_policies_may_stand_elsewhere(stage, type_in, tmp_path):
    said = type_in("check", "--policies", tmp_path / "nowhere.yml")

    assert said.status == 1
    assert said.out.startswith(f"{tmp_path / 'nowhere.yml'}:1:1: ")


def test_nothing_is_called(stage, type_in):
    type_in("check")

    assert len(stage.sim.journal) == 0


def test_it_says_until_when_the_calendar_reaches_where_a_policy_goes_by_it(stage, type_in):
    stage.policies(GOOD.replace("when: {", "when: {days: workdays, "))
    assert type_in("check").out.splitlines()[-1] == (
        "1 policy in 1 file: no mistakes, 1 warning; the calendar of workdays reaches to 2026-12-31"
    )

    days = "".join(f"2027-02-{day:02}: off, " for day in range(6, 18))
    text = GOOD.replace("version: 1", f"version: 1\n    holidays: {{{days}}}")
    stage.policies(
        text.replace("when: {", "when: {days: holidays, ").replace("dev-nights", "off-days"),
        "other.yml",
    )
    assert (
        type_in("check")
        .out.splitlines()[-1]
        .endswith("reaches to 2026-12-31 for dev-nights, 2027-12-31 for off-days")
    )


# The line in the file ----------------------------------------------------------------------------


def test_below_each_mistake_stands_its_line_with_a_caret_at_the_place(stage, type_in):
    stage.policies(GOOD.replace("lighthouse", "lighthose"))

    said = type_in("check")

    first, *excerpt = said.out.splitlines()
    assert first == (
        f"{stage.folder / 'policy.yml'}:5:15: resource wants lighthouse, cvm, hai or notebook, "
        "not 'lighthose' (did you mean lighthouse?)"
    )
    assert excerpt == ["  5 |     resource: lighthose", "    |               ^"]


def test_the_caret_stands_right_below_wide_letters_too(stage, type_in):
    stage.policies(GOOD.replace("{env: dev}", "{开发环境: dev，test}"))

    _, line, caret = type_in("check").out.splitlines()

    assert line[: caret_at(line, caret)].endswith("dev")
    assert "，" in line


def caret_at(line, caret):
    """The character of the line below which the caret stands."""
    columns = width(caret) - 1
    return next(at for at in range(len(line)) if width(line[:at]) == columns)


@pytest.mark.parametrize("before", [0, 200])
def test_of_a_long_line_only_what_is_near_the_mistake_is_shown(stage, type_in, before):
    names = ", ".join(f"ap-guangzhou-{number}" for number in range(before))
    long = f"[{names}{', ' * bool(names)}Bad_{'x' * 500}]"
    stage.policies(GOOD.replace("[ap-guangzhou]", long))

    said = type_in("check").out

    line, caret = re.search(r"not 'Bad_.*\n(.*)\n(.*)", said).groups()
    assert max(width(line), width(caret)) <= 80
    assert line[len(caret) - 1 :].startswith("Bad_xxx")


@pytest.mark.parametrize("text", ["", "version: 1\npolicies: []\n# " + "x" * 256 * 1024])
def test_a_file_without_a_line_to_show_has_none(stage, type_in, text):
    stage.policies(text)

    assert type_in("check").out.count("\n") == 1


# Paths -------------------------------------------------------------------------------------------


def test_files_of_one_folder_are_read_together_and_folders_by_themselves(stage, type_in, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        stage.folder = tmp_path / folder
        stage.policies(GOOD, "one.yml")
    stage.policies(GOOD, "two.yml")
    one, two, other = (tmp_path / it for it in ("b/one.yml", "b/two.yml", "a/one.yml"))

    assert type_in("check", one, other).out == "2 policies in 2 files: no mistakes\n"
    assert type_in("check", one, two).status == type_in("check", tmp_path / "b").status == 1
    assert type_in("check", one, two, tmp_path / "b").err == "lightsout: 1 mistake\n"
    assert f"{two}:4:11: a second policy named dev-nights" in type_in("check", one, two).out


@pytest.mark.parametrize("words", [["policies", "--policies", "policies"], [""]])
def test_paths_that_cannot_be_obeyed_are_wrong_use(type_in, words):
    assert type_in("check", *words).status == 2


# For programs ------------------------------------------------------------------------------------


def test_as_json_it_is_a_list_of_objects_and_nothing_else(stage, type_in):
    stage.policies(GOOD.replace("ap-guangzhou", "ap-guangzhuo"))
    warned = type_in("check", "--format", "json")
    stage.policies(GOOD.replace("name: dev-nights", "name: Dev"))
    wrong = type_in("check", "--format", "json")

    assert (warned.status, wrong.status) == (0, 1)
    (warning,), (mistake,) = warned.json(), wrong.json()
    assert (warning["level"], warning["line"], warning["column"]) == ("warning", 6, 15)
    assert mistake == {
        "file": str(stage.folder / "policy.yml"),
        "line": 4,
        "column": 11,
        "level": "error",
        "message": "name wants 1 to 64 of a-z, 0-9 and -, not 'Dev'",
    }
    stage.policies(GOOD)
    assert json.loads(type_in("check", "--format", "json").out) == []


def test_for_github_each_is_a_command_with_the_path_from_the_top(stage, type_in, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(stage.folder.parent))
    stage.policies(GOOD.replace("name: dev-nights", 'name: "100%: a,\\nb"'), "a,b.yml")
    (stage.folder / "policy.yml").unlink()

    said = type_in("check", "--format", "github")

    assert said.status == 1
    assert said.out == (
        f"::error file={stage.folder.name}/a%2Cb.yml,line=4,col=11,title=lightsout::name wants 1 "
        "to 64 of a-z, 0-9 and -, not '100%25: a,\\nb': it has U+000A\n"
    )
