"""Listings that move, repeat and lie; named instances that are gone; limits of every call."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightsout.cloud.compute import READINGS, Compute, NoAnswer, batches, list_regions
from lightsout.cloud.sdk import CallFailed
from lightsout.model.instance import LIGHTHOUSE, STOP, read_instance
from tests.support.stubbed_cloud import Scene, refusal
from tests.support.values import GUANGZHOU, any_json, fleet

FILTERS = [{"Name": "instance-state", "Values": ["RUNNING", "STOPPING"]}]


def item(id_, **facts):
    return {"InstanceId": id_, "InstanceState": "RUNNING", "Tags": []} | facts


class Service:
    """DescribeInstances over a list of IDs; `turn` may change the n-th answer, or the list."""

    def __init__(self, mocker, ids, turn=lambda service, number, answer: answer, **facts):
        self.ids = list(ids)
        self.asked = []
        self.turn = turn
        self.scene = Scene(mocker, respond=self._respond, **facts)
        self.compute = Compute(self.scene.cloud, GUANGZHOU)

    def _respond(self, action, params):
        self.asked.append((action, params))
        answer = {"RequestId": f"req-{len(self.asked)}"}
        if action == "DescribeInstances":
            answer |= self._describe(params)
        answer = self.turn(self, len(self.asked), answer)
        return answer if isinstance(answer, Exception) else {"Response": answer}

    def _describe(self, params):
        wanted = params.get("InstanceIds")
        ids = [id_ for id_ in self.ids if wanted is None or id_ in wanted]
        offset, limit = params.get("Offset", 0), params.get("Limit", 20)
        page = [item(id_) for id_ in ids[offset : offset + limit]]
        return {"InstanceSet": page, "TotalCount": len(ids)}

    def search(self):
        return self.compute.search([FILTERS])

    def listed(self) -> list[str]:
        return sorted(self.search().instances)

    def params(self, action="DescribeInstances"):
        return [params for name, params in self.asked if name == action]


@pytest.fixture
def service(mocker):
    return lambda *args, **facts: Service(mocker, *args, **facts)


# A listing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (1, 1), (95, 1), (100, 1), (101, 2), (250, 3), (2100, 21)]
)
def test_a_calm_fleet_is_listed_in_the_least_possible_calls_of_100(service, count, calls):
    there = service(fleet(count))

    listing = there.search()

    assert sorted(listing.instances) == fleet(count)
    assert len(there.asked) == calls
    assert {params["Limit"] for params in there.params()} == {100}
    assert [params["Offset"] for params in there.params()] == list(range(0, calls * 100, 100))
    assert all(params["Filters"] == FILTERS for params in there.params())
    assert not any("InstanceIds" in params for params in there.params())


def test_a_repeated_item_is_one_instance(service):
    def repeat(_, number, answer):
        if number == 2:  # the last of the first page, and its own last one is missing
            answer["InstanceSet"] = [item(fleet(100)[-1]), *answer["InstanceSet"][:-1]]
        return answer

    assert service(fleet(150), repeat).listed() == fleet(150)


def test_an_instance_that_vanishes_between_two_pages_hides_no_other(service):
    """The rest moves up by one, so that the next page begins one too late."""

    def vanish(there, number, answer):
        if number == 1:
            there.ids.remove(fleet(250)[7])
        return answer

    expected = set(fleet(250)) - {fleet(250)[7]}

    assert expected <= set(service(fleet(250), vanish).listed())


def test_an_instance_that_appears_between_two_pages_hides_no_other(service):
    def appear(there, number, answer):
        if number == 1:
            there.ids.insert(0, "lhins-newcomer")
        return answer

    assert set(fleet(250)) <= set(service(fleet(250), appear).listed())


def test_a_short_page_in_the_middle_loses_nobody(service):
    def short(_, number, answer):
        if number == 2:
            answer["InstanceSet"] = answer["InstanceSet"][:40]
        return answer

    assert service(fleet(250), short).listed() == fleet(250)


@pytest.mark.parametrize("total", [None, 0, -5, "250", 2.5, [], {}, "missing"])
@pytest.mark.parametrize("count", [0, 95, 250])
def test_without_a_total_full_pages_are_followed(service, total, count):
    def odd_total(_, __, answer):
        answer["TotalCount"] = total
        if total == "missing":
            del answer["TotalCount"]
        return answer

    assert service(fleet(count), odd_total).listed() == fleet(count)


@pytest.mark.parametrize("total", [1, 99, 150])
def test_a_total_that_is_too_low_loses_nobody(service, total):
    def lie(_, __, answer):
        return answer | {"TotalCount": total}

    assert service(fleet(250), lie).listed() == fleet(250)


def test_a_total_that_is_too_high_is_no_listing_after_a_few_readings(service):
    def lie(_, __, answer):
        return answer | {"TotalCount": 300}

    there = service(fleet(250), lie)

    with pytest.raises(NoAnswer, match=f"TotalCount is 300, but {READINGS} readings show 250"):
        there.search()
    assert len(there.asked) == 4 * READINGS


def test_an_offset_that_the_service_ignores_does_not_go_on_for_ever(service):
    def first_page_again(_, __, answer):
        return answer | {"InstanceSet": [item(id_) for id_ in fleet(100)], "TotalCount": 250}

    there = service(fleet(250), first_page_again)

    with pytest.raises(NoAnswer):
        there.search()
    assert len(there.asked) == 3 * READINGS


def test_an_answer_that_shows_one_instance_in_two_states_is_read_again(service):
    def contradict(_, number, answer):
        if number == 1:
            answer["InstanceSet"] += [item(fleet(1)[0], InstanceState="STOPPED")]
        return answer

    there = service(fleet(5), contradict)

    assert {it.state for it in there.search().instances.values()} == {"RUNNING"}
    assert len(there.asked) == 2


def test_answers_that_go_on_to_contradict_themselves_are_no_listing(service):
    def contradict(_, __, answer):
        tagged = item(fleet(1)[0], Tags=[{"Key": "keep-running", "Value": "yes"}])
        return answer | {"InstanceSet": [*answer["InstanceSet"], tagged]}

    there = service(fleet(5), contradict)

    with pytest.raises(NoAnswer, match=f"{fleet(1)[0]} twice"):
        there.search()
    assert len(there.asked) == READINGS


@pytest.mark.parametrize(
    ("total", "calls"),
    [
        (lambda number: 100 * number + 1, 103),  # one more each time
        (lambda number: 200 * number, 105),  # twice what it shows
        (lambda _: None, 101),
        (lambda _: 10**9, 301),  # MOST_PAGES
    ],
)
def test_pages_that_never_end_are_cut_at_what_total_count_and_reason_allow(
    service, monkeypatch, total, calls
):
    def more_and_more(there, number, answer):
        page = [item(id_) for id_ in fleet(100, first=100 * number)]
        return answer | {"InstanceSet": page, "TotalCount": total(number)}

    monkeypatch.setattr("lightsout.cloud.compute.MOST_PAGES", 300)
    there = service([], more_and_more, seconds=600)

    with pytest.raises(CallFailed, match="and do not end"):
        there.search()
    assert len(there.asked) <= calls


def test_a_fleet_that_doubles_while_it_is_listed_is_listed(service):
    def double(there, number, answer):
        if number == 2:
            there.ids += fleet(2500, first=10_000)
        return answer

    assert len(service(fleet(2500), double).listed()) == 5000


def test_pages_of_one_instance_each_are_cut_too(service):
    def one_each(_, __, answer):
        return answer | {"InstanceSet": answer["InstanceSet"][:1]}

    there = service(fleet(1000), one_each)

    with pytest.raises(CallFailed, match="121 pages show 121 instances of 1000"):
        there.search()


@pytest.mark.parametrize("odd", [{}, {"InstanceSet": None}, {"InstanceSet": "none"}], ids=repr)
def test_an_answer_without_a_list_is_not_an_empty_fleet(service, odd):
    def no_list(_, __, answer):
        return {"RequestId": answer["RequestId"]} | odd

    with pytest.raises(CallFailed):
        service(fleet(5), no_list).search()


@given(st.lists(any_json, max_size=3), any_json)
def test_whatever_stands_in_a_page_the_instances_beside_it_are_read(odd, value):
    items = [*odd, item("lhins-00000001", Tags=value), {"InstanceId": value}]

    found = [read_instance(one) for one in items if isinstance(one, dict)]

    assert "lhins-00000001" in [instance.id for instance in found]


# One instance ------------------------------------------------------------------------------------


def test_the_facts_of_an_instance():
    found = read_instance(
        {
            "InstanceId": "lhins-00000001",
            "InstanceName": "开发机",
            "InstanceState": "RUNNING",
            "Tags": [{"Key": "env", "Value": "dev"}, {"Key": "empty", "Value": ""}],
            "LatestOperation": "StartInstances",
            "LatestOperationState": "SUCCESS",
            "LatestOperationRequestId": "req-1",
            "LatestOperationStartedTime": "2026-11-23T12:00:00Z",
            "SomethingNew": {"x": [1]},
        }
    )

    assert (found.id, found.name, found.state) == ("lhins-00000001", "开发机", "RUNNING")
    assert found.tags == {"env": ("dev",), "empty": ("",)}
    assert (found.operation, found.operation_state) == ("StartInstances", "SUCCESS")
    assert found.operation_request_id == "req-1"
    assert found.started_at() == datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize("tags", [None, []])
def test_no_tags_are_an_ordinary_case(tags):
    found = read_instance(item("lhins-00000001", Tags=tags))

    assert found.tags == {}
    assert not found.unreadable


@pytest.mark.parametrize(
    "tags",
    [{}, "x", [None], [[]], 5, False, [{"Value": "x"}], [{"Key": 1}], [{"Key": "a", "Value": 1}]],
)
def test_tags_in_an_unknown_form_are_unreadable(tags):
    assert read_instance(item("lhins-00000001", Tags=tags)).unreadable == "Tags"


def test_two_tags_of_one_key_are_both_kept():
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "env", "Value": "prod"}]

    assert read_instance(item("lhins-00000001", Tags=tags)).tags == {"env": ("dev", "prod")}


def test_a_tag_without_a_value_has_the_empty_one():
    tags = [{"Key": "env", "Value": None}, {"Key": "role"}]

    assert read_instance(item("lhins-00000001", Tags=tags)).tags == {"env": ("",), "role": ("",)}


def test_fields_that_are_missing_or_null_are_empty():
    assert read_instance({}) == read_instance({"InstanceState": None, "LatestOperation": None})
    assert read_instance({"LatestOperation": 5}).unreadable == "LatestOperation"
    assert read_instance({}).started_at() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "2026-11-23T12:00:00.5Z",
        "2026-11-23T12:00:60Z",
        "2026年11月23日",
        "1763899200",
    ],
)
def test_a_time_that_cannot_be_read_is_none(text):
    assert read_instance({"LatestOperationStartedTime": text}).started_at() is None


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00", "2026-11-23 12:00:00", "2026-11-23"])
def test_a_time_without_an_offset_is_utc_or_none_but_never_naive(text):
    since = read_instance({"LatestOperationStartedTime": text}).started_at()

    assert since is None or since.tzinfo is not None


# Named instances ---------------------------------------------------------------------------------


def unknown_fails_all(message):
    """As Lighthouse may do it: one unknown ID refuses the whole query."""

    def turn(there, _, answer):
        wanted = there.params()[-1]["InstanceIds"]
        unknown = [id_ for id_ in wanted if id_ not in there.ids]
        if unknown:
            return refusal(
                "ResourceNotFound.InstanceIdNotFound",
                message.format(unknown=", ".join(unknown), all=", ".join(wanted)),
            )
        return answer

    return turn


UNNAMED = "An instance does not exist."
NAMED = "The instances {unknown} do not exist."


@pytest.mark.parametrize("message", [UNNAMED, NAMED])
@pytest.mark.parametrize("gone", [[], [0], [99], [0, 1, 50], list(range(100))])
def test_who_is_gone_is_missing_from_the_answer_and_nobody_else(service, message, gone):
    ids = fleet(100)
    alive = [id_ for place, id_ in enumerate(ids) if place not in gone]
    there = service(alive, unknown_fails_all(message))

    assert sorted(there.compute.describe(ids)) == alive


def test_a_named_one_costs_one_further_query_and_its_own(service):
    there = service(fleet(99), unknown_fails_all(NAMED))

    there.compute.describe(fleet(100))

    assert [len(params["InstanceIds"]) for params in there.params()] == [100, 99]


def test_an_answer_without_the_unknown_ones_will_do_as_well(service):
    there = service(fleet(99))

    assert sorted(there.compute.describe(fleet(100))) == fleet(99)


def test_a_message_that_names_the_whole_query_makes_nobody_look_gone(service):
    there = service(fleet(9), unknown_fails_all("Some of {all} do not exist."))

    assert sorted(there.compute.describe(fleet(10))) == fleet(9)


def test_an_id_that_begins_another_one_is_not_taken_for_it(service):
    there = service(["lhins-00000001"], unknown_fails_all(NAMED))

    found = there.compute.describe(["lhins-00000001", "lhins-000000012"])

    assert list(found) == ["lhins-00000001"]


def test_who_is_missing_from_a_short_answer_is_asked_for_again(service):
    def short_at_first(_, number, answer):
        return answer | {"InstanceSet": answer["InstanceSet"][:20]} if number == 1 else answer

    there = service(fleet(100), short_at_first)

    assert sorted(there.compute.describe(fleet(100))) == fleet(100)


def test_an_empty_list_is_never_sent_for_it_would_mean_everybody(service):
    there = service(fleet(5), unknown_fails_all(NAMED))

    assert there.compute.describe([]) == {}
    assert there.compute.find([]).instances == {}
    assert there.asked == []
    assert there.compute.describe(["lhins-0000gone"]) == {}
    assert all(params["InstanceIds"] for params in there.params())


def test_named_instances_are_asked_for_by_100_and_with_that_limit(service):
    there = service(fleet(250))

    assert sorted(there.compute.describe(fleet(250))) == fleet(250)
    assert [len(params["InstanceIds"]) for params in there.params()] == [100, 100, 50]
    assert {params["Limit"] for params in there.params()} == {100}
    assert not any("Filters" in params for params in there.params())


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidParameter", "AuthFailure.X"])
def test_a_refusal_that_is_about_nobody_is_not_split_into_many(service, code):
    there = service(fleet(5), lambda *_: refusal(code))

    with pytest.raises(CallFailed):
        there.compute.describe(fleet(5))
    assert len(there.asked) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(gone=st.sets(st.integers(0, 249), max_size=9), message=st.sampled_from([UNNAMED, NAMED]))
def test_describe_finds_exactly_those_that_are_there(mocker, gone, message):
    ids = fleet(250)
    alive = [id_ for place, id_ in enumerate(ids) if place not in gone]
    mocker.stopall()
    there = Service(mocker, alive, unknown_fails_all(message))

    assert sorted(there.compute.describe(ids)) == alive
    assert all(1 <= len(params["InstanceIds"]) <= 100 for params in there.params())


# The other verbs ---------------------------------------------------------------------------------


def test_all_instances_are_counted_without_listing_them(service):
    there = service(fleet(250))

    assert there.compute.count() == 250
    assert len(there.asked) == 1
    assert "Filters" not in there.params()[0]


def asking(**options):
    return lambda: {"InstanceIds": fleet(2)} | options


def test_a_stop_is_sent_once_with_its_options_and_answers_its_request_id(service):
    there = service(fleet(2))

    assert there.compute.act(STOP, asking(StopType="HARD")) == "req-1"
    assert there.asked == [("StopInstances", {"InstanceIds": fleet(2), "StopType": "HARD"})]


def test_a_stop_without_options_has_none(service):
    there = service(fleet(2))
    there.compute.act(STOP, asking())

    assert there.params("StopInstances") == [{"InstanceIds": fleet(2)}]


def test_a_stop_that_may_have_been_carried_out_is_not_sent_again(service):
    there = service(fleet(2), lambda *_: refusal("InternalError"))

    with pytest.raises(CallFailed) as failed:
        there.compute.act(STOP, asking())

    assert failed.value.maybe_done
    assert len(there.asked) == 1


def test_who_would_be_refused_is_told_with_the_refusal_to_expect(service):
    a, b, c = fleet(3)
    code = "OperationDenied.InstanceCreating"
    denied = [
        {"InstanceId": a, "DeniedActions": [{"Action": "StopInstances", "Code": code}]},
        {"InstanceId": b, "DeniedActions": [{"Action": "StartInstances", "Code": "X"}]},
        {"InstanceId": c, "DeniedActions": None},
        None,
    ]
    there = service([a, b, c], lambda *_: {"InstanceDeniedActionSet": denied, "RequestId": "r"})

    found = there.compute.denied([a, b, c], STOP)

    assert {id_: refusal_.code for id_, refusal_ in found.items()} == {a: code}


def test_regions_are_those_that_can_be_had_now(mocker):
    regions = [
        {"Region": "ap-tokyo", "RegionState": "AVAILABLE"},
        {"Region": "ap-beijing", "RegionState": "AVAILABLE"},
        {"Region": "ap-mumbai", "RegionState": "UNAVAILABLE"},
        {"Region": "", "RegionState": "AVAILABLE"},
        {"RegionState": "AVAILABLE"},
        None,
    ]
    scene = Scene(mocker, {"Response": {"RegionSet": regions, "RequestId": "r"}})

    assert list_regions(scene.cloud, LIGHTHOUSE) == ["ap-beijing", "ap-tokyo"]


@given(st.integers(0, 450))
def test_batches_hold_everybody_once_and_at_most_100(count):
    cut = list(batches(fleet(count)))

    assert [id_ for batch in cut for id_ in batch] == fleet(count)
    assert all(1 <= len(batch) <= 100 for batch in cut)
    assert len(cut) == -(-count // 100)
