"""The `only_if` of a policy: what the machine itself must meet, and why it does not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.instance import STARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.instance import Instance
    from lightsout.policy import OnlyIf, Policy

GB = 1024**3


class Traffic(NamedTuple):
    """The traffic of the month, over all packages of an instance; bytes."""

    used: int
    total: int  # 0: there is no limit
    renewed: datetime | None  # when the latest of its packages began

    @property
    def share(self) -> float:
        """What is used of the packages: over 1 where there is overage, 0 without a limit."""
        return self.used / self.total if self.total else 0.0

    @property
    def left(self) -> float:
        return self.total - self.used if self.total else float("inf")

    def __str__(self) -> str:
        if not self.total:
            return "no traffic limit"
        return f"{self.share:.0%} of {self.total / GB:.0f} GB traffic used"


class Met(NamedTuple):
    """Whether conditions are met, and in which words."""

    met: bool
    reason: str
    doubtful: bool = False  # it could not be told, which counts as not met


def _met(reason: str) -> Met:
    return Met(met=True, reason=reason)


def _unmet(reason: str) -> Met:
    return Met(met=False, reason=reason)


def _doubtful(reason: str) -> Met:
    return Met(met=False, reason=reason, doubtful=True)


def needs_traffic(only_if: OnlyIf) -> bool:
    limits = (only_if.traffic_used_at_least, only_if.traffic_used_below, only_if.traffic_left_below)
    return any(limit is not None for limit in limits)


def read_traffic(packages: Sequence[Mapping[str, Any]] | None, now: datetime) -> Traffic | None:
    """The packages in force at `now`, added up; None where they cannot be read.

    TrafficOverflow is what went beyond a package: with any of it the packages count as used up,
    and it comes on top. A package without a total has no limit, and then the instance has none.
    """
    current = []
    for package in packages or ():
        end = package.get("EndTime")
        until = _instant(end)
        if end and until is None:  # it may be over, and then its traffic does not count
            return None
        if until is None or now <= until:
            current.append(package)
    if not current:
        return None
    used = total = overflow = 0
    for package in current:
        part, whole = _number(package, "TrafficUsed"), _number(package, "TrafficPackageTotal")
        if part is None or whole is None:
            return None
        if whole <= 0:
            return Traffic(part, 0, _latest_start(current))
        used, total = used + max(0, part), total + whole
        overflow += max(0, _number(package, "TrafficOverflow") or 0)
    if overflow:
        used = max(used, total + overflow)
    return Traffic(used, total, _latest_start(current))


def _number(package: Mapping[str, Any], name: str) -> int | None:
    value = package.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def judge(policy: Policy, instance: Instance, traffic: Traffic | None, now: datetime) -> Met:
    """Whether the instance meets the policy's conditions; the first that it does not says why."""
    only_if, verdicts = policy.only_if, []
    if only_if.running_at_least is not None:
        verdicts.append(_running(only_if.running_at_least, instance, now))
    if needs_traffic(only_if):
        verdicts.append(_traffic(policy, instance, traffic))
    unmet = [verdict for verdict in verdicts if not verdict.met]
    return unmet[0] if unmet else _met(", ".join(verdict.reason for verdict in verdicts))


def _running(at_least: float, instance: Instance, now: datetime) -> Met:
    started = instance.started_at() if instance.operation in STARTS else None
    if started is None:
        latest = instance.operation or "unknown"
        return _doubtful(f"cannot tell since when it runs: its latest operation is {latest}")
    minutes = (now - started).total_seconds() / 60
    if minutes * 60 < at_least:
        return _unmet(f"running for {minutes:.0f} minutes, less than {at_least / 60:g}")
    return _met(f"running for {minutes:.0f} minutes")


def _traffic(policy: Policy, instance: Instance, traffic: Traffic | None) -> Met:
    only_if = policy.only_if
    least, left = only_if.traffic_used_at_least, only_if.traffic_left_below
    below = only_if.traffic_used_below
    if traffic is None:
        return _doubtful("its traffic packages cannot be read")
    if least is not None and traffic.share < least:
        return _unmet(f"{traffic}, less than {least:.0%}")
    if left is not None and traffic.left >= left:
        return _unmet(f"{traffic}, not less than {left / GB:g} GB left")
    if below is not None and traffic.share >= below:
        return _unmet(f"{traffic}, not below {below:.0%}")
    if below is not None and policy.when is None and _stopped_since_renewal(instance, traffic):
        return _unmet(f"{traffic}, but its package was not renewed since it was stopped")
    return _met(str(traffic))


def _stopped_since_renewal(instance: Instance, traffic: Traffic) -> bool:
    """Whether somebody, or another policy, stopped it while there was traffic left.

    A start without a window would undo that at the next tick; it is there to bring a machine back
    when its package was renewed. A time that cannot be read counts as since the renewal.
    """
    if instance.operation != "StopInstances":
        return False
    stopped = instance.started_at()
    return not (stopped and traffic.renewed and stopped < traffic.renewed)


def _latest_start(packages: Sequence[Mapping[str, Any]]) -> datetime | None:
    starts = [_instant(package.get("StartTime")) for package in packages]
    return max((start for start in starts if start), default=None)


def _instant(value: Any) -> datetime | None:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
    except (TypeError, ValueError):
        return None
