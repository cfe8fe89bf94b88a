"""Listings that move, repeat and lie; named instances that are gone; limits of every call."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from lightsout.cloud.error_codes import FAMILIES, MEANINGS, NO_SUCH_INSTANCE
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.answers import NoAnswer
from lightsout.cloud.services.compute import READINGS, Compute, batches, list_regions
from lightsout.model.resources.instance import read_instance
from lightsout.model.resources.resource import HAI, LIGHTHOUSE, STOP
from tests.support.examples import examples
from tests.support.stubbed_cloud import StubScene, refusal
from tests.support.values import GUANGZHOU, any_json, fleet

FILTERS = [{"Name": "instance-state", "Values": ["RUNNING", "STOPPING"]}]


def item(id_, **facts):
    return {"InstanceId": id_, "InstanceState": "RUNNING", "Tags": []} | facts


class StubService:
    """DescribeInstances over a list of IDs; `turn` may change the n-th answer, or the list."""

    def __init__(self, mocker, ids, turn=lambda service, number, answer: answer, **facts):
        self.ids = list(ids)
        self.asked = []
        self.turn = turn
        self.scene = StubScene(mocker, respond=self._respond, **facts)
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
    return lambda *args, **facts: StubService(mocker, *args, **facts)


class StubOfFewPages(StubService):
    """A service whose Offset reaches 100, as that of HAI; `told`: its TotalCount."""

    def __init__(self, mocker, ids, told):
        super().__init__(mocker, ids)
        self.told = told
        self.compute = Compute(self.scene.cloud, GUANGZHOU._replace(resource=HAI))

    def _describe(self, params):
        assert params.get("Offset", 0) <= HAI.listing.furthest
        return super()._describe(params) | {"TotalCount": self.told}


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


@given(count=st.integers(0, 450), told=st.integers(0, 600) | st.none())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@example(count=250, told=250)
@example(count=250, told=220)
@example(count=250, told=150)
@example(count=200, told=200)
def test_past_the_last_page_a_listing_is_whole_or_none(mocker, count, told):
    """TotalCount may be wrong: then it is all the same everything that is there, or a failure."""
    mocker.stopall()
    there = StubOfFewPages(mocker, fleet(count), told)
    if told == count:
        assert there.listed() == sorted(fleet(count))
        return
    try:
        assert there.listed() == sorted(fleet(count))
    except CallFailed:
        event("it is no listing")


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


MISSING = object()


def told(total):
    """Each answer has this TotalCount."""

    def lie(_, __, answer):
        del answer["TotalCount"]
        return answer if total is MISSING else answer | {"TotalCount": total}

    return lie


def is_no_count(value) -> bool:
    return type(value) is not int or value < 0


NO_COUNT = any_json.filter(is_no_count) | st.integers(max_value=-1) | st.just(MISSING)


@pytest.mark.parametrize("count", [0, 95, 250])
@given(total=NO_COUNT | st.integers(0, 95))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(30))
@example(total=None)
@example(total=True)
@example(total=95.0)
@example(total="95")
@example(total=MISSING)
def test_what_is_shown_beyond_the_total_count_is_there(mocker, count, total):
    mocker.stopall()
    there = StubService(mocker, fleet(count), told(total))
    if type(total) is int and total > count:
        return

    assert there.listed() == fleet(count)
    assert there.compute.look(fleet(count)).instances.keys() == set(fleet(count))


@given(total=NO_COUNT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(30))
def test_without_a_count_a_look_that_misses_one_is_no_answer(mocker, total):
    mocker.stopall()
    there = StubService(mocker, fleet(5), told(total))

    with pytest.raises(NoAnswer, match="TotalCount is None, it shows 5"):
        there.compute.look(fleet(6))


@given(total=NO_COUNT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(30))
def test_what_is_no_count_is_no_answer_where_a_limit_hangs_on_it(mocker, total):
    mocker.stopall()

    with pytest.raises(NoAnswer, match="TotalCount is None"):
        StubService(mocker, fleet(5), told(total)).compute.count()


@pytest.mark.parametrize(("there", "total"), [(5, 0), (0, 300)])
def test_a_count_that_what_is_shown_contradicts_is_no_answer(service, there, total):
    with pytest.raises(NoAnswer, match=f"TotalCount is {total}, it shows"):
        service(fleet(there), told(total)).compute.count()


def test_a_value_that_is_no_count_is_not_quoted(service):
    with pytest.raises(NoAnswer) as failed:
        service(fleet(5), told("simulatedtoken")).compute.count()

    assert "simulatedtoken" not in str(failed.value)


def test_a_page_that_comes_to_add_up_is_read_again(service):
    def at_first(_, number, answer):
        return answer | {"TotalCount": 0} if number < READINGS else answer

    assert service(fleet(95), at_first).listed() == fleet(95)


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
        (lambda _: 10**9, 301),  # MOST_PAGES
    ],
)
def test_pages_that_never_end_are_cut_at_what_total_count_and_reason_allow(
    service, monkeypatch, total, calls
):
    def more_and_more(there, number, answer):
        page = [item(id_) for id_ in fleet(100, first=100 * number)]
        return answer | {"InstanceSet": page, "TotalCount": total(number)}

    monkeypatch.setattr("lightsout.cloud.services.compute.MOST_PAGES", 300)
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


# Readings that are repeated -----------------------------------------------------------------------


def protected(id_):
    return item(id_, Tags=[{"Key": "keep-running", "Value": "yes"}])


def test_what_a_newer_complete_reading_no_longer_shows_is_left_out(service):
    """It was stopped, protected or untagged between the two."""

    def one_more(there, number, answer):
        if number == 2:  # the end of the first reading, which counts six
            there.ids.remove(fleet(5)[2])
        return answer | {"TotalCount": 6} if number <= 2 else answer

    there = service(fleet(5), one_more)

    assert there.listed() == [id_ for id_ in fleet(5) if id_ != fleet(5)[2]]
    assert not any("InstanceIds" in params for params in there.params())


def hiding(by_id):
    """No reading shows all, the second another one than the first; `by_id` answers looks by ID."""
    hidden = iter([1, 2])

    def turn(there, _, answer):
        params = there.params()[-1]
        if "InstanceIds" in params:
            return answer | by_id
        if params["Offset"] == 0:
            del answer["InstanceSet"][next(hidden, 1)]
        return answer

    return turn


def test_what_only_an_older_reading_shows_is_looked_at_by_id(service):
    there = service(fleet(5), hiding({}))

    assert there.listed() == fleet(5)
    assert there.params()[-1]["InstanceIds"] == [fleet(5)[2]]


def test_what_is_looked_at_by_id_is_listed_as_that_look_shows_it(service):
    there = service(fleet(5), hiding({"InstanceSet": [protected(fleet(5)[2])]}))

    assert "keep-running" in there.search().instances[fleet(5)[2]].tags


def test_what_a_look_by_id_does_not_show_completes_no_reading(service):
    there = service(fleet(5), hiding({"InstanceSet": [], "TotalCount": 0}))

    with pytest.raises(NoAnswer, match="TotalCount is 5, but 5 readings show 5"):
        there.search()


turns = st.lists(
    st.tuples(
        st.sampled_from(["", "hide", "protect", "remove", "count too many"]), st.integers(0, 4)
    ),
    max_size=12,
)


@given(turns)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(300))
def test_a_listing_shows_each_instance_as_the_newest_reading_or_look_does(mocker, turns):
    """Whatever happens between two answers: none is listed as an older reading showed it."""
    mocker.stopall()
    shown, tags, happenings = [], {}, iter(turns)

    def turn(there, _, answer):
        params = there.params()[-1]
        if params.get("Offset") == 0:
            shown.clear()  # another reading begins
        what, number = next(happenings, ("", 0))
        id_ = fleet(5)[number]
        page = [it | {"Tags": tags.get(it["InstanceId"], [])} for it in answer["InstanceSet"]]
        answer = answer | {"InstanceSet": page}
        if what == "hide":
            page[:] = [it for it in page if it["InstanceId"] != id_]
        elif what == "protect":
            tags[id_] = [{"Key": "keep-running", "Value": "yes"}]
        elif what == "remove" and id_ in there.ids:
            there.ids.remove(id_)
        elif what == "count too many":
            answer["TotalCount"] += 1
        shown.extend(page)
        return answer

    there = StubService(mocker, fleet(5), turn)
    try:
        found = there.search().instances
    except NoAnswer:
        return
    newest = {it["InstanceId"]: read_instance(it) for it in shown}
    assert found == newest


def test_one_instance_on_two_pages_and_not_alike_is_read_again(service):
    """Pages are asked for side by side: it is unknown which of the two is newer."""

    def twice(_, number, answer):
        if number == 2:
            answer["InstanceSet"][0] = protected(fleet(1)[0])
        return answer

    there = service(fleet(150), twice)

    assert there.listed() == fleet(150)
    assert len(there.asked) == 4


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
def test_a_time_without_an_offset_is_none(text):
    assert read_instance({"LatestOperationStartedTime": text}).started_at() is None


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


@pytest.mark.parametrize("message", ["See lhins-00000003.", "Something is wrong."])
@pytest.mark.parametrize("code", sorted(MEANINGS.keys() | FAMILIES.keys()))
def test_only_a_code_about_an_instance_id_tells_that_it_is_not_shown(service, code, message):
    there = service(fleet(5), lambda *_: refusal(code, message), seconds=5.0)

    if code in NO_SUCH_INSTANCE:
        assert not there.compute.look(fleet(5)).instances
    else:
        with pytest.raises(CallFailed, match=code):
            there.compute.look(fleet(5))


@pytest.mark.parametrize(
    "code",
    [
        "ResourceNotFound",
        "ResourceNotFound.RoleNotFound",
        "ResourceNotFound.SomethingNew",
        "InvalidInstanceId",
        "InvalidInstanceId.SomethingNew",
        "InvalidParameterValue.Duplicated",
        "InvalidParameterValue.LimitExceeded",
        "InvalidParameterValue.OutOfRange",
    ],
)
def test_a_code_of_the_same_family_is_a_failed_call(service, code):
    there = service(fleet(5), lambda *_: refusal(code))

    with pytest.raises(CallFailed, match=code):
        there.compute.look(fleet(5))
    assert len(there.asked) == 1


def test_a_look_is_as_old_as_its_oldest_answer_and_ends_with_the_newest(service):
    """Half of it is throttled for some seconds after the other half was answered."""
    throttled = []

    def turn(there, number, answer):
        ids = there.params()[-1]["InstanceIds"]
        if len(ids) == 2:
            return refusal("ResourceNotFound.InstanceNotFound")
        if ids == fleet(2)[1:] and len(throttled) < 4:
            throttled.append(number)
            return refusal("RequestLimitExceeded")
        return answer

    there = service(fleet(2), turn)
    look = there.compute.look(fleet(2))

    at = [at for at, *_ in there.scene.at]
    assert sorted(look.instances) == fleet(2)
    assert (look.began, look.ended) == (at[0], at[-1])
    assert at[-1] - at[0] > 3


def test_an_attempt_that_was_throttled_is_no_look(service):
    there = service(
        fleet(2), lambda _, n, answer: refusal("RequestLimitExceeded") if n < 4 else answer
    )

    look = there.compute.look(fleet(2))

    assert look.began == there.scene.at[-1][0] > there.scene.at[0][0]


@pytest.mark.parametrize(
    "lie",
    [
        {"InstanceSet": [item("lhins-0000000a")], "TotalCount": 1},
        {"InstanceSet": [item(fleet(1)[0]), item(fleet(2)[1])], "TotalCount": 2},
    ],
    ids=["another instance", "one more instance"],
)
def test_a_look_that_shows_another_instance_than_it_was_asked_for_is_no_answer(service, lie):
    with pytest.raises(NoAnswer):
        service([], lambda _, __, answer: answer | lie).compute.look(fleet(1))


def test_traffic_that_is_told_twice_and_not_alike_is_no_answer(service):
    def twice(*_):
        packages = [
            {"InstanceId": fleet(1)[0], "TrafficPackageSet": [{"TrafficUsed": n}]} for n in (1, 2)
        ]
        return {"InstanceTrafficPackageSet": packages, "RequestId": "r"}

    with pytest.raises(NoAnswer, match="twice"):
        service(fleet(1), twice).compute.traffic(fleet(1))


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
    there = StubService(mocker, alive, unknown_fails_all(message))

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

    assert there.compute.act(STOP, asking(StopType="HARD")) == ("req-1", "")
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
    scene = StubScene(mocker, {"Response": {"RegionSet": regions, "RequestId": "r"}})

    assert list_regions(scene.cloud, LIGHTHOUSE) == ["ap-beijing", "ap-tokyo"]


@given(st.integers(0, 450))
def test_batches_hold_everybody_once_and_at_most_100(count):
    cut = list(batches(fleet(count)))

    assert [id_ for batch in cut for id_ in batch] == fleet(count)
    assert all(1 <= len(batch) <= 100 for batch in cut)
    assert len(cut) == -(-count // 100)
