"""Control a running simulator by paths below `/_simulator/`: for tests and for people."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.http.server import Simulator

    AdminReply = tuple[int, Any]  # a status, and a value for JSON


def add_fault(simulator: Simulator, body: bytes) -> AdminReply:
    """Plan a fault."""
    try:
        fault = simulator.faults.add(Fault(**json.loads(body)))
    except (TypeError, ValueError) as error:
        return HTTPStatus.BAD_REQUEST, {"error": str(error)}
    return HTTPStatus.OK, {"added": fault.kind}


def sleep(simulator: Simulator, body: bytes) -> AdminReply:
    """Move the world's clock forward, because a function sleeps."""
    clock = simulator.world.clock
    clock.sleep(float(json.loads(body)["until"]) - clock.now().timestamp())
    return HTTPStatus.OK, {}


def fire(simulator: Simulator, body: bytes) -> AdminReply:
    """Let a timer fire now, and run what is due; return the result of each run."""
    world, wanted = simulator.world, json.loads(body)
    found = [
        (function, timer)
        for function in world.functions
        for timer in function.timers()
        if (function.name, timer.name) == (wanted.get("function"), wanted.get("trigger"))
    ]
    for function, timer in found:
        world.invocations.fire(function, timer)
    runs = [
        {"request_id": it.request_id, "returned": it.returned, "error": it.error}
        for it in world.invocations.tick()
    ]
    return HTTPStatus.OK if found else HTTPStatus.NOT_FOUND, {"runs": runs}


def journal(simulator: Simulator) -> list[dict[str, Any]]:
    """Every call so far."""
    return [call.as_json() for call in simulator.journal.calls()]


POSTED: dict[str, Callable[[Simulator, bytes], AdminReply]] = {
    "/_simulator/clock": sleep,
    "/_simulator/faults": add_fault,
    "/_simulator/fire": fire,
}
