"""Invoke a bundle as the platform does: in a fresh process that has only the bundle.

It has no site-packages, only the given variables, and a folder that nobody may write to, not even
root. The measurements are those of this process: peak memory, seconds of the import and the run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.simulator.functions.sandbox import held_to_modes, lock, unlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightsout.simulator import Simulator

# The variables that the platform sets beside the keys
# (https://cloud.tencent.com/document/product/583/30228), and the only folder that can be written
# to.
PLATFORM = {
    "TENCENTCLOUD_RUNENV": "SCF",
    "TENCENTCLOUD_REGION": "ap-guangzhou",
    "TENCENTCLOUD_TZ": "UTC",
    "HOME": "/tmp",  # noqa: S108  as there
}
STARTING = 30.0  # seconds, at most, before the function's own time begins, and after it
# stdout is for the log; the result of the run is the last line on stderr.
BOOTSTRAP = """
import json, re, sys, time
bundle, event, context, ahead, prelude = map(json.loads, sys.argv[1:])
sys.path.insert(0, bundle)
exec(prelude)
if ahead:
    from datetime import timedelta
    from lightsout.base.clock import SystemClock
    now = SystemClock.now
    SystemClock.now = lambda self: now(self) + timedelta(seconds=ahead)
started, done = time.monotonic(), dict.fromkeys(["report", "error", "peak_mb"])
import handler
try:
    done["report"] = handler.main_handler(event, context)
except Exception as error:
    done |= {"report": getattr(error, "report", None), "error": f"{type(error).__name__}: {error}"}
done["seconds"] = time.monotonic() - started
try:  # not ru_maxrss, which counts what the parent had at the fork
    with open("/proc/self/status") as status:
        done["peak_mb"] = int(re.search("VmHWM:\\s*([0-9]+)", status.read())[1]) / 1024
except OSError:
    pass
print(json.dumps(done), file=sys.stderr)
"""


class Invocation(NamedTuple):
    """The result of an invocation."""

    report: dict[str, Any] | None
    error: str | None  # None: it returned the report
    seconds: float
    peak_mb: float | None  # None if the system does not say
    log: list[dict[str, Any]]
    complaints: list[str]  # all other lines on stderr


def invoke(
    bundle: Path,
    event: Any,
    environ: Mapping[str, str],
    *,
    python: str = sys.executable,
    seconds: float = 900.0,
    ahead: float = 0.0,
    prelude: str = "",
) -> Invocation:
    """Invoke `bundle` once, from a copy that nobody may write to.

    `seconds`: the function's time limit. `ahead`: how far its clock is ahead of the real one.
    `prelude`: Python that runs before the handler is imported, with the copy's path in `bundle`.
    Raises CalledProcessError if the process itself failed, and ValueError if a line on stdout is
    not JSON.
    """
    context = {"request_id": "run-1", "time_limit_in_ms": round(seconds * 1000)}
    with read_only(bundle) as (held, copy):
        words = [json.dumps(word) for word in (str(copy), event, context, ahead, prelude)]
        done = subprocess.run(
            [*held, python, "-I", "-S", "-c", BOOTSTRAP, *words],
            cwd=copy,
            env=PLATFORM | {"USER_CODE_ROOT": f"{copy}/"} | dict(environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + STARTING,
        )
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    *complaints, result = done.stderr.splitlines()
    log = [json.loads(line) for line in done.stdout.splitlines()]
    return Invocation(**json.loads(result), log=log, complaints=complaints)


@contextmanager
def read_only(bundle: Path) -> Iterator[tuple[tuple[str, ...], Path]]:
    """A read-only copy, and the command that makes it read-only even for root."""
    with TemporaryDirectory(prefix="lightsout-") as folder:
        copy = Path(folder, "user")
        shutil.copytree(bundle, copy)
        lock(copy)
        try:
            yield held_to_modes(), copy
        finally:
            unlock(copy)


def way_to(simulator: Simulator) -> dict[str, str]:
    """The variables by which the function finds the simulator and its keys."""
    account = simulator.credentials[0]
    return {
        "LIGHTSOUT_ENDPOINT": simulator.url,
        "TENCENTCLOUD_SECRETID": account.secret_id,
        "TENCENTCLOUD_SECRETKEY": account.secret_key,
    }
