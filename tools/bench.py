"""What a run costs, by the size of the fleet: `make bench`, written to docs/performance.md.

    python tools/bench.py [--fleets 100 1000] [--repeat 3] [--dry]

The cloud is the simulator in a process of its own, with the documented limits; the function is the
real handler in another, fresh for each run. Of several runs of one fleet the fastest counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import bench_page
from bench_figures import SPREADS, Figures

TOOLS = Path(__file__).resolve().parent
FLEETS = (100, 1_000, 10_000, 50_000)
POLICY = """\
version: 1
policies:
  - name: nights
    resource: lighthouse
    regions: {regions}
    match: {{tags: {{env: dev}}}}
"""


class Invocation(NamedTuple):
    told: dict[str, Any]  # by bench_function.py
    peak_bytes: int
    cpu_s: float


def main() -> int:
    options = parser().parse_args()
    measured = []
    for spread in SPREADS:
        for machines in options.fleets:
            runs = [measure(machines, spread) for _ in range(options.repeat)]
            measured.append(min(runs, key=lambda figures: figures.seconds))
            print(measured[-1].line(), flush=True)
    if not options.dry:
        bench_page.write(measured)
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What a run costs, by the size of the fleet.")
    parser.add_argument("--fleets", type=int, nargs="+", default=FLEETS, metavar="N")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each fleet (default 1)")
    parser.add_argument("--dry", action="store_true", help="only print: leave the page as it is")
    return parser


def measure(machines: int, spread: str) -> Figures:
    """One invocation, against a cloud of its own."""
    regions = SPREADS[spread]
    command = [sys.executable, str(TOOLS / "bench_cloud.py"), str(machines), str(regions)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as cloud:
        lines = iter(cloud.stdout or [])
        invocation = invoke(next(lines).strip(), "all" if regions > 1 else "[ap-guangzhou]")
        if cloud.stdin:
            cloud.stdin.close()
        told = json.loads(next(lines))
    if told["states"] != {"STOPPED": machines}:
        raise SystemExit(f"{machines} machines, {spread}: the fleet is {told['states']}")
    return Figures(
        machines=machines,
        spread=spread,
        calls=told["calls"],
        throttled=told["throttled"],
        seconds=invocation.told["seconds"],
        import_s=invocation.told["import_s"],
        peak_bytes=invocation.peak_bytes,
        cpu_s=invocation.cpu_s,
        cloud_cpu_s=told["cpu_s"],
    )


def invoke(url: str, regions: str) -> Invocation:
    """The handler in a process of its own.

    This process must stay smaller than that one: the kernel counts the memory of the parent, which
    a child shares until it is another program, into the child's peak.
    """
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        Path(folder, "nights.yml").write_text(POLICY.format(regions=regions), encoding="utf-8")
        environ = {
            "LIGHTSOUT_POLICIES": folder,
            "LIGHTSOUT_ENDPOINT": url,
            "TENCENTCLOUD_SECRETID": "AKIDsimulated",
            "TENCENTCLOUD_SECRETKEY": "simulated-key",
        }
        command = [sys.executable, str(TOOLS / "bench_function.py")]
        with (
            Path(folder, "log").open("w", encoding="utf-8") as log,
            subprocess.Popen(
                command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            ) as function,
        ):
            said = function.stdout.read() if function.stdout else ""
            _, status, usage = os.wait4(function.pid, 0)
            function.returncode = os.waitstatus_to_exitcode(status)
        if function.returncode:
            raise SystemExit(Path(folder, "log").read_text(encoding="utf-8")[-3000:])
    return Invocation(json.loads(said), usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
