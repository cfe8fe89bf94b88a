"""Rules for every command: help, exit status, one sentence where something is missing."""

from __future__ import annotations

import pytest

from lightsout import __version__
from lightsout.cli.main import main


def test_no_command_at_all_prints_the_help(capsys):
    assert main([]) == 2
    assert "check" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--version"])

    assert done.value.code == 0
    assert capsys.readouterr().out == f"lightsout {__version__}\n"


@pytest.mark.parametrize("words", [["paln"], ["plan", "--regoin", "x"], ["verify", "--topic"]])
def test_what_cannot_be_read_is_wrong_use(words, capsys):
    with pytest.raises(SystemExit) as done:
        main(words)

    assert done.value.code == 2


@pytest.mark.parametrize("command", ["plan", "run"])
def test_without_credentials_one_line_says_so_and_one_how_to_try(stage, type_in, command):
    for name in [name for name in stage.environ if name.startswith("TENCENTCLOUD")]:
        del stage.environ[name]

    said = type_in(command)

    assert said.status == 2
    assert said.err.startswith("lightsout: no credentials: ")
    assert "`python -m lightsout simulator`" in said.err.splitlines()[1]
    assert said.err.count("\n") == 2


@pytest.mark.parametrize("command", [["check"], ["plan"], ["run"]])
def test_an_endpoint_that_is_none_is_one_sentence(stage, type_in, command):
    stage.environ["LIGHTSOUT_ENDPOINT"] = "http://example.com"

    said = type_in(*command)

    assert said.status == 2
    assert said.err.startswith("lightsout: LIGHTSOUT_ENDPOINT: plain http is for loopback")
    assert len(stage.sim.journal) == 0


def test_a_run_asks_a_service_that_is_not_there_again_and_tells_of_it_in_time(stage, type_in):
    stage.sim.close()

    said = type_in("run", "--dry-run")

    assert said.status == 1
    assert '"event":"retry"' in said.out.replace(" ", "")
    assert "dev-nights in ap-guangzhou: DescribeInstances: ClientNetworkError" in said.err
    assert 20 < stage.clock.monotonic() < 900


@pytest.mark.parametrize("words", [["plan"], ["plan", "--instance", "lhins-0000000a"], ["run"]])
@pytest.mark.parametrize(
    ("region", "hint"), [("ap-guangzhuo", " (did you mean ap-guangzhou?)"), ("x-y-9", "")]
)
def test_a_misspelt_region_is_warned_of_with_the_nearest_name(type_in, words, region, hint):
    said = type_in(*words, "--region", region)

    warning = f"lightsout: warning: region {region} is not in the list at hand{hint}\n"
    assert warning in said.err


def test_a_known_region_is_not(type_in):
    assert type_in("plan", "--region", "ap-guangzhou").err == ""


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "--at", ""],
        ["preview", "--svg", ""],
        ["savings", "/dev/null", "--until", ""],
        ["savings", "/dev/null", "--prices", ""],
    ],
)
def test_an_option_with_an_empty_value_is_not_an_option_left_out(type_in, words):
    """As a script gives it whose variable is not set."""
    assert type_in(*words).status == 2
