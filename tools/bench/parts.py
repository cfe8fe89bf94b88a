"""One big fleet in parts, all at once: `make bench`, written to docs/performance.md.

    python -m tools.bench.parts [--machines 30000] [--dry] [--sources]

Two accounts in three regions each; every account and region is an invocation of its own, the real
handler in a process of its own. One is killed at its first accepted batch and tried again, as the
platform does it; one is delivered twice at once, as the platform may. Exits 1 unless every machine
was stopped, by one accepted call, and logs and reports together tell of every one.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.bench import page
from tools.bench.invocation import (
    FUNCTION,
    ROOT,
    MeasuredInvocation,
    deployed,
    invoke,
    simulated_cloud,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ACCOUNTS = ("own", "research")
REGIONS = ("ap-beijing", "ap-chengdu", "ap-guangzhou")  # the first three of cloud.py
POLICY = f"""\
version: 1
accounts:
  - name: research
    role_arn: qcs::cam::uin/100000000002:roleName/lightsout
policies:
  - name: nights
    accounts: [{", ".join(ACCOUNTS)}]
    resource: lighthouse
    regions: [{", ".join(REGIONS)}]
    match: {{tags: {{env: dev}}}}
"""


class Part(NamedTuple):
    """One delivery: its request and its fate."""

    account: str
    region: str
    fate: str = ""
    kill_at: str | None = None

    def deliver(self, start: Sequence[str], url: str) -> MeasuredInvocation:
        event = {"accounts": [self.account], "regions": [self.region]}
        return invoke(start, url, POLICY, event, self.kill_at)


def parts() -> list[list[Part]]:
    """The deliveries of each part: those of a list one after the other, the lists at once."""
    first, second, *others = [Part(account, region) for account in ACCOUNTS for region in REGIONS]
    killed = first._replace(fate="killed", kill_at="stop.accepted")
    twice = second._replace(fate="delivered twice")
    return [
        [killed, first._replace(fate="tried again")],
        [twice],
        [twice],
        *([it] for it in others),
    ]


def main() -> int:
    options = parser().parse_args()
    start = [sys.executable, str(FUNCTION), str(ROOT)] if options.sources else deployed()
    with simulated_cloud(options.machines, len(REGIONS), len(ACCOUNTS)) as cloud:
        lines = iter(cloud.stdout or [])
        url, lists = next(lines).strip(), parts()
        with ThreadPoolExecutor(max_workers=len(lists)) as pool:
            done = pool.map(lambda some: [(it, it.deliver(start, url)) for it in some], lists)
            deliveries = list(chain.from_iterable(done))
        if cloud.stdin:
            cloud.stdin.close()
        told = json.loads(next(lines))
    table = list(rows(deliveries))
    wrong = list(mistakes(options.machines, told, [it for _, it in deliveries]))
    print(*table, summary(told), *wrong, sep="\n")
    if not options.dry and not wrong:
        page.put("parts", "\n".join([*table, "", summary(told)]) + "\n")
    return 1 if wrong else 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="One big fleet in parts, all at once.")
    parser.add_argument("--machines", type=int, default=30_000, metavar="N")
    parser.add_argument("--dry", action="store_true", help="only print: leave the page as it is")
    parser.add_argument("--sources", action="store_true", help="run them, and not the package")
    return parser


def mistakes(
    machines: int, told: dict[str, Any], invocations: Iterable[MeasuredInvocation]
) -> Iterator[str]:
    """The results that are not as they should be."""
    if told["states"] != {"STOPPED": machines}:
        yield f"the fleet is {told['states']}"
    if told["stops"] != {"1": machines}:
        yield f"machines by how many accepted calls stopped them: {told['stops']}"
    known: set[str] = set()
    for it in invocations:
        known.update(it.result["stuck"] if it.result else ())
        for line in it.lines:
            if line["event"] in {"stop.accepted", "verify.confirmed"}:
                known.update(line["instance_ids"])
    if len(known) != machines:
        yield f"logs and reports tell of {len(known)} machines"


def rows(deliveries: Iterable[tuple[Part, MeasuredInvocation]]) -> Iterator[str]:
    yield "| account | region | | confirmed | left from before | s | peak RSS, MB |"
    yield "|---|---|---|---:|---:|---:|---:|"
    for part, it in deliveries:
        done = "| | | |"
        if it.result:
            stopped, stuck = it.result["counts"]["stopped"], len(it.result["stuck"])
            memory = it.result["peak_bytes"] / 2**20
            done = f"| {stopped:,} | {stuck:,} | {it.result['seconds']:.1f} | {memory:.1f}"
        yield f"| {part.account} | {part.region} | {part.fate} {done} |"


def summary(told: dict[str, Any]) -> str:
    calls = ", ".join(f"{count:,} {name}" for name, count in sorted(told["calls"].items()))
    stops = told["stops"].get("1", 0)
    return f"{stops:,} machines STOPPED, each by one accepted call; {calls}."


if __name__ == "__main__":
    sys.exit(main())
