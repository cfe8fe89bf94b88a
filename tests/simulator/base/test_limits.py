from __future__ import annotations

from lightsout.simulator import CloudAccount


def test_the_eleventh_stop_in_a_second_is_refused_in_the_words_of_the_cloud(call, world):
    batch = [world.add(endings=["failed"] * 20, stop_seconds=0).id]
    for _ in range(10):
        call("StopInstances", InstanceIds=batch)
    assert call.refused("StopInstances", InstanceIds=batch) == (
        "RequestLimitExceeded",
        (
            "Your current request times equals to `11` in a second, which exceeds the frequency "
            "limit `10` for a second. Please reduce the frequency of calls."
        ),
    )
    assert "`12`" in call.refused("StopInstances", InstanceIds=batch)[1]  # refused calls count


def test_a_new_second_is_a_new_count(call, clock):
    clock.advance(0.9)
    for _ in range(10):
        call("DescribeRegions")
    assert call.refused("DescribeRegions")[0] == "RequestLimitExceeded"
    clock.advance(0.1)
    assert call("DescribeRegions")["TotalCount"] > 0


def test_a_sliding_second_does_not_forget_at_the_full_one(simulate, clock, ask):
    sliding = simulate(sliding=True, limits={"DescribeInstances": 2})
    times = []
    for moment in (0.8, 0.9, 1.1, 2.15):
        clock.advance(moment - clock.monotonic())
        times.append(ask(sliding))
    assert times == [None, None, "RequestLimitExceeded", None]


def test_regions_actions_and_accounts_are_counted_apart(caller, sim):
    other = CloudAccount(uin="200000000002", secret_id="AKIDother", secret_key="other")
    sim.credentials.append(other)
    here, there, them = caller(), caller(region="ap-shanghai"), caller(other)
    for _ in range(10):
        here("DescribeRegions")
    assert here.refused("DescribeRegions")[0] == "RequestLimitExceeded"
    there("DescribeRegions")
    them("DescribeRegions")
    here("DescribeInstances")


def test_limits_can_be_lifted(simulate, ask):
    unlimited = simulate(limits=None)
    assert [ask(unlimited) for _ in range(150)] == [None] * 150


def test_a_listing_may_be_asked_for_a_hundred_times_a_second(simulate, ask):
    sim = simulate()
    codes = [ask(sim) for _ in range(101)]
    assert codes == [None] * 100 + ["RequestLimitExceeded"]
    assert [c.code for c in sim.journal] == codes
