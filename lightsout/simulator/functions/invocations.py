"""Run functions: at once, when a timer fires, and again after a failure.

Times are the world's. Nothing runs by itself: `tick` runs what is due.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.roles import appid_of
from lightsout.simulator.base.clock import ManualClock
from lightsout.simulator.base.cron import parse
from lightsout.simulator.base.ids import new_request_id
from lightsout.simulator.functions.sandbox import Sandbox, SandboxTask
from lightsout.simulator.functions.scf_lines import FunctionRun, write_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lightsout.simulator.functions.functions import Function, FunctionTrigger
    from lightsout.simulator.world import World

RETRY_SECONDS = 60
THROTTLED = 432
INIT_SECONDS = 65
# Variables that the platform sets, besides the keys
# (https://cloud.tencent.com/document/product/583/30228), and the one folder that can be written to.
PLATFORM = {
    "TENCENTCLOUD_RUNENV": "SCF",
    "TENCENTCLOUD_TZ": "UTC",
    "TZ": "UTC",
    "HOME": "/tmp",  # noqa: S108  as there
}


@dataclass(slots=True)
class Event:
    """An event for a function: since when it waits, and when it is due. `retry` counts from 0."""

    function: Function
    content: Any
    request_id: str
    born: datetime
    due: datetime
    retry: int = 0


@dataclass(slots=True)
class Host:
    """The simulator for functions: its address, and the variables with a role's key."""

    address: Callable[[], str]
    keys: Callable[[Function], Mapping[str, str]]
    variable: str  # its name for the address in a function's environment; "": none


@dataclass(slots=True)
class Invocations:
    """The waiting events, and all ended ones in `runs`. `host`: the running simulator."""

    world: World
    host: Host | None = None
    runs: list[FunctionRun] = field(default_factory=list)
    waiting: list[Event] = field(default_factory=list)
    sandbox: Sandbox = field(default_factory=Sandbox)

    def event(self, function: Function, content: Any, request_id: str) -> Event:
        now = self.world.clock.now()
        return Event(function, content, request_id, now, now)

    def queue(self, function: Function, content: Any, request_id: str) -> None:
        """Add an event for the next tick; it is tried again if it fails."""
        self.waiting.append(self.event(function, content, request_id))

    def fire(self, function: Function, timer: FunctionTrigger) -> None:
        """Let a timer fire now, whatever its times and its switch; it runs at the next tick."""
        now = self.world.clock.now()
        self.waiting.append(Event(function, _timer_event(timer, now), self._id(), now, now))

    def next_due(self) -> datetime | None:
        """The time at which the next event is due; None if there is none."""
        with self.world.lock:
            moments = [each.due for each in self.waiting]
            for function, timer in self._timers():
                moment = parse(timer.cron).after(self._since(timer))
                if moment is not None and function.status != "Deleting":
                    moments.append(moment)
            return min(moments, default=None)

    def tick(self) -> list[FunctionRun]:
        """Run all that is due now, the earliest first. A failed event may wait for another try."""
        with self.world.lock:
            self.world.settle()
            self._fire_timers()
            now = self.world.clock.now()
            due = sorted((it for it in self.waiting if it.due <= now), key=lambda it: it.due)
            self.waiting = [it for it in self.waiting if it.due > now]
        return [run for event in due if (run := self._tried(event)) is not None]

    def play(self, until: datetime) -> list[FunctionRun]:
        """Move a manual clock to that time, and run each event at its own time."""
        clock = self.world.clock
        assert isinstance(clock, ManualClock)  # noqa: S101  another clock moves by itself
        runs = []
        while (moment := self.next_due()) is not None and moment <= until:
            clock.advance(max(0.0, (moment - clock.now()).total_seconds()))
            runs += self.tick()
        clock.advance(max(0.0, (until - clock.now()).total_seconds()))
        return runs

    def run(self, event: Event) -> FunctionRun:
        """Run an event now, whatever its earlier tries. Call it without the world's lock."""
        function, clock = event.function, self.world.clock
        started, before = clock.now(), clock.monotonic()
        if function.reserved == 0:
            run = _throttled(event, started)
        else:
            run = self.sandbox.run(self._task(event), clock.now, started)
            passed = clock.monotonic() - before if isinstance(clock, ManualClock) else 0.0
            if passed > function.timeout:  # by the world's clock, it slept longer
                run.time_out(function.timeout)
            run.seconds = max(run.seconds, passed)
        run.retry = event.retry
        with self.world.lock:
            self.runs.append(run)
            write_run(self.world.logs, function, run)
        return run

    def _tried(self, event: Event) -> FunctionRun | None:
        """Run an asynchronous event, unless its function cannot run any more."""
        function, now = event.function, self.world.clock.now()
        gone = not any(each is function for each in self.world.functions)
        age = (now - event.born).total_seconds()
        if gone or function.code is None or age > function.message_ttl:
            return None
        run = self.run(event)
        throttled = run.status == THROTTLED
        if run.error is not None and (throttled or event.retry < function.retry_num):
            event.retry += not throttled
            event.due = self.world.clock.now() + timedelta(seconds=RETRY_SECONDS)
            self.waiting.append(event)
        return run

    def _timers(self) -> list[tuple[Function, FunctionTrigger]]:
        """The timers that fire; those of a function in arrears do not."""
        return [
            (function, timer)
            for function in self.world.functions
            if function.available == "Available" and function.status != "CreateFailed"
            for timer in function.timers()
            if timer.enabled
        ]

    def _since(self, timer: FunctionTrigger) -> datetime:
        if timer.since is None:
            timer.since = self.world.clock.now()
        return timer.since

    def _fire_timers(self) -> None:
        now = self.world.clock.now()
        for function, timer in self._timers():
            cron = parse(timer.cron)
            while (moment := cron.after(self._since(timer))) is not None and moment <= now:
                timer.since = moment
                content = _timer_event(timer, moment)
                self.waiting.append(Event(function, content, self._id(), moment, moment))

    def _id(self) -> str:
        return new_request_id(self.world.random)

    def _task(self, event: Event) -> SandboxTask:
        function, clock = event.function, self.world.clock
        ahead = (clock.now() - datetime.now(timezone.utc)).total_seconds()
        manual = isinstance(clock, ManualClock)
        own = {**function.environment, "SCF_NAMESPACE": function.namespace}
        variables = {**PLATFORM, "TENCENTCLOUD_REGION": function.region, **own}
        address = None
        if self.host is not None:
            variables |= self.host.keys(function)
            address = self.host.address() if manual else None
            if self.host.variable:
                variables[self.host.variable] = self.host.address()
        return SandboxTask(
            code=function.code or b"",
            handler=function.handler,
            event=event.content,
            context=_context(function, event.request_id, own),
            variables=variables,
            seconds=function.timeout,
            starting=function.settings.get("InitTimeout", INIT_SECONDS),
            ahead=ahead if manual or abs(ahead) > 1 else 0.0,
            address=address,
        )


def _timer_event(timer: FunctionTrigger, moment: datetime) -> dict[str, str]:
    return {
        "Type": "Timer",
        "TriggerName": timer.name,
        "Time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Message": timer.argument,
    }


def _context(function: Function, request_id: str, own: Mapping[str, str]) -> dict[str, Any]:
    return {
        "memory_limit_in_mb": function.memory,
        "time_limit_in_ms": function.timeout * 1000,
        "request_id": request_id,
        "environment": json.dumps(own, ensure_ascii=False),
        "environ": ";".join(f"{key}={value}" for key, value in own.items()),
        "function_version": "$LATEST",
        "function_name": function.name,
        "namespace": function.namespace,
        "tencentcloud_region": function.region,
        "tencentcloud_appid": appid_of(function.account),
        "tencentcloud_uin": function.account,
    }


def _throttled(event: Event, started: datetime) -> FunctionRun:
    run = FunctionRun(event.request_id, started, 0.0)
    run.fail("ResourceLimitReached", THROTTLED)
    return run
