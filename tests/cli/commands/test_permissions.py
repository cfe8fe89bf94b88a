"""`permissions`: the CAM documents, for people and for other programs."""

from __future__ import annotations

import json
import re
import shlex

import pytest
import yaml

from lightsout.cli import WrongUse
from lightsout.cli.commands.permissions import read_deployment
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"```yaml\n(.*?)```\n+```sh\nlightsout (.*?)\n```\n+```json\n(.*?)```",
    PAGE,
    re.DOTALL,
)
UIN = "100000000001"
MIXED = """
    version: 1
    policies:
      - name: off
        resource: cvm
        regions: [ap-shanghai, ap-guangzhou]
        match: {instances: [ins-00000002, ins-00000001]}
        exclude: {instances: [ins-00000002]}
      - name: off-too
        resource: cvm
        regions: [ap-shanghai]
        match: {tags: {env: dev}}
"""


def resources(document, action):
    (found,) = [each for each in document["statement"] if each["action"] == [action]]
    return found["resource"]


@pytest.fixture
def permissions(type_in):
    """Types `permissions … --json`; the documents."""

    def permissions(*words):
        said = type_in("permissions", "--json", *words)
        assert said.status == 0
        return said.json()

    return permissions


@pytest.mark.parametrize("name", ["role", "trust", "deployer"])
def test_a_document_alone_is_the_one_among_all(type_in, permissions, name):
    said = type_in("permissions", name, "--uin", UIN)

    assert said.status == 0
    assert said.json() == permissions("--uin", UIN)[name]


def test_every_document_is_of_the_form_that_cam_takes(permissions):
    for name, document in permissions().items():
        assert document.keys() == {"version", "statement"}
        assert document["version"] == "2.0"
        for statement in document["statement"]:
            assert statement["effect"] == "allow"
            assert statement["action"]
            assert statement["principal" if name == "trust" else "resource"]
            for resource in set(statement.get("resource", [])) - {"*"}:
                assert len(resource.split(":", 5)) == 6


def test_the_trust_policy_is_for_functions_only(permissions):
    (statement,) = permissions()["trust"]["statement"]

    assert statement == {
        "effect": "allow",
        "action": ["name/sts:AssumeRole"],
        "principal": {"service": ["scf.qcloud.com"]},
    }


def test_a_resource_that_lies_within_another_is_not_named_beside_it(stage, permissions):
    stage.policies(MIXED)

    assert resources(permissions()["role"], "cvm:StopInstances") == [
        "qcs::cvm:ap-guangzhou::instance/ins-00000001",
        "qcs::cvm:ap-shanghai::instance/*",
    ]


def test_every_region_is_an_empty_segment_and_makes_the_others_needless(stage, permissions):
    stage.policies(MIXED)
    stage.policies(
        """
        version: 1
        policies:
          - {name: all, resource: cvm, regions: all, match: {tags: {env: dev}}}
        """,
        "z.yml",
    )

    document = permissions("--uin", UIN)["role"]

    assert resources(document, "cvm:StopInstances") == [f"qcs::cvm::uin/{UIN}:instance/*"]


def test_policies_that_exclude_all_they_name_need_no_right_to_stop(stage, permissions):
    first, _, _ = MIXED.partition("      - name: off-too")
    stage.policies(first.replace(", ins-00000001]", "]"))

    (statement,) = permissions()["role"]["statement"]

    assert statement["action"] == ["cvm:DescribeInstances"]


NO_NARROWER = "tag:TagResources can only be granted for everything"


def test_marks_need_a_right_that_cannot_be_narrowed_and_it_says_so(stage, type_in, permissions):
    assert "TagResources" not in type_in("permissions", "role").out
    stage.policies(MIXED.rstrip() + "\n        mark: true\n")

    assert resources(permissions()["role"], "tag:TagResources") == ["*"]
    assert NO_NARROWER in " ".join(type_in("permissions").out.split())
    alone = type_in("permissions", "role")
    assert NO_NARROWER in alone.err
    assert NO_NARROWER not in type_in("permissions", "trust").err
    assert alone.json() == permissions()["role"]


def test_the_right_to_mark_is_granted_in_the_accounts_of_policies_that_mark(stage, type_in):
    there = {"name": "research", "role_arn": "qcs::cam::uin/100000000002:roleName/lightsout"}
    text = MIXED.replace("policies:", f"accounts: [{json.dumps(there)}]\n    policies:")
    stage.policies(text.rstrip() + "\n        accounts: [research]\n        mark: true\n")

    assert "TagResources" not in type_in("permissions", "role").out
    assert "TagResources" in type_in("permissions", "role", "--account", "research").out


def test_the_deployer_may_touch_the_function_of_serverless_yml_and_pass_its_role(permissions):
    inputs = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))["inputs"]
    account, region = f"uin/{UIN}", inputs["region"]

    document = permissions("--uin", UIN)["deployer"]

    assert resources(document, "cam:PassRole") == [f"qcs::cam::{account}:roleName/{inputs['role']}"]
    assert document["statement"][0]["resource"] == [
        f"qcs::scf:{region}:{account}:namespace/{inputs['namespace']}/function/{inputs['name']}"
    ]


def test_people_see_which_document_is_which_and_the_commands_for_each(stage, type_in, permissions):
    said = type_in("permissions", "--uin", UIN, "--policies", stage.folder)

    assert [line.partition(":")[0] for line in said.out.splitlines() if line[:1].strip()] == [
        "trust",
        "role",
        "deployer",
    ]
    alone = re.findall(r"--PolicyDocument \"\$\(python -m lightsout (.*?)\)\"", said.out)
    documents = permissions("--uin", UIN)
    assert [type_in(*shlex.split(words)).json() for words in alone] == list(documents.values())
    for document in documents.values():
        for statement in document["statement"]:
            assert ", ".join(statement["action"]) in said.out
            assert ", ".join(statement.get("resource", [])) in said.out


@pytest.mark.parametrize("uin", ["", "me", "uin/1", "１"])
def test_an_account_is_a_number(type_in, uin):
    said = type_in("permissions", "role", "--uin", uin)

    assert said.status == 2
    assert said.err == f"lightsout: --uin wants the number of the account, not {uin!r}\n"


def test_mistakes_in_the_policies_are_told_and_spare_the_other_documents(stage, type_in):
    stage.policies("version: 1\npolicies:\n  - name: A\n")

    said = type_in("permissions", "role")

    assert (said.status, said.out) == (1, "")
    assert f"{stage.folder / 'policy.yml'}:3:" in said.err
    assert type_in("permissions", "trust").status == 0


@pytest.mark.parametrize("text", ["inputs: {name: x}", "- a", "a: [", "inputs: 7", ""])
def test_a_serverless_yml_without_the_names_is_wrong_use(tmp_path, text):
    (tmp_path / "serverless.yml").write_text(text)

    with pytest.raises(WrongUse, match="wants inputs with name, region and role"):
        read_deployment(tmp_path / "serverless.yml")


def test_a_serverless_yml_that_is_not_there_is_wrong_use(tmp_path):
    with pytest.raises(WrongUse, match=r"there is no .*serverless\.yml: .* init` makes one"):
        read_deployment(tmp_path / "serverless.yml")


def test_nothing_is_called(stage, type_in):
    type_in("permissions")

    assert len(stage.sim.journal) == 0


def test_the_page_has_examples():
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("policies", "command", "document"), EXAMPLES)
def test_the_examples_of_the_page_are_what_the_command_says(
    stage, type_in, policies, command, document
):
    stage.policies(policies)

    said = type_in(*shlex.split(command))

    assert said.json() == json.loads(document)
