"""Write CAM policy documents: the execution role, its trust policy, and the rights to deploy.

Their form is https://cloud.tencent.com/document/product/598/10604. A resource has six segments,
`qcs::service:region:account:type/id`; an empty region means every region, an empty account the one
to which the policy belongs (https://cloud.tencent.com/document/product/598/10606). An action that
cannot be limited to resources must be given on `*`, or it counts as not given
(https://cloud.tencent.com/document/product/598/69972, Lighthouse;
https://cloud.tencent.com/document/product/598/69910, CVM;
https://cloud.tencent.com/document/product/598/70005, SCF).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.texts.pages import page
from lightsout.decide.conditions import needs_traffic
from lightsout.decide.decide import includes_members
from lightsout.model.resources.resource import OWN, RESOURCES
from lightsout.model.resources.scaling import ACTIVITIES, GROUPS, MEMBERS, SCALING, members_action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lightsout.model.policy import Account, Policy

    Document = Mapping[str, Any]
    Statement = Mapping[str, Any]

ANY = "*"
GROUP = "auto-scaling-group"  # https://cloud.tencent.com/document/product/598/69859
MARKING = "tag:TagResources"
# The note of `permissions` and `check` about a policy that marks.
NOT_NARROWER = (
    f"{MARKING} can only be granted for everything: whoever has the role may write any tag on "
    f"anything, and so widen rights that depend on tags ({page('marks.md')})"
)
EVERYWHERE = ""  # the region of a resource that may be in any region


class Deployment(NamedTuple):
    """The function, its region and account, and the name of its execution role."""

    function: str
    namespace: str
    region: str
    role: str


class Target(NamedTuple):
    """An instance, or ANY, in a region, or EVERYWHERE."""

    service: str
    called: str  # instance, or the service's own word for it
    region: str
    instance: str

    def covers(self, other: Target) -> bool:
        return (
            (self.service, self.called) == (other.service, other.called)
            and self.region in (EVERYWHERE, other.region)
            and self.instance in (ANY, other.instance)
        )

    def written(self, uin: str | None) -> str:
        return f"qcs::{self.service}:{self.region}:{_account(uin)}:{self.called}/{self.instance}"


def role(policies: Sequence[Policy], uin: str | None, others: Sequence[Account] = ()) -> Document:
    """The rights that the execution role needs for these policies, and no others.

    `others`: the accounts in policies, whose roles it assumes.
    """
    named = {name for policy in policies for name in policy.accounts}
    assumed = sorted(it.role_arn for it in others if it.name in named)
    return _document(*_acting(policies, OWN, uin), _allow(["sts:AssumeRole"], assumed))


def role_in(account: Account, policies: Sequence[Policy]) -> Document:
    """The rights of the role that the function assumes in another account."""
    return _document(*_acting(policies, account.name, None))


def _acting(policies: Sequence[Policy], account: str, uin: str | None) -> Iterator[Statement]:
    """The rights for what the policies do in an account.

    The right to look is for everything, because it cannot be limited to instances. The rights to
    stop and start are for the policies' regions, or for single instances if they name these.
    Members of groups need a right to the group, which no policy names. The right to mark cannot be
    limited either.
    """
    policies = [policy for policy in policies if account in policy.accounts]
    acts: dict[str, set[Target]] = defaultdict(set)
    for policy in policies:
        service = RESOURCES[policy.resource].api.service
        acts[f"{service}:{policy.does.call}"] |= set(_targets(policy))
        if includes_members(policy):
            act = f"{SCALING.service}:{members_action(policy.does).call}"
            acts[act] |= {Target(SCALING.service, GROUP, it, ANY) for it in _regions(policy)}
    if policies:
        yield _allow({look for policy in policies for look in _looks(policy)}, [ANY])
    for act, targets in sorted(acts.items()):
        yield _allow([act], _written(targets, uin))
    if any(
        policy.mark for policy in policies
    ):  # https://cloud.tencent.com/document/product/598/67492
        yield _allow([MARKING], [ANY])


def _looks(policy: Policy) -> Iterator[str]:
    resource = RESOURCES[policy.resource]
    yield f"{resource.api.service}:{resource.listing.name}"
    if resource.tells_denied_actions:  # called when a batch is refused
        yield f"{resource.api.service}:DescribeInstancesDeniedActions"
    if needs_traffic(policy.only_if):
        yield f"{resource.api.service}:DescribeInstancesTrafficPackages"
    if includes_members(policy):
        yield from (f"{SCALING.service}:{look}" for look in (MEMBERS, GROUPS, ACTIVITIES))
    if policy.regions == ("all",):
        yield f"{resource.api.service}:DescribeRegions"


def _targets(policy: Policy) -> Iterator[Target]:
    """The targets of the rights. Tags do not narrow them: CAM lacks those of some services."""
    resource = RESOURCES[policy.resource]
    named = policy.match.instances
    for region in _regions(policy):
        for instance in sorted(named - policy.exclude.instances) if named else [ANY]:
            yield Target(resource.api.service, resource.called, region, instance)


def _regions(policy: Policy) -> Sequence[str]:
    return [EVERYWHERE] if policy.regions == ("all",) else policy.regions


def _written(targets: Iterable[Target], uin: str | None) -> list[str]:
    """Each target once, without those that another one contains."""
    all_of_them = set(targets)
    return [
        target.written(uin)
        for target in sorted(all_of_them)
        if not any(other.covers(target) for other in all_of_them - {target})
    ]


def trust() -> Document:
    """The trust policy of the execution role: only functions may assume it.

    https://cloud.tencent.com/document/product/598/36219 has the form,
    https://cloud.tencent.com/document/product/583/32389 the service's name.
    """
    return _document(_trusting({"service": ["scf.qcloud.com"]}))


def trust_in(account: Account, uin: str) -> Document:
    """The trust policy of a role in another account: the function's account `uin` may assume it.

    Principal and condition have the form of the consoles. No page documents a role as principal, so
    the whole account is trusted. It allows nobody unless its own policies do.
    """
    statement = _trusting({"qcs": [f"qcs::cam::uin/{uin}:root"]})
    if account.external_id:
        equal = {"string_equal": {"sts:external_id": account.external_id}}
        return _document({**statement, "condition": equal})
    return _document(statement)


def _trusting(principal: Mapping[str, Any]) -> Statement:
    return {"effect": "allow", "action": ["name/sts:AssumeRole"], "principal": principal}


def deployer(deployment: Deployment, uin: str | None) -> Document:
    """The rights to deploy this function, by `lightsout deploy` or by the official tool.

    The former makes the calls of cli/deploy; the latter, those of tencent-component-toolkit 2.27.6
    and the scf component (https://github.com/serverless-tencent/tencent-component-toolkit,
    https://github.com/serverless-components/tencent-scf). They do not include changing roles: that
    right allows everything. They were not tried on an account.
    """
    function, region, account = deployment.function, deployment.region, _account(uin)
    path = f"namespace/{deployment.namespace}/function/{function}"
    logs = [f"qcs::cls:{region}:{account}:{what}/*" for what in ("logset", "topic")]
    return _document(
        _allow(
            [
                "scf:CreateFunction",
                "scf:DeleteFunction",
                "scf:GetFunction",
                "scf:GetFunctionAddress",
                "scf:UpdateFunctionCode",
                "scf:UpdateFunctionConfiguration",
            ],
            [f"qcs::scf:{region}:{account}:{path}"],
        ),
        _allow(  # CAM's page does not list these, or says that they cannot be limited
            [
                "scf:CreateTrigger",
                "scf:DeleteTrigger",
                "scf:GetAlias",
                "scf:GetFunctionEventInvokeConfig",
                "scf:InvokeFunction",
                "scf:ListTriggers",
                "scf:UpdateFunctionEventInvokeConfig",
                "scf:UpdateTrigger",
            ],
            [ANY],
        ),
        _allow(
            ["cls:CreateIndex", "cls:CreateLogset", "cls:CreateTopic", "cls:DescribeIndex"], logs
        ),
        _allow(  # to look at logs and the role's rights
            [
                "cam:GetPolicy",
                "cam:GetRole",
                "cam:ListAttachedRolePolicies",
                "cam:ListPolicies",
                "cls:DescribeLogsets",
                "cls:DescribeTopics",
            ],
            [ANY],
        ),
        _allow(  # for the official tool; the bucket's name ends with the account's APPID
            [
                "name/cos:HeadBucket",
                "name/cos:PutBucket",
                "name/cos:PutBucketLifecycle",
                "name/cos:PutObject",
            ],
            [f"qcs::cos:{region}::sls-cloudfunction-{region}-code-*"],
        ),
        _allow(
            [
                "tag:AttachResourcesTag",
                "tag:CreateTag",
                "tag:DescribeResourceTagsByResourceIds",
                "tag:DescribeTags",
                "tag:DetachResourcesTag",
                "tag:TagResources",
            ],
            [ANY],
        ),
        _allow(["cam:PassRole"], [f"qcs::cam::{account}:roleName/{deployment.role}"]),
    )


def _account(uin: str | None) -> str:
    return f"uin/{uin}" if uin else ""


def _allow(actions: Iterable[str], resources: Sequence[str]) -> Statement:
    return {"effect": "allow", "action": sorted(actions), "resource": list(resources)}


def _document(*statements: Statement) -> Document:
    """A document without statements that have no resource: CAM would refuse them."""
    kept = [each for each in statements if each.get("resource") != []]
    return {"version": "2.0", "statement": kept}
