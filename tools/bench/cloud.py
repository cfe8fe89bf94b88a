"""The cloud of a benchmark, in a process of its own: serves a fleet until its stdin ends.

    python -m tools.bench.cloud MACHINES REGIONS [ACCOUNTS [FASTEST SLOWEST]]

The machines are spread evenly. The function may assume a role in each account after the first.
FASTEST and SLOWEST are the seconds that a machine takes to stop.
Its first line is its URL; its last, a JSON object, tells what was asked of it and what it holds.
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from datetime import timedelta
from random import Random

from lightsout.simulator import JournalEntry, Role, Simulator, World
from lightsout.simulator.access.roles import OWN_UIN
from lightsout.simulator.base.clock import RealClock
from lightsout.simulator.base.regions import REGIONS
from lightsout.simulator.compute.lighthouse import DIALECT
from lightsout.simulator.machines.view import renderer

LATENCY, JITTER = 0.05, 0.02  # seconds before each answer, and up to so many more
FASTEST, SLOWEST = 2.0, 4.0
TRUST = {
    "version": "2.0",
    "statement": [
        {
            "effect": "allow",
            "action": ["name/sts:AssumeRole"],
            "principal": {"qcs": [f"qcs::cam::uin/{OWN_UIN}:root"]},
        }
    ],
}
OWNERS = ("li.wei", "zhang.min", "wang.fang", "chen.jie", "alice", "bob", "刘洋")
TEAMS = ("growth", "payments", "data", "infra", "教学")


def main(
    machines: int,
    regions: int,
    accounts: int = 1,
    fastest: float = FASTEST,
    slowest: float = SLOWEST,
) -> None:
    world = World(RealClock())
    uins = [uin_of(number) for number in range(accounts)]
    names = sorted(REGIONS)[:regions] if regions > 1 else ["ap-guangzhou"]
    places = [(uin, region) for uin in uins for region in names]
    fill(world, machines, places, (fastest, slowest))
    world.roles += [Role(uin, "lightsout", TRUST) for uin in uins[1:]]
    with Simulator(world, latency=LATENCY, jitter=JITTER, random=Random(0)) as simulator:
        print(simulator.url, flush=True)
        sys.stdin.read()
        print(json.dumps(told(simulator)), flush=True)


def uin_of(number: int) -> str:
    """The IDs of the accounts, the function's own first."""
    return str(int(OWN_UIN) + number)


def fill(
    world: World, machines: int, places: list[tuple[str, str]], stop: tuple[float, float]
) -> None:
    """Machines that differ as those of people do, shown as JSON once already."""
    random = Random(0)
    render = renderer(DIALECT)
    for number in range(machines):
        uin, region = places[number % len(places)]
        owner, team = random.choice(OWNERS), random.choice(TEAMS)
        machine = world.add(
            name=f"machine-{number:05d}",
            account=uin,
            region=region,
            tags={"env": "dev", "owner": owner, "team": team},
            created=world.clock.now() - timedelta(seconds=random.randrange(700 * 86_400)),
            stop_seconds=random.uniform(*stop),
        )
        render(machine)


def told(simulator: Simulator) -> dict[str, object]:
    """The calls by what they are for, those that were throttled, and the state of the machines.

    `stops`: how many machines were asked to stop so often, by calls that were accepted.
    """
    calls = simulator.calls()
    accepted = [call for call in calls if call.action == "StopInstances" and call.applied]
    stops = Counter(id_ for call in accepted for id_ in call.params["InstanceIds"])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "calls": Counter(map(purpose, calls)),
        "throttled": sum(call.code == "RequestLimitExceeded" for call in calls),
        "states": Counter(instance.state for instance in simulator.world.instances()),
        "stops": Counter(stops.values()),
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


def purpose(call: JournalEntry) -> str:
    looks = call.action == "DescribeInstances" and "InstanceIds" in call.params
    return "verification" if looks else call.action


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *map(float, sys.argv[4:]))
