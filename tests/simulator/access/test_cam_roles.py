"""CAM's roles and policies, and what a role's keys may do by them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lightsout.simulator import CloudAccount, Role
from lightsout.simulator.access.roles import EXTERNAL_ID
from tests.support.function_code import TRUSTS_SCF


def granting(action, resource="*"):
    statement = {"effect": "allow", "action": [action], "resource": [resource]}
    return json.dumps({"version": "2.0", "statement": [statement]})


@pytest.fixture
def cam(caller):
    return caller(service="cam")


@pytest.fixture
def made(cam):
    """A role with a policy that lets it list instances."""
    cam("CreateRole", RoleName="guard", PolicyDocument=TRUSTS_SCF)
    document = granting("lighthouse:DescribeInstances")
    id_ = cam("CreatePolicy", PolicyName="may-list", PolicyDocument=document)["PolicyId"]
    cam("AttachRolePolicy", AttachRoleName="guard", PolicyName="may-list")
    return id_


@pytest.fixture
def as_guard(sim, caller):
    """A caller with a key of the role."""

    def as_guard(service="lighthouse"):
        arn = "qcs::cam::uin/100000000001:roleName/guard"
        key = CloudAccount(secret_id="AKIDguard", secret_key="k", token="t", role=arn)
        sim.credentials.append(key)
        return caller(key, service=service)

    return as_guard


def test_a_role_comes_back_as_it_was_made(cam, clock):
    tags = [{"Key": "managed-by", "Value": "lightsout"}]
    facts = {"RoleName": "guard", "PolicyDocument": TRUSTS_SCF, "Description": "stops machines"}
    id_ = cam("CreateRole", Tags=tags, **facts)["RoleId"]

    told = cam("GetRole", RoleName="guard")["RoleInfo"]

    assert told["RoleId"] == id_
    assert json.loads(told["PolicyDocument"]) == json.loads(TRUSTS_SCF)
    assert (told["Description"], told["Tags"]) == ("stops machines", tags)
    assert told["AddTime"] == "2026-11-23 20:00:00"  # the world's noon in China's time
    assert cam("GetRole", RoleId=id_)["RoleInfo"] == told


def test_a_name_is_taken_once_and_what_there_is_not_is_said(cam):
    cam("CreateRole", RoleName="guard", PolicyDocument=TRUSTS_SCF)
    cam("CreatePolicy", PolicyName="may", PolicyDocument=granting("cvm:*"))

    again = cam.refused("CreateRole", RoleName="guard", PolicyDocument=TRUSTS_SCF)
    assert again[0] == "InvalidParameter.RoleNameInUse"
    again = cam.refused("CreatePolicy", PolicyName="may", PolicyDocument=granting("cvm:*"))
    assert again[0] == "FailedOperation.PolicyNameInUse"
    preset = "AdministratorAccess"
    again = cam.refused("CreatePolicy", PolicyName=preset, PolicyDocument=granting("cvm:*"))
    assert again[0] == "FailedOperation.PolicyNameInUse"
    for action in ("GetRole", "DeleteRole"):
        assert cam.refused(action, RoleName="other")[0] == "InvalidParameter.RoleNotExist"
    unknown = "ResourceNotFound.PolicyIdNotFound"
    assert cam.refused("GetPolicy", PolicyId=7)[0] == unknown
    attach = {"AttachRoleName": "guard", "PolicyName": "other"}
    assert cam.refused("AttachRolePolicy", **attach)[0] == "InvalidParameter.PolicyIdNotExist"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "PolicyDocumentError"),
        ("[]", "PolicyDocumentError"),
        ('{"version":"1.0","statement":[]}', "VersionError"),
        ('{"version":"2.0"}', "StatementError"),
        ('{"version":"2.0","statement":[]}', "StatementError"),
        ('{"version":"2.0","statement":[{"effect":"maybe"}]}', "EffectError"),
        ('{"version":"2.0","statement":[{"effect":"allow","action":[]}]}', "ActionError"),
        ('{"version":"2.0","statement":[{"effect":"allow","action":"a:b"}]}', "ResourceError"),
        (TRUSTS_SCF.replace('"principal"', '"resource":["*"],"principal"'), "PrincipalError"),
        (granting("cvm:" + "x" * 7000), "PolicyDocumentLengthOverLimit"),
    ],
)
def test_a_document_that_is_none_is_refused_by_its_own_code(cam, document, code):
    refused = cam.refused("CreatePolicy", PolicyName="may", PolicyDocument=document)

    assert refused[0] == f"InvalidParameter.{code}"


def test_a_trust_needs_somebody_to_trust(cam):
    nobody = TRUSTS_SCF.replace('"service"', '"whoever"')

    refused = cam.refused("CreateRole", RoleName="guard", PolicyDocument=nobody)

    assert refused[0] == "InvalidParameter.PrincipalError"


def test_listings_have_pages_and_names(cam, made):
    for number in range(3):
        document = granting("cvm:*")
        cam("CreatePolicy", PolicyName=f"other-{number}", PolicyDocument=document)

    own = cam("ListPolicies", Scope="Local", Rp=2, Page=2)
    assert (own["TotalNum"], len(own["List"])) == (4, 2)
    named = cam("ListPolicies", Scope="Local", Keyword="may")["List"]
    assert [(it["PolicyId"], it["Attachments"]) for it in named] == [(made, 1)]
    assert cam("ListPolicies", Scope="QCS")["TotalNum"] > 0
    roles = cam("DescribeRoleList", Page=1, Rp=200)["List"]
    assert [it["RoleName"] for it in roles] == ["SCF_QcsRole", "guard"]
    attached = cam("ListAttachedRolePolicies", RoleName="guard", Page=1, Rp=10)
    assert [it["PolicyName"] for it in attached["List"]] == ["may-list"]
    assert cam.refused("ListPolicies", Rp=201)[0] == "InvalidParameter.ParamError"


def test_attaching_twice_changes_nothing(cam, made):
    cam("AttachRolePolicy", AttachRoleName="guard", PolicyId=made)

    assert cam("ListAttachedRolePolicies", RoleName="guard", Page=1, Rp=10)["TotalNum"] == 1


def test_the_keys_of_a_role_may_do_what_its_policies_say_at_that_time(cam, made, as_guard):
    guard = as_guard()
    assert guard("DescribeInstances")["TotalCount"] == 0
    assert guard.refused("DescribeRegions")[0] == "UnauthorizedOperation.NoPermission"

    cam("UpdatePolicy", PolicyName="may-list", PolicyDocument=granting("lighthouse:*"))
    assert guard("DescribeRegions")["TotalCount"] > 0

    cam("DetachRolePolicy", DetachRoleName="guard", PolicyName="may-list")
    assert guard.refused("DescribeInstances")[0] == "UnauthorizedOperation.NoPermission"


def test_a_policy_that_is_deleted_is_gone_from_its_roles(cam, made, as_guard):
    cam("DeletePolicy", PolicyId=[made])

    assert cam("ListAttachedRolePolicies", RoleName="guard", Page=1, Rp=10)["TotalNum"] == 0
    assert as_guard().refused("DescribeInstances")[0] == "UnauthorizedOperation.NoPermission"


def test_the_keys_of_a_role_that_is_gone_may_do_nothing(cam, made, as_guard):
    guard = as_guard()
    cam("DeleteRole", RoleName="guard")

    assert guard.refused("DescribeInstances")[0] == "UnauthorizedOperation.NoPermission"
    assert cam("GetPolicy", PolicyId=made)["PolicyName"] == "may-list"


def test_a_lent_role_that_cam_changes_is_held_to_its_policies(cam, caller, sim, world):
    """A role that a test put there may do everything until CAM attaches something."""
    trust = {"effect": "allow", "action": ["name/sts:AssumeRole"]}
    whom = {"principal": {"qcs": ["qcs::cam::uin/100000000001:root"]}}
    world.roles.append(
        Role("100000000001", "guard", {"version": "2.0", "statement": [trust | whom]})
    )
    arn = world.roles[0].arn
    told = caller(service="sts")("AssumeRole", RoleArn=arn, RoleSessionName="s")["Credentials"]
    keys = CloudAccount(
        secret_id=told["TmpSecretId"], secret_key=told["TmpSecretKey"], token=told["Token"]
    )
    guard = caller(keys)
    assert guard("DescribeRegions")["TotalCount"] > 0

    cam("CreatePolicy", PolicyName="may", PolicyDocument=granting("lighthouse:DescribeInstances"))
    cam("AttachRolePolicy", AttachRoleName="guard", PolicyName="may")

    assert guard.refused("DescribeRegions")[0] == "UnauthorizedOperation.NoPermission"


def test_trust_can_be_changed_and_read_again(cam, world):
    cam("CreateRole", RoleName="guard", PolicyDocument=TRUSTS_SCF)
    condition = {"string_equal": {EXTERNAL_ID: "x"}}
    trust = json.loads(TRUSTS_SCF)
    trust["statement"][0] |= {"principal": {"qcs": "qcs::cam::uin/1:root"}, "condition": condition}

    cam("UpdateAssumeRolePolicy", RoleName="guard", PolicyDocument=json.dumps(trust))

    (role,) = world.roles
    assert (role.trusts("1", "x"), role.trusts("1", None)) == (True, False)
    assert not role.trusts_service("scf.qcloud.com")


def test_what_belongs_to_the_cloud_cannot_be_changed(cam):
    unmodifiable = "InvalidParameter.ParamError"
    assert cam.refused("DeleteRole", RoleName="SCF_QcsRole")[0] == unmodifiable
    assert cam.refused("DeletePolicy", PolicyId=[1])[0] == unmodifiable


def test_cam_is_granted_on_everything_or_not_at_all(cam, sim):
    one_role = "qcs::cam::uin/100000000001:roleName/guard"
    sim.credentials[:] = [
        replace(CloudAccount(), policy=json.loads(granting("cam:CreateRole", one_role)))
    ]
    code, message = cam.refused("CreateRole", RoleName="guard", PolicyDocument=TRUSTS_SCF)
    assert code == "UnauthorizedOperation"
    assert "cam:CreateRole" in message

    sim.credentials[:] = [replace(CloudAccount(), policy=json.loads(granting("cam:CreateRole")))]
    assert cam("CreateRole", RoleName="guard", PolicyDocument=TRUSTS_SCF)["RoleId"]
