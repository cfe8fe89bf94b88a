"""A further try, and a late first one, is decided on a fresh look: what it shows counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lightsout.simulator import Operation, Refusal
from tests.support.resources import ids_of
from tests.support.simulated_run import DEV_NIGHTS, only_entry

pytestmark = pytest.mark.every_resource

FLEET = 95
WINDOW = DEV_NIGHTS.rstrip() + '\n        when: {between: ["20:00", "23:00"]}\n'
EXCLUDE = DEV_NIGHTS.rstrip() + "\n        exclude: {tags: {role: bastion}}\n"
PASSING = {
    "throttle": ("throttle", {}),
    "InternalError": ("error", {"code": "InternalError"}),
    "FailedOperation.DescribeInstanceStatus": (
        "error",
        {"code": "FailedOperation.DescribeInstanceStatus"},
    ),
    "busy": (
        "error",
        {"code": "OperationDenied.InstanceOperationInProgress", "message": "busy"},
    ),
    "no answer": ("reset_before", {}),
    "no connection": ("refuse", {}),
}


def fault(stage, name):
    kind, details = PASSING[name]
    stage.fault(kind, "StopInstances", **details)


def retag(stage, id_, **tags):
    stage.retag(id_, {"env": "dev", **tags})


def restart(stage, id_):
    """Its owner reboots it, a minute after the run began."""
    at = stage.clock.now() + timedelta(minutes=1)
    stage.world.instance(id_).latest = Operation("RebootInstances", "SUCCESS", "by-hand", at)


def asked_for(stage, action="StopInstances"):
    """The instances of each accepted call."""
    return [ids_of(call) for call in stage.calls(action) if call.applied]


@pytest.mark.hazard(
    "A batch is refused, or gets no answer, and before the next try one of its machines is "
    "protected, excluded or no longer tagged",
    "The next try is decided on a fresh look: that machine is skipped with the reason, the others "
    "are stopped.",
)
@pytest.mark.needs("tags")
@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"keep-running": "yes"}, "keep-running yes"),
        ({"keep-until": "2026-12-01"}, "keep-until 2026-12-01"),
        ({"keep-until": "soon"}, "keep-until 'soon' cannot be read: "),
        ({"tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"}, "member of auto-scaling"),
    ],
)
def test_what_protects_a_machine_before_the_next_try_counts(stage, name, tags, why):
    assert_it_is_left_out_of_the_next_try(stage, name, tags, why)


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"role": "bastion"}, "excluded by "),
        ({"env": "prod"}, "its policy no longer matches it"),
    ],
)
def test_what_excludes_a_machine_before_the_next_try_counts(stage, name, tags, why):
    assert_it_is_left_out_of_the_next_try(stage, name, tags, why)


def assert_it_is_left_out_of_the_next_try(stage, name, tags, why):
    stage.policies(EXCLUDE)
    ids = stage.fleet(stage.many(FLEET))
    changed = stage.in_first_call(ids)
    fault(stage, name)
    stage.after("DescribeInstances", lambda: retag(stage, changed, **tags))

    entry = only_entry(stage.run())

    assert entry["stopped"] == [id_ for id_ in ids if id_ != changed]
    assert list(entry["skipped"]) == [changed]
    assert entry["skipped"][changed].startswith(why)
    assert stage.states([changed]) == {"RUNNING"}
    assert all(changed not in request["instance_ids"] for request in entry["requests"])
    (line,) = [it for it in stage.logged("plan") if it.get("instance_ids") == [changed]]
    assert line["reason"].startswith(why)


@pytest.mark.hazard(
    "Its owner restarts a machine inside the window, between two tries",
    "Left alone without `enforce`, where the service shows when (Lighthouse).",
)
def test_an_owners_restart_between_two_tries_is_respected(stage):
    stage.policies(WINDOW)
    ids = stage.fleet(FLEET)
    fault(stage, "InternalError")
    stage.after("DescribeInstances", lambda: restart(stage, ids[3]))

    entry = only_entry(stage.run())

    kept = [ids[3]] if stage.can("operation times") else []
    assert list(entry["skipped"]) == kept
    assert entry["stopped"] == [id_ for id_ in ids if id_ not in kept]


@pytest.mark.needs("batches")
def test_a_batch_of_which_nothing_is_left_is_not_sent(stage):
    ids = stage.fleet(3)
    fault(stage, "InternalError")

    def keep_all():
        for id_ in ids:
            retag(stage, id_, **{"keep-running": "1"})

    stage.after("DescribeInstances", keep_all)

    entry = only_entry(stage.run())

    assert list(entry["skipped"]) == ids
    assert not asked_for(stage)


@pytest.mark.needs("tags")
def test_a_start_is_decided_anew_as_well(stage):
    stage.policies(DEV_NIGHTS.rstrip() + "\n        action: start\n")
    ids = stage.fleet(stage.many(FLEET), state="STOPPED")
    kept = stage.in_first_call(ids)
    stage.fault("error", "StartInstances", code="InternalError")
    stage.after("DescribeInstances", lambda: retag(stage, kept, **{"keep-stopped": "1"}))

    entry = only_entry(stage.run())

    assert entry["skipped"] == {kept: "keep-stopped 1"}
    assert len(entry["started"]) == len(ids) - 1


TWO_POLICIES = """
    version: 1
    policies:
      - name: hard
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
        options: {stop_type: HARD}
      - name: soft
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        options: {stop_type: SOFT}
"""


@pytest.mark.needs("stop types")
def test_the_options_are_those_of_the_first_policy_that_still_wants_it(stage):
    stage.policies(TWO_POLICIES)
    ids = stage.fleet(3)
    fault(stage, "InternalError")
    stage.after("DescribeInstances", lambda: retag(stage, ids[1], role="bastion"))

    hard, soft = stage.run()["policies"]

    types = {
        id_: call.params["StopType"]
        for call in stage.calls("StopInstances")
        if call.applied
        for id_ in ids_of(call)
    }
    assert types == {ids[0]: "HARD", ids[1]: "SOFT", ids[2]: "HARD"}
    assert hard["skipped"] == {ids[1]: "excluded by tag role=bastion"}
    assert soft["stopped"] == ids
    asked = {id_ for it in hard["requests"] for id_ in it["instance_ids"]}
    assert asked == {ids[0], ids[2]}
    for line in stage.logged("stop.accepted"):
        assert line["policies"] == (
            ["soft"] if ids[1] in line["instance_ids"] else ["hard", "soft"]
        )


STOP_AND_START = """
    version: 1
    policies:
      - name: dev-off
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
      - name: web-on
        resource: lighthouse
        regions: [ap-guangzhou]
        action: start
        match: {tags: {role: web}}
"""


@pytest.mark.hazard(
    "Between two tries a machine comes to be due for stop and for start at once",
    "Neither: failed in both, with that reason.",
)
def test_a_conflict_that_a_newer_look_shows_is_one(stage):
    stage.policies(STOP_AND_START)
    ids = stage.fleet(3)
    both = stage.in_first_call(ids)
    fault(stage, "InternalError")
    stage.after("DescribeInstances", lambda: None)  # the listing for the one, then for the other
    stage.after("DescribeInstances", lambda: retag(stage, both, role="web"))

    report = stage.failing_run().report

    off, on = report["policies"]
    reason = "due for stop by dev-off and for start by web-on at once: neither"
    assert off["failed"] == on["failed"] == {both: reason}
    assert off["stopped"] == [id_ for id_ in ids if id_ != both]
    assert report["counts"]["failed"] == 1
    assert stage.states([both]) == {"RUNNING"}


# Several listings of one site ---------------------------------------------------------------------

WEB_TOO = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        exclude: {tags: {role: bastion}}
        when: {between: ["20:00", "23:00"]}
      - name: web-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {tier: web}}
"""


@pytest.mark.hazard(
    "Policies need several listings of one region, and a machine is protected, excluded, untagged "
    "or stopped by hand between two of them",
    "The newest listing that shows it counts for all policies.",
)
@pytest.mark.parametrize(
    ("happens", "why"),
    [
        ({"keep-running": "yes"}, "keep-running yes"),
        ({"keep-until": "soon"}, "keep-until 'soon' cannot be read: "),
        ({"role": "bastion"}, None),
        ({"env": "prod"}, None),
    ],
)
@pytest.mark.needs("tags")
def test_what_a_newer_listing_shows_counts_for_all_policies(stage, happens, why):
    stage.policies(WEB_TOO)
    ids = stage.fleet(3, tags={"env": "dev", "tier": "web"})
    changed = {"env": "dev", "tier": "web", **happens}
    stage.after("DescribeInstances", lambda: setattr(stage.world.instance(ids[1]), "tags", changed))

    nights, web = stage.run()["policies"]

    assert nights["stopped"] == [ids[0], ids[2]]
    if why:
        assert nights["skipped"][ids[1]].startswith(why)
        assert web["skipped"] == nights["skipped"]
        assert stage.states([ids[1]]) == {"RUNNING"}
    else:
        assert ids[1] not in {id_ for it in nights["requests"] for id_ in it["instance_ids"]}
        assert web["stopped"] == ids


@pytest.mark.needs("tags")
def test_what_a_newer_listing_shows_restarted_is_left_alone_by_the_older_one(stage, resource):
    stage.policies(WEB_TOO.replace("tier: web", "tier: none"))
    ids = stage.fleet(3)
    stage.fleet(1, first=9, tags={"tier": "none"})
    instance = stage.world.instance(ids[1])

    def restarted():
        restart(stage, ids[1])
        instance.tags = {"env": "dev", "tier": "none", "keep-running": "1"}

    stage.after("DescribeInstances", restarted)

    nights, _ = stage.run()["policies"]

    assert nights["stopped"] == [ids[0], ids[2]]
    assert list(nights["skipped"]) == [ids[1]]


def test_what_a_newer_listing_does_not_show_is_decided_on_the_older_one(stage):
    stage.policies(WEB_TOO)
    ids = stage.fleet(3)

    assert stage.run()["policies"][0]["stopped"] == ids


# A late first try ---------------------------------------------------------------------------------


@pytest.mark.hazard(
    "The first call for a machine comes over 15 s after the look that decided it, because many "
    "batches wait before it, or a throttle",
    "It is decided anew on a fresh look, at the cost of one look a batch.",
)
@pytest.mark.parametrize(("seconds", "kept"), [(16, True), (14, False)])
@pytest.mark.needs("tags")
def test_a_first_try_that_comes_late_is_decided_anew(stage, seconds, kept):
    ids = stage.fleet(3)

    def late():
        retag(stage, ids[1], **{"keep-running": "1"})
        stage.clock.advance(seconds)

    stage.after("DescribeInstances", late)

    entry = only_entry(stage.run())

    assert list(entry["skipped"]) == ([ids[1]] if kept else [])
    assert len(entry["stopped"]) == (2 if kept else 3)


@pytest.mark.hazard(
    "The fresh look that a late call waits for takes over 15 s itself: half of it was answered "
    "before a throttle, half after it",
    "The call waits for one more look, at most three in a row.",
)
@pytest.mark.needs("batches")
def test_a_look_that_is_old_when_it_ends_is_taken_again(stage):
    ids = stage.fleet(4)
    code = {"lighthouse": "ResourceNotFound.InstanceNotFound", "cvm": "InvalidInstanceId.NotFound"}
    stage.fault("error", "DescribeInstances", after=2, code=code[stage.resource], message="one")

    def answered_in_part():  # the half with the newest machines
        retag(stage, ids[3], **{"keep-running": "1"})
        stage.clock.advance(20)

    for _ in range(2):  # the listing, and the look before the call's turn has come
        stage.after("DescribeInstances", lambda: stage.clock.advance(16))
    stage.after("DescribeInstances", lambda: None)  # the look: refused, so it is asked by halves
    stage.after("DescribeInstances", answered_in_part)

    entry = only_entry(stage.run())

    assert list(entry["skipped"]) == ids[3:]
    assert entry["stopped"] == ids[:3]
    assert stage.states(ids[3:]) == {"RUNNING"}


def test_where_every_look_is_old_when_it_ends_nothing_is_sent(stage):
    ids = stage.fleet(4)

    def slow(call):
        if call.action == stage.own("DescribeInstances"):
            stage.clock.advance(16)

    stage.told_too = slow

    entry = only_entry(stage.failing_run().report)

    assert not stage.calls("StopInstances")
    assert list(entry["failed"]) == ids
    assert entry["failed"][ids[0]].startswith("never asked: LateLook: 3 looks took so long")
    assert len(stage.calls("DescribeInstances")) < 30 * stage.least_calls(4)


@pytest.mark.needs("batches")
def test_a_look_serves_many_batches_that_come_late(stage):
    ids = stage.fleet(800)
    stage.after("DescribeInstances", lambda: stage.clock.advance(16))

    assert only_entry(stage.run())["stopped"] == ids

    looks = [call for call in stage.calls("DescribeInstances") if "InstanceIds" in call.params]
    before = min(stage.calls("StopInstances"), key=lambda call: call.at).at
    assert len([look for look in looks if look.at <= before]) <= 8
    assert len(stage.calls("StopInstances")) == 8


@pytest.mark.parametrize("count", [1, 95, 250])
@pytest.mark.needs("batches")
def test_where_nothing_goes_wrong_nothing_is_looked_at_before_the_stops(stage, count):
    stage.fleet(count)

    stage.run()

    actions = stage.actions()
    batches = -(-count // 100)
    assert actions[: 2 * batches] == ["DescribeInstances"] * batches + ["StopInstances"] * batches


@pytest.mark.parametrize("code", ["InternalError", "FailedOperation.InstanceOperationFailed"])
@pytest.mark.needs("batches")
def test_a_further_try_costs_one_look_a_batch(stage, code):
    ids = stage.fleet(FLEET)
    stage.fault("error", "StopInstances", code=code, message=f"see {ids[0]}")

    with_fault = stage.run() if code == "InternalError" else stage.failing_run().report

    left = [] if code == "InternalError" else ids[:1]
    assert sorted(only_entry(with_fault)["stopped"]) == sorted(set(ids).difference(left))
    assert stage.states(left) <= {"RUNNING"}
    journal = stage.actions()
    second = [n for n, action in enumerate(journal) if action == "StopInstances"][1]
    assert journal[:second].count("DescribeInstances") == 2


@pytest.mark.needs("batches")
def test_one_look_serves_both_halves_of_a_split(stage):
    ids = stage.fleet(64)
    refusal = Refusal("FailedOperation.InstanceOperationFailed", named=False, times=None)
    stage.world.instance(ids[-1]).refusals.append(refusal)  # the last to be asked: six splits
    looks = []
    stage.told_too = lambda call: looks.append(call) if call.action == "DescribeInstances" else None
    stage.when("verify.confirmed", lambda: setattr(stage, "told_too", lambda _: None))

    entry = only_entry(stage.failing_run().report)

    assert list(entry["failed"]) == [ids[-1]]
    splits = 6
    assert len(looks) <= 1 + splits + 1  # the listing, a look a split, and the one that confirms


def test_a_look_that_is_not_answered_lets_nothing_be_sent(stage):
    """The listing is old by then, and nobody knows what protects the machines now."""
    ids = stage.fleet(3)
    stage.after("DescribeInstances", lambda: stage.clock.advance(16))
    stage.fault("error", "DescribeInstances", after=1, times=None, code="UnauthorizedOperation.No")

    entry = only_entry(stage.failing_run().report)

    assert not stage.calls("StopInstances")
    assert list(entry["failed"]) == ids
    assert "never asked" in entry["failed"][ids[0]]
    assert stage.states(ids) == {"RUNNING"}
