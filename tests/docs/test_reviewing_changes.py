"""docs/reviewing-changes.md: the comment on the page is what the command prints."""

from __future__ import annotations

import re

from lightsout.cli.main import main
from tests.support.paths import ROOT
from tests.support.sample_repository import AFTER, add_fleet, make_repository

PAGE = (ROOT / "docs" / "reviewing-changes.md").read_text("utf-8")


def test_the_comment_on_the_page_is_what_the_command_prints_about_the_sample(
    stage, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(make_repository(tmp_path / "clone").parent)
    add_fleet(stage.world)
    words = re.search(r"^lightsout (plan .* markdown)$", PAGE, re.MULTILINE)[1]

    status = main([*words.split(), "--policies", "policies"], stage.surroundings())

    shown = PAGE.partition("<!-- the comment: begin -->\n")[2].partition("<!-- the comment: end")[0]
    assert capsys.readouterr().out == shown
    assert status == 1


def test_the_mistake_on_the_page_is_what_check_prints(stage, tmp_path, monkeypatch, capsys):
    folder = make_repository(tmp_path / "clone")
    (folder / "dev.yml").write_text(AFTER.replace("lighthouse", "lighthose"), "utf-8")
    monkeypatch.chdir(tmp_path / "clone")

    main(["check", "policies"], stage.surroundings())

    assert f"```text\n{capsys.readouterr().out}```" in PAGE
