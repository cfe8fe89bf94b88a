"""Signs of one machine to intervals: what is claimed is never more than what was."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightsout.cli.savings.intervals import Clue, Ended, Interval, Sign, intervals

START = datetime(2026, 11, 23, tzinfo=timezone.utc)
NIGHTS = frozenset({"nights"})
HORIZON = START + timedelta(hours=100)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def sign(hours, kind, **facts) -> Sign:
    return Sign(at(hours), kind, **facts)


def stop(hours, request_id="req-1", policies=NIGHTS, **facts) -> Sign:
    return sign(hours, Clue.CONFIRMED, request_id=request_id, policies=policies, **facts)


def told(signs, looks=(), horizon=HORIZON):
    """Begin, certain end and latest end in hours, and how it ended."""
    found = intervals(signs, {"nights": [at(look) for look in looks]}, horizon)

    def hours(time):
        return (time - START) / timedelta(hours=1)

    return [(hours(i.begin), hours(i.end), hours(i.latest), i.ended) for i in found]


# One sign after the other -------------------------------------------------------------------------


def test_from_the_confirmed_stop_to_the_accepted_start():
    assert told([stop(20), sign(32, Clue.STARTED)]) == [(20, 32, 32, Ended.STARTED)]


def test_what_was_never_confirmed_is_no_interval():
    assert told([sign(19, Clue.RUNNING), sign(32, Clue.STARTED)]) == []


def test_a_start_by_hand_whose_time_is_told_is_exact():
    seen = sign(44, Clue.RUNNING, since=at(33))

    assert told([stop(20), seen], looks=[21, 22, 40]) == [(20, 33, 33, Ended.RESTARTED)]


def test_a_start_by_hand_whose_time_is_not_told_lies_between_two_looks():
    assert told([stop(20), sign(44, Clue.RUNNING)], looks=[19, 21, 23, 44, 45]) == [
        (20, 23, 44, Ended.SEEN)
    ]
    assert told([stop(20), sign(44, Clue.RUNNING)]) == [(20, 20, 44, Ended.SEEN)]


def test_looks_of_another_policy_say_nothing_of_the_machine():
    found = intervals([stop(20), sign(44, Clue.RUNNING)], {"others": [at(40)]}, HORIZON)

    assert found[0].end == at(20)


def test_of_two_sights_at_once_the_one_that_tells_the_time_counts():
    sights = [sign(44, Clue.RUNNING), sign(44, Clue.RUNNING, since=at(33))]

    assert told([stop(20), *sights]) == told([stop(20), *sights[::-1]])
    assert told([stop(20), *sights]) == [(20, 33, 33, Ended.RESTARTED)]


def test_a_listing_that_lags_behind_the_stop_does_not_end_it():
    stale = sign(20.1, Clue.RUNNING, since=at(9))

    assert told([stop(20), stale, sign(32, Clue.STARTED)]) == [(20, 32, 32, Ended.STARTED)]


def test_a_stop_confirmed_twice_is_one_interval_with_the_policies_of_both():
    signs = [stop(20), stop(20.1, "req-2", frozenset({"red"})), sign(32, Clue.STARTED)]

    (only,) = intervals(signs, {}, HORIZON)

    assert (only.begin, only.end, only.request_id) == (at(20), at(32), "req-1")
    assert only.policies == {"nights", "red"}


def test_money_needs_the_first_confirmation_to_say_that_it_is_uncharged():
    (late,) = intervals([stop(20), stop(21, "req-2", uncharged=True)], {}, HORIZON)
    (first,) = intervals([stop(20, uncharged=True), stop(21, "req-2")], {}, HORIZON)

    assert (late.uncharged, first.uncharged) == (False, True)


def test_a_stop_that_does_not_end_counts_to_the_horizon():
    assert told([stop(20)]) == [(20, 100, 100, Ended.OPEN)]
    assert told([stop(20), sign(32, Clue.STARTED)], horizon=at(30)) == [(20, 30, 30, Ended.OPEN)]
    assert told([stop(20)], horizon=at(20)) == [(20, 20, 20, Ended.OPEN)]
    assert told([stop(20)], horizon=at(19)) == []


def test_a_start_that_failed_does_not_end_it():
    """The next morning it is found STOPPED, and started again."""
    signs = [
        stop(20),
        sign(32, Clue.TRIED),
        sign(33, Clue.STOPPED),
        sign(33, Clue.STARTED),
    ]

    assert told(signs) == [(20, 33, 33, Ended.STARTED)]


def test_after_a_start_that_was_not_confirmed_nothing_is_certain():
    assert told([stop(20), sign(32, Clue.TRIED)]) == [(20, 32, 100, Ended.TRIED)]
    assert told([stop(20), sign(32, Clue.TRIED)], looks=[44]) == [(20, 100, 100, Ended.OPEN)]


def test_what_is_asked_now_tells_whether_anybody_touched_it_since():
    def asked(kind, request_id=""):
        return told([stop(20), sign(200, kind, request_id=request_id)], looks=[21, 45])

    assert asked(Clue.STOPPED, "req-1") == [(20, 100, 100, Ended.OPEN)]
    assert asked(Clue.STOPPED, "another") == [(20, 45, 100, Ended.CHANGED)]
    assert asked(Clue.CHANGED) == [(20, 45, 100, Ended.CHANGED)]


def test_of_a_machine_that_is_gone_only_the_signs_of_itself_count():
    """No look shows what does not exist: from looks alone it would be stopped for ever."""
    signs = [stop(20), sign(32, Clue.STOPPED), sign(200, Clue.GONE)]

    assert told(signs, looks=[45, 90]) == [(20, 32, 100, Ended.GONE)]


# Laws ---------------------------------------------------------------------------------------------

HAPPENINGS = st.lists(
    st.tuples(
        st.integers(1, 600),  # minutes since the one before
        st.sampled_from(["stop", "start", "failing start", "start by hand", "look"]),
    ),
    max_size=40,
)


class Truth:
    """A machine that really runs and stops, and what is seen of it meanwhile."""

    def __init__(self, happenings, *, tells_since):
        self.signs: list[Sign] = []
        self.looks: list[datetime] = []
        self.intervals: list[list[datetime]] = []  # begin and end
        self._since = self._stopped = None
        self._tells_since = tells_since
        self.now = START
        for minutes, what in happenings:
            self.now += timedelta(minutes=minutes)
            getattr(self, "_" + what.replace(" ", "_"))()
        if self._stopped:
            self.intervals.append([self._stopped, self.now])

    def _look(self):
        if self._stopped:
            self.looks.append(self.now)
        else:
            since = self._since if self._tells_since else None
            self.signs.append(Sign(self.now, Clue.RUNNING, since=since))

    def _stop(self):
        self._look()
        if not self._stopped:
            self._stopped = self.now + timedelta(seconds=5)
            self.signs.append(Sign(self._stopped, Clue.CONFIRMED, f"req-{len(self.signs)}", NIGHTS))

    def _start(self):
        if self._stopped:
            self.signs += [Sign(self.now, Clue.STOPPED), Sign(self.now, Clue.STARTED)]
            self._run()

    def _failing_start(self):
        if self._stopped:
            self.signs += [Sign(self.now, Clue.STOPPED), Sign(self.now, Clue.TRIED)]

    def _start_by_hand(self):
        if self._stopped:
            self._run()

    def _run(self):
        self.intervals.append([self._stopped, self.now])
        self._since, self._stopped = self.now, None


@example(happenings=[(1, "stop"), (1, "failing start")], tells_since=True)
@given(happenings=HAPPENINGS, tells_since=st.booleans())
def test_the_truth_lies_between_what_is_certain_and_what_is_possible(happenings, tells_since):
    truth = Truth([*happenings, (1, "look")], tells_since=tells_since)  # the look at the very end

    found = intervals(truth.signs, {"nights": truth.looks}, truth.now)

    assert [one.begin for one in found] == [begin for begin, _ in truth.intervals]
    for one, (_, end) in zip(found, truth.intervals, strict=True):
        assert one.begin <= one.end <= end <= one.latest
        if tells_since or one.ended in {Ended.STARTED, Ended.OPEN}:
            assert one.end == one.latest == end


kinds = st.sampled_from(Clue)
any_sign = st.builds(
    Sign,
    time=st.integers(0, 200).map(at),
    kind=kinds,
    request_id=st.sampled_from(["", "req-1", "req-2"]),
    policies=st.frozensets(st.sampled_from(["nights", "red"]), min_size=1),
    uncharged=st.booleans(),
    since=st.none() | st.integers(0, 200).map(at),
)
looks = st.lists(st.integers(0, 200).map(at), unique=True).map(sorted)


@given(st.lists(any_sign, max_size=30), looks, st.randoms(use_true_random=False))
def test_order_and_repetition_of_signs_do_not_matter_and_intervals_never_overlap(
    signs, looks, random
):
    found = intervals(signs, {"nights": looks}, HORIZON)

    mixed = [*set(signs), *signs]
    random.shuffle(mixed)
    assert spans(intervals(mixed, {"nights": looks}, HORIZON)) == spans(found)
    for one in found:
        assert one.begin <= one.end <= one.latest <= HORIZON
    for one, following in itertools.pairwise(found):
        assert one.latest <= following.begin


def spans(found: list[Interval]):
    return [(one.begin, one.end, one.latest, one.ended, one.request_id) for one in found]


@pytest.mark.parametrize("hours", [0.5, 12])
def test_hours_are_hours(hours):
    (only,) = intervals([stop(1), sign(1 + hours, Clue.STARTED)], {}, HORIZON)

    assert only.hours == only.hours_at_most == hours


def test_a_stop_whose_answer_was_lost_begins_when_one_look_tells_of_both():
    accepted = sign(20, Clue.RUNNING, request_id="req-1")

    assert told([stop(20), accepted, sign(32, Clue.STARTED)]) == [(20, 32, 32, Ended.STARTED)]


def test_what_ran_again_before_such_a_stop_is_not_one_interval_with_it():
    accepted = sign(44, Clue.RUNNING, request_id="req-2")

    assert told([stop(20), stop(44, "req-2"), accepted, sign(56, Clue.STARTED)]) == [
        (20, 20, 44, Ended.SEEN),
        (44, 56, 56, Ended.STARTED),
    ]
