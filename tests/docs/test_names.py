"""One word for one thing, in the code as in the pages."""

from __future__ import annotations

import ast

from tests.support.paths import ROOT

QUESTIONS = ("What ", "Which ", "Whether ")


def trees(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def classes(folder):
    return {
        it.name for _, tree in trees(folder) for it in ast.walk(tree) if type(it) is ast.ClassDef
    }


def test_the_simulator_has_no_class_by_the_name_of_a_value_that_all_of_them_use():
    assert classes("lightsout/model") & classes("lightsout/simulator") == set()


def test_a_docstring_of_the_tests_says_what_a_thing_is_or_does():
    said = {
        f"{path.name}:{it.body[0].lineno}"
        for path, tree in trees("tests")
        for it in ast.walk(tree)
        if isinstance(it, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and (ast.get_docstring(it) or "").startswith(QUESTIONS)
    }

    assert said == set()
