"""docs/deploy.md in the order of its reader: tools are there before they are used."""

from __future__ import annotations

import re
import shlex

import pytest

from lightsout.cli.main import _parser
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
COMMANDS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
OURS = sorted(
    set(re.findall(r"^(lightsout .+?)(?:\s+#.*)?$", COMMANDS, re.MULTILINE))
    | set(re.findall(r"`(lightsout (?:deploy|remove|package|permissions)[^`]*)`", PAGE))
)
WAYS = ("By the scf command line", "By the console", "By tccli")


@pytest.mark.parametrize(
    ("tool", "comes_by"),
    [
        (r"^scf deploy", "npm install --global serverless-cloud-framework"),
        (r"^[A-Z=$(]*tccli ", "pip install tccli"),
        (r"dist/lightsout\.zip", "lightsout package"),
        (r"\$POLICY\b", "POLICY=$("),
        (r"\$TOPIC\b", "TOPIC=$("),
    ],
)
def test_a_tool_is_there_before_it_is_used(tool, comes_by):
    used = re.search(tool, COMMANDS, re.MULTILINE)

    assert used
    assert COMMANDS.index(comes_by) < used.start()


@pytest.mark.parametrize("line", OURS)
def test_each_of_our_commands_is_one_that_there_is(line):
    _, *words = shlex.split(line)

    assert _parser().parse_args(words).command == words[0]


def test_there_are_commands_for_the_whole_life():
    for words in ("deploy", "deploy --arm", "deploy --disarm", "deploy --check", "deploy --resume",
                  "deploy --pause-until 2027-02-20", "remove"):  # fmt: skip
        assert f"lightsout {words}" in OURS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", ["look", "switch", "pause", "upgrade", "undo"])
def test_each_other_way_is_complete(way, what):
    told = PAGE.partition(f"### {way}\n")[2]
    section = re.split(r"^##+ ", told, maxsplit=1, flags=re.MULTILINE)[0]

    assert re.search(rf"\b{what}\b", section, re.IGNORECASE)


def test_each_option_of_deploy_stands_in_the_page():
    options = re.findall(r"--[a-z-]+", _parser_of("deploy").format_help())

    for option in set(options) - {"--help", "--policies"}:
        assert option in PAGE, option


def _parser_of(command):
    (commands,) = [it for it in _parser()._actions if it.dest == "command"]
    return commands.choices[command]
