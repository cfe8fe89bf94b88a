"""The function of a benchmark, delivered an event in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from lightsout.cli.packaging.runtime import RUNTIME, find

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "dist" / "bundle"
FUNCTION = ROOT / "tools" / "bench" / "function.py"


class MeasuredInvocation(NamedTuple):
    result: dict[str, Any] | None  # by function.py; None where it was killed
    lines: list[dict[str, Any]]  # its log
    cpu_s: float


def deployed() -> list[str]:
    """The command that starts the function as deployed. Exits where there is no bundle."""
    if not (BUNDLE / "handler.py").is_file():
        raise SystemExit("there is no dist/bundle: run make package")
    return [find(RUNTIME) or sys.executable, "-I", "-S", str(FUNCTION), str(BUNDLE)]


def simulated_cloud(*arguments: object) -> subprocess.Popen[str]:
    """Start tools/bench/cloud.py: its first line is its address, its last what it counted."""
    command = [sys.executable, "-m", "tools.bench.cloud", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def invoke(
    start: Sequence[str],
    url: str,
    policy: str,
    event: dict[str, Any] | None = None,
    kill_at: str | None = None,
) -> MeasuredInvocation:
    """One invocation; with `kill_at` it is killed at the first such line of its log.

    Raises SystemExit for a run that fails.
    """
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        Path(folder, "policy.yml").write_text(policy, encoding="utf-8")
        environ = {
            "LIGHTSOUT_POLICIES": folder,
            "LIGHTSOUT_ENDPOINT": url,
            "TENCENTCLOUD_SECRETID": "AKIDsimulated",
            "TENCENTCLOUD_SECRETKEY": "simulated-key",
        }
        command = [*start, "1", json.dumps(event or {})]
        said = Path(folder, "said")
        with (
            said.open("w", encoding="utf-8") as out,
            subprocess.Popen(
                command, env=environ, stdout=out, stderr=subprocess.PIPE, text=True
            ) as function,
        ):
            lines = _read(function, kill_at) if function.stderr else []
            _, status, usage = os.wait4(function.pid, 0)
            function.returncode = os.waitstatus_to_exitcode(status)
        killed = kill_at is not None and function.returncode < 0
        if function.returncode and not killed:
            raise SystemExit("".join(lines)[-3000:])
        return MeasuredInvocation(
            None if killed else json.loads(said.read_text(encoding="utf-8")),
            [json.loads(line) for line in lines],
            usage.ru_utime + usage.ru_stime,
        )


def _read(function: subprocess.Popen[str], kill_at: str | None) -> list[str]:
    lines = []
    log: IO[str] | Any = function.stderr
    for line in log:
        lines.append(line)
        if kill_at and f'"event": "{kill_at}"' in line:
            function.kill()
            kill_at = None
    return lines
