"""The pages for people hang together: two languages, every link, and the map of the modules."""

from __future__ import annotations

import os
import re
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TRANSLATED = sorted(path.name for path in (ROOT / "docs" / "zh-CN").glob("*.md"))
# Each page that there is in both languages, English first.
READMES = ("README.md", "README.zh-CN.md")
PAIRS = [READMES, *((f"docs/{name}", f"docs/zh-CN/{name}") for name in TRANSLATED)]
PAGES = (
    *READMES, "CONTRIBUTING.md", "CHANGELOG.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)  # fmt: skip
FENCED = r"^ *```(\w*)\n(.*?)^ *```$"
CODE = r"`([^`]+)`"
FIGURE = r"\d(?:[\d,.]*\d)?"


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """The page without what stands in fences."""
    return re.sub(FENCED, "", text(page), flags=re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(FENCED, text(page), re.MULTILINE | re.DOTALL)


def headings(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", prose(page), re.MULTILINE)


def first_cells(page: str) -> list[list[str]]:
    """For each table, the code in the first cell of each row."""
    tables = re.findall(r"(?:^\|.*\n)+", prose(page), re.MULTILINE)
    return [[_codes(line.split("|")[1]) for line in table.splitlines()] for table in tables]


def _codes(cell: str) -> str:
    return " ".join(re.findall(CODE, cell))


def uncommented(block: str) -> list[str]:
    """The lines without comments and texts in other letters, which each language has its own of."""
    lines = [re.sub(r"\s+#.*|^#.*|description: .*", "", line) for line in block.splitlines()]
    return [line.strip() for line in lines if line.strip()]


# Two languages -----------------------------------------------------------------------------------


def side_by_side(read, pair):
    """Pairs of what `read` finds in both, so that a failure names the first that lacks a fellow."""
    return list(zip_longest(*map(read, pair)))


def test_there_is_more_than_the_readme_in_both():
    assert len(PAIRS) > 5
    assert len(headings(READMES[0])) > 8
    assert len(blocks(READMES[0])) > 8


@pytest.mark.parametrize("pair", PAIRS)
class TestBothLanguages:
    def test_have_the_same_headings_in_the_same_order(self, pair):
        for one, other in side_by_side(headings, pair):
            assert one
            assert other
            assert one[0] == other[0]

    def test_give_the_same_commands_and_examples(self, pair):
        for one, other in side_by_side(blocks, pair):
            assert None not in {one, other}, (one, other)
            assert one[0] == other[0]
            assert uncommented(one[1]) == uncommented(other[1])

    def test_have_the_same_rows_in_their_tables(self, pair):
        for one, other in side_by_side(first_cells, pair):
            assert one == other

    def test_give_the_same_figures(self, pair):
        def rows(page):
            return [line for line in text(page).splitlines() if line.startswith("|")]

        for one, other in side_by_side(rows, pair):
            # Where a link leads has figures of its own.
            figures = [
                re.findall(FIGURE, re.sub(r"\]\([^)]*\)", "", line)) for line in (one, other)
            ]
            assert sorted(figures[0]) == sorted(figures[1])

    def test_ask_and_answer_the_same_number_of_questions(self, pair):
        english, chinese = (
            len(re.findall(r"^\*\*.*[?？]\*\*", text(page), re.MULTILINE)) for page in pair
        )

        assert english == chinese

    def test_make_the_same_points_and_lead_to_the_same_places(self, pair):
        points = (re.findall(r"^ *(-|\d\.) ", prose(page), re.MULTILINE) for page in pair)
        assert next(points) == next(points)
        links = r"\]\((?!README)([^)]+)\)"
        english, chinese = (
            [place(page, it) for it in re.findall(links, prose(page))] for page in pair
        )
        assert english == chinese

    def test_name_each_other_near_the_top(self, pair):
        english, chinese = pair
        for page, other in (pair, (chinese, english)):
            there = os.path.relpath(other, Path(page).parent)
            assert f"]({there})" in text(page)[:400]


CHINESE = [chinese for _, chinese in PAIRS]
HAN = "[\u4e00-\u9fff]"
LATIN = "[A-Za-z0-9`]"
# What no page has between its letters: a sign of English, no blank beside a word in Latin letters.
SLIPS = rf"{HAN}[,;:?!()]|[,;:?!()]{HAN}|{HAN}{LATIN}|[A-Za-z0-9`%]{HAN}|{HAN} {HAN}"


@pytest.mark.parametrize("page", CHINESE)
class TestChinese:
    def test_leads_to_the_chinese_page_wherever_there_is_one(self, page):
        translated = dict(PAIRS)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            there = os.path.normpath(Path(page).parent / target.partition("#")[0])
            its_own = translated.get(there) == page  # the link to the English one at the top
            assert there not in translated or its_own, target

    def test_has_the_signs_and_blanks_of_chinese(self, page):
        for line in prose(page).splitlines():
            plain = re.sub(r"`[^`]*`", "`", re.sub(r"\]\([^)]*\)", "]", line))
            assert re.findall(SLIPS, plain) == [], line


def test_the_chinese_readme_lists_every_chinese_page():
    listed = set(re.findall(r"\]\((docs/zh-CN/[^)#]+)\)", text(READMES[1]).partition("## 文档")[2]))

    assert listed == set(CHINESE) - {READMES[1]}


def place(page: str, link: str) -> str:
    """Where a link leads, in either language: a heading counts by its number on the page."""
    if re.match(r"https?://", link):
        return link
    name, _, fragment = link.partition("#")
    bare = re.sub(r"^(\.\./)+|docs/|zh-CN/", "", name)
    if not fragment:
        return bare
    there = os.path.normpath(Path(page).parent / name) if name else page
    return f"{bare}#{[anchor(title) for _, title in headings(there)].index(fragment)}"


# Links -------------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading: small letters and digits, hyphens for spaces."""
    bare = re.sub(r"`|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        name, _, fragment = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if fragment:
            there = str(path.resolve().relative_to(ROOT))
            assert fragment in {anchor(title) for _, title in headings(there)}, target


# The map -----------------------------------------------------------------------------------------

MAP = "docs/architecture.md"
# Modules are named as the reader of the package sees them.
PACKAGE = ROOT / "lightsout"


def test_the_map_names_every_folder_of_the_package():
    folders = {it.parent.name for it in PACKAGE.glob("*/__init__.py")}

    named = set(re.findall(r"`lightsout/(\w+)/`", prose(MAP)))
    assert named == folders


def test_the_map_names_files_folders_and_targets_that_are_there():
    code = re.findall(CODE, prose(MAP))
    makefile = text("Makefile")

    paths = [it for it in code if "/" in it or it.endswith((".py", ".toml"))]
    assert [it for it in paths if not ((ROOT / it).exists() or (PACKAGE / it).exists())] == []
    assert [it for it in code if it.startswith("make ") and f"\n{it[5:]}:" not in makefile] == []
