"""CVM's STOP_CHARGING: where it applies, what it gives up, and what comes where it cannot apply."""

from __future__ import annotations

import pytest

from tests.support.simulator_answers import listed, shown


@pytest.fixture
def machine(world):
    return world.add(service="cvm")


@pytest.fixture
def stopped_at_no_charge(cvm, clock):
    """Stop instances with STOP_CHARGING, and wait for it."""

    def stop(*instances):
        ids = [each.id for each in instances]
        cvm("StopInstances", InstanceIds=ids, StoppedMode="STOP_CHARGING")
        clock.advance(60)

    return stop


def test_at_no_charge_an_ordinary_address_is_given_up_and_another_had_later(
    cvm, world, clock, stopped_at_no_charge
):
    instance = world.add(service="cvm")
    (first,) = shown(cvm, instance)["PublicIpAddresses"]
    stopped_at_no_charge(instance)
    stopped = shown(cvm, instance)
    assert stopped["StopChargingMode"] == "STOP_CHARGING"
    assert stopped["PublicIpAddresses"] is None
    assert listed(cvm, ("public-ip-address", first)) == set()
    cvm("StartInstances", InstanceIds=[instance.id])
    clock.advance(60)
    started = shown(cvm, instance)
    assert started["StopChargingMode"] == "NOT_APPLICABLE"
    assert started["PublicIpAddresses"] != [first]
    assert listed(cvm, ("public-ip-address", *started["PublicIpAddresses"])) == {instance.id}


def test_an_elastic_address_stays_and_none_stays_none(cvm, world, clock, stopped_at_no_charge):
    elastic = world.add(service="cvm", eip="198.51.100.7")
    none = world.add(service="cvm", public_ip=False)
    stopped_at_no_charge(elastic, none)
    assert shown(cvm, elastic)["PublicIpAddresses"] == ["198.51.100.7"]
    assert shown(cvm, none)["PublicIpAddresses"] is None
    cvm("StartInstances", InstanceIds=[elastic.id, none.id])
    clock.advance(60)
    assert shown(cvm, elastic)["PublicIpAddresses"] == ["198.51.100.7"]
    assert shown(cvm, none)["PublicIpAddresses"] is None


def test_a_start_that_fails_leaves_it_at_no_charge(cvm, world, clock, stopped_at_no_charge):
    instance = world.add(service="cvm", endings=["success", "failed"])
    stopped_at_no_charge(instance)
    cvm("StartInstances", InstanceIds=[instance.id])
    clock.advance(60)
    still = shown(cvm, instance)
    assert (still["InstanceState"], still["StopChargingMode"]) == ("STOPPED", "STOP_CHARGING")
    assert still["PublicIpAddresses"] is None


CANNOT = [
    {"charge_type": "PREPAID"},
    {"charge_type": "SPOTPAID"},
    {"local_disk": True},
    {"local_disk": True, "gpu": True},
]


@pytest.mark.parametrize("facts", CANNOT)
def test_where_it_cannot_apply_an_instance_stops_at_full_charge(
    cvm, world, machine, facts, stopped_at_no_charge
):
    other = world.add(service="cvm", **facts)
    address = shown(cvm, other)["PublicIpAddresses"]
    stopped_at_no_charge(other, machine)
    stopped = shown(cvm, other)
    assert (stopped["InstanceState"], stopped["StopChargingMode"]) == ("STOPPED", "NOT_APPLICABLE")
    assert stopped["PublicIpAddresses"] == address
    assert shown(cvm, machine)["StopChargingMode"] == "STOP_CHARGING"


@pytest.mark.parametrize("facts", CANNOT)
def test_or_the_whole_batch_is_refused_where_the_world_wants_it_so(cvm, world, machine, facts):
    world.mixed_stop_charging = "refused"
    other = world.add(service="cvm", **facts)
    batch = [machine.id, other.id]
    code, message = cvm.refused("StopInstances", InstanceIds=batch, StoppedMode="STOP_CHARGING")
    assert code == "UnsupportedOperation.StoppedModeStopCharging"
    assert other.id in message
    assert machine.state == "RUNNING"
    cvm("StopInstances", InstanceIds=batch, StoppedMode="KEEP_CHARGING")


def test_a_gpu_machine_whose_disks_are_all_cloud_disks_stops_at_no_charge(
    cvm, world, stopped_at_no_charge
):
    world.mixed_stop_charging = "refused"
    gpu = world.add(service="cvm", gpu=True)
    stopped_at_no_charge(gpu)
    stopped = shown(cvm, gpu)
    assert stopped["InstanceType"].startswith("GN10Xp.")
    assert stopped["StopChargingMode"] == "STOP_CHARGING"


def test_the_facts_that_decide_on_it_can_be_read(cvm, world, machine):
    prepaid, local, gpu = (
        shown(cvm, world.add(service="cvm", **facts))
        for facts in ({"charge_type": "PREPAID"}, {"local_disk": True}, {"gpu": True})
    )
    ordinary = shown(cvm, machine)
    assert (prepaid["InstanceChargeType"], ordinary["InstanceChargeType"]) == (
        "PREPAID",
        "POSTPAID_BY_HOUR",
    )
    assert prepaid["ExpiredTime"]
    assert ordinary["ExpiredTime"] is None
    assert local["SystemDisk"]["DiskType"] == "LOCAL_BASIC"
    assert ordinary["SystemDisk"]["DiskType"] == "CLOUD_PREMIUM"
    assert gpu["GPUInfo"]["GPUCount"] == 1
    assert "GPUInfo" not in ordinary


def test_an_instance_can_be_found_at_no_charge_from_before(cvm, world):
    before = world.add(service="cvm", state="STOPPED", stopped_mode="STOP_CHARGING")
    assert shown(cvm, before)["StopChargingMode"] == "STOP_CHARGING"
    assert shown(cvm, before)["PublicIpAddresses"] is None
    before.stopped_mode = "KEEP_CHARGING"
    assert shown(cvm, before)["StopChargingMode"] == "KEEP_CHARGING"
