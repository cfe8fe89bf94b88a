"""Measure a cold start, beside importing the SDK's client and PyYAML alone.

Measured are the import of the handler, and a whole tick with nothing due, import included. All from
the bundle's bytecode, each in a fresh process, in turn; CPU seconds, since those of the wall tell
more about the machine. Then the memory of a run over 1,000 instances, against the simulator in
a process of its own, and what a month of runs costs. Run `make package` first; it takes 2 minutes.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from lightsout.cli.packaging.invoke import PLATFORM, invoke, way_to
from lightsout.cli.packaging.runtime import RUNTIME, find
from lightsout.simulator import Simulator, World, uniform_fleet
from lightsout.simulator.base.clock import RealClock
from tools.bench import month

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "dist" / "bundle"
ROUNDS = 25
TARGET = 0.5  # of a tick with nothing due
ALONE = "import yaml; from tencentcloud.common.common_client import CommonClient"
OURS = "import handler"
CONTEXT = {"request_id": "00000000-0000-4000-8000-000000000000", "time_limit_in_ms": 900_000}
IDLE = f"import handler; handler.main_handler({{}}, {CONTEXT})"
POLICY = """
version: 1
policies:
  - {name: all, resource: lighthouse, regions: [ap-guangzhou], match: {tags: {env: dev}}}
"""
TIMED = "import sys, time; sys.path.insert(0, sys.argv[1]); a = time.process_time(); CODE; "


def main() -> int:
    if not (BUNDLE / "handler.py").is_file():
        print("there is no dist/bundle: run make package")
        return 2
    python = find(RUNTIME) or sys.executable
    rounds = [[seconds(python, code) for code in (ALONE, OURS, IDLE)] for _ in range(ROUNDS)]
    alone, ours, idle = (min(column) * 1000 for column in zip(*rounds, strict=True))
    ratio = statistics.median(mine / theirs for theirs, _, mine in rounds)
    version = f"CPython {RUNTIME}" if python != sys.executable else "this Python"
    print(f"{ROUNDS} fresh processes of each with {version}, CPU milliseconds, the least")
    print(f"SDK client and PyYAML alone  {alone:6.1f}")
    print(f"import of the handler        {ours:6.1f}")
    print(f"a tick with nothing due      {idle:6.1f}  import included")
    print(f"ratio of it, round by round  {ratio:6.2f}  (median; wanted: at most {TARGET})")
    print(f"peak memory of a run         {peak_memory(python):6.1f}  MB (1,000 instances)\n")
    for line in month.report(python, BUNDLE):
        print(line)
    return 0


def peak_memory(python: str) -> float:
    """Megabytes of a run in which 1,000 instances are stopped and seen stopped."""
    world = World(RealClock())
    uniform_fleet(world, 1000, tags={"env": "dev"}, stop_seconds=2.0)
    with TemporaryDirectory() as folder, Simulator(world) as simulator:
        (Path(folder) / "policy.yml").write_text(POLICY, encoding="utf-8")
        environ = way_to(simulator) | {"LIGHTSOUT_POLICIES": folder}
        done = invoke(BUNDLE, {}, environ, python=python)
    if done.error:
        raise SystemExit(done.error)
    return done.peak_mb or math.nan


def seconds(python: str, code: str) -> float:
    """CPU seconds of the code in a process of its own, where no policy is due."""
    code = TIMED.replace("CODE", code) + "print(time.process_time() - a, file=sys.stderr)"
    command = [python, "-I", "-S", "-c", code, str(BUNDLE)]
    with TemporaryDirectory() as folder:
        Path(folder, "policy.yml").write_text(month.policy(opens_in=6), encoding="utf-8")
        environ = PLATFORM | {"LIGHTSOUT_POLICIES": folder}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return float(done.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
