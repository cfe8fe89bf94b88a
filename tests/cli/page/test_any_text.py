"""Whatever a text from outside holds, the page has the same elements: it is data."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings

from lightsout.cli.page.failures import failure_rows
from lightsout.cli.page.fortnight import calendars
from lightsout.cli.page.history import read_history
from lightsout.cli.page.machines import Now, Scene, machine_rows
from lightsout.cli.page.money import savings
from lightsout.cli.page.render import PageValues, render
from lightsout.cli.page.status import Known, Problem, status
from lightsout.cli.page.texts import Texts
from tests.support.examples import examples
from tests.support.page_reader import read_page
from tests.support.values import NOW, a_policy, any_text


def page_about(text: str) -> str:
    """A page in which the text stands wherever one from outside can stand."""
    names = {"account": "own", "resource": "lighthouse", "region": "ap-guangzhou", "run_id": text}
    told = [
        {"event": "run.started", "version": text, "policies_hash": text, "trigger": text},
        {"event": "warning", "message": text},
        {"event": "plan", "policies": [text], "action": "stop", "act": 1, "keep": 0},
        {"event": "plan", "policies": [text], "verdict": "keep", "reason": text},
        {"event": "stop.accepted", "policies": [text], "request_id": text},
        {"event": "verify.failed", "policies": [text], "reason": text},
        {"event": "run.finished", "status": "failed", "error": text},
    ]
    lines = [
        names | {"time": NOW.isoformat(), "instance_ids": ["lhins-1", text]} | line for line in told
    ]
    history = read_history(lines)
    policy = a_policy(name=text, description=text)
    scene = Scene([policy], NOW + timedelta(hours=1), ZoneInfo("Asia/Shanghai"), Texts("en"))
    machines = machine_rows(history, Now(), scene)
    shown = calendars(history, [policy], scene)
    known = Known(mistakes=[f"a mistake: {text}"])
    page = PageValues(
        made="", span="", zone="", missing=[text],
        status=status(history, known, machines, shown, scene),
        calendars=shown, machines=machines,
        savings=savings([], "CNY", [text], scene.zone, scene.t),
        currency="CNY", failures=failure_rows(history, scene),
    )  # fmt: skip
    page.status.problems[:] = [*page.status.problems[:1], Problem(text, ""), Problem("", text)][1:]
    return render(page, scene.t)


@settings(max_examples=examples(60), deadline=None)
@example("</script><script>")
@example("<!--")
@example("\u202e")
@example("`code`")
@given(any_text)
def test_any_text_leaves_the_page_as_it_is_built(text):
    html = page_about(f"x{text}")

    # `…` in what is to be done makes code of it, which is all that a text can do.
    plain = page_about("x" + "`a`" * (text.count("`") // 2) + "`" * (text.count("`") % 2))
    assert read_page(html).shape() == read_page(plain).shape()
    assert all(
        char.isprintable() or char in "\n\u200c\u200d\u3000\u00a0" or char.isspace()
        for char in html
    )
