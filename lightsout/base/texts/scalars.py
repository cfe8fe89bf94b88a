"""Convert texts of a policy file. Each function raises ValueError for what it cannot read."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"MB": 1024**2, "GB": 1024**3, "TB": 1024**4}  # 1024, as the service counts its packages


def duration(text: str) -> float:
    """`45s`, `30m`, `2h` or `7d` in seconds; ValueError for anything else."""
    digits, unit = text[:-1], text[-1:]
    if unit not in _SECONDS or not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise ValueError(f"{text!r} is not a duration such as 45s, 30m, 2h or 7d")
    return float(int(digits) * _SECONDS[unit])


def time_unit(limit: float) -> tuple[int, str]:
    """Seconds and name of the unit in which a limit of whole seconds is a whole number."""
    return (60, "minutes") if limit % 60 == 0 else (1, "seconds")


def share(text: str) -> float:
    """`95%` as 0.95."""
    return int(text.removesuffix("%")) / 100


def size(text: str) -> int:
    """`60GB` in bytes."""
    return int(text[:-2]) * _BYTES[text[-2:]]


def minutes(text: str) -> int:
    """`20:30` as minutes from midnight."""
    return int(text[:2]) * 60 + int(text[3:])


def uin_of(role: str) -> str:
    """Return the ID of the account that a role is in, without leading zeros."""
    return role.split(":")[4].removeprefix("uin/").lstrip("0")


def zone(text: str) -> ZoneInfo:
    """Return the IANA time zone of that name; ValueError where there is none."""
    found = _zone(text)
    if found is None:
        raise ValueError(f"{text!r} is no time zone")
    return found


@lru_cache(maxsize=1000)
def _zone(text: str) -> ZoneInfo | None:
    """Cached, because a zone that does not exist is searched in many files: 9,000 took 5 s."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return None


@cache
def zones() -> Sequence[str]:
    """Return the names of all time zones, sorted."""
    import zoneinfo  # noqa: PLC0415  reads hundreds of files: for a suggestion only

    return sorted(zoneinfo.available_timezones())


UTC = timezone.utc


# No zone is more than 14 hours ahead of UTC, or behind it.
_MOMENT = (
    r"(?a)(\d{4}-\d{2}-\d{2})"
    r"(?:T(\d{2}:\d{2}(?::\d{2})?)(Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?)?"
)


def parse_until(text: str, zone: tzinfo) -> datetime:
    """Return the instant at which "until TEXT" ends.

    A date alone lasts to the end of that day in `zone`. A time without an offset is local to
    `zone`. If the clocks show it twice, or skip it, the later reading counts. Raises ValueError for
    any other form.
    """
    form = re.fullmatch(_MOMENT, text)
    if form is None:
        raise ValueError(f"{text!r} is neither 2026-12-01 nor 2026-12-01T22:00[:00][+08:00]")
    day, clock, offset = form.groups()
    if clock is None:
        last = date.fromisoformat(day)
        if last == date.max:  # people write it for "forever"; no day follows it
            return datetime.combine(last, time.max, zone)
        return _later(datetime.combine(last + timedelta(days=1), time(), zone))
    if offset is None:
        return _later(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone))
    return datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset == 'Z' else offset}")


def instant(text: str) -> datetime:
    """Return a time of a service: `2026-11-23T12:00:00Z`. Raises ValueError for any other form."""
    if not re.fullmatch(r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", text):
        raise ValueError(f"{text!r} is no time such as 2026-11-23T12:00:00Z")
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _later(clock: datetime) -> datetime:
    """The later of the two readings of a wall-clock time. Mostly both are the same."""
    return min((clock.replace(fold=fold) for fold in (0, 1)), key=_offset_of)


def _offset_of(clock: datetime) -> timedelta:
    return clock.utcoffset() or timedelta()
