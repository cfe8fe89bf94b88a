"""`check` warns of right policies that may not do what was meant."""

from __future__ import annotations

import textwrap
import time
from datetime import datetime, timezone

import pytest

from lightsout.cli.deployment.advice import advice
from lightsout.policies.load import load
from tests.support.paths import ROOT
from tests.support.serverless_yml import TEXT

POLICY = """
version: 1
policies:
  - name: it
    resource: {resource}
    regions: [ap-guangzhou]
    action: {action}
    match: {{tags: {{env: dev}}}}
"""
WINDOW = "    when: {between: [20:00, 23:30]}\n"
QUARTER_HOURLY, HOURLY, DAILY = "0 7/15 * * * * *", "0 7 * * * * *", "0 7 20 * * * *"


def serverless(cron):
    assert QUARTER_HOURLY in TEXT
    return TEXT.replace(QUARTER_HOURLY, cron, 1).replace("dev-nights", "it")


@pytest.fixture
def warned(stage, type_in):
    """The warnings about a policy with these lines more, whose timers fire so."""

    def warned(rest="", cron=QUARTER_HOURLY, resource="lighthouse", action="stop"):
        text = POLICY.format(resource=resource, action=action)
        stage.policies(text + textwrap.indent(textwrap.dedent(rest), "    "))
        if cron:
            (stage.folder.parent / "serverless.yml").write_text(serverless(cron))
        said = type_in("check")
        assert said.status == 0, said.out
        *warnings, last = said.out.splitlines()
        assert ("warning" in last) == bool(warnings)
        mark = f"{stage.folder / 'policy.yml'}:4:5: warning: it: "
        assert all(line.startswith(mark) for line in warnings), warnings
        return [line.removeprefix(mark) for line in warnings]

    return warned


@pytest.mark.parametrize(
    "rest",
    [
        "when: {between: [20:00, 23:30]}",
        "when: {between: [22:00, 06:00], days: [fri]}",
        "when: {days: [sat, sun]}",
        "only_if: {traffic_used_at_least: 95%}",
        "only_if: {traffic_left_below: 60GB}",
        "only_if: {running_at_least: 8h}",
    ],
)
def test_an_ordinary_policy_is_not_warned_of(warned, rest):
    assert warned(rest) == []


def test_a_window_that_no_timer_hits_is_named_with_its_day(warned):
    (warning,) = warned("when: {between: [08:30, 10:00]}", DAILY)
    assert warning.startswith(
        "no timer in serverless.yml fires inside the window 08:30–10:00 of 20"
    )


@pytest.mark.parametrize(
    ("match", "all_of_it"),
    [
        ('{names: ["*"]}', True),
        ('{names: ["lab-*", "**"]}', True),
        ('{names: ["?*"]}', False),
        ('{names: [""]}', False),
        ('{names: ["*"], tags: {env: dev}}', False),
        ('{names: ["*"], instances: [lhins-0a1b2c3d]}', False),
        ('{names: ["*"]}, exclude: {names: ["*-prod"]}', False),
        ('{tags: {env: "*"}}', False),
    ],
)
def test_a_match_that_leaves_out_nothing_is_a_warning(stage, type_in, match, all_of_it):
    stage.write(
        "version: 1\npolicies: [{name: it, resource: lighthouse, regions: all, "
        f"match: {match}, triggered_by: [invoke]}}]\n"
    )
    said = type_in("check").out
    told = 'it: the name "*" selects every machine of Lighthouse there: name those that are meant'
    assert (told in said) == all_of_it
    assert said.count("warning: it") == all_of_it


def test_one_file_of_a_folder_is_compared_with_the_same_timers(stage, type_in, warned):
    of_the_folder = warned("when: {between: [08:30, 10:00]}", DAILY)
    assert "no timer in serverless.yml fires inside the window" in of_the_folder[0]
    *of_the_file, _ = type_in("check", str(stage.folder / "policy.yml")).out.splitlines()
    assert [line.split(": it: ")[1] for line in of_the_file] == of_the_folder


def test_a_window_between_two_ticks_is_missed_too(warned):
    (warning,) = warned("when: {between: [20:08, 20:20]}")
    assert warning.startswith("no timer in serverless.yml fires inside the window 20:08–20:20")


def test_a_window_that_one_tick_hits_hangs_by_a_thread(warned):
    (warning,) = warned("when: {between: [20:00, 20:15]}")
    assert "is shorter than the timers' interval: one fires inside, at 20:07" in warning
    assert warned("when: {between: [20:00, 20:30]}") == []
    (daily,) = warned("when: {between: [20:00, 23:30]}", DAILY)
    assert "one fires inside, at 20:07" in daily


def test_the_timers_go_by_china_and_the_window_by_the_zone_of_the_policy(warned):
    berlin = "timezone: Europe/Berlin\nwhen: {between: [20:00, 23:30]}"
    (warning,) = warned(berlin, DAILY)
    assert "no timer" in warning
    (warning,) = warned(berlin.replace("20:00", "12:00").replace("23:30", "15:00"), DAILY)
    assert "at 13:07" in warning


def test_without_a_serverless_yml_nothing_is_said_of_timers(warned):
    assert warned("when: {between: [20:08, 20:09]}", cron=None) == []


def test_a_policy_that_no_timer_triggers_is_not_compared_with_timers(warned):
    assert warned("when: {between: [20:08, 20:09]}\ntriggered_by: [invoke]") == []


def test_a_cron_that_is_not_understood_is_told_at_its_line_and_no_timer_is_guessed(stage, type_in):
    file = stage.folder.parent / "serverless.yml"
    text = serverless("0 0 8 X * * *").replace("dev-nights", "it")
    file.write_text(text)
    line = 1 + text[: text.index("0 0 8 X")].count("\n")
    stage.policies(POLICY.format(resource="lighthouse", action="stop") + WINDOW)

    said = type_in("check")

    assert said.status == 0
    (warning, _) = said.out.splitlines()
    place, told = warning.split(" warning: ")
    assert place == f"{file}:{line}:27:"
    assert told == "its timers cannot be read: '0 0 8 X * * *': 'X' is not read here"


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("0 7 20 ? * * *", ": one fires inside, at 20:07"),
        ("0 7 20 L * ? *", "no timer in serverless.yml fires inside the window 20:00–23:30"),
        ("0 7 20 ? * MON#1 *", "no timer in serverless.yml fires inside the window 20:00–23:30"),
    ],
)
def test_a_cron_with_special_signs_is_understood(warned, cron, says):
    (warning,) = warned(WINDOW.strip(), cron)
    assert says in warning


EVERY_TICK = (
    "without `when` and `only_if` it acts at every tick of a timer, day and night: say when, or "
    "`triggered_by: [invoke]`"
)


@pytest.mark.parametrize("cron", [QUARTER_HOURLY, DAILY, None])
@pytest.mark.parametrize("rest", ["", "only_if: {}", "triggered_by: [timer, url]"])
def test_a_policy_that_acts_at_every_tick_is_warned_of(warned, rest, cron):
    assert warned(rest, cron) == [EVERY_TICK]


@pytest.mark.parametrize(
    "rest",
    [
        "when: {between: [20:00, 23:30]}",
        "only_if: {running_at_least: 8h}",
        "triggered_by: [invoke]",
    ],
)
def test_a_policy_that_says_when_or_has_no_timer_is_not(warned, rest):
    assert warned(rest) == warned(rest, None) == []


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("{}", True),
        ('{"policies": ["it"]}', True),
        ('{"policies": ["other"]}', False),
        ('{"policies": ["it"], "dry_run": true}', False),
    ],
)
def test_only_a_timer_that_lets_it_act_counts(stage, type_in, argument, told):
    stage.policies(POLICY.format(resource="lighthouse", action="stop"))
    stage.policies(
        POLICY.format(resource="lighthouse", action="stop").replace("name: it", "name: other")
        + "    when: {between: [20:00, 23:30]}\n",
        "other.yml",
    )
    text = TEXT.replace('argument: "{}"', f"argument: '{argument}'")
    (stage.folder.parent / "serverless.yml").write_text(text.replace("dev-nights", "it"))

    assert (EVERY_TICK in type_in("check").out) is told


@pytest.mark.parametrize("action", ["stop", "start"])
def test_cvm_cannot_tell_who_started_a_machine_unless_it_need_not(warned, action):
    facts = {"resource": "cvm", "action": action}
    (warning,) = warned("when: {between: [20:00, 23:30]}", **facts)
    assert warning.startswith("`enforce: false` has no effect on CVM, which does not show when: ")
    assert ("stopped inside" in warning) == (action == "start")
    assert warned("when: {between: [20:00, 23:30], enforce: true}", **facts) == []
    assert warned("triggered_by: [invoke]", **facts) == []


def test_marks_let_a_cvm_tell_and_need_a_right_that_cannot_be_narrowed(warned):
    marks = "when: {between: [20:00, 23:30]}\nmark: true"
    for resource in ("cvm", "lighthouse"):
        (warning,) = warned(marks, resource=resource)
        assert warning.startswith("mark: tag:TagResources can only be granted for everything")
        assert warning.endswith("(docs/marks.md of the project lightsout-tencentcloud)")


def test_a_window_that_never_ends_leaves_everything_alone(warned):
    (warning,) = warned("when: {days: everyday}")
    assert warning.startswith("the window never ends, so every machine was started inside it")
    (warning,) = warned("when: {enforce: true}")
    assert warning == (
        "the window never ends, so it acts at every tick of a timer, day and night: "
        "say in `when` on which days, or between which times"
    )


ENDLESS = ["when: {enforce: true}", "when: {}", "when: {days: everyday}"]


@pytest.mark.parametrize("resource", ["lighthouse", "cvm"])
@pytest.mark.parametrize("action", ["stop", "start"])
@pytest.mark.parametrize("when", ENDLESS)
@pytest.mark.parametrize(
    "beside",
    ["", "triggered_by: [invoke]", "only_if: {running_at_least: 8h}"],
)
def test_whoever_does_as_advised_about_an_endless_window_is_not_advised_otherwise(
    warned, when, beside, resource, action
):
    if "only_if" in beside and (resource, action) != ("lighthouse", "stop"):
        return
    facts = {"resource": resource, "action": action}
    (warning,) = warned(f"{when}\n{beside}", **facts)
    if "leave `when` out" in warning:
        better = beside
    else:
        assert warning.endswith("say in `when` on which days, or between which times")
        better = f"when: {{between: [20:00, 23:30], enforce: true}}\n{beside}"
    assert warned(better, **facts) == []


def test_a_timer_of_every_second_is_compared_with_the_windows_in_time(warned):
    begun = time.process_time()
    rest = "when: {between: [08:00, 23:30]}\nonly_if: {traffic_used_at_least: 95%}"
    assert warned(rest, "* * * * * * *") == []
    assert warned("only_if: {traffic_used_at_least: 95%}", "* * * * * * *") == []
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("condition", "cron", "says"),
    [
        ("traffic_used_at_least: 95%", QUARTER_HOURLY, None),
        ("traffic_used_at_least: 95%", HOURLY, "5 % of 500 GB in 17 minutes, and the timers"),
        ("traffic_used_at_least: 80%", HOURLY, None),
        ("traffic_used_at_least: 98%", QUARTER_HOURLY, "2 % of 500 GB in 7 minutes"),
        ("traffic_used_at_least: 100%", QUARTER_HOURLY, "0 % of 500 GB in 0 minutes"),
        ("traffic_left_below: 60GB", HOURLY, "60 GB in 43 minutes, and the timers look every 60"),
        ("traffic_left_below: 60GB", QUARTER_HOURLY, None),
        ("traffic_left_below: 60GB, traffic_used_at_least: 95%", HOURLY, "5 % of 500 GB"),
    ],
)
def test_a_traffic_threshold_holds_only_if_the_timers_look_often_enough(
    warned, condition, cron, says
):
    warnings = warned(f"only_if: {{{condition}}}", cron)
    assert len(warnings) == (says is not None)
    assert not says or says in warnings[0]


def test_inside_a_window_only_the_ticks_in_it_matter(warned):
    window = "when: {between: [08:00, 20:00]}\nonly_if: {traffic_used_at_least: 95%}"
    assert warned(window) == []
    (warning,) = warned(window, HOURLY)
    assert "look every 60 minutes" in warning


def test_a_calendar_that_ends_is_told_at_each_policy_that_goes_by_it(stage, warned):
    assert stage.clock.now().month == 11, "the next year is warned of"
    (warning,) = warned("when: {days: workdays, between: [20:00, 23:30]}")
    assert warning.startswith("the calendar of workdays and holidays does not cover 2027")


def test_the_samples_and_the_shipped_timer_go_together():
    samples = load(ROOT / "docs/policies").policies + load(ROOT / "policies").policies
    spring = datetime(2026, 3, 2, tzinfo=timezone.utc)
    assert len(samples) > 8
    assert advice(samples, ROOT / "policies", spring) == []


PAIR = """\
version: 1
policies:
  - {{name: it, resource: cvm, regions: {}, match: {{tags: {}}}, triggered_by: [invoke],
     options: {{stopped_mode: KEEP_CHARGING}}}}
  - {{name: late, resource: cvm, regions: {}, match: {{tags: {}}}, triggered_by: [invoke],
     options: {{stopped_mode: {}}}}}
"""


@pytest.mark.parametrize(
    ("first", "second", "mode", "told"),
    [
        (("all", "{env: dev}"), ("[ap-beijing]", "{env: dev}"), "STOP_CHARGING", True),
        (("all", "{env: dev}"), ("all", "{env: dev}"), "KEEP_CHARGING", False),
        (("all", "{env: dev}"), ("all", "{team: x}"), "STOP_CHARGING", False),
        (("all", "{env: 'd*'}"), ("all", "{env: [test, dev]}"), "STOP_CHARGING", True),
        (("all", "{env: 'd*'}"), ("all", "{env: '*v'}"), "STOP_CHARGING", True),
        (("all", "{env: dev}"), ("all", "{env: test}"), "STOP_CHARGING", False),
        (("[ap-tokyo]", "{env: dev}"), ("[ap-seoul]", "{env: dev}"), "STOP_CHARGING", False),
    ],
)
def test_a_policy_whose_options_do_not_hold_beside_an_earlier_one_is_told(
    stage, type_in, first, second, mode, told
):
    (stage.folder / "policy.yml").write_text(PAIR.format(*first, *second, mode))

    said = type_in("check")

    text = "late: a machine that it selects, too, is stopped with the options of it, which comes"
    assert (text in said.out) is told, said.out
    assert ("they differ in stopped_mode" in said.out) is told
