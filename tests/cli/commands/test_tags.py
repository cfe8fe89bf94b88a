"""`tags`: which tags the machines carry, how many do, and in which state they are."""

from __future__ import annotations

import pytest

from lightsout.simulator import Fault


@pytest.fixture
def fleet(stage):
    add = stage.world.add
    add("lhins-00000001", tags={"env": "dev", "note": ""})
    add("lhins-00000002", tags={"env": "dev"}, state="STOPPED", region="ap-shanghai")
    add("ins-00000003", service="cvm", tags={"env": "prod"})
    add("ins-00000004", service="cvm", tags={"env": "dev"}, state="STARTING")
    add("lhins-00000005", tags={})


def test_each_tag_has_its_machines_their_states_and_services(fleet, type_in):
    said = type_in("tags")

    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "key   value  machines  running  stopped  services",
        "env   dev    3         1        1        cvm 1, lighthouse 2",
        "env   prod   1         1        0        cvm 1",
        'note  ""     1         1        0        lighthouse 1',
        "5 machines in ap-guangzhou, ap-shanghai; 1 without any tag",
    ]


def test_a_program_gets_them_as_a_list(fleet, type_in):
    said = type_in("tags", "--json")

    assert said.json()[0] == {
        "key": "env",
        "value": "dev",
        "machines": 3,
        "running": 1,
        "stopped": 1,
        "services": {"cvm": 1, "lighthouse": 2},
    }
    assert [(it["key"], it["value"]) for it in said.json()[1:]] == [("env", "prod"), ("note", "")]
    assert said.err == "5 machines in ap-guangzhou, ap-shanghai; 1 without any tag\n"


@pytest.mark.parametrize(
    ("regions", "machines"), [(["ap-shanghai"], 1), (["ap-guangzhou"], 4), (["all"], 5)]
)
def test_a_region_can_be_chosen(fleet, type_in, regions, machines):
    words = [word for region in regions for word in ("--region", region)]

    assert f"\n{machines} machine" in type_in("tags", *words).out


def test_a_region_that_no_service_has_is_refused(fleet, type_in):
    said = type_in("tags", "--region", "ap-guangzho")

    assert said.status == 2
    assert said.err.endswith("a region ap-guangzho (did you mean ap-guangzhou?)\n")


def test_what_could_not_be_looked_at_is_told_and_the_rest_is_shown(stage, fleet, type_in):
    code = "UnauthorizedOperation.NoPermission"
    stage.sim.faults.add(Fault("error", "DescribeInstances", "ap-shanghai", times=None, code=code))

    said = type_in("tags")

    assert said.status == 1
    lines = said.err.splitlines()
    assert [line.split(" is unknown: ")[0] for line in lines] == [
        "warning: lighthouse in ap-shanghai",
        "warning: cvm in ap-shanghai",
    ]
    assert all(code in line for line in lines)
    assert said.out.endswith("4 machines in ap-guangzhou; 1 without any tag\n")


def test_where_no_region_can_be_listed_there_is_nothing_to_show_and_that_is_said(stage, type_in):
    stage.fleet(1)
    code = "UnauthorizedOperation.NoPermission"
    stage.sim.faults.add(Fault("error", "DescribeRegions", times=None, code=code))

    everywhere, there = type_in("tags"), type_in("tags", "--region", "ap-guangzhou")

    assert (everywhere.status, everywhere.out) == (1, "no machines seen\n")
    assert everywhere.err.startswith("warning: lighthouse is unknown: DescribeRegions: ")
    assert (there.status, there.err) == (0, "")
    assert "env  dev    1" in there.out


def test_no_text_of_a_tag_steers_the_terminal(stage, type_in):
    stage.world.add(tags={"env\x1b[2J": "dev\r\nforged  9"})

    for said in (type_in("tags"), type_in("tags", "--json")):
        assert said.out.replace("\n", "").isprintable()
        assert "\nforged" not in said.out


def test_without_credentials_it_names_the_simulator(stage, type_in):
    for name in [name for name in stage.environ if name.startswith("TENCENT")]:
        del stage.environ[name]

    said = type_in("tags")

    assert said.status == 2
    assert "`python -m lightsout simulator`" in said.err
    assert len(stage.sim.journal) == 0


def test_without_machines_there_is_no_table(type_in):
    assert type_in("tags").out == "no machines seen\n"


# In `plan` ---------------------------------------------------------------------------------------


def test_a_plan_in_which_nothing_matches_shows_the_tags_that_there_are(stage, fleet, type_in):
    stage.policies(
        """
        version: 1
        policies:
          - name: a
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: qa}}
        """
    )

    said = type_in("plan")

    assert "env   dev    1         1        0        lighthouse 1" in said.out.splitlines()
    assert said.out.endswith("\n2 machines in ap-guangzhou; 1 without any tag\n")
    assert "machines" not in type_in("plan", "--json").out


def test_a_plan_shows_the_most_frequent_tags_and_says_that_there_are_more(stage, type_in):
    for number in range(60):
        stage.world.add(tags={"env": "dev", "serial": f"no-{number}"})
    stage.policies(
        """
        version: 1
        policies:
          - {name: a, resource: lighthouse, regions: all, match: {tags: {env: qa}}}
        """
    )

    said = type_in("plan").out

    assert "\nenv     dev    60 " in said
    assert said.count("\nserial") == 29
    assert "and 31 tags of fewer machines: `python -m lightsout tags` has them all" in said


def test_hours_in_tags_are_shown_with_their_machines_and_what_cannot_be_read(stage, type_in):
    stage.policies("""
        version: 1
        policies:
          - name: own-hours
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {hours: "*"}}
            uptime: {from_tag: hours}
    """)
    for number, hours in enumerate(["mon-fri 08:30-20:00"] * 6 + ["weekdays", "on"]):
        stage.world.add(f"lhins-0000000{number}", tags={"hours": hours})

    said = type_in("tags")

    *_, head, bad, good, on = said.out.splitlines()
    assert head.split("  ")[0] == "hours in hours"
    assert bad.startswith("weekdays")
    assert "no: weekdays has no hours: write for example" in bad
    assert bad.endswith("lhins-00000006")
    assert good.split()[2] == "yes"
    assert good.endswith("lhins-00000004 and 1 more")
    assert on.split() == ["on", "yes", "lhins-00000007"]


def test_without_readable_policies_the_tags_are_shown_all_the_same(stage, type_in):
    stage.policies("version: 2")

    assert type_in("tags").status == 0
