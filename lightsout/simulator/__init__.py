"""A local Tencent Cloud for the demo, tests and benchmarks. Never deployed."""

from __future__ import annotations

from lightsout.simulator.accounts import Account
from lightsout.simulator.clock import ManualClock
from lightsout.simulator.faults import Fault
from lightsout.simulator.fleet import demo_fleet, uniform_fleet
from lightsout.simulator.functions import Function, Trigger
from lightsout.simulator.groups import Group
from lightsout.simulator.instance import Instance, Operation, Refusal, TrafficPackage
from lightsout.simulator.journal import Call
from lightsout.simulator.kinds import KINDS
from lightsout.simulator.roles import Role
from lightsout.simulator.server import Simulator
from lightsout.simulator.world import GB, World

__all__ = [
    "GB",
    "KINDS",
    "Account",
    "Call",
    "Fault",
    "Function",
    "Group",
    "Instance",
    "ManualClock",
    "Operation",
    "Refusal",
    "Role",
    "Simulator",
    "TrafficPackage",
    "Trigger",
    "World",
    "demo_fleet",
    "uniform_fleet",
]
