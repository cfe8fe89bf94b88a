"""The form in which auto-scaling shows groups, members and activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.answer import as_json
from lightsout.simulator.compute.cvm_view import instance_type
from lightsout.simulator.machines.view import iso

if TYPE_CHECKING:
    from lightsout.simulator.scaling.groups import Activity, Group, Member

LAUNCH_CONFIGURATION = {
    "LaunchConfigurationId": "asc-s1mu1a7e",
    "LaunchConfigurationName": "standard",
}
MESSAGES = {"SUCCESSFUL": "Success", "FAILED": "Failed", "PARTIALLY_SUCCESSFUL": "Partial success"}


def render_group(group: Group) -> bytes:
    """The JSON of an AutoScalingGroup."""
    return as_json(
        {
            **_fixed_members(),
            "AutoScalingGroupId": group.id,
            "AutoScalingGroupName": group.name or group.id,
            "CreatedTime": iso(group.created),
            "DesiredCapacity": group.desired,
            "EnabledStatus": "ENABLED" if group.enabled else "DISABLED",
            "InActivityStatus": "IN_ACTIVITY" if group.in_activity else "NOT_IN_ACTIVITY",
            "InServiceInstanceCount": group.serving(),
            "InstanceCount": len(group.members),
            "MaxSize": group.max_size,
            "MinSize": group.min_size,
            "ServiceSettings": {
                "ReplaceMonitorUnhealthy": group.replaces_unhealthy,
                "ReplaceLoadBalancerUnhealthy": group.replaces_lb_unhealthy,
                "ScalingMode": group.scaling_mode,
                "ReplaceMode": "RECREATE",
                "DesiredCapacitySyncWithMaxMinSize": False,
            },
            "Tags": [
                {"Key": key, "Value": value, "ResourceType": "auto-scaling-group"}
                for key, value in group.tags.items()
            ],
        }
    )


def render_member(pair: tuple[Group, Member]) -> bytes:
    """The JSON of an Instance, as auto-scaling has it."""
    group, member = pair
    return as_json(
        {
            **LAUNCH_CONFIGURATION,
            "InstanceId": member.instance.id,
            "AutoScalingGroupId": group.id,
            "AutoScalingGroupName": group.name or group.id,
            "LifeCycleState": member.lifecycle,
            "HealthStatus": member.health,
            "ProtectedFromScaleIn": member.protected,
            "Zone": member.instance.zone,
            "CreationType": "MANUAL_ATTACHING" if member.attached else "AUTO_CREATION",
            "AddTime": iso(member.added),
            "InstanceType": instance_type(member.instance),
            "VersionNumber": 1,
            "WarmupStatus": "NO_NEED_WARMUP",
            "DisasterRecoverGroupIds": [],
        }
    )


def render_activity(pair: tuple[Group, Activity]) -> bytes:
    """The JSON of an Activity. It is a guess that EndTime is null until it ends."""
    group, activity = pair
    related = [
        {"InstanceId": instance_id, "InstanceStatus": status}
        for instance_id, status in activity.related.items()
    ]
    message = MESSAGES.get(activity.status, "")
    return as_json(
        {
            "AutoScalingGroupId": group.id,
            "ActivityId": activity.id,
            "ActivityType": activity.kind,
            "StatusCode": activity.status,
            "StatusMessage": message,
            "StatusMessageSimplified": message,
            "Cause": activity.cause,
            "Description": f"{activity.kind} of {len(related)} instance(s).",
            "StartTime": iso(activity.created),
            "EndTime": iso(activity.ended) if activity.ended else None,
            "CreatedTime": iso(activity.created),
            "ActivityRelatedInstanceSet": related,
            "RelatedInstanceSet": related,
            "LifecycleActionResultSet": [],
            "InvocationResultSet": [],
            "DetailedStatusMessageSet": [_detail(*each) for each in activity.details],
        }
    )


def _detail(code: str, message: str, instance_id: str) -> dict[str, str]:
    unknown = dict.fromkeys(("Zone", "InstanceChargeType", "SubnetId", "InstanceType"), "")
    return {**unknown, "Code": code, "Message": message, "InstanceId": instance_id}


def _fixed_members() -> dict[str, Any]:
    # No caller needs these; they are here because the service returns them.
    unset = ("BaseCapacity", "OnDemandPercentageAboveBaseCapacity", "SpotAllocationStrategy")
    return {
        **LAUNCH_CONFIGURATION,
        "AutoScalingGroupStatus": "NORMAL",
        "DefaultCooldown": 300,
        "ForwardLoadBalancerSet": [],
        "LoadBalancerIdSet": [],
        "ProjectId": 0,
        "SubnetIdSet": ["subnet-s1mu1a7e"],
        "TerminationPolicySet": ["OLDEST_INSTANCE"],
        "VpcId": "vpc-s1mu1a7e",
        "ZoneSet": [],
        "RetryPolicy": "IMMEDIATE_RETRY",
        "Ipv6AddressCount": 0,
        "MultiZoneSubnetPolicy": "PRIORITY",
        "HealthCheckType": "CVM",
        "LoadBalancerHealthCheckGracePeriod": 0,
        "InstanceAllocationPolicy": "LAUNCH_CONFIGURATION",
        "SpotMixedAllocationPolicy": dict.fromkeys((*unset, "CompensateWithBaseInstance")),
        "CapacityRebalance": False,
        "InstanceNameIndexSettings": {"Enabled": False, "BeginIndex": 0},
    }
