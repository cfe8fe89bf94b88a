"""`keep`: one machine is found, tagged and seen with its tag; then a run leaves it alone."""

from __future__ import annotations

import pytest

from lightsout.policies.load import load
from lightsout.simulator import Fault, Refusal
from tests.support.other_accounts import OWN, POLICIES, RESEARCH, add_roles, let_accounts_in
from tests.support.rights import hold_to
from tests.support.simulated_run import DEV_NIGHTS

SHANGHAI = "ap-shanghai"
# The stage's clock starts at 2026-11-23T12:00Z, 20:00 in Shanghai.
NOW = "2026-11-23 20:00 Asia/Shanghai"
UNTIL = ("--until", "2026-12-01")


def tags(stage, id_):
    return dict(stage.world.instance(id_).tags)


def test_the_machine_is_found_wherever_it_is_and_a_run_leaves_it_alone(stage, type_in):
    (id_,) = stage.fleet(1, region="ap-singapore", name="web-1")
    stage.policies(DEV_NIGHTS.replace("[ap-guangzhou]", "all"))

    said = type_in("keep", id_, *UNTIL)

    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        f"{id_} (web-1), lighthouse in ap-singapore: kept until 2026-12-02 00:00 Asia/Shanghai",
        f"It shows since {NOW}: a run that looks from then on leaves it as it is.",
        "Selected by: dev-nights.",
    ]
    assert tags(stage, id_) == {"env": "dev", "keep-until": "2026-12-01"}
    skipped = [entry["skipped"] for entry in stage.run()["policies"] if entry["skipped"]]
    assert skipped == [{id_: "keep-until 2026-12-01"}]


def test_a_cvm_is_found_by_its_id_too_and_nothing_but_that_tag_is_written(stage, type_in):
    stage.resource = "cvm"
    (id_,) = stage.fleet(1)
    before = {it.id: tags(stage, it.id) for it in stage.world.instances()}

    said = type_in("keep", id_, "--until", "2026-11-24T08:00+08:00")

    assert "ins-00000000 " in said.out.replace(",", " ")
    assert "until 2026-11-24 08:00 Asia/Shanghai" in said.out
    assert "Selected by: no policy at hand." in said.out
    before[id_]["keep-until"] = "2026-11-24T08:00+08:00"
    assert {it.id: tags(stage, it.id) for it in stage.world.instances()} == before
    (call,) = stage.calls("TagResources")
    assert call.params["ResourceList"] == [f"qcs::cvm:ap-guangzhou:uin/{OWN}:instance/{id_}"]
    assert {call.service for call in stage.sim.journal} == {"cvm", "sts", "tag"}


def test_a_date_is_read_in_the_zones_of_the_policies_that_select_it(stage, type_in):
    (id_,) = stage.fleet(1)
    for name, zone in (("a", "Europe/Berlin"), ("b", "UTC"), ("c", "UTC")):
        text = DEV_NIGHTS.replace("dev-nights", name).rstrip()
        stage.policies(f"{text}\n        timezone: {zone}\n", f"{name}.yml")
    (stage.folder / "policy.yml").unlink()

    said = type_in("keep", id_, *UNTIL)

    assert "kept until 2026-12-02 00:00 Europe/Berlin" in said.out
    assert "kept until 2026-12-02 00:00 UTC" in said.out
    assert "Selected by: a, b, c." in said.out


def test_what_stood_there_before_is_told(stage, type_in):
    (id_,) = stage.fleet(1, tags={"env": "dev", "keep-until": "2027-01-01"})

    said = type_in("keep", id_, *UNTIL)

    assert "Before, keep-until was 2027-01-01." in said.out
    assert tags(stage, id_)["keep-until"] == "2026-12-01"


def test_policies_with_mistakes_do_not_stand_in_the_way(stage, type_in):
    (id_,) = stage.fleet(1)
    stage.policies("version: 2")

    assert type_in("keep", id_, *UNTIL).status == 0


def test_it_is_not_done_before_the_tag_shows(stage, type_in):
    (id_,) = stage.fleet(1)
    stage.world.tagging.after = 5.0

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 0
    assert "It shows since 2026-11-23 20:00" in said.out
    assert tags(stage, id_)["keep-until"] == "2026-12-01"


def test_a_tag_that_does_not_come_to_show_is_told(stage, type_in):
    (id_,) = stage.fleet(1)
    stage.world.tagging.after = 600.0

    said = type_in("keep", id_, *UNTIL)

    assert (said.status, said.out) == (1, "")
    assert said.err == (
        f"lightsout: {id_}: the service took the tag, and does not show it yet: it holds from "
        "when it is shown\n"
    )


# What cannot be done ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "until",
    ["", "tomorrow", "2026-13-01", "2026-12-1", "01.12.2026", "2026-12-01 22:00", "2026-12-01T22",
     "2026-12-01T22:00+8", "２０２６-12-01"],
)  # fmt: skip
def test_a_time_that_a_run_cannot_read_is_refused_before_anything_is_called(stage, type_in, until):
    (id_,) = stage.fleet(1)

    said = type_in("keep", id_, "--until", until)

    assert said.status == 2
    assert f"--until cannot be read: {until!r}; write 2026-12-01 or 2026-12-01T22:00" in said.err
    assert len(stage.sim.journal) == 0


@pytest.mark.parametrize("until", ["2026-11-22", "2026-11-23T20:00", "2026-11-23T12:00Z"])
def test_a_time_that_is_over_is_refused(stage, type_in, until):
    (id_,) = stage.fleet(1)

    said = type_in("keep", id_, "--until", until)

    assert said.status == 2
    assert "is over already in Asia/Shanghai: it would keep nothing" in said.err
    assert len(stage.sim.journal) == 0


def test_a_time_that_is_over_for_a_policy_is_refused_and_nothing_written(stage, type_in):
    (id_,) = stage.fleet(1)
    stage.policies(DEV_NIGHTS.rstrip() + "\n        timezone: Pacific/Kiritimati\n")

    said = type_in("keep", id_, "--until", "2026-11-23")

    assert "is over already in Pacific/Kiritimati" in said.err
    assert "keep-until" not in tags(stage, id_)


@pytest.mark.parametrize("id_", ["", "web-1", "lhins-1", "hai-0a1b2c3d", "LHINS-00000000"])
def test_what_is_no_machines_id_is_wrong_use(stage, type_in, id_):
    said = type_in("keep", id_, *UNTIL)

    assert said.status == 2
    assert "ID wants a machine such as lhins-0a1b2c3d or ins-0a1b2c3d" in said.err


def test_a_machine_that_no_region_shows_is_told(stage, type_in):
    stage.fleet(1)

    said = type_in("keep", "lhins-ffffffff", *UNTIL)

    assert (said.status, said.out) == (1, "")
    count = len(stage.world.regions)
    assert (
        said.err == f"lightsout: no lighthouse machine lhins-ffffffff in {count} regions of own\n"
    )
    assert stage.calls("TagResources") == []


def test_another_region_than_its_own_does_not_show_it(stage, type_in):
    (id_,) = stage.fleet(1)

    assert type_in("keep", id_, *UNTIL, "--region", SHANGHAI).status == 1
    assert type_in("keep", id_, *UNTIL, "--region", "ap-guangzhou").status == 0
    assert stage.calls("DescribeRegions") == []


def may(stage, *actions):
    """From now on the credentials may do this, and nothing else."""
    allowed = {"effect": "allow", "action": list(actions), "resource": ["*"]}
    hold_to(stage, {"version": "2.0", "statement": [allowed]})


def test_without_the_right_to_tag_it_says_which_and_how_to_do_it_by_hand(stage, type_in):
    (id_,) = stage.fleet(1)
    may(stage, "lighthouse:DescribeInstances", "lighthouse:DescribeRegions")

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 1
    first, second = said.err.splitlines()
    assert first.startswith(
        f"lightsout: {id_} was not tagged: your credentials lack the right tag:TagResources: "
    )
    assert second == "lightsout: in the console the tag is keep-until with the value 2026-12-01"


def test_without_the_right_to_list_regions_one_can_be_named(stage, type_in):
    (id_,) = stage.fleet(1)
    may(stage, "lighthouse:DescribeInstances", "tag:TagResources")

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 1
    assert "cannot look in own: your credentials lack the right DescribeRegions" in said.err
    assert "--region" in said.err
    assert type_in("keep", id_, *UNTIL, "--region", "ap-guangzhou").status == 0


def test_a_tag_that_the_service_refuses_is_told_with_its_code(stage, type_in):
    code = "FailedOperation.ResourceTagProcessing"
    (id_,) = stage.fleet(1, refusals=[Refusal(code, action="TagResources")])

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 1
    assert f"{id_} was not tagged: TagResources: {code}" in said.err


def test_an_account_that_does_not_tell_its_number_is_no_hindrance(stage, type_in):
    (id_,) = stage.fleet(1)
    no = {"code": "InternalError", "message": "no"}
    stage.sim.faults.add(Fault("error", "GetCallerIdentity", times=None, **no))

    assert type_in("keep", id_, *UNTIL).status == 0
    assert tags(stage, id_)["keep-until"] == "2026-12-01"


def test_no_network_is_a_plain_sentence(stage, type_in):
    (id_,) = stage.fleet(1)
    stage.environ["LIGHTSOUT_ENDPOINT"] = "http://127.0.0.1:1"

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 1
    assert said.err.startswith("lightsout: 127.0.0.1 cannot be reached: Connection refused; ")


def test_a_region_that_cannot_be_looked_at_is_told_where_it_is_not_found_elsewhere(stage, type_in):
    (id_,) = stage.fleet(1)
    no = {"code": "UnauthorizedOperation.NoPermission", "message": "no"}
    stage.sim.faults.add(Fault("error", "DescribeInstances", SHANGHAI, times=None, **no))

    assert "cannot look in ap-shanghai: " in type_in("keep", "lhins-ffffffff", *UNTIL).err
    assert type_in("keep", id_, *UNTIL).status == 0


# Several accounts -------------------------------------------------------------------------------


@pytest.fixture
def shared(stage):
    """Policies that name two other accounts, whose roles the own one may assume."""
    let_accounts_in(stage)
    return stage


def test_a_machine_of_another_account_is_found_there(shared, type_in):
    (id_,) = shared.fleet(1, account=RESEARCH)

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 0
    assert "lighthouse in research ap-guangzhou: kept until" in said.out
    (entry,) = [it for it in shared.run()["policies"] if it["account"] == "research"]
    assert entry["skipped"] == {id_: "keep-until 2026-12-01"}


def test_only_the_account_that_is_named_is_looked_at(shared, type_in):
    (id_,) = shared.fleet(1)

    assert type_in("keep", id_, *UNTIL, "--account", "research").status == 1
    assert type_in("keep", id_, *UNTIL, "--account", "own").status == 0
    said = type_in("keep", id_, *UNTIL, "--account", "elsewhere")
    assert said.status == 2
    assert "no policy file at hand has an account 'elsewhere'" in said.err


def test_a_machine_that_two_accounts_show_is_left_untagged(shared, type_in):
    """One account by two names: which of them is meant is for the person to say."""
    shared.policies(POLICIES.replace("100000000003", OWN))
    add_roles(shared, load(shared.folder).accounts)
    (id_,) = shared.fleet(1)

    said = type_in("keep", id_, *UNTIL)

    assert said.status == 1
    assert said.err == (
        f"lightsout: the accounts own and archive both show {id_}: say which with --account\n"
    )
    assert "keep-until" not in tags(shared, id_)


def test_an_account_that_refuses_its_role_does_not_hide_the_own_machines(shared, type_in):
    shared.world.roles.clear()
    (id_,) = shared.fleet(1)

    assert type_in("keep", id_, *UNTIL).status == 0
    assert "cannot look in research: " in type_in("keep", "lhins-ffffffff", *UNTIL).err


def test_policies_with_mistakes_are_told_with_the_command_that_names_them(stage, type_in):
    (id_,) = stage.fleet(1)
    stage.policies("version: 1\npolicies: [{name: a}]\n")

    said = type_in("keep", id_, "--until", "2026-11-24")

    assert said.status == 0
    assert "Which policies select it is unknown: the policies have " in said.out
    assert "`python -m lightsout check` shows them." in said.out
    assert "no policy at hand" not in said.out
    wrong = type_in("keep", id_, "--until", "2026-11-24", "--account", "elsewhere")
    assert (wrong.status, "check` shows them" in wrong.err) == (2, True)


def test_a_wrong_key_is_told_without_advice_about_regions_or_policies(stage, type_in):
    stage.environ["TENCENTCLOUD_SECRETKEY"] = "no"
    del stage.environ["LIGHTSOUT_POLICIES"]

    said = type_in("keep", "lhins-00000000", "--until", "2026-11-24")

    assert said.status == 1
    assert "AuthFailure.SignatureFailure" in said.err
    assert "--region" not in said.err
    assert "there are no policies here" not in said.err
