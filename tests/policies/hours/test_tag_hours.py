"""The hours that owners write into the tags of their machines, and what is not read."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lightsout.decide.own_hours import due_by_hours
from lightsout.model.policy import AfterEdge, OwnHours
from lightsout.policies.hours.tag_hours import UnreadableHours, read_hours
from tests.policies.hours.test_uptime_windows import when_of
from tests.support.paths import ROOT
from tests.support.values import NOW, any_text
from tests.support.window_oracle import MINUTE, UTC, WEEKDAYS, UptimeCase, WindowCase

PAGE = (ROOT / "docs/owners-tags.md").read_text("utf-8")
SHANGHAI = ZoneInfo("Asia/Shanghai")
KINDS = ["everyday", "workdays", "holidays"]


def is_readable(value: str) -> bool:
    try:
        read_hours(value, holidays={})
    except UnreadableHours:
        return False
    return True


def action_due(value: str, instant: datetime, *, enforce: bool = False) -> str | None:
    """The decision of a policy by tags on such a machine, in whichever state it is."""
    due = [
        action
        for action, opening in (("start", True), ("stop", False))
        if due_by_hours(
            OwnHours("h", opening, 7200.0, enforce, {}), SHANGHAI, [value], instant
        ).kept
        is None
    ]
    assert len(due) < 2, "never both"
    return due[0] if due else None


# A second grammar: one expression for what the contract allows ------------------------------------

DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
SOME = f"{DAY}(?:-{DAY})?"
WORD = "(?:everyday|workdays|holidays)"
SPAN = r"\d?\d:\d\d-\d?\d:\d\d"
ENTRY = f"(?:(?:{WORD}|{SOME}(?:,{SOME})*){SPAN}|{SPAN}(?:{WORD}|{SOME}))"
GRAMMAR = re.compile(f"on|off|{ENTRY}(?:,{ENTRY})*|{SPAN}(?:,{SPAN})*", re.ASCII)


def fits(value: str) -> bool:
    return bool(GRAMMAR.fullmatch(value.lower().replace(" ", "")))


# Values, each made from what it shall mean --------------------------------------------------------


@st.composite
def entries(draw):
    """Days as a case has them, as a tag has them, and the times."""
    first, length = draw(st.integers(0, 6)), draw(st.integers(1, 7))
    listed = WEEKDAYS[first : first + length]
    word = draw(st.sampled_from([*KINDS, "listed", "range", ""]))
    if word == "range" and len(listed) > 1:
        days, text = " ".join(listed), f"{listed[0]}-{listed[-1]}"
    elif word in ("listed", "range"):
        days, text = " ".join(listed), ",".join(draw(st.permutations(listed)))
    else:
        days, text = word or "everyday", word
    start, end = draw(st.integers(0, 95)) * 15, draw(st.integers(1, 96)) * 15
    assume(start != end)
    return days, text, start, end


def shown(minute: int, *, short: bool) -> str:
    hour = minute // 60
    return f"{hour if short else f'{hour:02}'}:{minute % 60:02}"


@st.composite
def values(draw):
    """A value; its times on as the oracle has them."""
    cases, texts = [], []
    after = draw(st.booleans())
    for days, text, start, end in draw(st.lists(entries(), min_size=1, max_size=3)):
        between = f"{shown(start, short=False)}-{shown(end, short=False)}"
        cases.append(WindowCase("Asia/Shanghai", days, between))
        hours = "-".join(shown(it, short=draw(st.booleans())) for it in (start, end))
        last = after and "," not in text
        assume(not after or last)
        texts.append((f"{hours} {text}" if last else f"{text} {hours}").strip())
    assume(len({text[-1].isdigit() and text[0].isdigit() for text in texts}) == 1)
    value = ",".join(texts)
    value = re.sub(
        "[-:,]", lambda sign: draw(st.sampled_from(["{}", "{} ", " {}"])).format(sign[0]), value
    )
    return draw(st.sampled_from([str.lower, str.upper, str.title]))(value), tuple(cases)


def overlap(cases) -> bool:
    """True if two of them hold for one minute of a week without holidays: 9 to 15 November 2026."""
    week = [datetime(2026, 11, 8, 16, tzinfo=UTC) + number * 15 * MINUTE for number in range(672)]
    return any(sum(case.inside(at) for case in cases) > 1 for at in week)


@given(
    values(),
    st.datetimes(datetime(2025, 2, 1), datetime(2026, 12, 20)),  # noqa: DTZ001
    st.booleans(),
)
@settings(deadline=None)  # for times that are always on, edges are searched in 400 days
def test_a_value_means_what_it_was_made_from_and_an_overlap_means_nothing(made, moment, enforce):
    value, cases = made
    instant = moment.replace(tzinfo=UTC, second=0, microsecond=0)
    uptime = UptimeCase(cases, timedelta(hours=2), enforce)

    assert fits(value)
    assert is_readable(value) != overlap(cases)
    wanted = uptime.due_at(instant) if is_readable(value) else None
    assert action_due(value, instant, enforce=enforce) == wanted


ALWAYS = [
    "00:00-24:00",
    "08:00-20:00, 20:00-08:00",
    "mon-fri 00:00-24:00, sat,sun 00:00-24:00",
    "workdays 00:00-24:00, holidays 00:00-24:00",
]


@pytest.mark.parametrize("value", ALWAYS)
def test_times_on_that_leave_no_time_off_never_stop(value):
    for quarters in range(0, 7 * 96, 29):
        instant = datetime(2026, 11, 2, tzinfo=UTC) + quarters * 15 * MINUTE
        assert action_due(value, instant) is None
        assert action_due(value, instant, enforce=True) == "start"


@pytest.mark.parametrize("value", ALWAYS)
def test_times_on_that_leave_no_time_off_are_as_the_word_on(value):
    instant = datetime(2026, 11, 2, tzinfo=UTC)
    for opening in (True, False):
        for enforce in (True, False):
            own = OwnHours("h", opening, 7200.0, enforce, {})
            word, hours = (due_by_hours(own, SHANGHAI, [it], instant) for it in ("on", value))

            assert hours.reason == word.reason.replace("h=on", f"h={value} (always on)")
            assert (hours.kept is None, hours.opened) == (word.kept is None, word.opened)


def test_no_calendar_is_searched_for_an_edge_that_there_is_not(mocker):
    searched = mocker.patch("lightsout.decide.own_hours.window_at")

    for value in ALWAYS:
        due_by_hours(OwnHours("h", True, 7200.0, True, {}), SHANGHAI, [value], NOW)  # noqa: FBT003

    assert searched.call_count == 0


def is_always_on(cases) -> bool:
    """By the oracle, at each time in 2026 at which one of them may begin or end."""
    midnights = [datetime(2025, 12, 31, 16, tzinfo=UTC) + day * 1440 * MINUTE for day in range(365)]
    minutes = {it % 1440 for case in cases for it in case.minutes}
    return all(
        any(case.inside(midnight + minute * MINUTE) for case in cases)
        for midnight in midnights
        for minute in minutes
    )


@st.composite
def nearly_always(draw):
    """Times on that adjoin each other, on days which together are all or nearly all."""
    cuts = sorted(draw(st.sets(st.integers(0, 95), min_size=1, max_size=3)))
    days = draw(
        st.sampled_from(
            [["everyday"], ["workdays", "holidays"], ["workdays", "sat sun"], WEEKDAYS]
            + [["mon tue wed thu fri", kind] for kind in ("sat sun", "holidays", "sat")]
        )
    )
    spans = [*pairwise(cuts), (cuts[-1], cuts[0])] if len(cuts) > 1 else [(0, 96)]
    between = [f"{shown(a * 15, short=False)}-{shown(b * 15, short=False)}" for a, b in spans]
    return tuple(WindowCase("Asia/Shanghai", day, it) for day in days for it in between)


@given(nearly_always())
@settings(deadline=None)
def test_times_on_are_endless_exactly_where_the_oracle_finds_no_time_off(cases):
    entries = tuple(map(when_of, cases))

    assert AfterEdge(entries, True, 7200.0, False).endless == is_always_on(cases)  # noqa: FBT003


@st.composite
def misspelt(draw):
    """A value with a sign too many, too few, or another one."""
    value, _ = draw(values())
    at = draw(st.integers(0, len(value)))
    sign = draw(st.sampled_from([*"0123456789:-, monfriswh;/.～：，－"]))
    return value[:at] + draw(st.sampled_from(["", sign])) + value[at + draw(st.integers(0, 1)) :]


some_text = st.text(st.sampled_from("0123456789:-, monfrisatundywehlkv"), max_size=40)


@given(misspelt() | some_text | any_text, st.booleans(), st.integers(0, 10_000))
@example(value="08:00-12:00 mon, tue 09:00-10:00", enforce=True, quarters=0)
@example(value="mon 1 8:30-20:00", enforce=True, quarters=0)
@example(value="\u0660\u0668:30-20:00", enforce=True, quarters=0)
@example(value="\u212aon", enforce=True, quarters=0)
@example(value="on\n", enforce=True, quarters=0)
@example(value="08:30-20:00\x00", enforce=True, quarters=0)
def test_nothing_that_does_not_fit_the_grammar_ever_acts(value, enforce, quarters):
    instant = datetime(2026, 11, 2, tzinfo=UTC) + quarters * 15 * MINUTE
    if not is_readable(value):
        assert action_due(value, instant, enforce=enforce) is None
    else:
        assert fits(value), "whatever is read stands in the contract"


@pytest.mark.parametrize("values", [(), ("on", "off"), ("08:30-20:00", "08:30-20:00")])
def test_a_tag_of_none_or_two_values_is_not_read(values):
    own = OwnHours("h", True, 7200.0, True, {})  # noqa: FBT003
    turn = due_by_hours(own, SHANGHAI, values, datetime(2026, 11, 23, 12, tzinfo=UTC))
    assert turn.kept is not None
    assert turn.kept.warning


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("weekdays 08:30-20:00", "'weekdays' is no day (mon-fri or workdays?)"),
        ("monday 08:30-20:00", "'monday' is no day (mon?)"),
        ("workdays,sat 08:30-20:00", "'workdays' stands alone before its hours"),
        ("fri-mon 08:30-20:00", "fri-mon does not go forward in a week"),
        ("08:30-20:00 tz=UTC", "it names a time zone, which the policy does"),
        ("8.30-20.00", "it has '.'"),
        ("08：30-20:00", "it has U+FF1A fullwidth colon"),
        ("1 8:30-20:00", "it has a blank in '1 8'"),
        ("8:30-20", "20 is no time from 00:00 to 24:00"),
        ("08:30-24:01", "24:01 is no time from 00:00 to 24:00"),
        ("24:00-08:00", "24:00 is no time to begin at"),
        ("08:30-08:30", "08:30-08:30 ends where it begins"),
        ("08:30", "'08:30' is no time such as 08:30-20:00"),
        ("mon-fri", "mon-fri has no hours"),
        ("08:00-12:00 mon, tue", "tue has no hours"),
        ("mon, 08:00-12:00", "mon has no hours"),
        ("mon 08:00-12:00 fri", "days stand before and after 08:00-12:00"),
        ("08:00-12:00,", "an entry is empty"),
        ("on, 08:00-12:00", "on has no hours"),
        (
            "mon-fri 08:00-12:00, 13:00-18:00",
            "in mon-fri08:00-12:00,13:00-18:00 only some hours have days",
        ),
        (
            "08:00-12:00, 13:00-18:00 mon-fri",
            "in 08:00-12:00,13:00-18:00mon-fri only some hours have days",
        ),
        ("everyday 08:00-18:00, sat 10:00-12:00", "two of its times overlap"),
        ("", "it is empty"),
        ("  ", "it is empty"),
    ],
)
def test_what_cannot_be_read_says_why_and_how_to_write_it(value, why):
    with pytest.raises(UnreadableHours) as wrong:
        read_hours(value, holidays={})
    assert str(wrong.value) == f"{why}: write for example `mon-fri 08:30-20:00`, or `on` or `off`"


# The page for owners -----------------------------------------------------------------------------

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]


def test_the_page_has_examples_of_both_kinds():
    assert {cells[1] == "not read" for cells in ROWS} == {True, False}
    assert len(ROWS) > 15


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0])
def test_an_example_of_the_page_is_on_and_off_as_it_says(cells):
    """Each row: the value; two times, as `Mon 08:30 on, Mon 20:00 off`, of a plain week; why."""
    value = cells[0].strip("`")
    if cells[1] == "not read":
        assert not is_readable(value)
        return
    for told in cells[1].split(", "):
        day, clock, state = told.split(" ")
        monday = datetime(2026, 11, 9, tzinfo=SHANGHAI)
        hour, minute = map(int, clock.split(":"))
        offset = timedelta(days=WEEKDAYS.index(day.lower()), hours=hour, minutes=minute)
        due = action_due(value, monday + offset, enforce=True)
        assert due == ("start" if state == "on" else "stop"), told
