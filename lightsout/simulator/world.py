"""The machines, their changes in time, and the rights to them. Knows nothing of HTTP."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.policies import Cam
from lightsout.simulator.access.rights import Denial
from lightsout.simulator.access.roles import OWN_UIN
from lightsout.simulator.base.ids import new_id, new_request_id
from lightsout.simulator.base.regions import REGIONS
from lightsout.simulator.functions.functions import Functions
from lightsout.simulator.functions.invocations import Invocations
from lightsout.simulator.logs.logs import Logs
from lightsout.simulator.machines.instance import Operation, SimInstance, TrafficPackage
from lightsout.simulator.machines.machine_kinds import KINDS
from lightsout.simulator.machines.operations import end_later, stop_by_itself
from lightsout.simulator.machines.site import SimSite
from lightsout.simulator.machines.view import made_up_address
from lightsout.simulator.scaling.groups import Group
from lightsout.simulator.schedule import Schedule
from lightsout.simulator.state_history import StateHistory
from lightsout.simulator.tags.tagged import Tagging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from lightsout.simulator.access.roles import Role
    from lightsout.simulator.base.clock import SimClock
    from lightsout.simulator.machines.instance import Refusal

GB = 1024**3


class World:
    """All accounts' instances. One lock guards them; changes in time are carried out at each look.

    `unknown_ids`: what a listing by IDs does with one that does not exist: "error" or "omit"; not
    given, "error" in Lighthouse, as its error list says, and "omit" in CVM. `visible_after`:
    seconds in which an accepted operation is not visible yet (eventual consistency).
    `mixed_stop_charging`: the result of STOP_CHARGING for an instance of CVM that cannot have it:
    "charged" (it is stopped at full charge) or "refused" (the whole batch).
    """

    def __init__(
        self,
        clock: SimClock,
        *,
        regions: Iterable[str] = tuple(REGIONS),
        unknown_ids: str | None = None,
        mixed_stop_charging: str = "charged",
        visible_after: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.regions = tuple(regions)
        self.unknown_ids = unknown_ids
        self.mixed_stop_charging = mixed_stop_charging
        self.visible_after = visible_after
        self.denials: list[Denial] = []
        self.roles: list[Role] = []  # for other accounts and for functions
        self.cam = Cam(self)
        self.functions = Functions(self)
        self.logs = Logs(self)
        self.invocations = Invocations(self)
        self.objects: dict[tuple[str, str], dict[str, bytes]] = {}  # of COS, by bucket and region
        self.prices: dict[str, float] = {}  # CNY an hour by instance type, where not the usual one
        self.lock = threading.RLock()
        self.random = Random(seed)
        self._serials = itertools.count()
        self._sites: dict[tuple[str, str, str], SimSite] = {}
        self._by_id: dict[str, SimInstance] = {}
        self.groups: dict[str, Group] = {}  # of auto-scaling, by ID
        self.tagging = Tagging()
        self._busy_until_seen: dict[str, float] = {}
        self.state_history = StateHistory(clock)
        self._schedule = Schedule(clock, self.state_history)

    # Contents

    def add(
        self,
        instance_id: str | None = None,
        *,
        service: str = "lighthouse",
        region: str = "ap-guangzhou",
        state: str = "RUNNING",
        tags: Mapping[str, str] = MappingProxyType({}),
        name: str | None = None,
        account: str = OWN_UIN,
        zone: str | None = None,
        created: datetime | None = None,
        bundle: str = "bundle_starter_mc_med2_01",
        operation: Operation | None = None,
        stop_seconds: float = 2.0,
        start_seconds: float = 2.0,
        packages: Iterable[TrafficPackage] | None = None,
        refusals: Iterable[Refusal] = (),
        endings: Iterable[str] = (),
        error_msg: str = "The operation failed.",
        public_ip: bool | str = True,
        eip: str | None = None,
        charge_type: str = "POSTPAID_BY_HOUR",
        local_disk: bool = False,
        gpu: bool = False,
        stopped_mode: str = "KEEP_CHARGING",
        workspace: str = "0",
        auto_stop_hours: int | None = None,
    ) -> SimInstance:
        """Add an instance, with defaults. `public_ip`: True for any address, or a given one.

        `service`: lighthouse, cvm, hai, or tione for a notebook. `state`: the service's own word;
        RUNNING, STOPPING, STOPPED and STARTING are understood for all services.
        Raises ValueError for an unknown region, for an ID that is taken or of another service's
        form, and for tags where the service has none.
        """
        with self.lock:
            kind = KINDS[service]
            if region not in self.regions:
                raise ValueError(f"no region {region}")
            instance_id = kind.free_id(instance_id, self._by_id, self.random)
            created = created or self.clock.now() - timedelta(days=90)
            if tags and not kind.has_tags:
                raise ValueError(f"machines of {service} have no tags")
            instance = SimInstance(
                site=self.site(account, region, service),
                id=instance_id,
                name=instance_id if name is None else name,
                region=region,
                account=account,
                zone=zone or f"{region}-3",
                tags=tags,
                created=created,
                bundle=bundle,
                current=kind.own_word(state),
                latest=operation
                or Operation(*kind.usual_operation(state), new_request_id(self.random), created),
                stop_seconds=stop_seconds,
                start_seconds=start_seconds,
                packages=self._usual_packages(service) if packages is None else list(packages),
                refusals=list(refusals),
                endings=list(endings),
                error_msg=error_msg,
                public_ip=made_up_address(instance_id) if public_ip is True else public_ip or None,
                eip=eip,
                charge_type=charge_type,
                local_disk=local_disk,
                gpu=gpu,
                stopped_mode=stopped_mode,
                serial=next(self._serials),
                workspace=workspace,
                auto_stop_hours=auto_stop_hours,
            )
            self._by_id[instance_id] = instance
            instance.site.add(instance)
            if service == "tione":
                stop_by_itself(self, instance)
            return instance

    def add_group(
        self,
        group_id: str | None = None,
        members: Iterable[SimInstance] = (),
        *,
        region: str = "ap-guangzhou",
        account: str = OWN_UIN,
        min_size: int = 0,
        max_size: int = 100,
        **facts: Any,
    ) -> Group:
        """Add an auto-scaling group of existing CVM instances; `facts` as for Group.

        Raises ValueError for an ID that is taken or of another form, and for a member of another
        service, region, account or group.
        """
        with self.lock:
            group_id = group_id or new_id(self.random, "asg-", self.groups)
            if not group_id.startswith("asg-") or group_id in self.groups:
                raise ValueError(f"{group_id} is no ID of a group, or is there already")
            group = Group(self, group_id, region, account, min_size, max_size, **facts)
            for each in members:
                group.join(each, attached=False)
            group.desired = facts.get("desired", group.serving())
            self.groups[group_id] = group
            return group

    def instance(self, instance_id: str) -> SimInstance:
        """The instance of that ID. Raises KeyError where there is none (any more)."""
        with self.lock:
            self.settle()
            return self._by_id[instance_id]

    def instances(self, region: str | None = None, service: str | None = None) -> list[SimInstance]:
        """The instances of all accounts, of a region and a service, as far as given."""
        with self.lock:
            self.settle()
            return [
                i
                for i in self._by_id.values()
                if region in (None, i.region) and service in (None, i.site.service)
            ]

    def site(self, account: str, region: str, service: str) -> SimSite:
        """The site of an account, region and service; made at the first call."""
        key = (account, region, service)
        if key not in self._sites:
            self._sites[key] = SimSite(self, service)
        return self._sites[key]

    def terminate(self, instance_id: str) -> None:
        """Remove an instance at once. Raises KeyError where there is none."""
        with self.lock:
            instance = self._by_id.pop(instance_id)
            instance.accepted = None
            instance.site.remove(instance)

    def package(self, *, used: int, total: int) -> TrafficPackage:
        """A traffic package (in bytes) for an instance; a third of its month is over."""
        start = self.clock.now() - timedelta(days=10)
        end = start + timedelta(days=30)
        return TrafficPackage(new_id(self.random, "lhtfp-"), used, total, start, end, end)

    def renew_packages(self, instance_id: str) -> None:
        """Renew the traffic packages of an instance now. Raises KeyError where there is none."""
        instance, now = self.instance(instance_id), self.clock.now()
        instance.packages = [each.renewed(now) for each in instance.packages]

    def history(self, instance_id: str) -> list[tuple[datetime, str]]:
        """Every state of the instance, with the time at which it began."""
        with self.lock:
            self.settle()
            return self.state_history.of(instance_id)

    # Rights

    def deny(
        self,
        action: str,
        *,
        region: str = "*",
        service: str = "*",
        ids: Iterable[str] | None = None,
        names_resource: bool = True,
    ) -> Denial:
        """Take the right to an action away, for all instances or some.

        `names_resource`: the message names the instance. To give the right back, remove it from
        `denials`.
        """
        which = None if ids is None else frozenset(ids)
        denial = Denial(action, region, service, which, names_resource)
        self.denials.append(denial)
        return denial

    # Changes in time

    def at(self, seconds: float, event: Callable[[], object]) -> None:
        """Call `event` when the world's clock is `seconds` later."""
        with self.lock:
            self._schedule.add(seconds, event)

    def now(self) -> datetime:
        """Now; while an event is carried out late, the time at which it was due."""
        return self.clock.now() - timedelta(seconds=self.state_history.late)

    def settle(self) -> None:
        """Carry out all events that are due."""
        with self.lock:
            self._schedule.settle()

    def make_busy(self, instance_id: str, action: str, seconds: float) -> None:
        """Begin an operation that ends `seconds` after the first look at the instance."""
        instance = self.instance(instance_id)
        operation = Operation(action, "OPERATING", new_request_id(self.random), self.now())
        instance.operation = instance.accepted = operation
        self._busy_until_seen[instance_id] = seconds

    def seen(self, instances: Iterable[SimInstance]) -> None:
        """Note that somebody looks at these instances, or calls an operation on them."""
        if not self._busy_until_seen:
            return
        for instance in instances:
            seconds = self._busy_until_seen.pop(instance.id, None)
            if seconds is not None and (operation := instance.accepted):
                end_later(self, instance, operation, seconds)

    def after(self, seconds: float, event: Callable[[], object]) -> None:
        """As `at`; for 0 seconds, call it now."""
        if seconds <= 0:
            event()
        else:
            self.at(seconds, event)

    def _usual_packages(self, service: str) -> list[TrafficPackage]:
        return [self.package(used=50 * GB, total=500 * GB)] if service == "lighthouse" else []
