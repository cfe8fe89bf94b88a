"""Measure a run, by the size of the fleet: `make bench`, written to docs/performance.md.

    python -m tools.bench.fleets [--fleets 100 1000] [--repeat 3] [--dry]

The cloud is the simulator in a process of its own, with the documented limits; the function is what
`make package` leaves, in another, fresh for each run. Of several runs of one fleet the fastest
counts.
"""

from __future__ import annotations

import argparse
import json
import sys

from tools.bench import page
from tools.bench.figures import SPREADS, Figures
from tools.bench.invocation import deployed, invoke, simulated_cloud

FLEETS = (100, 1_000, 10_000, 50_000)
POLICY = """\
version: 1
{others}policies:
  - name: nights
    accounts: [{names}]
    resource: lighthouse
    regions: {regions}
    match: {{tags: {{env: dev}}}}
"""


def main() -> int:
    options = parser().parse_args()
    measured = []
    for spread in SPREADS:
        for machines in options.fleets:
            runs = [measure(machines, spread) for _ in range(options.repeat)]
            measured.append(min(runs, key=lambda figures: figures.seconds))
            print(measured[-1].line(), flush=True)
    if not options.dry:
        page.write(measured)
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What a run costs, by the size of the fleet.")
    parser.add_argument("--fleets", type=int, nargs="+", default=FLEETS, metavar="N")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each fleet (default 1)")
    parser.add_argument("--dry", action="store_true", help="only print: leave the page as it is")
    return parser


def measure(machines: int, spread: str) -> Figures:
    """One invocation, against a cloud of its own."""
    regions, accounts = SPREADS[spread]
    with simulated_cloud(machines, regions, accounts) as cloud:
        lines = iter(cloud.stdout or [])
        invocation = invoke(deployed(), next(lines).strip(), policy_for(regions, accounts))
        if cloud.stdin:
            cloud.stdin.close()
        told = json.loads(next(lines))
    if invocation.result is None or told["states"] != {"STOPPED": machines}:
        raise SystemExit(f"{machines} machines, {spread}: the fleet is {told['states']}")
    return Figures(
        machines=machines,
        spread=spread,
        calls=told["calls"],
        throttled=told["throttled"],
        seconds=invocation.result["seconds"],
        import_s=invocation.result["import_s"],
        peak_bytes=invocation.result["peak_bytes"],
        cpu_s=invocation.cpu_s,
        cloud_cpu_s=told["cpu_s"],
    )


def policy_for(regions: int, accounts: int) -> str:
    """Of accounts as cloud.py numbers them, the function's own first."""
    others = {f"account-{number}": 100000000000 + number for number in range(2, accounts + 1)}
    listed = [
        f"  - {{name: {name}, role_arn: qcs::cam::uin/{uin}:roleName/lightsout}}\n"
        for name, uin in others.items()
    ]
    return POLICY.format(
        others="".join(["accounts:\n", *listed]) if listed else "",
        names=", ".join(["own", *others]),
        regions="all" if regions > 1 else "[ap-guangzhou]",
    )


if __name__ == "__main__":
    sys.exit(main())
