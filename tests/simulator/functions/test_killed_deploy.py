"""A deploy that is cut off at any call: the call is done or not, the journal says which."""

from __future__ import annotations

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from lightsout.simulator import Fault
from tests.support.deploy_calls import LIFE, SERVICES, filled

CHANGES = [
    (number, action)
    for number, (_, action, _) in enumerate(LIFE)
    if not action.startswith(("Get", "List", "Describe", "Search"))
]


@pytest.fixture
def live(caller, world, clock):
    """Do the calls of a life up to one of them; the last one as a function to be called."""
    callers = {name: caller(service=name, timeout=60) for name in SERVICES}

    def live(number):
        known = {}
        for service, action, params in LIFE[:number]:
            known |= callers[service](action, **filled(params, known))
            clock.advance(60)
        service, action, params = LIFE[number]
        return lambda: callers[service](action, **filled(params, known))

    return live


def state(world):
    """Everything that a call may have changed, as text."""
    world.settle()
    logs = world.logs
    tags = sorted(world.tagging.made.items())
    topics = [(it.id, it.name, it.period, it.index) for it in logs.topics.values()]
    things = [world.roles, world.cam.policies("100000000001"), tags, list(logs.logsets), topics]
    runs = len(world.invocations.runs)
    return repr([[*map(repr, world.functions)], *things, runs])


@pytest.mark.parametrize(("number", "action"), CHANGES, ids=[action for _, action in CHANGES])
@pytest.mark.parametrize(("kind", "done"), [("reset_before", False), ("reset_after", True)])
def test_a_line_that_breaks_leaves_the_call_done_or_not(
    live, sim, world, number, action, kind, done
):
    call = live(number)
    before = state(world)
    sim.faults.add(Fault(kind, action))

    with pytest.raises(TencentCloudSDKException):
        call()

    last = sim.journal[-1]
    assert (last.action, last.code, last.applied) == (action, f"fault:{kind}", done)
    assert (state(world) != before) is done
