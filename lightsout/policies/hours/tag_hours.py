"""Read the hours that the owner of a machine wrote into its tag: `mon-fri 08:30-20:00`.

docs/owners-tags.md has the grammar. A text with two possible meanings is refused.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.policy import WHOLE_DAY, When

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("everyday", "workdays", "holidays")
# The days that each word names in a week without a holiday, to compare two entries.
_PLAIN_WEEK = {"everyday": range(7), "workdays": range(5), "holidays": range(5, 7)}
HOW = "write for example `mon-fri 08:30-20:00`, or `on` or `off`"
LONGEST = 255  # characters: a tag has no more

_DAYS = r"([a-z]+(?:-[a-z]+)?)?"
_ENTRY = re.compile(rf"{_DAYS}([0-9][0-9:-]*)?{_DAYS}")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_SPAN = re.compile(r"([0-9:]+)-([0-9:]+)")
_MEANT = {
    "weekdays": "mon-fri or workdays", "weekday": "mon-fri or workdays", "weekend": "sat,sun",
    "weekends": "sat,sun", "daily": "everyday", "workday": "workdays", "holiday": "holidays",
    "am": "the 24-hour clock", "pm": "the 24-hour clock", "always": "on", "never": "off",
}  # fmt: skip


class Hours(NamedTuple):
    """The times when a machine is on: those of each entry, or a single word instead."""

    entries: tuple[When, ...] = ()
    word: str = ""  # on or off


class UnreadableHours(ValueError):
    """A value cannot be read. The message says why, and how to write it."""


class _Entry(NamedTuple):
    days: str | frozenset[int]
    start: int
    end: int
    days_first: bool
    days_last: bool


def read_hours(*values: str, holidays: Mapping[date, bool]) -> Hours:
    """Return the hours in the one value of a tag; raises UnreadableHours.

    `holidays`: the corrections of the calendar in the policy's file.
    """
    if len(values) != 1:
        raise _unreadable(f"the tag has {len(values)} values")
    (value,) = values
    parts = _plain(value).split(",")
    if parts in (["on"], ["off"]):
        return Hours(word=parts[0])
    entries = list(_entries(parts))
    _refuse_two_orders(entries, parts)
    _refuse_days_for_some(entries, parts)
    _refuse_overlaps(entries)
    return Hours(
        tuple(When(it.days, it.start, it.end, enforce=False, holidays=holidays) for it in entries)
    )


def _plain(value: str) -> str:
    """Return the value in lower case and without blanks. Only ASCII has a meaning here."""
    if len(value) > LONGEST:
        raise _unreadable(f"it has {len(value)} characters")
    if "tz=" in value.lower():
        raise _unreadable("it names a time zone, which the policy does")
    if odd := re.search("[^A-Za-z0-9:, -]", value):
        raise _unreadable(f"it has {_named(odd[0])}")
    if split := re.search("[0-9] +[0-9]", value):
        raise _unreadable(f"it has a blank in {split[0]!r}")
    plain = value.replace(" ", "").lower()
    if not plain:
        raise _unreadable("it is empty")
    return plain


def _named(sign: str) -> str:
    if sign.isascii() and sign.isprintable():
        return repr(sign)
    from lightsout.policies.mistakes.characters import name  # noqa: PLC0415  only an unreadable tag pays for it

    return name(sign)


def _entries(parts: Sequence[str]) -> Iterator[_Entry]:
    """Yield the entries; days joined by commas stand before their hours."""
    waiting: list[str] = []
    for part in parts:
        form = _ENTRY.fullmatch(part)
        if form is None or not part:
            raise _unreadable(f"{part!r} is no entry" if part else "an entry is empty")
        before, hours, after = (found or "" for found in form.groups())
        if not hours:
            waiting.append(before)
            continue
        if before and after:
            raise _unreadable(f"days stand before and after {hours}")
        if waiting and not before:
            raise _unreadable(f"{waiting[-1]} has no hours")
        days = _days([*waiting, *filter(None, [before or after])])
        yield _Entry(days, *_span(hours), days_first=bool(before), days_last=bool(after))
        waiting = []
    if waiting:
        raise _unreadable(f"{waiting[-1]} has no hours")


def _days(words: Sequence[str]) -> str | frozenset[int]:
    """Return one of KINDS, or days of the week from 0 = Monday; every day if none is named."""
    if not words:
        return "everyday"
    if len(words) == 1 and words[0] in KINDS:
        return words[0]
    return frozenset(day for word in words for day in _weekdays(word))


def _weekdays(word: str) -> range:
    first, _, last = word.partition("-")
    for name in (first, last or first):
        if name not in WEEKDAYS:
            meant = _MEANT.get(name) or (name[:3] if name[:3] in WEEKDAYS else "")
            alone = "stands alone before its hours" if name in KINDS else "is no day"
            raise _unreadable(f"{name!r} {alone}{f' ({meant}?)' if meant else ''}")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if last and begin >= end:
        raise _unreadable(f"{word} does not go forward in a week")
    return range(begin, end + 1)


def _span(text: str) -> tuple[int, int]:
    form = _SPAN.fullmatch(text)
    if form is None:
        raise _unreadable(f"{text!r} is no time such as 08:30-20:00")
    start, end = _minutes(form[1]), _minutes(form[2])
    if start == WHOLE_DAY:
        raise _unreadable("24:00 is no time to begin at")
    if start == end:
        raise _unreadable(f"{text} ends where it begins")
    return start, end


def _minutes(text: str) -> int:
    form = _TIME.fullmatch(text)
    hour, minute = (int(form[1]), int(form[2])) if form else (99, 99)
    if minute > 59 or hour * 60 + minute > WHOLE_DAY:
        raise _unreadable(f"{text} is no time from 00:00 to 24:00")
    return hour * 60 + minute


def _refuse_two_orders(entries: Sequence[_Entry], parts: Sequence[str]) -> None:
    """Refuse `08:00-12:00 mon, tue 09:00-10:00`: the hours of tuesday are unclear."""
    for one, following in pairwise(entries):
        if one.days_last and following.days_first:
            raise _unreadable(f"in {','.join(parts)} days stand before and after hours")


def _refuse_days_for_some(entries: Sequence[_Entry], parts: Sequence[str]) -> None:
    """Refuse `mon-fri 08:00-12:00, 13:00-18:00`: the second hours may be for the same days."""
    if len({one.days_first or one.days_last for one in entries}) > 1:
        raise _unreadable(f"in {','.join(parts)} only some hours have days")


def _refuse_overlaps(entries: Sequence[_Entry]) -> None:
    """Refuse two entries for one time of a plain week: one may be meant to replace the other."""
    seen: set[int] = set()
    for one in entries:
        days = _PLAIN_WEEK[one.days] if isinstance(one.days, str) else one.days
        length = (one.end - one.start) % WHOLE_DAY or WHOLE_DAY
        begins = [day * WHOLE_DAY + one.start for day in days]
        minutes = {(begin + at) % (7 * WHOLE_DAY) for begin in begins for at in range(length)}
        if seen & minutes:
            raise _unreadable("two of its times overlap")
        seen |= minutes


def _unreadable(why: str) -> UnreadableHours:
    return UnreadableHours(f"{why}: {HOW}")
