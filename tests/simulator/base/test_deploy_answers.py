"""Every action of the services that deploying calls: its answer fits the official description."""

from __future__ import annotations

import json

import pytest

from lightsout.simulator.base.description import FOLDER
from tests.support.deploy_calls import LIFE, SERVICES, filled
from tests.support.official_answers import problems

WHOLE = ("cam", "cls", "scf")  # of tags, the rest belongs to machines


@pytest.fixture
def lived(caller, world, clock):
    """The answer of each action, by service and action; a minute between any two."""
    callers = {name: caller(service=name, timeout=60) for name in SERVICES}
    known, answers = {}, {}
    for service, action, params in LIFE:
        answers[service, action] = answer = callers[service](action, **filled(params, known))
        known |= answer
        clock.advance(60)
    return answers


@pytest.mark.parametrize("service", WHOLE)
def test_each_answer_has_what_the_description_says_and_nothing_else(lived, service):
    described = SERVICES[service].description
    path = FOLDER / f"{service}-{described.version}.json"
    api = json.loads(path.read_text("utf-8"))

    assert {action for of, action in lived if of == service} == set(api["actions"])
    for action, sides in api["actions"].items():
        answer = lived[service, action]
        assert problems(api, sides["output"], answer, action) == []


def test_every_action_described_is_served_and_no_other():
    for service in SERVICES.values():
        described = service.description.actions
        assert service.actions.keys() == service.rates.keys() == described.keys()
