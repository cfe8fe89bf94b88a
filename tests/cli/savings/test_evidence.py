"""Log lines of many runs to the signs of each machine."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta, timezone

import pytest

from lightsout.cli.savings.evidence import Machine, read_evidence
from lightsout.cli.savings.intervals import Clue, Ended, intervals
from lightsout.model.resources.resource import CVM, Site

START = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
SITE = Site("own", CVM, "ap-guangzhou")
A, B = "ins-0000000a", "ins-0000000b"


class LogBuilder:
    """Writes the lines of runs; `hours` is when."""

    def __init__(self):
        self.lines = []
        self.run_id = ""
        self._numbers = itertools.count()

    def line(self, hours, event, **facts):
        time = START + timedelta(hours=hours)
        place = {"account": "own", "resource": "cvm", "region": "ap-guangzhou"}
        head = {"time": f"{time:%Y-%m-%dT%H:%M:%S}.000Z", "event": event, "run_id": self.run_id}
        self.lines.append(head | place | facts)

    def begin(self, hours, run_id=None):
        self.run_id = run_id or f"run-{next(self._numbers)}"
        self.line(hours, "run.started")

    def look(self, hours, policy="nights", act=(), keep=(), since=None, **facts):
        counts = {"act": len(act), "keep": len(keep), "refused": None} | facts
        self.line(hours, "plan", policies=[policy], **counts)
        for verdict, ids in (("act", act), ("keep", keep)):
            told = {"running_since": since} if since else {}
            if ids:
                self.line(
                    hours, "plan", policies=[policy], verdict=verdict, instance_ids=[*ids], **told
                )

    def call(self, hours, action, ids, request_id, policies=("nights",), *, confirmed=True):
        facts = {"request_id": request_id, "instance_ids": [*ids], "policies": [*policies]}
        self.line(hours, f"{action}.accepted", **facts)
        if confirmed:
            self.line(hours + 0.01, "verify.confirmed", **facts)

    def night(self, hours, ids=(A,), request_id="req-1", **facts):
        """A run that looks, stops and confirms."""
        self.begin(hours)
        self.look(hours, act=ids, **facts)
        self.call(hours, "stop", ids, request_id)


@pytest.fixture
def log():
    return LogBuilder()


def told(lines, id_=A, horizon=1000):
    """Certain and possible end of each interval, in hours from the beginning of its stop."""
    evidence = read_evidence(lines)
    signs = evidence.signs.get(Machine(SITE, id_), [])
    end = START + timedelta(hours=horizon)
    found = intervals(signs, evidence.looks.get(SITE, {}), end)
    return [(round(i.hours, 1), round(i.hours_at_most, 1), i.ended) for i in found]


def test_a_night_ended_by_a_start_policy(log):
    log.night(8)
    log.begin(20)
    log.look(20, "mornings", act=[A])
    log.call(20, "start", [A], "req-2", ["mornings"])

    assert told(log.lines) == [(12.0, 12.0, Ended.STARTED)]


def test_a_start_by_hand_is_found_between_two_looks(log):
    log.night(8)
    log.begin(11)
    log.look(11)
    log.night(32, request_id="req-2")

    assert told(log.lines)[0] == (3.0, 24.0, Ended.SEEN)


def test_a_start_by_hand_whose_time_the_log_tells_is_exact(log):
    log.night(8)
    log.night(32, request_id="req-2", since=["2026-11-24T06:30:00Z"])

    assert told(log.lines)[0] == (10.5, 10.5, Ended.RESTARTED)


def test_files_may_be_shuffled_overlap_and_repeat_themselves(log):
    log.night(8)
    log.begin(11)
    log.look(11)
    log.night(32, [A, B], request_id="req-2")
    log.begin(44)
    log.call(44, "start", [A], "req-3", ["mornings"], confirmed=False)
    expected = told(log.lines), told(log.lines, B)

    mixed = [*log.lines, *log.lines[3:]]
    random.Random(7).shuffle(mixed)

    # Inside of one millisecond the order of the lines is that of the file: the counts come first.
    mixed.sort(key=lambda line: "act" not in line)
    assert (told(mixed), told(mixed, B)) == expected


def test_without_the_plan_the_next_stop_still_tells_that_it_ran(log):
    """As of a search for the accepted and confirmed lines only."""
    log.night(8)
    log.night(32, request_id="req-2")
    lines = [line for line in log.lines if line["event"] != "plan"]

    assert told(lines)[0] == (0.0, 24.0, Ended.SEEN)


@pytest.mark.parametrize(
    "flaw", [{"partial": True}, {"act": 1}, {"keep": 2}], ids=["narrowed", "cut", "cut too"]
)
def test_a_look_that_may_have_missed_it_says_nothing(log, flaw):
    log.night(8)
    log.begin(11)
    log.look(11)
    log.lines[-1] |= flaw
    log.night(32, request_id="req-2")

    assert told(log.lines)[0] == (0.0, 24.0, Ended.SEEN)


def test_nor_does_a_look_in_which_policies_contradicted_each_other(log):
    log.night(8)
    log.begin(11)
    log.look(11)
    log.line(11, "plan", policies=["nights"], verdict="conflict", instance_ids=[A])
    log.night(32, request_id="req-2")

    assert told(log.lines)[0] == (0.0, 24.0, Ended.SEEN)


def test_a_look_counts_from_the_beginning_of_its_run(log):
    """It listed before it wrote: another run may have stopped the machine in between."""
    log.begin(7.99, "slow")
    log.night(8)
    log.run_id = "slow"
    log.look(8.02, act=[A])

    assert told(log.lines)[0][2] is Ended.OPEN


def test_a_retried_run_of_the_same_id_looks_again(log):
    log.begin(8, "run-x")
    log.look(8, act=[A])
    log.call(8, "stop", [A], "req-1")
    log.begin(9, "run-x")
    log.look(9)
    log.night(32, request_id="req-2")

    assert told(log.lines)[0] == (1.0, 24.0, Ended.SEEN)


def test_each_machine_has_the_policies_that_wanted_it_not_those_of_its_batch(log):
    log.begin(8)
    log.look(8, "nights", act=[A, B])
    log.look(8, "red", act=[B])
    log.look(8, "refused", act=[A], refused="over limit")
    log.call(8, "stop", [A, B], "req-1", ["nights", "red", "refused"])

    signs = read_evidence(log.lines).signs

    def policies(id_):
        return [it.policies for it in signs[Machine(SITE, id_)] if it.policies]

    assert policies(A) == [{"nights"}]
    assert policies(B) == [{"nights", "red"}]


def test_what_somebody_else_stopped_is_not_ours(log):
    """The run found it stopping, and confirmed the operation of another."""
    log.begin(8)
    log.look(8, act=[A])
    log.line(8.1, "verify.confirmed", request_id="foreign", instance_ids=[A], policies=["nights"])

    evidence = read_evidence(log.lines)

    assert evidence.signs == {}
    assert evidence.foreign == 1


def test_nor_is_what_the_accepted_call_did_not_name(log):
    log.night(8, [A])
    log.line(8.1, "verify.confirmed", request_id="req-1", instance_ids=[B], policies=["nights"])

    evidence = read_evidence(log.lines)

    assert list(evidence.signs) == [Machine(SITE, A)]
    assert evidence.foreign == 1


def test_what_was_accepted_and_not_confirmed_is_counted_and_saves_nothing(log):
    log.begin(8)
    log.look(8, act=[A, B])
    log.call(8, "stop", [A, B], "req-1", confirmed=False)
    reason = "STOPPED, but still charged: prepaid"
    log.line(8.1, "verify.skipped", reason=reason, instance_ids=[B], policies=["nights"])

    evidence = read_evidence([*log.lines, *log.lines])

    assert evidence.signs == {}
    assert evidence.unconfirmed == 1
    assert evidence.skipped == {reason: 1}


def test_lines_that_are_cut_or_of_another_make_do_no_harm(log):
    log.night(8)
    good = told(log.lines)
    broken = [
        {},
        {"time": "yesterday", "event": "stop.accepted", "run_id": "r"},
        {"time": "2026-11-23T12:00:00", "event": "plan", "run_id": "r"},
        {"time": log.lines[0]["time"], "event": "plan", "run_id": "r"},
        log.lines[1] | {"policies": "nights"},
        log.lines[2] | {"instance_ids": None, "running_since": [1]},
        log.lines[3] | {"resource": "tke"},
        log.lines[3] | {"account": 7},
        log.lines[3] | {"request_id": None, "event": "stop.accepted"},
        {"time": log.lines[0]["time"], "event": None, "run_id": None},
    ]

    assert told([*broken, *log.lines, *broken]) == good


def test_the_last_line_of_any_kind_ends_the_logs(log):
    log.night(8)
    log.line(99, "run.finished")

    assert read_evidence(log.lines).last == START + timedelta(hours=99)
    assert read_evidence([]).last is None


def test_a_policy_that_stops_and_starts_sees_machines_in_both_states(log):
    """In one run its stop sees A running, and its start sees B stopped."""
    log.begin(0)
    log.look(0, act=[A], action="stop")
    log.look(0, act=[B], action="start")
    log.call(0, "stop", [A], "req-1")
    log.call(0, "start", [B], "req-2")
    log.begin(12)
    log.look(12, action="stop")
    log.look(12, act=[A], action="start")
    log.line(12, "plan", policies=["nights"], action="stop", verdict="keep", instance_ids=[B])
    log.call(12, "start", [A], "req-3")

    evidence = read_evidence(log.lines)

    kinds = {(it.kind, it.time) for it in evidence.signs[Machine(SITE, A)]}
    assert (Clue.STOPPED, START + timedelta(hours=12)) in kinds
    assert (Clue.RUNNING, START + timedelta(hours=12)) not in kinds
