"""How Lighthouse shows instances: its filters, and the members of its answers."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulator.answer import as_json
from simulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.instance import Instance, TrafficPackage


def accepting(filters: list[dict[str, Any]]) -> Callable[[Instance], bool]:
    """What all the filters together let through: names are ANDed, the values of one are ORed.

    Raises ApiError for more than 10 filters, more than 100 values, or a name that is not offered.
    """
    if len(filters) > 10:
        raise ApiError("InvalidParameter.InvalidFilter", "There may be at most 10 `Filters`.")
    tests = [_test(each["Name"], each["Values"]) for each in filters]
    return lambda instance: all(test(instance) for test in tests)


def _test(name: str, given: list[str]) -> Callable[[Instance], bool]:
    values = frozenset(given)
    if len(given) > 100:
        raise ApiError(
            "InvalidParameter.FilterValueLimitExceeded",
            f"The filter `{name}` may have at most 100 `Values`.",
        )
    if name.startswith("tag:"):
        key = name[len("tag:") :]
        return lambda instance: instance.tags.get(key) in values
    tests: dict[str, Callable[[Instance], bool]] = {
        "instance-name": lambda i: i.name in values,
        "private-ip-address": lambda i: _private_address(i) in values,
        "public-ip-address": lambda i: _public_address(i) in values,
        "zone": lambda i: i.zone in values,
        "instance-state": lambda i: i.current in values,
        "tag-key": lambda i: not values.isdisjoint(i.tags),
        "tag-value": lambda i: not values.isdisjoint(i.tags.values()),
        "bundle-id": lambda i: i.bundle in values,
    }
    if name not in tests:
        raise ApiError(
            "InvalidParameter.InvalidFilterNotSupportedName",
            f"The filter name `{name}` is not supported.",
        )
    return tests[name]


def render_instance(instance: Instance) -> bytes:
    """The JSON of an Instance; kept until something about it changes."""
    if instance.rendered is None:
        instance.rendered = as_json(_instance_members(instance))
    return instance.rendered


def _instance_members(instance: Instance) -> dict[str, Any]:
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
        "Tags": [{"Key": key, "Value": value} for key, value in instance.tags.items()],
        "PrivateAddresses": [_private_address(instance)],
        "PublicAddresses": [_public_address(instance)],
    }


def _fixed_members(letters: str) -> dict[str, Any]:
    # Nobody decides anything by these; they are here because the service gives them.
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


def render_traffic(instance: Instance) -> bytes:
    """The JSON of an InstanceTrafficPackage."""
    packages = [_traffic_members(package) for package in instance.traffic]
    return as_json({"InstanceId": instance.id, "TrafficPackageSet": packages})


def _traffic_members(package: TrafficPackage) -> dict[str, Any]:
    return {
        "TrafficPackageId": package.id,
        "TrafficUsed": package.used,
        "TrafficPackageTotal": package.total,
        "TrafficPackageRemaining": max(0, package.total - package.used),
        "TrafficOverflow": max(0, package.used - package.total),
        "StartTime": iso(package.start),
        "EndTime": iso(package.end),
        "Deadline": iso(package.deadline),
        "Status": package.status,
    }


def iso(moment: datetime) -> str:
    """As the API writes times: UTC, whole seconds, a Z at the end."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _private_address(instance: Instance) -> str:
    number = zlib.crc32(instance.id.encode())
    return f"10.0.{number >> 8 & 255}.{number & 255}"


def _public_address(instance: Instance) -> str:
    # 198.18.0.0/15 is set aside for tests of networks: nobody's machine is shown.
    number = zlib.crc32(instance.id.encode())
    return f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"
