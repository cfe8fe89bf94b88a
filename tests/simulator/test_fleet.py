from __future__ import annotations

from collections import Counter
from datetime import date

from lightsout.simulator import ManualClock, World, demo_fleet, uniform_fleet
from lightsout.simulator.fleet import demo_others


def fleet(seed=0):
    return demo_fleet(World(ManualClock()), seed)


def test_the_demo_fleet_is_lived_in():
    machines = fleet()
    assert Counter(i.region for i in machines) == {"ap-guangzhou": 150, "ap-shanghai": 100}
    assert {"dev", "test", "prod"} <= {i.tags.get("env") for i in machines}
    assert {"RUNNING", "STOPPED"} <= {i.state for i in machines}
    assert any(not i.tags for i in machines)
    assert any(not i.name.isascii() for i in machines)
    assert all(1.5 <= i.stop_seconds <= 3 for i in machines)
    assert len({i.tags.get("auto-stop") for i in machines}) > 3


def test_some_of_it_asks_to_be_kept_in_every_way_there_is():
    machines = fleet()
    untils = [i.tags["keep-until"] for i in machines if "keep-until" in i.tags]
    days = [date.fromisoformat(each[:10]) for each in untils if each[:2] == "20"]
    assert min(days) < date(2026, 11, 23) < max(days)
    assert "next week" in untils
    assert "false" in {i.tags.get("keep-running") for i in machines}
    assert sum("tencentcloud:autoscaling:auto-scaling-group-id" in i.tags for i in machines) == 2
    assert [i.tags["role"] for i in machines if "role" in i.tags] == ["bastion"]


def test_one_of_it_is_busy_when_first_asked():
    (busy,) = [i for i in fleet() if i.operation.state == "OPERATING" and i.state == "RUNNING"]
    assert busy.tags["env"] in ("dev", "test")


def test_the_same_seed_makes_the_same_fleet_and_another_another():
    facts = [[(i.id, i.name, i.state, dict(i.tags)) for i in fleet(seed)] for seed in (1, 1, 2)]
    assert facts[0] == facts[1] != facts[2]


def test_a_uniform_fleet_is_spread_over_its_regions():
    world = World(ManualClock())
    machines = uniform_fleet(world, 5, ["ap-guangzhou", "ap-shanghai"], {"env": "dev"})
    assert Counter(i.region for i in machines) == {"ap-guangzhou": 3, "ap-shanghai": 2}
    assert {i.tags["env"] for i in machines} == {"dev"}


def test_of_the_other_services_there_are_a_few_one_of_each_prepaid():
    world = World(ManualClock())
    machines = demo_others(world)
    assert Counter(i.site.service for i in machines) == {"cvm": 4, "hai": 4, "tione": 4}
    assert sum(i.charge_type == "PREPAID" for i in machines) == 2
    (group,) = world.groups.values()
    assert (group.min_size, group.desired, len(group.members)) == (2, 4, 4)
