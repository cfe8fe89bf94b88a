"""`init`: a folder with a first policy; everything is asked before anything is written."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys

import pytest
import yaml

from lightsout.base.clock import SystemClock
from lightsout.cli.main import main
from lightsout.cli.own_folder import questions
from lightsout.cli.packaging.origin import samples
from lightsout.policies.load import load
from lightsout.simulator import Fault
from lightsout.simulator.functions.sandbox import held_to_modes
from tests.support.paths import ROOT
from tests.support.serverless_yml import shipped

FILES = {
    ".github/workflows/check-policies.yml",
    ".gitignore",
    "README.md",
    "policies/stop-dev.yml",
    "serverless.yml",
}


@pytest.fixture
def folder(stage, tmp_path):
    """Where it is made; the environment names no other policies."""
    del stage.environ["LIGHTSOUT_POLICIES"]
    return tmp_path / "mine"


@pytest.fixture
def type_there(stage, folder, capsys):
    """Types a command in the folder."""

    def type_there(*words):
        capsys.readouterr()
        outside = stage.surroundings()._replace(beside=folder, clock=SystemClock())
        return main([*map(str, words)], outside), *capsys.readouterr()

    return type_there


@pytest.fixture
def answer(monkeypatch):
    """Somebody at a terminal, who types these lines."""

    def answer(*lines):
        monkeypatch.setattr(questions, "is_somebody_there", lambda: True)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{it}\n" for it in lines)))

    return answer


def files_in(folder):
    return {it.relative_to(folder).as_posix() for it in folder.rglob("*") if it.is_file()}


def without_credentials(stage):
    for name in [name for name in stage.environ if name.startswith("TENCENT")]:
        del stage.environ[name]


def test_it_makes_a_folder_that_check_takes_without_a_warning_and_plan_finds_machines_by(
    stage, folder, type_in, type_there
):
    stage.fleet(3)
    stage.fleet(5, first=10, tags={"env": "prod"})

    said = type_in("init", folder, "--yes")

    assert (said.status, said.err) == (0, "")
    assert files_in(folder) == FILES
    assert "env=dev: carried by 3 of 8 machines" in said.out
    assert all(f"made {folder / name}" in said.out for name in FILES)
    status, out, _ = type_there("check")
    assert (status, out) == (0, "1 policy in 1 file: no mistakes\n")
    _, planned, _ = type_there("plan", "--at", "2027-03-01T20:10", "--json")
    assert planned.count('"would_stop"') == 3


def test_its_function_is_the_project_s_own_in_a_dry_run_where_the_machines_are(
    stage, folder, type_in
):
    stage.fleet(1, region="ap-tokyo")

    type_in("init", folder, "--yes")

    inputs = yaml.safe_load((folder / "serverless.yml").read_text())["inputs"]
    assert inputs == {**shipped(), "region": "ap-tokyo"}
    assert inputs["environment"]["variables"]["LIGHTSOUT_DRY_RUN"] == "1"


def test_two_services_have_a_policy_each(stage, folder, type_in, type_there):
    stage.fleet(3)
    stage.world.add(service="cvm", tags={"env": "dev"})

    type_in("init", folder, "--yes")

    policies = load(folder / "policies").policies
    assert [(it.name, it.resource) for it in policies] == [
        ("stop-dev-lighthouse", "lighthouse"),
        ("stop-dev-cvm", "cvm"),
    ]
    assert type_there("check")[:2] == (0, "2 policies in 1 file: no mistakes\n")


def test_what_is_there_stays_as_it_is_and_what_is_missing_is_added(stage, folder, type_in):
    stage.fleet(1)
    (folder / "policies").mkdir(parents=True)
    (folder / "policies/ours.yaml").write_text("ours")
    (folder / "README.md").write_text("ours")
    (folder / "serverless.yml").symlink_to(folder / "elsewhere.yml")

    said = type_in("init", folder, "--yes")

    assert said.status == 0
    assert files_in(folder) == FILES - {"policies/stop-dev.yml", "serverless.yml"} | {
        "policies/ours.yaml"
    }
    assert (folder / "README.md").read_text() == "ours"
    assert f"kept {folder}/policies, which has policies" in said.out
    assert f"kept {folder}/README.md" in said.out
    assert f"kept {folder}/serverless.yml" in said.out
    assert len(stage.sim.journal) == 0


def test_again_it_changes_nothing(stage, folder, type_in):
    stage.fleet(1)
    type_in("init", folder, "--yes")
    before = {name: (folder / name).read_bytes() for name in FILES}

    said = type_in("init", folder, "--yes")

    assert said.status == 0
    assert "made" not in said.out
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before


def test_without_credentials_the_policy_is_about_a_tag_that_nobody_has_yet(
    stage, folder, type_in, type_there
):
    without_credentials(stage)

    said = type_in("init", folder, "--yes")

    assert said.status == 0
    assert said.err.startswith("no credentials, so no machine was looked at")
    (policy,) = load(folder / "policies").policies
    assert policy.match.tags == {"auto-stop": ("yes",)}
    assert type_there("check")[0] == 0


def test_where_the_services_do_not_answer_it_says_so_and_makes_the_folder(stage, folder, type_in):
    stage.sim.faults.add(Fault("error", times=None, code="AuthFailure.SecretIdNotFound"))

    said = type_in("init", folder, "--yes")

    assert said.status == 0
    assert "lighthouse is unknown: DescribeRegions: AuthFailure.SecretIdNotFound" in said.err
    assert "policies/auto-stop.yml" in files_in(folder)


def test_each_answer_has_a_flag(stage, folder, type_in):
    stage.fleet(1)
    flags = ["--tag", "team=a,b", "--tag", "env=*", "--resource", "cvm", "--region", "all"]
    flags += ["--days", "mon,tue", "--days", "sun", "--between", "22:00-06:00"]
    flags += ["--timezone", "Europe/Berlin", "--function-region", "eu-frankfurt"]

    assert type_in("init", folder, *flags).status == 0

    (policy,) = load(folder / "policies").policies
    assert policy.match.tags == {"team": ("a", "b"), "env": ("*",)}
    assert (policy.resource, policy.regions) == ("cvm", ("all",))
    text = (folder / "policies/stop-a.yml").read_text()
    assert "days: [mon, tue, sun]\n" in text
    assert 'between: ["22:00", "06:00"]\n' in text
    assert "timezone: Europe/Berlin\n" in text
    assert "region: eu-frankfurt" in (folder / "serverless.yml").read_text()


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--resource", "lighthose", "did you mean lighthouse?"),
        ("--resource", "hai", "hai has no tags: for it, write a policy with `names`"),
        ("--region", "guangzhou", "did you mean ap-guangzhou?"),
        ("--days", "weekdays", "days wants"),
        ("--between", "20:00", "two times such as 20:00-23:30"),
        ("--between", "20:00-20:00", "between"),
        ("--timezone", "Asia/Shanghaii", "did you mean Asia/Shanghai?"),
        ("--tag", "=dev", "a tag without a key"),
        ("--tag", "env='dev'", "env"),
        ("--function-region", "x", "--function-region wants a region"),
    ],
)
def test_a_flag_that_no_policy_can_have_is_refused_and_nothing_is_written(
    folder, type_in, flag, value, says
):
    said = type_in("init", folder, flag, value)

    assert said.status == 2
    assert says in said.err
    assert not folder.exists()


@pytest.mark.parametrize("name", samples())
def test_a_sample_can_be_the_first_policy_and_check_takes_it(
    stage, folder, type_in, type_there, name
):
    said = type_in("init", folder, "--sample", name)

    assert said.status == 0
    assert files_in(folder) == FILES - {"policies/stop-dev.yml"} | {f"policies/{name}.yml"}
    assert "yaml-language-server" not in (folder / f"policies/{name}.yml").read_text()
    assert len(stage.sim.journal) == 0
    assert type_there("check")[0] == 0


def test_a_sample_takes_no_other_choices(folder, type_in):
    said = type_in("init", folder, "--sample", "dev-nights", "--tag", "env=qa")

    assert said.status == 2
    assert "--sample is a whole policy: without --tag" in said.err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        ("intl.tencentcloudapi.com", '      LIGHTSOUT_ENDPOINT: "intl.tencentcloudapi.com"\n'),
        (None, ""),
    ],
)
def test_a_domain_of_the_services_is_the_function_s_too_and_a_simulator_s_address_is_not(
    stage, folder, type_in, type_there, endpoint, line
):
    stage.environ["LIGHTSOUT_ENDPOINT"] = endpoint or stage.sim.url

    type_in("init", folder, "--sample", "dev-nights")

    text = (folder / "serverless.yml").read_text()
    assert line in text
    assert ("LIGHTSOUT_ENDPOINT" in text) is bool(line)
    assert type_there("check")[0] == 0


# Questions ---------------------------------------------------------------------------------------


def test_enter_takes_what_is_proposed(stage, folder, type_in, answer):
    stage.fleet(3)
    answer("", "", "", "", "", "")

    said = type_in("init", folder)

    assert "env  dev    3" in said.out
    assert "by KEY=VALUE[,VALUE] [env=dev]: " in said.out
    assert "In which regions, or all [ap-guangzhou]: " in said.out
    assert files_in(folder) == FILES


def test_an_answer_that_no_policy_can_have_is_asked_again(stage, folder, type_in, answer):
    stage.fleet(3)
    answer("=x", "env=test", "lighthose", "lighthouse", "", "", "8-9", "19:00-22:00", "CST", "")

    said = type_in("init", folder)

    assert said.status == 0
    assert "env=test: carried by no machine yet" in said.out
    assert "  a tag without a key" in said.err
    assert "did you mean lighthouse?" in said.err
    (policy,) = load(folder / "policies").policies
    assert policy.match.tags == {"env": ("test",)}
    assert 'between: ["19:00", "22:00"]' in (folder / "policies/stop-test.yml").read_text()


def test_what_a_flag_says_is_not_asked(stage, folder, type_in, answer):
    stage.fleet(3)
    answer("", "", "")
    flags = ["--tag", "env=dev", "--days", "workdays", "--timezone", "UTC"]

    said = type_in("init", folder, *flags)

    assert (said.status, said.out.count("]: ")) == (0, 3)


@pytest.mark.parametrize("lines", [[], ["env=dev"], ["env=dev", "", "", "", ""]])
def test_whoever_goes_away_in_the_middle_leaves_nothing_behind(folder, type_in, answer, lines):
    answer(*lines)

    said = type_in("init", folder)

    assert said.status == 1
    assert said.err == "nothing was written\nlightsout: interrupted\n"
    assert not folder.exists()


def on_a_terminal(live, folder, typed):
    """A child at a terminal, somebody who types, and what was to be seen there."""
    import pty

    near, far = pty.openpty()
    live.environ["TERM"] = "dumb"
    child = live.start("init", folder, stdin=far, stdout=far, stderr=far)
    os.close(far)
    os.write(near, typed.encode())
    seen = b""
    with contextlib.suppress(OSError):  # Linux's way of telling that the other end is closed
        while part := os.read(near, 65536):
            seen += part
    os.close(near)
    return child.wait(timeout=30), seen.decode()


def test_at_a_terminal_it_asks_and_each_answer_counts(live, folder):
    live.fleet(3)
    del live.environ["LIGHTSOUT_POLICIES"]

    status, seen = on_a_terminal(live, folder, "env=dev,test\n\n\nworkdays\n\n\n")

    assert (status, seen.count("]: ")) == (0, 6)
    assert "env=dev,test: carried by 3 of 3 machines" in seen
    text = (folder / "policies/stop-dev.yml").read_text()
    assert "env: [dev, test]" in text
    assert "days: workdays\n" in text


def test_at_a_terminal_the_end_of_the_input_leaves_nothing_behind(live, folder):
    status, seen = on_a_terminal(live, folder, "\x04")

    assert status == 1
    assert "nothing was written" in seen
    assert not folder.exists()


def test_the_page_names_every_flag_and_no_other(capsys):
    with pytest.raises(SystemExit):
        main(["init", "--help"])
    flags = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    page = (ROOT / "docs/begin.md").read_text(encoding="utf-8")
    chapter = page.partition("## Make the folder")[2].partition("\n## ")[0]

    assert set(re.findall(r"--[a-z][a-z-]+", chapter)) == flags


# Where it cannot ---------------------------------------------------------------------------------


def test_a_folder_that_nobody_may_write_to_is_named(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    command = [*held_to_modes(), sys.executable, "-m", "lightsout", "init", folder, "--yes"]

    said = subprocess.run(
        command, env={"HOME": str(tmp_path)}, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert said.returncode == 1
    assert said.stderr.endswith(f"lightsout: {folder}/policies: Permission denied\n")


@pytest.mark.parametrize("there", ["", "policies"])
def test_a_file_in_the_place_of_a_folder_is_named(folder, type_in, there):
    file = folder / there
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")

    said = type_in("init", folder, "--yes")

    assert said.status == 1
    assert f"lightsout: {folder}" in said.err
    assert file.read_text() == ""
