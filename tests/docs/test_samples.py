"""Every sample policy, and the one that is shipped: read without a mistake, and run."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest

from lightsout.model.policy import OwnHours
from lightsout.model.resources.resource import ACTIONS
from lightsout.policies.hours.windows import next_window
from lightsout.policies.load import load
from lightsout.simulator import GB, Operation
from tests.support.other_accounts import OWN, add_roles, uin_of
from tests.support.paths import ROOT
from tests.support.simulated_run import set_stage

EARLY = datetime(2026, 11, 24, 0, 30, tzinfo=timezone.utc)  # 08:30 on a Tuesday in Shanghai
FILES = [*sorted((ROOT / "docs" / "policies").glob("*.yml")), ROOT / "policies" / "dev-nights.yml"]
SAMPLES = [(file, policy) for file in FILES for policy in load(file).policies]


def machine_for(stage, policy, accounts):
    """One machine that the policy is meant for, as it is when the policy opens."""
    action, region = ACTIONS[policy.action], policy.regions[0].replace("all", "ap-guangzhou")
    used = 490 if policy.only_if.traffic_used_at_least else 10
    facts = (
        {}
        if policy.resource == "cvm"
        else {"packages": [stage.world.package(used=used * GB, total=500 * GB)]}
    )
    instance = stage.world.add(
        min(policy.match.instances, default=None),
        service=policy.resource,
        region=region,
        account={"own": OWN, **{it.name: uin_of(it) for it in accounts}}[policy.accounts[0]],
        state=action.before,
        tags=tags_for(policy),
        **facts,
    )
    opposite = "StopInstances" if action.name == "start" else "StartInstances"
    last_month = stage.clock.now() - timedelta(days=60)
    instance.operation = Operation(opposite, "SUCCESS", "long ago", last_month)
    return instance


def tags_for(policy):
    tags = {key: values[0].replace("*", "x") for key, values in policy.match.tags.items()}
    own = {policy.when.tag: "08:30-20:00"} if isinstance(policy.when, OwnHours) else {}
    return tags | own


def opening_of(policy, now):
    if isinstance(policy.when, OwnHours):
        return EARLY if policy.action == "start" else EARLY + timedelta(hours=11.5)
    return next_window(policy.when, policy.timezone, now).opens


@pytest.mark.parametrize(
    ("file", "policy"),
    SAMPLES,
    ids=[f"{file.name}:{it.name}-{it.resource}-{it.action}" for file, it in SAMPLES],
)
def test_a_sample_acts_on_the_machine_it_is_meant_for_and_on_no_other(tmp_path, file, policy):
    with set_stage(tmp_path / "policies", policy.resource) as stage:
        stage.environ["LIGHTSOUT_POLICIES"] = str(file)
        if policy.when:
            opens = opening_of(policy, stage.clock.now())
            stage.clock.advance((opens - stage.clock.now()).total_seconds() + 60)
        accounts = load(file).accounts
        add_roles(stage, accounts)
        instance = machine_for(stage, policy, accounts)
        others = stage.fleet(9, state=instance.state, tags={"somebody": "else"})

        report = stage.run({"policies": [policy.name]})

        assert report["counts"][{"stop": "stopped", "start": "started"}[policy.action]] == 1
        assert instance.state == ACTIONS[policy.action].after
        assert stage.states(others) == {ACTIONS[policy.action].before}


@pytest.mark.parametrize("page", ["policy.md", "zh-CN/policy.md"])
def test_the_reference_lists_every_sample(page):
    listed = re.findall(
        r"^\| `([\w-]+\.yml)` \|", (ROOT / "docs" / page).read_text("utf-8"), re.MULTILINE
    )

    assert sorted(listed) == sorted(file.name for file in FILES[:-1])


def test_the_shipped_function_changes_nothing_until_the_user_says_so():
    deployed = (ROOT / "serverless.yml").read_text(encoding="utf-8")

    assert 'LIGHTSOUT_DRY_RUN: "1"' in deployed
    assert len(list((ROOT / "policies").iterdir())) == 1
