"""Fleets to start with: a realistic one, and one of equal machines."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lightsout.simulator.machines.instance import SimInstance, TrafficPackage
from lightsout.simulator.world import GB, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEMO_REGIONS = {"ap-guangzhou": 0.6, "ap-shanghai": 0.4}  # region: share of the fleet
DEMO_SIZE = 250

NAMES = (
    "web", "api", "blog", "mysql", "redis", "nginx", "gitlab", "jenkins", "wiki", "crawler",
    "minecraft", "wordpress", "vpn-gw", "grafana", "demo", "tmp", "old-shop", "nextcloud",
    "官网", "测试机", "小程序后端", "数据库备份", "临时演示", "培训环境", "论坛",
)  # fmt: skip
OWNERS = ("li.wei", "zhang.min", "wang.fang", "chen.jie", "alice", "bob", "刘洋")
TEAMS = ("growth", "payments", "data", "infra", "教学")
ENVIRONMENTS = (("dev", 0.38), ("test", 0.24), ("prod", 0.22), ("", 0.16))  # "": not tagged
STATES = (("RUNNING", 0.83), ("STOPPED", 0.13), ("SHUTDOWN", 0.02), ("PENDING", 0.02))
CHARGE_TYPES = (("POSTPAID_BY_HOUR", 0.6), ("PREPAID", 0.3), ("SPOTPAID", 0.1))
AUTO_STOP = ("night", "weekend", "yes", "20:00", "")
KEPT = (
    ("keep-running", "true"),
    ("keep-running", "release on Friday"),
    ("keep-running", "false"),
    ("keep-until", "{future}"),
    ("keep-until", "{future}T22:00+08:00"),
    ("keep-until", "{past}"),
    ("keep-until", "next week"),
    ("role", "bastion"),
    ("tencentcloud:autoscaling:auto-scaling-group-id", "asg-2k7m1q0c"),
    ("tencentcloud:autoscaling:auto-scaling-group-id", "asg-2k7m1q0c"),
)


def uniform_fleet(
    world: World,
    n: int,
    regions: Iterable[str] = ("ap-guangzhou",),
    tags: Mapping[str, str] = MappingProxyType({}),
    **facts: Any,
) -> list[SimInstance]:
    """Add `n` running instances with the same tags, spread over the regions in turn.

    `facts` as World.add takes them, for example `service="cvm"`.
    """
    names = tuple(regions)
    return [
        world.add(region=names[i % len(names)], tags=tags, name=f"machine-{i:05d}", **facts)
        for i in range(n)
    ]


def demo_fleet(world: World, seed: int = 0) -> list[SimInstance]:
    """Add a realistic fleet in two regions, the same for the same seed and start of the clock.

    It has mixed environments, owners and states; machines with each form of a keep tag; members of
    an auto-scaling group; and one machine that is busy at the first look.
    """
    random = Random(seed)
    numbers = count(1)
    fleet = [
        _realistic(world, random, region, next(numbers))
        for region, share in DEMO_REGIONS.items()
        for _ in range(round(DEMO_SIZE * share))
    ]
    awake = [i for i in fleet if i.state == "RUNNING" and "auto-stop" in i.tags]
    chosen = random.sample(awake, len(KEPT) + 1)
    for instance, (key, value) in zip(chosen, KEPT, strict=False):
        instance.tags = {**instance.tags, key: _dated(world, value)}
    world.make_busy(chosen[-1].id, "ResetInstancesPassword", 3.0)
    return fleet


def demo_cvms(world: World, seed: int = 0) -> list[SimInstance]:
    """Add a dozen CVM instances of all charge types, some with local disk, GPU or elastic IP."""
    random = Random(seed)
    return [
        world.add(
            service="cvm",
            name=f"{random.choice(NAMES)}-cvm-{number:02d}",
            state=_pick(random, STATES),
            tags=_tags(random, _pick(random, ENVIRONMENTS)),
            created=world.clock.now() - timedelta(days=random.randint(3, 700)),
            stop_seconds=random.uniform(1.5, 3.0),
            charge_type=_pick(random, CHARGE_TYPES),
            local_disk=random.random() < 0.15,
            gpu=random.random() < 0.15,
            eip=f"198.51.100.{number}" if random.random() < 0.3 else None,
        )
        for number in range(1, 13)
    ]


def demo_others(world: World) -> list[SimInstance]:
    """Add four HAI machines, four notebooks, and a group of four CVM instances."""
    night = {"env": "dev", "auto-stop": "night"}
    members = [world.add(service="cvm", name=f"web-asg-{n}", tags=night) for n in range(1, 5)]
    world.add_group("asg-s1mu1a7e", members, min_size=2, max_size=4)
    owners = zip(("PREPAID", *["POSTPAID_BY_HOUR"] * 3), OWNERS, strict=False)
    others = [
        machine
        for charge_type, owner in owners
        for machine in (
            world.add(service="hai", name=f"lab-{owner}", charge_type=charge_type),
            world.add(service="tione", name=f"train-{owner}", charge_type=charge_type, tags=night),
        )
    ]
    return members + others


def _realistic(world: World, random: Random, region: str, number: int) -> SimInstance:
    environment = _pick(random, ENVIRONMENTS)
    age = timedelta(days=random.randint(3, 700), seconds=random.randint(0, 86_399))
    return world.add(
        region=region,
        zone=f"{region}-{random.choice((3, 4, 6))}",
        name=f"{random.choice(NAMES)}-{number:03d}",
        state=_pick(random, STATES),
        tags=_tags(random, environment),
        created=world.clock.now() - age,
        stop_seconds=random.uniform(1.5, 3.0),
        start_seconds=random.uniform(1.5, 3.0),
        packages=[_traffic(world, random, number)],
    )


def _tags(random: Random, environment: str) -> dict[str, str]:
    if not environment and random.random() < 0.6:
        return {}
    tags = {"env": environment} if environment else {}
    if environment in ("dev", "test") and random.random() < 0.75:
        tags["auto-stop"] = random.choice(AUTO_STOP)
    if random.random() < 0.7:
        tags["owner"] = random.choice(OWNERS)
    if random.random() < 0.5:
        tags["team"] = random.choice(TEAMS)
    return tags


def _traffic(world: World, random: Random, number: int) -> TrafficPackage:
    start = world.clock.now() - timedelta(days=random.randint(0, 29))
    end = start + timedelta(days=30)
    total = random.choice((200, 500, 1000)) * GB
    used = int(total * min(1.04, random.betavariate(1.2, 3.0) * 1.3))
    return TrafficPackage(f"lhtfp-{number:08x}", used, total, start, end, end)


def _dated(world: World, value: str) -> str:
    today = world.clock.now()
    future, past = today + timedelta(days=9), today - timedelta(days=20)
    return value.format(future=f"{future:%Y-%m-%d}", past=f"{past:%Y-%m-%d}")


def _pick(random: Random, shares: tuple[tuple[str, float], ...]) -> str:
    words, weights = zip(*shares, strict=True)
    chosen: str = random.choices(words, weights)[0]
    return chosen
