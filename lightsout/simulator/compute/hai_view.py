"""The form in which HAI shows instances: without tags and without charge type."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.regions import REGIONS
from lightsout.simulator.machines.view import private_address, public_addresses

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.simulator.machines.instance import SimInstance


def instance_members(instance: SimInstance) -> dict[str, Any]:
    """The members of an Instance."""
    return {
        **_fixed_members(),
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "InstanceState": instance.current,
        "LatestOperation": instance.latest.action,
        "LatestOperationState": instance.latest.state,
        "CreateTime": china_time(instance.created).strftime("%Y-%m-%d %H:%M:%S"),
        "PrivateIpAddresses": [private_address(instance)],
        "PublicIpAddresses": public_addresses(instance),
    }


def region_members(name: str) -> dict[str, Any]:
    """The members of a RegionInfo."""
    chinese, _, _ = REGIONS.get(name, (name, "", False))
    return {
        "Region": name,
        "RegionName": chinese,
        "RegionState": "AVAILABLE",
        "ScholarRocketSupportState": "NO_NEED_SUPPORT",
    }


def china_time(moment: datetime) -> datetime:
    """The wall clock there. HAI writes no zone; that it means this one is a guess."""
    return moment + timedelta(hours=8)


def _fixed_members() -> dict[str, Any]:
    # No caller needs these; they are here because the service returns them.
    return {
        "ApplicationName": "pytorch",
        "BundleName": "基础型",
        "GPUCount": 1,
        "GPUPerformance": "8+TFlops",
        "GPUMemory": "16+GB",
        "CPU": "8C",
        "Memory": "32GB",
        "SystemDisk": {"DiskType": "CLOUD_PREMIUM", "DiskSize": 80},
        "SecurityGroupIds": ["sg-s1mu1a7e"],
        "MaxOutBandwidth": "10Mbps",
        "MaxFreeTraffic": "500GB",
        "ConfigurationEnvironment": "cuda 12 | pytorch",
        "LoginServices": [{"ServiceName": "jupyter"}],
        "OSType": "linux",
    }
