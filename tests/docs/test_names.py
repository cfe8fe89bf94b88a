"""One word for one thing, in the code as in the pages."""

from __future__ import annotations

import ast
from collections import Counter

from tests.support.paths import ROOT

QUESTIONS = ("What ", "Which ", "Whether ")


def trees(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def test_no_two_classes_have_one_name():
    named = Counter(
        it.name
        for _, tree in trees("lightsout")
        for it in ast.walk(tree)
        if isinstance(it, ast.ClassDef) and not it.name.startswith("_")
    )

    assert [name for name, times in named.items() if times > 1] == []


def test_a_docstring_of_the_tests_says_what_a_thing_is_or_does():
    said = {
        f"{path.name}:{it.body[0].lineno}"
        for path, tree in trees("tests")
        for it in ast.walk(tree)
        if isinstance(it, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and (ast.get_docstring(it) or "").startswith(QUESTIONS)
    }

    assert said == set()
