"""Marks: what is written can be read, in letters that the service takes; none makes a run act."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.decide.decide import decide, possibly, steps_of
from lightsout.model.finding import Verdict
from lightsout.model.mark import DONE, FAILED, MARK_KEY, Marker, read_mark, write_mark
from lightsout.simulator.tags.tag_rules import require_key, require_value
from tests.support.values import NOW, SHANGHAI, a_policy, an_instance, any_text

ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]
zones = st.sampled_from(ZONES).map(ZoneInfo)
names = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
whats = st.sampled_from([*DONE.values(), FAILED])
ON = datetime.fromisoformat
instants = st.datetimes(ON("2000-01-01"), ON("2100-01-01"), timezones=st.just(timezone.utc))
# Good ones, near misses, and anything.
forged = st.one_of(
    any_text,
    st.builds(write_mark, whats, instants, st.builds(Marker, names, zones)),
    st.builds(
        "{} {}-{}-{} {}:{} {}".format,
        st.sampled_from(["stopped", "started", "STOPPED", "failed", ""]),
        st.sampled_from(["0001", "2026", "9999", "10000", "２０２６"]),
        st.sampled_from(["01", "11", "13"]),
        st.sampled_from(["01", "23", "31"]),
        st.sampled_from(["00", "20", "24"]),
        st.sampled_from(["00", "07", "60"]),
        names,
    ),
)


@given(whats, instants, names, zones)
def test_what_is_written_is_read_again(what, at, name, zone):
    mark = read_mark(write_mark(what, at, Marker(name, zone)))

    assert mark is not None
    assert (mark.what, mark.policy) == (what, name)
    minute = at.replace(second=0, microsecond=0)
    assert mark.is_between(minute, at, [zone])
    assert not mark.is_between(minute + timedelta(hours=2), at + timedelta(hours=3), [zone])


@given(whats, instants, names, zones)
def test_a_mark_has_no_letter_that_the_service_refuses(what, at, name, zone):
    require_key(MARK_KEY)
    require_value(write_mark(what, at, Marker(name, zone)))


@given(forged)
def test_whatever_stands_in_the_tag_is_read_or_is_no_mark(text):
    mark = read_mark(text)

    if mark:
        assert f"{mark.what} {mark.clock:%Y-%m-%d %H:%M} {mark.policy}".endswith(text[-70:]) or (
            mark.clock.year < 1000  # strftime does not pad it
        )


@st.composite
def scenes(draw):
    """A policy, an instance, when the window opened, and marks that are mostly of this window."""
    action, zone = draw(st.sampled_from(list(DONE))), draw(zones)
    resource = draw(st.sampled_from(["cvm", "cvm", "lighthouse"]))
    policy = a_policy(resource=resource, action=action, timezone=zone)
    state = draw(st.sampled_from([policy.does.before] * 3 + ["RUNNING", "STOPPED", "STOPPING"]))
    operation = draw(st.sampled_from(["", "StopInstances", "StartInstances"]))
    opened = draw(st.sampled_from([None, *[NOW - timedelta(hours=2)] * 3]) | instants)
    what = st.sampled_from([DONE[action], DONE[action], *DONE.values(), FAILED])
    minutes = st.integers(-10, 150).map(lambda it: NOW - timedelta(minutes=it))
    recent = st.builds(write_mark, what, minutes, st.builds(Marker, names, st.just(zone) | zones))
    marks = draw(st.lists(recent | recent | forged, min_size=1, max_size=2))
    facts = {"operation": operation, "operation_started": "2026-11-01T00:00:00Z"}
    return policy, an_instance(state=state, **facts), opened, marks


@given(scenes())
def test_no_mark_makes_a_policy_act_that_would_not_act_without_it(scene):
    policy, plain, opened, marks = scene
    marked = plain._replace(tags={"env": ("dev",), MARK_KEY: tuple(marks)})

    with_mark = decide(policy, marked, NOW, opened)
    without = decide(policy, plain, NOW, opened)

    assert with_mark == without or (
        with_mark.verdict is Verdict.KEEP
        and without.verdict is Verdict.ACT
        and (policy.resource, opened is None) == ("cvm", False)
    )


@given(marks=st.lists(forged, max_size=2), action=st.sampled_from(list(DONE)), opened=instants)
def test_no_mark_hides_that_another_policy_wants_the_opposite(marks, action, opened):
    """A machine in a state in which only the other policy can act is judged as without marks."""
    other_state = {"stop": "STOPPED", "start": "RUNNING"}[action]
    policy = a_policy(resource="cvm", action=action)
    plain = an_instance(state=other_state)
    marked = an_instance(state=other_state, tags={"env": "dev", MARK_KEY: tuple(marks)})

    assert possibly(steps_of(policy, marked, NOW, opened)) == possibly(
        steps_of(policy, plain, NOW, opened)
    )


OPENED = datetime(2026, 11, 23, 20, tzinfo=SHANGHAI)
LATER = OPENED + timedelta(hours=2)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("stopped 2026-11-23 20:00 dev-nights", True),
        ("stopped 2026-11-23 21:59 of-another-policy", True),
        ("stopped 2026-11-23 22:04 a-clock-that-is-fast", True),
        ("stopped 2026-11-23 22:05 a-forged-one", False),
        ("stopped 2026-11-23 19:59 dev-nights", False),  # an earlier window's
        ("started 2026-11-23 21:00 dev-nights", False),
        ("failed 2026-11-23 21:00 dev-nights", False),
        ("stopped 2026-11-23 21:00", False),
        ("stopped 2026-11-31 21:00 dev-nights", False),
        ("Stopped 2026-11-23 21:00 dev-nights", False),
        ("stopped 2026-11-23 21:00 dev-nights ", False),
        ("stopped 9999-12-31 23:59 dev-nights", False),
        ("stopped 0001-01-01 00:00 dev-nights", False),
        ("", False),
    ],
)
def test_a_running_cvm_is_kept_by_a_mark_of_this_window(value, kept):
    instance = an_instance("ins-00000001", tags={"env": "dev", MARK_KEY: value})

    decision = decide(a_policy(resource="cvm"), instance, LATER, OPENED)

    assert (decision.verdict is Verdict.KEEP) == kept


def test_without_a_window_of_its_own_a_policy_reads_no_mark():
    mark = write_mark("stopped", NOW, Marker("dev-nights", SHANGHAI))
    instance = an_instance("ins-00000001", tags={"env": "dev", MARK_KEY: mark})

    assert decide(a_policy(resource="cvm"), instance, NOW, None).verdict is Verdict.ACT


@pytest.mark.parametrize("hour", [0, 1])
def test_a_time_that_the_clocks_show_twice_counts_as_both(hour):
    """In Berlin 02:30 comes twice on 2026-10-25: at 00:30 and 01:30 of UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 10, 25, hour, 30, tzinfo=timezone.utc)

    mark = read_mark(write_mark("stopped", at, Marker("nights", berlin)))

    assert mark.clock == ON("2026-10-25T02:30")
    assert mark.is_between(at, at, [berlin])


BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
ZONES_AT_HAND = (("dev-nights", SHANGHAI), ("berlin", BERLIN), ("tokyo", TOKYO))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        # The window opened at 20:00 in Shanghai, which is 13:00 in Berlin and 21:00 in Tokyo.
        ("stopped 2026-11-23 13:00 berlin", True),
        ("stopped 2026-11-23 20:30 berlin", False),
        ("stopped 2026-11-23 21:00 tokyo", True),
        ("stopped 2026-11-23 20:30 tokyo", False),
        ("stopped 2026-11-23 20:30 dev-nights", True),
        ("stopped 2026-11-23 13:00 dev-nights", False),
        # Whose policy is not known (any more): it may be of each of these zones.
        ("stopped 2026-11-23 13:00 renamed", True),
        ("stopped 2026-11-23 20:00 renamed", True),
        ("stopped 2026-11-23 22:30 renamed", True),
        ("stopped 2026-11-23 12:00 renamed", False),
    ],
)
def test_a_mark_is_read_in_the_zone_of_the_policy_that_it_names(value, kept):
    instance = an_instance("ins-00000001", tags={"env": "dev", MARK_KEY: value})
    policy = a_policy(resource="cvm", mark_zones=ZONES_AT_HAND)

    decision = decide(policy, instance, LATER, OPENED)

    assert (decision.verdict is Verdict.KEEP) == kept


@given(
    st.lists(st.tuples(names, zones), max_size=4),
    st.sampled_from(list(DONE)),
    instants,
    st.integers(0, 30),
    st.data(),
)
def test_an_owners_restart_is_kept_in_whichever_zone_its_mark_was_written(
    others, action, opened, minutes, data
):
    known = dict(others)
    writer = data.draw(st.sampled_from([*known, "dev-nights"]))
    known.setdefault("dev-nights", SHANGHAI)
    opened = opened.replace(second=0, microsecond=0)
    mark = write_mark(
        DONE[action], opened + timedelta(minutes=minutes), Marker(writer, known[writer])
    )
    state = {"stop": "RUNNING", "start": "STOPPED"}[action]
    instance = an_instance("ins-00000001", state=state, tags={"env": "dev", MARK_KEY: mark})
    policy = a_policy(resource="cvm", action=action, mark_zones=tuple(known.items()))

    decision = decide(policy, instance, opened + timedelta(minutes=minutes), opened)

    assert decision.verdict is Verdict.KEEP
