"""The `only_if` of a policy: conditions that the instance itself must meet.

Numbers are compared as whole numbers, and shown rounded down to the unit of their limit. So the
number shown is on the same side of the limit as the exact one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.texts.scalars import instant, time_unit
from lightsout.model.resources.instance import STARTS
from lightsout.model.resources.resource import START, STOP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.model.policy import OnlyIf, Policy
    from lightsout.model.resources.instance import Instance

GB, MB = 1024**3, 1024**2


class Traffic(NamedTuple):
    """The traffic of the month, over all packages of an instance; bytes."""

    used: int
    total: int  # 0: there is no limit
    renewed: datetime  # when the latest of its packages began

    def reaches(self, share: float) -> bool:
        """True if this share of the packages is used. Without a limit it never is."""
        return self.total > 0 and self.used * 100 >= _percent(share) * self.total

    @property
    def left(self) -> float:
        return self.total - self.used if self.total else float("inf")

    def __str__(self) -> str:
        if not self.total:
            return "no traffic limit"
        return f"{self.used * 100 // self.total}% of {_total(self.total)} traffic used"

    def with_left(self, limit: int | None) -> str:
        """The text of __str__, and the bytes left if the policy has a `limit` on those."""
        if limit is None or not self.total:
            return str(self)
        left = self.total - self.used
        return f"{self}, {_size(left, limit) if left > 0 else 'none'} left"


def _percent(share: float) -> int:
    return round(share * 100)


def _total(count: int) -> str:
    """The size of a package in GB; of a small one in a unit that makes it a whole number."""
    if count < 10 * GB and count % GB:
        return f"{count // MB} MB" if count >= MB else f"{count} bytes"
    return f"{count / GB:.0f} GB"


def _size(count: int, limit: int) -> str:
    """The bytes in the unit of the limit, GB or MB; in MB if they are less than one GB.

    A limit is a whole number of MB, GB or TB.
    """
    unit, name = (GB, "GB") if limit % GB == 0 and count >= GB else (MB, "MB")
    return f"{count // unit} {name}"


class Met(NamedTuple):
    """The result of checking conditions, with the reason."""

    met: bool
    reason: str
    doubtful: bool = False  # unknown, which counts as not met


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

    TrafficOverflow is the traffic beyond a package. If there is any, the packages count as used up,
    and it is added. A package without a total has no limit, and then the instance has none.

    One package that cannot be read makes the sum unknown: it may be in force, or have the traffic
    that a limit is about.
    """
    read = [_read_package(package) for package in packages or ()]
    known = [package for package in read if package]
    current = [package for package in known if package.begins <= now <= package.ends]
    if len(known) < len(read) or not current:
        return None
    renewed = max(package.begins for package in current)
    endless = next((package for package in current if not package.total), None)
    if endless:
        return Traffic(endless.used, 0, renewed)
    used, total = sum(it.used for it in current), sum(it.total for it in current)
    overflow = sum(it.overflow for it in current)
    return Traffic(max(used, total + overflow) if overflow else used, total, renewed)


class _Package(NamedTuple):
    """A traffic package; its time includes both ends."""

    begins: datetime
    ends: datetime
    used: int
    total: int  # 0: there is no limit
    overflow: int


def _read_package(package: Mapping[str, Any]) -> _Package | None:
    """The package; None if a field is missing or is not in the documented form."""
    begins, ends = _instant(package.get("StartTime")), _instant(package.get("EndTime"))
    names = ("TrafficUsed", "TrafficPackageTotal", "TrafficOverflow")
    used, total, overflow = (_count(package.get(name)) for name in names)
    if begins is None or ends is None or used is None or total is None or overflow is None:
        return None
    return _Package(begins, ends, used, total, overflow)


def _count(value: Any) -> int | None:
    """A number of bytes; None for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value >= 0 else None


def _instant(value: Any) -> datetime | None:
    try:
        return instant(value)
    except (TypeError, ValueError):
        return None


def check_conditions(
    policy: Policy, instance: Instance, traffic: Traffic | None, now: datetime
) -> Met:
    """Check the policy's conditions. The reason is that of the first condition that is not met."""
    only_if, verdicts = policy.only_if, []
    if only_if.running_at_least is not None:
        verdicts.append(_running(only_if.running_at_least, instance, now))
    if needs_traffic(only_if):
        verdicts.append(_traffic(policy, instance, traffic))
    unmet = [verdict for verdict in verdicts if not verdict.met]
    return unmet[0] if unmet else _met(", ".join(verdict.reason for verdict in verdicts))


def _running(at_least: float, instance: Instance, now: datetime) -> Met:
    if instance.state == STOP.after:
        return _unmet(f"it is {instance.state}")
    latest = instance.operation or "unknown"
    if instance.operation_state == "FAILED":  # it has been running since an earlier operation
        latest += " FAILED"
    started = instance.started_at() if latest in STARTS else None
    if started is None:
        return _doubtful(f"it is unknown since when it runs: its latest operation is {latest}")
    unit, name = time_unit(at_least)
    seconds = (now - started).total_seconds()
    said = f"running for {int(seconds // unit)} {name}"
    if seconds < at_least:
        return _unmet(f"{said}, less than {int(at_least // unit)}")
    return _met(said)


def _traffic(policy: Policy, instance: Instance, traffic: Traffic | None) -> Met:
    only_if = policy.only_if
    least, left = only_if.traffic_used_at_least, only_if.traffic_left_below
    below = only_if.traffic_used_below
    if traffic is None:
        return _doubtful("its traffic packages cannot be read")
    if least is not None and not traffic.reaches(least):
        return _unmet(f"{traffic}, less than {_percent(least)}%")
    if left is not None and traffic.left >= left:
        return _unmet(f"{traffic.with_left(left)}, not less than {_size(left, left)}")
    if below is not None and traffic.reaches(below):
        return _unmet(f"{traffic}, not below {_percent(below)}%")
    if below is not None and policy.when is None and _stopped_since_renewal(instance, traffic):
        return _unmet(f"{traffic}, but its package was not renewed since it was stopped")
    return _met(traffic.with_left(left))


def _stopped_since_renewal(instance: Instance, traffic: Traffic) -> bool:
    """True if a person or another policy may have stopped it since its package was renewed.

    Then it was not stopped for lack of traffic, and a start policy without a window would undo that
    stop at the next tick. A start policy without a window is for instances that were stopped before
    the renewal.

    The service shows only the latest operation. One since the renewal, or one whose time cannot be
    read, may hide the stop. A start that failed is tried again.
    """
    if instance.state == START.after or instance.operation == START.call:
        return False
    latest = instance.started_at()
    return latest is None or latest >= traffic.renewed
