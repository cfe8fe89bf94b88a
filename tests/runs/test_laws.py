"""The laws of tests/support/laws.py on a few hundred random scenes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout import RunFailed
from tests.support import laws
from tests.support.examples import examples
from tests.support.simulated_run import GUANGZHOU, TIMER, set_stage

MALFORMED = "InvalidParameterValue.InstanceIdMalformed"
PASSING = "InternalError.DescribeInstanceStatus"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = ("policies", "instances", "regions", "accounts", "dry_run", "Type", "Message", "Time")
near_events = st.dictionaries(
    st.sampled_from([*FIELDS, "EventList", "specversion", "httpMethod", "source", "type", "data"]),
    json_values,
)
IDS = [f"lhins-{number:08x}" for number in (0, 1, 10, 11, 99)]
right_requests = st.fixed_dictionaries(
    {},
    optional={
        "policies": st.just(["dev-nights"]),
        "instances": st.lists(st.sampled_from(IDS), min_size=1, max_size=3),
        "regions": st.lists(st.sampled_from([GUANGZHOU, "ap-tokyo"]), min_size=1),
        "accounts": st.just(["own"]),
        "dry_run": st.booleans(),
    },
)


@settings(max_examples=examples(250), deadline=None)
@given(scene=laws.scenes)
def test_whatever_the_service_does_the_laws_hold(scene):
    laws.hold(scene)


GOOD = laws.SceneMachine(
    region=GUANGZHOU,
    env="dev",
    protected=False,
    state="RUNNING",
    stop_seconds=2.0,
    ending="success",
    refusal=None,
)
# On a clock that any sleeper moved on, the looks at Shanghai's were over their ten minutes while
# Guangzhou's culprits, which no message names, were still being found.
HALVED_WHILE_OTHERS_WAIT = laws.Scene(
    machines=[
        replace(GOOD, stop_seconds=9.0),
        replace(GOOD, region=laws.SHANGHAI, ending="never"),
        replace(GOOD, refusal=(MALFORMED, False, False)),
    ],
    troubles=[
        laws.Trouble("reset_before", "StopInstances", after=1, times=8),
        laws.Trouble("total", "DescribeInstances", after=6, times=3, details=(("value", 313),)),
        laws.Trouble("cut", "DescribeInstances", after=6, times=7),
        laws.Trouble("error", "StopInstances", after=6, times=2, details=(("code", PASSING),)),
    ],
    changes=[],
    copies=20,
    visible_after=0.0,
    unknown_ids="error",
    resource="lighthouse",
    order=0,
)


@pytest.mark.parametrize("order", range(3))
def test_a_region_is_not_out_of_time_because_another_one_only_waits(order):
    laws.hold(replace(HALVED_WHILE_OTHERS_WAIT, order=order))


@pytest.mark.parametrize("happening", laws.HAPPENINGS)
@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.every_resource
def test_what_happens_between_two_listings_of_a_region_counts(happening, after, resource):
    change = laws.MachineChange(after, 0, happening)
    calm = replace(HALVED_WHILE_OTHERS_WAIT, machines=[GOOD], troubles=[], copies=3)
    laws.hold(replace(calm, changes=[change], listings=2, resource=resource))


def test_a_scene_that_is_played_again_is_the_same_to_the_letter():
    assert laws.hold(HALVED_WHILE_OTHERS_WAIT) == laws.hold(HALVED_WHILE_OTHERS_WAIT)


@settings(max_examples=examples(100), deadline=None)
@given(scene=laws.scenes)
def test_whichever_thread_is_faster_nothing_is_done_or_told_that_is_wrong(scene):
    laws.hold_in_a_race(scene)


@settings(max_examples=examples(60), deadline=None)
@given(request=right_requests, in_a_timer=st.booleans())
def test_a_right_request_stops_what_it_names_among_what_the_policy_allows(request, in_a_timer):
    with TemporaryDirectory() as folder, set_stage(Path(folder) / "policies") as stage:
        ours = stage.fleet(2)
        others = stage.fleet(2, first=10, tags={"env": "prod"})

        report = stage.run(TIMER | {"Message": json.dumps(request)} if in_a_timer else request)

        here = GUANGZHOU in request.get("regions", [GUANGZHOU])
        named = {it for it in ours if here and it in request.get("instances", ours)}
        stopped = set() if request.get("dry_run") else named
        assert report["status"] == "ok"
        assert report["counts"]["matched"] == len(named)
        assert stage.states(stopped) <= {"STOPPED"}
        assert stage.states({*ours, *others} - stopped) <= {"RUNNING"}


@settings(max_examples=examples(140), deadline=None)
@given(event=json_values | near_events)
def test_no_event_whatever_it_is_widens_or_crashes_a_run(event):
    with TemporaryDirectory() as folder, set_stage(Path(folder) / "policies") as stage:
        ours = stage.fleet(2)
        others = stage.fleet(2, first=10, tags={"env": "prod"})
        try:
            answer = stage.run(event)
            status = "failed" if answer.get("statusCode", 200) != 200 else answer["status"]
        except RunFailed as failure:
            status = failure.report["status"]
        assert stage.states(ours) == {"RUNNING"} if status == "failed" else status == "ok"
        assert stage.states(others) == {"RUNNING"}


@settings(max_examples=examples(100), deadline=None)
@given(text=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_policy_text_whatever_it_is_crashes_a_run(text):
    with TemporaryDirectory() as folder, set_stage(Path(folder) / "policies") as stage:
        stage.fleet(2)
        (stage.folder / "policy.yml").write_bytes(text)

        failure = stage.failing_run()

        assert f"{stage.folder / 'policy.yml'}:" in str(failure)
        assert len(stage.sim.journal) == 0
