"""The form in which TI-ONE shows notebooks and workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.compute.hai_view import china_time
from lightsout.simulator.machines.view import iso

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.simulator.machines.instance import SimInstance

DEFAULT_WORKSPACE = "0"


def notebook_members(notebook: SimInstance) -> dict[str, Any]:
    """The members of a NotebookSetItem; null where a notebook has no such thing."""
    prepaid = notebook.charge_type == "PREPAID"
    hours = notebook.auto_stop_hours
    return {
        **_fixed_members(),
        "Id": notebook.id,
        "Name": notebook.name,
        "ChargeType": notebook.charge_type,
        "ResourceConf": _resources(prepaid=prepaid),
        "ResourceGroupId": "rsg-s1mu1a7e" if prepaid else None,
        "ResourceGroupName": "gpu-pool" if prepaid else None,
        "InstanceTypeAlias": None if prepaid else "8C40G V100*1",
        "BillingInfos": None if prepaid else ["10.59元/小时"],
        "Tags": [{"TagKey": key, "TagValue": value} for key, value in notebook.tags.items()],
        "CreateTime": zoned(notebook.created),
        "UpdateTime": zoned(updated(notebook)),
        "StartTime": _since(notebook, "Running"),
        "EndTime": _since(notebook, "Stopped"),
        "ChargeStatus": charge_status(notebook),
        "Status": notebook.current,
        "FailureReason": notebook.latest.error or None,
        "AutoStopping": hours is not None,
        "AutomaticStopTime": hours,
    }


def workspace_members(workspace: str, created: datetime) -> dict[str, Any]:
    """The members of a Workspace. The default one shows neither its age nor rights."""
    default = workspace == DEFAULT_WORKSPACE
    return {
        "TiProjectId": workspace,
        "Name": "默认空间" if default else f"workspace-{workspace}",
        "Description": "",
        "CreateTime": "" if default else zoned(created),
        "ActionType": [] if default else ["ModifyWorkspace", "DeleteWorkspace"],
    }


def charge_status(notebook: SimInstance) -> str:
    """Its ChargeStatus. It is a guess that a prepaid or starting one is not charged."""
    if notebook.charge_status is not None:
        return notebook.charge_status
    if notebook.charge_type == "PREPAID" or notebook.current in ("Starting", "SubmitFailed"):
        return "NOT_BILLING"
    return "BILLING" if notebook.current in ("Running", "Stopping") else "BILLING_STORAGE"


def updated(notebook: SimInstance) -> datetime:
    """The time of its last change of state; without one, of its latest operation."""
    states = notebook.site.world.state_history.of(notebook.id)
    return states[-1][0] if len(states) > 1 else notebook.latest.started


def zoned(moment: datetime) -> str:
    """The time in the form of the service: China's wall clock, with a zone without minutes."""
    return iso(china_time(moment)).replace("Z", "+08")


def _since(notebook: SimInstance, state: str) -> str | None:
    return zoned(updated(notebook)) if notebook.current == state else None


def _resources(*, prepaid: bool) -> dict[str, Any]:
    own = {"Cpu": 8000, "Memory": 40960, "Gpu": 100, "GpuType": "V100", "InstanceType": None}
    rented = dict.fromkeys(own, None) | {"InstanceType": "TI.GN10.2XLARGE40.POST"}
    return own if prepaid else rented


def _fixed_members() -> dict[str, Any]:
    # No caller needs these; they are here because the service returns them.
    return {
        "VolumeSizeInGB": 100,
        "RuntimeInSeconds": None,
        "PodName": None,
        "VolumeSourceType": "CLOUD_PREMIUM",
        "VolumeSourceCFS": None,
        "Message": None,
        "UserTypes": None,
        "SSHConfig": None,
    }
