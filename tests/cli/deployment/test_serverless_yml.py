"""`check` tells of a serverless.yml what the deploying tool would not."""

from __future__ import annotations

import re

import pytest

from lightsout.cli.deployment.serverless_yml import mistakes_of_the_deployment
from lightsout.cli.deployment.triggers import NOT_OURS
from lightsout.policies.load import load
from lightsout.settings import VARIABLES, misspelt
from tests.support.serverless_yml import ROOT, TEXT

EXAMPLES = re.sub(r"^( *)#(?! \S|$)", r"\1", TEXT, flags=re.MULTILINE)


@pytest.fixture
def mistakes(tmp_path):
    """The mistakes in such a file, without the path."""
    loaded = load(ROOT / "policies")

    def of(text):
        file = tmp_path / "serverless.yml"
        file.write_text(text, encoding="utf-8")
        found = mistakes_of_the_deployment(file, loaded)
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
        ("managed-by: lightsout", "managed-by: 7", 'managed-by must be a text: write "7"'),
        ("0 7/15 * * * * *", "7/15 * * * *", "cronExpression wants a cron expression of 7 fields"),
        ("enable: true", 'enable: "false"', "enable is a text, whose meaning the tool does not"),
        ("enable: true", "enable: yes", "enable wants true or false, not 'yes' (did you mean true"),
        ('argument: "{}"', "argument: {}", "argument wants a text that is not empty, not"),
        ('argument: "{}" ', "#", "argument is missing in a timer's parameters"),
        ('argument: "{}"', "argument: '{\"policys\": []}'", "(did you mean policies?)"),
        ("{}", '{\\"policies\\": [\\"dev-night\\"]}', "no policy is named 'dev-night' (did you m"),
        ("component: scf", "component: website", "component wants scf, not 'website'"),
        ("    variables:", "   variables:\n     *x", "aliases"),
        ("  src:", "  layer: []\n  src:", "unknown key 'layer'"),
        (': "1" ', ": true ", "LIGHTSOUT_DRY_RUN must be a text"),
        (': "1" ', ": ~ ", "LIGHTSOUT_DRY_RUN is null, which arrives as «null»: leave it out"),
        (': "1" ', ': "${env:A}${env:B}" ', "is not set becomes «undefined»: let one"),
        (': "1" ', ': "x${env:A}" ', "a variable that is not set becomes «undefined»"),
        ('"{}"', "'{\"policies\": [\"${env:P}\"]}'", "a variable that is not set becomes «undefi"),
        (': "1" ', ": ${env.DRY} ", "${env.NAME} stays as it stands: write ${env:NAME}"),
    ],
)  # fmt: skip
def test_each_trap_is_told_with_its_place(mistakes, there, instead, said):
    assert there in TEXT

    found = mistakes(TEXT.replace(there, instead, 1))

    assert [it for it in found if said in it], found
    assert all(re.match(r"[0-9]+:[0-9]+: ", it) for it in found)


def with_trigger(trigger):
    return TEXT.replace("- timer:", f"- {trigger}\n    - timer:", 1)


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        (
            "url: {}",
            "the deploying tool has no trigger url, and breaks off: write http: {parameter",
        ),
        ("eb: {}", "the deploying tool has no trigger eb, and breaks off: make the rule in the co"),
        ("cron: {}", "unknown key 'cron'; known here: timer, http"),
        ("{}", "events is empty: timer or http"),
        (
            "{http: {}, timer: {}}",
            "a trigger is one key: the deploying tool reads the first and no",
        ),
        ("http: {parameter: {}}", "unknown key 'parameter' (did you mean parameters?)"),
        ("http: {parameters: {authtype: NONE}}", "unknown key 'authtype' (did you mean authType?)"),
        (
            'http: {parameters: {enable: "true"}}',
            "enable is a text, whose meaning the tool does not",
        ),
    ],
)
def test_a_trigger_that_the_tool_breaks_off_at_or_misreads_is_told(mistakes, trigger, said):
    found = mistakes(with_trigger(trigger))

    assert [it for it in found if said in it], found
    assert all(it.startswith("34:") for it in found)


SECRET = "LIGHTSOUT_URL_SECRET"  # the variable's name


def with_variable(name, value):
    line = f'LIGHTSOUT_DRY_RUN: "1"\n      {name}: {value} #'
    return TEXT.replace('LIGHTSOUT_DRY_RUN: "1"', line, 1)


@pytest.mark.parametrize(
    "value",
    ["'null'", "undefined", "'0'", "'${URL_SECRET}'", "undefinedundefined", "fifteen-letters", "''",
     "'                    '", "${secret}-and-sixteen-more"],
)  # fmt: skip
def test_a_secret_that_refuses_every_request_is_told_and_not_quoted(mistakes, value):
    (found,) = mistakes(with_variable(SECRET, value))

    assert re.match(
        rf"[0-9]+:[0-9]+: {SECRET} (is|has|holds|begins) .*: it refuses every request$", found
    )
    assert "fifteen" not in found


@pytest.mark.parametrize("value", ["sixteen-letters!", "${env:URL_SECRET}", "'a b c d e f g h i'"])
def test_a_good_secret_and_one_from_the_shell_are_not(mistakes, value):
    assert mistakes(with_variable(SECRET, value)) == []


def test_a_secret_that_is_no_text_is_told_once_for_each_reason(mistakes):
    found = mistakes(with_variable(SECRET, "null"))
    assert any("is null, which arrives as" in it for it in found)
    assert not any("write" in it for it in found), "what is suggested would be a mistake"


def test_what_is_suggested_for_a_variable_is_itself_right(mistakes):
    assert not any("write" in it for it in mistakes(TEXT.replace(': "1" ', ": true ", 1)))


EVERY_KEY = """{name: url, parameters: {name: url, qualifier: $DEFAULT, enable: false,
        authType: CAM, netConfig: {enableExtranet: true, enableIntranet: false}, corsConfig: {
        enable: true, origins: ['*'], methods: 'GET,POST', credentials: true, maxAge: 60}}}"""
URLS = [
    "{parameters: {qualifier: $DEFAULT, authType: NONE, netConfig: {enableExtranet: true}}}",
    "{parameters: {qualifier: '1', netConfig: {enableIntranet: true}}}",
    EVERY_KEY,
]


@pytest.mark.parametrize("url", URLS)
def test_a_function_url_is_taken_as_the_tool_has_it(mistakes, url):
    assert mistakes(with_trigger(f"http: {url}")) == []


@pytest.mark.parametrize("trigger", sorted(NOT_OURS))
def test_another_trigger_of_the_tool_is_taken_and_warned_of(warnings, trigger):
    (found,) = warnings(with_trigger(f"{trigger}: {{x: y}}"))
    assert found.startswith(
        f"34:7: warning: {trigger}: the function does not understand its events"
    )


def test_a_second_timer_of_one_name_is_told(mistakes):
    text = EXAMPLES.replace("lightsout-warning", "lightsout-quarter-hourly")
    (found,) = mistakes(text)
    assert "a second timer named lightsout-quarter-hourly, the first is at" in found


@pytest.fixture
def warnings(stage, type_in):
    """The warnings of `check` about such a file, without the path."""

    def of(text, verify="5m"):
        stage.policies(POLICY.replace("5m", verify))
        file = stage.folder.parent / "serverless.yml"
        file.write_text(text, encoding="utf-8")
        said = type_in("check")
        assert said.status == 0, said.out
        return [it.removeprefix(f"{file}:") for it in said.out.splitlines()[:-1]]

    return of


POLICY = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {between: [20:00, 23:30]}
        verify: {timeout: 5m}
"""


def test_nothing_is_warned_of_in_the_shipped_file(warnings):
    assert warnings(TEXT) == []


@pytest.mark.parametrize(
    ("there", "instead", "place", "said"),
    [
        ("region: ap-guangzhou ", "region: ap-guangzhuo ", "9:11", "(did you mean ap-guangzhou?)"),
        ("timeout: 900", "timeout: 300", "14:12", "dev-nights verifies for up to 300 s"),
        ("managed-by:", "project:", "19:5", "the service keeps the tag key project for itself"),
    ],
)
def test_what_may_be_meant_is_a_warning_with_its_place(warnings, there, instead, place, said):
    assert there in TEXT
    (found,) = warnings(TEXT.replace(there, instead, 1))
    assert found.startswith(f"{place}: warning: ")
    assert said in found


def test_a_timeout_above_the_longest_verification_is_long_enough(warnings):
    assert warnings(TEXT.replace("timeout: 900", "timeout: 301")) == []
    assert warnings(TEXT, verify="15m") != []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (URLS[0], []),
        ("{parameters: {qualifier: $DEFAULT}}", ["nobody can reach it without enableExtranet"]),
        ("{parameters: {netConfig: {enableExtranet: true}}}", ["without a qualifier the next"]),
        (URLS[2], ["authType CAM: its signature takes the header"]),
    ],
)
def test_a_function_url_that_nobody_could_use_is_warned_of(warnings, url, words):
    text = with_variable(SECRET, "${env:URL_SECRET}")
    found = warnings(text.replace("- timer:", f"- http: {url}\n    - timer:", 1))
    assert [word in it for word, it in zip(words, found, strict=True)] == [True] * len(words)


def test_a_function_url_without_a_secret_is_warned_of(warnings):
    (found,) = warnings(with_trigger(f"http: {URLS[0]}"))
    assert (
        found
        == f"34:13: warning: http: without {SECRET} among the variables it refuses every request"
    )


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

    (mistake,) = mistakes_of_the_deployment(tmp_path / "serverless.yml", None)

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
    assert f"\n{file}:" in said.out
    assert "'unknown'" not in said.out
