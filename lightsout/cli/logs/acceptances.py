"""Read accepted calls from log lines, and judge the result of each of their instances."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.cli.logs.logfiles import site_of
from lightsout.model.report import CHARGED, id_of, why_skipped
from lightsout.model.resources.resource import ACTIONS
from lightsout.model.resources.scaling import members_action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.model.resources.instance import Instance
    from lightsout.model.resources.resource import Action, Site

# An operation that began this long before our call was accepted is an older one that a listing
# still shows: the service's times are whole seconds of its own clock.
SLACK = timedelta(seconds=5)

ACCEPTED = ".accepted"  # the end of the events about accepted calls
CONFIRMED, SUPERSEDED, FAILED = "confirmed", "superseded", "failed"
STILL_CHARGED = "still charged"
GONE, UNDER_WAY, UNKNOWN = "gone", "under way", "unknown"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One accepted call, from a log line."""

    request_id: str
    action: Action
    site: Site
    time: datetime
    instance_ids: tuple[str, ...]
    run_id: str = ""
    charged: frozenset[str] = frozenset()  # instances that its run saw stopped, but still charged
    through_group: bool = False  # their group made the calls: the RequestIds are not ours

    @property
    def call(self) -> str:
        """The name of the accepted call."""
        return (members_action(self.action) if self.through_group else self.action).call


@dataclass(frozen=True, slots=True)
class Became:
    """The result for one instance of an accepted call; the detail is for people."""

    what: str
    detail: str


class Acceptances(NamedTuple):
    """The accepted calls of a log, by time, and how many of its lines about such could not be read.

    These may be of a version that knows more than this one.
    """

    calls: list[Acceptance]
    unread: int


def read_acceptances(lines: Iterable[Mapping[str, Any]]) -> Acceptances:
    """Every `….accepted` line.

    Lines with one RequestId are one call, with all of their instances.
    """
    unread = 0
    found: dict[tuple[str, Site], Acceptance] = {}
    charged: dict[tuple[str, Site | None], set[str]] = defaultdict(set)  # by run
    for line in lines:
        one = _acceptance(line)
        if one:
            key = (one.request_id, one.site)
            first = found.get(key, one)
            ids = tuple(dict.fromkeys((*first.instance_ids, *one.instance_ids)))
            found[key] = replace(first, instance_ids=ids)
        elif str(line["event"]).endswith(ACCEPTED):
            unread += 1
        elif line["event"] == "verify.skipped" and why_skipped(str(line.get("reason"))) == CHARGED:
            charged[str(line["run_id"]), site_of(line)].update(ids_of(line))
    calls = []
    for one in found.values():
        seen = charged[one.run_id, one.site]
        calls.append(replace(one, charged=frozenset(filter(seen.__contains__, one.instance_ids))))
    return Acceptances(sorted(calls, key=lambda one: one.time), unread)


def ids_of(line: Mapping[str, Any]) -> list[str]:
    """The IDs of the instances in a line. CLS drops lists, so the text is read too."""
    ids = line.get("instance_ids", [])
    return [str(id_) for id_ in ids] if isinstance(ids, list) else []


def _acceptance(line: Mapping[str, Any]) -> Acceptance | None:
    name, site = str(line["event"]), site_of(line)
    ids = line.get("instance_ids", [])
    named = [line.get("request_id") or id_of(line), *(ids if isinstance(ids, list) else ())]
    if (
        not name.endswith(ACCEPTED)
        or not site
        or not all(isinstance(it, str) and it for it in named)
    ):
        return None
    try:
        return Acceptance(
            request_id=id_of(line),
            action=site.resource.action(ACTIONS[name.removesuffix(ACCEPTED)].name),
            site=site,
            time=datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%f%z"),
            instance_ids=tuple(ids_of(line)),
            run_id=str(line["run_id"]),
            through_group=bool(line.get("activity_id")),
        )
    except (KeyError, TypeError, ValueError):
        return None  # a cut line, or one of a newer version


def became(
    one: Acceptance, id_: str, instance: Instance | None, all_of_them: Sequence[Acceptance]
) -> Became:
    """The result of the call for the instance, from a look at it.

    LatestOperationRequestId says which operation the look shows
    (https://cloud.tencent.com/document/api/1207/47576). If its run wanted STOP_CHARGING
    and saw that the instance was charged, it counts as charged until a look shows otherwise.
    """
    what = _became(one, id_, instance, all_of_them)
    charged = id_ in one.charged and instance and instance.charging != "STOP_CHARGING"
    if instance and charged and what.what == CONFIRMED:
        why = instance.always_charged or f"StopChargingMode is {instance.charging or 'not shown'}"
        return Became(STILL_CHARGED, f"{instance.state}, but still charged: {why}")
    return what


def _became(
    one: Acceptance, id_: str, instance: Instance | None, all_of_them: Sequence[Acceptance]
) -> Became:
    if instance is None or instance.state in one.action.leaving:
        away = f"on its way out: {instance.state}" if instance else "no longer found"
        return Became(GONE, away)
    later = _later_call(one, id_, all_of_them)
    by_group = one.through_group and instance.operation == one.action.call and not later
    if instance.operation_request_id == one.request_id or by_group:
        return _by_its_own_operation(one, instance)
    if by := later or _successor(one, instance):
        return Became(SUPERSEDED, f"{instance.state}, after {by}")
    shows_id = one.site.resource.tells_operation_id
    if not shows_id and instance.operation == one.action.call:
        return _by_its_own_operation(one, instance)
    ends = {one.action.after: CONFIRMED, **dict.fromkeys(one.action.failed, FAILED)}
    if instance.state in ends:
        return Became(ends[instance.state], instance.state)
    return Became(UNDER_WAY, f"{instance.state}, {one.call} does not show yet")


def _later_call(one: Acceptance, id_: str, all_of_them: Sequence[Acceptance]) -> str | None:
    """The latest call in the log that superseded ours."""
    for other in reversed(all_of_them):  # the latest first
        if id_ in other.instance_ids and other.site == one.site and other.time > one.time:
            return f"{other.call} (RequestId {other.request_id})"
    return None


def _successor(one: Acceptance, instance: Instance) -> str | None:
    """The later operation that superseded ours, which the look shows."""
    if instance.operation_request_id and not _older(instance, one.time):
        return f"{instance.operation} (RequestId {instance.operation_request_id})"
    return None


def _by_its_own_operation(one: Acceptance, instance: Instance) -> Became:
    detail = f"{instance.state}, {instance.operation} {instance.operation_state}"
    if instance.operation_state == "FAILED":
        return Became(FAILED, detail)
    if instance.state == one.action.after and instance.operation_state != "OPERATING":
        return Became(CONFIRMED, instance.state)
    return Became(UNDER_WAY, detail)


def _older(instance: Instance, accepted: datetime) -> bool:
    started = instance.started_at()
    if started is None:
        return False
    if started.tzinfo is None:
        started = started.replace(tzinfo=timezone.utc)
    return started < accepted - SLACK
