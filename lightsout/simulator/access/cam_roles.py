"""The actions of CAM for roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.cam_documents import as_text, trust_document
from lightsout.simulator.access.cam_policies import NAME, named_policy, page_of
from lightsout.simulator.access.policies import CUSTOM, SERVICE_ROLE, CamPolicy
from lightsout.simulator.access.rights import require_right
from lightsout.simulator.access.roles import Role
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked

LONGEST_SESSION = 43_200
MOST_ROLES = 1000
MOST_ATTACHED = 200
UNKNOWN = "InvalidParameter.PolicyIdNotExist"


def create_role(asked: Asked) -> Answer:
    """Create a role without policies."""
    require_right(asked, "CreateRole")
    name, cam = asked.params["RoleName"], asked.world.cam
    if not NAME.fullmatch(name):
        raise ApiError("InvalidParameter.RoleNameError", "The role name is not valid.")
    if cam.role(asked.account, lambda it: it.name == name):
        raise ApiError("InvalidParameter.RoleNameInUse", f"The role `{name}` exists already.")
    if len(cam.roles(asked.account)) >= MOST_ROLES:
        raise ApiError("InvalidParameter.RoleFull", "There are too many roles.")
    session = asked.params.get("SessionDuration", 7200)
    if not 0 <= session <= LONGEST_SESSION:
        raise ApiError("InvalidParameter.ParamError", "`SessionDuration` is out of range.")
    role = Role(
        asked.account,
        name,
        trust_document(asked.params["PolicyDocument"]),
        session=session or 7200,
        description=asked.params.get("Description", ""),
        tags=tuple((each["Key"], each["Value"]) for each in asked.params.get("Tags", ())),
    )
    return Answer({"RoleId": cam.add_role(role).id})


def get_role(asked: Asked) -> Answer:
    """All facts about a role, except its policies."""
    require_right(asked, "GetRole")
    return Answer({"RoleInfo": _role_info(named_role(asked))})


def describe_role_list(asked: Asked) -> Answer:
    """A page of the account's roles."""
    require_right(asked, "DescribeRoleList")
    wanted = {(each["Key"], each["Value"]) for each in asked.params.get("Tags", ())}
    found = [it for it in asked.world.cam.roles(asked.account) if wanted <= set(it.tags)]
    shown = [_role_info(role) for role in page_of(asked, found)]
    return Answer({"List": shown, "TotalNum": len(found)})


def update_assume_role_policy(asked: Asked) -> Answer:
    """Change the trust policy."""
    require_right(asked, "UpdateAssumeRolePolicy")
    trust = trust_document(asked.params["PolicyDocument"])
    asked.world.cam.change_role(_own_role(asked), trust=trust)
    return Answer()


def delete_role(asked: Asked) -> Answer:
    """Delete the role; its policies stay."""
    require_right(asked, "DeleteRole")
    asked.world.cam.remove_role(_own_role(asked))
    return Answer()


def attach_role_policy(asked: Asked) -> Answer:
    """Attach a policy to the role; a second time changes nothing."""
    require_right(asked, "AttachRolePolicy")
    policy, role = named_policy(asked, UNKNOWN), _own_role(asked, "AttachRole")
    attached = role.attached or ()
    if policy.id not in attached:
        if len(attached) >= MOST_ATTACHED:
            raise ApiError("InvalidParameter.AttachmentFull", "The role has too many policies.")
        asked.world.cam.change_role(role, attached=(*attached, policy.id))
    return Answer()


def detach_role_policy(asked: Asked) -> Answer:
    """Detach a policy from the role."""
    require_right(asked, "DetachRolePolicy")
    policy, role = named_policy(asked, UNKNOWN), _own_role(asked, "DetachRole")
    left = tuple(id_ for id_ in role.attached or () if id_ != policy.id)
    if role.attached is not None:
        asked.world.cam.change_role(role, attached=left)
    return Answer()


def list_attached_role_policies(asked: Asked) -> Answer:
    """A page of the role's policies."""
    require_right(asked, "ListAttachedRolePolicies")
    cam, role = asked.world.cam, named_role(asked, code="InvalidParameter.ParamError")
    keyword = asked.params.get("Keyword", "")
    kind = {"User": CUSTOM, "QCS": 2}.get(asked.params.get("PolicyType", ""))
    attached = [it for it in cam.policies(asked.account) if it.id in (role.attached or ())]
    found = [it for it in attached if keyword in it.name and kind in (None, it.kind)]
    shown = [_attached(policy, role) for policy in page_of(asked, found)]
    return Answer({"List": shown, "TotalNum": len(found)})


def named_role(
    asked: Asked, prefix: str = "Role", code: str = "InvalidParameter.RoleNotExist"
) -> Role:
    """The role, by its ID or its name, whichever is given."""
    id_, name = (asked.params.get(f"{prefix}{part}") for part in ("Id", "Name"))
    if not id_ and not name:
        raise ApiError("InvalidParameter.ParamError", "Give the ID or the name of the role.")
    role = asked.world.cam.role(asked.account, lambda it: it.id == id_ if id_ else it.name == name)
    if role is None:
        raise ApiError(code, "The role does not exist.")
    return role


def _own_role(asked: Asked, prefix: str = "Role") -> Role:
    """The role, if it may be changed: SCF's own may not."""
    role = named_role(asked, prefix)
    if role.name == SERVICE_ROLE and role not in asked.world.roles:
        raise ApiError("InvalidParameter.ParamError", f"The role `{role.name}` is SCF's own.")
    return role


def _role_info(role: Role) -> dict[str, Any]:
    return {
        "RoleId": role.id,
        "RoleName": role.name,
        "PolicyDocument": as_text(role.trust),
        "Description": role.description,
        "AddTime": role.added,
        "UpdateTime": role.updated,
        "ConsoleLogin": 0,
        "RoleType": "system" if role.name == SERVICE_ROLE else "user",
        "SessionDuration": role.session,
        "DeletionTaskId": None,
        "Tags": [{"Key": key, "Value": value} for key, value in role.tags],
        "RoleArn": role.arn,
    }


def _attached(policy: CamPolicy, role: Role) -> dict[str, Any]:
    return {
        "PolicyId": policy.id,
        "PolicyName": policy.name,
        "AddTime": role.updated,
        "PolicyType": "User" if policy.kind == CUSTOM else "QCS",
        "CreateMode": 2,
        "Deactived": 0,
        "DeactivedDetail": [],
        "Description": policy.description,
    }
