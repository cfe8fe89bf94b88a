"""Conditions: the number that is shown stands to the limit beside it as the verdict says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lightsout.base.texts.scalars import duration, share, size
from lightsout.decide.conditions import GB, MB, Traffic, check_conditions, read_traffic
from lightsout.events.parse import read_event
from lightsout.model.policy import OnlyIf
from lightsout.model.request import BadEvent
from tests.support.values import NOW, a_policy, an_instance

TOTALS = st.integers(1, 10**6).map(lambda gb: gb * GB) | st.integers(1, 10**15)
PERCENTS = st.integers(1, 100)
SIZES = st.builds("{}{}".format, st.integers(1, 10**6), st.sampled_from(["MB", "GB", "TB"]))
DURATIONS = st.builds("{}{}".format, st.integers(1, 3000), st.sampled_from("smhd"))


def judged(traffic=None, running=timedelta(), **only_if):
    began = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    instance = an_instance(operation="StartInstances", operation_started=began)
    return check_conditions(a_policy(only_if=OnlyIf(**only_if)), instance, traffic, NOW + running)


def numbers(text):
    return [int(it) for it in re.findall(r"-?\d+", text)]


@st.composite
def near(draw, limit_of):
    """A traffic whose use is around a limit of `limit_of(total)`, by single bytes mostly."""
    total = draw(TOTALS)
    limit = limit_of(draw, total)
    off = draw(st.integers(-3, 3) | st.integers(-total // 50, total // 50) | st.just(-limit))
    return Traffic(max(0, limit + off), total, NOW)


@given(st.data(), PERCENTS)
def test_a_share_is_shown_on_its_side_of_the_limit(data, percent):
    traffic = data.draw(near(lambda _, total: total * percent // 100))
    limit = share(f"{percent}%")
    enough = traffic.used * 100 >= percent * traffic.total  # exactly

    at_least = judged(traffic, traffic_used_at_least=limit)
    below = judged(traffic, traffic_used_below=limit)

    assert (at_least.met, below.met) == (enough, not enough)
    shown = numbers(at_least.reason)[0]
    assert (shown >= percent) == enough
    assert numbers(below.reason)[0] == shown
    if not enough:
        told = rf"{shown}% of [1-9]\d* (GB|MB|bytes) traffic used, less than {percent}%"
        assert re.fullmatch(told, at_least.reason)
    else:
        assert below.reason.endswith(f", not below {percent}%")


@given(st.data(), SIZES)
@example(None, "60GB")
def test_what_is_left_is_shown_on_its_side_of_the_limit_and_in_its_unit(data, text):
    limit = size(text)
    if data is None:
        traffic = Traffic(440 * GB, 500 * GB, NOW)
    else:
        traffic = data.draw(near(lambda _, total: max(0, total - limit)))

    met = judged(traffic, traffic_left_below=limit)

    assert met.met == (traffic.total - traffic.used < limit)
    unit = GB if " GB left" in met.reason else MB
    shown = int(re.search(r"(\d+) [GM]B left|none left", met.reason).group(1) or 0)
    assert (shown * unit < limit) == met.met
    if not met.met:
        told, name = re.search(r"not less than (\d+) ([GM]B)$", met.reason).groups()
        assert int(told) * {"GB": GB, "MB": MB}[name] == limit
        assert unit == {"GB": GB, "MB": MB}[name]


@pytest.mark.parametrize(
    ("used", "total", "said"),
    [
        (100 * MB, 500 * MB, "20% of 500 MB traffic used, 400 MB left"),
        (512 * MB, 1536 * MB, "33% of 1536 MB traffic used, 1 GB left"),
        (5 * GB, 5 * GB, "100% of 5 GB traffic used, none left"),
        (525 * GB, 500 * GB, "105% of 500 GB traffic used, none left"),
        (0, 500 * GB + 1, "0% of 500 GB traffic used, 500 GB left"),
        (1, 3, "33% of 3 bytes traffic used, 0 MB left"),
    ],
)
def test_a_package_is_shown_in_a_unit_that_fits_and_never_less_than_nothing_left(used, total, said):
    met = judged(Traffic(used, total, None), traffic_left_below=1000 * GB)

    assert met.reason == said


@given(DURATIONS, st.integers(-3, 3) | st.integers(0, 10**6), st.integers(0, 999_999))
@example("30m", -1, 0)
@example("45s", 0, 1)
def test_how_long_it_runs_is_shown_on_its_side_of_the_limit(text, off, micro):
    limit = duration(text)
    running = timedelta(seconds=max(0, int(limit) + off), microseconds=micro)

    met = judged(running=running, running_at_least=limit)

    assert met.met == (running.total_seconds() >= limit)
    shown = numbers(met.reason)[0]
    unit = 60 if "minutes" in met.reason else 1
    assert (shown * unit >= limit) == met.met
    if not met.met:
        assert numbers(met.reason)[1] * unit == limit


def test_of_two_conditions_that_are_met_both_reasons_are_told():
    limits = {"running_at_least": 3600.0, "traffic_used_at_least": 0.9}

    met = judged(Traffic(475 * GB, 500 * GB, NOW), timedelta(hours=2), **limits)

    assert met == (True, "running for 120 minutes, 95% of 500 GB traffic used", False)


def test_of_two_conditions_the_first_that_is_not_met_is_told():
    limits = {"running_at_least": 3600.0, "traffic_used_at_least": 0.9}
    little = Traffic(0, 500 * GB, NOW)

    assert judged(little, timedelta(hours=2), **limits).reason.endswith("less than 90%")
    assert (
        judged(little, timedelta(minutes=5), **limits).reason
        == "running for 5 minutes, less than 60"
    )


# A start that waits for the renewal ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "state", "seconds", "starts"),
    [
        ("StopInstances", "SUCCESS", -1, True),
        ("StopInstances", "SUCCESS", 0, False),  # a stop in the moment of the renewal came after it
        ("ResetInstancesPassword", "SUCCESS", 60, False),  # it hides what was before it
        ("StartInstances", "FAILED", 60, True),
        ("StopInstances", "SUCCESS", None, False),
    ],
)
def test_a_start_leaves_off_what_somebody_may_have_stopped_since_the_renewal(
    operation, state, seconds, starts
):
    renewed = NOW - timedelta(days=10)
    started = "" if seconds is None else iso(renewed + timedelta(seconds=seconds))
    facts = {"operation": operation, "operation_state": state, "operation_started": started}
    policy = a_policy(action="start", only_if=OnlyIf(traffic_used_below=0.5))

    met = check_conditions(
        policy, an_instance(state="STOPPED", **facts), Traffic(5 * GB, 500 * GB, renewed), NOW
    )

    assert met.met == starts
    why = "" if starts else ", but its package was not renewed since it was stopped"
    assert met.reason == f"1% of 500 GB traffic used{why}"


# Packages ----------------------------------------------------------------------------------------


def iso(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def a_package(begins=-10, ends=20, **facts):
    """A package that began and ends so many days from now."""
    times = {
        "StartTime": iso(NOW + timedelta(days=begins)),
        "EndTime": iso(NOW + timedelta(days=ends)),
    }
    numbers = {"TrafficUsed": 5 * GB, "TrafficPackageTotal": 10 * GB, "TrafficOverflow": 0}
    return times | numbers | facts


DAYS = st.integers(-40, 40)


@given(st.lists(st.tuples(DAYS, DAYS).map(sorted), max_size=4))
def test_only_packages_that_have_begun_and_are_not_over_count(spans):
    traffic = read_traffic([a_package(*span) for span in spans], NOW)

    current = [(begins, ends) for begins, ends in spans if begins <= 0 <= ends]
    if not current:
        assert traffic is None
    else:
        renewed = NOW + timedelta(days=max(begins for begins, _ in current))
        assert traffic == (5 * GB * len(current), 10 * GB * len(current), renewed)


def test_a_package_of_the_next_month_hides_neither_use_nor_renewal():
    packages = [a_package(TrafficUsed=10 * GB), a_package(20, 50, TrafficUsed=0)]

    traffic = read_traffic(packages, NOW)

    assert judged(traffic, traffic_used_at_least=0.95).met
    assert not judged(traffic, traffic_used_below=0.6).met
    assert traffic.renewed == NOW - timedelta(days=10)


UNREADABLE = [None, "", "soon", "2026-11-01 08:00:00", 1763899200, {}, True]


@pytest.mark.parametrize("name", list(a_package()))
@pytest.mark.parametrize("value", [*UNREADABLE, -1, 1.5, "7"])
@pytest.mark.parametrize("beside", [[], [a_package()]])
def test_one_package_that_cannot_be_read_makes_the_traffic_unknown(name, value, beside):
    readable = name.startswith("Traffic") and value == 1763899200

    traffic = read_traffic([*beside, a_package(**{name: value})], NOW)

    assert (traffic is not None) == readable


@pytest.mark.parametrize("name", list(a_package()))
def test_a_package_that_lacks_a_field_makes_the_traffic_unknown(name):
    package = a_package()
    del package[name]

    assert read_traffic([package], NOW) is None


def test_how_long_it_runs_is_not_told_by_a_start_that_failed():
    began = iso(NOW)
    instance = an_instance(
        operation="RebootInstances", operation_state="FAILED", operation_started=began
    )
    policy = a_policy(only_if=OnlyIf(running_at_least=60))

    met = check_conditions(policy, instance, None, NOW + timedelta(hours=1))

    assert (met.met, met.doubtful) == (False, True)
    assert met.reason.endswith("its latest operation is RebootInstances FAILED")


@given(DURATIONS, st.integers(0, 2 * 10**6))
@example("1h", 1)
@example("90s", 1_000_000)
def test_the_age_of_an_event_that_is_refused_is_shown_beyond_the_limit(text, micro):
    limit = duration(text)
    assume(limit < 6 * 3600)  # what is older than the platform keeps is no age
    age = timedelta(seconds=limit, microseconds=1 + micro)
    timer = {"Type": "Timer", "Time": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "Message": ""}

    with pytest.raises(BadEvent) as refused:
        read_event(timer, now=NOW + age, max_age=limit)

    shown, allowed = re.search(r" is (\d+) .* allows \((\d+)\)", str(refused.value)).groups()
    assert int(shown) > int(allowed)
    unit = 60 if "minutes old" in str(refused.value) else 1
    assert int(allowed) * unit == limit


def test_without_a_limit_of_its_own_no_traffic_is_ever_enough():
    endless = Traffic(10**15, 0, NOW)

    assert judged(endless, traffic_used_at_least=0.01).reason == "no traffic limit, less than 1%"
    assert judged(endless, traffic_used_below=0.01).met
    assert judged(endless, traffic_left_below=60 * GB) == (
        False, "no traffic limit, not less than 60 GB", False,
    )  # fmt: skip
