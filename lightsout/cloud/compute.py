"""Lighthouse and CVM behind the same few verbs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cloud.client import PATIENCE
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import LONGEST_NAME, CallFailed, one_line
from lightsout.cloud.threads import side_by_side
from lightsout.model.instance import dicts, read_instance
from lightsout.model.job import Look

if TYPE_CHECKING:
    from lightsout.cloud.client import Cloud, Params
    from lightsout.cloud.sdk import Answer
    from lightsout.model.instance import Action, Instance, Resource, Site

Filter = Mapping[str, object]  # Name and Values

PAGE = 100  # Limit of DescribeInstances: 20 unless asked, 100 at most
BATCH = 100  # InstanceIds of DescribeInstances, StopInstances and their like, at most
PAGES_AHEAD = 100  # read side by side; TotalCount, which says how many there are, may be wrong
READINGS = 5  # of a listing whose TotalCount does not add up
MOST_PAGES = 5000  # of a reading: half a million instances


class Listing(NamedTuple):
    """Instances, and when the oldest answer that shows one of them was asked for."""

    at: float  # seconds of the monotonic clock
    instances: dict[str, Instance]


class NoAnswer(CallFailed):
    """DescribeInstances contradicts itself, or shows fewer instances than it counts."""

    def __init__(self, told: str) -> None:
        super().__init__("DescribeInstances", "UnreadableAnswer", told)


class Compute:
    """The verbs, for one site; looks at many instances go on `threads` threads.

    `names`: whether anybody reads those of instances; of tens of thousands they take megabytes.
    """

    def __init__(self, cloud: Cloud, site: Site, threads: int = 1, *, names: bool = True) -> None:
        self._cloud = cloud
        self._names = names
        self.threads = threads
        self.site = site

    def search(self, queries: Sequence[Sequence[Filter]]) -> Listing:
        """Every instance that one of the queries lets through."""
        at = self.monotonic()
        found: dict[str, Instance] = {}
        for filters in queries:
            found |= self._search(filters)
        return Listing(at, found)

    def _search(self, filters: Sequence[Filter]) -> dict[str, Instance]:
        """Every instance that the filters let through, repeated items dropped.

        Pages go by offset over a fleet that lives: an item that changes its place between two
        pages is missed or repeated. So the instances are counted against TotalCount, and the list
        is read again while they fall short of it. Raises CallFailed where they do to the end: what
        it does not show may be protected, or have to be stopped.
        """
        found: dict[str, Instance] = {}
        for _ in range(READINGS):
            try:
                seen, total = self._read_pages(filters)
            except NoAnswer as failure:
                why = failure
                continue
            found |= seen
            if len(found) >= total:
                return found
            why = NoAnswer(f"TotalCount is {total}, but {READINGS} readings show {len(found)}")
        raise why

    def _read_pages(self, filters: Sequence[Filter]) -> tuple[dict[str, Instance], int]:
        """One reading, and the highest TotalCount of its pages (0 where they have none).

        Raises CallFailed where there are far more pages than the first TotalCount is good for.
        """

        def read(offset: int) -> tuple[list[Instance], int]:
            narrowed = {"Filters": list(filters)} if filters else {}
            params = {**narrowed, "Offset": offset, "Limit": PAGE}
            return self._page(params, patience=math.inf)  # without it there is no run

        seen: dict[str, Instance] = {}
        offset = highest = pages = most = 0
        offsets: Sequence[int] = [0]
        while True:
            known = len(seen)
            for page, total in side_by_side(read, offsets, self.threads):
                seen.update((instance.id, instance) for instance in page)
                offset += len(page)
                highest = max(highest, total)
                full = len(page) == PAGE
            more = offset < highest or (full and offset != highest)
            if not more or len(seen) == known:
                return seen, highest
            pages += len(offsets)
            most = most or min(2 * (highest // PAGE) + PAGES_AHEAD, MOST_PAGES)
            if pages > most:
                told = f"{pages} pages show {len(seen)} instances of {highest}, and do not end"
                raise CallFailed("DescribeInstances", "UnreadableAnswer", told)
            following = range(offset, max(highest, offset + 1), PAGE)
            offsets = following[: min(PAGES_AHEAD, most + 1 - pages) if full else 1]

    def find(self, ids: Sequence[str]) -> Listing:
        """The listing of named instances, as far as they exist here."""
        return Listing(self.monotonic(), self.describe(ids))

    def look(self, ids: Sequence[str]) -> Look:
        """What is shown of `ids` now."""
        return Look(self.monotonic(), self.describe(ids))

    def describe(self, ids: Sequence[str]) -> dict[str, Instance]:
        """The instances of `ids` that are shown, at most BATCH a call.

        Lighthouse may refuse the whole query for one unknown ID, CVM answers without it: both end
        in an answer without it. Whether such a one is gone, a single look does not tell.
        """
        found: dict[str, Instance] = {}
        for part in side_by_side(self._describe_surely, list(batches(ids)), self.threads):
            found |= part
        return found

    def _describe_surely(self, ids: Sequence[str]) -> dict[str, Instance]:
        try:
            return self._describe_batch(ids)
        except NoAnswer:
            return self._describe_batch(ids)

    def _describe_batch(self, ids: Sequence[str]) -> dict[str, Instance]:
        if not ids:  # an empty list would be read as «not given» and list everything
            return {}
        try:
            page, total = self._page({"InstanceIds": list(ids), "Limit": PAGE})
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
        wanted = set(ids)
        found = {instance.id: instance for instance in page if instance.id in wanted}
        if len(found) < min(total, len(ids)):  # it shows fewer than it counts
            raise NoAnswer(f"TotalCount is {total}, it shows {len(found)}")
        return found

    def count(self) -> int:
        """How many instances there are at this site, whatever their state and tags."""
        _, total = self._page({"Offset": 0, "Limit": 1}, patience=math.inf)
        return total

    def denied(self, ids: Sequence[str], action: Action) -> dict[str, CallFailed]:
        """Which of `ids` the service would refuse `action` now, each with the refusal to expect."""
        if not self.site.resource.tells_denied_actions:
            return {}
        answer = self._call("DescribeInstancesDeniedActions", {"InstanceIds": list(ids)})
        return {
            str(item.get("InstanceId")): CallFailed(
                action.call,
                str(denied.get("Code"))[:LONGEST_NAME],
                one_line(str(denied.get("Message"))),
            )
            for item in dicts(answer.get("InstanceDeniedActionSet"))
            for denied in dicts(item.get("DeniedActions"))
            if denied.get("Action") == action.call
        }

    def traffic(self, ids: Sequence[str]) -> dict[str, Sequence[Mapping[str, Any]]]:
        """The traffic packages of each of `ids`, as the service describes them; Lighthouse only."""
        found: dict[str, Sequence[Mapping[str, Any]]] = {}
        for batch in batches(ids):
            params = {"InstanceIds": list(batch), "Limit": PAGE}
            answer = self._call("DescribeInstancesTrafficPackages", params)
            for item in dicts(answer.get("InstanceTrafficPackageSet")):
                found[str(item.get("InstanceId"))] = dicts(item.get("TrafficPackageSet"))
        return found

    def act(self, action: Action, params: Callable[[], Mapping[str, Any]]) -> str:
        """Asks for `action`; the RequestId of the accepted call. Accepted is not done.

        `params` is asked for the parameters when the call's turn has come, at each attempt.
        """
        answer = self._call(action.call, params, repeatable=False)
        return str(answer.get("RequestId", ""))

    def monotonic(self) -> float:
        return self._cloud.monotonic()

    def _page(
        self, params: Mapping[str, Any], *, patience: float = PATIENCE
    ) -> tuple[list[Instance], int]:
        answer = self._call("DescribeInstances", params, patience=patience, listing="InstanceSet")
        items = [read_instance(item) for item in dicts(answer["InstanceSet"])]
        if not self._names:
            items = [item._replace(name="") for item in items]
        items = [item for item in items if item.id]
        shown = {item.id: item for item in items}
        for item in items:
            if item != shown[item.id]:
                raise NoAnswer(f"it shows {item.id} twice, and not alike")
        total = answer.get("TotalCount")
        return items, total if isinstance(total, int) else 0

    def _call(
        self,
        name: str,
        params: Params,
        *,
        repeatable: bool = True,
        patience: float = PATIENCE,
        listing: str | None = None,
    ) -> Answer:
        return self._cloud.call(
            self.site.resource.service,
            self.site.resource.version,
            self.site.region,
            name,
            params,
            repeatable=repeatable,
            patience=patience,
            listing=listing,
        )


def list_regions(cloud: Cloud, resource: Resource, patience: float = PATIENCE) -> list[str]:
    """The regions in which `resource` can be had now. Raises CallFailed where none is named."""
    answer = cloud.call(
        resource.service,
        resource.version,
        cloud.home,
        "DescribeRegions",
        {},
        patience=patience,
        listing="RegionSet",
    )
    available = {
        str(item["Region"])
        for item in dicts(answer["RegionSet"])
        if item.get("Region") and item.get("RegionState") != "UNAVAILABLE"
    }
    if not available:  # not to be taken for «nothing to do»
        raise CallFailed("DescribeRegions", "UnreadableAnswer", "it names no region")
    return sorted(available)


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
