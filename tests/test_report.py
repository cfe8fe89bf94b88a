"""The report: every instance that matches in exactly one group, and counts that add up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.act.ledger.verify import final_outcome, gone_from
from lightsout.model.finding import Verdict
from lightsout.model.job import Accepted, Kind, Outcome
from lightsout.model.report import (
    CHARGED,
    GONE,
    GROUPS,
    KEPT,
    RunFailed,
    count_skipped,
    failure_message,
    new_entry,
    why_skipped,
)
from lightsout.model.resources.resource import LEAVING, STOP
from lightsout.report import build, stamp
from lightsout.site_entries import Calls, fill
from tests.support.values import NOW, a_finding, a_policy, an_instance, any_text, fleet

A, B, C, D, E = fleet(5)
DONE = Outcome(Kind.DONE)


def entry_of(finding, outcomes=None, accepted=(), *, dry_run=False, region="ap-guangzhou"):
    entry = new_entry(finding.policy.name, "own", "lighthouse", region, "stop")
    fill(entry, finding, None if dry_run else outcomes or {}, Calls(accepted), {}, NOW)
    return entry


def report_of(*entries, **facts):
    usual = {"run_id": "run-1", "trigger": "timer", "dry_run": False, "started_at": NOW}
    return build(**(usual | facts), duration_ms=2140, entries=entries)


# One entry ---------------------------------------------------------------------------------------


def test_each_outcome_has_its_group():
    outcomes = {
        A: DONE,
        B: Outcome(Kind.SKIPPED, "gone"),
        C: Outcome(Kind.FAILED, "OperationDenied.InstanceCreating: wait"),
        D: Outcome(Kind.PENDING, "STOPPING when time ran out"),
    }

    entry = entry_of(a_finding(act=[A, B, C, D], keep=[E]), outcomes)

    assert entry["stopped"] == [A]
    assert entry["skipped"] == {B: "gone", E: f"keep-running {E}"}
    assert entry["failed"] == {C: "OperationDenied.InstanceCreating: wait"}
    assert entry["pending"] == {D: "STOPPING when time ran out"}
    assert entry["status"] == "failed"
    assert entry["error"] is None


def test_an_instance_of_which_there_is_no_word_is_pending_never_stopped():
    entry = entry_of(a_finding(act=[A]), {})

    assert list(entry["pending"]) == [A]
    assert entry["status"] == "failed"


def test_what_exclude_does_not_select_is_in_no_group():
    entry = entry_of(a_finding(excluded=[A]))

    assert all(not entry[group] for group in GROUPS)
    assert entry["status"] == "ok"


def test_a_dry_run_tells_what_it_would_stop():
    entry = entry_of(a_finding(act=[A, B], keep=[C]), dry_run=True)

    assert entry["would_stop"] == [A, B]
    assert list(entry["skipped"]) == [C]
    assert entry["stopped"] == []
    assert entry["status"] == "ok"


@pytest.mark.parametrize("dry_run", [True, False])
def test_past_a_limit_its_instances_are_skipped_with_that_reason(dry_run):
    refused = "over limit: 2 instances, max_instances is 1"

    entry = entry_of(a_finding(act=[A, B], refused=refused), dry_run=dry_run)

    assert entry["skipped"] == {A: refused, B: refused}
    assert (entry["status"], entry["error"]) == ("refused", refused)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("late", "group"), [(True, "pending"), (False, "failed")])
def test_what_an_error_keeps_a_policy_from_asking_for_is_told_of_each(dry_run, late, group):
    finding = a_finding(act=[A, B], keep=[C])
    finding.error, finding.late = "no answer", late

    entry = entry_of(finding, {A: DONE}, [Accepted("req", (A,))], dry_run=dry_run)

    assert entry[group] == dict.fromkeys([A, B], "never asked: no answer")
    assert list(entry["skipped"]) == [C]
    assert entry["requests"] == []


def test_requests_list_the_calls_with_the_instances_of_this_policy():
    calls = [Accepted("req-1", (A, B)), Accepted("req-2", (C,))]

    entry = entry_of(a_finding(act=[A]), {A: DONE}, calls)

    assert entry["requests"] == [
        {"action": "StopInstances", "request_id": "req-1", "instance_ids": [A]}
    ]


def test_requests_never_list_what_the_policy_left_alone():
    """Another policy stopped them: this one excluded, kept, or was refused."""
    calls = [Accepted("req-1", (A, B))]

    assert entry_of(a_finding(excluded=[A], keep=[B]), {}, calls)["requests"] == []
    assert entry_of(a_finding(act=[A, B], refused="over limit"), {}, calls)["requests"] == []


def stopping(id_, minutes):
    since = (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return an_instance(id_, state="STOPPING", operation_started=since)


def test_what_is_stopping_from_before_stands_outside_the_groups():
    entry = entry_of(a_finding(act=[A], stuck=[stopping(B, 5)]), {A: DONE})

    assert entry["stuck"] == {B: "STOPPING since 2026-11-23T11:55:00Z"}
    assert all(B not in entry[group] for group in GROUPS)
    assert entry["status"] == "ok"


def test_stuck_for_more_than_a_quarter_of_an_hour_fails_the_policy():
    entry = entry_of(a_finding(act=[A], stuck=[stopping(B, 16), stopping(C, 5)]), {A: DONE})

    assert (entry["status"], entry["error"]) == ("failed", "1 stuck in STOPPING")
    assert entry["stopped"] == [A]


def test_stuck_since_nobody_knows_when_is_told():
    entry = entry_of(a_finding(stuck=[an_instance(A, state="STOPPING")]))

    assert entry["stuck"] == {A: "STOPPING since an unknown time"}
    assert entry["status"] == "ok"


# The whole ---------------------------------------------------------------------------------------


def test_the_report_has_every_key_of_the_contract_and_is_json():
    report = report_of(entry_of(a_finding(act=[A]), {A: DONE}, [Accepted("req-1", (A,))]))

    assert json.loads(json.dumps(report)) == {
        "status": "ok",
        "run_id": "run-1",
        "trigger": "timer",
        "dry_run": False,
        "started_at": "2026-11-23T12:00:00Z",
        "duration_ms": 2140,
        "counts": {
            "matched": 1,
            "stopped": 1,
            "started": 0,
            "would_stop": 0,
            "would_start": 0,
            "skipped": 0,
            "failed": 0,
            "pending": 0,
        },
        "policies": [
            {
                "policy": "dev-nights",
                "account": "own",
                "resource": "lighthouse",
                "region": "ap-guangzhou",
                "action": "stop",
                "status": "ok",
                "error": None,
                "stopped": [A],
                "started": [],
                "would_stop": [],
                "would_start": [],
                "skipped": {},
                "failed": {},
                "pending": {},
                "stuck": {},
                "requests": [
                    {"action": "StopInstances", "request_id": "req-1", "instance_ids": [A]}
                ],
            }
        ],
        "shortened": False,
    }


def test_two_entries_share_nothing():
    first, second = (new_entry("p", "own", "lighthouse", None, "stop") for _ in range(2))
    first["stopped"].append(A)
    first["skipped"][B] = "x"

    assert second["stopped"] == []
    assert second["skipped"] == {}


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], "ok"),
        (["ok", "not due"], "ok"),
        (["ok", "failed"], "failed"),
        (["refused", "ok"], "failed"),
    ],
)
def test_one_failed_or_refused_entry_fails_the_run(statuses, status):
    entries = [new_entry("p", "own", "lighthouse", "r", "stop") | {"status": s} for s in statuses]

    assert report_of(*entries)["status"] == status


def test_a_status_that_is_given_stands():
    assert report_of(status="paused")["status"] == "paused"


def test_an_instance_of_two_policies_counts_once_as_the_worse_of_its_ends():
    done = entry_of(a_finding(a_policy("one"), act=[A, B]), {A: DONE, B: DONE})
    refused = entry_of(a_finding(a_policy("two"), act=[A], refused="over limit"))
    failed = entry_of(a_finding(a_policy("three"), act=[B]), {B: Outcome(Kind.FAILED, "x")})

    counts = report_of(done, refused, failed)["counts"]

    assert (counts["matched"], counts["stopped"], counts["failed"]) == (2, 1, 1)


def test_the_same_id_in_two_regions_is_two_instances():
    entries = [entry_of(a_finding(act=[A]), {A: DONE}, region=region) for region in ("x", "y")]

    assert report_of(*entries)["counts"]["stopped"] == 2


def test_started_at_is_written_in_utc():
    shanghai = timezone(timedelta(hours=8))

    assert stamp(datetime(2026, 11, 23, 20, 0, 0, 999, shanghai)) == "2026-11-23T12:00:00Z"


# Laws --------------------------------------------------------------------------------------------

ids = st.lists(st.sampled_from(fleet(8)), unique=True)
outcomes = st.dictionaries(
    st.sampled_from(fleet(8)), st.builds(Outcome, st.sampled_from(Kind), any_text)
)
calls = st.lists(st.builds(Accepted, any_text, ids.map(tuple)), max_size=3)


@st.composite
def findings(draw):
    act, keep, excluded = draw(ids), draw(ids), draw(ids)
    finding = a_finding(
        a_policy(draw(st.sampled_from(["one", "two"]))),
        act=act,
        keep=[id_ for id_ in keep if id_ not in act],
        excluded=[id_ for id_ in excluded if id_ not in {*act, *keep}],
        refused=draw(st.none() | st.just("over limit")),
    )
    finding.error = draw(st.none() | st.just("its limit cannot be judged"))
    return finding


@given(findings(), outcomes, calls, st.booleans())
def test_each_instance_that_matches_is_in_exactly_one_group(finding, ends, accepted, dry_run):
    entry = entry_of(finding, ends, accepted, dry_run=dry_run)

    placed = [id_ for group in GROUPS for id_ in entry[group]]
    selected = [
        id_ for id_, what in finding.decisions.items() if what.verdict is not Verdict.EXCLUDED
    ]
    assert sorted(placed) == sorted(selected)
    for id_ in entry["stopped"]:
        assert ends[id_] == Outcome(Kind.DONE, ends[id_].reason)
    if entry["status"] == "ok":
        assert not {**entry["failed"], **entry["pending"]}


@given(
    st.lists(st.tuples(findings(), outcomes, st.sampled_from(["x", "y"])), max_size=4),
    st.booleans(),
)
def test_the_counts_add_up(parts, dry_run):
    entries = [
        entry_of(finding, ends, dry_run=dry_run, region=region)
        for finding, ends, region in sorted(parts, key=lambda part: part[2])
    ]

    report = report_of(*entries)

    counts = report["counts"]
    assert counts["matched"] == sum(counts[group] for group in GROUPS)
    there = {
        (entry["region"], id_) for entry in entries for group in GROUPS for id_ in entry[group]
    }
    assert counts["matched"] == len(there)
    assert list(counts) == ["matched", *GROUPS]
    bad = counts["failed"] or counts["pending"]
    assert not bad or report["status"] == "failed"


# The one line that tells what went wrong ---------------------------------------------------------


def test_the_message_names_instances_and_reason():
    entry = entry_of(a_finding(act=[A, B]), {A: DONE, B: Outcome(Kind.FAILED, "Code: why")})

    assert failure_message(report_of(entry)) == f"1 of 2 instances not confirmed: {B}: Code: why"


def test_the_message_samples_many_instances_and_many_reasons():
    many = {id_: Outcome(Kind.FAILED, "same") for id_ in fleet(5)}
    odd = {id_: Outcome(Kind.PENDING, f"reason {id_}") for id_ in fleet(4, first=10)}
    entry = entry_of(a_finding(act=[*many, *odd]), many | odd)

    message = failure_message(report_of(entry))

    assert f"{A}, {B}, {C} and 2 more: same" in message
    assert message.endswith("; and 2 more reasons")


def test_the_message_tells_what_went_wrong_with_a_policy():
    entry = new_entry("dev-nights", "own", "lighthouse", "ap-tokyo", "stop")
    entry |= {"status": "failed", "error": "DescribeInstances: InternalError: oh"}

    assert failure_message(report_of(entry)) == (
        "run failed: dev-nights in ap-tokyo: DescribeInstances: InternalError: oh"
    )


def test_the_message_speaks_of_no_region_where_there_is_none():
    entry = new_entry("dev-nights", "own", "lighthouse", None, "stop")
    entry |= {"status": "failed", "error": "DescribeRegions: InternalError: oh"}

    assert failure_message(report_of(entry)).startswith("run failed: dev-nights: DescribeRegions")


@given(st.lists(st.tuples(findings(), outcomes), max_size=4), any_text)
def test_the_message_is_one_short_line_whatever_the_reasons_are(parts, error):
    entries = [entry_of(finding, ends) for finding, ends in parts]
    broken = new_entry("p", "own", "lighthouse", None, "stop") | {"error": error}

    message = failure_message(report_of(*entries, broken))

    assert len(message.splitlines()) == 1
    assert len(message) <= 1500


def test_run_failed_carries_the_report():
    failure = RunFailed("1 of 2 instances not confirmed", {"status": "failed"})

    assert failure.report == {"status": "failed"}
    assert str(failure) == "1 of 2 instances not confirmed"


# What is skipped ---------------------------------------------------------------------------------


def test_the_reasons_of_a_run_tell_what_was_left_alone_and_what_was_not():
    off = an_instance(state="STOPPED", charging="KEEP_CHARGING")
    prepaid = off._replace(always_charged="prepaid")
    for instance in (off, prepaid, off._replace(charging="")):
        charged = final_outcome(STOP, instance, stop_charging=True)
        assert why_skipped(charged.reason) == CHARGED
    for state in LEAVING:
        leaving = final_outcome(STOP, an_instance(state=state), stop_charging=True)
        assert why_skipped(leaving.reason) == GONE
    assert why_skipped(gone_from("DescribeInstances").reason) == GONE
    assert why_skipped("keep-running STOPPED, but still charged: no") == KEPT


REASONS = {
    CHARGED: "STOPPED, but still charged: prepaid",
    GONE: "gone: DescribeInstances no longer finds it",
    KEPT: "keep-running yes",
}


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(fleet(6)),
            st.sampled_from([*REASONS, "failed", "pending", "stopped", "started"]),
        ),
        max_size=4,
    )
)
def test_each_skipped_instance_counts_once_as_what_it_came_to_at_worst(ends):
    entries = []
    for number, end in enumerate(ends):
        entry = new_entry(f"policy-{number}", "own", "cvm", "ap-guangzhou", "stop")
        for id_, what in end.items():
            if what in REASONS:
                entry["skipped"][id_] = REASONS[what]
            elif what in {"failed", "pending"}:
                entry[what][id_] = "why"
            else:
                entry[what].append(id_)
        entries.append(entry)
    report = report_of(*entries)

    counts = count_skipped(report)

    assert sum(counts.values()) == report["counts"]["skipped"]
    worst = {
        id_: [end[id_] for end in ends if id_ in end]
        for id_ in {*fleet(6)} & {i for e in ends for i in e}
    }
    only_skipped = [kinds for kinds in worst.values() if {*kinds} <= REASONS.keys()]
    for kind, others in ((CHARGED, set()), (GONE, {CHARGED}), (KEPT, {CHARGED, GONE})):
        expected = sum(kind in kinds and not others & {*kinds} for kinds in only_skipped)
        assert counts[kind] == expected
