"""The temporary keys that SCF gives a function: keys of its role, with the rights of the role."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lightsout.simulator.access.accounts import CloudAccount
from lightsout.simulator.base.ids import new_request_id

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableSequence

    from lightsout.simulator.functions.functions import Function
    from lightsout.simulator.world import World

SERVICE = "scf.qcloud.com"
HOURS = 12  # that a key is valid
RENEWED = timedelta(hours=6)  # a key that expires sooner is replaced


class FunctionKeys:
    """Makes a key for each role when it is first needed, and adds it to `keys`."""

    def __init__(self, world: World, keys: MutableSequence[CloudAccount]) -> None:
        self._world = world
        self._keys = keys
        self._made: dict[str, CloudAccount] = {}

    def of(self, function: Function) -> Mapping[str, str]:
        """The variables with the role's key; none without a role, or if it does not trust SCF."""
        roles = self._world.cam.roles(function.account)
        role = next((it for it in roles if it.name == function.role), None)
        if role is None or not role.trusts_service(SERVICE):
            return {}
        key = self._made.get(role.arn)
        now = self._world.clock.now()
        if key is None or key not in self._keys or (key.expires or now) < now + RENEWED:
            key = self._made[role.arn] = self._new(role.arn, function.account)
        return {
            "TENCENTCLOUD_SECRETID": key.secret_id,
            "TENCENTCLOUD_SECRETKEY": key.secret_key,
            "TENCENTCLOUD_SESSIONTOKEN": key.token or "",
        }

    def _new(self, arn: str, uin: str) -> CloudAccount:
        id_ = new_request_id(self._world.random)
        key = CloudAccount(
            uin=uin,
            secret_id=f"AKIDtemporary{id_}",
            secret_key=f"temporary-key-{id_}",
            token=f"temporary-token-{id_}",
            expires=self._world.clock.now() + timedelta(hours=HOURS),
            role=arn,
        )
        self._keys.append(key)
        return key
