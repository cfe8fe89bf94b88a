from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.support.examples import resources
from tests.support.fake_webhooks import open_fake_webhooks
from tests.support.resources import able
from tests.support.simulated_run import set_stage

# The suite tries the same examples every time, so that a change is judged by what it changed. New
# ones are for `make soak`, and for `pytest --hypothesis-profile=default`. No test depends on how
# fast the machine is: the first example of a process may pay for reading the tables of Unicode.
settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

# A shell that starts the tests in the background has them ignore Ctrl-C, and their children would
# inherit that; some tests are about what Ctrl-C does.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers():
    """Half as many workers again as there are cores: many tests wait for their own processes."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


def pytest_collection_finish():
    """The collected tests stay to the end: no garbage collection has to read them again."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc):
    """Run a test for each resource that can do what it needs, see tests/support/resources.py."""
    test = metafunc.definition
    if test.get_closest_marker("every_resource") and "resource" in metafunc.fixturenames:
        needs = [need for mark in test.iter_markers("needs") for need in mark.args]
        metafunc.parametrize("resource", resources(able(*needs)))


@pytest.fixture
def resource():
    """The resource of the stage; pytest.mark.every_resource gives each in turn."""
    return "lighthouse"


@pytest.fixture
def stage(tmp_path, resource):
    with set_stage(tmp_path / "policies", resource) as stage:
        yield stage


@pytest.fixture
def box():
    """The robots of group chats, and whoever waits for the heartbeat."""
    with open_fake_webhooks() as box:
        yield box
