"""`plan` about a policy whose tags no machine has: which ones come near."""

from __future__ import annotations

import pytest

from lightsout.simulator import Fault
from tests.support.simulated_run import DEV_NIGHTS

POLICY = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: TAGS}
"""


@pytest.fixture
def told(stage, type_in):
    """The notes on such a policy, over 106 machines of env=dev and 3 of env=test."""

    def told(tags, *words, more=""):
        stage.policies(POLICY.replace("TAGS", tags) + more)
        stage.fleet(106)
        stage.fleet(3, first=500, region="ap-shanghai", tags={"env": "test", "auto-stop": "yes"})
        before = len(stage.sim.journal)
        said = type_in("plan", *words)
        stage.looks = list(stage.sim.journal)[before:]
        lines = (said.out if "--json" not in words else said.err).splitlines()
        return [it for it in lines if "matches no machine" in it]

    return told


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ("{Env: dev}", "none has the tag Env (did you mean env, 109 machines?)"),
        ("{environment: dev}", "none has the tag environment (did you mean env, 109 machines?)"),
        ("{evn: '*'}", "none has the tag evn"),  # in so short a word a slip makes another one
        ("{autostop: '*'}", "none has the tag autostop (did you mean auto-stop, 3 machines?)"),
        ("{colour: red}", "none has the tag colour"),
        ("{env: Dev}", "none has env=Dev (did you mean dev, 106 machines?)"),
        ("{env: DE*}", "none has env=DE* (did you mean dev, 106 machines?)"),
        (
            "{env: 'dev,test'}",
            "none has env=dev,test (did you mean dev, 106 machines or test, 3 machines?)",
        ),
        ("{env: prod}", "none has env=prod: env is 'dev' (106), 'test' (3)"),
        ("{env: [Test, prod]}", "none has env=Test or env=prod (did you mean test, 3 machines?)"),
        (
            "{Env: x, area: y}",
            "none has the tag Env (did you mean env, 109 machines?); none has the tag area",
        ),
        ("{env: dev, auto-stop: 'yes'}", "some have each of its tags, and none has all of them"),
    ],
)
def test_what_comes_near_is_told_with_how_many_have_it(told, tags, says):
    (line,) = told(tags)
    assert line == f"dev-nights matches no machine: of 109 lighthouse machines {says}"


def test_it_costs_one_listing_without_a_filter_for_each_site_and_only_in_a_plan(stage, told):
    told("{Env: dev}")

    free = [call for call in stage.looks if "Filters" not in call.params]
    # Guangzhou has 106 machines on two pages, Shanghai three on one.
    assert sorted(call.region for call in free) == ["ap-guangzhou", "ap-guangzhou", "ap-shanghai"]
    assert {call.action for call in stage.looks} == {"DescribeInstances"}
    before = len(stage.sim.journal)
    stage.run()
    assert {"Filters" in call.params for call in list(stage.sim.journal)[before:]} == {True}


@pytest.mark.parametrize("tags", ["{env: dev}", "{env: test}", "{env: '*'}"])
def test_where_a_machine_matches_nobody_looks(stage, told, tags):
    assert told(tags) == []
    assert {"Filters" in call.params for call in stage.calls("DescribeInstances")} == {True}


def test_machines_that_match_in_another_state_are_no_reason_for_a_word(stage, told):
    stage.fleet(2, first=900, state="STOPPED", tags={"room": "training"})
    assert told("{room: training}") == []


def test_a_policy_that_is_not_due_is_told_of_too(told):
    more = "        when: {between: [23:00, 23:30]}\n"
    (line,) = told("{Env: dev}", more=more)
    assert "did you mean env" in line


def test_with_json_it_is_said_on_stderr(told):
    (line,) = told("{Env: dev}", "--json")
    assert "did you mean env" in line


def test_without_any_machine_nothing_comes_near(stage, type_in):
    stage.policies(POLICY.replace("TAGS", "{env: dev}"))
    said = type_in("plan").out

    assert said.startswith("Now: no instance matches: nothing would change.\n")
    assert "matches no machine" not in said


def test_a_narrowed_plan_does_not_guess_why_nothing_is_left(told):
    assert told("{Env: dev}", "--json", "--instance", "lhins-00000001") == []


def test_a_site_that_does_not_answer_is_told_and_guessed_about_no_further(stage, told):
    code = "UnauthorizedOperation.NoPermission"
    stage.sim.faults.add(Fault("error", "DescribeInstances", "ap-shanghai", after=1, code=code))

    (line,) = told("{Env: dev}")

    assert line.startswith("warning: dev-nights matches no machine; which tags come near in ap-sha")
    assert code in line


def named(stage, *ids, regions="[ap-guangzhou]"):
    match = f"match: {{instances: [{', '.join(ids)}]}}"
    text = DEV_NIGHTS.replace("match:\n          tags: {env: dev}", match)
    stage.policies(text.replace("[ap-guangzhou]", regions))


def test_a_plan_names_the_instances_of_a_policy_that_are_not_there(stage, type_in):
    here, there = stage.fleet(1)[0], stage.fleet(1, first=9, region="ap-shanghai")[0]
    gone = "lhins-0badbad0"
    named(stage, here, there, gone)

    (line,) = [it for it in type_in("plan").out.splitlines() if "warning" in it]
    assert line == (
        "warning: dev-nights names 2 instances that ap-guangzhou does not have: "
        f"{there}, {gone}; correct the IDs or the regions of the policy"
    )

    named(stage, here, there, gone, regions="[ap-guangzhou, ap-shanghai]")
    (line,) = [it for it in type_in("plan", "--json").err.splitlines() if "warning" in it]
    assert f"1 instance that none of its 2 regions has: {gone};" in line

    named(stage, here)
    assert "warning" not in type_in("plan").out


def test_of_an_instance_that_a_plan_could_not_look_for_nothing_is_said(stage, type_in):
    named(stage, "lhins-0badbad0")
    stage.sim.faults.add(Fault("error", "DescribeInstances", code="UnauthorizedOperation"))

    assert "does not have" not in type_in("plan").out
