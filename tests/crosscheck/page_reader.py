"""Somebody who follows a page: its commands, as they stand, with the official client.

The client is the real one; it talks to a local endpoint, which writes down what it is asked.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.crosscheck.recording_endpoint import RecordedCall, Recorder
from tests.support.serverless_yml import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Writes its arguments down, and hands them on with the endpoint of the test.
TCCLI = """#!{python}
import json, os, sys
with open("{log}", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
os.execv(os.environ["TCCLI"], ["tccli", *sys.argv[1:], "--endpoint", "http://{host}"])
"""
LIGHTSOUT = """#!/bin/sh
PYTHONPATH={root} LIGHTSOUT_POLICIES={root}/{policies} exec {python} -m lightsout "$@"
"""
TESTED_ELSEWHERE = ("lightsout", "make", "npm", "pip", "python", "scf")


class Reading(NamedTuple):
    """The result of following a page from top to bottom."""

    calls: list[RecordedCall]
    typed: list[list[str]]  # the arguments of each call of the client

    def only(self, action: str) -> dict[str, Any]:
        (params,) = self.all(action)
        return params

    def all(self, action: str) -> list[dict[str, Any]]:
        return [call.params for call in self.calls if call.action == action]


def follow(
    page: str,
    folder: Path,
    answer: Callable[[RecordedCall], dict[str, Any]],
    policies: str | None = None,
) -> Reading:
    """Runs all the commands of a page of docs/ in `folder`, stopping at the first that fails.

    `policies`: what lightsout reads; None: its commands do nothing here, and say nothing.
    """
    log, programs = folder / "typed", folder / "bin"
    programs.mkdir()
    with Recorder(answer) as recorder:
        facts = {"python": sys.executable, "log": log, "host": recorder.host}
        write_program(programs / "tccli", TCCLI.format(**facts))
        for name in TESTED_ELSEWHERE:
            write_program(programs / name, "#!/bin/sh\n")
        if policies:
            ours = LIGHTSOUT.format(root=ROOT, policies=policies, python=sys.executable)
            write_program(programs / "lightsout", ours)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", commands(page)],
            cwd=folder,
            env={
                "HOME": str(folder),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "NO_PROXY": "127.0.0.1",
                "TCCLI": os.environ["TCCLI"],
                "TENCENTCLOUD_SECRET_ID": "simulated-id",
                "TENCENTCLOUD_SECRET_KEY": "simulated-key",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    typed = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return Reading(recorder.calls, typed)


def commands(page: str) -> str:
    """All of the page's commands, in order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


def write_program(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


def hold_to_the_description(reading: Reading) -> None:
    """Each request is one that the official API description has."""
    assert len(reading.calls) == len(reading.typed)
    for call in reading.calls:
        assert call.region == "ap-guangzhou"
        assert not call.undescribed()
        call.check()


def hold_to_what_was_typed(reading: Reading) -> None:
    """The client drops what it does not know, deep inside of a value, without a word."""
    for call, arguments in zip(reading.calls, reading.typed, strict=True):
        assert arguments[:2] == [call.service, call.action]
        if "--cli-input-json" in arguments:
            continue  # the test of that page looks at what is in the file
        typed = parameters(arguments)
        assert set(typed) == set(call.params)
        for name, value in call.params.items():
            assert value == (typed[name] if isinstance(value, str) else json.loads(typed[name]))


def parameters(arguments: list[str]) -> dict[str, str]:
    """The request's part of a command: `--Name value`, not the client's own `--filter`."""
    pairs = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    return {name[2:]: value for name, value in pairs.items() if name[2].isupper()}
