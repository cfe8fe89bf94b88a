"""The pages for people hang together: the two READMEs, every link, and the map of the modules."""

from __future__ import annotations

import re
from functools import cache
from itertools import zip_longest

import pytest

from tests.support.paths import ROOT

READMES = ("README.md", "README.zh-CN.md")
PAGES = (
    *READMES, "CONTRIBUTING.md", "CHANGELOG.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
)  # fmt: skip
FENCED = r"^ *```(\w*)\n(.*?)^ *```$"
CODE = r"`([^`]+)`"
FIGURE = r"\d[\d,.]*"


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


# The two READMEs ---------------------------------------------------------------------------------


def side_by_side(read):
    """Pairs of what `read` finds in both, so that a failure names the first that lacks a fellow."""
    return list(zip_longest(*map(read, READMES)))


def test_the_readmes_have_the_same_headings_in_the_same_order():
    pairs = side_by_side(headings)

    assert len(pairs) > 10
    assert all(one and other and one[0] == other[0] for one, other in pairs), pairs


def test_the_readmes_give_the_same_commands_and_examples():
    pairs = side_by_side(blocks)

    assert len(pairs) > 15
    for one, other in pairs:
        assert None not in {one, other}, (one, other)
        assert one[0] == other[0]
        assert uncommented(one[1]) == uncommented(other[1])


def test_the_tables_of_the_readmes_have_the_same_rows():
    pairs = side_by_side(first_cells)

    assert len(pairs) > 4
    for one, other in pairs:
        assert one == other


def test_the_readmes_give_the_same_figures():
    for one, other in side_by_side(
        lambda page: [line for line in text(page).splitlines() if line.startswith("|")]
    ):
        assert sorted(re.findall(FIGURE, one)) == sorted(re.findall(FIGURE, other))


def test_the_readmes_ask_and_answer_the_same_number_of_questions():
    english, chinese = (
        len(re.findall(r"^\*\*.*[?？]\*\*", text(page), re.MULTILINE)) for page in READMES
    )

    assert english == chinese > 10


def test_the_readmes_make_the_same_points_and_lead_to_the_same_places():
    for what in (r"^ *(-|\d\.) ", r"\]\((?!README)([^)]+)\)"):
        english, chinese = (re.findall(what, prose(page), re.MULTILINE) for page in READMES)
        assert english == chinese


def test_the_readmes_name_each_other_near_the_top():
    for page, other in zip(READMES, reversed(READMES), strict=True):
        assert f"]({other})" in text(page)[:400]


# Links -------------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """What GitHub makes of a heading: small letters and digits, hyphens for spaces."""
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
