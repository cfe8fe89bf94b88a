from __future__ import annotations

import shutil

import pytest

from lightsout.simulator import ManualClock
from tests.support.deploying import Deployer
from tests.support.paths import ROOT
from tests.support.simulated_run import set_stage


@pytest.fixture
def deployer(tmp_path, capsys, monkeypatch):
    """Somebody with the shipped serverless.yml, one policy, and an account where nothing is yet."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(ROOT / "serverless.yml", folder)
    with set_stage(folder / "policies", clock=ManualClock()) as stage:
        found = Deployer(stage, folder, capsys)
        monkeypatch.setattr("lightsout.cli.deploy.desk.build", found.build)
        yield found
