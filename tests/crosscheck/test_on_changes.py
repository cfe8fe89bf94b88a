"""The hook installed and run by pre-commit itself; the action installed from its lock file."""

from __future__ import annotations

import os
import subprocess

import pytest
import yaml

from tests.support.paths import ROOT
from tests.support.sample_repository import AFTER, git, make_repository

pytestmark = pytest.mark.crosscheck


def run(command, top, **environ):
    return subprocess.run(
        command,
        cwd=top,
        env=os.environ | {key: str(value) for key, value in environ.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_pre_commit_installs_the_hook_and_runs_it(tmp_path):
    top = tmp_path / "clone"
    folder = make_repository(top)
    command = [os.environ["PRE_COMMIT"], "try-repo", ROOT, "lightsout-check", "--all-files"]

    def tried():
        git(top, "add", "--all")
        return run(command, top, PRE_COMMIT_HOME=tmp_path / "cache")

    good = tried()
    (folder / "dev.yml").write_text(AFTER.replace("lighthouse", "lighthose"), "utf-8")
    bad = tried()

    assert good.returncode == 0, good.stdout + good.stderr
    assert bad.returncode == 1
    assert "policies/dev.yml:4:15: resource wants lighthouse, cvm, hai or notebook" in bad.stdout


def test_the_action_installs_from_its_lock_file_and_checks(tmp_path):
    top = tmp_path / "clone"
    make_repository(top)
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    scripts = {step["name"]: step["run"] for step in steps}
    environ = {
        "RUNNER_TEMP": tmp_path,
        "GITHUB_ACTION_PATH": ROOT,
        "GITHUB_WORKSPACE": top,
        "POLICIES": "policies",
        "PYTHONPATH": ROOT,
    }

    for name in ("install", "check"):
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scripts[name]]
        done = run(bash, top, **environ)

        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "1 policy in 1 file: no mistakes\n"
