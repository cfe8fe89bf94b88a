"""What importing the bundle's handler costs beside importing the SDK's client and PyYAML alone.

Both from the bundle's bytecode, in fresh processes, in pairs; CPU seconds, since those of the wall
tell more about the machine. Then the memory of a run over 1,000 instances, against the simulator in
a process of its own, and what a month of runs costs. Run `make package` first; it takes 2 minutes.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from lightsout.simulator import Simulator, World, uniform_fleet
from lightsout.simulator.clock import SystemClock
from tools.bench import month
from tools.invoke import invoke, way_to
from tools.other_pythons import RUNTIME, find

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "dist" / "bundle"
PAIRS = 25
TARGET = 1.15
ALONE = "import yaml; from tencentcloud.common.common_client import CommonClient"
OURS = "import handler"
POLICY = """
version: 1
policies:
  - {name: all, resource: lighthouse, regions: [ap-guangzhou], match: {tags: {env: dev}}}
"""
TIMED = "import sys, time; sys.path.insert(0, sys.argv[1]); a = time.process_time(); {}; "


def main() -> int:
    if not (BUNDLE / "handler.py").is_file():
        print("there is no dist/bundle: run make package")
        return 2
    python = find(RUNTIME) or sys.executable
    pairs = [(seconds(python, ALONE), seconds(python, OURS)) for _ in range(PAIRS)]
    alone, ours = (min(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    version = f"CPython {RUNTIME}" if python != sys.executable else "this Python"
    print(f"{PAIRS} pairs of fresh processes with {version}, CPU milliseconds")
    print(f"SDK client and PyYAML alone  {alone:6.1f}  (the least)")
    print(f"handler                      {ours:6.1f}  (the least), {ours / alone:.2f} times")
    print(f"ratio, pair by pair          {ratio:6.2f}  (median; wanted: at most {TARGET})")
    print(f"peak memory of a run         {peak_memory(python):6.1f}  MB (1,000 instances)\n")
    for line in month.report(python, BUNDLE):
        print(line)
    return 0


def peak_memory(python: str) -> float:
    """Megabytes of a run in which 1,000 instances are stopped and seen stopped."""
    world = World(SystemClock())
    uniform_fleet(world, 1000, tags={"env": "dev"}, stop_seconds=2.0)
    with TemporaryDirectory() as folder, Simulator(world) as simulator:
        (Path(folder) / "policy.yml").write_text(POLICY, encoding="utf-8")
        environ = way_to(simulator) | {"LIGHTSOUT_POLICIES": folder}
        done = invoke(BUNDLE, {}, environ, python=python)
    if done.error:
        raise SystemExit(done.error)
    return done.peak_mb or math.nan


def seconds(python: str, imports: str) -> float:
    """CPU seconds of the imports in a process of their own."""
    code = TIMED.format(imports) + "print(time.process_time() - a)"
    command = [python, "-I", "-S", "-c", code, str(BUNDLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
