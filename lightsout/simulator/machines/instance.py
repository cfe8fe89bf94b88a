"""An instance and what is planned for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lightsout.simulator.machines.site import SimSite

# Attributes that a listing shows or filters on: setting one makes what was computed from it stale.
_SHOWN = frozenset(
    {
        "name", "zone", "tags", "created", "bundle", "current", "latest", "public_ip", "eip",
        "charge_type", "local_disk", "gpu", "stopped_mode", "workspace", "auto_stop_hours",
        "charge_status",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """The latest operation on an instance: LatestOperation and the members beside it."""

    action: str
    state: str  # OPERATING, SUCCESS, FAILED
    request_id: str
    started: datetime
    error: str = ""  # why it FAILED, if the service says


@dataclass(frozen=True, slots=True)
class Move:
    """An operation that takes an instance from one state through another to a third.

    `failed`: the state after a failure; None: the state in which it began.
    """

    action: str
    before: str
    during: str
    after: str
    failed: str | None = None

    @property
    def starts(self) -> bool:
        """True if it starts machines, False if it stops them."""
        return self.action.startswith("Start")


@dataclass(slots=True)
class Refusal:
    """A planned refusal: a batch with the instance is rejected with this code.

    `action`: of which call. StopInstances and StartInstances stand for stopping and starting,
    whatever the service, or the group of the instance, calls it. `named`: the message holds the
    instance's ID. `times`: how often it happens (None: always). `visible`:
    DescribeInstancesDeniedActions shows it beforehand. `message`: if not the usual one.
    """

    code: str
    named: bool = True
    times: int | None = 1
    visible: bool = False
    message: str | None = None
    action: str = "StopInstances"

    def text(self, instance_id: str) -> str:
        """The message of the error answer."""
        if self.message is not None:
            return self.message
        which = f"instance `{instance_id}`" if self.named else "an instance of the request"
        return f"The operation on {which} was refused ({self.code.rpartition('.')[2]})."


@dataclass(frozen=True, slots=True)
class TrafficPackage:
    """A month's traffic of an instance; `used` and `total` in bytes, times aware.

    A `total` of 0 means without limit; that the service shows it so is a guess.
    """

    id: str
    used: int
    total: int
    start: datetime
    end: datetime
    deadline: datetime
    status: str = "NETWORK_NORMAL"

    def renewed(self, now: datetime) -> TrafficPackage:
        """The same, unused, from `now` on."""
        end = now + (self.end - self.start)
        return replace(self, used=0, start=now, end=end, deadline=end, status="NETWORK_NORMAL")


@dataclass(slots=True, eq=False)
class SimInstance:
    """A machine. Attributes may be set at any time; tags are replaced as a whole.

    `stop_seconds`, `start_seconds`: how long an accepted operation takes. `endings`: how the next
    accepted operations end, one each: "success", "failed", "stuck", "never"; success when empty.
    `error_msg`: the message of an operation that fails. Of Lighthouse only: `bundle`, `packages`;
    of CVM only: `local_disk`, `gpu`, `eip`, and `stopped_mode`, whether it was stopped to
    KEEP_CHARGING or STOP_CHARGING. `charge_type`: of all but Lighthouse; PREPAID also where the
    service has a longer word. Of notebooks only: `workspace`, "0" being the default one;
    `auto_stop_hours`, after which it stops by itself; `charge_status`, if not the usual one.
    `watchers` are called with each new state.
    """

    site: SimSite
    id: str
    name: str
    region: str
    account: str
    zone: str
    tags: Mapping[str, str]
    created: datetime
    bundle: str
    current: str  # the state as of the last look; read `state` instead
    latest: Operation  # likewise; read `operation` instead
    stop_seconds: float
    start_seconds: float
    packages: list[TrafficPackage]
    refusals: list[Refusal]
    endings: list[str]
    error_msg: str
    public_ip: str | None
    eip: str | None
    charge_type: str
    local_disk: bool
    gpu: bool
    stopped_mode: str
    serial: int
    workspace: str
    auto_stop_hours: int | None
    charge_status: str | None = None
    watchers: list[Callable[[str], None]] = field(default_factory=list, repr=False)
    accepted: Operation | None = None  # accepted and not finished, shown already or not
    rendered: bytes | None = field(default=None, repr=False)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "tags":
            value = MappingProxyType(dict(value))
        object.__setattr__(self, name, value)
        if name == "current":
            self.site.world.state_history.note(self.id, value)
        if name in _SHOWN:
            object.__setattr__(self, "rendered", None)
            self.site.version += 1
        if name == "current":
            for watcher in getattr(self, "watchers", ()):  # none yet while it is being made
                watcher(value)

    @property
    def state(self) -> str:
        """Its state in the word of its service, as a listing shows it now.

        RUNNING, STOPPING, STOPPED and STARTING may be set whatever the service calls them.
        """
        self.site.world.settle()
        return self.current

    @state.setter
    def state(self, value: str) -> None:
        self.current = self.site.kind.own_word(value)

    @property
    def public_ip_released(self) -> bool:
        """True if it is stopped at no charge: then its ordinary address is released."""
        return self.current == "STOPPED" and self.stopped_mode == "STOP_CHARGING"

    @property
    def operation(self) -> Operation:
        """The latest operation, as DescribeInstances shows it now."""
        self.site.world.settle()
        return self.latest

    @operation.setter
    def operation(self, value: Operation) -> None:
        # The operation under way is superseded: its end will not be shown.
        self.latest = value
        self.accepted = None
