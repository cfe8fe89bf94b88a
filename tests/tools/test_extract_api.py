"""The tool that cuts the official description down."""

from __future__ import annotations

import json

import pytest

from tools import extract_api as tool


def scalar(name, kind, **flags):
    return {"name": name, "type": kind, "member": kind, "document": "long", **flags}


DESCRIPTION = {
    "actions": {
        "StopInstances": {"input": "StopRequest", "output": "StopAnswer", "document": "long"},
        "ResetInstance": {"input": "ResetRequest", "output": "ResetAnswer"},
    },
    "objects": {
        "StopRequest": {"members": [scalar("StopType", "string", required=True)]},
        "StopAnswer": {
            "members": [{"name": "Tags", "type": "list", "member": "Tag", "required": False}]
        },
        "Tag": {
            "members": [scalar("Value", "string", value_allowed_null=True, output_required=False)]
        },
        "ResetRequest": {"members": []},
    },
}


def test_only_what_is_served_and_what_it_reaches_is_kept():
    assert tool.extract(DESCRIPTION, "lighthouse", "2020-03-24", served=True) == {
        "service": "lighthouse",
        "version": "2020-03-24",
        "actions": {"StopInstances": {"input": "StopRequest", "output": "StopAnswer"}},
        "objects": {
            "StopRequest": [
                {"name": "StopType", "type": "string", "member": "string", "required": True}
            ],
            "StopAnswer": [{"name": "Tags", "type": "list", "member": "Tag"}],
            "Tag": [
                {
                    "name": "Value",
                    "type": "string",
                    "member": "string",
                    "nullable": True,
                    "optional": True,
                }
            ],
        },
    }


def test_of_what_is_only_called_the_answers_are_left_out(monkeypatch):
    monkeypatch.setattr(tool, "CALLED_TO_DEPLOY", {("any", "2020-01-01"): ("StopInstances",)})

    kept = tool.extract(DESCRIPTION, "any", "2020-01-01", served=False)

    assert kept["actions"] == {"StopInstances": {"input": "StopRequest"}}
    assert list(kept["objects"]) == ["StopRequest"]


def test_the_vendored_file_is_laid_out_as_the_tool_does_it():
    files = [*tool.API.glob("*.json"), *tool.DEPLOY_API.glob("*.json")]

    assert len(files) == len(tool.SERVED) + len(tool.CALLED_TO_DEPLOY)
    for file in files:
        text = file.read_text("utf-8")
        assert tool.as_text(json.loads(text)) == text


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The tool writes into a folder of the test, from a small description."""
    monkeypatch.setattr(tool, "API", tmp_path)
    monkeypatch.setattr(tool, "DEPLOY_API", tmp_path / "deploy")
    (tmp_path / "deploy").mkdir()
    monkeypatch.setattr(tool, "installed_description", lambda _service, _version: DESCRIPTION)
    return tmp_path


def test_check_prints_what_differs_and_fails(elsewhere, capsys):
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    capsys.readouterr()
    assert tool.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    path = elsewhere / "lighthouse-2020-03-24.json"
    path.write_text(path.read_text("utf-8").replace("StopType", "StopKind"), "utf-8")
    assert tool.main(["--check"]) == 1
    assert '+    "name": "StopType",' in capsys.readouterr().out


def test_check_looks_at_every_service(elsewhere, capsys):
    tool.main([])
    (elsewhere / "cvm-2017-03-12.json").unlink()
    assert tool.main(["--check"]) == 1
    assert '+ "service": "cvm",' in capsys.readouterr().out
