from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.support.simulated_run import GUANGZHOU


@pytest.fixture
def tccli(stage, tmp_path):
    """Runs tccli with the credentials of the stage; its answer, or what it complains about."""

    def call(action, *arguments, service="lighthouse", **environ):
        command = [os.environ["TCCLI"], service, action, "--region", GUANGZHOU]
        environ = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "NO_PROXY": "127.0.0.1",
            "TENCENTCLOUD_SECRET_ID": stage.environ["TENCENTCLOUD_SECRETID"],
            "TENCENTCLOUD_SECRET_KEY": stage.environ["TENCENTCLOUD_SECRETKEY"],
            "TENCENTCLOUD_TOKEN": stage.environ["TENCENTCLOUD_SESSIONTOKEN"],
        } | environ
        done = subprocess.run(
            [*command, "--endpoint", stage.sim.url, *arguments],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr

    return call
