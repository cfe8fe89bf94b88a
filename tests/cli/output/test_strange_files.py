"""A pipe, a device or a folder in the place of a file: whatever opens it goes on, or says so."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from lightsout.simulator import Function
from tests.support.simulated_run import DEV_NIGHTS


@pytest.fixture(autouse=True)
def _in_time():
    def late(_signal, _frame):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def a_pipe(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def a_link_to_a_device(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")
    return path


STRANGE = {"a pipe": a_pipe, "a device": a_link_to_a_device}
strange = pytest.mark.parametrize("what", STRANGE)


@pytest.fixture
def office(stage, tmp_path):
    """A CVM that was stopped for ten hours, and the log of it."""
    stage.resource = "cvm"
    stage.policies(DEV_NIGHTS.rstrip() + "\n        options: {stopped_mode: STOP_CHARGING}\n")
    stage.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    stage.fleet(1)
    return stage


@strange
def test_as_a_price_file_it_is_wrong_use(type_in, tmp_path, what):
    prices = STRANGE[what](tmp_path / "prices.yml")

    said = type_in("savings", "--prices", prices, "/dev/null")

    assert said.status == 2
    assert said.err == f"lightsout: --prices {prices}: not a regular file\n"


def test_a_huge_price_file_is_refused_unread(type_in, tmp_path):
    with (tmp_path / "prices.yml").open("wb") as file:
        file.truncate(2**40)

    said = type_in("savings", "--prices", tmp_path / "prices.yml", "/dev/null")

    assert said.status == 2
    assert "larger than 262,144 bytes" in said.err


@strange
@pytest.mark.parametrize("name", ["prices.json", "prices.new"])
def test_in_the_place_of_kept_prices_it_costs_no_more_than_asking(
    office, type_in, tmp_path, what, name
):
    type_in("run", "--log", tmp_path / "log")
    office.clock.advance(36_000)
    type_in("run", "--log", tmp_path / "log")
    STRANGE[what](tmp_path / "cache" / "lightsout" / name)

    said = type_in("savings", tmp_path / "log")

    assert said.status == 0
    assert "10.0 h certainly stopped" in said.out
    assert "without a price" not in said.out


@strange
@pytest.mark.parametrize("words", [["check"], ["plan"], ["run"], ["preview"], ["permissions"]])
def test_among_the_policies_it_is_a_mistake_that_stops_nothing(stage, type_in, words, what):
    ids = stage.fleet(1)
    path = STRANGE[what](stage.folder / "strange.yml")

    said = type_in(*words)

    assert said.status == 1
    assert f"{path}:1:1: cannot be read: not a regular file" in said.out + said.err
    assert stage.states(ids) == {"RUNNING"}


@strange
@pytest.mark.parametrize("words", [["doctor"], ["permissions", "deployer"]])
def test_as_serverless_yml_it_is_told_or_done_without(stage, type_in, tmp_path, words, what):
    stage.world.functions.append(Function())
    beside = tmp_path / "beside"
    STRANGE[what](beside / "serverless.yml")
    stage.surroundings = moved(stage.surroundings, beside)

    said = type_in(*words)

    if words == ["doctor"]:
        assert "? function: its name or its region is unknown" in said.out
    else:
        assert said.status == 2
        assert "not a regular file" in said.err


def moved(surroundings, beside):
    return lambda: surroundings()._replace(beside=beside)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["preview", "--svg", "PIPE"], "No such device or address"),
        (["preview", "--svg", "/dev/full"], "No space left on device"),
        (["preview", "--svg", "/"], "Is a directory"),
    ],
)
def test_as_a_picture_to_draw_it_is_told_after_all_else_is(type_in, tmp_path, words, why):
    path = str(a_pipe(tmp_path / "pipe")) if "PIPE" in words else words[-1]

    said = type_in(*words[:-1], path)

    assert said.out == type_in("preview").out
    assert (said.status, said.err) == (2, f"lightsout: --svg {path}: {why}\n")


def test_the_function_takes_no_pipe_for_a_policy_either(stage):
    a_pipe(stage.folder / "strange.yml")

    assert "not a regular file" in str(stage.failing_run())
    assert Path(stage.folder, "strange.yml").is_fifo()
