"""The doctor where policies act in several accounts: each is examined by itself."""

from __future__ import annotations

import pytest

from lightsout.simulator import Function
from tests.doctor.test_visit import visit
from tests.support.other_accounts import (
    OTHER_UINS,
    OWN,
    POLICIES,
    change_role,
    fleet,
    let_accounts_in,
)


@pytest.fixture
def well(stage):
    let_accounts_in(stage)
    fleet(stage)
    stage.world.functions.append(Function())
    return stage


def test_each_account_that_lends_its_role_is_told_with_what_would_be_done_there(well):
    found = visit(well)

    for account in OTHER_UINS:
        assert found.one(f"account {account}") == ("✓", "its role can be assumed", "")
        told = found.one(f"{account}, dev-nights, lighthouse in ap-guangzhou")
        assert told == ("✓", "would stop 3, keep 0", "")
    assert found.one("dev-nights, lighthouse in ap-guangzhou")[1] == "would stop 3, keep 0"


def test_an_account_that_refuses_is_one_defect_with_its_mend(well):
    change_role(well, "research", trust={"version": "2.0", "statement": []})

    found = visit(well)

    mark, says, fix = found.one("account research")
    assert mark == "✗"
    assert says.startswith("AssumeRole: UnauthorizedOperation")
    assert "permissions --account research" in fix
    assert found.checks("✗") == {"account research"}
    assert found.one("account archive")[0] == "✓"


@pytest.mark.parametrize("zeros", ["", "00"])
def test_the_own_account_under_a_second_name_is_a_defect(well, zeros):
    well.policies(POLICIES.replace(OTHER_UINS["archive"], f"{zeros}{OWN}"))

    mark, says, fix = visit(well).one("accounts")

    assert mark == "✗"
    assert says.startswith(f"the account archive (uin {OWN}) is the function's own: take it out of")
    assert fix


def test_a_right_that_is_missing_there_is_to_be_granted_there(well):
    nothing = {"version": "2.0", "statement": []}
    change_role(well, "archive", policy=nothing)

    found = visit(well)

    mark, says, fix = found.one("archive, lighthouse in ap-guangzhou")
    assert mark == "✗"
    assert "DescribeInstances" in says
    assert "permissions role --account archive" in fix


def test_regions_are_asked_for_in_each_account(well):
    well.policies(POLICIES.replace("[ap-guangzhou]", "all"))

    found = visit(well)

    for account in ("", *(f"{name} " for name in OTHER_UINS)):
        assert found.one(f"right {account}lighthouse:DescribeRegions")[0] == "✓"


def test_nothing_is_changed_in_any_account(well):
    visit(well)

    actions = {call.action for call in well.sim.journal}
    assert {"AssumeRole", "DescribeInstances"} <= actions
    assert all(it.startswith(("Describe", "Get", "List", "AssumeRole")) for it in actions)
