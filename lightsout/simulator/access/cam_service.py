"""CAM, version 2019-01-16: create and change roles and policies.

All actions can be granted on `*` only, except PassRole, which other services ask for
(https://cloud.tencent.com/document/product/598/69872). The codes are those of the service's list;
if their texts do not say which one a case gets, it is a guess.
"""

from __future__ import annotations

from lightsout.simulator.access import cam_policies, cam_roles
from lightsout.simulator.base.description import Description
from lightsout.simulator.base.service import Service, plain_dialect

ACTIONS = {
    "AttachRolePolicy": cam_roles.attach_role_policy,
    "CreatePolicy": cam_policies.create_policy,
    "CreateRole": cam_roles.create_role,
    "DeletePolicy": cam_policies.delete_policy,
    "DeleteRole": cam_roles.delete_role,
    "DescribeRoleList": cam_roles.describe_role_list,
    "DetachRolePolicy": cam_roles.detach_role_policy,
    "GetPolicy": cam_policies.get_policy,
    "GetRole": cam_roles.get_role,
    "ListAttachedRolePolicies": cam_roles.list_attached_role_policies,
    "ListPolicies": cam_policies.list_policies,
    "UpdateAssumeRolePolicy": cam_roles.update_assume_role_policy,
    "UpdatePolicy": cam_policies.update_policy,
}

# Requests a second. Those of a deploy's calls are from the API pages; the others are guesses.
RATES = dict.fromkeys(ACTIONS, 10) | {"AttachRolePolicy": 3, "CreateRole": 2}


def cam() -> Service:
    """The service as the gateway takes it."""
    return Service(
        description=Description("cam", "2019-01-16"),
        dialect=plain_dialect("cam", no_right="UnauthorizedOperation"),
        actions=ACTIONS,
        rates=RATES,
        regionless=frozenset(ACTIONS),
        listings=frozenset(),
    )
