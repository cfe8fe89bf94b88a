"""A local Tencent Cloud for the demo, tests and benchmarks. Never deployed."""

from __future__ import annotations

from lightsout.simulator.access.accounts import CloudAccount
from lightsout.simulator.access.roles import Role
from lightsout.simulator.base.clock import ManualClock
from lightsout.simulator.base.faults import Fault
from lightsout.simulator.base.journal import JournalEntry
from lightsout.simulator.fleet import demo_fleet, uniform_fleet
from lightsout.simulator.functions.functions import Function, FunctionTrigger
from lightsout.simulator.http.server import Simulator
from lightsout.simulator.machines.instance import Operation, Refusal, SimInstance, TrafficPackage
from lightsout.simulator.machines.machine_kinds import KINDS
from lightsout.simulator.scaling.groups import Group
from lightsout.simulator.world import GB, World

__all__ = [
    "GB",
    "KINDS",
    "CloudAccount",
    "Fault",
    "Function",
    "FunctionTrigger",
    "Group",
    "JournalEntry",
    "ManualClock",
    "Operation",
    "Refusal",
    "Role",
    "SimInstance",
    "Simulator",
    "TrafficPackage",
    "World",
    "demo_fleet",
    "uniform_fleet",
]
