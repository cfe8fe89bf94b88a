"""The cloud of a benchmark, in a process of its own: serves a fleet until its stdin ends.

    python tools/bench_cloud.py MACHINES REGIONS [FASTEST SLOWEST]

FASTEST and SLOWEST are the seconds that a machine takes to stop.
Its first line is its URL; its last, a JSON object, tells what was asked of it and what it holds.
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lightsout.clock import SystemClock  # noqa: E402  found by the line above
from simulator import Call, Simulator, World  # noqa: E402  as above
from simulator.lighthouse import DIALECT  # noqa: E402  as above
from simulator.regions import REGIONS  # noqa: E402  as above
from simulator.view import renderer  # noqa: E402  as above

LATENCY, JITTER = 0.05, 0.02  # seconds before each answer, and up to so many more
FASTEST, SLOWEST = 2.0, 4.0
OWNERS = ("li.wei", "zhang.min", "wang.fang", "chen.jie", "alice", "bob", "刘洋")
TEAMS = ("growth", "payments", "data", "infra", "教学")


def main(machines: int, regions: int, fastest: float = FASTEST, slowest: float = SLOWEST) -> None:
    world = World(SystemClock())
    names = sorted(REGIONS)[:regions] if regions > 1 else ["ap-guangzhou"]
    fill(world, machines, names, (fastest, slowest))
    with Simulator(world, latency=LATENCY, jitter=JITTER, random=Random(0)) as simulator:
        print(simulator.url, flush=True)
        sys.stdin.read()
        print(json.dumps(told(simulator)), flush=True)


def fill(world: World, machines: int, regions: list[str], stop: tuple[float, float]) -> None:
    """Machines that differ as those of people do, shown as JSON once already."""
    random = Random(0)
    render = renderer(DIALECT)
    for number in range(machines):
        owner, team = random.choice(OWNERS), random.choice(TEAMS)
        machine = world.add(
            name=f"machine-{number:05d}",
            region=regions[number % len(regions)],
            tags={"env": "dev", "owner": owner, "team": team},
            created=world.clock.now() - timedelta(seconds=random.randrange(700 * 86_400)),
            stop_seconds=random.uniform(*stop),
        )
        render(machine)


def told(simulator: Simulator) -> dict[str, object]:
    """The calls by what they are for, those that were throttled, and the state of the machines."""
    calls = simulator.calls()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "calls": Counter(map(purpose, calls)),
        "throttled": sum(call.code == "RequestLimitExceeded" for call in calls),
        "states": Counter(instance.state for instance in simulator.world.instances()),
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


def purpose(call: Call) -> str:
    looks = call.action == "DescribeInstances" and "InstanceIds" in call.params
    return "verification" if looks else call.action


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:]))
