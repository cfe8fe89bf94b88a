"""A local Tencent Cloud for the demo, tests and benchmarks. Never deployed."""

from __future__ import annotations

from lightsout.simulator.accounts import Account
from lightsout.simulator.clock import ManualClock
from lightsout.simulator.faults import Fault
from lightsout.simulator.fleet import demo_fleet, uniform_fleet
from lightsout.simulator.functions import Function, Trigger
from lightsout.simulator.groups import Group
from lightsout.simulator.instance import Operation, Refusal, SimInstance, TrafficPackage
from lightsout.simulator.journal import JournalEntry
from lightsout.simulator.machine_kinds import KINDS
from lightsout.simulator.roles import Role
from lightsout.simulator.server import Simulator
from lightsout.simulator.world import GB, World

__all__ = [
    "GB",
    "KINDS",
    "Account",
    "Fault",
    "Function",
    "Group",
    "JournalEntry",
    "ManualClock",
    "Operation",
    "Refusal",
    "Role",
    "SimInstance",
    "Simulator",
    "TrafficPackage",
    "Trigger",
    "World",
    "demo_fleet",
    "uniform_fleet",
]
