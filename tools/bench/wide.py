"""Many policies at many sites: how large the report becomes, and the memory of the run.

    python -m tools.bench.wide [--policies 300] [--machines 1000] [--distinct] [--sources]

Each policy acts in every region of eight accounts. With --distinct each has tags of its own, so
that each asks the service itself. Exits 1 where the report has 5 MB, or the run more than 64 MB.
"""

from __future__ import annotations

import argparse
import json
import sys

from tools.bench.figures import SPREADS
from tools.bench.fleets import policy_for
from tools.bench.invocation import FUNCTION, ROOT, deployed, invoke, simulated_cloud

LARGEST, MOST = 5e6, 64 * 2**20  # bytes: of a report, of memory


def main() -> int:
    options = parser().parse_args()
    regions, accounts = SPREADS["8 accounts"]
    start = [sys.executable, str(FUNCTION), str(ROOT)] if options.sources else deployed()
    with simulated_cloud(options.machines, regions, accounts) as cloud:
        lines = iter(cloud.stdout or [])
        policy = policies(
            policy_for(regions, accounts), options.policies, distinct=options.distinct
        )
        it = invoke(start, next(lines).strip(), policy)
        if cloud.stdin:
            cloud.stdin.close()
        calls = json.loads(next(lines))["calls"]
    if it.result is None:
        return 1
    told = it.result
    print(
        f"{options.policies} policies x {regions * accounts} sites, {options.machines} machines: "
        f"{told['seconds']:.1f} s, {told['peak_bytes'] / 2**20:.1f} MB, report "
        f"{told['answer_bytes'] / 1e6:.2f} MB, shortened: {told.get('shortened')}, {calls}"
    )
    return 1 if told["answer_bytes"] >= LARGEST or told["peak_bytes"] > MOST else 0


def policies(one: str, count: int, *, distinct: bool) -> str:
    """The policy so often; the last has the tags of all machines where they are distinct."""
    head, mark, body = one.partition("  - name: nights\n")
    several = []
    for number in range(count):
        tag = "{env: dev}" if number == count - 1 or not distinct else f"{{env: dev-{number}}}"
        several.append(f"  - name: nights-{number}\n" + body.replace("{env: dev}", tag))
    assert mark  # noqa: S101
    return head + "".join(several)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Many policies at many sites.")
    parser.add_argument("--policies", type=int, default=300, metavar="N")
    parser.add_argument("--machines", type=int, default=1000, metavar="N")
    parser.add_argument("--distinct", action="store_true", help="each policy asks for itself")
    parser.add_argument("--sources", action="store_true", help="run them, and not the package")
    return parser


if __name__ == "__main__":
    sys.exit(main())
