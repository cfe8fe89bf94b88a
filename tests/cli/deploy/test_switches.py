"""The dry run and the pause of a function that is deployed."""

from __future__ import annotations

import pytest
import yaml

from lightsout.cli import WrongUse
from lightsout.cli.deploy.switch import set_in_file
from tests.support.deploying import NOTHING_TO_DO
from tests.support.paths import ROOT

SHIPPED = (ROOT / "serverless.yml").read_text("utf-8")


@pytest.fixture
def deployed(deployer):
    deployer.stage.fleet(3)
    deployer.deploy("--yes")
    return deployer


def dry_run_of(deployed):
    text = (deployed.folder / "serverless.yml").read_text("utf-8")
    found = yaml.safe_load(text)["inputs"]["environment"]["variables"]["LIGHTSOUT_DRY_RUN"]
    return deployed.function.environment["LIGHTSOUT_DRY_RUN"], found


class TestArm:
    def test_shows_the_plan_first_then_changes_file_and_function(self, deployed):
        before = deployed.since()

        said = deployed.deploy("--arm", "--yes")

        assert said.index("would stop") < said.index("LIGHTSOUT_DRY_RUN is 0 now, was 1")
        assert "~ LIGHTSOUT_DRY_RUN of lightsout: 1 → 0: done, RequestId " in said
        assert dry_run_of(deployed) == ("0", "0")
        assert deployed.changes(before) == ["UpdateFunctionConfiguration"]
        assert deployed.deploy("--yes") == NOTHING_TO_DO
        assert deployed.deploy("--check").endswith("have it\n")

    def test_changes_nothing_else_of_the_file(self, deployed):
        deployed.deploy("--arm", "--yes")

        text = (deployed.folder / "serverless.yml").read_text("utf-8")
        assert text == SHIPPED.replace('LIGHTSOUT_DRY_RUN: "1"', 'LIGHTSOUT_DRY_RUN: "0"')

    def test_again_has_nothing_to_do(self, deployed):
        deployed.deploy("--arm", "--yes")
        before = deployed.since()

        assert "it acts already" in deployed.deploy("--arm", "--yes")
        assert deployed.changes(before) == []

    def test_is_refused_where_something_else_is_deployed_than_what_is_planned(self, deployed):
        deployed.edit("memorySize: 64", "memorySize: 512")

        said = deployed.deploy("--arm", "--yes", status=1)

        assert "`python -m lightsout deploy` first" in said
        assert dry_run_of(deployed) == ("1", "1")

    def test_is_refused_before_the_first_deploy(self, deployer):
        assert "`python -m lightsout deploy` first" in deployer.deploy("--arm", "--yes", status=1)
        assert deployer.changes() == []

    def test_is_refused_where_the_plan_cannot_be_made(self, deployed):
        deployed.stage.world.deny("DescribeInstances")

        assert "look at it first" in deployed.deploy("--arm", "--yes", status=1)
        assert dry_run_of(deployed) == ("1", "1")

    def test_goes_on_where_only_the_file_was_changed(self, deployed):
        deployed.fault("UpdateFunctionConfiguration", "InternalError", times=None)
        deployed.deploy("--arm", "--yes", status=1)
        assert dry_run_of(deployed) == ("1", "0")
        deployed.stage.sim.faults.clear()

        deployed.deploy("--arm", "--yes")

        assert dry_run_of(deployed) == ("0", "0")

    def test_keeps_every_other_variable(self, deployed):
        deployed.function.environment["TEAM"] = "infra"

        deployed.deploy("--arm", "--yes")

        assert deployed.function.environment == {"TEAM": "infra", "LIGHTSOUT_DRY_RUN": "0"}


class TestDisarm:
    def test_changes_function_and_file(self, deployed):
        deployed.deploy("--arm", "--yes")

        deployed.deploy("--disarm", "--yes")

        assert dry_run_of(deployed) == ("1", "1")
        assert (deployed.folder / "serverless.yml").read_text("utf-8") == SHIPPED

    def test_works_whatever_else_is_wrong_in_the_file(self, deployed):
        deployed.deploy("--arm", "--yes")
        deployed.edit("memorySize: 64", "memorySize: 65")
        deployed.stage.policies("version: 1\npolicies: []\n")

        deployed.deploy("--disarm", "--yes")

        assert dry_run_of(deployed) == ("1", "1")

    def test_changes_the_function_though_the_file_cannot_be_changed(self, deployed):
        deployed.deploy("--arm", "--yes")
        deployed.edit('      LIGHTSOUT_DRY_RUN: "0"', "      TEAM: infra #")

        said = deployed.deploy("--disarm", "--yes", status=2)

        assert 'write LIGHTSOUT_DRY_RUN: "1" among its variables' in said
        assert deployed.function.environment["LIGHTSOUT_DRY_RUN"] == "1"
        assert deployed.function.environment["LIGHTSOUT_DRY_RUN"] == "1"

    def test_leaves_the_file_where_the_function_cannot_be_changed(self, deployed):
        deployed.deploy("--arm", "--yes")
        deployed.fault("UpdateFunctionConfiguration", "InternalError", times=None)

        deployed.deploy("--disarm", "--yes", status=1)

        assert dry_run_of(deployed) == ("0", "0")


class TestPause:
    def test_is_of_the_function_alone_and_ends_when_asked(self, deployed):
        deployed.deploy("--pause-until", "2027-02-20", "--yes")
        assert deployed.function.environment == {
            "LIGHTSOUT_DRY_RUN": "1",
            "LIGHTSOUT_PAUSED_UNTIL": "2027-02-20",
        }
        assert (deployed.folder / "serverless.yml").read_text("utf-8") == SHIPPED

        deployed.deploy("--resume", "--yes")

        assert deployed.function.environment == {"LIGHTSOUT_DRY_RUN": "1"}
        assert "it is not paused" in deployed.deploy("--resume", "--yes")

    def test_is_kept_by_later_deploys(self, deployed):
        deployed.deploy("--pause-until", "2027-02-20", "--yes")
        deployed.edit("memorySize: 64", "memorySize: 512")

        said = deployed.deploy("--yes")

        assert "paused until 2027-02-20: `python -m lightsout deploy --resume` ends it" in said
        assert deployed.function.environment["LIGHTSOUT_PAUSED_UNTIL"] == "2027-02-20"

    @pytest.mark.parametrize("text", ["tomorrow", "2026-1-1", "", "2026-11-22"])
    def test_until_what_is_no_day_or_over_is_refused(self, deployed, text):
        before = deployed.since()

        assert "--pause-until" in deployed.deploy("--pause-until", text, "--yes", status=2)
        assert deployed.since() == before

    def test_the_last_variable_goes_too(self, deployed):
        deployed.function.environment = {"LIGHTSOUT_PAUSED_UNTIL": "2027-02-20"}

        deployed.deploy("--resume", "--yes")

        assert deployed.function.environment == {}

    def test_is_refused_where_there_is_no_function(self, deployer):
        said = deployer.deploy("--pause-until", "2027-02-20", "--yes", status=1)

        assert "`python -m lightsout deploy` makes it" in said


class TestTheLineInTheFile:
    @pytest.mark.parametrize(
        "line",
        ['      LIGHTSOUT_DRY_RUN: "1"   # a note', "      'LIGHTSOUT_DRY_RUN': '1'", '"1"'],
    )
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_is_the_only_thing_that_changes(self, tmp_path, line, end, mark):
        if line == '"1"':
            variables = '    variables: {LIGHTSOUT_DRY_RUN: "1", TEAM: "1"}'
        else:
            variables = f'    variables:\n{line}\n      TEAM: "1"'
        head, _, _ = SHIPPED.partition("    variables:")
        _, _, tail = SHIPPED.partition("  events:")
        text = mark + f"{head}{variables}\n  events:{tail}".replace("\n", end)
        file = tmp_path / "serverless.yml"
        file.write_bytes(text.encode())

        set_in_file(file, "0")

        found = file.read_bytes().decode()
        differing = [at for at, (a, b) in enumerate(zip(found, text, strict=True)) if a != b]
        assert len(differing) == 1
        assert found[differing[0]] == "0"
        assert text[: differing[0]].rstrip("\"' ").endswith(("DRY_RUN:", "DRY_RUN':"))
        assert set_in_file(file, "0") is None

    def test_is_not_changed_where_the_shell_decides(self, tmp_path):
        file = tmp_path / "serverless.yml"
        file.write_text(SHIPPED.replace('DRY_RUN: "1"', "DRY_RUN: ${env:DRY}"), "utf-8")

        with pytest.raises(WrongUse, match=r'write LIGHTSOUT_DRY_RUN: "0" there yourself'):
            set_in_file(file, "0")

    def test_is_not_needed_to_act(self, tmp_path):
        file = tmp_path / "serverless.yml"
        file.write_text(SHIPPED.replace('LIGHTSOUT_DRY_RUN: "1"', "TEAM: infra"), "utf-8")

        assert set_in_file(file, "0") is None

    def test_of_a_link_is_changed_where_it_leads(self, tmp_path):
        file, link = tmp_path / "real.yml", tmp_path / "serverless.yml"
        file.write_text(SHIPPED, "utf-8")
        file.chmod(0o640)
        link.symlink_to(file)

        set_in_file(link, "0")

        assert link.is_symlink()
        assert 'DRY_RUN: "0"' in file.read_text("utf-8")
        assert file.stat().st_mode & 0o777 == 0o640
