"""The meaning of a policy file once it is right."""

from __future__ import annotations

import textwrap
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout.base.texts.scalars import duration as parse_duration
from lightsout.base.texts.wildcards import is_exact, matches
from lightsout.model.policy import Limits, OnlyIf, Selector, Source
from lightsout.policies.load import PolicyMistakes, load
from tests.support.paths import ROOT

FULL = """
    version: 1
    timezone: Europe/Berlin
    policies:
      - name: dev-nights
        description: 晚上关机
        resource: lighthouse
        regions: [ap-guangzhou, ap-shanghai]
        action: stop
        match:
          tags: {env: [dev, test], auto-stop: "*"}
          instances: [lhins-0a1b2c3d]
        exclude:
          tags: {role: bastion}
          instances: [lhins-9z8y7x6w]
        include: [autoscaling]
        timezone: UTC
        options: {stop_type: HARD}
        limits: {max_instances: 200, max_percent: 30}
        triggered_by: [invoke]
        verify: {timeout: 90s}
        mark: true
      - name: plain
        resource: lighthouse
        regions: all
        match: {instances: [lhins-0a1b2c3d]}
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        file = tmp_path / "policy.yml"
        file.write_text(textwrap.dedent(text), "utf-8")
        return load(file)

    return read


@pytest.fixture
def values(read):
    """The values of the tag `key` in a policy that gives them as `text`."""

    def values(text):
        found = read(
            "{version: 1, policies: [{name: a, resource: lighthouse, regions: all,\n"
            f"  match: {{tags: {{key: {text}}}}}}}]}}\n"
        )
        return found.policies[0].match.tags["key"]

    return values


def test_every_part_of_a_policy_is_read(read):
    policy = read(FULL).policies[0]
    assert policy.name == "dev-nights"
    assert policy.description == "晚上关机"
    assert (policy.resource, policy.action) == ("lighthouse", "stop")
    assert policy.regions == ("ap-guangzhou", "ap-shanghai")
    tags = {"env": ("dev", "test"), "auto-stop": ("*",)}
    assert policy.match == Selector(tags, frozenset({"lhins-0a1b2c3d"}))
    assert policy.exclude == Selector({"role": ("bastion",)}, frozenset({"lhins-9z8y7x6w"}))
    assert policy.include == {"autoscaling"}
    assert policy.timezone == ZoneInfo("UTC")
    assert policy.stop_type == "HARD"
    assert policy.limits == Limits(200, 30)
    assert policy.triggered_by == {"invoke"}
    assert policy.verify_timeout == 90.0
    assert policy.mark is True
    assert policy.place.endswith("policy.yml:5:5")


def test_a_trigger_may_say_what_an_event_is_about_that_names_no_instance(read):
    triggers = "[{source: a, type: b}, {source: a, type: c, scope: policy}]"

    policy = read(FULL.replace("[invoke]", triggers)).policies[0]

    assert policy.triggered_by == {Source("a", "b"), Source("a", "c", "policy")}


def test_what_a_policy_leaves_out_has_the_documented_default(read):
    policy = read(FULL).policies[1]
    assert policy.action == "stop"
    assert policy.regions == ("all",)
    assert policy.exclude == Selector({}, frozenset())
    assert policy.include == frozenset()
    assert policy.timezone == ZoneInfo("Europe/Berlin"), "the file's zone"
    assert policy.stop_type is None
    assert policy.limits == Limits(None, None)
    assert policy.triggered_by == {"timer", "invoke"}
    assert policy.verify_timeout == 300.0
    assert policy.mark is False


WINDOWED = """
    version: 1
    holidays:
      2027-02-06: work
      2027-02-08: off
    policies:
      - name: windowed
        resource: {resource}
        regions: all
        action: {action}
        match: {{tags: {{env: dev}}}}
        {rest}
"""


@pytest.fixture
def windowed(read):
    """A policy with these lines more."""

    def windowed(rest, resource="lighthouse", action="stop"):
        return read(WINDOWED.format(rest=rest, resource=resource, action=action)).policies[0]

    return windowed


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("[20:00, 23:30]", 20 * 60, 23 * 60 + 30),
        ('["20:00", "23:30"]', 20 * 60, 23 * 60 + 30),
        ("['08:05', 09:10]", 8 * 60 + 5, 9 * 60 + 10),
        ("[00:00, 24:00]", 0, 1440),
        ("[22:00, 06:00]", 22 * 60, 6 * 60),
        ("[22:00, 00:00]", 22 * 60, 0),
        ("[00:00, 00:01]", 0, 1),
    ],
)
def test_a_window_is_minutes_of_the_wall_clock_quoted_or_not(windowed, text, start, end):
    when = windowed(f"when: {{between: {text}}}").when
    assert (when.start, when.end) == (start, end)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("everyday", "everyday"),
        ("workdays", "workdays"),
        ("holidays", "holidays"),
        ("[mon, wed, sun]", frozenset({0, 2, 6})),
    ],
)
def test_days_are_a_word_or_weekdays(windowed, text, days):
    assert windowed(f"when: {{days: {text}}}").when.days == days


def test_what_a_window_leaves_out_is_every_day_all_day_and_not_enforced(windowed):
    when = windowed("when: {}").when
    assert (when.days, when.start, when.end, when.enforce) == ("everyday", 0, 1440, False)
    assert windowed("when: {enforce: true}").when.enforce is True


def test_the_holidays_of_the_file_go_with_every_window(windowed):
    when = windowed("when: {days: workdays}").when
    assert when.holidays == {date(2027, 2, 6): True, date(2027, 2, 8): False}


def test_without_a_window_there_is_none_and_without_conditions_none_holds(windowed):
    policy = windowed("description: plain")
    assert (policy.when, policy.only_if, policy.stopped_mode) == (None, OnlyIf(), None)


def test_conditions_are_shares_bytes_and_seconds(windowed):
    stop = "{traffic_used_at_least: 95%, traffic_left_below: 60GB, running_at_least: 30m}"
    assert windowed(f"only_if: {stop}").only_if == OnlyIf(
        traffic_used_at_least=0.95, traffic_left_below=60 * 1024**3, running_at_least=1800.0
    )
    start = windowed("only_if: {traffic_used_below: 50%}", action="start").only_if
    assert start == OnlyIf(traffic_used_below=0.5)


def test_a_cvm_policy_says_whether_a_stopped_machine_is_charged_for(windowed):
    policy = windowed("options: {stopped_mode: STOP_CHARGING}", resource="cvm")
    assert (policy.resource, policy.action) == ("cvm", "stop")
    assert policy.stopped_mode == "STOP_CHARGING"


def test_without_any_zone_it_is_shanghai():
    assert load(ROOT / "policies").policies[0].timezone == ZoneInfo("Asia/Shanghai")


# fmt: off
BARE = ["on", "no", "yes", "null", "true", "1.10", "007", "0x1F", "1e3", "1_000", ".inf",
        "2026-12-01", "19:30", "<<"]
# fmt: on


@pytest.mark.parametrize("text", BARE)
def test_a_value_is_the_text_that_stands_there_quoted_or_not(values, text):
    assert values(text) == values(f'"{text}"') == values(f"'{text}'") == values(f"[{text}]")
    assert values(text) == (text,)


def test_the_key_of_a_tag_is_text_as_well(read):
    tags = "{on: a, 007: b, 2026-12-01: c, 中文: d}"
    found = read(
        "{version: 1, policies: [{name: a, resource: lighthouse, regions: all,\n"
        f"  match: {{tags: {tags}}}}}]}}\n"
    )
    assert list(found.policies[0].match.tags) == ["on", "007", "2026-12-01", "中文"]


def test_the_empty_value_is_written_as_two_quotes(values):
    assert values('""') == ("",)
    with pytest.raises(PolicyMistakes, match='key has no value: write "" for the empty text'):
        values("")


def test_numbers_are_read_quoted_or_not(read):
    text = FULL.replace("max_percent: 30", 'max_percent: "030"').replace(
        "version: 1", "version: '1'"
    )
    assert read(text).policies[0].limits.max_percent == 30


def test_a_region_that_is_not_at_hand_is_a_warning_with_the_nearest_name(read):
    found = read(FULL.replace("ap-shanghai", "ap-shangai"))
    (warning,) = found.warnings
    assert warning.message == (
        "region ap-shangai is not in the list at hand (did you mean ap-shanghai?)"
    )
    assert (warning.line, warning.column) == (8, 29)
    assert found.policies[0].regions == ("ap-guangzhou", "ap-shangai")
    assert read(FULL).warnings == ()


@pytest.mark.parametrize(
    ("region", "nearest"),
    [
        ("ap-shanghay", "ap-shanghai"),
        ("ap-shanghai-2", "ap-shanghai"),  # a zone
        ("pa-shanghai", "ap-shanghai"),
        ("xx-newtown", None),
    ],
)
def test_a_region_that_is_no_slip_of_a_known_one_is_told_the_nearest_one(read, region, nearest):
    (warning,) = read(FULL.replace("ap-shanghai", region)).warnings
    told = f" (the nearest known name is {nearest})" if nearest else ""
    assert warning.message == f"region {region} is not in the list at hand{told}"


def test_policies_come_by_file_name_then_place_and_the_digest_knows_names_and_bytes(tmp_path):
    for name in ("b", "a"):
        text = textwrap.dedent(FULL).replace("name: ", f"name: {name}-")
        (tmp_path / f"{name}.yml").write_text(text, "utf-8")
    found = load(tmp_path)
    names = [policy.name for policy in found.policies]
    assert names == ["a-dev-nights", "a-plain", "b-dev-nights", "b-plain"]
    assert len(found.digest) == 12
    assert load(tmp_path).digest == found.digest
    (tmp_path / "a.yml").rename(tmp_path / "c.yml")
    renamed = load(tmp_path).digest
    assert renamed != found.digest, "a name counts"
    with (tmp_path / "b.yml").open("a") as file:
        file.write("# a word\n")
    assert load(tmp_path).digest != renamed


def test_a_policy_cannot_be_changed_afterwards(read):
    policy = read(FULL).policies[0]
    with pytest.raises(TypeError):
        policy.match.tags["env"] = ("prod",)


@pytest.mark.parametrize(
    ("value", "pattern", "hit"),
    [
        ("dev", "dev", True),
        ("Dev", "dev", False),
        ("", "*", True),
        ("", "", True),
        ("", "?", False),
        ("dev-1", "dev-?", True),
        ("dev-10", "dev-?", False),
        ("a.b", "a?b", True),
        ("[a]", "[a]", True),
        ("a", "[a]", False),
        ("line\nbreak", "line*", True),
        ("abcabd", "*ab?", True),
        ("abc", "*b", False),
        ("开发一", "开发?", True),
        ("*", "*", True),
    ],
)
def test_a_wildcard_matches_as_documented(value, pattern, hit):
    assert matches(value, ["nothing", pattern]) is hit


def test_no_pattern_matches_nothing():
    assert not matches("dev", [])


def test_a_pattern_of_many_stars_ends_in_time():
    assert not matches("a" * 2000, ["*a" * 500 + "b"])


few = st.text("ab*?", max_size=8)


@given(few, few)
@settings(deadline=None)
def test_a_pattern_means_the_same_as_the_regular_expression_it_stands_for(value, pattern):
    import re

    signs = {"*": ".*", "?": "."}
    regex = "".join(signs.get(sign, re.escape(sign)) for sign in pattern)
    assert matches(value, [pattern]) is bool(re.fullmatch(regex, value))


@given(few | st.text("ab", max_size=8))
@settings(deadline=None)
def test_an_exact_pattern_matches_itself_only(pattern):
    if is_exact(pattern):
        assert matches(pattern, [pattern])
        assert not matches(pattern + "a", [pattern])
    else:
        assert matches(pattern + "a", [pattern + "*"])


def test_durations_are_a_number_and_a_unit():
    assert [parse_duration(text) for text in ("45s", "30m", "2h", "7d", "0s")] == [
        45.0,
        1800.0,
        7200.0,
        604800.0,
        0.0,
    ]


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "٣m", "5m\n", "1h30m"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)
