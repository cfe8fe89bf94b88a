"""The functions of SCF, their triggers, and their changes of state in time.

The states are those of https://cloud.tencent.com/document/api/583/115197.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.roles import OWN_UIN, WHEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lightsout.simulator.machines.instance import Refusal
    from lightsout.simulator.world import World

READY = ("Active", "UpdateFailed", "PublishFailed")
MOVING = ("Creating", "Updating", "Publishing", "Deleting")
DEFAULT, LATEST = "$DEFAULT", "$LATEST"
TOTAL_CONCURRENCY = 128_000  # MB, of an account in a region


@dataclass(slots=True)
class FunctionTrigger:
    """A trigger of a function. `argument`: the Message of a timer's event.

    `desc`: its TriggerDesc as a listing shows it. `since`: a timer fires from then on; None: from
    the first look at it.
    """

    name: str = "lightsout-quarter-hourly"
    kind: str = "timer"
    enabled: bool = True
    argument: str = "{}"
    desc: str = '{"cron":"0 7/15 * * * * *"}'
    qualifier: str = DEFAULT
    description: str = ""
    added: str = WHEN
    modified: str = WHEN
    since: datetime | None = None

    @property
    def cron(self) -> str:
        """The seven fields of a timer."""
        text: str = json.loads(self.desc)["cron"]
        return text


@dataclass(slots=True)
class Function:
    """A function; the defaults are as in serverless.yml. Without `code` it cannot run."""

    name: str = "lightsout"
    region: str = "ap-guangzhou"
    namespace: str = "default"
    timeout: int = 900
    memory: int = 64
    environment: dict[str, str] = field(default_factory=dict)
    triggers: list[FunctionTrigger] = field(default_factory=lambda: [FunctionTrigger()])
    logset: str = "logset-1"
    topic: str = "topic-1"
    status: str = "Active"
    available: str = "Available"
    account: str = OWN_UIN
    runtime: str = "Python3.10"
    handler: str = "handler.main_handler"
    kind: str = "Event"
    role: str = "lightsout"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    code: bytes | None = field(default=None, repr=False)
    reasons: list[tuple[str, str]] = field(default_factory=list)  # for a failed status
    settings: dict[str, Any] = field(default_factory=dict)  # the rest, as GetFunction shows it
    retry_num: int = 2  # of events that nobody waits for
    message_ttl: int = 21_600
    reserved: int | None = None  # MB of concurrency
    reserving: bool = False  # a change of it is under way
    refusals: list[Refusal] = field(default_factory=list)  # of the Tag service
    id: str = "lam-00000001"
    added: str = WHEN
    modified: str = WHEN

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.code or b"").hexdigest()

    def timers(self) -> list[FunctionTrigger]:
        return [each for each in self.triggers if each.kind == "timer"]

    def trigger(self, kind: str, name: str, qualifier: str) -> FunctionTrigger | None:
        wanted = (kind, name, qualifier)
        found = (it for it in self.triggers if (it.kind, it.name, it.qualifier) == wanted)
        return next(found, None)


@dataclass(slots=True)
class Failure:
    """The failure of the next change: CreateFailed, UpdateFailed or DeleteFailed."""

    status: str
    code: str
    message: str


class Functions(list[Function]):
    """All accounts' functions.

    `opened`: the role SCF_QcsRole exists, which the console makes at the first visit of SCF.
    `create_seconds`, `update_seconds`, `delete_seconds`, `reserve_seconds`: of the world's clock.
    `failures`: see `fail`.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self.opened = True
        self.namespaces = {"default"}
        self.create_seconds = 2.0
        self.update_seconds = 2.0
        self.delete_seconds = 2.0
        self.reserve_seconds = 1.0
        self.failures: list[Failure] = []
        self._world = world

    def fail(
        self,
        status: str,
        code: str = "InternalError.System",
        message: str = "The operation failed.",
    ) -> None:
        """Let the next creation, update or deletion fail: CreateFailed, UpdateFailed, DeleteFailed.

        After a failed update the function is as before; after a failed deletion it stays.
        """
        self.failures.append(Failure(status, code, message))

    def find(self, account: str, region: str, namespace: str, name: str) -> Function | None:
        wanted = (account, region, namespace, name)
        found = (it for it in self if (it.account, it.region, it.namespace, it.name) == wanted)
        return next(found, None)

    def create(self, function: Function) -> None:
        """Add a function. It is there at once, and Active later."""
        self.append(function)
        self._move(function, "Creating", self.create_seconds, _nothing, "CreateFailed")

    def update(self, function: Function, changes: Mapping[str, Any], modified: str) -> None:
        """Change a function. It has the attributes `changes` when it is Active again."""

        def apply() -> None:
            for name, value in changes.items():
                setattr(function, name, value)
            function.modified = modified

        self._move(function, "Updating", self.update_seconds, apply, "UpdateFailed")

    def delete(self, function: Function) -> None:
        """Delete a function: it is Deleting, then gone."""
        self._move(
            function, "Deleting", self.delete_seconds, lambda: self._drop(function), "DeleteFailed"
        )

    def reserve(self, function: Function, memory: int | None) -> None:
        """Reserve concurrency for a function; None: no longer."""

        def apply() -> None:
            function.reserved, function.reserving = memory, False

        function.reserving = True
        self._world.at(self.reserve_seconds, apply)

    def _move(
        self,
        function: Function,
        during: str,
        seconds: float,
        apply: Callable[[], None],
        failed: str,
    ) -> None:
        failure = next((each for each in self.failures if each.status == failed), None)
        if failure is not None:
            self.failures.remove(failure)

        def end() -> None:
            if failure is None:
                apply()
            function.status = failed if failure else "Active"
            function.reasons = [(failure.code, failure.message)] if failure else []

        function.status = during
        self._world.at(seconds, end)

    def _drop(self, function: Function) -> None:
        # By identity: two functions may be equal in everything.
        self[:] = [each for each in self if each is not function]


def _nothing() -> None:
    pass
