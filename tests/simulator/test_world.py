"""The world's own changes, and the events that it tells beforehand."""

from __future__ import annotations

import pytest

from lightsout.simulator import Operation, Refusal, World, uniform_fleet


def latest_state(call):
    (only,) = call("DescribeInstances")["InstanceSet"]
    return only["LatestOperationState"]


def denied(call, *instances):
    answer = call("DescribeInstancesDeniedActions", InstanceIds=[i.id for i in instances])
    return {
        each["InstanceId"]: {d["Action"]: d["Code"] for d in each["DeniedActions"]}
        for each in answer["InstanceDeniedActionSet"]
    }


def test_denied_actions_tell_what_a_stop_would_be_refused_for(call, world):
    secret = Refusal("FailedOperation.InstanceOperationFailed")
    open_one = Refusal("FailedOperation.InstanceOperationFailed", visible=True)
    running, stopped, new = world.add(), world.add(state="STOPPED"), world.add(state="PENDING")
    silent, telling = world.add(refusals=[secret]), world.add(refusals=[open_one])
    wrong_state = "UnsupportedOperation.InvalidInstanceState"
    assert denied(call, running, stopped, new, silent, telling) == {
        running.id: {"StartInstances": wrong_state},
        stopped.id: {"StopInstances": wrong_state},
        new.id: dict.fromkeys(
            ("StopInstances", "StartInstances"), "OperationDenied.InstanceCreating"
        ),
        silent.id: {"StartInstances": wrong_state},
        telling.id: {"StopInstances": open_one.code, "StartInstances": wrong_state},
    }
    assert call.refused("StopInstances", InstanceIds=[telling.id])[0] == open_one.code


def test_denied_actions_speak_chinese_to_those_who_ask_for_it(caller, world):
    instance = world.add()
    call = caller(language="zh-CN")
    answer = call("DescribeInstancesDeniedActions", InstanceIds=[instance.id])
    (denial,) = answer["InstanceDeniedActionSet"][0]["DeniedActions"]
    assert denial["Message"] == f"实例 `{instance.id}` 处于 `运行中` 状态中，不支持该操作。"


# The world by itself


def test_a_busy_instance_is_free_some_time_after_it_was_first_looked_at(call, world, clock):
    instance = world.add()
    world.make_busy(instance.id, "ResetInstancesPassword", 3)
    clock.advance(60)  # nobody has looked
    assert latest_state(call) == "OPERATING"
    code, _ = call.refused("StopInstances", InstanceIds=[instance.id])
    assert code == "UnsupportedOperation.LatestOperationUnfinished"
    clock.advance(3)
    assert latest_state(call) == "SUCCESS"
    call("StopInstances", InstanceIds=[instance.id])


def test_things_can_be_planned_to_happen(world, clock):
    doomed = world.add()
    world.at(5, lambda: world.terminate(doomed.id))
    clock.advance(4)
    assert world.instance(doomed.id) is doomed
    clock.advance(1)
    with pytest.raises(KeyError):
        world.instance(doomed.id)


def test_an_instance_that_is_terminated_while_stopping_stays_gone(call, world, clock):
    doomed = world.add()
    call("StopInstances", InstanceIds=[doomed.id])
    world.terminate(doomed.id)
    clock.advance(60)
    assert call("DescribeInstances")["TotalCount"] == 0


def test_an_instance_found_stopping_from_before_stays_so(call, world, clock):
    left_over = world.add(state="STOPPING")
    clock.advance(86_400)
    assert left_over.state == "STOPPING"
    code, _ = call.refused("StopInstances", InstanceIds=[left_over.id])
    assert code == "UnsupportedOperation.LatestOperationUnfinished"


def test_the_history_tells_when_states_came_about_not_when_somebody_looked(call, world, clock):
    began = clock.now()
    instance = world.add(stop_seconds=10, start_seconds=20)
    clock.advance(60)
    call("StopInstances", InstanceIds=[instance.id])
    clock.advance(86_400)
    call("StartInstances", InstanceIds=[instance.id])
    clock.advance(86_400)

    history = world.history(instance.id)

    assert [((at - began).total_seconds(), state) for at, state in history] == [
        (0, "RUNNING"),
        (60, "STOPPING"),
        (70, "STOPPED"),
        (86_460, "STARTING"),
        (86_480, "RUNNING"),
    ]
    world.terminate(instance.id)
    assert world.history(instance.id) == history


def test_the_same_seed_makes_the_same_ids(clock):
    first, second = (uniform_fleet(World(clock, seed=7), 5) for _ in range(2))
    assert [i.id for i in first] == [i.id for i in second]


def test_an_operation_set_by_hand_supersedes_what_was_under_way(call, world, clock):
    instance = world.add(stop_seconds=10)
    call("StopInstances", InstanceIds=[instance.id])
    somebody = Operation("StartInstances", "SUCCESS", "another-request", clock.now())
    instance.state, instance.operation = "RUNNING", somebody
    clock.advance(60)
    assert (instance.state, instance.operation) == ("RUNNING", somebody)
    call("StopInstances", InstanceIds=[instance.id])


def test_a_refusal_may_be_of_a_start(call, world):
    refusal = Refusal("FailedOperation", action="StartInstances", message="No stock.")
    stopped = world.add(state="STOPPED", refusals=[refusal])
    assert call.refused("StartInstances", InstanceIds=[stopped.id]) == (
        "FailedOperation",
        "No stock.",
    )


def test_tags_are_replaced_as_a_whole(world):
    instance = world.add(tags={"env": "dev"})
    with pytest.raises(TypeError):
        instance.tags["env"] = "prod"


def test_an_id_is_taken_once(world):
    world.add("lhins-00000001")
    with pytest.raises(ValueError, match="lhins-00000001 is there already"):
        world.add("lhins-00000001", region="ap-shanghai")


def test_instances_are_listed_by_region(world):
    here, there = world.add(), world.add(region="ap-shanghai")
    assert world.instances("ap-shanghai") == [there]
    assert world.instances() == [here, there]
