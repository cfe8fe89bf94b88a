"""`--from-cls`: the function's log as the log service tells it, in any form and trouble."""

from __future__ import annotations

import json

import pytest

from lightsout.cli.logs import from_cls, search
from lightsout.simulator import Fault
from tests.support.function_log import deploy, write_log
from tests.support.official_codes import is_official

CALL = {"service": "cls", "action": "SearchLog"}


@pytest.fixture
def function(stage):
    return deploy(stage)


@pytest.fixture
def stopped(stage):
    """IDs of machines that a run of the function stopped."""
    ids = stage.fleet(3)
    stage.run()
    stage.clock.advance(60)
    return ids


def became(said):
    return [
        {id_: it["became"] for id_, it in answer["instances"].items()} for answer in said.json()
    ]


def searches(stage):
    return [call.params for call in stage.calls("SearchLog")]


@pytest.mark.parametrize("form", ["fields", "message", "both"])
def test_verify_reads_both_forms_of_a_line(stage, type_in, function, stopped, form):
    write_log(stage, function, form)

    said = type_in("verify", "--from-cls", "--json")

    assert said.status == 0
    assert became(said) == [dict.fromkeys(stopped, "confirmed")]


def test_the_lists_that_a_topic_drops_are_read_from_the_texts_beside_them(
    stage, type_in, function, stopped
):
    topic = write_log(stage, function)
    for line in topic.lines:
        line.fields = {k: v for k, v in line.fields.items() if not v.startswith(("[", "{"))}

    assert became(type_in("verify", "--from-cls", "--json")) == [
        dict.fromkeys(stopped, "confirmed")
    ]


def test_what_was_read_is_said_and_since_when(stage, type_in, function, stopped):
    write_log(stage, function)

    said = type_in("verify", "--from-cls", "--days", "1")

    assert (
        f"lightsout: {len(stage.lines)} lines of lightsout (default) since 2026-11-22" in said.err
    )
    assert "the oldest of 2026-11-23 20:00 Asia/Shanghai" in said.err
    assert "may keep no more" not in said.err
    assert "may keep no more" in type_in("verify", "--from-cls").err


def test_the_topic_is_the_one_of_the_function_or_the_one_that_is_named(
    stage, type_in, function, stopped
):
    function.topic = "topic-7"
    write_log(stage, function)

    assert type_in("verify", "--from-cls").status == 0
    function.topic = "another"
    assert type_in("verify", "--from-cls", "--topic", "topic-7").status == 0
    assert {params["TopicId"] for params in searches(stage)} == {"topic-7"}
    assert len(stage.calls("GetFunction")) == 1


def test_the_default_topic_is_shared_and_keeps_seven_days(stage, type_in, stopped):
    account = stage.sim.credentials[0].uin
    topic = stage.world.logs.default_topic(account, "ap-guangzhou")
    ours = deploy(stage, topic=topic.id, logset=topic.logset.id)
    other = deploy(stage, name="lightsout-dev", topic=topic.id, logset=topic.logset.id)
    foreign = deploy(stage, namespace="test", topic=topic.id, logset=topic.logset.id)
    write_log(stage, ours)
    for function in (other, foreign):
        lines = [line | {"run_id": "theirs", "request_id": "theirs"} for line in stage.lines]
        write_log(stage, function, lines=lines)

    (answer,) = type_in("verify", "--from-cls", "--json").json()
    assert answer["request_id"] != "theirs"

    stage.clock.advance(7 * 86_400)
    said = type_in("verify", "--from-cls")
    assert said.status == 1
    assert "no line of lightsout (default) since 2026-10-31" in said.err


def test_a_topic_without_an_index_of_the_names_is_searched_whole(stage, type_in, function, stopped):
    topic = write_log(stage, function)
    keys = topic.index.rule["KeyValue"]["KeyValues"]
    topic.index.rule["DynamicIndex"] = {"Status": False}
    keys[:] = [key for key in keys if key["Key"] != "SCF_Namespace"]
    theirs = [line | {"run_id": "theirs", "request_id": "theirs"} for line in stage.lines]
    write_log(stage, deploy(stage, name="other"), lines=theirs)

    said = type_in("verify", "--from-cls", "--json")

    assert became(said) == [dict.fromkeys(stopped, "confirmed")]
    assert searches(stage)[-1]["QueryString"] == ""


def test_where_there_is_only_the_old_syntax_it_asks_in_that(stage, type_in, function, stopped):
    write_log(stage, function)
    code = search.OLD_SYNTAX
    stage.sim.faults.add(Fault("error", **CALL, code=code))

    assert type_in("verify", "--from-cls").status == 0
    assert searches(stage)[-1]["QuerySyntax"] == 0


# Many lines


@pytest.fixture
def read(stage, function):
    """The lines of the log, as they are read; and how many pages were asked for."""

    def read(limit=7, days=2):
        log = from_cls.FunctionLog(asked := searcher(stage, function), function, now(stage), days)
        asked._limit = limit
        return list(log), log

    return read


def now(stage):
    return stage.clock.now()


def searcher(stage, function):
    settings = from_cls.read_settings(stage.environ, stage.folder)
    cloud = from_cls.open_clouds(settings, stage.surroundings(), lambda _line: None)["own"]
    return search.Search(cloud, function.topic, function)


def numbered(count, **facts):
    """Lines of a run, several of them in a millisecond."""
    facts = {"time": "2026-11-23T11:00:00.000Z", "event": "warning", "run_id": "r"} | facts
    return [facts | {"message": str(number)} for number in range(count)]


@pytest.mark.parametrize("count", [1, 6, 7, 8, 14, 50])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("blank", [True, False])
def test_every_line_comes_once_however_many_stand_in_one_moment(
    stage, function, read, count, late, blank
):
    stage.world.logs.late_list_over, stage.world.logs.blank_packages = late, blank
    write_log(stage, function, lines=numbered(count))
    later = numbered(9, time="2026-11-23T11:00:00.001Z", run_id="s")
    write_log(stage, function, lines=later)
    stage.clock.advance(60)

    lines, log = read()

    assert [line["message"] for line in lines if line["run_id"] == "r"] == [
        str(number) for number in range(count)
    ]
    assert len([line for line in lines if line["run_id"] == "s"]) == 9
    assert log.ours == count + 9


def test_more_than_ten_thousand_lines_are_no_limit(stage, function, read):
    lines = numbered(10_050)
    for at in range(0, len(lines), 100):  # SCF takes 1 MB of a run
        second = f"2026-11-23T11:{at // 6000:02}:{at // 100 % 60:02}.000Z"
        some = [line | {"time": second, "run_id": f"r-{at}"} for line in lines[at : at + 100]]
        write_log(stage, function, lines=some)
    stage.clock.advance(60)

    found, _ = read(limit=1000)

    assert [line["message"] for line in found] == [line["message"] for line in lines]


def test_a_line_that_was_delivered_twice_counts_once(stage, function, read):
    topic = write_log(stage, function, lines=numbered(3))
    topic.lines.append(topic.lines[2])
    stage.clock.advance(60)

    lines, log = read()

    assert [line["message"] for line in lines] == ["0", "1", "2"]
    assert log.ours == 3


def test_a_line_that_the_platform_cut_is_told_and_not_guessed_at(stage, type_in, function, stopped):
    topic = write_log(stage, function, "message")
    for line in topic.lines:
        if '"stop.accepted"' in line.fields["SCF_Message"]:
            line.fields["SCF_Message"] = line.fields["SCF_Message"][:200]

    said = type_in("verify", "--from-cls")

    assert said.status == 1
    assert "nothing to verify" in said.out
    assert "1 line that the platform cut at 8 KB, not read" in said.err


def test_a_log_that_could_not_be_indexed_is_read_from_its_raw_text(
    stage, function, read, monkeypatch
):
    write_log(stage, function, lines=numbered(3))
    stage.clock.advance(60)
    from lightsout.simulator.logs import cls_search

    def raw(*args, told=cls_search._result):
        result = told(*args)
        return result | {"RawLog": result["LogJson"], "LogJson": "", "IndexStatus": "too long"}

    monkeypatch.setattr(cls_search, "_result", raw)

    lines, _ = read()

    assert len(lines) == 3


# Troubles


@pytest.mark.parametrize("code", sorted({*search.TOO_SLOW, "LimitExceeded.LogSearch"}))
def test_a_search_that_fails_in_passing_is_made_again(stage, type_in, function, stopped, code):
    write_log(stage, function)
    stage.sim.faults.add(Fault("error", **CALL, code=code, times=2))

    said = type_in("verify", "--from-cls")

    assert said.status == 0
    assert f"SearchLog: {code}, again in" in said.err


@pytest.mark.parametrize("code", sorted(search.TOO_LARGE))
def test_an_answer_that_is_too_large_is_asked_for_in_smaller_parts(
    stage, type_in, function, stopped, code
):
    write_log(stage, function)
    stage.sim.faults.add(Fault("error", **CALL, code=code, times=3))

    said = type_in("verify", "--from-cls", "--json")

    assert became(said) == [dict.fromkeys(stopped, "confirmed")]
    assert [params["Limit"] for params in searches(stage)][:4] == [1000, 250, 62, 15]
    assert "again in" not in said.err


def test_a_range_that_takes_too_long_is_cut(stage, type_in, function, stopped, monkeypatch):
    write_log(stage, function)
    spans = []

    def slow(asked, topic):
        spans.append(asked.params["To"] - asked.params["From"])
        if spans[-1] > 3_600_000:
            raise ApiError("FailedOperation.SearchTimeout", "The search took too long.")
        return page(asked, topic)

    from lightsout.simulator.base.errors import ApiError
    from lightsout.simulator.logs import cls_search

    page = cls_search._page
    monkeypatch.setattr(cls_search, "_page", slow)

    said = type_in("verify", "--from-cls", "--days", "1", "--json")

    assert became(said) == [dict.fromkeys(stopped, "confirmed")]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("FailedOperation.SyntaxError", "SyntaxError"),
        ("FailedOperation.TopicIsolated", "arrears"),
        ("OperationDenied.AccountIsolate", "arrears"),
        ("OperationDenied.OperationNotSupportInSearchLow", "export the log"),
        ("ResourceNotFound.TopicNotExist", "TENCENTCLOUD_REGION"),
        ("UnauthorizedOperation", "cls:SearchLog"),
    ],
)
def test_a_search_that_cannot_succeed_is_told_with_what_to_do(
    stage, type_in, function, stopped, code, hint
):
    write_log(stage, function)
    stage.sim.faults.add(Fault("error", **CALL, code=code, times=None))

    said = type_in("verify", "--from-cls")

    assert said.status == 2
    assert "--from-cls: topic topic-1 in ap-guangzhou: SearchLog: " + code in said.err
    assert hint in said.err
    assert len(searches(stage)) == 1


@pytest.mark.parametrize("answer", [{}, {"Results": {}}, {"Results": [{"LogJson": "{}"}]}], ids=str)
def test_what_is_no_answer_is_no_empty_log(stage, function, read, monkeypatch, answer):
    from lightsout.simulator.logs import cls_search

    write_log(stage, function, lines=numbered(1))
    monkeypatch.setattr(cls_search, "_page", lambda *_: answer)

    with pytest.raises(from_cls.WrongUse, match="UnreadableAnswer"):
        read()


def test_every_code_that_it_knows_is_one_of_the_service():
    known = {*search.TOO_LARGE, *search.TOO_SLOW, *from_cls.ADVICE}
    known |= {search.NOT_INDEXED, search.OLD_SYNTAX}

    assert all(is_official("cls", "SearchLog", code) for code in known)


def test_a_function_that_is_not_there_is_told(stage, type_in):
    said = type_in("verify", "--from-cls")

    assert said.status == 2
    assert "--from-cls: there is no function lightsout in ap-guangzhou; its name" in said.err


def test_a_function_without_a_topic_is_told(stage, type_in, function):
    function.topic = ""

    said = type_in("verify", "--from-cls")

    assert said.status == 2
    assert "lightsout in ap-guangzhou has no log topic" in said.err


def test_without_serverless_yml_the_region_is_that_of_the_environment(stage, tmp_path):
    outside = stage.surroundings()._replace(beside=tmp_path)

    with pytest.raises(from_cls.WrongUse, match="set TENCENTCLOUD_REGION"):
        from_cls._function(outside)
    environ = stage.environ | {"TENCENTCLOUD_REGION": "ap-shanghai"}
    named = from_cls._function(outside._replace(environ=environ))
    assert named == ("lightsout", "default", "ap-shanghai", None, None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give the files of a log, or --from-cls"),
        (("--from-cls", "x.jsonl"), "give the files of a log, or --from-cls"),
        (("x.jsonl", "--days", "3"), "--days and --topic belong to --from-cls"),
        (("x.jsonl", "--topic", "t"), "--days and --topic belong to --from-cls"),
        (("--from-cls", "--days", "0"), "--days wants a number from 1 to 3600"),
        (("--from-cls", "--days", "a"), "--days wants a number from 1 to 3600"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "savings"])
def test_a_command_line_that_contradicts_itself_is_wrong_use(type_in, command, words, told):
    said = type_in(command, *words)

    assert said.status == 2
    assert told in said.err


def test_progress_shows_on_a_terminal(stage, type_in, function, stopped, monkeypatch):
    write_log(stage, function)
    monkeypatch.setattr("lightsout.cli.output.streams.PrintableStderr.isatty", lambda _: True)
    monkeypatch.setenv("FORCE_COLOR", "1")

    said = type_in("verify", "--from-cls", "--json")

    assert "lines read from topic topic-1 in ap-guangzhou, to 2026-11-23T12:00:0" in said.err
    assert json.loads(said.out)
