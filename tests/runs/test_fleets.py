"""Big fleets: no more calls than there must be, and the rates that the service documents."""

from __future__ import annotations

import random

import pytest

from tests.support.simulated_run import DEV_NIGHTS, GUANGZHOU

EVERYWHERE = DEV_NIGHTS.replace("[ap-guangzhou]", "all")


@pytest.fixture
def slow_fleet(stage):
    """Machines that take from `fastest` to `slowest` seconds to stop, spread over `regions`."""

    def fleet(count, fastest, slowest, regions=(GUANGZHOU,)):
        chance = random.Random(0)
        for number in range(count):
            region = regions[number % len(regions)]
            seconds = chance.uniform(fastest, slowest)
            stage.fleet(1, first=number, region=region, stop_seconds=seconds)

    return fleet


def looks(stage):
    return [call for call in stage.calls("DescribeInstances") if "InstanceIds" in call.params]


@pytest.mark.every_resource
@pytest.mark.parametrize(("fastest", "slowest"), [(2.0, 2.0), (2.0, 4.0), (3.0, 6.0), (5.0, 20.0)])
@pytest.mark.needs("batches")
def test_1000_machines_are_listed_stopped_and_verified_in_few_calls(
    stage, slow_fleet, fastest, slowest
):
    slow_fleet(1000, fastest, slowest)

    report = stage.run()

    assert report["counts"]["stopped"] == 1000
    assert len(stage.calls("StopInstances")) == 10
    assert len(stage.calls("DescribeInstances")) - len(looks(stage)) == 10
    assert 10 <= len(looks(stage)) <= 30
    assert {call.code for call in stage.sim.journal} == {None}  # no throttle among them


def test_5000_machines_are_looked_at_about_once_each(stage, slow_fleet):
    slow_fleet(5000, 2.0, 4.0)

    stage.run()

    assert len(stage.calls("StopInstances")) == 50
    assert len(looks(stage)) < 2 * 50


def test_a_fleet_over_all_regions_is_listed_and_stopped_in_the_least_possible_calls(
    stage, slow_fleet
):
    stage.policies(EVERYWHERE)
    slow_fleet(2600, 2.0, 4.0, regions=stage.world.regions)

    report = stage.run()

    assert report["counts"]["stopped"] == 2600
    assert len(stage.calls("DescribeRegions")) == 1
    assert len(stage.calls("StopInstances")) == 26
    assert len(stage.calls("DescribeInstances")) - len(looks(stage)) == 26


def test_the_run_ends_soon_after_the_slowest_of_many_machines_stopped(stage, slow_fleet):
    slow_fleet(2000, 8.0, 10.0)

    stage.run()

    sent = 20 / (10 * 0.95)  # seconds
    assert stage.clock.monotonic() < sent + 10 * 1.2 + 1


def test_a_small_fleet_is_looked_at_after_2_4_and_8_seconds(stage):
    stage.fleet(95, stop_seconds=7.0)

    stage.run()

    (stop,) = stage.calls("StopInstances")
    ages = [(call.at - stop.at).total_seconds() for call in looks(stage)]
    assert ages == pytest.approx([2.0, 4.0, 8.0], abs=0.1)


def test_machines_that_hang_do_not_keep_the_others_from_being_seen(stage):
    stage.fleet(200, endings=["stuck"])
    free = stage.fleet(1000, first=1000, stop_seconds=3.0)

    report = stage.failing_run(time_limit=120).report

    confirmed = stage.logged("verify.confirmed")
    assert sorted(report["policies"][0]["stopped"]) == free
    assert {id_ for line in confirmed for id_ in line["instance_ids"]} == set(free)
    latest = max(line["time"] for line in confirmed)
    assert latest < "2026-11-23T12:00:10"


@pytest.mark.parametrize("timeout", ["1h", "8s"])
def test_whoever_stopped_is_seen_at_the_last_look_although_those_before_him_hang(stage, timeout):
    stage.policies(DEV_NIGHTS.rstrip() + f"\n        verify: {{timeout: {timeout}}}\n")
    free = stage.fleet(100, stop_seconds=3.0)
    stage.fleet(1500, first=1000, endings=["stuck"])  # listed, sent and looked at before

    report = stage.failing_run(time_limit=12 if timeout == "1h" else 900).report

    assert report["policies"][0]["stopped"] == free
