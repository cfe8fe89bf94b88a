"""The marks that follow from the ends of a job: every instance is marked or told of."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.act.marks import MarkWriter, deadline_before_marks, marks_of
from lightsout.base.clock import Deadline
from lightsout.cloud.sdk import CallFailed, OutOfTime
from lightsout.model.job import Item, Job, Kind, Outcome, Wish
from lightsout.model.mark import Marker
from lightsout.model.resources.resource import CVM, STOP, Site
from lightsout.simulator import ManualClock
from tests.support.values import SHANGHAI

NOW = datetime(2026, 11, 23, 12, 7, tzinfo=timezone.utc)
SITE = Site("own", CVM, "ap-guangzhou")
MARKER = Marker("dev-nights", SHANGHAI)
CHARGED = Outcome(Kind.SKIPPED, "STOPPED, but still charged: prepaid")
outcomes = st.sampled_from(
    [
        Outcome(Kind.DONE),
        Outcome(Kind.FAILED, "OperationDenied: no"),
        Outcome(Kind.PENDING, "STOPPING when time ran out"),
        Outcome(Kind.SKIPPED, "gone: DescribeInstances no longer finds it"),
        Outcome(Kind.SKIPPED, "keep-running yes"),
        CHARGED,
    ]
)


def a_job(ids, marker=MARKER) -> Job:
    wish = Wish(("dev-nights",), (), 300.0, mark=marker)
    items = {id_: Item(wish, {}, "") for id_ in ids}
    return Job(SITE, STOP, items, lambda *_: None, 0.0)


class Service:
    """A Tag service that answers each call as `answers` say, then well."""

    home, uin = "ap-guangzhou", "100000000001"

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.calls = []

    def call(self, call, params, *, patience):
        names = params["ResourceList"]
        self.calls.append([name.rpartition("/")[2] for name in names])
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        failed = [{"Resource": name, "Code": "X", "Message": "no"} for name in names[: len(answer)]]
        return {"RequestId": f"request-{len(self.calls)}", "FailedResources": failed}


class Lines:
    def __init__(self):
        self.lines = []

    def __call__(self, event, level="info", **facts):
        self.lines.append((event, facts))

    def ids(self, event):
        return [id_ for name, facts in self.lines if name == event for id_ in facts["instance_ids"]]


def written(marks, answers=(), threads=1):
    service, log = Service(answers), Lines()
    job = a_job([id_ for ids in marks.values() for id_ in ids])
    MarkWriter(service, job, log, threads).write(marks)
    return service, log


@given(st.dictionaries(st.from_regex("ins-[0-9a-f]{8}", fullmatch=True), outcomes))
def test_only_what_was_seen_or_failed_is_marked(ends):
    marks = marks_of(a_job(ends), ends, NOW)

    found = {id_: mark for mark, ids in marks.items() for id_ in ids}
    for id_, end in ends.items():
        what = {Kind.DONE: "stopped", Kind.FAILED: "failed"}.get(end.kind)
        what = "stopped" if end is CHARGED else what
        assert found.get(id_) == (what and f"{what} 2026-11-23 20:07 dev-nights")
    assert sum(map(len, marks.values())) == len(found)


def test_an_instance_that_no_policy_marks_gets_none():
    assert marks_of(a_job(["ins-1"], marker=None), {"ins-1": Outcome(Kind.DONE)}, NOW) == {}


trouble = st.one_of(
    st.lists(st.none(), max_size=3),  # as many of the batch are refused
    st.sampled_from(
        [
            CallFailed("TagResources", "AuthFailure.UnauthorizedOperation", "no right"),
            CallFailed("TagResources", "RequestLimitExceeded", "slower"),
            CallFailed("TagResources", "InternalError", "sorry"),
            CallFailed("TagResources", "InvalidParameterValue.ResourceIdInvalid", "none"),
            CallFailed("TagResources", "SomethingNew.NeverHeardOf", "?"),
            OutOfTime("TagResources"),
        ]
    ),
)


@given(
    sizes=st.lists(st.integers(1, 45), max_size=3),
    answers=st.lists(trouble, max_size=6),
    threads=st.sampled_from([1, 3]),
)
def test_every_instance_is_marked_once_or_told_of_once(sizes, answers, threads):
    marks = {f"mark {n}": [f"ins-{n}-{i}" for i in range(size)] for n, size in enumerate(sizes)}

    service, log = written(marks, answers, threads)

    everybody = Counter(id_ for ids in marks.values() for id_ in ids)
    assert Counter(log.ids("mark.written")) + Counter(log.ids("warning")) == everybody
    assert all(len(call) <= 10 for call in service.calls)
    assert max(Counter(id_ for call in service.calls for id_ in call).values(), default=1) == 1


@pytest.mark.parametrize(
    ("code", "calls"),
    [
        ("AuthFailure.UnauthorizedOperation", 1),
        ("FailedOperation.PolicyEnforcedInvalid", 1),
        ("LimitExceeded.TagValue", 1),
        ("InvalidParameterValue.ResourceIdInvalid", 10),
    ],
)
def test_a_refusal_of_everything_ends_the_calls_and_one_of_some_does_not(code, calls):
    refusal = CallFailed("TagResources", code, "no")

    service, _ = written({"m": [f"ins-{i}" for i in range(95)]}, [refusal] * 10, threads=8)

    assert len(service.calls) == calls


def test_a_refusal_that_names_none_of_ours_is_about_each_of_them(mocker):
    service, log = Service(), Lines()
    answer = {"FailedResources": [{"Resource": "qcs::odd", "Code": "X", "Message": "no"}]}
    mocker.patch.object(service, "call", return_value=answer)

    MarkWriter(service, a_job(["ins-1", "ins-2"]), log, 1).write({"m": ["ins-1", "ins-2"]})

    assert log.ids("warning") == ["ins-1", "ins-2"]
    assert log.ids("mark.written") == []


@pytest.mark.parametrize(
    ("count", "left", "end"),
    [(0, 900.0, 900.0), (95, 900.0, 898.5), (95, 10.0, 9.0), (100_000, 900.0, 810.0)],
)
def test_some_of_the_runs_time_is_kept_for_the_marks_a_tenth_at_most(count, left, end):
    deadline = Deadline(ManualClock(), left)

    assert deadline_before_marks(a_job([f"ins-{i}" for i in range(count)]), deadline).left() == end
    assert deadline_before_marks(a_job(["ins-1"], marker=None), deadline).left() == left


def test_an_earlier_end_follows_the_runs_own():
    deadline = Deadline(ManualClock(), 100.0)
    earlier = deadline.sooner(10.0)
    earlier.shorten(5.0)
    deadline.shorten(20.0)

    assert (deadline.left(), earlier.left()) == (80.0, 65.0)
    deadline.expire()
    assert earlier.left() == 0.0


def test_an_earlier_end_can_expire_alone():
    deadline = Deadline(ManualClock(), 100.0)
    earlier = deadline.sooner(10.0)
    earlier.expire()

    assert (deadline.left(), earlier.left()) == (100.0, 0.0)
