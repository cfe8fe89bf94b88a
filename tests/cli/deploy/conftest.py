from __future__ import annotations

import shutil

import pytest

from tests.support.deploying import deploying
from tests.support.paths import ROOT


@pytest.fixture
def deployer(tmp_path, capsys, monkeypatch):
    """Somebody with the shipped serverless.yml, one policy, and an account where nothing is yet."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(ROOT / "serverless.yml", folder)
    with deploying(folder, capsys, monkeypatch) as found:
        yield found
