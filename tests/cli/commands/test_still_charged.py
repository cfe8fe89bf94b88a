"""CVMs that are stopped already and still paid for: plan and doctor name them, a run does not."""

from __future__ import annotations

import pytest

from lightsout.simulator import Fault, Function
from tests.support.simulated_run import DEV_NIGHTS

NO_CHARGE = DEV_NIGHTS.rstrip() + "\n        options: {stopped_mode: STOP_CHARGING}\n"
NAMED = "STOPPED, but still charged: KEEP_CHARGING, where the policy says STOP_CHARGING"


@pytest.fixture
def resource():
    return "cvm"


@pytest.fixture
def office(stage):
    """A stage with one machine of each kind that is stopped; `stage.paid_for` are those to name."""
    stage.policies(NO_CHARGE)
    stage.world.functions.append(Function())
    off = {"state": "STOPPED", "stopped_mode": "KEEP_CHARGING"}
    tags = {"env": "dev"}
    stage.paid_for = stage.fleet(2, first=1, **off) + stage.fleet(1, first=3, gpu=True, **off)
    for number, facts in enumerate(
        (
            {"stopped_mode": "STOP_CHARGING"},
            {"tags": {"env": "prod"}},
            {"charge_type": "PREPAID"},
            {"charge_type": "SPOTPAID"},
            {"local_disk": True},
            {"tags": tags | {"keep-running": ""}},
            {"tags": tags | {"tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"}},
            {"state": "RUNNING"},
        )
    ):
        stage.fleet(1, first=100 + number, **off | facts)
    return stage


def lines_with(text, said):
    return [line for line in said.splitlines() if text in line]


@pytest.mark.parametrize("words", [["plan"], ["plan", "--json"], ["plan", "--csv"]])
def test_a_plan_names_them_and_what_to_do(office, type_in, words):
    said = type_in(*words)

    (line,) = lines_with(NAMED, said.out + said.err)
    assert said.status == 0
    assert line == (
        f"3 instances of dev-nights in ap-guangzhou: {NAMED}: {', '.join(office.paid_for)}; "
        "start them, and the policy stops them without charge"
    )


def test_a_plan_names_them_for_a_policy_that_is_not_due_as_well(office, type_in):
    office.policies(NO_CHARGE.rstrip() + '\n        when: {between: ["23:00", "24:00"]}\n')

    said = type_in("plan")

    assert len(lines_with(NAMED, said.out)) == 1


def test_a_plan_of_some_machines_names_no_others(office, type_in):
    first, second, _ = office.paid_for

    said = type_in("plan", "--json", "--instance", first, "--instance", second)

    (line,) = lines_with(NAMED, said.err)
    assert line.startswith("2 instances of dev-nights")


def test_machines_that_the_policy_names_are_found_as_well(office, type_in):
    first, second, _ = office.paid_for
    office.policies(NO_CHARGE.replace("tags: {env: dev}", f"instances: [{first}, {second}]"))

    (line,) = lines_with(NAMED, type_in("plan").out)

    assert f": {first}, {second};" in line


def test_the_story_of_such_a_machine_says_so(office, type_in):
    (line,) = lines_with(NAMED, type_in("plan", "--instance", office.paid_for[0]).out)

    assert line.strip().startswith("doubt")
    assert not lines_with(NAMED, type_in("plan", "--instance", "ins-00000064").out)


def test_the_doctor_names_them_and_is_not_alarmed(office, type_in):
    said = type_in("doctor", "--json")

    (found,) = [it for it in said.json()["findings"] if NAMED in it["says"]]
    assert said.status == 0
    assert found["mark"] == "!"
    assert found["check"] == "dev-nights, cvm in ap-guangzhou"
    assert found["says"] == f"3 {NAMED}: {', '.join(office.paid_for)}"


def test_without_the_option_nobody_is_named_and_nothing_more_is_asked(office, type_in):
    office.policies(DEV_NIGHTS)
    type_in("plan")
    asked = len(office.calls("DescribeInstances"))
    office.policies(NO_CHARGE)

    named = type_in("plan")

    assert asked == 1
    assert len(office.calls("DescribeInstances")) == asked + 2
    assert lines_with(NAMED, named.out)


def test_a_run_takes_no_further_call(office, type_in):
    type_in("run")

    filters = [call.params.get("Filters") for call in office.calls("DescribeInstances")]
    states = [
        it["Values"] for asked in filters if asked for it in asked if it["Name"] == "instance-state"
    ]
    assert states == [["RUNNING", "STOPPING"]]


def test_a_look_that_fails_is_a_warning_and_costs_nothing_else(office, type_in):
    well = type_in("plan")
    office.sim.faults.add(
        Fault("error", "DescribeInstances", code="UnauthorizedOperation", after=1)
    )

    ill = type_in("plan")

    assert ill.status == 0
    (line,) = lines_with("is unknown", ill.out)
    assert line.startswith("warning: dev-nights: what is stopped in ap-guangzhou is unknown: ")
    assert well.out.splitlines()[:2] == ill.out.splitlines()[:2]


EARLIER = """      - name: {name}
        resource: cvm
        regions: [ap-guangzhou]
        match: {{tags: {{env: dev}}}}
"""


@pytest.mark.parametrize("options", ["", "        options: {stopped_mode: KEEP_CHARGING}\n"])
@pytest.mark.parametrize("first", [True, False])
def test_where_the_options_of_an_earlier_policy_hold_no_other_remedy_is_promised(
    office, type_in, options, first
):
    head, policy = NO_CHARGE.split("      - ", 1)
    other = EARLIER.format(name="other") + options
    mine = f"      - {policy}"
    office.policies(head + (other + mine if first else mine + other))

    for words in (["plan"], ["doctor", "--json"], ["plan", "--instance", office.paid_for[0]]):
        assert bool(lines_with(NAMED, type_in(*words).out)) is not first, words


def test_a_plan_says_whose_options_hold(office, type_in):
    head, policy = NO_CHARGE.split("      - ", 1)
    office.policies(f"{head}{EARLIER.format(name='other')}      - {policy}")

    rows = {it["policy"]: it for it in type_in("plan", "--json").json() if it["state"] == "RUNNING"}

    said = "it would still be charged: the options of other apply, which comes first"
    assert said in rows["dev-nights"]["reason"]
    assert said not in rows["other"]["reason"]
