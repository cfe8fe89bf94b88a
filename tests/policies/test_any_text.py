"""Whatever stands in a file: policies or mistakes come out, never anything else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightsout.policies.load import Policies, PolicyMistakes, load
from lightsout.policies.reading import yamltree as yamltext
from tests.support.examples import examples
from tests.support.paths import ROOT

BAD = Path(__file__).parent / "mistakes" / "bad"
SAMPLES = [
    *(ROOT / "policies").glob("*.yml"),
    *(ROOT / "docs/policies").glob("*.yml"),
    *(path for path in BAD.glob("*.yml") if path.stat().st_size < 2000),
]
TEXTS = [path.read_text("utf-8", "replace") for path in sorted(SAMPLES)]

scraps = st.sampled_from(
    [
        *"[]{}:,-?&*!|>'\"%@`#~ \n\t\r",
        *(
            "- ",
            ": ",
            "? ",
            "\n  ",
            "\n- ",
            "<<: ",
            "&a ",
            "*a ",
            "!!str ",
            "---\n",
            "...\n",
            "%A\n",
        ),
        *("''", '""', '"\\0"', '"\\ud800"', '"\\UFFFFFFFF"', "|\n  a\n", ">-\n  a\n", "# c\n"),
        *("version: 1\n", "policies:\n", "name: a\n", "match: ", "tags: ", "regions: all\n", "env"),
        *("开发", "😀", "\ufeff", "\x85", "\u2028", "\x00", "\ud7ff", "\ufffe"),
    ]
)
yamlish = st.lists(scraps, max_size=30).map("".join)


@st.composite
def mutated(draw):
    """A real file with a few scraps put in, or a few pieces taken out."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 5))
        text = text[:at] + draw(scraps | st.just("")) + text[at + cut :]
    return text


def outcome(path):
    """Policies or PolicyMistakes; anything else is the failure of the test that asked."""
    try:
        found = load(path)
    except PolicyMistakes as caught:
        told = caught.mistakes
    else:
        assert isinstance(found, Policies)
        assert found.policies
        return
    assert told
    assert all(one.line >= 1 and one.column >= 1 for one in told)
    assert all("\n" not in str(one) for one in told)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "any.yml"


@given(st.binary(max_size=200))
@settings(deadline=None)  # a busy machine is no mistake
@example(b"\xff\xfev\x00e\x00r\x00")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_read_or_told_as_a_mistake_with_its_place(file, data):
    file.write_bytes(data)
    outcome(file)


@given(yamlish | mutated())
@settings(max_examples=examples(300), deadline=None)
def test_any_text_that_looks_like_yaml_is_read_or_told_as_a_mistake_with_its_place(file, text):
    file.write_text(text, "utf-8", newline="")
    outcome(file)


def tree(text, loader):
    complaints = yamltext.Complaints("any.yml")
    root = yamltext.read(text.encode(), complaints, loader)
    return plain(root), [one.message for one in complaints.listed()]


def plain(node):
    """The tree as values that can be compared: each node's place and what it holds."""
    if isinstance(node, yamltext.Text):
        held = (node.value, node.missing)
    elif isinstance(node, yamltext.Items):
        held = [plain(item) for item in node.items]
    elif isinstance(node, yamltext.Pairs):
        held = [(plain(key), plain(item)) for key, item in node.pairs]
    else:
        held = None
    return node and (type(node), node.line, node.column, held)


# What one parser takes and the other refuses: `{a:{b: c}}` without a space, a comment right behind
# `>` or `|`, and a `?` between brackets. None of them is read differently.
ONE_SIDED = (
    "found unexpected ':'",
    "expected chomping or indentation indicators, but found '#'",
    "put quotes around a text that has a ? in it",
    "did not find expected ',' or ']'",  # [a, ?], which has no key
    "did not find expected ',' or '}'",
)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without its C parser")
@given(yamlish | mutated())
@settings(max_examples=examples(500), deadline=None)
@example("a: [b, 'c', \"d\", e f]\nk:\n- \n-\n  - x\n")
@example("---")
@example("a: [dev-?, {b?: c}]")
def test_the_c_parser_and_the_python_parser_read_the_same(text):
    (fast, fast_said), (slow, slow_said) = (
        tree(text, loader) for loader in (yaml.CBaseLoader, yaml.BaseLoader)
    )
    if not fast_said and not slow_said:
        assert fast == slow
    elif not fast_said or not slow_said:
        (said,) = fast_said or slow_said
        assert said.rstrip(")").endswith(ONE_SIDED)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without its C parser")
@pytest.mark.parametrize("text", TEXTS)
def test_the_files_at_hand_read_the_same_with_either_parser(text):
    fast, slow = tree(text, yaml.CBaseLoader), tree(text, yaml.BaseLoader)
    if any("not YAML" in said for said in slow[1]):
        assert fast[1]  # each says it in its own words
    else:
        assert fast == slow


WORST = {
    "brackets": "[" * 200_000,
    "braces": "{a: " * 60_000,
    "dashes": "- " * 120_000,
    "questions": "? " * 120_000,
    "colons": ":" * 250_000,
    "indent": "\n".join(" " * depth + "a:" for depth in range(700)),
    "bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"b{i}: &b{i} [*a,*a,*a,*a,*a,*a]\n" for i in range(5000)),
    "keys": "\n".join(f"k{i}: 1" for i in range(20_000)),
    "same keys": "k: 1\n" * 50_000,
    "items": "version: 1\npolicies: [" + "a," * 100_000 + "]",
    "long word": "version: 1\n" + "p" * 250_000 + ": 1",
    "long key": '"' + "k" * 250_000 + '": 1',
    "anchors": "&a " * 80_000,
    "tags": "!a " * 80_000,
    "quotes": "'" * 250_000,
    "zones": "version: 1\npolicies:\n" + "- timezone: Asia/Shangai\n" * 9000,
    "regions": "version: 1\npolicies: [{regions: ["
    + ",".join(f"ap-shanghai-x{i}" for i in range(10_000))
    + "]}]",
    "ten megabytes": "a: b\n" * 2_000_000,
}


def test_the_worst_texts_end_in_a_mistake_and_in_time(tmp_path):
    """In a process of its own: what these once did to a parser was a segmentation fault."""
    for name, text in WORST.items():
        (tmp_path / f"{name}.yml").write_text(text)
    code = (
        "import sys, time, pathlib\n"
        "from lightsout.policies.load import load, PolicyMistakes\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    begun = time.monotonic()\n"
        "    try:\n"
        "        load(path)\n"
        "    except PolicyMistakes as mistakes:\n"
        "        print(path.stem, len(mistakes.mistakes), time.monotonic() - begun, sep='|')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert sorted(row[0] for row in rows) == sorted(WORST)
    assert all(int(row[1]) <= 101 for row in rows)
    slow = [row for row in rows if float(row[2]) > 10]
    assert not slow


def test_an_ordinary_file_is_read_in_a_few_milliseconds():
    load(ROOT / "policies")
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        load(ROOT / "policies/dev-nights.yml")
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.005
