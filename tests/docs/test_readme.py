"""The README is true: its commands run, its examples are read."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lightsout.cli.main import main
from lightsout.events.parse import read_request
from lightsout.policies.load import PolicyMistakes, load
from lightsout.simulator import Function
from tests.support.paths import ROOT
from tests.support.simulated_run import only_entry

README, DEPLOY, TRIGGERS, HOURS, REPORT = (
    (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md", "docs/deploy.md", "docs/triggers.md", "docs/hours.md", "docs/report-and-log.md"
    )
)  # fmt: skip


# From an empty folder to a function, and back: tests/runs/test_installed.py goes it.
WAY = (
    "lightsout init mine && cd mine",
    "lightsout deploy",
    "lightsout deploy --arm",
    "lightsout remove",
)


def blocks(language, page=README):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def commands():
    lines = [
        line.partition("#")[0].strip() for block in blocks("sh") for line in block.splitlines()
    ]
    return [line for line in lines if line]


def test_each_kind_of_command_has_its_test_here():
    ours = r"make [\w-]+|lightsout .*|git clone .*|pip install .*"

    assert [line for line in commands() if not re.fullmatch(ours, line)] == []
    assert len(commands()) > 10


def test_the_commands_for_people_run_as_written(stage, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    stage.policies(blocks("yaml")[0])
    stage.fleet(2, tags={"env": "dev", "auto-stop": ""})
    stage.fleet(8, first=100, tags={})
    stage.world.functions.append(Function())

    for line in commands():
        if line.startswith("lightsout ") and line not in WAY:
            argv = shlex.split(line)[1:]
            assert main(argv, stage.surroundings()) == 0, (line, capsys.readouterr())

    assert "2 confirmed" in capsys.readouterr().out


def test_the_whole_way_is_the_one_that_is_gone_from_the_installed_package():
    gone = (ROOT / "tests" / "runs" / "test_installed.py").read_text("utf-8")

    assert set(WAY) <= set(commands())
    for line in WAY:
        assert f'"{line.split()[1]}"' in gone


def test_the_simulator_starts_as_written_and_tells_what_to_set():
    command = [sys.executable, "-m", "lightsout", "simulator", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline()
        process.terminate()

    assert "http://127.0.0.1:" in first


@pytest.mark.parametrize(
    "target", [line.split()[1] for line in commands() if line.startswith("make ")]
)
def test_each_make_target_exists_and_ci_runs_it(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert f"make {target}\n" in ci


def test_a_moment_of_soak_holds_the_laws():
    command = [sys.executable, "-m", "tools.soak", "--minutes", "0.001", "--seed", "7"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert "no law broken" in done.stdout, done.stderr


def test_the_example_policy_is_the_one_that_is_shipped(tmp_path):
    (tmp_path / "dev-nights.yml").write_text(blocks("yaml")[0], encoding="utf-8")

    ((told,), (shipped,)) = (load(where).policies for where in (tmp_path, ROOT / "policies"))

    assert told._replace(place="") == shipped._replace(place="")


def test_the_example_policy_is_read_and_does_what_it_says(stage):
    stage.policies(blocks("yaml")[0])
    (ours,) = stage.fleet(1, tags={"env": "test", "auto-stop": ""})
    stage.fleet(1, first=10, tags={"env": "test"})
    stage.fleet(1, first=20, tags={"env": "test", "auto-stop": "1", "role": "bastion"})
    stage.fleet(5, first=30, tags={})

    assert only_entry(stage.run())["stopped"] == [ours]


def test_the_pair_of_policies_is_off_in_the_evening_and_on_in_the_morning(stage):
    stage.policies(blocks("yaml", HOURS)[0])
    ids = stage.fleet(2, tags={"office-hours": ""}, start_seconds=2.0)

    report = stage.run({})
    assert [entry["status"] for entry in report["policies"]] == ["not due", "ok"]
    assert stage.states(ids) == {"STOPPED"}

    stage.clock.advance(12.6 * 3600)  # Tuesday, half past eight and a bit
    assert stage.run({})["counts"]["started"] == 2
    stage.clock.advance(4 * 86400)  # Saturday
    assert stage.run({})["counts"]["matched"] == 0


def test_the_example_mistake_is_the_one_that_is_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (line,) = [block.strip() for block in blocks("text") if block.startswith("policies/")]
    Path("policies").mkdir()
    Path("policies/dev.yml").write_text(
        "version: 1\npolicies:\n  - name: dev\n    regions: [ap-guangzhou]\n"
        "    resource: lighthose\n    match: {tags: {a: b}}\n"
    )

    with pytest.raises(PolicyMistakes) as wrong:
        load(Path("policies"))

    assert str(wrong.value) == line


def test_the_example_request_and_log_line_are_of_the_form_they_show(stage):
    log_line, request = (json.loads(blocks("json", page)[0]) for page in (REPORT, README))
    stage.fleet(1)
    stage.run()

    assert read_request(request).dry_run is True
    assert list(stage.logged("stop.accepted")[0]) == list(log_line)


def test_the_policy_for_alarms_acts_on_the_machine_of_the_alarm_alone(stage):
    stage.policies(blocks("yaml", TRIGGERS)[0])
    first, _ = stage.fleet(2)
    alarm = {
        "specversion": "1.0",
        "source": "lighthouse.cloud.tencent",
        "type": "lighthouse:ErrorEvent:ping_unreachable",
        "subject": first,
        "status": "1",
        "data": {"instanceId": first},
    }

    assert only_entry(stage.run(alarm))["stopped"] == [first]
