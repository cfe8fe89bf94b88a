"""`plan --instance ID`: each step of the decision about one machine."""

from __future__ import annotations

import pytest

from lightsout.simulator import GB, Fault, Refusal

# The stage's clock stands at 20:00 in Shanghai, on Monday, 23 November 2026.
POLICIES = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: [dev, test]}}
        exclude: {tags: {role: bastion}}
        limits: {max_instances: 2}
      - name: late
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {env: dev}}
        when: {between: ["21:00", "23:00"]}
      - name: vms
        resource: cvm
        regions: [ap-shanghai]
        match: {tags: {env: dev}}
"""
ID = "lhins-0000000a"
MISSPELT = "lightsout: no policy is named 'latte' (did you mean late?)\n"


@pytest.fixture
def there(stage):
    stage.policies(POLICIES)
    return stage


@pytest.fixture
def tell(type_in):
    """The steps of each policy, by its name; what it ends with, and the exit status."""

    def tell(*words):
        said = type_in("plan", *words)
        steps_of = {}
        for part in said.out.split("\n\n"):
            name, *lines = part.splitlines()
            steps = {line[2:14].strip(): line[14:] for line in lines if line.startswith("  ")}
            steps_of[name.partition(" · ")[0]] = steps
        return steps_of, said.out.rstrip().splitlines()[-1], said.status

    return tell


def test_a_machine_that_would_be_stopped_has_each_step_told(there, type_in):
    there.world.add(ID, name="web", tags={"env": "dev"})

    said = type_in("plan", "--instance", ID)

    assert said.status == 0
    assert (
        said.out
        == """\
lhins-0000000a · web · RUNNING · lighthouse · ap-guangzhou
tags: env=dev

dev-nights · stop
  match       tag env=dev
  exclude     nothing excludes it
  protection  nothing protects it
  when        due whenever it is triggered
  limits      1 instance to act on, within max_instances 2
  so          would stop: tag env=dev

late · stop
  match       tag env=dev
  exclude     nothing excludes it
  protection  nothing protects it
  when        not due until 2026-11-23 21:00 Asia/Shanghai
  so          not due until 2026-11-23 21:00 Asia/Shanghai; then would stop: tag env=dev

not about lighthouse: vms

It would be stopped by dev-nights. late would stop it when it opens, 2026-11-23 21:00 Asia/Shanghai.
"""
    )


def test_at_another_time_the_head_says_so_and_another_policy_is_due(there, type_in, tell):
    there.world.add(ID, tags={"env": "dev"})

    steps_of, _, _ = tell("--instance", ID, "--at", "2026-11-23T21:30")

    assert steps_of["late"]["when"] == "due until 2026-11-23 23:00 Asia/Shanghai"
    said = type_in("plan", "--instance", ID, "--at", "2026-11-23T21:30")
    assert said.out.startswith("as if it were 2026-11-23 21:30 Asia/Shanghai")


def test_a_tag_that_does_not_match_is_named_with_what_was_wanted(there, tell):
    there.world.add(ID, tags={"env": "prod"})

    steps_of, end, status = tell("--instance", ID)

    assert steps_of["dev-nights"] == {"no match": "its tag env is prod; wanted is dev or test"}
    assert end == "No policy would act on it: it would be left as it is."
    assert status == 0


@pytest.mark.parametrize("tags", [{}, {"Env": "dev"}])
def test_a_tag_that_is_not_there_is_named(there, tell, tags):
    there.world.add(ID, tags=tags)

    steps_of, _, _ = tell("--instance", ID)

    assert steps_of["late"] == {"no match": "it has no tag env; wanted is dev"}


def test_another_region_is_a_reason_not_to_match(there, tell):
    there.world.add(ID, region="ap-shanghai", tags={"env": "dev"})

    steps_of, _, _ = tell("--instance", ID)

    assert steps_of["dev-nights"] == {
        "no match": "it is in ap-shanghai, the policy is about ap-guangzhou"
    }
    assert "so" in steps_of["late"]


def test_a_list_of_other_machines_is_a_reason_not_to_match(stage, tell):
    stage.policies("""
        version: 1
        policies:
          - name: few
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {instances: [lhins-0000000b]}
    """)
    stage.world.add(ID)

    steps_of, _, _ = tell("--instance", ID)

    assert steps_of["few"] == {"no match": "it is not among the instances that the policy names"}


def test_what_excludes_and_what_protects_it_are_both_told(there, tell):
    tags = {"env": "dev", "role": "bastion", "keep-until": "2026-12-01"}
    there.world.add(ID, tags=tags)

    steps_of, end, _ = tell("--instance", ID)

    assert steps_of["dev-nights"]["exclude"] == "excluded by tag role=bastion"
    assert steps_of["dev-nights"]["protection"] == "keep-until 2026-12-01"
    assert steps_of["dev-nights"]["so"] == "excluded: excluded by tag role=bastion"
    assert steps_of["late"]["so"].endswith(
        "then kept: keep-until 2026-12-01, until 2026-12-02 00:00 Asia/Shanghai"
    )
    assert end == "It would be left as it is."


def test_a_condition_is_told_of_a_machine_that_is_kept_as_well(stage, tell):
    stage.policies("""
        version: 1
        policies:
          - name: traffic
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            only_if: {traffic_used_at_least: 95%}
    """)
    packages = [stage.world.package(used=490 * GB, total=500 * GB)]
    stage.world.add(ID, tags={"env": "dev", "keep-running": "1"}, packages=packages)

    steps_of, _, _ = tell("--instance", ID)

    assert steps_of["traffic"]["only if"] == "met: 98% of 500 GB traffic used"
    assert steps_of["traffic"]["so"] == "kept: keep-running 1"


def test_a_limit_counts_the_whole_policy_and_not_the_one_machine(there, tell):
    there.world.add(ID, tags={"env": "dev"})
    there.fleet(2, first=100)

    steps_of, end, status = tell("--instance", ID)

    over = "over limit: 3 instances, max_instances is 2"
    assert steps_of["dev-nights"]["limits"] == over
    assert steps_of["dev-nights"]["so"] == f"refused: {over}"
    assert end.startswith("It would be left as it is. late would stop it")
    assert status == 1


@pytest.mark.parametrize(
    ("state", "so"),
    [
        ("STOPPED", "nothing while it is STOPPED"),
        ("PENDING", "nothing while it is PENDING"),
        ("STOPPING", "nothing: STOPPING since "),
    ],
)
def test_a_machine_that_is_not_running_is_told_so(there, tell, state, so):
    there.world.add(ID, tags={"env": "dev"}, state=state)

    steps_of, end, status = tell("--instance", ID)

    assert steps_of["dev-nights"]["state"] == f"{state}: a stop acts on RUNNING only"
    assert steps_of["dev-nights"]["so"].startswith(so)
    assert end == "No policy would act on it: it would be left as it is."
    assert status == 0


def test_a_conflict_is_told_and_found_wrong(stage, tell):
    stage.policies("""
        version: 1
        policies:
          - {name: off, resource: lighthouse, regions: [ap-guangzhou], match: {tags: {env: dev}}}
          - name: "on"
            resource: lighthouse
            action: start
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
    """)
    stage.world.add(ID, tags={"env": "dev"})

    steps_of, end, status = tell("--instance", ID)

    assert steps_of["off"]["so"].startswith("conflict: due for stop by off and for start by on")
    assert end == "It would be left as it is."
    assert status == 1


def test_what_the_service_denies_now_is_told(there, tell):
    refusal = Refusal("OperationDenied.InstanceCreating", visible=True, times=None)
    there.world.add(ID, tags={"env": "dev"}, refusals=[refusal])

    steps_of, _, _ = tell("--instance", ID)

    assert "; denied now: OperationDenied.InstanceCreating: " in steps_of["dev-nights"]["so"]
    assert "denied" not in steps_of["late"]["so"]


def test_an_off_and_an_on_that_are_never_due_at_once_are_no_conflict(stage, tell):
    stage.policies("""
        version: 1
        policies:
          - name: nights
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            when: {between: ["20:00", "23:00"]}
          - name: mornings
            resource: lighthouse
            action: start
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            when: {between: ["08:30", "09:00"]}
    """)
    stage.world.add(ID, tags={"env": "dev"})

    steps_of, end, status = tell("--instance", ID)

    assert steps_of["nights"]["so"] == "would stop: tag env=dev"
    assert steps_of["mornings"]["so"] == "nothing while it is RUNNING"
    assert end == "It would be stopped by nights."
    assert status == 0


def test_a_policy_for_the_timer_only_is_part_of_the_story(stage, tell):
    stage.policies("""
        version: 1
        policies:
          - name: timer-only
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            triggered_by: [timer]
    """)
    stage.world.add(ID, tags={"env": "dev"})

    steps_of, end, _ = tell("--instance", ID)

    assert steps_of["timer-only"]["trigger"] == "timer only: a run by hand leaves the policy out"
    assert end == "It would be stopped by timer-only."


def test_a_machine_that_is_nowhere_is_told_with_the_regions_looked_in(there, type_in):
    said = type_in("plan", "--instance", ID)

    assert said.status == 0
    assert said.out == (
        f"{ID} is not found in any region that the policies name: "
        "looked in ap-guangzhou (lighthouse), ap-shanghai (lighthouse)\n"
    )


def test_all_regions_are_looked_in_where_a_policy_says_all(stage, type_in):
    stage.policies("""
        version: 1
        policies:
          - {name: dev, resource: lighthouse, regions: all, match: {tags: {env: dev}}}
    """)
    stage.world.add(ID, region="ap-singapore", tags={"env": "dev"})

    assert "RUNNING · lighthouse · ap-singapore" in type_in("plan", "--instance", ID).out


def test_a_region_that_cannot_be_looked_at_is_found_wrong(there, type_in):
    denied = {"code": "UnauthorizedOperation", "message": "no"}
    there.sim.faults.add(Fault("error", region="ap-shanghai", times=None, **denied))

    said = type_in("plan", "--instance", ID)

    assert said.status == 1
    assert "ap-shanghai cannot be read: DescribeInstances: UnauthorizedOp" in said.out
    assert "looked in ap-guangzhou (lighthouse)" in said.out


def test_several_machines_have_a_story_each(there, type_in):
    there.world.add(ID, tags={"env": "dev"})
    there.world.add("ins-0000000a", service="cvm", region="ap-shanghai", tags={"env": "dev"})

    said = type_in("plan", "--instance", ID, "--instance", "ins-0000000a")

    assert "RUNNING · lighthouse · ap-guangzhou" in said.out
    assert "RUNNING · cvm · ap-shanghai" in said.out
    assert "not about cvm: dev-nights, late" in said.out


def test_other_options_narrow_the_story(there, tell):
    there.world.add(ID, tags={"env": "dev"})

    steps_of, end, _ = tell("--instance", ID, "--policy", "late")

    assert "dev-nights" not in steps_of
    assert end.startswith("It would be left as it is. late would stop it")
    _, end, _ = tell("--instance", ID, "--region", "ap-shanghai")
    assert end.endswith("looked in ap-shanghai (lighthouse)")


def test_a_policy_that_does_not_exist_is_wrong_use(there, type_in):
    said = type_in("plan", "--instance", ID, "--policy", "latte")

    assert (said.status, said.err) == (2, MISSPELT)


def test_nothing_is_changed_and_a_pause_is_all_there_is_to_tell(there, type_in):
    there.world.add(ID, tags={"env": "dev"})
    there.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2027-01-01"

    said = type_in("plan", "--instance", ID)

    assert said.out == "paused by LIGHTSOUT_PAUSED_UNTIL: every run ends at once\n"
    del there.environ["LIGHTSOUT_PAUSED_UNTIL"]
    type_in("plan", "--instance", ID)
    assert {call.action for call in there.sim.journal} == {
        "DescribeInstances", "DescribeInstancesDeniedActions",
    }  # fmt: skip


def test_broken_policies_give_every_mistake(there, type_in):
    there.policies("version: 1\npolicies:\n  - name: A\n")

    said = type_in("plan", "--instance", ID)

    assert said.status == 1
    assert said.out.count("policy.yml:3:") > 2


def test_tags_cannot_forge_the_terminal(there, type_in):
    there.world.add(ID, name="a\x1b[2J", tags={"env": "pr\x1b[2Jod\n  so  would stop"})

    said = type_in("plan", "--instance", ID)

    assert "\x1b" not in said.out
    assert "\n  so" not in said.out
