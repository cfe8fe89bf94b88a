from __future__ import annotations

import pytest
from staging import set_stage


@pytest.fixture
def stage(tmp_path):
    with set_stage(tmp_path / "policies") as stage:
        yield stage
