"""The form in which CVM shows instances, and which of them can stop at no charge."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.regions import REGIONS
from lightsout.simulator.machines.view import iso, private_address, public_addresses, tag_list

if TYPE_CHECKING:
    from lightsout.simulator.machines.instance import SimInstance


def can_stop_charging(instance: SimInstance) -> bool:
    """True for pay-as-you-go without a local disk; a GPU does not matter.

    From CVM's public page "No Charges When Shut down for Pay-as-You-Go Instances".
    """
    return instance.charge_type == "POSTPAID_BY_HOUR" and not instance.local_disk


def instance_members(instance: SimInstance) -> dict[str, Any]:
    """The members of an Instance."""
    letters = instance.id.rpartition("-")[2]
    return {
        **_fixed_members(letters),
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "InstanceState": instance.current,
        "LatestOperation": instance.latest.action,
        "LatestOperationState": instance.latest.state,
        "LatestOperationRequestId": instance.latest.request_id,
        "LatestOperationErrorMsg": instance.latest.error,
        "CreatedTime": iso(instance.created),
        "Tags": tag_list(instance),
        "Placement": {"Zone": instance.zone, "ProjectId": 0},
        **_network_members(instance),
        **_charge_members(instance),
        **_hardware_members(instance, letters),
    }


def region_members(name: str) -> dict[str, Any]:
    """The members of a RegionInfo."""
    city, area, _ = REGIONS.get(name, (name, "", False))
    return {"Region": name, "RegionName": f"{area}({city})", "RegionState": "AVAILABLE"}


def _network_members(instance: SimInstance) -> dict[str, Any]:
    addresses = public_addresses(instance)
    return {
        "PrivateIpAddresses": [private_address(instance)],
        "PublicIpAddresses": addresses or None,
        # An elastic address looks like an ordinary one: the description has no member for it.
        "InternetAccessible": {
            "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
            "InternetMaxBandwidthOut": 5 if addresses else 0,
            "PublicIpAssigned": bool(addresses),
        },
    }


def _charge_members(instance: SimInstance) -> dict[str, Any]:
    prepaid = instance.charge_type == "PREPAID"
    can_stop = instance.current == "STOPPED" and can_stop_charging(instance)
    return {
        "InstanceChargeType": instance.charge_type,
        "StopChargingMode": instance.stopped_mode if can_stop else "NOT_APPLICABLE",
        "RenewFlag": "NOTIFY_AND_AUTO_RENEW" if prepaid else None,
        "ExpiredTime": iso(instance.created + timedelta(days=365)) if prepaid else None,
    }


def instance_type(instance: SimInstance) -> str:
    """InstanceType, by GPU and local disk."""
    kind = "GN10Xp.2XLARGE40" if instance.gpu else "IT3.4XLARGE64" if instance.local_disk else None
    return kind or "S5.MEDIUM4"


def _hardware_members(instance: SimInstance, letters: str) -> dict[str, Any]:
    members: dict[str, Any] = {
        "InstanceType": instance_type(instance),
        "SystemDisk": {
            "DiskType": "LOCAL_BASIC" if instance.local_disk else "CLOUD_PREMIUM",
            "DiskId": f"disk-{letters}",
            "DiskSize": 50,
            "Encrypt": False,
            "KmsKeyId": "",
        },
    }
    if instance.gpu:  # "not returned for other kinds", says the description
        members["GPUInfo"] = {"GPUCount": 1.0, "GPUId": ["0000:18:00.0"], "GPUType": "NVIDIA V100"}
    return members


def _fixed_members(letters: str) -> dict[str, Any]:
    # No caller needs these; they are here because the service returns them.
    return {
        "CPU": 2,
        "Memory": 4,
        "RestrictState": "NORMAL",
        "DataDisks": [],
        "VirtualPrivateCloud": {
            "VpcId": "vpc-s1mu1a7e",
            "SubnetId": "subnet-s1mu1a7e",
            "AsVpcGateway": False,
        },
        "ImageId": "img-22trbn9x",
        "OsName": "Ubuntu Server 24.04 LTS 64bit",
        "SecurityGroupIds": ["sg-s1mu1a7e"],
        "LoginSettings": {},
        "Uuid": f"00000000-0000-4000-8001-{letters.encode().hex()[:12]}",
        "DisasterRecoverGroupId": "",
        "DisasterRecoverGroupIds": [],
        "IPv6Addresses": None,
        "CamRoleName": "",
        "HpcClusterId": "",
        "RdmaIpAddresses": None,
        "DedicatedClusterId": "",
        "IsolatedSource": "NOTISOLATED",
        "LicenseType": "TencentCloud",
        "DisableApiTermination": False,
        "HostName": f"vm-{letters}",
        "DefaultLoginUser": "ubuntu",
        "DefaultLoginPort": 22,
    }
