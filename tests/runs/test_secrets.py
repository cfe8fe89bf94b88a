"""No secret leaves a run, whoever wrote it into a tag, an event, a policy or a variable."""

from __future__ import annotations

import json

import pytest

from lightsout.base.texts.withhold import WITHHELD
from tests.support.simulated_run import DEV_NIGHTS, TIMER, only_entry

KEY = "simulated-key"  # that of the stage

EVENTS = {
    "an unknown field": {KEY: 1},
    "a policy": {"policies": [KEY]},
    "an instance": {"instances": [f"lhins-{KEY}"]},
    "a region": {"regions": [KEY]},
    "an account": {"accounts": [KEY]},
    "a time": TIMER | {"Time": KEY},
    "a message": TIMER | {"Message": json.dumps({"policies": [KEY]})},
    "no object": [KEY],
}


@pytest.mark.hazard(
    "The secret key stands in a tag of an instance, which is a reason in the report",
    "The reason is withheld. What is done stays the same.",
)
@pytest.mark.parametrize("tag", ["keep-running", "keep-until"])
def test_a_secret_in_a_tag_is_not_quoted(stage, tag):
    (id_,) = stage.fleet(1, tags={"env": "dev", tag: f"until {KEY.upper()} is renewed"})

    entry = only_entry(stage.run())

    assert entry["skipped"] == {id_: WITHHELD}
    assert_no_spelling_has_left(stage)


@pytest.mark.hazard(
    "An event holds the secret key where a mistake in it would be quoted",
    "The mistake is told without it.",
)
@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_a_secret_in_an_event_is_not_quoted(stage, event):
    stage.fleet(1)
    try:
        stage.run(event)
    except Exception as failure:  # noqa: BLE001  whatever leaves the run
        stage.said.append(str(failure))

    assert_no_spelling_has_left(stage)


def test_a_secret_in_a_policy_is_not_quoted(stage):
    stage.policies(DEV_NIGHTS.replace("match:", f"{KEY}:"))

    failure = stage.failing_run()

    assert "mistakes in the policies" in str(failure) or str(failure) == WITHHELD
    assert_no_spelling_has_left(stage)


def test_a_secret_in_the_name_of_a_variable_is_not_quoted(stage):
    stage.environ[f"LIGHTSOUT_{KEY}"] = "1"

    assert str(stage.failing_run()) == WITHHELD
    assert_no_spelling_has_left(stage)


def assert_no_spelling_has_left(stage):
    said = "".join(stage.said).lower()
    assert KEY not in said
