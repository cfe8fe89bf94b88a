"""Read the notebooks of TI-ONE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.model.resources import instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightsout.model.resources.instance import Instance

UNCHARGED = ("NOT_BILLING", "BILLING_STORAGE")  # values of ChargeStatus: no CPU, no GPU
PREPAID = "prepaid: it costs the same when it is stopped"


def read_instance(item: Mapping[str, Any]) -> Instance:
    """Read an item of NotebookSet. A notebook that is paid for in an unknown way is kept."""
    tags = item.get("Tags")
    names = {"InstanceId": "Id", "InstanceName": "Name", "InstanceState": "Status"}
    read = instance.read_instance(
        {name: item.get(own) for name, own in names.items()}
        | {"Tags": [_tag(tag) for tag in tags] if isinstance(tags, list) else tags}
    )
    charge = item.get("ChargeType")
    known = charge in ("PREPAID", "POSTPAID_BY_HOUR")
    return read._replace(
        spared=PREPAID if charge == "PREPAID" else "",
        note=_note(item),
        charging="STOP_CHARGING" if item.get("ChargeStatus") in UNCHARGED else "",
        unreadable=read.unreadable or ("" if known else "ChargeType"),
    )


def _tag(tag: Any) -> Any:
    """The tag in the form of the other services; anything but a tag is returned as it is."""
    if not isinstance(tag, dict):
        return tag
    return {"Key": tag.get("TagKey"), "Value": tag.get("TagValue")}


def _note(item: Mapping[str, Any]) -> str:
    if item.get("AutoStopping") is not True:
        return ""
    hours = item.get("AutomaticStopTime")
    after = f" after {hours} h" if isinstance(hours, int) else ""
    return f"it also stops by itself{after}, as TI-ONE has it set"
