"""The official command line client (tccli) drives each action that deploying calls, once."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from lightsout.simulator import ManualClock, Simulator, World
from tests.support.deploy_calls import LIFE, filled
from tests.support.simulated_run import GUANGZHOU

pytestmark = pytest.mark.crosscheck


class Life:
    """The answers of the client, by action, and the simulator that gave them."""

    def __init__(self, home):
        self.world = World(ManualClock())
        self.sim = Simulator(self.world)
        self.answers = {}
        self._home = home

    def live(self):
        known = {}
        for service, action, params in LIFE:
            self.answers[action] = answer = self.call(service, action, filled(params, known))
            known |= answer
            self.world.clock.advance(60)

    def call(self, service, action, params):
        told = self._home / "params.json"
        told.write_text(json.dumps(params), "utf-8")
        command = [os.environ["TCCLI"], service, action, "--cli-input-json", f"file://{told}"]
        account = self.sim.credentials[0]
        done = subprocess.run(
            [*command, "--region", GUANGZHOU, "--endpoint", self.sim.url],
            env={
                "HOME": str(self._home),
                "PATH": os.environ["PATH"],
                "NO_PROXY": "127.0.0.1",
                "TENCENTCLOUD_SECRET_ID": account.secret_id,
                "TENCENTCLOUD_SECRET_KEY": account.secret_key,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stdout.startswith("{"), f"{service} {action}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    life = Life(tmp_path_factory.mktemp("home"))
    with life.sim:
        life.live()
    return life


def test_every_action_is_answered_and_none_refused(life):
    calls = [(call.service, call.action) for call in life.sim.journal]

    assert calls == [(service, action) for service, action, _ in LIFE]
    assert {call.code for call in life.sim.journal} == {None}


def test_what_was_typed_arrived_whole(life):
    """The client drops what it does not know, deep inside of a value, without a word."""
    for call, (_, action, params) in zip(life.sim.journal, LIFE, strict=True):
        assert call.params.keys() == params.keys(), action


def test_the_client_keeps_what_it_was_answered(life):
    """It drops members that its own description does not have."""
    assert life.answers["GetFunction"]["Status"] == "Active"
    assert life.answers["GetFunction"]["Tags"] == [{"Key": "managed-by", "Value": "lightsout"}]
    assert life.answers["Invoke"]["Result"]["RetMsg"] == "{}"
    (timer,) = life.answers["ListTriggers"]["Triggers"]
    assert (timer["TriggerDesc"], timer["Enable"]) == ('{"cron":"0 0 20 * * * *"}', 0)
    found = [json.loads(each["LogJson"]) for each in life.answers["SearchLog"]["Results"]]
    assert {each["SCF_FunctionName"] for each in found} == {"it"}
    assert life.answers["GetRole"]["RoleInfo"]["RoleName"] == "runs"


def test_nothing_is_left_at_the_end(life):
    assert (life.world.roles, list(life.world.functions)) == ([], [])
    assert (life.world.logs.topics, life.world.logs.logsets) == ({}, {})
