"""Without a network who types a command is told in one line, at once; the function asks again."""

from __future__ import annotations

import json
import socket

import pytest

from lightsout.base.endpoint import parse_endpoint
from lightsout.cli.calls.reach import Unreachable, refuse_unreachable
from tests.support.simulated_run import DEV_NIGHTS

DEAD = "http://127.0.0.1:9"  # the port of a service that nobody runs
NOWHERE = "nowhere.invalid"  # https://www.rfc-editor.org/rfc/rfc6761: it never resolves
FUNCTION = "inputs: {name: lightsout, region: ap-guangzhou, role: lightsout}\n"


@pytest.fixture
def person(stage, type_in, tmp_path, monkeypatch):
    """Types a command in a folder with a serverless.yml, where nothing answers."""
    stage.policies(DEV_NIGHTS)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "serverless.yml").write_text(FUNCTION)
    (tmp_path / "run.jsonl").write_text("")
    stage.environ["LIGHTSOUT_ENDPOINT"] = DEAD
    return type_in


COMMANDS = [
    "plan",
    "plan --next",
    "plan --json",
    "plan --instance lhins-00000000",
    "tags",
    "deploy --disarm --yes",
    "remove --yes",
    "keep lhins-00000000 --until 2099-01-01",
    "verify --from-cls",
]


@pytest.mark.parametrize("words", COMMANDS)
def test_one_line_says_what_cannot_be_reached_and_nothing_is_asked_again(stage, person, words):
    started = stage.clock.monotonic()

    said = person(*words.split())

    assert (said.status, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert line.startswith("lightsout: 127.0.0.1 cannot be reached: Connection refused; ")
    assert "LIGHTSOUT_ENDPOINT" in line
    assert stage.clock.monotonic() == started, "it waited"


def test_mistakes_in_the_policies_come_first(stage, person):
    stage.policies(DEV_NIGHTS.replace("lighthouse", "lighthose"))

    said = person("plan")

    assert "did you mean lighthouse?" in said.out + said.err
    assert "cannot be reached" not in said.out + said.err


def test_a_first_policy_is_made_all_the_same(person, tmp_path):
    said = person("init", str(tmp_path / "mine"), "--yes")

    assert said.status == 0
    assert "127.0.0.1 cannot be reached: " in said.err
    assert "the policy is one to start from" in said.err
    assert list((tmp_path / "mine" / "policies").iterdir())


def test_savings_are_counted_all_the_same(stage, person, tmp_path):
    stage.environ["LIGHTSOUT_ENDPOINT"] = stage.sim.url
    stage.fleet(2)
    stage.run()
    log = tmp_path / "some.jsonl"
    log.write_text("".join(f"{json.dumps(it)}\n" for it in stage.lines))
    stage.environ["LIGHTSOUT_ENDPOINT"] = DEAD

    said = person("savings", str(log))

    assert "Tags and prices were not asked: 127.0.0.1 cannot be reached: " in said.out + said.err


def test_a_name_that_does_not_resolve_is_told_with_the_name(monkeypatch):
    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)

    with pytest.raises(Unreachable, match=rf"cvm\.{NOWHERE} cannot be reached: .*not known; "):
        refuse_unreachable(parse_endpoint(NOWHERE))


@pytest.mark.parametrize("proxy", ["http://someone:hidden@127.0.0.1:9", "127.0.0.1:9"])
def test_behind_a_proxy_it_is_the_proxy_that_must_be_reached(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(Unreachable, match=r"the proxy 127\.0\.0\.1 cannot be reached") as told:
        refuse_unreachable(parse_endpoint(NOWHERE))

    assert "hidden" not in str(told.value)
    assert "HTTPS_PROXY" in str(told.value)


def test_behind_a_proxy_that_is_there_no_name_is_looked_up(stage, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", stage.sim.url)

    refuse_unreachable(parse_endpoint(NOWHERE))
