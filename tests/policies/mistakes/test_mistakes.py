"""Pairs of a bad file and exactly what is said about it, and what is said about folders."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout.policies.load import PolicyMistakes, load

HERE = Path(__file__).parent
BAD = sorted(path.name for path in (HERE / "bad").glob("*.yml"))
GOOD = """\
version: 1
policies:
  - name: {name}
    resource: lighthouse
    regions: [ap-guangzhou]
    match: {{tags: {{env: dev}}}}
"""


def lines(path):
    with pytest.raises(PolicyMistakes) as caught:
        load(path)
    assert str(caught.value) == "\n".join(map(str, caught.value.mistakes))
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_every_mistake_with_its_place(name, monkeypatch):
    monkeypatch.chdir(HERE)
    expected = Path("bad", name).with_suffix(".txt").read_text("utf-8")
    assert "\n".join(lines(Path("bad", name))) + "\n" == expected


def test_ten_different_mistakes_give_ten_lines():
    assert len(lines(HERE / "bad/ten-mistakes.yml")) == 10


def test_the_mistakes_of_all_files_come_in_one_go_and_a_broken_one_hides_no_other(tmp_path):
    (tmp_path / "a.yml").write_text("version: [\n")
    (tmp_path / "b.yaml").write_text(GOOD.format(name="Bad Name"))
    (tmp_path / "c.YML").write_text("")
    said = lines(tmp_path)
    assert [Path(line.split(":")[0]).name for line in said] == ["a.yml", "b.yaml", "c.YML"]


def test_two_policies_of_one_name_in_two_files_are_told_with_both_places(tmp_path):
    (tmp_path / "a.yml").write_text(GOOD.format(name="dev"))
    (tmp_path / "b.yml").write_text(GOOD.format(name="dev"))
    first, second = tmp_path / "a.yml", tmp_path / "b.yml"
    assert lines(tmp_path) == [
        f"{second}:3:11: a second policy named dev, the first is at {first}:3:11"
    ]


def test_a_folder_without_policy_files_is_a_mistake(tmp_path):
    (tmp_path / "README.md").write_text("nothing here")
    (tmp_path / ".hidden.yml").write_text(GOOD.format(name="hidden"))
    (tmp_path / "sub.yml").mkdir()
    (tmp_path / "sub.yml" / "deep.yml").write_text(GOOD.format(name="deep"))
    assert lines(tmp_path) == [
        f"{tmp_path}:1:1: no policies: the folder holds no *.yml and no *.yaml"
    ]


def test_a_path_that_is_not_there_is_a_mistake(tmp_path):
    gone = tmp_path / "policies"
    assert lines(gone) == [f"{gone}:1:1: cannot be read: No such file or directory"]
    assert len(lines(Path("a\0b"))) == 1
    assert lines(Path("x" * 5000))[0].endswith(f"cannot be read: {os.strerror(errno.ENAMETOOLONG)}")


def test_a_pipe_among_the_policies_is_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yml")
    where = tmp_path / "pipe.yml"
    assert lines(tmp_path) == [f"{where}:1:1: cannot be read: not a regular file"]


def test_a_link_to_nowhere_is_told(tmp_path):
    (tmp_path / "good.yml").write_text(GOOD.format(name="good"))
    (tmp_path / "lost.yml").symlink_to("nowhere")
    assert lines(tmp_path) == [f"{tmp_path / 'lost.yml'}:1:1: cannot be read: {os.strerror(2)}"]


def test_a_file_over_256_kb_is_refused_and_one_just_below_is_read(tmp_path):
    text = GOOD.format(name="dev")
    file = tmp_path / "large.yml"
    file.write_text(text + "#" * (256 * 1024 - len(text)))
    assert load(file).policies[0].name == "dev"
    file.write_text(text + "#" * (256 * 1024 - len(text) + 1))
    assert lines(file) == [f"{file}:1:1: larger than 256 KB: split it into several files"]


def test_more_than_a_hundred_mistakes_are_counted_and_not_listed():
    said = lines(HERE / "bad/many.yml")
    assert len(said) == 101
    assert said[-1].endswith(": and 550 more in this file")


def test_columns_count_characters_whatever_their_width(tmp_path):
    file = tmp_path / "a.yml"
    file.write_text("version: 1\npolicies: [{😀名称: x}]\n", "utf-8")
    assert f"{file}:2:13: unknown key '😀名称'" in "\n".join(lines(file))


BEFORE = ("policies:", "    resource: lighthouse", "      tags:")  # lines of the file below
FLAWS = {
    "{a: 1, a: 2}": "'a' is repeated in ",
    "{a: }": "a has no value",
    "{<<: {a: 1}}": "merge keys (<<) are not allowed",
    "{? [a] : 1}": "must be a text",
}
AROUND = ("{{x: {}}}", "[{}]", "[y, {}]", "{{y: z, x: {}}}")


@given(
    st.sampled_from(BEFORE),
    st.sampled_from(sorted(FLAWS)),
    st.lists(st.sampled_from(AROUND), max_size=8),
)
@settings(deadline=None)
def test_below_an_unknown_key_nothing_hides_however_deep(tmp_path_factory, before, flaw, around):
    text = GOOD.format(name="dev").replace("{tags: {env: dev}}", "\n      tags:\n        env: dev")
    inside = flaw
    for form in around:
        inside = form.format(inside)
    indent = " " * (len(before) - len(before.lstrip()))
    file = tmp_path_factory.mktemp("below") / "a.yml"
    file.write_text(text.replace(before, f"{indent}strange: {inside}\n{before}"))
    unknown, *below = lines(file)
    assert "unknown key 'strange'" in unknown
    assert any(FLAWS[flaw] in line for line in below), (file.read_text(), below)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_do_not_move_a_place(tmp_path, ends):
    file = tmp_path / "a.yml"
    text = "\ufeff" + GOOD.format(name="UPPER").replace("\n", ends)
    file.write_bytes(text.encode())
    assert lines(file) == [f"{file}:3:11: name wants 1 to 64 of a-z, 0-9 and -, not 'UPPER'"]


def test_a_long_or_many_lined_value_does_not_flood_the_message(tmp_path):
    file = tmp_path / "a.yml"
    file.write_text(GOOD.format(name='"' + "x\\n" * 5000 + '"'))
    (said,) = lines(file)
    assert len(said) < 300
    file.write_text("version: 1\n" + "k" * 900 + ": [\n")
    (said,) = lines(file)
    assert len(said) < 600


def test_a_line_end_in_a_key_or_value_does_not_make_a_second_line_of_the_message(tmp_path):
    file = tmp_path / "a.yml"
    tags = r'{tags: {"a\nb": }, instances: "x\ny"}'
    file.write_text(GOOD.format(name="a").replace("{tags: {env: dev}}", tags))
    key = r"a key in tags wants a tag key of 1 to 127 characters, without wildcards, not 'a\nb'"
    assert [line.split(": ", 1)[1] for line in lines(file)] == [
        f'{key}: it has U+000A, which no tag can have (did you mean "a b"?)',
        r'a\nb has no value: write "" for the empty text; the key has U+000A',
        r"instances wants a list of instance IDs, not 'x\ny': it has U+000A",
    ]
