"""The form in which Lighthouse shows instances and their traffic packages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.answer import as_json
from lightsout.simulator.base.regions import REGIONS
from lightsout.simulator.machines.view import iso, private_address, public_addresses, tag_list

if TYPE_CHECKING:
    from lightsout.simulator.machines.instance import SimInstance, TrafficPackage


def instance_members(instance: SimInstance) -> dict[str, Any]:
    """The members of an Instance."""
    letters = instance.id.rpartition("-")[2]
    return {
        **_fixed_members(letters),
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "BundleId": instance.bundle,
        "Zone": instance.zone,
        "InstanceState": instance.current,
        "LatestOperation": instance.latest.action,
        "LatestOperationState": instance.latest.state,
        "LatestOperationRequestId": instance.latest.request_id,
        "LatestOperationStartedTime": iso(instance.latest.started),
        "CreatedTime": iso(instance.created),
        "ExpiredTime": iso(instance.created + timedelta(days=365)),
        "Tags": tag_list(instance),
        "PrivateAddresses": [private_address(instance)],
        "PublicAddresses": public_addresses(instance),
    }


def _fixed_members(letters: str) -> dict[str, Any]:
    # No caller needs these; they are here because the service returns them.
    return {
        "BlueprintId": "lhbp-f1lkcd41",
        "CPU": 2,
        "Memory": 2,
        "InstanceChargeType": "PREPAID",
        "SystemDisk": {
            "DiskType": "CLOUD_SSD",
            "DiskSize": 50,
            "DiskId": f"lhdisk-{letters}",
        },
        "InternetAccessible": {
            "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
            "InternetMaxBandwidthOut": 200,
            "PublicIpAssigned": True,
        },
        "RenewFlag": "NOTIFY_AND_AUTO_RENEW",
        "LoginSettings": {"KeyIds": []},
        "Uuid": f"00000000-0000-4000-8000-{letters.encode().hex()[:12]}",
        "IsolatedTime": None,
        "PlatformType": "LINUX_UNIX",
        "Platform": "UBUNTU",
        "OsName": "Ubuntu Server 24.04 LTS 64bit",
        "InstanceRestrictState": "NORMAL",
        "SupportIpv6Detail": {"IsSupport": False, "Detail": "", "Message": ""},
        "PublicIpv6Addresses": [],
        "InitInvocationId": "",
        "InstanceViolationDetail": {"Source": "", "State": "", "Reason": "", "Content": ""},
    }


def region_members(name: str) -> dict[str, Any]:
    """The members of a RegionInfo."""
    chinese, _, mainland = REGIONS.get(name, (name, "", False))
    return {
        "Region": name,
        "RegionName": chinese,
        "RegionState": "AVAILABLE",
        "IsChinaMainland": mainland,
    }


def render_traffic(instance: SimInstance) -> bytes:
    """The JSON of an InstanceTrafficPackage."""
    packages = [_traffic_members(package) for package in instance.packages]
    return as_json({"InstanceId": instance.id, "TrafficPackageSet": packages})


def _traffic_members(package: TrafficPackage) -> dict[str, Any]:
    # Without a limit, the numbers of what is left and over are 0; the total of 0 shows that.
    limited = package.total > 0
    return {
        "TrafficPackageId": package.id,
        "TrafficUsed": package.used,
        "TrafficPackageTotal": package.total,
        "TrafficPackageRemaining": max(0, package.total - package.used) if limited else 0,
        "TrafficOverflow": max(0, package.used - package.total) if limited else 0,
        "StartTime": iso(package.start),
        "EndTime": iso(package.end),
        "Deadline": iso(package.deadline),
        "Status": package.status,
    }
