"""`holidays: cn-2027.json`: a file of holidays beside the policies, in the form of holiday-cn."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.policies.hours.calendar import is_workday
from lightsout.policies.hours.calendar_file import read_calendar
from lightsout.policies.hours.windows import calendar_end, calendar_gaps
from lightsout.policies.load import PolicyMistakes, load
from lightsout.policies.reading.yamltree import Complaints
from tests.support.values import any_json
from tests.support.window_oracle import OFF_DAYS, WORKED_DAYS

POLICY = """\
version: 1
holidays: {named}
policies:
  - name: {name}
    resource: cvm
    regions: [ap-guangzhou]
    match: {{tags: {{env: dev}}}}
    when: {{days: workdays}}
"""
SCHEMA = "https://raw.githubusercontent.com/NateScarlet/holiday-cn/master/schema.json"


def as_published(days, year, **more):
    """The bytes of such a file; `days` are dates, each with whether it is off."""
    listed = [{"name": "春节", "date": str(day), "isOffDay": off} for day, off in days.items()]
    whole = {"$schema": SCHEMA, "$id": f"{year}.json", "year": year, "papers": [], "days": listed}
    return json.dumps(whole | more, ensure_ascii=False, indent=4).encode()


def year_of(year):
    """A year's announcement: ten days off and a make-up Saturday."""
    off = {date(year, 2, day): True for day in range(6, 16)}
    return as_published(off | {date(year, 2, 20): False}, year)


@pytest.fixture
def folder(tmp_path):
    """A policy file that names cn-2027.json, which is not there yet."""
    (tmp_path / "policy.yml").write_text(POLICY.format(named="cn-2027.json", name="nights"))
    return tmp_path


def mistakes(path):
    with pytest.raises(PolicyMistakes) as caught:
        load(path)
    return [str(it).replace(f"{path}/", "") for it in caught.value.mistakes]


def of(folder, content):
    """The mistakes in such a file; bytes, or a value that is written as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content, indent=1).encode()
    (folder / "cn-2027.json").write_bytes(data)
    return mistakes(folder)


# What it means ----------------------------------------------------------------------------------


def test_the_days_of_the_file_are_those_of_its_policies(folder):
    (folder / "cn-2027.json").write_bytes(year_of(2027))

    loaded = load(folder)

    days = loaded.policies[0].when.holidays
    assert days[date(2027, 2, 8)] is False
    assert days[date(2027, 2, 20)] is True
    assert loaded.warnings == ()
    assert calendar_end(loaded.policies[0].when) == 2027


def test_the_file_of_a_known_year_changes_no_day_of_it():
    listed = dict.fromkeys(OFF_DAYS, True) | dict.fromkeys(WORKED_DAYS, False)
    in_2026 = {day: off for day, off in listed.items() if day.year == 2026}
    wrong = Complaints("cn.json")

    days = read_calendar(as_published(in_2026, 2026), wrong, wrong)

    assert not wrong
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day for day in year if is_workday(day, days) != is_workday(day, {})] == []


def test_the_last_days_of_the_year_before_belong_to_an_announcement(folder):
    days = {date(2026, 12, 31): True, date(2027, 1, 1): True}
    (folder / "cn-2027.json").write_bytes(as_published(days, 2027))

    assert load(folder).policies[0].when.holidays == dict.fromkeys(days, False)


def test_other_policy_files_keep_their_own_calendar(folder):
    (folder / "cn-2027.json").write_bytes(year_of(2027))
    (folder / "z.yml").write_text(POLICY.format(named="{2027-02-08: work}", name="other"))

    first, other = load(folder).policies

    assert (len(first.when.holidays), other.when.holidays) == (11, {date(2027, 2, 8): True})


def test_one_file_may_be_named_by_several_and_is_told_of_once(folder):
    (folder / "z.yml").write_text(POLICY.format(named="cn-2027.json", name="other"))
    (folder / "cn-2027.json").write_bytes(year_of(2027))
    assert len({policy.when.holidays[date(2027, 2, 8)] for policy in load(folder).policies}) == 1

    assert len(of(folder, b"[")) == 1


def test_the_hash_of_the_policies_changes_with_the_file(folder):
    (folder / "cn-2027.json").write_bytes(year_of(2027))
    before = load(folder).digest
    assert load(folder).digest == before

    (folder / "cn-2027.json").write_bytes(year_of(2027) + b"\n")

    assert load(folder).digest != before


def test_what_is_to_be_deployed_names_it_and_nothing_else_beside(folder):
    (folder / "cn-2027.json").write_bytes(year_of(2027))
    (folder / "cn-2026.json").write_bytes(year_of(2026))

    assert [path.name for path in load(folder).files] == ["policy.yml", "cn-2027.json"]
    assert load(folder / "policy.yml").files == load(folder).files


def test_a_year_that_is_not_announced_is_an_empty_list_and_a_warning(folder):
    """So it stands in the repository until the notice comes."""
    (folder / "cn-2027.json").write_bytes(as_published({}, 2027))

    loaded = load(folder)

    (warning,) = loaded.warnings
    assert str(warning) == (
        f"{folder / 'cn-2027.json'}:6:13: days is empty: the holidays were not announced yet when "
        "this was published"
    )
    december = datetime(2026, 12, 1, tzinfo=timezone.utc)
    when, zone = loaded.policies[0].when, loaded.policies[0].timezone
    assert calendar_gaps([(when, zone)], december) == [2027]


# Mistakes ---------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_told_where_it_is_named(folder):
    assert mistakes(folder) == [
        "policy.yml:2:11: cn-2027.json cannot be read: No such file or directory"
    ]
    (folder / "cn-2027.json").mkdir()
    assert mistakes(folder) == ["policy.yml:2:11: cn-2027.json cannot be read: not a regular file"]


@pytest.mark.parametrize(
    "named",
    ["../cn.json", "/etc/cn.json", "a/cn.json", "'..json'", ".cn.json", "cn.yml", "'a\\cn.json'"],
)
def test_no_path_leads_out_of_the_folder(folder, named):
    (folder.parent / "cn.json").write_bytes(year_of(2027))
    (folder / "policy.yml").write_text(POLICY.format(named=named, name="nights"))

    (said,) = mistakes(folder)

    assert said.startswith(
        "policy.yml:2:11: holidays wants a mapping of dates to work or off, or the name of a "
        ".json file beside it, not '"
    )


def test_a_file_over_256_kb_is_refused(folder):
    (said,) = of(folder, year_of(2027) + b" " * 256 * 1024)

    assert said == "cn-2027.json:1:1: larger than 256 KB: no year has so many holidays"


def test_every_mistake_comes_in_one_go_with_its_place(folder):
    days = [
        {"name": "a", "date": "2027-02-06", "isOffDay": True},
        {"name": "a", "date": "2027-02-06", "isOffDay": False},
        {"name": "a", "date": "2027-02-30", "isOffDay": True},
        {"name": "a", "date": "2028-01-01", "isOffDay": "yes"},
        {"name": "a", "date": "2072-01-01", "isOffDay": True},
        {"name": "a", "date": "2027-02-07", "isOffday": True},
        {"date": "2027-02-08", "isOffDay": True},
        "2027-02-09",
    ]
    (folder / "policy.yml").write_text(
        POLICY.format(named="cn-2027.json", name="UP").replace("cvm", "cvn")
    )
    wanted = "a mapping with name, date, isOffDay"

    assert of(folder, {"year": 2027, "days": days, "paper": []}) == [
        "cn-2027.json:11:12: 2027-02-06 is repeated, first at 6:12",
        "cn-2027.json:16:12: date wants a date such as 2026-12-01, not '2027-02-30'",
        "cn-2027.json:22:16: isOffDay wants true or false, not 'yes' (did you mean true?)",
        "cn-2027.json:26:12: 2072-01-01 is not of 2027, nor of the year before",
        "cn-2027.json:32:4: unknown key 'isOffday' (did you mean isOffDay?)",
        "cn-2027.json:34:3: name is missing in a day: a text",
        f"cn-2027.json:38:3: days wants {wanted}, not '2027-02-09'",
        "cn-2027.json:40:2: unknown key 'paper' (did you mean papers?)",
        "policy.yml:4:11: name wants 1 to 64 of a-z, 0-9 and -, not 'UP'",
        "policy.yml:5:15: resource wants lighthouse, cvm, hai or notebook, not 'cvn'",
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "1:1: not JSON: expecting value"),
        (b'{"year": 2027,\n "days": [}', "2:11: not JSON: expecting value"),
        (b"year: 2027\ndays: []\n", "1:1: not JSON: expecting value"),
        (b'{"year": NaN, "days": []}', "1:1: not JSON: NaN is no number of JSON"),
        (b'{"year": 2027, "days": [] // no\n}', "1:27: not JSON: expecting ',' delimiter"),
        (b"[" * 100_000, "1:1: not JSON: nested too deep"),
        (b'{"year": 2027, "days": []}\xff', "1:27: not UTF-8: byte 0xff"),
        (b"[]", "1:1: the file wants a mapping with $schema, $id, year, papers, days, not a list"),
        (b'"2027"', "1:1: the file wants a mapping with $schema, $id, year, papers, days, not "),
        (b'{"year": 27, "days": []}', "1:10: year wants a year such as 2027, not '27'"),
        (b'{"days": []}', "1:1: year is missing in a file of holidays: a year such as 2027"),
        (b'{"year": 2027}', "1:1: days is missing in a file of holidays: a list of days"),
        (b'{"year": 2027, "year": 2027, "days": []}', "1:16: 'year' is repeated in the file, "),
        (b'{"year": 2027, "days": null}', "1:24: days wants a list of days, not 'null'"),
        (b'{"year": ' + b"9" * 5000 + b', "days": []}', "1:10: year wants a year such as 2027, "),
    ],
)
def test_what_is_no_such_file_is_told(folder, data, told):
    assert any(said.startswith(f"cn-2027.json:{told}") for said in of(folder, data))


@pytest.mark.parametrize("indent", [None, "\t", 2])
def test_json_may_be_laid_out_as_one_likes(folder, indent):
    whole = json.loads(year_of(2027))
    text = json.dumps(whole, indent=indent, separators=(",", ":") if indent is None else None)
    (folder / "cn-2027.json").write_bytes(b"\xef\xbb\xbf" * (indent == 2) + text.encode())

    assert len(load(folder).policies[0].when.holidays) == 11


def test_a_byte_order_mark_does_not_move_a_place(folder):
    assert of(folder, b'\xef\xbb\xbf{"year": 27, "days": []}')[0].startswith("cn-2027.json:1:10:")


# Laws -------------------------------------------------------------------------------------------

days_of_two_years = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.dictionaries(days_of_two_years, st.booleans(), min_size=1))
def test_what_is_published_is_what_is_read(days):
    wrong = Complaints("cn.json")

    assert read_calendar(as_published(days, 2027), wrong, wrong) == {
        day: not off for day, off in days.items()
    }
    assert not wrong


broken = st.one_of(
    any_json.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=80),
    st.tuples(st.integers(0, 2_000), st.binary(max_size=4), st.integers(0, 6)).map(
        lambda cut: year_of(2027)[: cut[0]] + cut[1] + year_of(2027)[cut[0] + cut[2] :]
    ),
)


@given(broken)
def test_whatever_stands_there_is_read_or_complained_of_and_nothing_else(data):
    wrong, told = Complaints("cn.json"), Complaints("cn.json")

    days = read_calendar(data, wrong, told)

    if not wrong:
        shown = json.loads(data)
        off = {day["date"]: day["isOffDay"] for day in shown["days"]}
        assert {str(day): not works for day, works in days.items()} == off
    for mistake in wrong.listed():
        assert mistake.line >= 1
        assert mistake.column >= 1
