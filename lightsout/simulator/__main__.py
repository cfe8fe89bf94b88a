"""Serve a simulated Tencent Cloud until Ctrl-C: `python -m lightsout.simulator --help`."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from lightsout.simulator.base.clock import RealClock
from lightsout.simulator.fleet import demo_cvms, demo_fleet, demo_others, uniform_fleet
from lightsout.simulator.http.server import Simulator
from lightsout.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lightsout.simulator.access.accounts import CloudAccount
    from lightsout.simulator.base.journal import JournalEntry

WELCOME = """\
A simulated Tencent Cloud with {machines} machines: {url}

  export TENCENTCLOUD_SECRET_ID={account.secret_id} TENCENTCLOUD_SECRET_KEY={account.secret_key}
  export LIGHTSOUT_ENDPOINT={url}

The official command line works with it (the http:// belongs to the endpoint):

  tccli lighthouse DescribeInstances --region ap-guangzhou --Limit 3 --endpoint {url}
  tccli cvm DescribeInstances --region ap-guangzhou --Limit 3 --endpoint {url}
  tccli hai DescribeInstances --region ap-guangzhou --Limit 3 --endpoint {url}

So do as (groups of auto-scaling), tione (notebooks) and tag.

To plan a fault, to see the calls so far:

  curl {url}/_simulator/faults -d '{{"kind": "throttle", "action": "StopInstances", "times": 2}}'
  curl {url}/_simulator/journal

A function that is deployed here runs when it is invoked, when its timers are due, and now:

  curl {url}/_simulator/fire -d '{{"function": "lightsout", "trigger": "lightsout-quarter-hourly"}}'

Ctrl-C ends it.
"""


TICK = 1.0  # seconds between two looks at events for functions


def main(arguments: Sequence[str], stop: threading.Event) -> int:
    """Serve until `stop` is set or Ctrl-C is pressed; returns the exit status."""
    options = _parser().parse_args(arguments)
    world = World(RealClock())
    if options.fleet == "demo":
        demo_fleet(world)
        demo_cvms(world)
        demo_others(world)
    else:
        uniform_fleet(world, int(options.fleet), ["ap-guangzhou"], {"env": "dev"})
    if options.stop_seconds is not None:
        for instance in world.instances():
            instance.stop_seconds = options.stop_seconds
    with ExitStack() as stack:
        simulator = Simulator(
            world,
            port=options.port,
            latency=options.latency,
            limits=None if options.no_limits else {},
            on_call=_writer(stack, options.journal),
        )
        try:
            stack.enter_context(simulator)
        except OSError as error:
            sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}\n")
            return 1
        try:
            print(_welcome(simulator), flush=True)  # a reader may already press Ctrl-C
            while not stop.wait(TICK):
                world.invocations.tick()
        except KeyboardInterrupt:
            print()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("lightsout simulator", description="A local Tencent Cloud.")
    parser.add_argument("--port", type=int, default=9000, help="0: any free one (default 9000)")
    parser.add_argument(
        "--fleet", type=_fleet, default="demo", help="demo (default), or a number of machines alike"
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--stop-seconds", type=float, help="how long every machine takes to stop")
    parser.add_argument("--no-limits", action="store_true", help="do not limit the rate of calls")
    parser.add_argument("--journal", type=Path, help="write every call to this file, a JSON a line")
    return parser


def _fleet(text: str) -> str:
    if text != "demo" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither demo nor a number")
    return text


def _writer(stack: ExitStack, path: Path | None) -> Callable[[JournalEntry], object] | None:
    if path is None:
        return None
    file = stack.enter_context(path.open("a", encoding="utf-8", buffering=1))
    return lambda call: file.write(json.dumps(call.as_json(), ensure_ascii=False) + "\n")


def _welcome(simulator: Simulator) -> str:
    account: CloudAccount = simulator.credentials[0]
    machines = len(simulator.world.instances())
    return WELCOME.format(url=simulator.url, account=account, machines=machines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], threading.Event()))
