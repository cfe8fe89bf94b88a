"""`report`: the page of a log, with and without credentials, in good times and in bad ones."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from tests.support.function_log import deploy, write_log
from tests.support.page_reader import machine_rows, read_page

NIGHTS = """
    version: 1
    policies:
      - name: dev-nights
        description: Development machines go off.
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {days: workdays, between: ["20:00", "23:00"]}
"""
NOT_A_WORD = re.compile(r"\s+")


@pytest.fixture
def page(type_in, tmp_path, stage):
    """Makes the page of the stage's log so far; what it shows, and what the command said."""

    def page(*words, log=True):
        file = tmp_path / "run.jsonl"
        file.write_text("\n".join(map(json.dumps, stage.lines)) + "\n", encoding="utf-8")
        words = [*words, file] if log else words
        said = type_in("report", *words, "-o", tmp_path / "page.html")
        page.said = said
        page.html = (tmp_path / "page.html").read_text("utf-8") if said.status != 2 else ""
        return read_page(page.html)

    return page


def words_of(page, section):
    return NOT_A_WORD.sub(" ", page.by_id(section).text)


def problems(page):
    (found,) = page.by_id("status").all("ul") or [None]
    return [NOT_A_WORD.sub(" ", it.text) for it in found.all("li")] if found else []


def without_keys(stage):
    for name in [name for name in stage.environ if "SECRET" in name or "TOKEN" in name]:
        del stage.environ[name]


def test_a_good_run_is_told_at_the_top_and_every_machine_below(stage, page):
    stage.policies(NIGHTS)
    off, kept = stage.fleet(1), stage.fleet(1, first=7, tags={"env": "dev", "keep-running": "yes"})
    stage.run()
    (call,) = stage.calls("StopInstances")

    shown = page()

    assert page.said.status == 0
    assert page.said.out.startswith("written: ")
    header = NOT_A_WORD.sub(" ", shown.all("header")[0].text)
    assert "lightsout report Armed" in header
    assert "The last run, 2026-11-23 20:00, was good: 1 stopped, 0 started, 0 failed." in header
    rows = machine_rows(shown)
    machine, state, tags, policy, last, why, following = rows[off[0]]
    assert f"{off[0]} lighthouse · ap-guangzhou" in machine
    assert (state, tags, policy, why) == ("STOPPED", "env=dev", "dev-nights", "")
    assert last == f"stop 2026-11-23 20:00: confirmed {call.request_id}"
    assert following == "none: no policy acts on it in this state"
    assert rows[kept[0]][1] == "RUNNING"
    assert rows[kept[0]][5:] == ["keep-running yes", "none while it is kept"]
    assert words_of(shown, "failures").endswith("✓ No failure is in the log. ")


def test_a_machine_that_nothing_keeps_says_when_it_goes_off(stage, page):
    stage.policies(NIGHTS)
    (machine,) = stage.fleet(1)
    stage.clock.advance(23 * 3600)
    stage.run({})

    assert machine_rows(page())[machine][6] == "stop 2026-11-24 20:00"


def test_without_credentials_it_is_made_of_the_log_and_says_what_is_missing(stage, page):
    stage.policies(NIGHTS)
    off, kept = stage.fleet(1), stage.fleet(1, first=7, tags={"env": "dev", "keep-running": "yes"})
    stage.run()
    without_keys(stage)
    stage.clock.advance(86_400)
    calls = len(stage.sim.journal)

    shown = page()

    assert len(stage.sim.journal) == calls
    assert page.said.status == 0
    rows = machine_rows(shown)
    assert rows[off[0]][1] == "STOPPED as of 2026-11-23 20:00"
    assert rows[kept[0]][1] == "RUNNING as of 2026-11-23 20:00"
    assert rows[kept[0]][2] == ""
    assert rows[kept[0]][5] == "keep-running yes (2026-11-23 20:00)"
    assert rows[kept[0]][6] == "stop at the next run, if nothing keeps it"
    footer = shown.all("footer")[0].text
    assert "Without credentials no machine was looked at: names and tags are unknown" in footer
    assert "money is unknown" in footer


def test_a_failed_run_is_the_first_problem_with_what_to_do(stage, page):
    (machine,) = stage.fleet(1, endings=["failed"])
    stage.failing_run()

    shown = page()

    first, second = problems(shown)
    assert first.startswith("✗ The run of 2026-11-23 20:00 failed: ")
    assert "What to do:" in first
    assert second.startswith("✗ Machines in trouble: 1")
    assert machine in words_of(shown, "failures")
    assert "2026-11-23 20:00 · failed · timer" in words_of(shown, "status")
    (row,) = machine_rows(shown).values()
    assert "ended FAILED" in row[4]


def test_a_failure_tells_when_its_machine_was_confirmed_since(stage, page):
    stage.fleet(1, endings=["failed"])
    stage.failing_run()
    assert "Since then" not in words_of(page(), "failures")
    stage.clock.advance(600)
    stage.run()

    assert "Since then, stop confirmed 2026-11-23 20:" in words_of(page(), "failures")


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("UnauthorizedOperation.NoPermission", "permissions role"),
        ("OperationDenied.InstanceCreating", "docs/operate.md"),
    ],
)
def test_a_refusal_is_told_with_the_fix_of_its_code(stage, page, code, fix):
    from lightsout.simulator import Fault

    stage.fleet(1)
    stage.sim.faults.add(Fault("error", "StopInstances", code=code, times=None))
    stage.failing_run()

    first = problems(page())[0]

    assert code in first
    assert fix in first


def test_a_dry_run_is_no_armed_one(stage, page):
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"
    stage.fleet(2)
    stage.run()

    shown = page()

    assert "Dry run" in shown.all("h1")[0].text
    assert "it would have stopped 2 and started 0" in shown.all("header")[0].text
    (dry,) = problems(shown)
    assert "It is a dry run: no machine is stopped or started." in dry
    assert "lightsout deploy --arm" in dry
    assert "LIGHTSOUT_DRY_RUN=0" in dry


@pytest.mark.parametrize(("language", "told"), [("en", "It is a dry run"), ("zh", "当前为试运行")])
def test_the_dry_run_of_a_deployed_function_is_told_once_with_its_fix(stage, page, language, told):
    function = deploy(stage, environment={"LIGHTSOUT_DRY_RUN": "1"})
    stage.environ["LIGHTSOUT_DRY_RUN"] = "1"
    stage.run()
    stage.clock.advance(60)
    write_log(stage, function)

    found = problems(page("--from-cls", "--lang", language, log=False))

    (dry,) = [it for it in found if "LIGHTSOUT_DRY_RUN" in it]
    assert told in dry
    assert "lightsout deploy --arm" in dry


def test_a_function_that_was_armed_at_its_last_run_and_is_dry_now_is_told(stage, page):
    function = deploy(stage, environment={"LIGHTSOUT_DRY_RUN": "1"})
    stage.run()
    stage.clock.advance(60)
    write_log(stage, function)

    found = problems(page("--from-cls", log=False))

    (dry,) = [it for it in found if "LIGHTSOUT_DRY_RUN is 1" in it]
    assert "lightsout deploy --arm" in dry


def test_a_run_without_an_end_was_killed(stage, page):
    stage.run(request_id="killed")
    stage.lines.pop()
    stage.clock.advance(3600)
    stage.run(request_id="other")
    stage.lines[:] = [stage.lines[-2], *stage.lines[:-2]]  # of the other one no end either
    stage.lines[0]["time"] = "2026-11-23T14:00:00.000Z"
    stage.lines.append(stage.lines[0] | {"event": "warning", "time": "2026-11-23T15:00:00.000Z"})

    assert "has no end: it was killed, or ran out of its time limit." in problems(page())[0]


def test_silence_is_a_problem_of_a_log_that_goes_up_to_now(stage, page):
    deploy(stage, environment={"LIGHTSOUT_DRY_RUN": "0"})
    for number in range(4):
        stage.run(request_id=f"run-{number}")
        stage.clock.advance(900)
    topic = write_log(stage, stage.world.functions[0])
    topic.period = 60
    stage.clock.advance(6 * 3600)

    assert any(
        "No run since 2026-11-23 20:45" in it for it in problems(page("--from-cls", log=False))
    )
    assert problems(page()) == []


def test_from_cls_it_says_what_is_wrong_with_the_function(stage, page):
    function = deploy(stage, status="CreateFailed")
    stage.fleet(1)
    stage.run()
    stage.clock.advance(60)
    write_log(stage, function)

    found = problems(page("--from-cls", log=False))

    assert any("function: lightsout in ap-guangzhou is CreateFailed" in it for it in found)


def test_other_policies_than_the_deployed_ones_are_told(stage, page):
    stage.run()
    stage.policies(NIGHTS)

    assert any("are not those of the last run" in it for it in problems(page()))


def test_policies_with_mistakes_leave_the_log_to_be_shown(stage, page):
    (machine,) = stage.fleet(1)
    stage.run()
    stage.policies("version: 1\npolicies: []\n")

    shown = page()

    assert page.said.status == 0
    assert "policy.yml:2:11" in problems(shown)[0]
    assert machine in machine_rows(shown)
    assert "no next action" in shown.all("footer")[0].text


def test_where_a_machine_has_several_policies_each_text_names_its_policy(stage, page):
    second = NIGHTS.replace("dev-nights", "late").replace("20:00", "22:00")
    stage.policies(NIGHTS)
    stage.policies(second, "late.yml")
    (machine,) = stage.fleet(1)
    stage.clock.advance(23 * 3600)
    stage.run({})

    assert machine_rows(page())[machine][6] == (
        "dev-nights: stop 2026-11-24 20:00 late: stop 2026-11-24 22:00"
    )


def test_an_evening_without_a_run_is_marked_in_the_calendar(stage, page):
    stage.policies(NIGHTS)
    stage.fleet(1)
    stage.run(request_id="monday")
    stage.clock.advance(2 * 86_400)
    stage.run(request_id="wednesday")

    shown = page()

    assert "dev-nights: no run in its window on 11-24." in " ".join(problems(shown))
    (calendar,) = [it for it in shown.by_id("fortnight").all("svg") if it.all("desc")]
    assert calendar.all("title")[0].text == "Two weeks: dev-nights"
    days = calendar.all("desc")[0].text
    assert "2026-11-23 20:00–23:00 (20:00 1 stopped)" in days
    assert "2026-11-28 – " in days
    assert any(it.text == "no run" for it in calendar.all("text"))


OFFICE_HOURS = """
    version: 1
    policies:
      - name: office-hours
        resource: [lighthouse]
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        uptime: {days: workdays, between: ["08:30", "20:00"]}
"""


def test_both_ends_of_a_day_stand_in_one_calendar(stage, page):
    stage.policies(OFFICE_HOURS)
    (machine,) = stage.fleet(1)
    stage.run(request_id="evening")
    stage.clock.advance(13 * 3600)
    stage.run({}, request_id="morning")

    shown = page()

    (calendar,) = [it for it in shown.by_id("fortnight").all("svg") if it.all("desc")]
    days = calendar.all("desc")[0].text
    assert "2026-11-23 08:30–20:00 (20:00 1 stopped)" in days
    assert "2026-11-24 08:30–20:00 (09:00 1 started)" in days
    assert shown.by_id("fortnight").all("h3")[0].text == "ONoffice-hours"
    row = machine_rows(shown)[machine]
    assert row[1] == "RUNNING"
    assert row[4].startswith("start 2026-11-24 09:00: confirmed")
    assert row[6] == "stop 2026-11-24 20:00"
    assert not any(it.startswith("✗") for it in problems(shown))
    assert "office-hours (stop) next window opens 2026-11-24 20:00" in words_of(shown, "status")


@pytest.mark.parametrize(
    ("enforce", "missed"),
    [
        ("false", "11-24, 11-25"),  # in the two hours after each edge
        ("true", "11-25"),  # at any time until the next edge
    ],
)
def test_an_edge_after_which_no_run_came_in_time_is_marked(stage, page, enforce, missed):
    stage.policies(OFFICE_HOURS.replace('"20:00"]}', f'"20:00"], enforce: {enforce}}}'))
    stage.fleet(1)
    stage.run(request_id="monday evening")
    stage.clock.advance(16 * 3600)
    stage.run(request_id="tuesday noon")
    stage.clock.advance(9 * 3600)
    stage.run(request_id="tuesday evening")
    stage.clock.advance(36 * 3600)
    stage.run(request_id="thursday morning")

    shown = page()

    assert f"office-hours: no run in its window on {missed}." in " ".join(problems(shown))
    (calendar,) = [it for it in shown.by_id("fortnight").all("svg") if it.all("desc")]
    marked = [it for it in calendar.all("text") if it.text == "no run"]
    assert len(marked) == len(missed.split(", "))


def test_hours_that_each_machine_has_of_its_own_are_no_missed_window(stage, page):
    stage.policies(
        OFFICE_HOURS.replace('days: workdays, between: ["08:30", "20:00"]', "from_tag: hours")
    )
    stage.run(request_id="monday")
    stage.clock.advance(2 * 86_400)
    stage.run(request_id="wednesday")

    assert [it for it in problems(page()) if "no run in its window" in it] == []


ENGLISH = re.compile(r"[A-Za-z]{2,}")
# What is never translated: names, codes and states as the service has them.
AS_IT_IS = re.compile(
    r"lightsout|RequestId|STOP_CHARGING|ID|CPU|CVM|GB|Asia/Shanghai|Europe/Berlin|serverless\.yml|plan"
)


def test_in_chinese_no_heading_label_or_sentence_of_ours_is_left_in_english(stage, page):
    stage.policies(
        """
        version: 1
        holidays: {2026-11-24: off}
        policies:
          - name: alles
            resource: [lighthouse, cvm, hai]
            regions: all
            match: {names: ["*"]}
            when: {days: holidays}
            timezone: Europe/Berlin
          - name: wann
            resource: notebook
            regions: [ap-guangzhou]
            match: {names: ["*"]}
            when: {days: [mon, sat], between: ["20:00", "23:00"]}
        """
    )
    stage.fleet(2)
    stage.run()

    shown = page("--lang", "zh")

    told = [it for name in ("title", "h1", "h2", "h3", "a", "th", "dt", "label", "button", "text")
            for it in shown.all(name)]  # fmt: skip
    told += shown.all("dd") + [
        it for it in shown.all("p") if "faint" in it.attributes.get("class", "")
    ]
    names = re.compile(r"alles|wann|ap-guangzhou|Notebook|\b[0-9a-f]{12}\b")
    left = {it.text for it in told if ENGLISH.search(names.sub("", AS_IT_IS.sub("", it.text)))}
    assert left == set()


def test_a_limit_that_refused_is_told_with_what_to_do(stage, page):
    stage.policies(NIGHTS.rstrip() + "\n        limits: {max_instances: 1}\n")
    stage.fleet(3)
    stage.failing_run()

    assert "read plan before you raise them" in " ".join(problems(page()))


def test_a_file_without_a_line_of_ours_makes_a_page_that_says_so(stage, page):
    shown = page()

    assert page.said.status == 1
    assert "No run is in the log." in shown.all("header")[0].text
    assert "Unknown" in shown.all("h1")[0].text


def test_a_page_that_cannot_be_written_is_wrong_use(stage, type_in, tmp_path):
    stage.run()
    (tmp_path / "log").write_text(json.dumps(stage.lines[0]) + "\n")

    said = type_in("report", tmp_path / "log", "-o", tmp_path / "none" / "page.html")

    assert said.status == 2
    assert "No such file or directory" in said.err


@pytest.mark.parametrize(
    ("variables", "words", "tag"),
    [
        ({}, (), "en"),
        ({"LANG": "zh_CN.UTF-8"}, (), "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, (), "en"),
        ({"LANG": "zh_CN.UTF-8"}, ("--lang", "en"), "en"),
        ({}, ("--lang", "zh"), "zh-CN"),
    ],
)
def test_the_language_is_the_one_that_is_asked_for_or_that_of_the_locale(
    stage, page, variables, words, tag
):
    stage.environ |= variables
    stage.run()

    assert page(*words).all("html")[0].attributes["lang"] == tag


def test_nothing_is_loaded_and_only_its_own_script_and_style_may_act(stage, page):
    stage.fleet(2)
    stage.run()

    shown = page()

    assert not re.search(
        r"(src|href|action|data)=[\"']?(?!#)[^#\"' >]", page.html.partition("<body>")[2]
    )
    assert "url(" not in page.html
    assert "@import" not in page.html
    (script,), (style,) = shown.all("script"), shown.all("style")
    policy = next(
        it.attributes["content"]
        for it in shown.all("meta")
        if it.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    for element, kind in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert not any(
        name.startswith("on") or name == "style"
        for element in _everything(shown)
        for name in element.attributes
    )


def _everything(element):
    yield element
    for inner in element.inside:
        yield from _everything(inner)


HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- ",
    "]]>",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;b&gt; &amp;",
    "\u202emoc.elpmaxe\u2066x\u2069",
    "a\x00b\x1b[31m",
    "`code` $&",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_text_of_the_cloud_is_data_and_never_markup(stage, page, name):
    machine = stage.world.add("lhins-0000000b")
    shapes = []
    for text in ("plain", name):
        machine.name, machine.tags = text, {"env": "dev", "keep-until": text}
        stage.lines.clear()
        stage.run(request_id="r")
        failure = {"event": "instance.failed", "reason": text, "policies": [text]}
        stage.lines.append(stage.lines[0] | failure)
        shown = page()
        shapes.append(shown.shape())

    assert shapes[0] == shapes[1]
    said, _, tags, *_ = machine_rows(shown)["lhins-0000000b"]
    visible = "".join(it if it.isprintable() else "�" for it in name)
    assert " ".join(visible.split()) in said
    assert " ".join(f"keep-until={visible}".split()) in tags
    assert "\u202e" not in page.html
    assert "\x00" not in page.html
