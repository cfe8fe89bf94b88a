"""The page of `report` in a real browser: it opens, searches, prints, and loads nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from lightsout.cli.commands.report import make_page
from lightsout.cli.page.failures import Failures
from lightsout.cli.page.machines import MachineRow
from lightsout.cli.page.money import savings
from lightsout.cli.page.render import PageValues, render
from lightsout.cli.page.status import Status
from lightsout.cli.page.texts import Texts
from lightsout.simulator import ManualClock
from tests.support.chromium import DARK, Chromium, find_chromium
from tests.support.deterministic_threads import DeterministicClock
from tests.support.office_month import FIRST, Month
from tests.support.page_reader import machine_rows, read_page
from tests.support.simulated_run import set_stage

pytestmark = [
    pytest.mark.crosscheck,
    pytest.mark.skipif(find_chromium() is None, reason="no chromium: apt-get install chromium"),
]
A4 = (595, 842)  # points
MANY = 10_000


@pytest.fixture
def chromium(tmp_path):
    return Chromium(tmp_path)


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """The page of a month of an office, in each language."""
    folder = tmp_path_factory.mktemp("month")
    clock = DeterministicClock(start=FIRST)
    with set_stage(folder / "policies", clock=clock) as stage:
        month = Month(stage)
        with clock.used_by_runs():
            month.live()
        stage.clock = ManualClock(clock.now() + timedelta(hours=1))
        pages = {}
        for language in ("en", "zh"):
            html = make_page(stage.lines, stage.surroundings(), language=language)
            pages[language] = folder / f"{language}.html"
            pages[language].write_text(html, encoding="utf-8")
    return pages


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A page of 10,000 machines, as long as rows of real ones are."""
    t = Texts("en")
    rows = [
        MachineRow(
            f"lhins-{number:08x}", "lighthouse", "ap-guangzhou",
            name=f"web-{number}", state="STOPPED", look="off",
            tags=["env=dev", f"owner=team-{number % 40}", "auto-stop=night"],
            policies=["dev-nights"], last="stop 2026-11-23 20:07: confirmed",
            request_id=f"ce754c34-dbab-837b-0717-{number:012x}",
            next=["start 2026-11-24 08:30 (office-on)"],
        )
        for number in range(MANY)
    ]  # fmt: skip
    page = PageValues(
        made="", span="", zone="Asia/Shanghai", missing=(),
        status=Status("armed", "Armed", "", [], []), calendars=(), machines=rows,
        savings=savings([], "CNY", [], ZoneInfo("Asia/Shanghai"), t), currency="CNY",
        failures=Failures([], 0),
    )  # fmt: skip
    file = tmp_path_factory.mktemp("many") / "many.html"
    file.write_text(render(page, t), encoding="utf-8")
    return file


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_opens_without_a_word_on_the_console(chromium, month, language):
    seen = chromium.dom(month[language])

    assert seen.console == []
    assert len(machine_rows(read_page(whole(seen.out)))) == 21


def whole(dom):
    """The document without what the browser writes otherwise: attributes that are there or not."""
    return re.sub(r"</?(?:html|body|head)[^>]*>", "", dom)


def shown(dom):
    rows = re.findall(r"<tr[^>]*>(?=\s*<td>.*?class=\"id\">([^<]+)<)", dom, re.DOTALL)
    hidden = re.findall(r"<tr[^>]* hidden[^>]*>\s*<td>.*?class=\"id\">([^<]+)<", dom)
    return [row for row in rows if row not in hidden]


def test_the_search_finds_by_any_words_of_a_row(chromium, many):
    seen = chromium.dom(many, fragment="#q=TEAM-7%20web-47")

    found = shown(machines_of(seen.out))
    assert seen.console == []
    assert "lhins-0000002f" in found  # web-47 of team-7
    names = re.findall(r"<bdi>(web-\d+)</bdi>", "".join(visible_rows(seen.out)))
    assert names
    assert all(name.startswith("web-47") and int(name[4:]) % 40 == 7 for name in names)
    count = re.search(r'id="counted"[^>]*>([^<]*)<', seen.out).group(1)
    assert count == f"{len(names)} of {len(names)} that match, 10,000 in all"


def machines_of(dom):
    return dom[dom.index('id="machine-rows"') : dom.index('id="savings"')]


def visible_rows(dom):
    rows = re.findall(r"<tr([^>]*)>(.*?)</tr>", machines_of(dom), re.DOTALL)
    return [inside for attributes, inside in rows if "hidden" not in attributes]


def probed(chromium, page, told, *options, wide=None):
    """The value of an expression in a copy of the page, laid out `wide` pixels or as usual."""
    probe = (
        "<script>addEventListener('load', () => { document.body.offsetHeight; "
        f"document.title = {told}; parent.postMessage({told}, '*') }});</script></body>"
    )
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    copy = chromium._folder / "probed.html"
    copy.write_text(html.replace("</body>", probe), encoding="utf-8")
    if wide:
        copy = chromium.framed(copy, wide, 900)
    return title(chromium.dom(copy, "--virtual-time-budget=3000", *options).out)


def test_ten_thousand_machines_are_there_within_two_seconds(chromium, many):
    """From the first byte to a page that is laid out, by the browser's own clock."""
    took = [int(title(timed(chromium, many).out)) for _ in range(3)]

    assert min(took) < 2000, took  # the machine may have other things to do


def timed(chromium, page):
    """Without virtual time."""
    probed(chromium, page, "Math.round(performance.now())")
    return chromium.dom(chromium._folder / "probed.html")


@pytest.mark.parametrize(
    ("wide", "language"), [(320, "en"), (390, "zh"), (768, "en"), (1024, "en"), (1280, "zh")]
)
def test_no_screen_is_too_narrow_for_it(chromium, month, language, wide):
    told = "`${innerWidth} ${document.documentElement.scrollWidth}`"

    seen = probed(chromium, month[language], told, "--window-size=1400,900", wide=wide)

    assert seen == f"{wide} {wide}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tables_of_savings_fit_a_phone_without_broken_words(chromium, month, language):
    told = (
        "[...document.querySelectorAll('table.sums')]"
        ".every((it) => it.offsetWidth <= it.parentNode.clientWidth)"
    )

    seen = probed(chromium, month[language], told, "--window-size=1400,900", wide=390)

    assert seen == "true"


def title(dom):
    return re.search(r"<title>(.*?)</title>", dom).group(1)


def test_at_first_two_hundred_are_shown_and_the_rest_is_a_search_away(chromium, many):
    seen = chromium.dom(many)

    assert len(visible_rows(seen.out)) == 200
    assert "200 of 10,000 that match, 10,000 in all" in seen.out


def test_it_prints_on_a4_without_what_only_a_screen_needs(chromium, month, tmp_path):
    pdf = tmp_path / "page.pdf"

    chromium.pdf(month["en"], pdf)

    data = pdf.read_bytes()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {A4}
    assert 3 <= len(boxes) <= 9


@pytest.mark.parametrize(
    ("dark", "paper"), [(False, "rgb(255, 255, 255)"), (True, "rgb(20, 23, 28)")]
)
def test_its_paper_is_that_of_the_readers_scheme(chromium, month, dark, paper):
    told = "getComputedStyle(document.body).backgroundColor"

    assert probed(chromium, month["en"], told, *(DARK if dark else ())) == paper


def test_hostile_text_is_shown_and_does_nothing(chromium, tmp_path):
    hostile = '"><script>document.title="owned"</script><img src=x onerror=alert(1)>'
    with set_stage(tmp_path / "policies") as stage:
        stage.world.add("lhins-0000000b", name=hostile, tags={"env": "dev", "note": hostile})
        stage.run()
        file = tmp_path / "page.html"
        file.write_text(make_page(stage.lines, stage.surroundings()), encoding="utf-8")

    seen = chromium.dom(file, fragment="#q=%3Cscript%3E")

    assert seen.console == []
    assert title(seen.out) == "lightsout report"
    assert "1 of 1 that match, 1 in all" in seen.out
    assert "<img" not in seen.out
