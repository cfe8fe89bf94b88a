"""The hook of pre-commit and the action of GitHub, as their files say them."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT
from tests.support.sample_repository import AFTER, BEFORE, add_fleet, make_repository

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}

# The hook ----------------------------------------------------------------------------------------


def run_hook(top: Path) -> subprocess.CompletedProcess:
    program, *words = HOOK["entry"].split()
    assert program == "python"
    return subprocess.run(
        [sys.executable, *words, *HOOK["args"]],
        cwd=top,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hook_lets_good_policies_pass_and_stops_at_a_mistake(tmp_path):
    folder = make_repository(tmp_path / "clone")

    assert run_hook(tmp_path / "clone").returncode == 0
    (folder / "dev.yml").write_text(AFTER.replace("lighthouse", "lighthose"), "utf-8")
    done = run_hook(tmp_path / "clone")

    assert done.returncode == 1
    assert done.stdout.startswith(
        "policies/dev.yml:4:15: resource wants lighthouse, cvm, hai or notebook"
    )


def test_the_hook_runs_for_changes_of_policies_and_of_nothing_else():
    runs = re.compile(HOOK["files"]).search

    assert all(map(runs, ("policies/a.yml", "ops/policies/b.yaml", "serverless.yml")))
    assert not any(map(runs, ("README.md", "policies/old/a.yml", "policies/README.md", "a.yml")))


# The action --------------------------------------------------------------------------------------


class Runner:
    """Runs the steps of action.yml as GitHub's runner does, with a stand-in for `gh`."""

    def __init__(self, live, tmp_path: Path) -> None:
        self.top = tmp_path / "clone"
        self.folder = make_repository(self.top, origin=True)
        self.files = {
            name: tmp_path / name.lower()
            for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GH_CALLS")
        }
        (tmp_path / "bin").mkdir()
        gh = tmp_path / "bin" / "gh"
        gh.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            "with open(os.environ['GH_CALLS'], 'a') as calls:\n"
            "    print(json.dumps(sys.argv[1:]), file=calls)\n"
            "if '--paginate' in sys.argv and os.environ.get('COMMENTED'):\n"
            "    print(os.environ['COMMENTED'])\n"
        )
        gh.chmod(gh.stat().st_mode | stat.S_IEXEC)
        # In the place of the step that installs: `make crosscheck` runs that one.
        (tmp_path / "lightsout").symlink_to(sys.prefix)
        self.environ = live.environ | {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(self.top),
            "GITHUB_REPOSITORY": "somebody/machines",
            **{name: str(path) for name, path in self.files.items()},
        }
        self.facts = {
            "inputs.policies": "policies",
            "inputs.token": "a-token",
            "github.action_path": str(ROOT),
            "github.base_ref": "main",
            "github.event.pull_request.number": "7",
        }

    def run(self, name: str, **environ: str) -> subprocess.CompletedProcess:
        step = STEPS[name]
        assert step["shell"] == "bash"
        given = {key: self.value(text) for key, text in step.get("env", {}).items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.top,
            env=self.environ | given | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def value(self, text: str) -> str:
        outputs = {f"steps.diff.outputs.{key}": told for key, told in self.outputs().items()}
        known = self.facts | outputs
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda it: known[it[1]], text)

    def outputs(self) -> dict[str, str]:
        text = self.read("GITHUB_OUTPUT")
        return dict(line.split("=", 1) for line in text.splitlines())

    def read(self, name: str) -> str:
        return self.files[name].read_text("utf-8") if self.files[name].exists() else ""

    def gh_calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.read("GH_CALLS").splitlines()]


@pytest.fixture
def runner(live, tmp_path):
    add_fleet(live.world)
    return Runner(live, tmp_path)


def test_no_text_of_a_change_becomes_part_of_a_script():
    assert all("${{" not in step["run"] for step in STEPS.values())


def test_the_action_checks_and_marks_mistakes_at_their_lines(runner):
    assert runner.run("check").returncode == 0

    (runner.folder / "dev.yml").write_text(AFTER.replace("lighthouse", "lighthose"), "utf-8")
    done = runner.run("check")

    assert done.returncode == 1
    assert done.stdout.startswith("::error file=policies/dev.yml,line=4,col=15,title=lightsout::")


def test_no_module_of_the_change_is_imported(runner):
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 knows no PYTHONSAFEPATH")
    (runner.top / "yaml.py").write_text("raise SystemExit('imported')")

    assert runner.run("check").returncode == 0


def test_the_action_compares_with_the_branch_that_the_change_goes_to(runner):
    done = runner.run("compare")

    assert done.returncode == 0, done.stderr
    assert runner.outputs()["changed"] == "true"
    comment = Path(runner.outputs()["comment-file"]).read_text("utf-8")
    assert "Compared with origin/main: 2 newly stopped, 1 no longer stopped" in comment
    assert runner.read("GITHUB_STEP_SUMMARY") == comment


def test_where_nothing_changes_it_says_so_and_does_not_fail(runner):
    (runner.folder / "dev.yml").write_text(BEFORE, "utf-8")

    done = runner.run("compare")

    assert (done.returncode, runner.outputs()["changed"]) == (0, "false")


def test_policies_that_cannot_be_read_fail_the_comparison(runner):
    (runner.folder / "dev.yml").write_text("version: 2\n", "utf-8")

    done = runner.run("compare")

    assert done.returncode == 1
    assert runner.outputs() == {}


def test_without_credentials_nothing_is_compared_and_nothing_fails(runner):
    done = runner.run("compare", TENCENTCLOUD_SECRET_ID="")

    assert done.returncode == 0
    assert done.stdout.startswith("::notice title=lightsout::not compared")
    assert runner.outputs() == {}


def test_the_first_push_makes_a_comment_and_the_next_writes_it_anew(runner):
    runner.run("compare")
    body = f"body=@{runner.outputs()['comment-file']}"

    first = runner.run("comment")
    second = runner.run("comment", COMMENTED="4711")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    written = [call for call in runner.gh_calls() if "--method" in call]
    comments = "repos/somebody/machines/issues"
    assert [call[2:] for call in written] == [
        ["--method", "POST", f"{comments}/7/comments", "--field", body],
        ["--method", "PATCH", f"{comments}/comments/4711", "--field", body],
    ]


def test_the_steps_are_those_that_are_run_here():
    assert [*STEPS] == ["install", "check", "compare", "comment"]
