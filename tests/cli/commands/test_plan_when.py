"""`plan` of policies that are not due, and `plan --at` another time."""

from __future__ import annotations

import pytest

from lightsout.simulator import Fault, Operation
from tests.support.plan_rows import reasons

# The stage's clock stands at 20:00 in Shanghai, on Monday, 23 November 2026.
NIGHTS = """
    version: 1
    policies:
      - name: nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
        when: {between: ["21:00", "23:00"]}
"""


def test_a_policy_that_is_not_due_shows_what_it_would_do_when_it_opens(stage, type_in):
    stage.policies(NIGHTS)
    add = stage.world.add
    add("lhins-0000000a", name="a", tags={"env": "dev"})
    add("lhins-0000000b", name="b", tags={"env": "dev", "keep-running": "yes"})
    add("lhins-0000000c", name="c", tags={"env": "dev", "role": "bastion"})
    add("lhins-0000000d", name="d", tags={"env": "dev", "keep-until": "2026-11-23T20:30"})

    said = type_in("plan", "--json")

    assert said.status == 0
    assert {row["decision"] for row in said.json()} == {"not_due"}
    assert {row["until"] for row in said.json()} == {"2026-11-23T21:00:00+08:00"}
    not_due = "not due until 2026-11-23 21:00 Asia/Shanghai; then "
    assert reasons(said) == {
        "lhins-0000000a": not_due + "would stop: tag env=dev",
        "lhins-0000000b": not_due + "kept: keep-running yes",
        "lhins-0000000c": not_due + "excluded by tag role=bastion",
        "lhins-0000000d": not_due + "would stop: tag env=dev",
    }


def test_what_is_not_due_is_not_counted_as_would_stop(stage, type_in):
    stage.policies(NIGHTS)
    stage.fleet(3)

    said = type_in("plan")

    opens = "The next window opens 2026-11-23 21:00 Asia/Shanghai"
    assert said.out.splitlines()[:4] == [
        f"Nothing is due now. {opens}: nights, 3 would stop.",
        "",
        "policy  region        when              what",
        "nights  ap-guangzhou  2026-11-23 21:00  3 would stop",
    ]
    (row, *_) = [line for line in said.out.splitlines() if "lhins-00000000" in line]
    assert row.split("  ")[-2:] == ["not due", "then would stop: tag env=dev"]
    assert stage.calls("DescribeInstancesDeniedActions") == []


@pytest.mark.parametrize("count", [20, 21])
def test_few_machines_of_the_next_window_are_listed_and_more_where_asked(stage, type_in, count):
    stage.policies(NIGHTS)
    ids = stage.fleet(count)

    for words, listed in ((["plan"], count == 20), (["plan", "--next"], True)):
        said = type_in(*words).out

        assert [id_ in said for id_ in ids] == [listed] * count
        assert (
            "21 instances of the next windows not listed: --next lists all" in said
        ) is not listed
    assert len(type_in("plan", "--json").json()) == count


def test_without_a_terminal_the_answer_and_its_table_fit_80_columns(stage, type_in):
    stage.policies(NIGHTS.replace("name: nights", f"name: {'n' * 40}"), "a.yml")
    stage.policies(NIGHTS.replace("regions:", "timezone: Europe/Berlin\n        regions:"), "b.yml")
    (stage.folder / "policy.yml").unlink()
    stage.fleet(30)

    said = type_in("plan").out

    assert f"policy  {'n' * 40}\nregion  ap-guangzhou\n" in said
    assert "when    2026-11-23 21:00 Europe/Berlin\n" in said
    assert max(map(len, said.splitlines()[1:])) <= 80


def test_a_policy_that_is_due_is_told_of_once_beside_one_that_is_not(stage, type_in):
    always = NIGHTS.replace("name: nights", "name: always").partition("        when:")[0]
    stage.policies(NIGHTS)
    stage.policies(always, "always.yml")
    stage.fleet(1)

    rows = type_in("plan", "--json").json()

    assert [(row["policy"], row["decision"]) for row in rows] == [
        ("always", "would_stop"),
        ("nights", "not_due"),
    ]


def test_a_limit_that_is_only_passed_when_the_policy_opens_is_told_and_no_error_now(stage, type_in):
    stage.policies(NIGHTS + "        limits: {max_instances: 1}\n")
    stage.fleet(2)

    said = type_in("plan")

    assert said.status == 0
    assert "then refused: over limit: 2 instances, max_instances is 1" in said.out
    assert "when it opens, nights in ap-guangzhou: over limit" in said.out


def test_each_policy_is_judged_at_its_own_opening(stage, type_in):
    stage.policies(NIGHTS)
    stage.policies(
        """
        version: 1
        timezone: Europe/Berlin
        policies:
          - name: berlin
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            when: {between: ["20:00", "23:00"]}
        """,
        "z.yml",
    )
    stage.fleet(1, tags={"env": "dev", "keep-until": "2026-11-23T22:00+08:00"})

    told = {row["policy"]: row["reason"] for row in type_in("plan", "--json").json()}

    assert told == {
        "nights": "not due until 2026-11-23 21:00 Asia/Shanghai; then kept: "
        "keep-until 2026-11-23T22:00+08:00, until 2026-11-23 22:00 Asia/Shanghai",
        "berlin": "not due until 2026-11-23 20:00 Europe/Berlin; then would stop: tag env=dev",
    }


def test_a_region_that_a_policy_not_due_could_not_list_is_found_wrong(stage, type_in):
    stage.policies(NIGHTS)
    denied = {"code": "UnauthorizedOperation", "message": "no"}
    stage.sim.faults.add(Fault("error", times=None, **denied))

    said = type_in("plan")

    assert said.status == 1
    assert "when it opens, nights in ap-guangzhou: DescribeInstances: Unauthorized" in said.out


def test_a_machine_named_for_a_policy_that_is_not_due_is_no_typo(stage, type_in):
    stage.policies(NIGHTS)
    (id_,) = stage.fleet(1)

    said = type_in("plan", "--json", "--instance", id_, "--instance", "lhins-ffffffff")

    assert "warning: lhins-ffffffff: named in the event, but no policy matches" in said.err
    assert f"warning: {id_}" not in said.err


def test_a_machine_just_stopping_is_not_called_stuck_by_a_look_ahead(stage, type_in):
    stage.policies(NIGHTS)
    (id_,) = stage.fleet(1, state="STOPPING")
    now = stage.clock.now()
    stage.world.instance(id_).operation = Operation("StopInstances", "OPERATING", "other", now)

    for words in (["plan"], ["plan", "--at", "2026-12-24T21:30"]):
        said = type_in(*words)

        assert said.status == 0
        assert "stuck" not in said.out
        assert "1 instance STOPPING from before" in said.out


# Another time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-23T21:00", "2026-11-23 21:00 Asia/Shanghai"),
        ("2026-11-23T21:00+08:00", "2026-11-23 21:00+08:00"),
        ("2026-11-23T13:00Z", "2026-11-23 13:00+00:00"),
    ],
)
def test_at_another_time_another_policy_is_due(stage, type_in, at, shown):
    stage.policies(NIGHTS)
    (id_,) = stage.fleet(1)

    said = type_in("plan", "--at", at)

    assert said.out.startswith(f"as if it were {shown}, with the machines as they are now\n")
    assert "1 would stop" in said.out
    assert type_in("plan", "--json", "--at", at).json()[0]["decision"] == "would_stop"
    assert stage.states([id_]) == {"RUNNING"}


def test_a_pause_holds_until_its_end_at_another_time_as_well(stage, type_in):
    stage.fleet(1)
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2026-12-01"

    assert "paused" in type_in("plan", "--at", "2026-12-01T23:59").out
    assert "1 would stop" in type_in("plan", "--at", "2026-12-02T00:00").out


@pytest.mark.parametrize(
    "at", ["tomorrow", "2026-12-24", "2026-12-24T25:00", "2026-12-24T20:30+8", "0001-01-01T00:00"]
)
def test_a_time_that_cannot_be_read_is_wrong_use(stage, type_in, at):
    said = type_in("plan", "--at", at)

    assert said.status == 2
    assert "--at wants a time such as 2026-12-24T20:30" in said.err
    assert len(stage.sim.journal) == 0


def test_where_objects_are_printed_the_other_lines_go_to_stderr(stage, type_in):
    stage.policies(NIGHTS)
    stage.fleet(1)

    for form in ("--json", "--csv"):
        said = type_in("plan", form, "--at", "2026-11-24T00:00")

        assert "as if it were" not in said.out
        assert "as if it were 2026-11-24 00:00 Asia/Shanghai" in said.err
        assert "nights is not due until 2026-11-24 21:00 Asia/Shanghai" in said.err
