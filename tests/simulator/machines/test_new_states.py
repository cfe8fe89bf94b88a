"""HAI machines, notebooks and groups in time: endings, what shows late, listings that lie."""

from __future__ import annotations

import pytest

from lightsout.simulator import Fault
from lightsout.simulator.base.faults import LISTING

# Endings, and what shows late


@pytest.mark.parametrize("service", ["hai", "tione"])
@pytest.mark.parametrize("ending", ["success", "failed", "stuck", "never"])
def test_an_accepted_stop_ends_as_it_is_planned(caller, world, clock, service, ending):
    machine = world.add(service=service, endings=[ending], stop_seconds=5)
    kind = machine.site.kind
    parameter = {"hai": "InstanceId", "tione": "Id"}[service]
    caller(service=service)(kind.stop.action, **{parameter: machine.id})
    during = kind.stop.before if ending == "never" else kind.stop.during
    assert (machine.state, machine.operation.state) == (during, "OPERATING")
    clock.advance(3600)
    ends = {
        "success": (kind.stop.after, "SUCCESS"),
        "failed": (kind.stop.before, "FAILED"),
        "stuck": (kind.stop.during, "OPERATING"),
        "never": (kind.stop.before, "OPERATING"),
    }
    assert (machine.state, machine.operation.state) == ends[ending]


@pytest.mark.parametrize("service", ["hai", "tione"])
def test_an_accepted_stop_may_show_late(caller, world, clock, service):
    world.visible_after = 3
    machine = world.add(service=service, stop_seconds=5)
    before = (machine.state, machine.operation)
    parameter = {"hai": "InstanceId", "tione": "Id"}[service]
    call = caller(service=service)
    call(machine.site.kind.stop.action, **{parameter: machine.id})
    assert (machine.state, machine.operation) == before
    call.refused(machine.site.kind.stop.action, **{parameter: machine.id})
    clock.advance(3)
    assert machine.operation.state == "OPERATING"
    clock.advance(2)
    assert machine.state == machine.site.kind.stop.after


@pytest.mark.parametrize("service", ["lighthouse", "cvm", "hai", "tione"])
def test_a_state_may_be_given_in_the_words_of_lighthouse(world, service):
    kind = world.add(service=service).site.kind
    machine = world.add(service=service, state="STOPPED")
    assert (machine.state, machine.operation.action) == (kind.stop.after, kind.stop.action)
    same = world.add(service=service, state=kind.stop.after)
    assert (same.state, same.operation.action) == (machine.state, machine.operation.action)
    machine.state = "RUNNING"
    assert machine.state == kind.stop.before
    busy = world.add(service=service, state="STOPPING")
    assert (busy.state, busy.operation.action, busy.operation.state) == (
        kind.stop.during,
        kind.stop.action,
        "OPERATING",
    )


# Listings


LISTINGS = [
    ("hai", "DescribeInstances", "InstanceSet", "InstanceState"),
    ("tione", "DescribeNotebooks", "NotebookSet", "Status"),
    ("as", "DescribeAutoScalingInstances", "AutoScalingInstanceSet", "LifeCycleState"),
    ("as", "DescribeAutoScalingGroups", "AutoScalingGroupSet", "InActivityStatus"),
    ("as", "DescribeAutoScalingActivities", "ActivitySet", "StatusCode"),
]


@pytest.fixture
def listed(caller, world):
    """Thirty of everything; a page of ten of a listing."""
    for _ in range(30):
        world.add(service="hai")
        world.add(service="tione", tags={"a": "b"})
        group = world.add_group(members=[world.add(service="cvm")])
        group.stop(group.members.values(), "KEEP_CHARGING")

    def page(service, action, name, offset=10):
        return caller(service=service)(action, Limit=10, Offset=offset)[name]

    return page


@pytest.mark.parametrize(("service", "action", "name", "_state"), LISTINGS)
def test_a_listing_may_lie_in_every_way(sim, listed, service, action, name, _state):
    def page(offset=10):
        return listed(service, action, name, offset)

    def lie(kind, **details):
        sim.faults.add(Fault(kind, action, service=service, **details))
        return page()

    first, truth, third = page(0), page(), page(20)
    assert len(truth) == 10
    assert lie("repeat") == [first[-1], *truth[:-1]]
    assert lie("shift", by=2) == [*truth[2:], *third[:2]]
    assert lie("short_page", by=3) == truth[:7]
    assert lie("vanish", index=4) == lie("hide", index=4) == truth[:4] + truth[5:]
    assert lie("member", name="New", value=1)[0] == truth[0] | {"New": 1}
    assert page() == truth


@pytest.mark.parametrize(("service", "action", "name", "state"), LISTINGS)
def test_an_item_may_have_an_unknown_state_or_two(sim, listed, service, action, name, state):
    truth = listed(service, action, name)
    sim.faults.add(Fault("unknown_state", action, service=service))
    assert listed(service, action, name)[0][state] == "HIBERNATING"
    sim.faults.add(Fault("contradiction", action, service=service))
    lying = listed(service, action, name)
    assert lying[:10] == truth
    assert lying[10].keys() == truth[0].keys()
    assert lying[10][state] != truth[0][state]


@pytest.mark.parametrize("kind", sorted(LISTING))
@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("tione", "DescribeWorkspaces"),
        ("tag", "DescribeResourcesByTags"),
        ("tag", "GetResources"),
    ],
)
def test_the_other_listings_lie_too(sim, caller, world, kind, service, action):
    world.add(service="tione", tags={"a": "b"}, workspace="1")
    call = caller(service=service)
    asked = {"TagFilters": [{"TagKey": "a"}]} if service == "tag" else {}
    details = {"name": "New", "value": 1} if kind == "member" else {}
    truth = call(action, **asked)
    fault = sim.faults.add(Fault(kind, action, **details))
    call(action, **asked)
    assert fault.fired == 1
    assert {**call(action, **asked), "RequestId": ""} == {**truth, "RequestId": ""}
