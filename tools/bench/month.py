"""Compute the function's cost a month from measured seconds: the end of `make bench-coldstart`.

The packaged bundle runs with the runtime's Python, each kind of run in a fresh process, against the
simulator in another. SCF bills memory times duration, by the millisecond
(https://cloud.tencent.com/document/product/583/12284), and gives CPU in proportion to memory, one
core to 1,280 MB (the page 「函数算力支持」 beside that one). So a second of CPU here counts as 20
there, the import included, although nobody documents whether the platform bills that.
"""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tools.bench.invocation import FUNCTION, simulated_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

# CNY, as https://cloud.tencent.com/document/product/583/12281 had them; looked up 2026-11-24.
A_GB_SECOND, A_CALL = 0.00011108, 0.0133 / 10_000
MEMORY_MB, TIMEOUT_S = 64, 900  # of serverless.yml
A_CORE_MB = 1280

DAYS, TICKS_A_DAY, TICKS_IN_WINDOW = 30, 96, 14  # every 15 minutes; policies/dev-nights.yml
MACHINES, FASTEST, SLOWEST = 100, 30.0, 60.0  # seconds that a machine takes to stop
POLICY = """
version: 1
policies:
  - name: nights
    timezone: UTC
    resource: lighthouse
    regions: [ap-guangzhou]
    match: {{tags: {{env: dev}}}}
    when: {{between: ["{opens:%H:%M}", "{closes:%H:%M}"]}}
"""


class Measured(NamedTuple):
    """A run: seconds here, and of them those of CPU; with the import where it was a cold one."""

    seconds: float
    cpu_s: float

    @property
    def billed_s(self) -> float:
        """Seconds with the share of a core that goes with the memory."""
        return self.seconds - self.cpu_s + self.cpu_s * A_CORE_MB / MEMORY_MB


class RunKind(NamedTuple):
    name: str
    runs: int  # in a month
    measured: Measured

    @property
    def gb_seconds(self) -> float:
        return self.runs * self.measured.billed_s * MEMORY_MB / 1024


def report(python: str, bundle: Path) -> Iterator[str]:
    """The lines to print. Every tick counts as a cold start, which is the dearer case."""
    with simulated_cloud(MACHINES, 1, 1, FASTEST, SLOWEST) as cloud:
        url = cloud.stdout.readline().strip() if cloud.stdout else ""
        idle, warm_idle = runs(python, bundle, url, opens_in=6, times=2)
        (acting,) = runs(python, bundle, url, opens_in=-1, times=1)
        looking, warm_looking = runs(python, bundle, url, opens_in=-1, times=2)
        cloud.communicate()
    month = [
        RunKind("window closed", DAYS * (TICKS_A_DAY - TICKS_IN_WINDOW), idle),
        RunKind("looks, nothing to stop", DAYS * (TICKS_IN_WINDOW - 1), looking),
        RunKind(f"stops {MACHINES} machines", DAYS, acting),
    ]
    share = f"1/{A_CORE_MB // MEMORY_MB} core"
    yield f"a month of {DAYS} days, {MEMORY_MB} MB: seconds here, at {share}"
    for kind in month:
        yield row(kind.name, kind.measured, f"{kind.runs:6,} runs {kind.gb_seconds:8,.0f} GB·s")
    yield row("window closed, warm", warm_idle, "")
    yield row("looks, warm", warm_looking, "")
    calls, used = sum(kind.runs for kind in month), sum(kind.gb_seconds for kind in month)
    yield total("all of them", used, calls)
    most = calls * TIMEOUT_S * MEMORY_MB / 1024
    yield total(f"each to its {TIMEOUT_S} s timeout", most, calls)


def row(name: str, measured: Measured, rest: str) -> str:
    return f"{name:24} {measured.seconds:6.2f} {measured.billed_s:7.2f} {rest}".rstrip()


def total(name: str, gb_seconds: float, calls: int) -> str:
    price = gb_seconds * A_GB_SECOND + calls * A_CALL
    return f"{name:39} {calls:6,} runs {gb_seconds:8,.0f} GB·s {price:6.2f} CNY"


def policy(opens_in: float) -> str:
    """A policy whose window of four hours opens in so many hours."""
    opens = datetime.now(timezone.utc) + timedelta(hours=opens_in)
    return POLICY.format(opens=opens, closes=opens + timedelta(hours=4))


def runs(python: str, bundle: Path, url: str, *, opens_in: float, times: int) -> list[Measured]:
    """Invocations one after another in one process, by a window of four hours."""
    with TemporaryDirectory() as folder:
        Path(folder, "nights.yml").write_text(policy(opens_in), encoding="utf-8")
        environ = {
            "LIGHTSOUT_POLICIES": folder,
            "LIGHTSOUT_ENDPOINT": url,
            "TENCENTCLOUD_SECRETID": "AKIDsimulated",
            "TENCENTCLOUD_SECRETKEY": "simulated-key",
        }
        command = [python, "-I", "-S", str(FUNCTION), str(bundle), str(times)]
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    imports = [Measured(told[0]["import_s"], told[0]["import_cpu_s"])]
    imports += [Measured(0.0, 0.0)] * (times - 1)
    return [
        Measured(one["seconds"] + paid.seconds, one["cpu_s"] + paid.cpu_s)
        for one, paid in zip(told, imports, strict=True)
    ]
