"""The data of CAM for all accounts: policies, and the roles that have them. Knows no requests."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.roles import OWN_UIN, WHEN, Role, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lightsout.simulator.world import World

NOTHING: Mapping[str, Any] = {"version": "2.0", "statement": []}
ANYTHING = {"effect": "allow", "action": ["*"], "resource": ["*"]}
SERVICE_ROLE = "SCF_QcsRole"  # made by the console at the first visit of SCF
CUSTOM, PRESET = 1, 2
CHINA = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class CamPolicy:
    """A policy; a preset one belongs to every account."""

    id: int
    name: str
    document: Mapping[str, Any]
    uin: str | None  # None: preset
    description: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    added: str = WHEN
    updated: str = WHEN

    @property
    def kind(self) -> int:
        return PRESET if self.uin is None else CUSTOM


PRESETS = (
    CamPolicy(1, "AdministratorAccess", {"version": "2.0", "statement": [ANYTHING]}, None),
    CamPolicy(28_341_895, "QcloudAccessForScfRole", NOTHING, None),
)


class Cam:
    """Policies and roles. The roles are `world.roles`, and SCF's own role if SCF is opened.

    `role_visible_after`: seconds of the world's clock until SCF finds a role that CreateRole made.
    """

    def __init__(self, world: World) -> None:
        self.role_visible_after = 2.0
        self._world = world
        self._policies = {each.id: each for each in PRESETS}
        self._ids = itertools.count(200_000_001)
        self._role_ids = itertools.count(4_611_686_018_427_390_001)
        trust = {
            "effect": "allow",
            "action": "name/sts:AssumeRole",
            "principal": {"service": "scf.qcloud.com"},
        }
        self._service_role = Role(
            OWN_UIN, SERVICE_ROLE, {"version": "2.0", "statement": [trust]}, attached=(28_341_895,)
        )

    # Reading

    def roles(self, uin: str) -> list[Role]:
        """The roles of an account, the newest last."""
        own = [replace(self._service_role, uin=uin)] if self._world.functions.opened else []
        return own + [role for role in self._world.roles if role.uin == uin]

    def role(self, uin: str, fits: Callable[[Role], bool]) -> Role | None:
        return next((role for role in self.roles(uin) if fits(role)), None)

    def seen_by_services(self, uin: str, name: str) -> Role | None:
        """A role for another service, which finds it only some time after CreateRole."""
        role = self.role(uin, lambda it: it.name == name)
        late = role is not None and role.visible_from > self._world.clock.monotonic()
        return None if late else role

    def policies(self, uin: str) -> list[CamPolicy]:
        """The policies that an account sees."""
        return [each for each in self._policies.values() if each.uin in (None, uin)]

    def policy(self, uin: str, fits: Callable[[CamPolicy], bool]) -> CamPolicy | None:
        return next((each for each in self.policies(uin) if fits(each)), None)

    def carriers(self, policy: CamPolicy) -> list[Role]:
        return [role for role in self._world.roles if policy.id in (role.attached or ())]

    def document_of(self, arn: str) -> Mapping[str, Any] | None:
        """The present rights of the role with that ARN; None: all rights."""
        role = next((role for role in self._world.roles if role.arn == arn), None)
        if role is None:
            return NOTHING
        if role.attached is None:
            return role.policy
        documents = [self._policies[id_].document for id_ in role.attached]
        return {
            "version": "2.0",
            "statement": [it for each in documents for it in statements(each)],
        }

    # Changing

    def add_role(self, role: Role) -> Role:
        now = self.now()
        visible = self._world.clock.monotonic() + self.role_visible_after
        id_ = str(next(self._role_ids))
        made = replace(role, id=id_, attached=(), added=now, updated=now, visible_from=visible)
        self._world.roles.append(made)
        return made

    def change_role(self, role: Role, **facts: Any) -> None:
        place = self._world.roles.index(role)
        self._world.roles[place] = replace(role, updated=self.now(), **facts)

    def remove_role(self, role: Role) -> None:
        self._world.roles.remove(role)

    def add_policy(
        self,
        uin: str,
        name: str,
        document: Mapping[str, Any],
        *,
        description: str = "",
        tags: tuple[tuple[str, str], ...] = (),
    ) -> CamPolicy:
        now = self.now()
        policy = CamPolicy(next(self._ids), name, document, uin, description, tags, now, now)
        self._policies[policy.id] = policy
        return policy

    def change_policy(self, policy: CamPolicy, **facts: Any) -> None:
        self._policies[policy.id] = replace(policy, updated=self.now(), **facts)

    def remove_policy(self, policy: CamPolicy) -> None:
        """Delete a policy, and detach it from all roles."""
        for role in self.carriers(policy):
            left = tuple(id_ for id_ in role.attached or () if id_ != policy.id)
            self.change_role(role, attached=left)
        del self._policies[policy.id]

    def now(self) -> str:
        """The world's time as the services write it: China's, without a zone."""
        return china_time(self._world)


def china_time(world: World) -> str:
    return f"{world.clock.now() + CHINA:%Y-%m-%d %H:%M:%S}"
