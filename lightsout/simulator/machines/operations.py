"""Accepted operations: when they become visible, and how they end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lightsout.simulator.base.ids import new_request_id
from lightsout.simulator.machines.instance import Operation
from lightsout.simulator.machines.view import made_up_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsout.simulator.machines.instance import Move, SimInstance
    from lightsout.simulator.world import World


def begin(
    world: World,
    instance: SimInstance,
    move: Move,
    request_id: str,
    ended: Callable[[bool], object] = lambda _well: None,
) -> None:
    """Begin an operation. `ended` is called with True after success, with False after a failure.

    It fails, too, if another operation superseded it or the instance is gone. It may never end.
    """
    operation = Operation(move.action, "OPERATING", request_id, world.now())
    instance.accepted = operation
    if move.starts and instance.public_ip and instance.public_ip_released:
        instance.public_ip = made_up_address(f"{instance.id} {request_id}")  # the old one is gone
    ending = instance.endings.pop(0) if instance.endings else "success"
    during = move.before if ending == "never" else move.during
    world.after(world.visible_after, lambda: _show(instance, operation, operation, during))
    if ending in ("success", "failed"):
        seconds = instance.start_seconds if move.starts else instance.stop_seconds
        good = ending == "success"
        error = "" if good else instance.error_msg
        last = replace(operation, state="SUCCESS" if good else "FAILED", error=error)
        state = move.after if good else move.failed or move.before
        world.after(
            max(seconds, world.visible_after),
            lambda: ended(_show(instance, operation, last, state) and good),
        )


def end_later(world: World, instance: SimInstance, operation: Operation, seconds: float) -> None:
    """Let the operation succeed after `seconds`, without a change of state."""
    last = replace(operation, state="SUCCESS")
    world.at(seconds, lambda: _show(instance, operation, last, instance.current))


def stop_by_itself(world: World, notebook: SimInstance) -> None:
    """Stop the notebook, from now on, each time it has been running for its `auto_stop_hours`."""

    def came_into(state: str) -> None:
        hours = notebook.auto_stop_hours
        if state == notebook.site.kind.stop.before and hours is not None:
            run = notebook.latest
            world.at(hours * 3600, lambda: _stop_unless_over(world, notebook, run))

    notebook.watchers.append(came_into)
    came_into(notebook.current)


def _stop_unless_over(world: World, notebook: SimInstance, run: Operation) -> None:
    move = notebook.site.kind.stop
    if notebook.latest is run and notebook.accepted is None and notebook.current == move.before:
        begin(world, notebook, move, new_request_id(world.random))


def _show(instance: SimInstance, taken: Operation, shown: Operation, state: str) -> bool:
    if instance.accepted is not taken:
        return False  # superseded, or the instance is gone
    instance.latest = shown
    if shown.state != "OPERATING":
        instance.accepted = None
    instance.current = state
    return True
