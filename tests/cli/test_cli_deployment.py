"""`check` tells of a serverless.yml what the deploying tool would not."""

from __future__ import annotations

import re

import pytest
from deployment import ROOT, TEXT

from lightsout.cli.deployment import mistakes_of_the_deployment
from lightsout.settings import VARIABLES, misspelt

EXAMPLES = re.sub(r"^( *)#(?! \S|$)", r"\1", TEXT, flags=re.MULTILINE)


@pytest.fixture
def mistakes(tmp_path):
    """What is wrong with such a file, without the path."""

    def of(text):
        file = tmp_path / "serverless.yml"
        file.write_text(text, encoding="utf-8")
        found = mistakes_of_the_deployment(file, ["dev-nights"])
        return [str(it).removeprefix(f"{file}:") for it in found]

    return of


@pytest.mark.parametrize("text", [TEXT, EXAMPLES], ids=["as shipped", "with its examples"])
def test_the_shipped_file_has_none(mistakes, text):
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("memorySize: 64", "memorysize: 64", "unknown key 'memorysize' (did you mean memorySize?)"),
        ("memorySize: 64", "memorySize: 96", "memorySize wants 64, or a multiple of 128 up to 307"),
        ("  timeout: 900", "  tags2: {}", "timeout is missing in inputs: a whole number of second"),
        ("timeout: 900", "timeout: 901", "timeout wants a whole number of seconds from 1 to 900"),
        ("Python3.10", "Python3.9", "runtime wants Python3.10, not 'Python3.9'"),
        ("handler.main_handler", "index.main", "handler wants handler.main_handler, not 'index.m"),
        ("  role: lightsout", "  #role: lightsout", "role is missing in inputs"),
        ("src: ./dist/bundle", "source: ./dist/bundle", "unknown key 'source'"),
        ("LIGHTSOUT_DRY_RUN", "LIGHTSOUT_DRYRUN", "(did you mean LIGHTSOUT_DRY_RUN?)"),
        ("LIGHTSOUT_DRY_RUN", "TENCENTCLOUD_REGION", "wants the name of a variable, one of lights"),
        (': "1" ', ": 1 ", 'LIGHTSOUT_DRY_RUN must be a text: write "1"'),
        (': "1" ', ': "yes" ', "LIGHTSOUT_DRY_RUN: must be 1 or 0, not 'yes'"),
        ("project: lightsout", "project: 7", 'project must be a text: write "7"'),
        ("0 7/15 * * * * *", "7/15 * * * *", "cronExpression wants a cron expression of 7 fields"),
        ("enable: true", 'enable: "false"', "enable is a text: any text switches the timer on"),
        ("enable: true", "enable: yes", "enable wants true or false, not 'yes' (did you mean true"),
        ('argument: "{}"', "argument: {}", "argument wants a text that is not empty, not"),
        ('argument: "{}" ', "#", "argument is missing in a timer's parameters"),
        ('argument: "{}"', "argument: '{\"policys\": []}'", "(did you mean policies?)"),
        ("{}", '{\\"policies\\": [\\"dev-night\\"]}', "no policy is named 'dev-night' (did you m"),
        ("component: scf", "component: website", "component wants scf, not 'website'"),
        ("    variables:", "   variables:\n     *x", "aliases"),
    ],
)  # fmt: skip
def test_each_trap_is_told_with_its_place(mistakes, there, instead, said):
    assert there in TEXT

    found = mistakes(TEXT.replace(there, instead, 1))

    assert [it for it in found if said in it], found
    assert all(re.match(r"[0-9]+:[0-9]+: ", it) for it in found)


def test_half_a_log_topic_is_told(mistakes):
    text = re.sub(r"\n +topicId: .*", "", EXAMPLES)

    assert ["topicId is missing" in it for it in mistakes(text)] == [True]


def test_what_only_the_tool_knows_is_left_to_it(mistakes):
    text = TEXT.replace("  role:", "  layers: [{name: x, version: 1}]\n  role:")
    text = text.replace("region: ap-guangzhou", "region: ${env:REGION}")
    text = text.replace('argument: "{}"', "argument: ${env:REQUEST}")
    text = text.replace('"1" ', '"${env:DRY}" ')

    assert mistakes(text) == []


def test_all_is_told_at_once(mistakes):
    text = TEXT.replace("memorySize", "memory").replace("timeout: 900", "timeout: 3s")

    assert len(mistakes(text)) == 2


def test_what_only_shows_in_the_values_is_told_beside_a_misspelt_key(mistakes):
    text = TEXT.replace("memorySize", "memorysize").replace("enable: true", 'enable: "false"')

    found = mistakes(text.replace(': "1" ', ": 1 ").replace('argument: "{}"', 'argument: "{"'))

    assert [it.split(": ", 1)[1].split()[0] for it in found] == [
        "unknown",
        "LIGHTSOUT_DRY_RUN",
        "enable",
        "the",
    ]


@pytest.mark.parametrize(
    "name",
    ["LIGHTSOUT_NOOP", "lightsout_dry_run", "LIGHTS_OUT_DRY_RUN", "LIGHTOUT_PAUSE", "FLIGHTSOUT"],
)
def test_a_variable_is_a_mistake_here_if_the_function_would_take_it_for_one(mistakes, name):
    assert len(mistakes(TEXT.replace("LIGHTSOUT_DRY_RUN", name))) == 1
    assert misspelt([name])


@pytest.mark.parametrize("name", ["LIGHT_THEME", "LIGHTSOUT_PORT_80_TCP", "TEAM"])
def test_a_variable_of_somebody_else_is_none(mistakes, name):
    assert mistakes(TEXT.replace("LIGHTSOUT_DRY_RUN", name)) == []
    assert not misspelt([name])


def test_one_misspelt_variable_is_one_mistake(mistakes):
    assert len(mistakes(TEXT.replace("LIGHTSOUT_DRY_RUN", "LIGHTSOUT_DRYRUN"))) == 1


@pytest.mark.parametrize("there", ["events:", "    - timer:", "        parameters:", "inputs:"])
def test_a_misspelt_mapping_stops_no_look_at_the_rest(mistakes, there):
    assert mistakes(TEXT.replace(there, there.replace(":", "s:"), 1))


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "serverless.yml").mkdir()

    (mistake,) = mistakes_of_the_deployment(tmp_path / "serverless.yml", [])

    assert mistake.message == "cannot be read: Is a directory"


def test_it_knows_each_variable_of_the_readme_and_no_other():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(LIGHTSOUT_\w+)` \|", readme, re.MULTILINE)

    assert sorted(table) == sorted(VARIABLES)


def test_check_finds_them_beside_the_policies(stage, type_in):
    file = stage.folder.parent / "serverless.yml"
    file.write_text(TEXT.replace("LIGHTSOUT_DRY_RUN", "LIGHTSOUT_DRYRUN"), encoding="utf-8")

    said = type_in("check")

    assert said.status == 1
    assert said.out.startswith(f"{file}:")
    assert said.err == "lightsout: 1 mistake\n"


def test_a_mistake_in_a_policy_hides_none_of_the_deployment(stage, type_in):
    stage.folder.joinpath("broken.yml").write_text("version: 2\n", encoding="utf-8")
    file = stage.folder.parent / "serverless.yml"
    file.write_text(
        TEXT.replace("timeout: 900", "timeout: 3s").replace(
            "{}", '{\\"policies\\": [\\"unknown\\"]}'
        ),
        encoding="utf-8",
    )

    said = type_in("check")

    assert said.status == 1
    assert "broken.yml:1:" in said.out
    assert said.out.splitlines()[-1].startswith(f"{file}:")
    assert "'unknown'" not in said.out
