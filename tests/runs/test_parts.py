"""One big fleet in parts at once, in real processes: `tools/bench/parts.py`, on a small one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.paths import ROOT


@pytest.mark.hazard(
    "A fleet is spread over several invocations, of which one is killed and tried again and one "
    "is delivered twice at once",
    "Every machine is stopped, by one accepted call; logs and reports together tell of each.",
)
def test_parts_at_once_stop_every_machine_once_whatever_becomes_of_them():
    command = [sys.executable, "-m", "tools.bench.parts", "--machines=600", "--dry", "--sources"]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "600 machines STOPPED, each by one accepted call" in done.stdout
    assert done.stdout.count("delivered twice") == 2
