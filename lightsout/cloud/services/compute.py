"""List, look at, stop and start the instances of one site, for every resource."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cloud.client import PATIENCE
from lightsout.cloud.error_codes import NO_SUCH_INSTANCE
from lightsout.cloud.sdk import LONGEST_NAME, CallFailed, one_line
from lightsout.cloud.services.answers import NoAnswer, add, read_page
from lightsout.cloud.services.queries import params_of
from lightsout.cloud.threads import side_by_side
from lightsout.model.job import Look
from lightsout.model.resources.instance import dicts

if TYPE_CHECKING:
    from lightsout.cloud.client import Cloud, Params
    from lightsout.cloud.sdk import Answer
    from lightsout.cloud.services.answers import Page
    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action, Resource, Site
    from lightsout.model.resources.scaling import Membership

Filter = Mapping[str, object]  # Name and Values

PAGE = 100  # Limit of DescribeInstances and its like: 20 or 10 unless asked, 100 at most
BATCH = 100  # instances in one call, at most, for most calls
PAGES_AHEAD = 100  # read in parallel, at most: TotalCount may be wrong
READINGS = 5  # of a listing, at most, while it does not agree with TotalCount
TRAFFIC = "DescribeInstancesTrafficPackages"
MOST_PAGES = 5000  # of a reading: half a million instances


class Listing(NamedTuple):
    """Instances, and when the oldest answer that shows one of them was asked for."""

    at: float  # seconds of the monotonic clock
    instances: dict[str, Instance]


class Compute:
    """The calls for one site. Looks at many instances use `threads` threads."""

    def __init__(self, cloud: Cloud, site: Site, threads: int = 1) -> None:
        self._cloud = cloud
        self.threads = threads
        self.site = site
        self._shown_by = site.resource.listing

    def search(self, queries: Sequence[Sequence[Filter]]) -> Listing:
        """Every instance that one of the queries finds."""
        at = self.monotonic()
        found: dict[str, Instance] = {}
        try:
            for filters in queries:
                found |= self._search(filters)
        except CallFailed as failure:
            if failure.code != self.site.resource.not_opened:
                raise
        return Listing(at, found)

    def _search(self, filters: Sequence[Filter]) -> dict[str, Instance]:
        """Every instance that the filters find, as the newest answers show it.

        Pages go by offset, while the fleet changes: an item that moves between two pages is missed
        or repeated. So the instances are counted, and the list is read again while they are fewer
        than TotalCount. A complete reading is the answer. An instance that only an older reading
        shows may be stopped, protected or gone by now: it is looked at by ID before it completes a
        newer one. Raises CallFailed if no reading becomes complete.
        """
        older: set[str] = set()  # IDs that earlier readings show
        for _ in range(READINGS):
            try:
                shown, total = self._read_pages(filters)
                missed = older - shown.keys()
                if len(shown) < total <= len(shown) + len(missed):
                    shown |= self.describe(sorted(missed))
            except NoAnswer as failure:
                why = failure
                continue
            if len(shown) >= total:
                return shown
            older |= shown.keys()
            text = f"TotalCount is {total}, but {READINGS} readings show {len(older)}"
            why = NoAnswer(text, self._shown_by.name)
        raise why

    def _read_pages(self, filters: Sequence[Filter]) -> tuple[dict[str, Instance], int]:
        """One reading, and the highest TotalCount of its pages (0 if they have none).

        Instances beyond TotalCount count too: after a full page, another one is read.

        Raises NoAnswer if two pages show one instance with differences: it is unknown which is
        newer. Raises CallFailed if there are far more pages than the first TotalCount needs, or
        more instances than the last page that can be asked for shows. That page has a limit for all
        that remain, and a page more.
        """

        def limit_at(offset: int) -> int:
            last = offset + PAGE > furthest
            return max(0, highest - offset) + PAGE if last else PAGE

        def read(offset: int) -> Page:
            limits = {"Offset": offset, "Limit": limit_at(offset)}
            params = {**params_of(filters, self._shown_by), **limits}
            return self._page(params, patience=math.inf)  # without it there is no run

        seen: dict[str, Instance] = {}
        furthest = self._shown_by.furthest
        offset = highest = pages = most = 0
        offsets: Sequence[int] = [0]
        while True:
            known = len(seen)
            for page in side_by_side(read, offsets, self.threads):
                add(seen, page.instances.values(), self._shown_by.name)
                full = len(page.instances) in (PAGE, limit_at(offset))
                offset += len(page.instances)
                highest = max(highest, page.total or 0)
            more = offset < highest or (full and offset != highest)
            if not more or len(seen) == known:
                return seen, highest
            pages += len(offsets)
            most = most or min(2 * (highest // PAGE) + PAGES_AHEAD, MOST_PAGES)
            if pages > most:
                text = f"{pages} pages show {len(seen)} instances of {highest}, and do not end"
                raise CallFailed(self._shown_by.name, "UnreadableAnswer", text)
            if offset > furthest:
                if full:  # there may be more
                    text = f"it shows {len(seen)} instances of {highest}, and no page after them"
                    raise CallFailed(self._shown_by.name, "TooManyInstances", text)
                return seen, highest
            following = range(offset, min(max(highest, offset + 1), furthest + 1), PAGE)
            offsets = following[: min(PAGES_AHEAD, most + 1 - pages) if full else 1]

    def find(self, ids: Sequence[str]) -> Listing:
        """The instances of `ids` that a listing shows. Others are not acted on."""
        listing = self._shown_by
        if not listing.always:
            return self._find(ids)
        parts = batches(ids, listing.filter_values)
        return self.search([[{"Name": listing.ids_filter, "Values": list(it)}] for it in parts])

    def _find(self, ids: Sequence[str]) -> Listing:
        """The instances of `ids` that are shown, `most` in a call.

        For one unknown ID, Lighthouse may refuse the whole query; CVM answers without it. Both end
        in a listing without it. A single look does not prove that such an instance is gone.
        """
        if not ids:
            return Listing(self.monotonic(), {})
        parts = list(batches(ids, self._shown_by.most_ids))
        return _joined(list(side_by_side(self._find_surely, parts, self.threads)))

    def look(self, ids: Sequence[str]) -> Look:
        """Look at `ids` now."""
        began, found = self._find(ids)
        return Look(began, self.monotonic(), found)

    def describe(self, ids: Sequence[str]) -> dict[str, Instance]:
        """The instances of `ids` that are shown."""
        return self._find(ids).instances

    def _find_surely(self, ids: Sequence[str]) -> Listing:
        try:
            return self._find_batch(ids)
        except NoAnswer:
            return self._find_batch(ids)

    def _find_batch(self, ids: Sequence[str]) -> Listing:
        """Never called without IDs: the service takes an empty list for none, and lists all."""
        at = self.monotonic()
        try:
            page = self._page({**self._shown_by.naming(ids), "Limit": PAGE})
        except CallFailed as failure:
            if failure.code not in NO_SUCH_INSTANCE:
                raise
            named = failure.named(ids)
            rest = [id_ for id_ in ids if id_ not in named]
            half = 0 if named or len(ids) == 1 else len(ids) // 2
            parts = [rest[:half], rest[half:]] if len(ids) > 1 else []
            looks = [self._find_batch(part) for part in parts if part]
            return _joined([Listing(at, {}), *looks])
        if not page.instances.keys() <= set(ids):
            text = "it shows instances that were not asked for"
            raise NoAnswer(text, self._shown_by.name)
        shown, total = len(page.instances), page.total
        if shown < (len(ids) if total is None else min(total, len(ids))):
            raise NoAnswer(f"TotalCount is {total}, it shows {shown}", self._shown_by.name)
        return Listing(page.at, page.instances)

    def count(self) -> int:
        """The number of instances at this site, whatever their state and tags."""
        page = self._page({"Offset": 0, "Limit": 1}, patience=math.inf)
        shown, total = len(page.instances), page.total
        if total is None or total < shown or (total and not shown):
            raise NoAnswer(f"TotalCount is {total}, it shows {shown}", self._shown_by.name)
        return total

    def denied(self, ids: Sequence[str], action: Action) -> dict[str, CallFailed]:
        """Those of `ids` for which the service would refuse `action` now, each with its refusal."""
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
            answer = self._call(TRAFFIC, params)
            for item in dicts(answer.get("InstanceTrafficPackageSet")):
                id_, packages = str(item.get("InstanceId")), dicts(item.get("TrafficPackageSet"))
                if found.setdefault(id_, packages) != packages:
                    raise NoAnswer(f"it shows {id_} twice, with differences", TRAFFIC)
        return found

    def act(self, action: Action, params: Callable[[], Mapping[str, Any]]) -> tuple[str, str]:
        """Send a call of `action`; RequestId and ActivityId, if any. Accepted is not done.

        `params` is called for the parameters just before an attempt is sent.
        """
        call = (action.api or self.site.resource.api).call(self.site.region, action.call)
        answer = self._cloud.call(call, params, repeatable=False)
        return str(answer.get("RequestId", "")), str(answer.get("ActivityId") or "")

    def memberships(self, ids: Iterable[str]) -> dict[str, Membership]:
        """The memberships of `ids` in groups, as far as known. Raises OutOfTime only."""
        from lightsout.cloud.services.scaling import Scaling  # noqa: PLC0415  few policies include members

        return Scaling(self._cloud, self.site).memberships(ids)

    def monotonic(self) -> float:
        return self._cloud.monotonic()

    def _page(self, params: Mapping[str, Any], *, patience: float = PATIENCE) -> Page:
        """One answer that shows instances; raises NoAnswer if it contradicts itself."""
        at = self.monotonic()

        def params_now() -> Mapping[str, Any]:
            nonlocal at
            at = self.monotonic()  # a throttled attempt is no look
            return params

        listing = self._shown_by
        answer = self._call(listing.name, params_now, patience=patience, listing=listing.items)
        return read_page(answer, self.site.resource, at=at)

    def _call(
        self,
        name: str,
        params: Params,
        *,
        patience: float = PATIENCE,
        listing: str | None = None,
    ) -> Answer:
        call = self.site.resource.api.call(self.site.region, name)
        return self._cloud.call(call, params, patience=patience, listing=listing)


def _joined(looks: Sequence[Listing]) -> Listing:
    """One look made of several, as old as the oldest of them."""
    found: dict[str, Instance] = {}
    for look in looks:
        found |= look.instances
    return Listing(min(look.at for look in looks), found)


def list_regions(cloud: Cloud, resource: Resource, patience: float = PATIENCE) -> list[str]:
    """The regions that have `resource` now. Raises CallFailed if the answer names none."""
    call = resource.api.call(cloud.home, "DescribeRegions")
    try:
        answer = cloud.call(call, {}, patience=patience, listing="RegionSet")
    except CallFailed as failure:
        if failure.code == resource.not_opened:
            return []
        raise
    available = {
        str(item["Region"])
        for item in dicts(answer["RegionSet"])
        if item.get("Region") and item.get("RegionState") != "UNAVAILABLE"
    }
    if not available:  # no region does not mean that there is nothing to do
        raise CallFailed("DescribeRegions", "UnreadableAnswer", "it names no region")
    return sorted(available)


def batches(ids: Sequence[str], size: int = BATCH) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
