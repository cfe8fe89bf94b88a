"""Instants that people write, and what they mean in a zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:[0-5]\d)?)?", re.ASCII
)


def parse_until(text: str, zone: tzinfo) -> datetime:
    """The instant at which «until TEXT» is over.

    A bare date holds through the end of that day in `zone`; a time without an offset is local to
    `zone`. Raises ValueError for any other form.
    """
    form = _MOMENT.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} is neither 2026-12-01 nor 2026-12-01T22:00[:00][+08:00]")
    day, clock, offset = form.groups()
    if clock is None:
        last = date.fromisoformat(day)
        if last == date.max:  # how people write «for ever»; no day follows it
            return datetime.combine(last, time.max, zone)
        return datetime.combine(last + timedelta(days=1), time(), zone)
    if offset is None:
        return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    return datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset == 'Z' else offset}")
