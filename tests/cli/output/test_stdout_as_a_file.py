"""Where an option takes a path, `-` is stdout, or refused: no file of that name is made."""

from __future__ import annotations

import argparse
import json

import pytest

from lightsout.cli import main as command_line
from tests.support.simulated_run import DEV_NIGHTS

PATHS = {"FILE", "FOLDER"}  # by what an option that is written to calls its value
READ = {"--prices"}
ALONE = [
    ("report LOG -o -", "<!doctype html>", "</html>\n"),
    ("preview --svg -", "<svg ", "</svg>\n"),
    ("savings LOG --svg -", "<svg ", "</svg>\n"),
]
REFUSED = ["plan --log -", "run --dry-run --log -", "demo --report -", "package --out -"]
BOTH = ["preview --json --svg -", "savings LOG --csv --svg -"]


@pytest.fixture
def typed(stage, type_in, tmp_path, monkeypatch):
    """Types a command after a run, in an empty folder."""
    stage.policies(f'{DEV_NIGHTS}        when: {{between: ["20:00", "23:00"]}}\n')
    stage.fleet(2)
    stage.run()
    log = tmp_path / "run.jsonl"
    log.write_text("".join(f"{json.dumps(it)}\n" for it in stage.lines))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    yield lambda words: type_in(*(str(log) if it == "LOG" else it for it in words.split()))
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(("words", "begins", "ends"), ALONE)
def test_the_page_or_the_picture_is_all_of_stdout(typed, words, begins, ends):
    said = typed(words)

    assert said.status == 0, said.err
    assert said.out.lower().startswith(begins)
    assert said.out.endswith(ends)


@pytest.mark.parametrize("words", REFUSED)
def test_where_stdout_has_something_else_it_is_refused(typed, capsys, words):
    with pytest.raises(SystemExit) as ended:
        typed(words)

    assert ended.value.code == 2
    assert "stdout has what the command says" in capsys.readouterr().err


@pytest.mark.parametrize("words", BOTH)
def test_two_things_do_not_go_to_stdout_at_once(typed, words):
    said = typed(words)

    assert (said.status, said.out) == (2, "")
    assert "name a file for the picture" in said.err


def test_every_option_that_is_written_to_is_in_these_lists():
    parser = command_line._parser()
    commands = next(
        it.choices for it in parser._actions if isinstance(it, argparse._SubParsersAction)
    )
    found = {
        (name, option)
        for name, one in commands.items()
        for action in one._actions
        for option in action.option_strings[:1]
        if action.metavar in PATHS and option not in READ
    }

    listed = [words.split() for words in [*(it[0] for it in ALONE), *REFUSED]]
    assert found == {(words[0], words[-2]) for words in listed}
