"""Workdays of mainland China, with the make-up workdays (调休) on weekends.

The days come from `chinesecalendar`, which has the days that the State Council announces for each
year in the autumn before. It is imported only where a policy asks for workdays or holidays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

SATURDAY = 5


def is_workday(day: date, corrections: Mapping[date, bool]) -> bool:
    """True if `day` is a workday; `corrections` override the calendar.

    In a year that the calendar does not cover, Monday to Friday are workdays.
    """
    if day in corrections:
        return corrections[day]
    known = _known()
    if day in known.holidays:
        return False
    return day in known.workdays or day.weekday() < SATURDAY


def last_year() -> int:
    """Return the last year whose holidays are known."""
    return int(max(_known().holidays).year)


def name_of(day: date) -> str | None:
    """Return the Chinese name of the day's holiday, or of the holiday of a make-up workday."""
    known = _known()
    name = known.holidays.get(day) or known.workdays.get(day)
    return str(known.Holiday(name).chinese) if name else None


def _known() -> Any:
    # Only a policy that asks for it pays for the import; the library ships no types.
    from chinese_calendar import constants  # type: ignore[import-untyped]  # noqa: PLC0415

    return constants
