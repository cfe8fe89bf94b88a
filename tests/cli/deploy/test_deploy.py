"""`deploy` against the simulator: the first one, the next ones, and what it keeps its hands off."""

from __future__ import annotations

import json
import re

import pytest

from lightsout import __version__
from lightsout.cli.deployment import cam
from lightsout.policies.load import load
from lightsout.simulator import FunctionTrigger, Role
from tests.support.deploying import NOTHING_TO_DO
from tests.support.function_code import TRUSTS_SCF

FIRST = [
    "CreateRole", "CreatePolicy", "AttachRolePolicy", "CreateLogset", "CreateTopic", "CreateIndex",
    "CreateFunction", "UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig",
    "CreateTrigger",
]  # fmt: skip
NEW_CODE = ["UpdateFunctionCode", "UpdateFunctionConfiguration"]
MORE_MACHINES = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        match: {tags: {env: dev}}
"""
FEWER_MACHINES = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
"""


@pytest.fixture
def deployed(deployer):
    deployer.deploy("--yes")
    return deployer


def policy_of(world):
    (found,) = [it for it in world.cam.policies("100000000001") if it.name == "lightsout"]
    return found


class TestTheFirstDeploy:
    def test_makes_everything_in_the_order_in_which_it_is_needed(self, deployer):
        said = deployer.deploy("--yes")

        assert deployer.changes() == FIRST
        done = re.findall(r": done, RequestId ([0-9a-f-]{36})$", said, re.MULTILINE)
        made = [
            call.request_id
            for call in deployer.stage.sim.journal
            if call.action in FIRST and call.applied
        ]
        assert done == made

    def test_makes_the_function_that_serverless_yml_describes(self, deployed):
        function = deployed.function

        assert (function.memory, function.timeout, function.role) == (64, 900, "lightsout")
        assert (function.runtime, function.handler) == ("Python3.10", "handler.main_handler")
        assert function.environment == {"LIGHTSOUT_DRY_RUN": "1"}
        assert function.tags == {"managed-by": "lightsout"}
        assert (function.retry_num, function.message_ttl) == (2, 3600)
        (timer,) = function.triggers
        assert (timer.cron, timer.enabled, timer.argument, timer.qualifier) == (
            "0 7/15 * * * * *",
            True,
            "{}",
            "$DEFAULT",
        )

    def test_gives_the_role_exactly_the_rights_that_permissions_prints(self, deployed):
        (role,) = deployed.stage.world.roles
        _, printed, _ = deployed.type_in("permissions", "role")

        assert role.trust == json.loads(json.dumps(cam.trust()))
        assert policy_of(deployed.stage.world).document == json.loads(printed)
        assert role.attached == (policy_of(deployed.stage.world).id,)
        assert dict(role.tags) == {"managed-by": "lightsout"}

    def test_makes_a_log_that_keeps_longer_with_its_index(self, deployed):
        (topic,) = deployed.stage.world.logs.topics.values()

        assert (topic.name, topic.logset.name, topic.period) == ("lightsout", "lightsout", 90)
        assert topic.index.rule["DynamicIndex"] == {"Status": True}
        assert deployed.function.topic == topic.id

    def test_records_what_the_code_was_made_of(self, deployed):
        digest = load(deployed.folder / "policies").digest

        assert f"[lightsout {__version__}, policies {digest}, bundle " in (
            deployed.function.description
        )

    def test_is_in_a_dry_run_though_the_file_says_that_it_acts(self, deployer):
        deployer.edit('LIGHTSOUT_DRY_RUN: "1"', 'LIGHTSOUT_DRY_RUN: "0"')

        said = deployer.deploy("--yes")

        assert deployer.function.environment == {"LIGHTSOUT_DRY_RUN": "1"}
        assert "it is in a dry run until `python -m lightsout deploy --arm`" in said
        assert "nothing to do" in deployer.deploy("--yes")
        deployer.deploy("--check", status=1)

    def test_ends_with_what_the_function_finds(self, deployer):
        deployer.code["handler.py"] = (
            "def main_handler(event, context):\n"
            "    assert event == {'doctor': True}\n"
            "    return {'findings': [{'check': 'clock', 'mark': '✓', 'says': 'it is right'}]}\n"
        )

        assert deployer.deploy("--yes").endswith("✓ clock: it is right\n")

    def test_fails_where_the_function_finds_something_wrong(self, deployer):
        deployer.code["handler.py"] = (
            "def main_handler(event, context):\n    raise RuntimeError('no right to look')\n"
        )

        said = deployer.deploy("--yes", status=1)

        assert "no right to look" in said

    def test_that_failed_its_examination_is_examined_again_by_the_next_until_it_passes(
        self, deployer
    ):
        given = deployer.folder / "the right was given"
        deployer.code["handler.py"] = (
            "import os\n"
            "def main_handler(event, context):\n"
            f"    if not os.path.exists({str(given)!r}):\n"
            "        raise RuntimeError('no right to look')\n"
            "    return {'findings': []}\n"
        )
        deployer.deploy("--yes", status=1)

        said = deployer.deploy("--yes", status=1)
        assert said.startswith(NOTHING_TO_DO)
        assert "no right to look" in said

        given.touch()
        assert deployer.deploy("--yes") == NOTHING_TO_DO


class TestTheNextDeploy:
    def test_at_once_has_nothing_to_do_and_changes_nothing(self, deployed):
        before = deployed.since()

        assert deployed.deploy("--yes") == NOTHING_TO_DO
        assert deployed.changes(before) == []

    def test_with_another_policy_sends_the_code_and_records_it(self, deployed):
        deployed.stage.policies(FEWER_MACHINES)
        before = deployed.since()

        said = deployed.deploy("--yes")

        assert deployed.changes(before) == NEW_CODE
        assert "~ the code of lightsout" in said
        assert "policies: " in said
        assert deployed.deploy("--yes") == NOTHING_TO_DO

    def test_sends_no_other_policies_than_it_has_shown(self, deployed, monkeypatch):
        deployed.stage.policies(FEWER_MACHINES)
        before = deployed.since()

        def build(*words):
            deployed.stage.policies(MORE_MACHINES)
            return deployed.build(*words)

        monkeypatch.setattr("lightsout.cli.deploy.desk.build", build)
        said = deployed.deploy("--yes", status=1)

        assert "were changed meanwhile" in said
        assert deployed.changes(before) == []

    @pytest.mark.parametrize(
        ("old", "new", "actions", "said"),
        [
            (
                "memorySize: 64",
                "memorySize: 512",
                ["UpdateFunctionConfiguration"],
                "64 MB → 512 MB",
            ),
            ("timeout: 900", "timeout: 600", ["UpdateFunctionConfiguration"], "900 s → 600 s"),
            ("description: Stops", "description: Ends", ["UpdateFunctionConfiguration"], "Ends"),
            ("0 7/15 * * * * *", "0 3/20 * * * * *", ["UpdateTrigger"], "0 3/20 * * * * *"),
            ("enable: true", "enable: false", ["UpdateTrigger"], "enabled: true → false"),
            ('argument: "{}"', "argument: '{\"dry_run\": true}'", ["UpdateTrigger"], "dry_run"),
            (
                "managed-by: lightsout",
                "managed-by: lightsout\n    team: a",
                ["TagResources"],
                "team",
            ),
        ],
    )
    def test_changes_only_what_differs(self, deployed, old, new, actions, said):
        deployed.edit(old, new)
        before = deployed.since()

        assert said in deployed.deploy("--yes")

        assert deployed.changes(before) == actions
        assert deployed.deploy("--yes") == NOTHING_TO_DO

    def test_tells_of_a_secret_only_that_it_is_set_or_changed(self, deployed):
        deployed.edit("#LIGHTSOUT_NOTIFY", "LIGHTSOUT_NOTIFY")
        one, other = "https://example.com/first-key", "https://example.com/second-key"

        first = deployed.deploy("--yes", LIGHTSOUT_NOTIFY=one)
        second = deployed.deploy("--yes", LIGHTSOUT_NOTIFY=other)

        assert "variable LIGHTSOUT_NOTIFY is set" in first
        assert "variable LIGHTSOUT_NOTIFY: changed" in second
        assert deployed.function.environment["LIGHTSOUT_NOTIFY"] == other
        assert "-key" not in first + second

    def test_repeats_no_secret_that_a_refusal_echoes(self, deployed):
        deployed.edit("#LIGHTSOUT_NOTIFY", "LIGHTSOUT_NOTIFY")
        address = "https://example.com/first-key"
        deployed.fault(
            "UpdateFunctionConfiguration",
            "InvalidParameterValue.Environment",
            message=f"bad value {address}",
        )

        said = deployed.deploy("--yes", status=1, LIGHTSOUT_NOTIFY=address)

        assert "bad value …" in said
        assert "first-key" not in said

    def test_switches_the_dry_run_on_before_new_code_is_there(self, deployed):
        deployed.function.environment["LIGHTSOUT_DRY_RUN"] = "0"
        deployed.stage.policies(FEWER_MACHINES)
        before = deployed.since()

        deployed.deploy("--yes")

        assert deployed.changes(before) == ["UpdateFunctionConfiguration", *NEW_CODE]
        first, *_ = deployed.stage.sim.calls("UpdateFunctionConfiguration")[1:]
        assert first.params["Environment"]["Variables"] == [
            {"Key": "LIGHTSOUT_DRY_RUN", "Value": "1"}
        ]

    def test_never_switches_the_dry_run_off(self, deployed):
        deployed.edit('LIGHTSOUT_DRY_RUN: "1"', 'LIGHTSOUT_DRY_RUN: "0"')

        deployed.deploy("--yes")

        assert deployed.function.environment == {"LIGHTSOUT_DRY_RUN": "1"}

    def test_sends_the_code_again_that_somebody_replaced_by_hand(self, deployed):
        ours, deployed.function.code = deployed.function.code, b"another zip"

        assert "somebody put other code there" in deployed.deploy("--check", status=1)
        deployed.deploy("--yes")

        assert deployed.function.code == ours
        assert deployed.deploy("--yes") == NOTHING_TO_DO

    def test_puts_the_retries_back(self, deployed):
        deployed.function.retry_num, deployed.function.message_ttl = 0, 21_600
        before = deployed.since()

        deployed.deploy("--yes")

        assert deployed.changes(before) == ["UpdateFunctionEventInvokeConfig"]
        assert (deployed.function.retry_num, deployed.function.message_ttl) == (2, 3600)

    def test_makes_the_function_url_and_changes_it(self, deployed):
        url = """
    - http:
        name: mine
        parameters: {qualifier: $DEFAULT, authType: NONE, netConfig: {enableExtranet: true}}
"""
        deployed.edit("  events:", f"  events:{url}")
        deployed.edit('DRY_RUN: "1"', 'DRY_RUN: "1"\n      LIGHTSOUT_URL_SECRET: 0123456789abcdef')
        said = deployed.deploy("--yes")
        assert re.search(r"its address: https://\S+\.ap-guangzhou\.tencentscf\.com\n", said)
        assert deployed.deploy("--yes") == NOTHING_TO_DO

        deployed.edit("enableExtranet: true", "enableExtranet: true, enableIntranet: true")
        before = deployed.since()
        deployed.deploy("--yes")

        assert deployed.changes(before) == ["DeleteTrigger", "CreateTrigger"]
        (told,) = [json.loads(it.desc) for it in deployed.function.triggers if it.kind == "http"]
        assert told["NetConfig"]["EnableIntranet"]
        assert deployed.deploy("--yes") == NOTHING_TO_DO


class TestCheck:
    def test_says_that_nothing_differs(self, deployed):
        before = deployed.since()

        assert "is as serverless.yml" in deployed.deploy("--check")
        assert deployed.changes(before) == []

    def test_before_the_first_deploy_everything_differs(self, deployer):
        assert "+ function lightsout" in deployer.deploy("--check", status=1)
        assert deployer.changes() == []

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda it: it.stage.policies(FEWER_MACHINES), "policies: "),
            (lambda it: it.function.environment.update(LIGHTSOUT_DRY_RUN="0"), "the dry run"),
            (lambda it: it.function.triggers.clear(), "+ timer lightsout-quarter-hourly"),
            (
                lambda it: it.function.triggers.append(FunctionTrigger(name="by-hand")),
                "timer by-hand",
            ),
        ],
        ids=["policies", "dry run", "a timer is gone", "a timer by hand"],
    )
    def test_tells_what_differs_and_changes_nothing(self, deployed, change, said):
        change(deployed)
        before = deployed.since()

        assert said in deployed.deploy("--check", status=1)
        assert deployed.changes(before) == []

    def test_tells_the_version_that_runs(self, deployed, monkeypatch):
        monkeypatch.setattr("lightsout.cli.deploy.wanted.__version__", "9.9.9")

        assert f"lightsout: {__version__} → 9.9.9" in deployed.deploy("--check", status=1)

    def test_calls_a_pause_a_pause_and_no_difference(self, deployed):
        deployed.deploy("--pause-until", "2027-02-20", "--yes")

        said = deployed.deploy("--check")

        assert "! paused until 2027-02-20" in said
        assert "is as serverless.yml" in said


class TestWhatWasMadeByHand:
    @pytest.fixture
    def by_hand(self, deployed):
        function, world = deployed.function, deployed.stage.world
        function.triggers.append(FunctionTrigger(name="by-hand"))
        function.environment["TEAM"] = "infra"
        preset = world.cam.policy("100000000001", lambda it: it.name == "AdministratorAccess")
        (role,) = world.roles
        world.cam.change_role(role, attached=(*role.attached, preset.id))
        return deployed

    def test_is_named_and_kept(self, by_hand):
        before = by_hand.since()

        said = by_hand.deploy("--yes")

        for thing in ("timer by-hand", "variable TEAM", "policy AdministratorAccess of role"):
            assert f"  {thing}" in said
        assert by_hand.changes(before) == []

    def test_is_kept_by_a_deploy_that_changes_something_else(self, by_hand):
        by_hand.edit("LIGHTSOUT_DRY_RUN", "LIGHTSOUT_MAX_EVENT_AGE: 2h\n      LIGHTSOUT_DRY_RUN")

        by_hand.deploy("--yes")

        assert by_hand.function.environment == {
            "TEAM": "infra",
            "LIGHTSOUT_MAX_EVENT_AGE": "2h",
            "LIGHTSOUT_DRY_RUN": "1",
        }

    def test_is_taken_away_where_that_is_asked_for(self, by_hand):
        by_hand.deploy("--yes", "--prune")

        assert [it.name for it in by_hand.function.triggers] == ["lightsout-quarter-hourly"]
        assert by_hand.function.environment == {"LIGHTSOUT_DRY_RUN": "1"}
        (role,) = by_hand.stage.world.roles
        assert role.attached == (policy_of(by_hand.stage.world).id,)
        assert by_hand.deploy("--yes") == NOTHING_TO_DO

    def test_a_pause_outlives_even_that(self, deployed):
        deployed.deploy("--pause-until", "2027-02-20", "--yes")

        deployed.deploy("--yes", "--prune")

        assert deployed.function.environment["LIGHTSOUT_PAUSED_UNTIL"] == "2027-02-20"

    def test_triggers_of_other_kinds_and_on_further_pages_are_seen(self, deployed, monkeypatch):
        monkeypatch.setattr("lightsout.cli.deploy.service.MOST_ROWS", 1)
        deployed.function.triggers += [
            FunctionTrigger(name="by-hand"),
            FunctionTrigger(name="bucket", kind="cos", description="{}"),
        ]

        said = deployed.deploy("--yes")

        assert "  timer by-hand" in said
        assert "  trigger cos bucket, whose events fail" in said

    def test_a_log_topic_that_was_chosen_stays(self, deployed):
        logs = deployed.stage.world.logs
        logset = logs.add_logset("100000000001", "ap-guangzhou", "other")
        other = logs.add_topic(logset, "other", period=7)
        deployed.function.logset, deployed.function.topic = logset.id, other.id

        assert f"log topic {other.id}" in deployed.deploy("--yes")
        assert deployed.function.topic == other.id

        deployed.deploy("--yes", "--prune")
        assert logs.topics[deployed.function.topic].name == "lightsout"

    def test_a_function_without_our_tag_is_never_touched(self, deployed):
        deployed.function.tags = {"team": "other"}
        deployed.stage.policies(FEWER_MACHINES)
        before = deployed.since()

        said = deployed.deploy("--yes", status=1)

        assert "without the tag managed-by=lightsout" in said
        assert "--adopt" in said
        for word in ("--disarm", "--resume"):
            deployed.deploy(word, "--yes", status=1)
        assert deployed.type_in("remove", "--yes")[0] == 1
        assert deployed.changes(before) == []

    def test_a_function_is_adopted_where_that_is_asked_for(self, deployed):
        deployed.function.tags = {"team": "other"}

        deployed.deploy("--yes", "--adopt")

        assert deployed.function.tags == {"team": "other", "managed-by": "lightsout"}
        assert deployed.deploy("--yes") == NOTHING_TO_DO


class TestTheRights:
    def test_a_role_that_stands_is_not_widened_by_yes(self, deployed):
        deployed.stage.policies(MORE_MACHINES)
        old = policy_of(deployed.stage.world).document

        said = deployed.deploy("--yes", status=1)

        assert policy_of(deployed.stage.world).document == old
        assert "+ lighthouse:StopInstances on qcs::lighthouse:ap-shanghai::instance/*" in said
        assert "--allow-rights" in said
        assert "~ the code of lightsout: done" in said

    def test_it_is_widened_where_that_is_allowed(self, deployed):
        deployed.stage.policies(MORE_MACHINES)

        deployed.deploy("--yes", "--allow-rights")

        assert "ap-shanghai" in json.dumps(policy_of(deployed.stage.world).document)
        assert deployed.deploy("--yes") == NOTHING_TO_DO

    def test_it_is_narrowed_without_a_word_more(self, deployed):
        deployed.stage.policies(MORE_MACHINES)
        deployed.deploy("--yes", "--allow-rights")
        deployed.stage.policies(FEWER_MACHINES)

        said = deployed.deploy("--yes")

        assert "- lighthouse:StopInstances on qcs::lighthouse:ap-shanghai::instance/*" in said
        assert "ap-shanghai" not in json.dumps(policy_of(deployed.stage.world).document)

    def test_a_role_of_that_name_that_somebody_made_gets_nothing_unasked(self, deployer):
        deployer.stage.world.roles.append(
            Role("100000000001", "lightsout", json.loads(TRUSTS_SCF), attached=())
        )

        said = deployer.deploy("--yes", status=1)

        assert deployer.stage.world.roles[0].attached == ()
        assert "~ role lightsout: carries the policy lightsout" in said
        deployer.deploy("--yes", "--allow-rights")
        assert deployer.stage.world.roles[0].attached == (policy_of(deployer.stage.world).id,)

    def test_a_role_that_functions_may_not_take_is_named(self, deployed):
        (role,) = deployed.stage.world.roles
        trust = json.loads(TRUSTS_SCF.replace("scf.qcloud.com", "cvm.qcloud.com"))
        deployed.stage.world.cam.change_role(role, trust=trust)

        assert "functions of the account may take it" in deployed.deploy("--check", status=1)
        deployed.deploy("--yes", "--allow-rights")
        assert deployed.deploy("--yes") == NOTHING_TO_DO

    def test_a_document_that_denies_something_is_replaced_only_where_that_is_allowed(
        self, deployed
    ):
        policy = policy_of(deployed.stage.world)
        deny = {"effect": "deny", "action": ["cvm:*"], "resource": ["*"]}
        document = {**policy.document, "statement": [*policy.document["statement"], deny]}
        deployed.stage.world.cam.change_policy(policy, document=document)

        deployed.deploy("--yes", status=1)

        assert policy_of(deployed.stage.world).document == document

    @pytest.mark.parametrize("looking", [True, False], ids=["may look", "may not look"])
    def test_who_may_not_change_roles_gets_the_documents_and_the_rest_goes_on(
        self, deployer, looking
    ):
        denied = ["CreateRole", "CreatePolicy", "AttachRolePolicy", "UpdatePolicy"]
        denied += [] if looking else ["GetRole", "ListPolicies", "ListAttachedRolePolicies"]
        for action in denied:
            deployer.stage.world.deny(action)

        said = deployer.deploy("--yes", status=1)

        assert json.dumps(cam.trust(), separators=(",", ":")) in said
        rights = cam.role(load(deployer.folder / "policies").policies, None)
        assert json.dumps(rights, separators=(",", ":")) in said
        assert deployer.function.role == ""
        assert [it.name for it in deployer.function.triggers] == ["lightsout-quarter-hourly"]

    def test_the_role_that_somebody_made_then_is_given_to_the_function(self, deployer):
        world = deployer.stage.world
        for action in ("CreateRole", "CreatePolicy", "AttachRolePolicy"):
            world.deny(action)
        deployer.deploy("--yes", status=1)
        _, printed, _ = deployer.type_in("permissions", "role")
        policy = world.cam.add_policy("100000000001", "lightsout", json.loads(printed))
        world.roles.append(
            Role("100000000001", "lightsout", json.loads(TRUSTS_SCF), attached=(policy.id,))
        )

        deployer.deploy("--yes")

        assert deployer.function.role == "lightsout"

    def test_who_may_not_make_a_log_gets_the_one_of_the_platform(self, deployer):
        deployer.stage.world.deny("CreateLogset")

        said = deployer.deploy("--yes", status=1)

        assert "The log was not changed: CreateLogset" in said
        topic = deployer.stage.world.logs.topics[deployer.function.topic]
        assert topic.name.startswith("SCF_log")

    def test_what_cannot_be_seen_is_not_called_the_same(self, deployed):
        deployed.stage.world.deny("GetRole")

        said = deployed.deploy("--check", status=1)

        assert "the role cannot be seen with this key: GetRole" in said
        assert "as far as can be seen nothing differs" in said
        assert "nothing to do as far as can be seen" in deployed.deploy("--yes", status=1)
