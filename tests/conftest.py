from __future__ import annotations

import signal

import pytest
from staging import set_stage

# A shell that starts the tests in the background has them ignore Ctrl-C, and their children would
# inherit that; some tests are about what Ctrl-C does.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def resource():
    """Modules whose stories hold for every resource parametrize this."""
    return "lighthouse"


@pytest.fixture
def stage(tmp_path, resource):
    with set_stage(tmp_path / "policies", resource) as stage:
        yield stage
