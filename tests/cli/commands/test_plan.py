"""`plan`: what would happen now, and why, with nothing changed."""

from __future__ import annotations

import csv
import io
import json

import pytest

from lightsout.policies.load import PolicyMistakes, load
from lightsout.simulator import GB, Fault, Refusal
from tests.support.plan_rows import reasons

TWO_POLICIES = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-shanghai, ap-guangzhou]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
      - name: few
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: test}}
        limits: {max_instances: 1}
"""


@pytest.fixture
def fleet(stage):
    stage.policies(TWO_POLICIES)
    add = stage.world.add
    add("lhins-0000000a", name="web", tags={"env": "dev"})
    add("lhins-0000000b", name="api", tags={"env": "dev", "keep-running": "true"})
    add("lhins-0000000c", name="gate", tags={"env": "dev", "role": "bastion"})
    add("lhins-0000000d", name="t1", tags={"env": "test"})
    add("lhins-0000000e", name="t2", tags={"env": "test"})
    add("lhins-0000000f", name="blog", region="ap-shanghai", tags={"env": "dev"})
    return stage


def test_each_machine_has_a_row_with_a_reason_by_region_and_name(fleet, type_in):
    said = type_in("plan")

    rows = [line.split(maxsplit=4) for line in said.out.splitlines() if " lhins-" in line]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("ap-guangzhou", "api", "dev-nights"),
        ("ap-guangzhou", "gate", "dev-nights"),
        ("ap-guangzhou", "t1", "few"),
        ("ap-guangzhou", "t2", "few"),
        ("ap-guangzhou", "web", "dev-nights"),
        ("ap-shanghai", "blog", "dev-nights"),
    ]
    assert [" ".join(row[4].split()) for row in rows] == [
        "kept keep-running true",
        "excluded excluded by tag role=bastion",
        "refused over limit: 2 instances, max_instances is 1",
        "refused over limit: 2 instances, max_instances is 1",
        "would stop tag env=dev",
        "would stop tag env=dev",
    ]
    assert "2 would stop, 1 kept, 1 excluded, 2 refused for a limit" in said.out


def test_first_stands_the_answer_then_a_line_a_policy_and_region(fleet, type_in):
    answer, _, *table = type_in("plan").out.splitlines()[:6]

    assert answer == "Now: 2 would stop, 1 kept, 1 excluded, 2 refused for a limit."
    assert table == [
        "policy      region        when  what",
        "dev-nights  ap-guangzhou  now   1 would stop, 1 kept, 1 excluded",
        "dev-nights  ap-shanghai   now   1 would stop",
        "few         ap-guangzhou  now   2 refused for a limit",
    ]


def test_regions_in_which_a_policy_has_nothing_share_a_line(stage, type_in):
    stage.policies("""
        version: 1
        policies:
          - {name: dev, resource: lighthouse, regions: all, match: {tags: {env: dev}}}
    """)
    stage.fleet(1)

    lines = [line for line in type_in("plan").out.splitlines() if line.startswith("dev ")]

    assert [line.split(maxsplit=1)[1] for line in sorted(lines)] == [
        f"{len(stage.calls('DescribeInstances')) - 1} regions    now   no instance matches",
        "ap-guangzhou  now   1 would stop",
    ]


def test_a_region_that_cannot_be_looked_at_is_unknown_in_its_line(fleet, type_in):
    fleet.sim.faults.add(
        Fault("error", region="ap-shanghai", times=None, code="UnauthorizedOperation", message="no")
    )

    assert "\ndev-nights  ap-shanghai   now   unknown\n" in type_in("plan").out


def test_a_limit_that_is_passed_is_found_wrong(fleet, type_in):
    assert type_in("plan").status == 1
    assert type_in("plan", "--policy", "dev-nights").status == 0


def test_json_is_a_list_of_objects_and_nothing_else_on_stdout(fleet, type_in):
    said = type_in("plan", "--json")

    first, *others = said.json()
    assert first == {
        "policy": "dev-nights",
        "account": "own",
        "resource": "lighthouse",
        "region": "ap-guangzhou",
        "instance": "lhins-0000000b",
        "name": "api",
        "state": "RUNNING",
        "decision": "kept",
        "reason": "keep-running true",
        "until": None,
        "public_ips": [],
    }
    assert [row["decision"] for row in others] == [
        "excluded", "refused", "refused", "would_stop", "would_stop",
    ]  # fmt: skip
    assert "max_instances is 1" in said.err


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--region", "ap-shanghai"], {"lhins-0000000f"}),
        (["--policy", "few"], {"lhins-0000000d", "lhins-0000000e"}),
        (["--instance", "lhins-0000000d"], {"lhins-0000000d"}),
        (
            ["--instance", "lhins-0000000a", "--instance", "lhins-0000000f"],
            {"lhins-0000000a", "lhins-0000000f"},
        ),
    ],
)
def test_options_narrow_it(fleet, type_in, words, left):
    said = type_in("plan", "--json", *words)

    assert {row["instance"] for row in said.json()} == left


def test_nothing_is_changed(fleet, type_in):
    before = [(it.id, it.state) for it in fleet.world.instances()]

    type_in("plan")

    assert [(it.id, it.state) for it in fleet.world.instances()] == before
    assert {call.action for call in fleet.sim.journal} == {
        "DescribeInstances", "DescribeInstancesDeniedActions",
    }  # fmt: skip


def test_machines_left_in_stopping_are_named(stage, type_in):
    stage.world.add("lhins-0000000a", name="slow", state="STOPPING", tags={"env": "dev"})

    said = type_in("plan")

    row = next(line for line in said.out.splitlines() if "lhins-0000000a" in line)
    assert "slow" in row
    assert "STOPPING since" in row
    assert "1 instance STOPPING from before" in said.out


def test_a_region_that_cannot_be_listed_is_shown_and_the_others_are_planned(fleet, type_in):
    denied = {"code": "UnauthorizedOperation", "message": "no"}
    fleet.sim.faults.add(Fault("error", region="ap-shanghai", times=None, **denied))

    said = type_in("plan")

    assert said.status == 1
    assert "dev-nights in ap-shanghai: DescribeInstances: UnauthorizedOperation: no" in said.out
    assert "lhins-0000000a" in said.out


def test_one_error_at_several_sites_is_said_once(fleet, type_in):
    denied = {"code": "UnauthorizedOperation", "message": "no"}
    fleet.sim.faults.add(Fault("error", times=None, **denied))

    said = type_in("plan")

    (line,) = [line for line in said.out.splitlines() if "UnauthorizedOperation" in line]
    sites, error = line.split(": ", 1)
    assert {"dev-nights in ap-guangzhou", "dev-nights in ap-shanghai"} <= set(sites.split(", "))
    assert error == "DescribeInstances: UnauthorizedOperation: no"


def test_a_policy_for_the_timer_only_is_told_of(stage, type_in):
    (stage.folder / "more.yml").write_text(
        "version: 1\n"
        "policies:\n"
        "  - name: timer-only\n"
        "    resource: lighthouse\n"
        "    regions: [ap-guangzhou]\n"
        "    match: {tags: {env: dev}}\n"
        "    triggered_by: [timer]\n",
        encoding="utf-8",
    )

    said = type_in("plan")

    assert "timer-only is left out: it is triggered by timer only, not by invoke" in said.out
    assert said.status == 0


def test_nothing_to_stop_is_said_so(stage, type_in):
    said = type_in("plan")

    first, _, *table = said.out.splitlines()
    assert first == "Now: no instance matches: nothing would change."
    assert table[1:] == ["dev-nights  ap-guangzhou  now   no instance matches"]


def test_a_pause_is_said_so(stage, type_in):
    stage.fleet(1)
    stage.environ["LIGHTSOUT_PAUSED_UNTIL"] = "2027-01-01"

    said = type_in("plan")

    assert said.status == 0
    assert "paused by LIGHTSOUT_PAUSED_UNTIL" in said.out


def test_broken_policies_give_every_mistake_once(stage, type_in):
    stage.policies("version: 1\npolicies:\n  - name: A\n")
    with pytest.raises(PolicyMistakes) as wrong:
        load(stage.folder)

    said = type_in("plan")

    assert said.status == 1
    assert len(wrong.value.mistakes) > 2
    for mistake in map(str, wrong.value.mistakes):
        assert said.out.count(mistake) == 1
    assert len(stage.sim.journal) == 0


def test_log_lines_go_to_a_file_only(stage, type_in, tmp_path):
    stage.fleet(1)

    said = type_in("plan", "--log", tmp_path / "log")

    events = [json.loads(line)["event"] for line in (tmp_path / "log").read_text().splitlines()]
    assert events[0] == "run.started"
    assert events[-1] == "run.finished"
    assert "run.started" not in said.out


def test_a_name_cannot_forge_the_terminal(stage, type_in):
    stage.world.add(name="evil\x1b[2J\nlhins-9 [red]", tags={"env": "dev"})

    said = type_in("plan")

    assert "\x1b" not in said.out
    assert "evil�[2J lhins-9 [red]" in said.out


# Why and until when ------------------------------------------------------------------------------


def only_row(said):
    (row,) = said.json()
    return row


def test_web_2_comes_before_web_10(stage, type_in):
    for name in ("web-10", "Web-1", "web-2"):
        stage.world.add(name=name, tags={"env": "dev"})

    names = [row["name"] for row in type_in("plan", "--json").json()]

    assert names == ["Web-1", "web-2", "web-10"]


def test_a_date_that_keeps_a_machine_is_told_to_the_minute(stage, type_in):
    stage.world.add("lhins-0000000a", tags={"env": "dev", "keep-until": "2026-12-01"})

    row = only_row(type_in("plan", "--json"))

    assert row["reason"] == "keep-until 2026-12-01"
    assert row["until"] == "2026-12-02T00:00:00+08:00"
    assert "keep-until 2026-12-01, until 2026-12-02 00:00 Asia/Shanghai" in type_in("plan").out


@pytest.mark.parametrize(
    "text", ["tomorrow", "9999-12-31T23:59-08:00"], ids=["unreadable", "the end of time"]
)
def test_a_date_without_an_instant_that_can_be_told_keeps_all_the_same(stage, type_in, text):
    stage.world.add(tags={"env": "dev", "keep-until": text})

    row = only_row(type_in("plan", "--json"))

    assert (row["decision"], row["until"]) == ("kept", None)
    assert text in row["reason"]


def test_a_condition_that_is_not_met_keeps_a_machine_and_shows_its_share(stage, type_in):
    stage.policies("""
        version: 1
        policies:
          - name: traffic
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            only_if: {traffic_used_at_least: 95%}
    """)
    add, package = stage.world.add, stage.world.package
    add("lhins-0000000a", tags={"env": "dev"}, packages=[package(used=480 * GB, total=500 * GB)])
    add("lhins-0000000b", tags={"env": "dev"}, packages=[package(used=50 * GB, total=500 * GB)])

    said = type_in("plan", "--json")

    assert [row["decision"] for row in said.json()] == ["would_stop", "kept"]
    assert reasons(said) == {
        "lhins-0000000a": "tag env=dev; 96% of 500 GB traffic used",
        "lhins-0000000b": "10% of 500 GB traffic used, less than 95%",
    }


def test_a_start_is_planned_like_a_stop(stage, type_in):
    stage.policies("""
        version: 1
        policies:
          - name: mornings
            resource: lighthouse
            action: start
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
    """)
    stage.fleet(1, state="STOPPED")
    stage.fleet(1, first=1, state="STARTING")

    assert only_row(type_in("plan", "--json"))["decision"] == "would_start"
    said = type_in("plan")
    assert "0 would stop, 1 would start, 0 kept" in said.out
    assert "1 instance STARTING from before" in said.out


def test_policies_that_want_opposite_things_are_in_conflict(stage, type_in):
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
    stage.fleet(1)

    said = type_in("plan", "--json")

    assert said.status == 1
    assert [(row["policy"], row["decision"]) for row in said.json()] == [
        ("off", "conflict"),
        ("on", "conflict"),
    ]
    assert "1 in conflict" in type_in("plan").out
    dry = type_in("run", "--dry-run")
    assert dry.err.startswith("lightsout: 1 of 1 instances would fail: ")


# What the service denies -------------------------------------------------------------------------


def test_what_the_service_denies_now_is_told_and_still_planned(stage, type_in):
    code = "FailedOperation.InstanceOperationFailed"
    stage.fleet(1)
    stage.fleet(1, first=1, refusals=[Refusal(code, visible=True, times=None)])

    said = type_in("plan", "--json")

    assert said.status == 0
    assert [row["decision"] for row in said.json()] == ["would_stop"] * 2
    assert reasons(said)["lhins-00000000"] == "tag env=dev"
    assert reasons(said)["lhins-00000001"].startswith(f"tag env=dev; denied now: {code}: ")
    assert "2 would stop, 0 kept, 0 excluded, 0 refused for a limit; 1 denied now" in (
        type_in("plan").out
    )


def test_a_denial_is_told_only_of_the_policy_that_would_act(fleet, type_in):
    code = "FailedOperation.InstanceOperationFailed"
    fleet.policies(TWO_POLICIES.replace("{env: test}", "{role: bastion}"))
    facts = {"role": "bastion", "env": "dev"}
    bad = Refusal(code, visible=True, times=None)
    id_ = fleet.world.add(tags=facts, refusals=[bad]).id
    fleet.world.instance("lhins-0000000c").tags = {}

    rows = [row for row in type_in("plan", "--json").json() if row["instance"] == id_]

    assert [(row["decision"], "denied now" in row["reason"]) for row in rows] == [
        ("excluded", False),
        ("would_stop", True),
    ]


def test_only_machines_that_would_be_acted_on_are_asked_about_at_most_100_a_call(stage, type_in):
    stage.fleet(150)
    stage.fleet(50, first=200, tags={"env": "dev", "keep-running": ""})

    type_in("plan")

    asked = [call.params["InstanceIds"] for call in stage.calls("DescribeInstancesDeniedActions")]
    assert sorted(map(len, asked)) == [50, 100]


def test_a_service_that_does_not_tell_what_it_denies_is_a_warning(stage, type_in):
    stage.fleet(1)
    stage.world.deny("DescribeInstancesDeniedActions")

    said = type_in("plan")

    assert said.status == 0
    assert "1 would stop" in said.out
    assert "warning: what the service would refuse now in ap-guangzhou is unknown" in said.out


# STOP_CHARGING -----------------------------------------------------------------------------------


@pytest.fixture
def vms(stage):
    stage.policies("""
        version: 1
        policies:
          - name: vms
            resource: cvm
            regions: [ap-guangzhou]
            match: {tags: {env: dev}}
            options: {stopped_mode: STOP_CHARGING}
    """)
    add = stage.world.add
    facts = {"service": "cvm", "tags": {"env": "dev"}}
    add("ins-0000000a", **facts, public_ip="198.51.100.7")
    add("ins-0000000b", **facts, charge_type="PREPAID", public_ip="198.51.100.8")
    add("ins-0000000c", **facts, public_ip=False)
    return stage


def test_public_ips_that_would_be_lost_are_listed(vms, type_in):
    rows = {row["instance"]: row for row in type_in("plan", "--json").json()}

    lost = {id_: row["public_ips"] for id_, row in rows.items()}
    assert lost == {"ins-0000000a": ["198.51.100.7"], "ins-0000000b": [], "ins-0000000c": []}
    assert "STOP_CHARGING releases its public IP 198.51.100.7" in rows["ins-0000000a"]["reason"]
    said = type_in("plan")
    assert "STOP_CHARGING would release 1 public IP (an elastic one stays): 198.51.100.7 of" in (
        said.out
    )


def test_machines_that_would_still_be_charged_are_named(vms, type_in):
    said = type_in("plan")

    assert "tag env=dev; it would still be charged: prepaid" in said.out
    assert "1 instance would be stopped, still charged: ins-0000000b (prepaid)" in said.out


def test_without_stop_charging_nothing_is_lost(vms, type_in):
    text = (vms.folder / "policy.yml").read_text()
    vms.policies(text.replace("STOP_CHARGING", "KEEP_CHARGING"))

    said = type_in("plan", "--json")

    assert [row["public_ips"] for row in said.json()] == [[], [], []]
    assert set(reasons(said).values()) == {"tag env=dev"}


def test_the_first_of_two_policies_says_whether_a_public_ip_is_lost(vms, type_in):
    vms.policies(
        """
        version: 1
        policies:
          - {name: first, resource: cvm, regions: [ap-guangzhou], match: {tags: {env: dev}}}
        """,
        "a.yml",
    )

    assert [row["public_ips"] for row in type_in("plan", "--json").json()] == [[]] * 6


# A spreadsheet -----------------------------------------------------------------------------------


def test_csv_has_the_columns_of_json(fleet, type_in):
    expected = type_in("plan", "--json").json()

    said = type_in("plan", "--csv")

    rows = list(csv.DictReader(io.StringIO(said.out, newline="")))
    empty = {"until": "", "public_ips": ""}
    assert rows == [row | empty for row in expected]
    assert list(rows[0]) == list(expected[0])
    assert said.out.count("\r\n") == said.out.count("\n") == 1 + len(expected)
    assert said.status == 1


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", " =1"])
def test_a_name_that_a_spreadsheet_would_run_is_made_text(stage, type_in, name):
    stage.world.add(name=name, tags={"env": "dev"})

    (row,) = csv.DictReader(io.StringIO(type_in("plan", "--csv").out))

    assert row["name"] == f"'{name.strip()}"


def test_a_comma_a_quote_and_a_line_end_stay_in_their_cell(stage, type_in):
    stage.world.add(name='a "b", c\nd', tags={"env": "dev"})

    said = type_in("plan", "--csv")

    assert '"a ""b"", c d"' in said.out


def test_csv_and_json_at_once_are_wrong_use(stage, type_in):
    with pytest.raises(SystemExit) as wrong:
        type_in("plan", "--csv", "--json")

    assert wrong.value.code == 2


def test_where_nothing_could_be_listed_it_does_not_say_that_nothing_matches(fleet, type_in):
    fleet.world.deny("DescribeInstances")

    said = type_in("plan")

    assert said.status == 1
    assert "which instances match there is unknown" in said.out
    assert "nothing would change" not in said.out
