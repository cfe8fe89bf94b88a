"""SearchLog: what a query finds, page by page, and where the service says no."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest

from lightsout.simulator import CloudAccount, Function
from lightsout.simulator.functions.scf_lines import FunctionRun, write_run
from lightsout.simulator.logs.logs import TOKENIZER, Index, platform_index

EVERYTHING = {"From": 0, "To": 2_000_000_000_000}
DYNAMIC = {
    "FullText": {"CaseSensitive": False, "Tokenizer": TOKENIZER},
    "DynamicIndex": {"Status": True},
}


@pytest.fixture
def cls(caller):
    return caller(service="cls", timeout=30)


@pytest.fixture
def topic(world):
    logset = world.logs.add_logset(CloudAccount().uin, "ap-guangzhou", "l")
    topic = world.logs.add_topic(logset, "t")
    topic.index = Index(DYNAMIC)
    return topic


@pytest.fixture
def write(world, topic, clock):
    """Lines, each a second after the other."""

    def write(*lines):
        for fields in lines:
            world.logs.write(topic, clock.now(), fields)
            clock.advance(1)

    return write


@pytest.fixture
def search(cls, topic):
    """The results of a query, as the fields of the lines."""

    def search(query="", **params):
        answer = cls(
            "SearchLog", **EVERYTHING | {"TopicId": topic.id, "QueryString": query} | params
        )
        return [json.loads(each["LogJson"]) for each in answer["Results"] or ()]

    return search


def numbers(lines):
    return [int(line["n"]) for line in lines]


def numbered(count):
    return [{"n": str(number)} for number in range(count)]


# Pages


def test_nothing_is_null_and_over(cls, topic):
    answer = cls("SearchLog", TopicId=topic.id, **EVERYTHING)

    assert (answer["Results"], answer["ListOver"], answer["Context"]) == (None, True, "")


def test_the_newest_comes_first_unless_told_otherwise(search, write):
    write(*numbered(3))

    assert numbers(search()) == [2, 1, 0]
    assert numbers(search(Sort="asc")) == [0, 1, 2]


def test_the_range_is_in_milliseconds_and_half_open(search, write, clock):
    begin = int(clock.now().timestamp() * 1000)
    write(*numbered(3))

    assert numbers(search(From=begin, To=begin + 2000)) == [1, 0]
    assert numbers(search(From=begin + 1, To=begin + 2001)) == [2, 1]


def test_a_context_leads_through_everything_once(cls, write, topic):
    write(*numbered(250))
    asked = {"TopicId": topic.id, "Limit": 100, "Sort": "asc", **EVERYTHING}

    answer, found, pages = cls("SearchLog", **asked), [], 1
    while True:
        found += [json.loads(each["LogJson"]) for each in answer["Results"]]
        if answer["ListOver"]:
            break
        answer, pages = cls("SearchLog", **asked, Context=answer["Context"]), pages + 1

    assert numbers(found) == list(range(250))
    assert pages == 3


def test_the_end_may_show_on_an_empty_page_only(cls, write, topic, world):
    world.logs.late_list_over = True
    write(*numbered(2))
    asked = {"TopicId": topic.id, **EVERYTHING}

    first = cls("SearchLog", **asked)
    second = cls("SearchLog", **asked, Context=first["Context"])

    assert (first["ListOver"], len(first["Results"])) == (False, 2)
    assert (second["ListOver"], second["Results"]) == (True, None)


def test_an_offset_leads_there_too(search, write):
    write(*numbered(5))

    assert numbers(search(Offset=2, Limit=2)) == [2, 1]


def test_what_comes_meanwhile_does_not_shift_the_pages_of_a_context(cls, write, topic):
    write(*numbered(4))
    asked = {"TopicId": topic.id, "Limit": 2, **EVERYTHING}
    first = cls("SearchLog", **asked)
    write({"n": "9"})

    second = cls("SearchLog", **asked, Context=first["Context"])

    assert numbers(json.loads(each["LogJson"]) for each in second["Results"]) == [1, 0]


def test_a_context_holds_for_an_hour_and_for_the_same_search(cls, write, topic, clock):
    write(*numbered(4))
    asked = {"TopicId": topic.id, "Limit": 2, **EVERYTHING}
    context = cls("SearchLog", **asked)["Context"]
    invalid = "FailedOperation.InvalidContext"

    assert cls.refused("SearchLog", **asked | {"Sort": "asc"}, Context=context)[0] == invalid
    assert cls.refused("SearchLog", **asked, Context="made-up")[0] == invalid
    clock.advance(3600)
    assert cls.refused("SearchLog", **asked, Context=context)[0] == invalid


def test_a_context_leads_to_ten_thousand_lines_an_offset_further(cls, topic, world, clock):
    for fields in numbered(10_100):
        world.logs.write(topic, clock.now(), fields)
    asked = {"TopicId": topic.id, "Limit": 1000, **EVERYTHING}
    answer = cls("SearchLog", **asked)
    for _ in range(9):
        answer = cls("SearchLog", **asked, Context=answer["Context"])
    assert answer["ListOver"] is False

    refused = cls.refused("SearchLog", **asked, Context=answer["Context"])

    assert refused[0] == "FailedOperation.InvalidContext"
    assert len(cls("SearchLog", **asked, Offset=10_000)["Results"]) == 100


@pytest.mark.parametrize(
    "change",
    [
        {"Limit": 1001},
        {"Limit": 0},
        {"Sort": "up"},
        {"From": 5, "To": 4},
        {"QueryString": "x" * 12_289},
        {"QuerySyntax": 2},
        {"Context": "c", "Offset": 0},
        {"Topics": [{"TopicId": "t"}]},
        {"TopicId": ""},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused(cls, topic, change):
    usual = {"TopicId": topic.id, **EVERYTHING}

    assert cls.refused("SearchLog", **usual | change)[0] == "InvalidParameter"


def test_fifteen_may_search_a_topic_at_once(cls, caller, topic, world):
    inside, go = threading.Semaphore(0), threading.Event()

    def wait():
        inside.release()
        go.wait(20)

    world.logs.while_searching = wait
    asked = {"TopicId": topic.id, **EVERYTHING}
    threads = [
        threading.Thread(
            target=caller(service="cls", timeout=30), args=("SearchLog",), kwargs=asked
        )
        for _ in range(15)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=20)

    refused = cls.refused("SearchLog", **asked)

    go.set()
    for thread in threads:
        thread.join()
    assert refused[0] == "LimitExceeded.LogSearch"
    assert cls("SearchLog", **asked)["ListOver"] is True


# Queries

LINES = [
    {"n": "0", "event": "run.finished", "counts": "stopped 12", "SCF_FunctionName": "lightsout"},
    {"n": "1", "event": "stop.accepted", "SCF_FunctionName": "lightsout-dev"},
    {"n": "2", "event": "warning", "SCF_FunctionName": "other", "SCF_Duration": "6000"},
    {"n": "3", "SCF_Message": "Report RequestId:r Duration:5ms", "SCF_Type": "Platform"},
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2, 3]),
        ("*", [0, 1, 2, 3]),
        ('event:"warning"', [2]),
        ("event:warning", [2]),
        ('event:"WARNING"', [2]),
        ("event:warn", []),
        ("event:warn*", [2]),
        ("event:*", [0, 1, 2]),
        ('SCF_FunctionName:"lightsout"', [0]),
        ('SCF_FunctionName:"lightsout-dev"', [1]),
        ('counts:"stopped 12"', [0]),
        ('counts:"12 stopped"', []),
        ("stopped", [0]),
        ('"Duration 5ms"', [3]),
        ("SCF_Type:Platform AND SCF_Message:Report*", [3]),
        ("event:warning OR SCF_Type:Platform", [2, 3]),
        ("event:* AND NOT event:warning", [0, 1]),
        ("NOT (event:warning OR n:0)", [1, 3]),
        ("event:* AND n:0 OR n:3", [0, 3]),
        ("SCF_Duration:>5000", [2]),
        ("n:>=2 AND n:<3", [2]),
        ('event:"it said \\"no\\""', []),
        ('event:""', []),
        ('event:"."', []),
    ],
)
def test_a_query_finds_the_lines_that_it_describes(search, write, query, found):
    write(*LINES)

    assert numbers(search(query, Sort="asc")) == found


@pytest.mark.parametrize(("separators", "found"), [(TOKENIZER, [0]), (TOKENIZER + "-", [1, 0])])
def test_the_index_decides_where_words_end(topic, write, search, separators, found):
    value = {"Type": "text", "Tokenizer": separators}
    keys = [{"Key": "SCF_FunctionName", "Value": value}]
    topic.index = Index({"KeyValue": {"CaseSensitive": True, "KeyValues": keys}})
    write(*LINES[:2])

    assert numbers(search('SCF_FunctionName:"lightsout"')) == found
    assert search('SCF_FunctionName:"Lightsout"') == []


@pytest.mark.parametrize(
    "query",
    [
        'event:"warning" | select count(*)',
        "event:warning AND",
        "AND event:warning",
        "(event:warning",
        "event:warning)",
        "event:warning n:2",
        'event:"open',
        "event:w*g",
        "event:w?rning",
        ":x",
        ">5",
    ],
)
def test_what_is_not_understood_is_a_syntax_error(cls, topic, query):
    refused = cls.refused("SearchLog", TopicId=topic.id, QueryString=query, **EVERYTHING)

    assert refused[0] == "FailedOperation.SyntaxError"


def test_a_bar_inside_of_a_phrase_is_no_sql(search, write):
    write({"n": "0", "event": "a|b"})

    assert numbers(search('event:"a|b"')) == [0]


def test_the_deprecated_names_still_work(cls, topic, write):
    write(*LINES)
    asked = {"TopicId": topic.id, "Query": "event:warning", "SyntaxRule": 1, **EVERYTHING}

    assert len(cls("SearchLog", **asked)["Results"]) == 1


# Indexes, periods, delays


def test_a_field_that_is_not_indexed_cannot_be_asked_for(cls, topic, write, search):
    topic.index = platform_index("2026-11-23 20:00:00")
    write({"n": "0", "event": "warning", "SCF_RequestId": "r"})

    refused = cls.refused("SearchLog", TopicId=topic.id, QueryString="event:warning", **EVERYTHING)

    assert refused[0] == "FailedOperation.QueryError"
    assert "not indexed" in refused[1]
    assert numbers(search('"warning"')) == [0]
    assert numbers(search('SCF_RequestId:"r"')) == [0]


def test_an_index_counts_for_later_lines_only(topic, write, search):
    topic.index = None
    write({"n": "0"})
    topic.index = platform_index("")
    write({"n": "1"})
    topic.index = Index(DYNAMIC)
    write({"n": "2"})

    assert numbers(search()) == [2, 1]
    assert numbers(search("n:*")) == [2]


def test_a_line_is_gone_after_the_period(topic, write, search, clock):
    write({"n": "0"})
    clock.advance(29 * 86_400)
    write({"n": "1"})
    assert numbers(search()) == [1, 0]

    clock.advance(86_400)

    assert numbers(search()) == [1]
    topic.period = 3640
    assert numbers(search()) == [1, 0]


def test_a_line_may_show_only_later(world, write, search, clock):
    world.logs.visible_after = 10
    write({"n": "0"})
    assert search() == []

    clock.advance(10)

    assert numbers(search()) == [0]


def test_the_ids_of_a_line_tell_repeats_apart_unless_they_are_empty(cls, topic, write, world):
    write(*numbered(2))
    topic.lines.append(topic.lines[0])  # delivered twice
    asked = {"TopicId": topic.id, **EVERYTHING}

    told = cls("SearchLog", **asked)["Results"]
    assert len({(each["PkgId"], each["PkgLogId"]) for each in told}) == 2
    assert len(told) == 3

    world.logs.blank_packages = True
    told = cls("SearchLog", **asked)["Results"]
    assert {(each["PkgId"], each["PkgLogId"]) for each in told} == {("", "")}


def test_lines_of_a_run_elsewhere_can_be_written_as_scf_does(cls, world, clock):
    """For tests that run the function in their own process."""
    function = Function()
    world.functions.append(function)
    now = clock.now()
    lines = [(now + timedelta(seconds=1), '{"event": "run.finished", "run_id": "r-1"}')]
    write_run(world.logs, function, FunctionRun("r-1", now, 2.0, lines, returned="{}"))
    clock.advance(5)

    asked = {"TopicId": "topic-1", "QueryString": 'event:"run.finished"', **EVERYTHING}
    (found,) = cls("SearchLog", **asked)["Results"]

    assert found["Time"] == int(now.timestamp() + 1) * 1000
    assert json.loads(found["LogJson"])["SCF_RequestId"] == "r-1"
