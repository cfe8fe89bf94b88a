"""A suggestion is never itself a mistake, and never another meaning."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout.base.texts.scalars import zones
from lightsout.base.texts.suggest import nearest, typo_of
from lightsout.policies.load import PolicyMistakes, load
from lightsout.policies.mistakes import suggestions
from tests.support.examples import examples

POLICY = """\
version: 1
timezone: {timezone}
policies:
  - name: dev
    resource: lighthouse
    regions: {regions}
    match: {{tags: {{env: dev}}}}
    when: {{days: {days}}}
"""
FINE = {"timezone": "UTC", "regions": "all", "days": "everyday"}
HINT = re.compile(r" \(did you mean (.*)\?\)$")


@pytest.fixture
def suggested(tmp_path):
    """The suggestion of the one mistake in such a file; None for none."""

    def suggested(**given):
        file = tmp_path / "a.yml"
        file.write_text(POLICY.format(**(FINE | given)), "utf-8")
        with pytest.raises(PolicyMistakes) as caught:
            load(file)
        (mistake,) = caught.value.mistakes
        found = HINT.search(mistake.message)
        return found and found[1]

    return suggested


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        *dict.fromkeys(
            ["CST", "UTC+8", "GMT+8", "UTC+08:00", "GMT+0800", "+08:00", "ＵＴＣ＋８", "北京时间",
             "Beijing", "beijing time", "Asia/Beijing", "China Standard Time", "China", "BJT",
             "Asia/Shenzhen", "Asia/Shangai", "asia/shanghai", "Shanghai", "上海"],
            "Asia/Shanghai",
        ).items(),
        ("HKT", "Asia/Hong_Kong"),
        ("SGT", "Asia/Singapore"),
        ("JST", "Asia/Tokyo"),
        ("UTC+9", "Asia/Tokyo"),
        ("UTC+5:30", "Asia/Kolkata"),
        ("New York", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("US/Pacfic", "US/Pacific"),
        ("UTC+1", None),
        ("UTC+8:45", None),
        ("PST", None),
        ("IST", None),
        ("EST5", None),
        ("CST-8", None),
        ("America/Boston", None),
        ("Etc/GMT8", None),
        ("localtime", None),
        ("right/Asia/Shanghai", None),
        ("nowhere", None),
    ],
)  # fmt: skip
def test_a_zone_is_suggested_where_the_text_tells_its_offset_or_its_name(suggested, text, zone):
    assert suggested(timezone=json.dumps(text, ensure_ascii=False)) == zone


@given(
    st.builds(
        "{}{}{:02}{}".format,
        st.sampled_from(["UTC", "GMT", "utc ", ""]),
        st.sampled_from("+-"),
        st.integers(0, 14),
        st.sampled_from(["", ":00", "00", ":30", ":45"]),
    )
)
def test_an_offset_is_answered_with_a_zone_that_has_it_all_the_year_or_with_none(text):
    zone = suggestions.zone_meant(text)
    sign, hours, minutes = re.search(r"([+-])(\d\d):?(\d\d)?", text).groups(default="0")
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    months = [datetime(2026, month, 1, tzinfo=timezone.utc) for month in range(1, 13)]
    assert zone is None or {it.astimezone(ZoneInfo(zone)).utcoffset() for it in months} == {offset}


def test_no_zone_in_the_tables_is_unknown():
    tables = {*suggestions._BY_OFFSET.values(), *suggestions._ZONES_MEANT.values()}
    assert tables <= set(zones())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mon-fri", "[mon, tue, wed, thu, fri]"),
        ("Mon-Fri", "[mon, tue, wed, thu, fri]"),
        ("monday to friday", "[mon, tue, wed, thu, fri]"),
        ("fri-mon", "[fri, sat, sun, mon]"),
        ("weekdays", "[mon, tue, wed, thu, fri]"),
        ("weekend", "[sat, sun]"),
        ("周末", "[sat, sun]"),
        ("Monday", "[mon]"),
        ("mon, tue", "[mon, tue]"),
        ("mon，tuesday", "[mon, tue]"),
        ("daily", "everyday"),
        ("workday", "workdays"),
        ("工作日", "workdays"),
        ("1-5", None),
        ("mon-mondays off", None),
    ],
)
def test_days_are_suggested_that_are_the_same_days(suggested, text, meant):
    assert suggested(days=json.dumps(text, ensure_ascii=False)) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[mon-fri]", "days: [mon, tue, wed, thu, fri]"),
        ("[weekdays]", "days: [mon, tue, wed, thu, fri]"),
        ("[weekend]", "days: [sat, sun]"),
        ("[workdays]", "days: workdays"),
        ("[monday]", "mon"),
    ],
)
def test_a_word_for_several_days_is_understood_in_a_list_too(suggested, text, meant):
    assert suggested(days=text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8:00", "08:00"),
        ("8:00 PM", "20:00"),
        ("8:30 a.m.", "08:30"),
        ("8pm", "20:00"),
        ("２０：００", "20:00"),
        ("12:30 AM", "00:30"),
        ("12:00 AM", None),
        ("12pm", None),
        ("8", None),
        ("2000", None),
        ("13:00 PM", None),
        ("25:00", None),
    ],
)
def test_a_time_is_suggested_where_it_can_mean_one_time_only(tmp_path, text, meant):
    assert suggestions.time_meant(text) == meant

    file = tmp_path / "a.yml"
    between = json.dumps([text, "23:59"], ensure_ascii=False)
    file.write_text(POLICY.format(**FINE).replace("days:", f"between: {between}, days:"), "utf-8")
    with pytest.raises(PolicyMistakes) as caught:
        load(file)
    found = HINT.search(caught.value.mistakes[0].message)
    assert (found and found[1]) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20:00-23:00", '["20:00", "23:00"]'),
        ("8:00 PM to 11:30 PM", '["20:00", "23:30"]'),
        ("20：00～24:00", '["20:00", "24:00"]'),
        ("[“20:00”，“23:00”]", '["20:00", "23:00"]'),
        ("8-17", None),
        ("20:00-22:00-23:00", None),
        ("20:00-20:00", None),
    ],
)
def test_a_window_in_one_text_is_answered_with_its_two_times(tmp_path, text, meant):
    file = tmp_path / "a.yml"
    file.write_text(POLICY.format(**FINE).replace("days:", f"between: {text}, days:"), "utf-8")
    with pytest.raises(PolicyMistakes) as caught:
        load(file)
    found = HINT.search(caught.value.mistakes[0].message)
    assert (found and found[1]) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('"*"', "all"),
        ("ALL", "all"),
        ("ap-guangzhou", "[ap-guangzhou]"),
        ("guangzhou", "[ap-guangzhou]"),
        ('"ap-guangzhou, ap-beijing"', "[ap-guangzhou, ap-beijing]"),
        ('["*"]', "regions: all"),
        ("[all]", "regions: all"),
        ("[ALL]", "regions: all"),
        ("[all, ap-beijing]", None),
        ('"!all"', None),
        ("cn-guangzhou", None),
        ("ap-guangzhou-3-4", None),
        ("[ap-guangzhou, guangzhou]", None),
        ("[ap-beijing, guangzhou]", "ap-guangzhou"),
    ],
)
def test_regions_are_suggested_that_pass(suggested, text, meant):
    assert suggested(regions=text) == meant


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("action: stopp", "stop"),
        ("action: restart", None),
        ("only_if: {traffic_used_above: 95%}", None),
        ("only_if: {traffic_left_above: 60GB}", None),
        ("only_if: {traffic_used: 95%}", None),
        ("only_if: {traffic_used_at_lest: 95%}", "traffic_used_at_least"),
        ("only_if: {traffic_used_at_most: 95%}", None),
        ("only_if: {traffic_left_at_least: 60GB}", None),
        ("only_if: {not_running_at_least: 30m}", None),
        ("limits: {min_instances: 3}", None),
        ("limits: {maxinstance: 3}", None),
        ("limits: {max-instances: 3}", "max_instances"),
        ("no-exclude: {}", None),
        ("dont_exclude: {}", None),
        ("unmatch: {}", None),
        ("include: [noautoscaling]", None),
        ("include: [autoscalling]", "autoscaling"),
        ("action: nostop", None),
        ("action: stop start", None),
        ("triggered_by: [urll]", None),
        ("options: {stop_type: Soft-First}", "SOFT_FIRST"),
        ("action: start\n    only_if: {traffic_used_belwo: 95%}", "traffic_used_below"),
        ("matches: {tags: {env: dev}}", None),
        ("exclud: {}", "exclude"),
    ],
)
def test_neither_the_opposite_is_suggested_nor_what_is_there_or_belongs_elsewhere(
    suggested, line, meant
):
    assert suggested(days=f"everyday}}\n    {line} # {{") == meant


def test_what_stands_below_a_misspelt_key_is_told_in_the_same_go(tmp_path):
    file = tmp_path / "a.yml"
    misspelt = "exclud: {tags: {role: 'bastion '}, instances: [ins-1]}"
    file.write_text(POLICY.format(**FINE) + f"    {misspelt}\n")
    with pytest.raises(PolicyMistakes) as caught:
        load(file)
    assert [it.line for it in caught.value.mistakes] == [9, 9, 9]


@pytest.mark.parametrize(("name", "says"), [("Etc/GMT+8", "UTC-8"), ("Etc/GMT-5", "UTC+5")])
def test_a_zone_whose_sign_is_turned_round_is_a_warning_that_says_so(tmp_path, name, says):
    file = tmp_path / "a.yml"
    file.write_text(POLICY.format(**(FINE | {"timezone": name})) + f"    timezone: {name}\n")
    first, second = load(file).warnings
    assert (first.line, second.line) == (2, 9)
    assert f"{name} is {says}, " in first.message
    assert not HINT.search(first.message)
    assert (datetime(2026, 1, 1, tzinfo=ZoneInfo(name)).isoformat()[-6:] == "-08:00") == (
        "+" in name
    )


@pytest.mark.parametrize(
    ("region", "meant"),
    [
        ("ap-singapour", None),
        ("ap-shangapore", None),
        ("ap-guangzhou-2", None),
        ("eu-ashburn", None),
        ("ap-shangai", "ap-shanghai"),
        ("ap-gaungzhou", "ap-guangzhou"),
        ("na-sanghai", None),
    ],
)
def test_another_region_is_never_suggested(tmp_path, region, meant):
    file = tmp_path / "a.yml"
    file.write_text(POLICY.format(**(FINE | {"regions": f"[{region}]"})))
    (warning,) = load(file).warnings
    found = HINT.search(warning.message)
    assert (found and found[1]) == meant


OPPOSITES = [
    ("max", "min"), ("most", "least"), ("left", "used"), ("below", "at_least"), ("on", "off"),
    ("start", "stop"), ("soft", "hard"), ("keep", "stop"), ("include", "exclude"),
    ("workdays", "holidays"), ("source", "target"), ("weekdays", "weekends"),
]  # fmt: skip


@given(
    st.sampled_from([it for pair in OPPOSITES for it in (pair, pair[::-1])]),
    st.sampled_from(["{}", "{}_instances", "traffic_{}", "{}-1", "dev-{}-nights"]),
    st.sampled_from(["", "no", "no-", "no_", "not_", "un", "dont_", "never-", "!", "non"]),
)
def test_no_word_is_suggested_for_its_opposite_and_none_for_what_denies_it(pair, form, negation):
    one, other = (form.format(word) for word in pair)
    assert typo_of(f"{negation}{one}", [other]) is None
    if negation:
        assert typo_of(f"{negation}{one}", [one]) is None
        assert nearest(f"{negation}{one}", [one]) is None


letters = st.text("abcdefghij", min_size=4, max_size=9)


@given(letters, st.data())
def test_a_slip_of_the_pen_is_recognized_and_a_digit_never_is(word, data):
    at = data.draw(st.integers(0, len(word) - 2))
    slips = [
        word[:at] + word[at + 1 :] if len(word) > 4 else word,
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word.upper(),
    ]
    assert {typo_of(slip, [word]) for slip in slips} == {word}
    assert {typo_of(f"{slip}-1", [f"{word}-2"]) for slip in slips} == {None}
    assert typo_of(word[:3], [word[:3] + "x"]) is None


@given(st.text("abcdefghij", min_size=2, max_size=9))
def test_one_instead_of_many_is_recognized_in_short_words_too(word):
    assert typo_of(word, [f"{word}s"]) == f"{word}s"
    assert typo_of(f"{word}s", [word]) == word
    assert typo_of(f"stop_{word}", [f"stop_{word}s"]) == f"stop_{word}s"


@pytest.mark.parametrize("text", ["month", "sunset", "wedding", "satan", "fried", "thus", "moon"])
def test_a_word_that_only_begins_like_a_day_is_none(text):
    assert suggestions.day_meant(text) is None


ONE = """\
version: 1
accounts: [{{name: research, role_arn: "qcs::cam::uin/100000000002:roleName/a"}}]
policies:
  - name: {name}
    resource: {resource}
    regions: all
    accounts: {accounts}
    match: {{instances: {instances}}}
  - {{name: dev, resource: cvm, regions: all, match: {{tags: {{env: dev}}}}}}
"""


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"accounts": "all"}, None),
        ({"accounts": "research"}, "[research]"),
        ({"accounts": "[own, 'own ']"}, None),
        ({"accounts": "['own ']"}, "own"),
        ({"accounts": "['reserch']"}, "research"),
        ({"accounts": "[research, reserch]"}, None),
        ({"instances": "ins-0a1b2c3d"}, None),
        ({"instances": "lhins-0a1b2c3d"}, "[lhins-0a1b2c3d]"),
        ({"name": "'dev '"}, None),
        ({"name": "'test '"}, "test"),
        ({"resource": "lighthose"}, "lighthouse"),
        ({"resource": "lighthose", "instances": "[ins-0a1b2c3d]"}, None),
    ],
)
def test_what_would_be_another_mistake_elsewhere_is_not_suggested(tmp_path, given, meant):
    fine = {"name": "test", "resource": "lighthouse", "accounts": "[own]"}
    fine["instances"] = "[lhins-0a1b2c3d]"
    file = tmp_path / "a.yml"
    file.write_text(ONE.format(**(fine | given)))
    (mistake,) = said(file)
    found = HINT.search(mistake.message)
    assert (found and found[1]) == meant


def test_a_name_that_another_file_has_is_not_suggested(tmp_path):
    for name, policy in (("a", "dev"), ("b", '"dev "')):
        text = POLICY.format(**FINE).replace("name: dev", f"name: {policy}")
        (tmp_path / f"{name}.yml").write_text(text)
    (mistake,) = said(tmp_path)
    assert not HINT.search(mistake.message)


BAD = sorted(Path(__file__).parent.glob("bad/*.yml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_suggestion_about_a_bad_file_makes_one_mistake_less_and_all_of_them_as_many(
    tmp_path, path
):
    file = tmp_path / "a.yml"
    text = path.read_text("utf-8", errors="replace")
    file.write_bytes(path.read_bytes())
    mistakes = said(file)
    hinted = [it for it in mistakes if HINT.search(it.message)]
    for one in hinted:
        file.write_text(applied(text, one)[0], "utf-8")
        assert len(said(file)) < len(mistakes), one
    for one in reversed(hinted):
        text = applied(text, one)[0]
    file.write_text(text, "utf-8")
    assert not hinted or len(said(file)) <= len(mistakes) - len(hinted)


# Every suggestion, applied ------------------------------------------------------------------------

WORDS = {
    "timezone": ["Asia/Shanghai", "Europe/Berlin", "CST", "UTC+8", "北京时间", "HKT", "Shanghai"],
    "regions": ["ap-guangzhou", "all", "*", "ap-beijing,ap-shanghai", "guangzhou"],
    "days": ["mon-fri", "weekdays", "weekend", "workdays", "Monday", "mon, tue", "everyday"],
    "enforce": ["yes", "off", "true", "True"],
    "include": ["autoscaling"],
    "stop_type": ["SOFT", "HARD", "SOFT_FIRST", "soft"],
    "tag": ["dev", "dev，test", "*", "a b"],
    "key": ["env", "role", "环境"],
    "instance": ["lhins-0a1b2c3d", "lhins-0a1b2c3d,lhins-1b2c3d4e"],
    "between": ["20:00", "23:00"],
    "when": ["when", "whens"],
    "exclude": ["exclude", "exclud", "Exclude"],
}  # fmt: skip
ODDITIES = ["\u00a0", "\u3000", "\u200b", " ", "“", "”", "，", "’", "a", "-", "X", "1", "："]


@st.composite
def slips(draw, words):
    """One of the words, perhaps with a slip or two, as YAML between quotes."""
    text = draw(st.sampled_from(words))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 1))
        text = text[:at] + draw(st.sampled_from(["", *ODDITIES])) + text[at + cut :]
    return json.dumps(text or "x", ensure_ascii=False)


@st.composite
def files(draw):
    word = {kind: slips(words) for kind, words in WORDS.items()}

    def some(kind):
        one = st.lists(word[kind], min_size=1, max_size=3, unique=True).map(
            lambda it: f"[{', '.join(it)}]"
        )
        return draw(word[kind] | one)

    pick = {kind: draw(strategy) for kind, strategy in word.items()}
    return (
        f"version: 1\ntimezone: {pick['timezone']}\npolicies:\n"
        f"  - name: dev\n    resource: lighthouse\n    regions: {some('regions')}\n"
        f"    match: {{tags: {{{pick['key']}: {some('tag')}, zone: {draw(word['tag'])}}}}}\n"
        f"    {pick['exclude']}: {{instances: {some('instance')}}}\n"
        f"    include: {some('include')}\n"
        f"    options: {{stop_type: {pick['stop_type']}}}\n"
        f"    {pick['when']}: {{days: {some('days')}, enforce: {pick['enforce']},"
        f" between: [{pick['between']}, {draw(word['between'])}]}}\n"
    )


def said(path):
    """Mistakes, or else warnings."""
    try:
        return list(load(path).warnings)
    except PolicyMistakes as caught:
        return list(caught.mistakes)


def applied(text, one):
    """The text with a suggestion in the place of the scalar that it is about; and that place."""
    at = (one.line, one.column)
    (begin, end) = next(
        (it.start_mark, it.end_mark)
        for it in yaml.scan(text, Loader=yaml.SafeLoader)
        if isinstance(it, yaml.ScalarToken) and _place(it.start_mark) <= at < _place(it.end_mark)
    )
    hint = HINT.search(one.message)[1]
    if ": " in hint:  # of the whole list that the scalar is the only item of
        hint = hint.split(": ")[1]
        begin = begin_of(text, begin.index, "[")
        end = begin_of(text, end.index, "]", 1)
    columns = range(begin.column + 1, begin.column + 1 + len(hint))
    return text[: begin.index] + hint + text[end.index :], columns


class Spot:
    def __init__(self, text, index):
        self.index, self.column = index, index - text.rfind("\n", 0, index) - 1


def begin_of(text, index, sign, more=0):
    """The bracket before, or behind, the place."""
    found = text.index(sign, index) if more else text.rindex(sign, 0, index)
    return Spot(text, found + more)


def _place(mark):
    return mark.line + 1, mark.column + 1


@given(files())
@settings(max_examples=examples(300), deadline=None)
def test_every_suggestion_passes_where_it_is_applied(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "suggestions.yml"
    file.write_text(text, "utf-8")
    for one in said(file):
        if HINT.search(one.message):
            better, columns = applied(text, one)
            file.write_text(better, "utf-8")
            there = [it for it in said(file) if it.line == one.line and it.column in columns]
            assert there == []


TAGS_COME = """\
version: 1
policies:
  - name: dev
    resource: lighthouse
    regions: [ap-guangzhou]
    match:
      tags:
        env:
"""
values = st.lists(st.sampled_from(["dev", '""', "", "'*'"]), min_size=1, max_size=5)


@given(values, st.sampled_from(["          - {1}", "        key-{0}: {1}"]))
@settings(deadline=None)
def test_where_the_empty_text_is_advised_it_may_be_written(tmp_path_factory, values, form):
    """Some values are missing; a list may hold the empty text once."""
    file = tmp_path_factory.getbasetemp() / "missing.yml"
    lines = [*TAGS_COME.splitlines(), *(form.format(*it) for it in enumerate(values))]
    file.write_text("\n".join(lines), "utf-8")
    advised = [it for it in said(file) if it.message.endswith('write "" for the empty text')]
    left = len(said(file))
    for one in advised:
        lines[one.line - 1] += ' ""'
        file.write_text("\n".join(lines), "utf-8")
        left -= 1
        assert len(said(file)) == left, file.read_text()


def test_the_law_sees_suggestions_of_every_kind(tmp_path):
    """The strategy above is worth something only while its words need suggestions."""
    file = tmp_path / "a.yml"
    text = POLICY.format(timezone="CST", regions='"*"', days="mon-fri")
    file.write_text(text)
    assert len(said(file)) == 3
    for one in reversed(said(file)):
        file.write_text(text := applied(text, one)[0])
    assert load(file).policies[0].regions == ("all",)
