"""Log lines: always one JSON object each, never over 8 KB, and no instance lost."""

from __future__ import annotations

import json
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.base.log import Log
from lightsout.base.texts.plain import MARK, plain
from lightsout.model.job import Accepted, Kind, Outcome
from lightsout.simulator import ManualClock
from lightsout.site_lines import log_failures, log_plan
from tests.support.values import (
    a_finding,
    a_ledger,
    a_policy,
    an_instance,
    any_json,
    any_text,
    fleet,
)

EIGHT_KB = 8192


class WrittenLines(list):
    """The texts that were written."""

    def read(self) -> list[dict]:
        assert all(line.endswith("\n") and line.count("\n") == 1 for line in self)
        return [json.loads(line) for line in self]


@pytest.fixture
def lines():
    return WrittenLines()


@pytest.fixture
def log(lines):
    return Log(lines.append, ManualClock(), run_id="run-1")


def test_a_line_tells_time_level_event_and_run(log, lines):
    log("plan", act=3)

    assert lines.read() == [
        {
            "time": "2026-11-23T12:00:00.000Z",
            "level": "info",
            "event": "plan",
            "run_id": "run-1",
            "act": 3,
        }
    ]


def test_what_a_log_is_about_stands_in_its_lines_and_in_no_others(log, lines):
    log.about(account="own", region="ap-guangzhou")("plan")
    log("run.finished", level="error")

    first, second = lines.read()
    assert (first["run_id"], first["region"]) == ("run-1", "ap-guangzhou")
    assert second["level"] == "error"
    assert "region" not in second


def test_chinese_text_is_readable_as_it_stands(log, lines):
    log("warning", message="实例不存在")

    assert "实例不存在" in lines[0]


def test_half_a_surrogate_pair_breaks_no_line(log, lines):
    log("warning", message="\ud83d broken")

    assert lines.read()[0]["message"] == f"{MARK} broken"
    lines[0].encode()


def test_a_hundred_instances_fit_in_one_line(log, lines):
    ids = [f"lhins-{number:016x}" for number in range(100)]

    log("stop.accepted", request_id="r" * 36, instance_ids=ids, policies=["p" * 64] * 100)

    (line,) = lines.read()
    assert line["instance_ids"] == ids
    assert line["request_id"] == "r" * 36
    assert len(lines[0].encode()) <= EIGHT_KB


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_more_instances_than_a_line_names_make_more_lines(log, lines, count, sizes):
    log("instance.failed", reason="why", instance_ids=fleet(count))

    told = lines.read()
    assert [len(line["instance_ids"]) for line in told] == sizes
    assert [id_ for line in told for id_ in line["instance_ids"]] == fleet(count)
    assert {line["reason"] for line in told} == {"why"}


def test_a_long_text_is_cut_and_says_so(log, lines):
    log("warning", message="x" * 100_000)

    assert lines.read()[0]["message"] == "x" * 400 + "…"


@given(st.dictionaries(st.sampled_from(["reason", "counts", "tags"]), any_json), any_text)
def test_no_line_holds_a_control_character_in_whatever_spelling(facts, text):
    lines = WrittenLines()
    counts = facts.pop("counts", {})
    facts["counts"] = counts if isinstance(counts, dict) else {}
    log = Log(lines.append, ManualClock(), run_id=text, region=text)

    log(
        "warning", message=text, instance_ids=[text], policies=[text], odd=ValueError(text), **facts
    )

    (line,) = lines
    for told in (line[:-1], json.dumps(json.loads(line), ensure_ascii=False)):
        assert plain(told) == told
        assert not re.search(r"(?<!\\)(\\\\)*\\(u00[01]|[bfnrt])", told)


def test_an_escape_sequence_leaves_a_mark_in_the_log(log, lines):
    log("warning", message="\x1b]0;owned\a 停止 👍", instance_ids=["lhins-1\u202e"])

    (line,) = lines.read()
    assert line["message"] == "\ufffd]0;owned\ufffd 停止 👍"
    assert line["instances"] == "lhins-1\ufffd"


def test_a_short_line_is_not_cut(log, lines):
    log("warning", message="x" * 7000)

    assert lines.read()[0]["message"] == "x" * 7000


names = st.sampled_from(["message", "reason", "code", "refused", "region", "error", "account"])
policies = st.lists(any_text, max_size=200)
values = any_text | st.integers() | st.none() | policies
long_texts = st.builds(lambda text, times: text * times, any_text, st.sampled_from([1, 50, 2000]))
ids = st.lists(st.from_regex(r"lhins-[0-9a-z]{8,16}", fullmatch=True), max_size=100, unique=True)


@given(st.dictionaries(names, values | long_texts), policies, ids, long_texts, st.uuids().map(str))
def test_a_line_is_one_json_object_of_8_kb_with_all_its_instances(
    facts, policies, instances, run_id, asked
):
    lines = WrittenLines()
    log = Log(lines.append, ManualClock(), run_id=run_id[:100], policies=policies)

    log("stop.rejected", level="warning", request_id=asked, instance_ids=instances, **facts)

    (line,) = lines.read()
    assert len(lines[0].encode()) <= EIGHT_KB
    assert line["instance_ids"] == instances
    assert line["request_id"] == asked
    assert line["run_id"] == plain(run_id[:100])
    always = {"time", "level", "event", "run_id", "request_id", "instance_ids", "policies"}
    assert set(line) - {"instances", "policy"} == {*always, *facts}


@pytest.mark.parametrize("id_", ["lhins-" + "0" * 94, "ü" * 100, "\x00" * 100, "x" * 10_000])
def test_however_long_the_ids_are_a_line_stays_within_8_kb(log, lines, id_):
    ids = [f"{number:03}{id_}"[:10_000] for number in range(100)]

    log("warning", message="x" * 5000, instance_ids=ids, policies=["p" * 64] * 100)

    assert max(len(line.encode()) for line in lines) <= EIGHT_KB
    told = [named for line in lines.read() for named in line["instance_ids"]]
    assert [named[:100] for named in told] == [plain(named[:100]) for named in ids]


# Where they are searched: CLS keeps first-level texts and numbers only ---------------------------


def test_instances_and_policies_stand_in_a_line_as_text_too(log, lines):
    log("stop.accepted", instance_ids=["lhins-a", "lhins-b"], policies=["nights", "weekends"])

    (line,) = lines.read()
    assert line["instance_ids"] == ["lhins-a", "lhins-b"]
    assert line["instances"] == "lhins-a lhins-b"
    assert line["policies"] == ["nights", "weekends"]
    assert line["policy"] == "nights weekends"


def test_each_count_stands_in_a_line_as_a_number_too(log, lines):
    log("run.finished", counts={"stopped": 12, "failed": 1})

    (line,) = lines.read()
    assert (line["stopped"], line["failed"]) == (12, 1)
    assert line["counts"] == {"stopped": 12, "failed": 1}


def test_a_line_about_no_instance_names_none(log, lines):
    log("instance.failed", reason="no answer", instance_ids=[])

    assert "instances" not in lines.read()[0]


def test_threads_do_not_write_into_each_others_lines():
    """A stream that takes a line in two pieces, as a pipe may."""
    pieces = []

    def write(line):
        half = len(line) // 2
        pieces.append(line[:half])
        threading.Event().wait(0.0001)
        pieces.append(line[half:])

    log = Log(write, ManualClock(), run_id="run-1")
    writers = [
        threading.Thread(target=log.about(region=f"r{number}"), args=("plan",))
        for number in range(16)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    told = [json.loads(line) for line in "".join(pieces).splitlines()]
    assert {line["region"] for line in told} == {f"r{number}" for number in range(16)}


# What a run has to say ---------------------------------------------------------------------------


def test_a_plan_tells_the_counts_then_each_reason_with_its_instances(log, lines):
    a, b, c, d = fleet(4)

    log_plan(log, a_finding(act=[a, b], keep=[c], excluded=[d]))

    counts, *reasons = lines.read()
    assert (counts["act"], counts["keep"], counts["refused"]) == (2, 1, None)
    assert [(line["verdict"], line["instance_ids"]) for line in reasons] == [
        ("act", [a, b]),
        ("keep", [c]),
        ("excluded", [d]),
    ]
    assert all(line["policies"] == ["dev-nights"] for line in [counts, *reasons])


def test_a_plan_that_goes_over_a_limit_says_so(log, lines):
    log_plan(log, a_finding(act=fleet(3), refused="over limit: 3 instances"))

    assert lines.read()[0]["refused"] == "over limit: 3 instances"


def started(id_, at="2026-11-23T01:00:00Z", **facts):
    facts = {"operation": "StartInstances", "operation_state": "SUCCESS"} | facts
    return an_instance(id_, operation_started=at, **facts)


def test_a_plan_tells_since_when_the_machines_run_that_it_may_stop(log, lines):
    a, b, c, d, e = fleet(5)
    finding = a_finding(act=[a, b, c], keep=[d], excluded=[e])
    finding.instances |= {
        a: started(a),
        b: started(b, operation="RebootInstances"),
        c: started(c, operation_state="FAILED"),
        d: started(d, "2026-11-22T01:00:00Z"),
        e: started(e),
    }

    log_plan(log, finding)

    assert {line["verdict"]: line.get("running_since") for line in lines.read()[1:]} == {
        "act": ["2026-11-23T01:00:00Z", "", ""],
        "keep": ["2026-11-22T01:00:00Z"],
        "excluded": None,
    }


def test_the_times_stand_beside_their_instances_on_every_line(log, lines):
    ids = fleet(250)
    finding = a_finding(act=ids)
    times = [f"2026-11-23T01:{number // 60:02}:{number % 60:02}Z" for number in range(250)]
    finding.instances = {id_: started(id_, at) for id_, at in zip(ids, times, strict=True)}

    log_plan(log, finding)

    _, *told = lines.read()
    assert [len(line["instance_ids"]) for line in told] == [100, 100, 50]
    assert [at for line in told for at in line["running_since"]] == times


def test_a_start_policy_does_not_tell_since_when(log, lines):
    finding = a_finding(a_policy(action="start"), act=fleet(1))
    finding.instances = {id_: started(id_) for id_ in fleet(1)}

    log_plan(log, finding)

    counts, acting = lines.read()
    assert acting["verdict"] == "act"
    assert "running_since" not in counts.keys() | acting.keys()


@pytest.mark.parametrize("facts", [{"error": "no answer"}, {"only": frozenset({"a"})}])
def test_a_look_that_may_have_missed_machines_is_marked(log, lines, facts):
    finding, whole = a_finding(), a_finding()
    for name, value in facts.items():
        setattr(finding, name, value)

    log_plan(log, finding)
    log_plan(log, whole)

    assert [line.get("partial") for line in lines.read() if "act" in line] == [1, None]


def test_a_tag_that_cannot_be_read_is_a_warning_that_names_instance_and_policy(log, lines, mocker):
    (id_,) = fleet(1)
    finding = a_finding(a_policy("dev-nights"), keep=[id_])
    doubtful = mocker.Mock(
        verdict=finding.decisions[id_].verdict,
        reason="keep-until 'soon' …",
        warning=True,
        shared=False,
    )
    finding.decisions = {id_: doubtful}

    log_plan(log, finding)

    (warning,) = [line for line in lines.read() if line["event"] == "warning"]
    assert warning["message"] == f"{id_}: keep-until 'soon' …"
    assert warning["policies"] == ["dev-nights"]


def test_failures_are_a_line_a_reason_and_tell_asked_from_never_asked(log, lines):
    a, b, c, d = fleet(4)
    ledger = a_ledger(
        [Accepted("req-1", (a, b))],
        {
            a: Outcome(Kind.DONE),
            b: Outcome(Kind.PENDING, "RUNNING when time ran out"),
            c: Outcome(Kind.FAILED, "no rights"),
            d: Outcome(Kind.FAILED, "no rights"),
        },
    )

    log_failures(log, ledger)

    told = [(line["event"], line["reason"], line["instance_ids"]) for line in lines.read()]
    assert told == [
        ("verify.failed", "RUNNING when time ran out", [b]),
        ("instance.failed", "no rights", [c, d]),
    ]


def test_what_was_skipped_or_done_is_no_failure(log, lines):
    a, b = fleet(2)

    log_failures(log, a_ledger([], {a: Outcome(Kind.SKIPPED, "gone"), b: Outcome(Kind.DONE)}))

    assert lines == []


def test_machines_that_were_asked_and_skipped_are_told_with_the_reason(log, lines):
    a, b = fleet(2)
    charged = "STOPPED, but still charged: prepaid"
    outcomes = {a: Outcome(Kind.SKIPPED, charged), b: Outcome(Kind.DONE)}

    log_failures(log, a_ledger([Accepted("req-1", (a, b))], outcomes))

    (line,) = lines.read()
    assert (line["event"], line["level"]) == ("verify.skipped", "info")
    assert (line["reason"], line["instance_ids"]) == (charged, [a])


def test_300_failures_of_one_reason_are_three_lines(log, lines):
    log_failures(log, a_ledger([], dict.fromkeys(fleet(300), Outcome(Kind.FAILED, "why"))))

    assert [len(line["instance_ids"]) for line in lines.read()] == [100, 100, 100]
