"""Listings that move, repeat, lie: every matching instance is found, none twice."""

from __future__ import annotations

import pytest

from tests.support.simulated_run import DEV_NIGHTS, only_entry

pytestmark = pytest.mark.every_resource


@pytest.mark.hazard(
    "Items of a page appear again on the next, move between pages or vanish; a page is short "
    "although more follow",
    "Repeated IDs are dropped; with fewer instances than TotalCount the list is read again; an "
    "instance counts as gone only when two queries do not show it.",
)
@pytest.mark.parametrize("kind", ["repeat", "shift", "vanish", "short_page"])
@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("count", [95, 250])
def test_pages_that_do_not_add_up_lose_nobody(stage, kind, after, count):
    ids = stage.fleet(count)
    stage.fault(kind, "DescribeInstances", after=after)

    report = stage.run()

    assert only_entry(report)["stopped"] == ids
    sent = stage.asked()
    assert sorted(sent) == ids


@pytest.mark.hazard(
    "A look shows fewer instances than its own TotalCount says",
    "What is missing from it is not gone: it is looked at again.",
)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_instance_missing_from_a_look_is_not_taken_for_gone(stage, times):
    ids = stage.fleet(5, stop_seconds=60.0)
    stage.fault("vanish", "DescribeInstances", after=1, times=times)

    assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "An answer has no InstanceSet",
    "It is asked for again: it is not an empty fleet.",
)
def test_an_answer_without_its_list_is_asked_for_again(stage):
    ids = stage.fleet(5)
    stage.fault("no_response", "DescribeInstances", times=2)

    assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "A listing shows fewer instances than its TotalCount says, to the end of five readings",
    "It is no answer: the entry fails with both numbers, nothing is stopped there, and other "
    "policies run.",
)
@pytest.mark.parametrize(("count", "total"), [(95, 400), (0, 7), (95, 96), (100, 150)])
def test_a_listing_that_shows_fewer_than_it_counts_fails_its_entry(stage, count, total):
    ids = stage.fleet(count)
    stage.fault("total", "DescribeInstances", times=None, value=total)

    entry = only_entry(stage.failing_run().report)

    assert f"TotalCount is {total}, but 5 readings show {count}" in entry["error"]
    assert not stage.calls("StopInstances")
    assert stage.states(ids) <= {"RUNNING"}


@pytest.mark.hazard(
    "The same, for some readings only",
    "It is read again, at most five times.",
)
def test_a_listing_that_comes_to_add_up_is_good(stage):
    ids = stage.fleet(95)
    stage.fault("total", "DescribeInstances", times=4, value=96)

    assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "One answer shows an instance in two states, or with two sets of tags",
    "It is no answer: it is read again; to the end of five readings the entry fails.",
)
def test_an_answer_that_contradicts_itself_is_no_answer(stage):
    ids = stage.fleet(3)
    stage.fault("contradiction", "DescribeInstances", times=2)

    assert only_entry(stage.run())["stopped"] == ids

    stage.fleet(3, first=10)
    stage.fault("contradiction", "DescribeInstances", times=None)
    assert "twice" in only_entry(stage.failing_run().report)["error"]


@pytest.mark.hazard(
    "TotalCount is too low, zero, missing, or no count",
    "What is shown is there all the same. Full pages are followed by another request.",
)
@pytest.mark.parametrize(
    ("count", "total"),
    [
        *((count, total) for count in (0, 95, 100, 250) for total in (0, None, "95", -1, True)),
        *((count, total) for count in (95, 100, 250) for total in (7, 95.0)),
        (250, 150),
    ],
)
def test_a_total_that_is_too_low_or_no_count_loses_nobody(stage, total, count):
    ids = stage.fleet(count)
    stage.fault("total", "DescribeInstances", times=None, value=total)

    if count > 200 and not stage.can("far pages"):
        assert "TooManyInstances" in only_entry(stage.failing_run().report)["error"]
        assert not stage.calls("StopInstances")
    else:
        assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "TotalCount is no count where a limit in percent needs one",
    "The policy acts on nothing there, and its entry fails, with each machine that it wanted.",
)
@pytest.mark.parametrize("total", [0, None, "95"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_no_limit_in_percent_is_judged_by_a_total_that_is_no_count(stage, total, dry_run):
    stage.policies(DEV_NIGHTS + "        limits: {max_percent: 50}\n")
    ids = stage.fleet(3)
    stage.fault("total", "DescribeInstances", times=None, value=total)

    report = stage.failing_run({"dry_run": dry_run}).report

    entry = only_entry(report)
    assert "TotalCount is " in entry["error"]
    assert entry["failed"] == dict.fromkeys(ids, f"never asked: {entry['error']}")
    assert (report["counts"]["matched"], report["counts"]["failed"]) == (3, 3)
    assert sorted(stage.logged("instance.failed")[0]["instance_ids"]) == ids
    assert not stage.calls("StopInstances")


@pytest.mark.hazard(
    "A listing has to be read again, and the newest reading no longer shows a machine that an "
    "older one shows",
    "It is left out: what the older one showed may be over.",
)
def test_what_only_an_older_reading_shows_is_left_out(stage):
    ids = stage.fleet(95)
    stage.fault("total", "DescribeInstances", value=96)

    def retag():
        stage.retag(ids[3], {"env": "prod", "keep-running": "yes"})

    stage.after("DescribeInstances", retag)

    assert only_entry(stage.run())["stopped"] == [id_ for id_ in ids if id_ != ids[3]]
    assert stage.states([ids[3]]) == {"RUNNING"}


@pytest.mark.hazard(
    "TotalCount changes from page to page, because instances come and go",
    "The highest counts: the list is read on until it is met, or a page is empty.",
)
@pytest.mark.parametrize("totals", [(250, 251, 249), (300, 200, 250)])
def test_a_total_that_changes_loses_nobody(stage, totals):
    ids = stage.fleet(250)
    for total in totals:  # a page each
        stage.fault("total", "DescribeInstances", value=total)

    assert only_entry(stage.run())["stopped"] == ids


@pytest.mark.hazard(
    "An instance is in an unknown state, with unknown fields",
    "It is not RUNNING: left alone. The others are stopped.",
)
def test_an_unknown_state_is_left_alone(stage):
    ids = stage.fleet(10)
    stage.fault("unknown_state", "DescribeInstances", times=1, index=0)

    report = stage.run()

    assert len(only_entry(report)["stopped"]) == 9
    assert len(stage.states(ids)) == 2


@pytest.mark.hazard("Nothing matches", "One DescribeInstances, and a good run.")
def test_where_nothing_matches_one_listing_is_all_that_a_run_does(stage):
    stage.fleet(3, tags={"env": "prod"})

    assert stage.run()["counts"]["matched"] == 0
    assert len(stage.sim.journal) == 1


@pytest.mark.hazard(
    "The same instance in two policies",
    "Acted on once, with the options of the first; reported in both; counted once.",
)
def test_two_policies_share_their_instances(stage):
    stage.policies(DEV_NIGHTS.replace("dev-nights", "also-dev"), "also.yml")
    ids = stage.fleet(count := stage.many(250))

    report = stage.run()

    assert [entry["stopped"] for entry in report["policies"]] == [ids, ids]
    assert report["counts"]["stopped"] == count
    assert len(stage.calls("StopInstances")) == stage.least_calls(count)
    assert len(stage.listings()) == -(-count // 100)
    assert stage.states(ids) == {"STOPPED"}


@pytest.mark.hazard(
    "Thousands of instances in one region",
    "All are listed before the first stop, and all are stopped.",
)
def test_2100_instances_are_all_stopped(stage):
    stage.fleet(count := stage.many(2100))

    report = stage.run()

    assert report["counts"]["stopped"] == count
    assert len(stage.calls("StopInstances")) == stage.least_calls(count)
