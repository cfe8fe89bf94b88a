"""A local Tencent Cloud for the demo, tests and benchmarks. Never deployed."""

from __future__ import annotations

from simulator.accounts import Account
from simulator.clock import ManualClock
from simulator.faults import Fault
from simulator.fleet import demo_fleet, uniform_fleet
from simulator.functions import Function, Trigger
from simulator.groups import Group
from simulator.instance import Instance, Operation, Refusal, TrafficPackage
from simulator.journal import Call
from simulator.kinds import KINDS
from simulator.roles import Role
from simulator.server import Simulator
from simulator.world import GB, World

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
