"""Messages: what a person reads, in both languages, and what they leave out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.model.report import failure_message
from lightsout.notify.message import Message, write, write_test
from lightsout.notify.words import WORDS, Words
from tests.support.paths import ROOT
from tests.support.reports import NOW, a_report, an_entry, ids
from tests.support.values import any_text

PAGE = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
EXAMPLES = [block.splitlines() for block in re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)]
REQUESTS = {  # RequestId to the instances it was for
    "ce754c34-dbab-837b-0717-8515cc2bc127": ids(100),
    "d654a1de-0300-8431-bcfa-b95bf9ca5efb": ids(200)[100:],
    "0766e990-faed-ca1b-146a-0586d98d89d8": ids(240)[200:],
}


def requests(calls):
    return [
        {"action": "StopInstances", "request_id": id_, "instance_ids": asked}
        for id_, asked in calls.items()
    ]


def the_failure():
    """240 machines, of which two did not stop."""
    fleet = ids(240)
    return a_report(
        an_entry(
            status="failed",
            stopped=fleet[:226],
            skipped=dict.fromkeys(fleet[226:238], "keep-until 2026-12-01"),
            failed={fleet[238]: "OperationDenied.InstanceCreating: the instance is being created"},
            pending={fleet[239]: "STOPPING when time ran out"},
            requests=requests(REQUESTS),
        )
    )


def a_dry_run(started_at=NOW):
    return a_report(an_entry(would_stop=ids(5)), dry_run=True, started_at=started_at)


def told(kind, report, error, language):
    return write(kind, report, error, language).text_lines()


def test_the_examples_of_the_page_are_what_is_sent():
    failure, forecast_at = the_failure(), NOW.replace(hour=11, minute=30)
    error = failure_message(failure)

    assert [
        told("failure", failure, error, "en"),
        told("failure", failure, error, "zh"),
        told("reminder", a_dry_run(), None, "en"),
        told("reminder", a_dry_run(), None, "zh"),
        told("forecast", a_dry_run(forecast_at), None, "en"),
    ] == EXAMPLES


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", [
            "lightsout: 2 machines stopped, 1 machine started",
            "2 stopped, 1 started",
            "✓ dev-nights in ap-guangzhou: 2 stopped (lhins-00000000, lhins-00000001)",
            "✓ dev-mornings in ap-guangzhou: 1 started (lhins-00000002)",
            "RequestIds of StopInstances: stop-1",
            "RequestIds of StartInstances: start-1",
            "2026-11-23 12:07 UTC, by timer, run 4f1c2a7e",
        ]),
        ("zh", [
            "lightsout：已关机 2 台机器，已开机 1 台机器",
            "已关机 2 台，已开机 1 台",
            "✓ dev-nights（ap-guangzhou）已关机 2 台：lhins-00000000、lhins-00000001",
            "✓ dev-mornings（ap-guangzhou）已开机 1 台：lhins-00000002",
            "StopInstances 的 RequestId：stop-1",
            "StartInstances 的 RequestId：start-1",
            "2026-11-23 20:07（北京时间），触发方式 timer，运行 ID 4f1c2a7e",
        ]),
    ],
)  # fmt: skip
def test_what_was_done_is_told_with_its_request_ids(language, lines):
    one, two, three = ids(3)
    stops = {"action": "StopInstances", "request_id": "stop-1", "instance_ids": [one, two]}
    starts = {"action": "StartInstances", "request_id": "start-1", "instance_ids": [three]}
    report = a_report(
        an_entry(stopped=[one, two], requests=[stops]),
        an_entry("dev-mornings", action="start", started=[three], requests=[starts]),
    )

    assert told("done", report, None, language) == lines


@pytest.mark.parametrize(
    ("actions", "goal_en", "goal_zh"),
    [
        (["stop"], "stopped", "关机"),
        (["start"], "started", "开机"),
        (["stop", "start"], "stopped or started", "关机或开机"),
    ],
)
def test_the_title_says_what_was_not_reached(actions, goal_en, goal_zh):
    report = a_report(
        *(an_entry(action=action, failed={f"lhins-{action}": "why"}) for action in actions)
    )

    assert told("failure", report, "", "en")[0].endswith(f"not confirmed {goal_en}")
    assert told("failure", report, "", "zh")[0].endswith(f"台未能确认{goal_zh}")


def test_a_run_that_came_to_nothing_tells_the_reason():
    report = a_report(status="failed")

    assert told("failure", report, "LIGHTSOUT_DRY_RUN: must be 1 or 0", "en")[:2] == [
        "lightsout failed",
        "✗ LIGHTSOUT_DRY_RUN: must be 1 or 0",
    ]


def test_a_limit_is_told_once_not_as_the_reason_of_each_machine():
    refused = "60 instances, max_instances allows 50"
    report = a_report(
        an_entry(status="refused", error=refused, skipped=dict.fromkeys(ids(60), refused))
    )

    text = "\n".join(told("failure", report, failure_message(report), "en"))

    assert text.count(refused) == 1
    assert f"✗ dev-nights in ap-guangzhou: {refused}" in text


CHARGED = "STOPPED, but still charged: prepaid"
TWO, TWO_ZH = "lhins-00000001, lhins-00000002", "lhins-00000001、lhins-00000002"


@pytest.mark.parametrize(
    ("language", "title", "lines"),
    [
        ("en", "lightsout: 1 machine stopped, 2 machines stopped, still charged", [
            "1 stopped, 2 stopped, still charged, 1 gone, 1 left alone",
            "✓ dev-nights in ap-guangzhou: 1 stopped (lhins-00000000)",
            f"– dev-nights in ap-guangzhou: 2 stopped, still charged ({TWO}): {CHARGED}",
            "– dev-nights in ap-guangzhou: 1 left alone (lhins-00000003): keep-running yes",
            "– dev-nights in ap-guangzhou: 1 gone (lhins-00000004): gone: …",
        ]),
        ("zh", "lightsout：已关机 1 台机器，已关机但仍在计费 2 台机器", [
            "已关机 1 台，已关机但仍在计费 2 台，已不存在 1 台，保持不动 1 台",
            "✓ dev-nights（ap-guangzhou）已关机 1 台：lhins-00000000",
            f"– dev-nights（ap-guangzhou）已关机但仍在计费 2 台：{TWO_ZH}，原因：{CHARGED}",
            "– dev-nights（ap-guangzhou）保持不动 1 台：lhins-00000003，原因：keep-running yes",
            "– dev-nights（ap-guangzhou）已不存在 1 台：lhins-00000004，原因：gone: …",
        ]),
    ],
)  # fmt: skip
def test_what_is_stopped_but_still_charged_was_not_left_alone(language, title, lines):
    stopped, one, two, kept, gone = ids(5)
    skipped = {kept: "keep-running yes", one: CHARGED, two: CHARGED, gone: "gone: …"}
    report = a_report(an_entry(stopped=[stopped], skipped=skipped))

    assert told("done", report, None, language)[:-1] == [title, *lines]


def test_machines_that_were_all_stopped_at_a_charge_are_told_of_in_the_title():
    report = a_report(an_entry(skipped=dict.fromkeys(ids(3), CHARGED)))

    assert told("done", report, None, "en")[0] == "lightsout: 3 machines stopped, still charged"


def test_what_is_stuck_is_told():
    entry = an_entry(status="failed", error="1 stuck in STOPPING", stuck={"lhins-1": "STOPPING …"})

    assert "✗ dev-nights in ap-guangzhou: 1 stuck (lhins-1): STOPPING …" in told(
        "failure", a_report(entry), None, "en"
    )


def test_an_account_of_another_name_is_named():
    entry = an_entry(stopped=ids(1)) | {"account": "research"}

    assert "✓ dev-nights in research ap-guangzhou: 1 stopped (lhins-00000000)" in told(
        "done", a_report(entry), None, "en"
    )


def test_a_policy_whose_regions_are_not_to_be_had_is_named_without_one():
    entry = an_entry(status="failed", error="DescribeRegions: no answer") | {"region": None}

    assert "✗ dev-nights in lighthouse: DescribeRegions: no answer" in told(
        "failure", a_report(entry), None, "en"
    )


def test_the_request_ids_of_what_went_astray_come_first():
    calls = {f"call-{number}": [id_] for number, id_ in enumerate(ids(9))}
    astray = ids(9)[7]
    entry = an_entry(failed={astray: "why"}, requests=requests(calls))

    assert "RequestIds of StopInstances: call-7, call-0, call-1, call-2, call-3 and 4 more" in told(
        "failure", a_report(entry), None, "en"
    )


def test_calls_without_an_answer_are_named_by_their_activities():
    calls = requests({"": ids(1)}) + requests({"": ids(2)[1:]})
    for number, call in enumerate(calls):
        call["activity_id"] = f"asa-{number}"

    assert "RequestIds of StopInstances: asa-0, asa-1" in told(
        "failure", a_report(an_entry(failed={"lhins-x": "why"}, requests=calls)), None, "en"
    )


def test_many_places_make_few_lines():
    report = a_report(
        *(
            an_entry(region=f"ap-{number}", failed={"lhins-a": "x " * 300}, stopped=["lhins-b"])
            for number in range(30)
        )
    )

    lines = told("failure", report, failure_message(report), "en")

    assert "… and 22 more such lines" in lines
    assert "… and 24 more such lines" in lines
    assert len(lines) < 22
    assert max(map(len, lines)) < 300


def test_a_reason_of_many_lines_is_told_on_one():
    entry = an_entry(failed={"lhins-a": "first\n\tsecond"})

    assert "✗ dev-nights in ap-guangzhou: 1 failed (lhins-a): first second" in told(
        "failure", a_report(entry), None, "en"
    )


def test_a_day_without_anything_to_do_is_still_not_protected():
    report = a_report(an_entry(skipped={}), dry_run=True)

    assert told("reminder", report, None, "en")[:2] == [
        "lightsout is still in dry run, no machine is being stopped",
        WORDS["en"].how_to_arm,
    ]
    assert told("reminder", report, None, "zh")[0] == "lightsout 仍在试运行，尚未起到任何作用"


def test_the_advice_to_keep_a_machine_names_the_day_in_china():
    report = a_dry_run(NOW.replace(hour=16, minute=5))

    assert "2026-11-24" in "\n".join(told("forecast", report, None, "zh"))


@pytest.mark.parametrize(
    ("resources", "tag", "name"),
    [(["lighthouse"], True, False), (["hai"], False, True), (["cvm", "hai"], True, True)],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_advice_to_keep_a_machine_is_one_that_its_service_can_follow(
    resources, tag, name, language
):
    entries = [an_entry(resource=it, would_stop=ids(1)) for it in resources]

    text = "\n".join(told("forecast", a_report(*entries, dry_run=True), None, language))

    assert ("keep-until" in text) == tag
    assert ("exclude" in text) == name


def test_what_is_left_out_is_said():
    message = Message("title", ("one", "two", "three"), "footer", "…")

    assert message.shortened(3) == message
    assert message.shortened(1).text_lines() == ["title", "one", "…", "footer"]
    assert message.shortened(0).text_lines() == ["title", "…", "footer"]


def test_both_languages_say_the_same_things():
    for field in Words._fields:
        english, chinese = getattr(WORDS["en"], field), getattr(WORDS["zh"], field)
        if isinstance(english, str):
            assert sorted(re.findall(r"{.*?}", english)) == sorted(re.findall(r"{.*?}", chinese))
        if isinstance(english, dict):
            assert english.keys() == chinese.keys()


def test_every_title_has_the_word_that_a_robot_may_ask_for():
    for language in ("en", "zh"):
        titles = [write_test(language).title]
        for kind in ("failure", "done", "forecast", "reminder"):
            titles += [write(kind, it, None, language).title for it in (a_report(), the_failure())]
        assert all("lightsout" in title for title in titles)


@given(
    kind=st.sampled_from(["failure", "done", "forecast", "reminder"]),
    language=st.sampled_from(["en", "zh"]),
    texts=st.lists(any_text, min_size=4, max_size=4),
)
def test_any_text_can_be_told(kind, language, texts):
    id_, reason, region, error = texts
    entry = an_entry(region=region, failed={id_: reason}, stuck={id_: reason}, error=error)

    lines = told(kind, a_report(entry), error, language)

    assert 2 <= len(lines) < 12


def test_what_cannot_be_read_is_told_before_what_is_left_alone_for_a_reason():
    """Hours from tags leave machines alone for many reasons, and a message has few lines."""
    stopped, odd, *others = ids(12)
    kept = {id_: f"not due to stop until 2026-12-{day:02}" for day, id_ in enumerate(others, 1)}
    wrong = "hours=weekdays cannot be read: weekdays has no hours"
    report = a_report(an_entry(stopped=[stopped], skipped={**kept, odd: wrong}))

    lines = told("done", report, None, "en")

    (first,) = [line for line in lines if line.startswith("–")][:1]
    assert first.endswith(wrong)
