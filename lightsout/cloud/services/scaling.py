"""Ask Auto Scaling about instances, their groups, and the activities of the groups.

If an answer contradicts itself, the call is made once more. If the second answer does so too, it
counts as no answer. See cloud/services/answers.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cloud.sdk import CallFailed, OutOfTime, one_line
from lightsout.cloud.services.answers import NoAnswer
from lightsout.cloud.services.compute import PAGE, batches
from lightsout.model.resources.instance import dicts
from lightsout.model.resources.scaling import (
    ACTIVITIES,
    GROUPS,
    MEMBERS,
    REPLACING,
    SCALING,
    Membership,
    ScalingGroup,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from lightsout.cloud.client import Cloud
    from lightsout.cloud.sdk import Answer
    from lightsout.model.resources.resource import Action, Site

    Item = Mapping[str, Any]

_SECONDS = "%Y-%m-%dT%H:%M:%S"
ENDED_BADLY = frozenset({"FAILED", "CANCELLED"})  # StatusCode of an activity
# Seconds in which one listing is repeated; all its batches share them. A longer wait would delay
# other instances. Without an answer, the instances of a listing are kept.
PATIENCE = 20.0
NO_PATIENCE = 0.0  # for facts that the next look asks for anyway
SIZES = ("MinSize", "MaxSize", "DesiredCapacity", "InServiceInstanceCount")


class _Listing(NamedTuple):
    """A call that shows items by their IDs, a hundred at most."""

    call: str
    ids: str  # the parameter that names them
    items: str  # the list in its answer
    id: str  # the field that names one


_MEMBERS = _Listing(MEMBERS, "InstanceIds", "AutoScalingInstanceSet", "InstanceId")
_GROUPS = _Listing(GROUPS, "AutoScalingGroupIds", "AutoScalingGroupSet", "AutoScalingGroupId")
_ACTIVITIES = _Listing(ACTIVITIES, "ActivityIds", "ActivitySet", "ActivityId")


class Scaling:
    """The groups of one site."""

    def __init__(self, cloud: Cloud, site: Site) -> None:
        self._cloud = cloud
        self._region = site.region

    def memberships(self, ids: Iterable[str]) -> dict[str, Membership]:
        """The membership of each of `ids`, as far as known. Raises OutOfTime.

        An instance that a complete answer does not show is in no group.
        """
        shown = dict(self._each(_MEMBERS, sorted(ids)))
        members = [it for it in shown.values() if isinstance(it, dict)]
        named = {_text(it, _GROUPS.id) for it in members} - {""}
        groups = {id_: _group(it) for id_, it in self._each(_GROUPS, sorted(named))}
        return {id_: _membership(it, groups) for id_, it in shown.items()}

    def failures(self, ids: Collection[str]) -> dict[tuple[str, str], str]:
        """The reasons why activities failed, by ActivityId and instance. Raises CallFailed."""
        return {
            (id_, instance): why
            for batch in batches(sorted(ids))
            for id_, activity in self._surely(_ACTIVITIES, batch, NO_PATIENCE).items()
            for instance, why in _failures(activity)
        }

    def find(self, action: Action, group: str, ids: Collection[str], since: datetime) -> list[str]:
        """The activities of this kind that the group began after `since` for exactly `ids`.

        `since` is in UTC. The service keeps activities for two years, and documents no order: so
        only later ones are asked for. Raises CallFailed.
        """
        filters = {"auto-scaling-group-id": group, "activity-type": action.activity}
        params = {
            "Filters": [{"Name": name, "Values": [value]} for name, value in filters.items()],
            "StartTime": f"{since:{_SECONDS}Z}",
            "Limit": PAGE,
        }
        return [
            _text(item, "ActivityId")
            for item in dicts(self._call(_ACTIVITIES, params, NO_PATIENCE)[_ACTIVITIES.items])
            if sorted(it for it, _ in _related(item)) == sorted(ids)
            and (began := _instant(item)) is not None
            and began >= since
        ]

    def _each(
        self, listing: _Listing, ids: Sequence[str]
    ) -> Iterator[tuple[str, Item | str | None]]:
        """Each ID with its item, None if there is none, or the reason why that is unknown."""
        end = self._cloud.monotonic() + PATIENCE
        for batch in batches(ids):
            try:
                items = self._surely(listing, batch, end - self._cloud.monotonic())
            except OutOfTime:  # noqa: PERF203  instances of an unknown batch are kept
                raise
            except CallFailed as failure:
                yield from ((id_, failure.with_action) for id_ in batch)
            else:
                yield from ((id_, items.get(id_)) for id_ in batch)

    def _surely(self, listing: _Listing, ids: Sequence[str], patience: float) -> dict[str, Item]:
        try:
            return self._whole(listing, ids, patience)
        except NoAnswer:
            return self._whole(listing, ids, patience)

    def _whole(self, listing: _Listing, ids: Sequence[str], patience: float) -> dict[str, Item]:
        answer = self._call(listing, {listing.ids: list(ids), "Limit": PAGE}, patience)
        shown, total = answer[listing.items], answer.get("TotalCount")
        items = {_text(item, listing.id): item for item in dicts(shown)}
        if not items.keys() <= set(ids):
            raise NoAnswer("it shows what was not asked for", listing.call)
        if not len(items) == len(shown) == total:
            text = f"TotalCount is {total}, it shows {len(items)} in {len(shown)} items"
            raise NoAnswer(text, listing.call)
        return items

    def _call(self, listing: _Listing, params: Mapping[str, Any], patience: float) -> Answer:
        call = SCALING.call(self._region, listing.call)
        return self._cloud.call(call, params, patience=patience, listing=listing.items)


def _membership(item: Item | str | None, groups: Mapping[str, ScalingGroup | str]) -> Membership:
    if item is None:
        return Membership()
    if isinstance(item, str):
        return Membership(unknown=item)
    group = groups.get(_text(item, _GROUPS.id), f"{MEMBERS} does not name its group")
    if isinstance(group, str):
        return Membership(unknown=group)
    return Membership(group, _text(item, "LifeCycleState"))


def _group(item: Item | str | None) -> ScalingGroup | str:
    """The group, or the reason why it is unknown."""
    if isinstance(item, str):
        return item
    if item is None:
        return f"{GROUPS} does not show its group"
    sizes = [item.get(name) for name in SIZES]
    counts = [it for it in sizes if isinstance(it, int) and not isinstance(it, bool) and it >= 0]
    if len(counts) < len(sizes) or counts[0] > counts[1]:
        return f"{GROUPS}: {', '.join(SIZES)} of its group cannot be read"
    settings = item.get("ServiceSettings")
    known = settings if isinstance(settings, dict) else {}
    risks = tuple(
        _risk(name, known.get(name)) for name in REPLACING if known.get(name) is not False
    )
    busy = item.get("InActivityStatus") == "IN_ACTIVITY"
    least, most, desired, serving = counts
    return ScalingGroup(_text(item, _GROUPS.id), least, most, desired, serving, busy, risks)


def _risk(name: str, value: Any) -> str:
    return f"{name} is {'true' if value is True else 'not shown'}"


def _failures(activity: Item) -> Iterator[tuple[str, str]]:
    """Each instance for which the activity failed, with the reason."""
    status = _text(activity, "StatusCode")
    reasons = {
        _text(it, "InstanceId"): f"{_text(it, 'Code')}: {_text(it, 'Message')}"
        for it in dicts(activity.get("DetailedStatusMessageSet"))
    }
    for id_, ended in _related(activity):
        if ended == "FAILED" or (status in ENDED_BADLY and ended != "SUCCESSFUL"):
            why = reasons.get(id_) or _text(activity, "StatusMessage") or "no reason is given"
            yield id_, f"{ended if ended == 'FAILED' else status}: {one_line(why)}"


def _related(activity: Item) -> Iterator[tuple[str, str]]:
    for it in dicts(activity.get("RelatedInstanceSet")):
        yield _text(it, "InstanceId"), _text(it, "InstanceStatus")


def _instant(activity: Item) -> datetime | None:
    try:
        return datetime.strptime(_text(activity, "CreatedTime"), f"{_SECONDS}%z")
    except ValueError:
        return None


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
