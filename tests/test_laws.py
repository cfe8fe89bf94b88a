"""The laws of tests/laws.py on a few hundred random scenes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import laws
from hypothesis import given, settings
from hypothesis import strategies as st
from staging import set_stage

from lightsout import RunFailed

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


@settings(max_examples=250, deadline=None)
@given(scene=laws.scenes)
def test_whatever_the_service_does_the_laws_hold(scene):
    with (
        TemporaryDirectory() as folder,
        set_stage(Path(folder) / "policies", scene.resource) as stage,
    ):
        laws.hold(stage, scene)


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=100, deadline=None)
@given(text=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_policy_text_whatever_it_is_crashes_a_run(text):
    with TemporaryDirectory() as folder, set_stage(Path(folder) / "policies") as stage:
        stage.fleet(2)
        (stage.folder / "policy.yml").write_bytes(text)

        failure = stage.failing_run()

        assert "policy.yml:" in str(failure) or "no policies" in str(failure)
        assert len(stage.sim.journal) == 0
