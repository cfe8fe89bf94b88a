"""A printed text names a page so that it is found without a clone."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from lightsout.base.texts.pages import PROJECT, page
from tests.support.paths import ROOT

A_PAGE = re.compile(r"(?<![\w/])docs/[\w/.-]*")
# The texts of a clone: what `init` replaces in serverless.yml, the folder of the samples, and the
# pages themselves.
OF_A_CLONE = {"lightsout/cli/own_folder/files.py": ["docs/deploy.md"],
              "lightsout/cli/packaging/origin.py": ["docs/policies"],
              "lightsout/base/texts/pages.py": ["docs/"]}  # fmt: skip


def texts(path):
    """Each text of a module but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(it.body[0].value)
        for it in ast.walk(tree)
        if isinstance(it, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and it.body
        and isinstance(it.body[0], ast.Expr)
    }
    for it in ast.walk(tree):
        if isinstance(it, ast.Constant) and isinstance(it.value, str) and id(it) not in docstrings:
            yield it.value


def test_no_text_names_a_page_by_its_place_in_a_clone():
    found = {
        path.relative_to(ROOT).as_posix(): pages
        for path in [ROOT / "handler.py", *(ROOT / "lightsout").rglob("*.py")]
        if (pages := [name for text in texts(path) for name in A_PAGE.findall(text)])
    }

    assert found == OF_A_CLONE


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with 3.11")
def test_it_is_named_by_the_address_of_the_project_where_pyproject_has_one():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert PROJECT in {project["name"], *project.get("urls", {}).values()}
    assert ("urls" in project) == ("://" in PROJECT)


def test_each_page_that_is_named_is_there():
    calls = re.compile(r"""page\(["']([\w./-]+)(?:#([\w-]+))?["']\)""")
    found = {
        name
        for path in (ROOT / "lightsout").rglob("*.py")
        for name in calls.findall(path.read_text("utf-8"))
    }

    assert len(found) > 5
    for name, part in found:
        headings = re.findall(r"(?m)^#+ (.*)$", (ROOT / "docs" / name).read_text("utf-8"))
        assert not part or part in {it.lower().replace(" ", "-") for it in headings}
    assert page("deploy.md") == f"docs/deploy.md of the project {PROJECT}"
