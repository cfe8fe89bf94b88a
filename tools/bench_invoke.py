"""The function of a benchmark, delivered an event in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = ROOT / "tools" / "bench_function.py"


class Invocation(NamedTuple):
    told: dict[str, Any] | None  # by bench_function.py; None where it was killed
    lines: list[dict[str, Any]]  # its log
    peak_bytes: int
    cpu_s: float


def invoke(
    url: str, policy: str, event: dict[str, Any] | None = None, kill_at: str | None = None
) -> Invocation:
    """One invocation; with `kill_at` it is killed at the first such line of its log.

    This process must stay smaller than that one: the kernel counts the memory of the parent, which
    a child shares until it is another program, into the child's peak. Raises SystemExit for a run
    that fails.
    """
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        Path(folder, "policy.yml").write_text(policy, encoding="utf-8")
        environ = {
            "LIGHTSOUT_POLICIES": folder,
            "LIGHTSOUT_ENDPOINT": url,
            "TENCENTCLOUD_SECRETID": "AKIDsimulated",
            "TENCENTCLOUD_SECRETKEY": "simulated-key",
        }
        command = [sys.executable, str(FUNCTION), str(ROOT), "1", json.dumps(event or {})]
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
        return Invocation(
            None if killed else json.loads(said.read_text(encoding="utf-8")),
            [json.loads(line) for line in lines],
            usage.ru_maxrss * 1024,
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
