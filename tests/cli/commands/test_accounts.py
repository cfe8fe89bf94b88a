"""The commands where policies act in several accounts: none is taken for another."""

from __future__ import annotations

import json

import pytest

from tests.support.other_accounts import OTHER_UINS, OWN, POLICIES, fleet, let_accounts_in

RESEARCH_ROLE = "qcs::cam::uin/100000000002:roleName/lightsout"


@pytest.fixture
def ids(stage):
    let_accounts_in(stage)
    return fleet(stage)


@pytest.fixture
def log(stage, ids, tmp_path):
    """Of a run that stopped them all."""
    stage.run()
    path = tmp_path / "run.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in stage.lines), encoding="utf-8")
    return path


def test_a_plan_names_the_account_beside_the_region_where_it_is_another(type_in, ids):
    out = type_in("plan").out

    for account, some in ids.items():
        place = "ap-guangzhou" if account == "own" else f"{account} ap-guangzhou"
        for id_ in some:
            assert any(line.split("  ")[0] == place for line in out.splitlines() if id_ in line)
    assert "9 would stop" in out


def test_a_plan_narrows_to_an_account(type_in, ids):
    rows = type_in("plan", "--json", "--account", "archive").json()

    assert {row["account"] for row in rows} == {"archive"}
    assert [row["instance"] for row in rows] == ids["archive"]


def test_a_plan_of_an_account_that_refuses_tells_so_and_plans_the_others(stage, type_in, ids):
    stage.world.roles.pop()

    said = type_in("plan")

    assert said.status == 1
    assert "dev-nights in archive ap-guangzhou: AssumeRole: ResourceNotFound" in said.out
    assert all(id_ in said.out for id_ in ids["own"] + ids["research"])


def test_the_story_of_a_machine_finds_it_in_the_account_that_has_it(type_in, ids):
    out = type_in("plan", "--instance", ids["research"][0]).out

    assert "lighthouse · research ap-guangzhou" in out
    assert "It would be stopped by dev-nights." in out


def test_the_story_of_a_machine_says_where_it_was_looked_for(type_in, ids):
    out = type_in("plan", "--instance", "lhins-99999999").out

    assert "research ap-guangzhou (lighthouse)" in out
    assert "looked in ap-guangzhou (lighthouse)" in out


def test_a_policy_about_other_accounts_does_not_match_the_machine(stage, type_in, ids):
    stage.policies(POLICIES.replace("[own, research, archive]", "[own]"), "policy.yml")
    stage.policies(
        """
        version: 1
        policies:
          - name: there
            accounts: [research]
            resource: lighthouse
            regions: [ap-guangzhou]
            match: {tags: {env: test}}
        """,
        "there.yml",
    )

    out = type_in("plan", "--instance", ids["research"][0]).out

    assert "it is in research, the policy is about own" in out


def test_verify_asks_each_account_for_its_own(stage, type_in, log):
    answers = type_in("verify", "--json", log).json()

    assert {answer["account"] for answer in answers} == {"own", *OTHER_UINS}
    for answer in answers:
        assert {it["became"] for it in answer["instances"].values()} == {"confirmed"}


def test_verify_says_of_an_account_that_no_policy_knows_that_it_is_unknown(stage, type_in, log):
    stage.policies(
        POLICIES.replace("name: archive", "name: old").replace("research, archive", "old")
    )

    said = type_in("verify", log)

    assert said.status == 1
    assert "no policy file at hand has an account archive" in said.out
    assert "3 confirmed" in said.out


def test_savings_tell_the_hours_of_each_account_and_the_tags_there(stage, type_in, log):
    stage.clock.sleep(3600)

    out = type_in("savings", log).out

    for account in ("own", *OTHER_UINS):
        assert any(line.split()[:2] == ["dev-nights", account] for line in out.splitlines())
    assert "unknown tags" not in out


# Rights ----------------------------------------------------------------------------------------


def test_the_role_may_assume_the_roles_that_policies_name(type_in, ids):
    document = type_in("permissions", "role").json()

    (statement,) = [it for it in document["statement"] if it["action"] == ["sts:AssumeRole"]]
    assert RESEARCH_ROLE in statement["resource"]
    assert len(statement["resource"]) == len(OTHER_UINS)


def test_the_trust_policy_there_is_for_the_functions_account_with_the_external_id(type_in, ids):
    document = type_in("permissions", "trust", "--account", "research", "--uin", OWN).json()

    (statement,) = document["statement"]
    assert statement["principal"] == {"qcs": [f"qcs::cam::uin/{OWN}:root"]}
    assert statement["condition"] == {"string_equal": {"sts:external_id": "from-the-office"}}


def test_people_see_the_commands_for_the_other_account(type_in, ids):
    out = type_in("permissions", "--account", "research", "--uin", OWN).out

    assert "tccli cam CreateRole --RoleName lightsout --profile research --PolicyDocument " in out
    assert f'"$(python -m lightsout permissions trust --account research --uin {OWN})"' in out
    assert "lighthouse:StopInstances" in out
    assert "deployer" not in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--account", "reserch", "--uin", OWN], "no policy file has an account 'reserch'"),
        (["--account", "research"], "--uin is missing"),
        (["deployer", "--account", "research", "--uin", OWN], "leave --account out"),
    ],
)
def test_what_cannot_be_written_for_an_account_is_wrong_use(type_in, ids, words, why):
    said = type_in("permissions", *words)

    assert said.status == 2
    assert why in said.err


@pytest.mark.parametrize("command", ["plan", "run"])
def test_the_own_account_under_a_second_name_is_refused(stage, type_in, command):
    """Nothing tells a command which account it is in, so it asks."""
    stage.policies(POLICIES.replace(OTHER_UINS["research"], f"0{OWN}"))
    ids = stage.fleet(1)

    said = type_in(command)

    assert said.status == 2
    assert f"the account research (uin {OWN}) is the function's own" in said.err
    assert stage.states(ids) == {"RUNNING"}
    assert [call.action for call in stage.sim.journal] == ["GetCallerIdentity"]
