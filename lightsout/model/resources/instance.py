"""An instance, and how to read it from an answer of Lighthouse or CVM."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.texts.scalars import instant

if TYPE_CHECKING:
    from datetime import datetime

    from lightsout.model.resources.resource import Resource

# Key and values. The service forbids two tags of one key; where an answer has two, both count.
Tags = Mapping[str, tuple[str, ...]]


EARLIEST = 2000  # year; an earlier date, such as 0001-01-01, means none

TAG_SETS = 1000  # sets of tags, at most, that share one object with equal ones

# Operations after which an instance runs: their time is the time of its latest start.
# CreateInstances is Lighthouse's, RunInstances is CVM's.
STARTS = frozenset({"StartInstances", "RebootInstances", "CreateInstances", "RunInstances"})

# Values of InstanceChargeType that are not pay-as-you-go. For an unknown one the service decides.
NOT_BY_THE_HOUR = {
    "PREPAID": "prepaid",
    "SPOTPAID": "a spot instance",
    "CDHPAID": "on a dedicated host",
    "CDCPAID": "in a dedicated cluster",
}


class Instance(NamedTuple):
    """The fields of an instance that decisions and verification read; empty where unknown."""

    id: str
    name: str
    state: str
    tags: Tags
    operation: str  # LatestOperation
    operation_state: str  # OPERATING | SUCCESS | FAILED
    operation_request_id: str
    operation_started: str  # UTC, as the service writes it: 2026-11-23T12:00:00Z
    operation_error: str = ""  # LatestOperationErrorMsg; CVM only
    charging: str = ""  # StopChargingMode; CVM only
    always_charged: str = ""  # why STOP_CHARGING cannot apply to it; CVM only
    public_ips: tuple[str, ...] = ()  # that STOP_CHARGING would release; CVM only
    unreadable: str = ""  # a field of unknown form, which may hold a protection
    name_known: bool = True  # False: the service does not show its name; an empty name is known
    tags_known: bool = True  # False: the service does not show its tags; no tags are known, too
    spared: str = ""  # the reason to leave it alone, whatever a policy says
    note: str = ""  # for the person whose policy stops it

    def latest(self, resource: Resource) -> str:
        """The ID of its latest operation: the RequestId, or else the operation and its state."""
        shown = f"{self.operation} {self.operation_state}".strip()
        return self.operation_request_id if resource.tells_operation_id else shown

    def started_at(self) -> datetime | None:
        """The start of the latest operation; None if the service does not say.

        Only the documented form counts (2026-11-23T12:00:00Z): another form may mean anything.
        """
        try:
            started = instant(self.operation_started)
        except ValueError:
            return None
        return started if started.year >= EARLIEST else None


def read_instance(item: Mapping[str, Any]) -> Instance:
    """Read an item of InstanceSet of either service. Missing, null and new fields are allowed.

    Equal tags share one object: otherwise 10,000 instances take a quarter more memory. Equal words
    do too: otherwise 50,000 take 105 MB, and the target is 100.
    """
    always_charged = _always_charged(item) if "StopChargingMode" in item else ""
    ips = item.get("PublicIpAddresses")
    return Instance(
        id=_text(item, "InstanceId"),
        name=_text(item, "InstanceName"),
        state=sys.intern(_text(item, "InstanceState")),
        tags=_tag_set(
            tuple((_text(tag, "Key"), _text(tag, "Value")) for tag in dicts(item.get("Tags")))
        ),
        operation=sys.intern(_text(item, "LatestOperation")),
        operation_state=sys.intern(_text(item, "LatestOperationState")),
        operation_request_id=_text(item, "LatestOperationRequestId"),
        operation_started=_text(item, "LatestOperationStartedTime"),
        operation_error=_text(item, "LatestOperationErrorMsg"),
        charging=sys.intern(_text(item, "StopChargingMode")),
        always_charged=always_charged,
        public_ips=tuple(map(str, ips)) if isinstance(ips, list) else (),
        unreadable=_unreadable(item),
        name_known=isinstance(item.get("InstanceName"), str),
    )


@lru_cache(maxsize=TAG_SETS)
def _tag_set(pairs: tuple[tuple[str, str], ...]) -> Tags:
    values: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        values[key] = (*values.get(key, ()), value)
    return values


def _unreadable(item: Mapping[str, Any]) -> str:
    """The first field that is not in the documented form; empty if there is none.

    A missing or null field counts as empty.
    """
    tags = item.get("Tags")
    if tags is not None and not (isinstance(tags, list) and all(map(_is_tag, tags))):
        return "Tags"
    texts = ("LatestOperation", "LatestOperationState", "LatestOperationRequestId")
    return next((name for name in texts if not isinstance(item.get(name, ""), str | None)), "")


def _is_tag(tag: Any) -> bool:
    return (
        isinstance(tag, dict)
        and isinstance(tag.get("Key"), str)
        and isinstance(tag.get("Value", ""), str | None)
    )


def _always_charged(item: Mapping[str, Any]) -> str:
    """The reason why STOP_CHARGING cannot apply; empty if the service decides.

    https://cloud.tencent.com/document/product/213/19918 has the reasons. It excludes no family of
    instances, not even those with a GPU or FPGA.
    """
    disks = [*dicts([item.get("SystemDisk")]), *dicts(item.get("DataDisks"))]
    local = any(_text(disk, "DiskType").startswith("LOCAL") for disk in disks)
    why = NOT_BY_THE_HOUR.get(_text(item, "InstanceChargeType"), "")
    return why or ("a local disk" if local else "")


def request_note(request_id: str) -> str:
    """The RequestId, in the form that reasons have; empty if the service does not show it."""
    return f" (RequestId {request_id})" if request_id else ""


def tag_texts(tags: Tags) -> list[str]:
    """Each tag as key=value."""
    return [f"{key}={value}" for key, values in tags.items() for value in values]


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def dicts(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a JSON list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
