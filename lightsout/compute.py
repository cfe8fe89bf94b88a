"""Lighthouse behind a few verbs; what differs from service to service is data, not branches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lightsout.cloud import PATIENCE
from lightsout.meanings import Meaning
from lightsout.wire import CallFailed, one_line

if TYPE_CHECKING:
    from lightsout.cloud import Cloud
    from lightsout.wire import Answer

Filter = Mapping[str, object]  # Name and Values

PAGE = 100  # Limit of DescribeInstances: 20 unless asked, 100 at most
BATCH = 100  # InstanceIds of DescribeInstances, StopInstances and their like, at most
ANY_REGION = "ap-guangzhou"  # DescribeRegions answers alike in all of them
READINGS = 5  # of a listing whose TotalCount does not add up


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of instance, as its service describes it."""

    name: str
    service: str
    version: str


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done: `call` takes instances from `before` through `during` to `after`."""

    name: str
    call: str
    before: str
    during: str
    after: str


LIGHTHOUSE = Resource(name="lighthouse", service="lighthouse", version="2020-03-24")
RESOURCES = {LIGHTHOUSE.name: LIGHTHOUSE}

STOP = Action("stop", call="StopInstances", before="RUNNING", during="STOPPING", after="STOPPED")
ACTIONS = {STOP.name: STOP}

# States from which no instance comes back by itself.
LEAVING = frozenset({"SHUTDOWN", "TERMINATING", "DELETING", "LAUNCH_FAILED"})


@dataclass(frozen=True, slots=True)
class Instance:
    """The few facts of an instance that decisions and verification read."""

    id: str
    name: str
    state: str
    tags: Mapping[str, str]
    operation: str  # LatestOperation
    operation_state: str  # OPERATING | SUCCESS | FAILED
    operation_request_id: str
    operation_started: str  # UTC, as the service writes it: 2026-11-23T12:00:00Z

    def started_at(self) -> datetime | None:
        """When the latest operation started; None where the service does not say."""
        try:
            return datetime.strptime(self.operation_started, "%Y-%m-%dT%H:%M:%S%z")
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Listing:
    instances: Mapping[str, Instance]
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """One resource in one region of one account: what a call is about."""

    account: str
    resource: Resource
    region: str


class Compute:
    """The verbs, for one site."""

    def __init__(self, cloud: Cloud, site: Site) -> None:
        self._cloud = cloud
        self.site = site

    def search(self, filters: Sequence[Filter]) -> Listing:
        """Every instance that the filters let through, repeated items dropped.

        Pages go by offset over a fleet that lives: an item that changes its place between two
        pages is missed or repeated. So the instances are counted against TotalCount, and the list
        is read again while they fall short of it.
        """
        found: dict[str, Instance] = {}
        for _ in range(READINGS):
            seen, total = self._read_pages(filters)
            found |= seen
            if len(found) >= total:
                return Listing(found)
        return Listing(found, f"TotalCount is {total}, but {READINGS} readings show {len(found)}")

    def _read_pages(self, filters: Sequence[Filter]) -> tuple[dict[str, Instance], int]:
        """One reading, and the highest TotalCount of its pages (0 where they have none)."""
        seen: dict[str, Instance] = {}
        offset = highest = 0
        while True:
            params = {"Filters": list(filters), "Offset": offset, "Limit": PAGE}
            page, total = self._page(params, patience=math.inf)  # without it there is no run
            known = len(seen)
            seen.update((instance.id, instance) for instance in page)
            offset += len(page)
            highest = max(highest, total)
            more = offset < highest or (len(page) == PAGE and offset != highest)
            if not more or len(seen) == known:
                return seen, highest

    def find(self, ids: Sequence[str]) -> Listing:
        """The listing of named instances, as far as they exist here."""
        return Listing(self.describe(ids))

    def describe(self, ids: Sequence[str]) -> dict[str, Instance]:
        """The instances of `ids` that exist, at most BATCH a call.

        Lighthouse may refuse the whole query for one unknown ID, CVM answers without it: both end
        in an answer without it. Only one that a second query does not show either counts as gone.
        """
        found: dict[str, Instance] = {}
        for batch in batches(ids):
            found |= self._describe_batch(batch)
            missing = [id_ for id_ in batch if id_ not in found]
            found |= self._describe_batch(missing)
        return found

    def _describe_batch(self, ids: Sequence[str]) -> dict[str, Instance]:
        if not ids:  # an empty list would be read as «not given» and list everything
            return {}
        try:
            page, _ = self._page({"InstanceIds": list(ids), "Limit": PAGE})
        except CallFailed as failure:
            if failure.meaning not in {Meaning.GONE, Meaning.MALFORMED}:
                raise
            named = failure.named(ids)
            if named:
                return self._describe_batch([id_ for id_ in ids if id_ not in named])
            if len(ids) == 1:
                return {}
            half = len(ids) // 2
            return self._describe_batch(ids[:half]) | self._describe_batch(ids[half:])
        return {instance.id: instance for instance in page}

    def count(self) -> int:
        """How many instances there are at this site, whatever their state and tags."""
        _, total = self._page({"Offset": 0, "Limit": 1}, patience=math.inf)
        return total

    def denied(self, ids: Sequence[str], action: Action) -> dict[str, CallFailed]:
        """Which of `ids` the service would refuse `action` now, each with the refusal to expect."""
        answer = self._call("DescribeInstancesDeniedActions", {"InstanceIds": list(ids)})
        return {
            str(item.get("InstanceId")): CallFailed(
                action.call, str(denied.get("Code")), one_line(str(denied.get("Message")))
            )
            for item in _dicts(answer.get("InstanceDeniedActionSet"))
            for denied in _dicts(item.get("DeniedActions"))
            if denied.get("Action") == action.call
        }

    def act(self, action: Action, ids: Sequence[str], options: Mapping[str, str]) -> str:
        """Asks for `action`; the RequestId of the accepted call. Accepted is not done."""
        answer = self._call(action.call, {"InstanceIds": list(ids), **options}, repeatable=False)
        return str(answer.get("RequestId", ""))

    def _page(
        self, params: Mapping[str, Any], *, patience: float = PATIENCE
    ) -> tuple[list[Instance], int]:
        answer = self._call("DescribeInstances", params, patience=patience)
        if not isinstance(answer.get("InstanceSet"), list):  # not to be taken for an empty fleet
            raise CallFailed("DescribeInstances", "UnreadableAnswer", "it has no InstanceSet")
        items = [read_instance(item) for item in _dicts(answer["InstanceSet"])]
        total = answer.get("TotalCount")
        return [item for item in items if item.id], total if isinstance(total, int) else 0

    def _call(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        repeatable: bool = True,
        patience: float = PATIENCE,
    ) -> Answer:
        return self._cloud.call(
            self.site.resource.service,
            self.site.resource.version,
            self.site.region,
            name,
            params,
            repeatable=repeatable,
            patience=patience,
        )


def list_regions(cloud: Cloud, resource: Resource) -> list[str]:
    """The regions in which `resource` can be had now."""
    answer = cloud.call(resource.service, resource.version, ANY_REGION, "DescribeRegions", {})
    return sorted(
        str(item["Region"])
        for item in _dicts(answer.get("RegionSet"))
        if item.get("Region") and item.get("RegionState") == "AVAILABLE"
    )


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def read_instance(item: Mapping[str, Any]) -> Instance:
    """An item of InstanceSet; fields that are missing, null or new do no harm."""

    def text(name: str) -> str:
        value = item.get(name)
        return value if isinstance(value, str) else ""

    return Instance(
        id=text("InstanceId"),
        name=text("InstanceName"),
        state=text("InstanceState"),
        tags={str(tag.get("Key")): str(tag.get("Value") or "") for tag in _dicts(item.get("Tags"))},
        operation=text("LatestOperation"),
        operation_state=text("LatestOperationState"),
        operation_request_id=text("LatestOperationRequestId"),
        operation_started=text("LatestOperationStartedTime"),
    )


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
