"""Read a file of holidays, in the form that holiday-cn publishes for each year.

Its form is https://github.com/NateScarlet/holiday-cn (MIT licence): a year, and its days off and
make-up workdays. The list of days is empty for a year that is not announced yet.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lightsout.policies.reading import yamltree as yamltext
from lightsout.policies.reading.reader import Reader, value_of
from lightsout.policies.reading.yamltree import MAX_BYTES, START, Position
from lightsout.policies.schema.shapes import Field, Fields, ListOf, Scalar
from lightsout.policies.schema.texts import DATE, FILLED, TEXT, YES_NO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from lightsout.policies.reading.reader import Found
    from lightsout.policies.reading.yamltree import Complaints

YEAR = Scalar("a year such as 2027", r"(?!0000)[0-9]{4}", int)
DAY = Fields(
    "a day",
    (
        Field("name", TEXT, "The holiday.", required=True),
        Field("date", DATE, "The day.", required=True),
        Field("isOffDay", YES_NO, "Whether it is off, or a make-up workday.", required=True),
    ),
)
CALENDAR = Fields(
    "a file of holidays",
    (
        Field("$schema", FILLED, "Its form."),
        Field("$id", FILLED, "Where it was published."),
        Field("year", YEAR, "The year of the announcement.", required=True),
        Field("papers", ListOf("a list of addresses", FILLED, 0), "The announcements."),
        Field("days", ListOf("a list of days", DAY, 0), "Its days.", required=True),
    ),
)


def read_calendar(data: bytes, complaints: Complaints, warnings: Complaints) -> Mapping[date, bool]:
    """The days of the file, each True for a workday. Not all of them, if it complains.

    `warnings` takes remarks that are no mistakes.
    """
    if not _is_json(data, complaints):
        return {}
    tree = yamltext.read(data.replace(b"\t", b" "), complaints)
    found = Reader(complaints).read(CALENDAR, tree, "the file") if tree else None
    return MappingProxyType(_days(found, complaints, warnings) if found else {})


def _is_json(data: bytes, complaints: Complaints) -> bool:
    """True if it is JSON. Then it is read as YAML, which gives each node its place."""
    if len(data) > MAX_BYTES:
        complaints.add(START, f"larger than {MAX_BYTES // 1024} KB: no year has so many holidays")
        return False
    try:
        # Numbers stay texts: a long one would take seconds to convert.
        json.loads(data, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        complaints.add(Position(error.lineno, error.colno), f"not JSON: {_plain(error.msg)}")
    except UnicodeDecodeError:
        return True  # the reader of YAML will say where
    except (ValueError, RecursionError) as error:
        words = "nested too deep" if isinstance(error, RecursionError) else str(error)
        complaints.add(START, f"not JSON: {words}")
    else:
        return True
    return False


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]


def _days(found: Found[Any], complaints: Complaints, warnings: Complaints) -> dict[date, bool]:
    """The days, with a complaint about each wrong one."""
    days: dict[date, bool] = {}
    first: dict[date, Position] = {}
    year = found.it.get("year")
    listed: Sequence[Found[Any]] = value_of(found.it.get("days"), [])
    if "days" in found.it and not listed:
        what = "days is empty: the holidays were not announced yet when this was published"
        warnings.add(found.it["days"].at, what)
    for day, works in (_day(one.it) for one in listed):
        if day and works:
            days[day.it] = not works.it
            _check_day(day, year, first.setdefault(day.it, day.at), complaints)
    return days


def _day(keys: Mapping[str, Found[Any]]) -> tuple[Found[date] | None, Found[bool] | None]:
    return keys.get("date"), keys.get("isOffDay")


def _check_day(
    day: Found[date], year: Found[int] | None, first: Position, complaints: Complaints
) -> None:
    """Complain of a repeated day, or a day of neither the announced year nor the one before."""
    if first is not day.at:
        complaints.add(day.at, f"{day.it} is repeated, first at {first.line}:{first.column}")
    elif year and day.it.year not in (year.it - 1, year.it):
        complaints.add(day.at, f"{day.it} is not of {year.it}, nor of the year before")
