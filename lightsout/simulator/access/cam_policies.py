"""The actions of CAM for policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.cam_documents import as_text, policy_document
from lightsout.simulator.access.policies import CUSTOM, PRESET, CamPolicy
from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked

NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
MOST_POLICIES = 1500
UNKNOWN = "ResourceNotFound.PolicyIdNotFound"
MOST_ROWS = 200
SCOPES = {"All": (CUSTOM, PRESET), "QCS": (PRESET,), "Local": (CUSTOM,)}


def create_policy(asked: Asked) -> Answer:
    """Create a policy that is attached to nothing yet."""
    require_right(asked, "CreatePolicy")
    name, cam = asked.params["PolicyName"], asked.world.cam
    if not NAME.fullmatch(name):
        raise ApiError("InvalidParameter.PolicyNameError", "The policy name is not valid.")
    document = policy_document(asked.params["PolicyDocument"])
    if cam.policy(asked.account, lambda it: it.name == name):
        raise ApiError("FailedOperation.PolicyNameInUse", f"The policy `{name}` exists already.")
    if len(cam.policies(asked.account)) >= MOST_POLICIES:
        raise ApiError("FailedOperation.PolicyFull", "There are too many policies.")
    policy = cam.add_policy(
        asked.account,
        name,
        document,
        description=asked.params.get("Description", ""),
        tags=tuple((each["Key"], each["Value"]) for each in asked.params.get("Tags", ())),
    )
    return Answer({"PolicyId": policy.id})


def update_policy(asked: Asked) -> Answer:
    """Change the document or the description; the change is in force at once."""
    require_right(asked, "UpdatePolicy")
    policy, params = named_policy(asked), asked.params
    if policy.kind == PRESET:
        raise ApiError("InvalidParameter.ParamError", "A preset policy cannot be changed.")
    facts: dict[str, Any] = {}
    if "PolicyDocument" in params:
        facts["document"] = policy_document(params["PolicyDocument"])
    if "Description" in params:
        facts["description"] = params["Description"]
    asked.world.cam.change_policy(policy, **facts)
    return Answer({"PolicyId": policy.id})


def get_policy(asked: Asked) -> Answer:
    """All facts about a policy, by its ID."""
    require_right(asked, "GetPolicy")
    policy = named_policy(asked)
    return Answer(
        {
            "PolicyName": policy.name,
            "Description": policy.description,
            "Type": policy.kind,
            "AddTime": policy.added,
            "UpdateTime": policy.updated,
            "PolicyDocument": as_text(policy.document),
            "PresetAlias": "",
            "IsServiceLinkedRolePolicy": 0,
            "Tags": [{"Key": key, "Value": value} for key, value in policy.tags],
        }
    )


def list_policies(asked: Asked) -> Answer:
    """A page of the policies whose names contain the keyword."""
    require_right(asked, "ListPolicies")
    params, cam = asked.params, asked.world.cam
    kinds = SCOPES.get(params.get("Scope", "All"))
    if kinds is None:
        raise ApiError("InvalidParameter.ScopeError", "`Scope` is All, QCS or Local.")
    keyword = params.get("Keyword", "")
    found = [it for it in cam.policies(asked.account) if it.kind in kinds and keyword in it.name]
    shown = [_listed(asked, policy) for policy in page_of(asked, found)]
    return Answer({"TotalNum": len(found), "List": shown, "ServiceTypeList": []})


def delete_policy(asked: Asked) -> Answer:
    """Delete all of the policies, or none."""
    require_right(asked, "DeletePolicy")
    cam = asked.world.cam
    doomed = [_by_id(asked, id_, UNKNOWN) for id_ in asked.params["PolicyId"]]
    if not doomed:
        raise ApiError("InvalidParameter.PolicyIdError", "`PolicyId` is empty.")
    if any(policy.kind == PRESET for policy in doomed):
        raise ApiError("InvalidParameter.ParamError", "A preset policy cannot be deleted.")
    for policy in doomed:
        cam.remove_policy(policy)
    return Answer()


def named_policy(asked: Asked, code: str = UNKNOWN) -> CamPolicy:
    """The policy, by its ID or its name, whichever is given."""
    if "PolicyId" in asked.params:
        return _by_id(asked, asked.params["PolicyId"], code)
    name = asked.params.get("PolicyName")
    if not name:
        raise ApiError("InvalidParameter.ParamError", "Give the ID or the name of the policy.")
    policy = asked.world.cam.policy(asked.account, lambda it: it.name == name)
    if policy is None:
        raise _unknown(code)
    return policy


def page_of(asked: Asked, everything: list[Any]) -> list[Any]:
    """The rows of the requested page, by its number from 1."""
    page, rows = asked.params.get("Page", 1), asked.params.get("Rp", 20)
    if page < 1 or not 1 <= rows <= MOST_ROWS:
        raise ApiError("InvalidParameter.ParamError", "`Page` or `Rp` is out of range.")
    return everything[(page - 1) * rows : page * rows]


def _by_id(asked: Asked, id_: int, code: str) -> CamPolicy:
    policy = asked.world.cam.policy(asked.account, lambda it: it.id == id_)
    if policy is None:
        raise _unknown(code)
    return policy


def _unknown(code: str) -> ApiError:
    return ApiError(code, "The policy does not exist.")


def _listed(asked: Asked, policy: CamPolicy) -> dict[str, Any]:
    carriers = len([it for it in asked.world.cam.carriers(policy) if it.uin == asked.account])
    return {
        "PolicyId": policy.id,
        "PolicyName": policy.name,
        "AddTime": policy.added,
        "Type": policy.kind,
        "Description": policy.description,
        "CreateMode": 2,
        "Attachments": carriers,
        "ServiceType": "",
        "IsAttached": None,
        "Deactived": 0,
        "DeactivedDetail": [],
        "IsServiceLinkedPolicy": 0,
        "AttachEntityCount": carriers,
        "AttachEntityBoundaryCount": 0,
        "UpdateTime": policy.updated,
        "Tags": [{"Key": key, "Value": value} for key, value in policy.tags],
    }
