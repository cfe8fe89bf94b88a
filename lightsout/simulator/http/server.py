"""The simulator as one object: a world, its services, and a port to serve at."""

from __future__ import annotations

import threading
from datetime import timedelta
from email.utils import format_datetime
from random import Random
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING

from lightsout.simulator.access.accounts import CloudAccount
from lightsout.simulator.access.cam_service import cam
from lightsout.simulator.access.sts import sts
from lightsout.simulator.base.faults import Faults
from lightsout.simulator.base.journal import Journal, JournalEntry
from lightsout.simulator.compute.cvm import cvm
from lightsout.simulator.compute.hai import hai
from lightsout.simulator.compute.lighthouse import lighthouse
from lightsout.simulator.compute.tione import tione
from lightsout.simulator.functions.function_keys import FunctionKeys
from lightsout.simulator.functions.invocations import Host
from lightsout.simulator.functions.scf import scf
from lightsout.simulator.http.connections import Server
from lightsout.simulator.http.cos import Cos
from lightsout.simulator.http.gateway import LARGEST_REQUEST, Gateway, HttpRequest, Reply
from lightsout.simulator.logs.cls import cls
from lightsout.simulator.scaling.scaling import scaling
from lightsout.simulator.tags.tag import tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import Self

    from lightsout.simulator.base.service import Service
    from lightsout.simulator.world import World


class Simulator:
    """A local Tencent Cloud: inside `with Simulator(world) as sim:` it serves at `sim.url`.

    `limits`: requests a second by action, instead of the documented ones; None: no limits.
    `sliding`: a second is the last one, not the calendar's. `latency`: real seconds before
    each answer, up to `jitter` more. `clock_skew`: seconds by which the service's clock is ahead.
    `credentials` may be changed while it runs. `on_call` gets each call as it is journalled.
    `largest_request`: bytes of a request. `endpoint_variable`: the variable with `url` for
    functions that run here; "": none, as in the real cloud.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        limits: Mapping[str, int] | None = MappingProxyType({}),
        sliding: bool = False,
        latency: float = 0.0,
        jitter: float = 0.0,
        clock_skew: float = 0.0,
        credentials: Iterable[CloudAccount] | None = None,
        random: Random | None = None,
        on_call: Callable[[JournalEntry], object] | None = None,
        largest_request: int = LARGEST_REQUEST,
        endpoint_variable: str = "LIGHTSOUT_ENDPOINT",
    ) -> None:
        self.world = world
        self.credentials = [CloudAccount()] if credentials is None else list(credentials)
        self.faults = Faults()
        self.journal = Journal(on_call)
        self.latency = latency
        self.jitter = jitter
        self._random = random or Random()
        self._gateway = Gateway(
            world,
            _services(self.credentials),
            self.credentials,
            self.faults,
            self.journal,
            limits=limits,
            sliding=sliding,
            clock_skew=clock_skew,
            random=self._random,
            largest_request=largest_request,
        )
        self.cos = Cos(world, self.credentials, self.journal)
        keys = FunctionKeys(world, self.credentials)
        world.invocations.host = Host(lambda: self.url, keys.of, endpoint_variable)
        self._port = port
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def clock_skew(self) -> float:
        """Seconds by which the service's clock is ahead of the caller's; may be set at any time."""
        return self._gateway.clock_skew

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        self._gateway.clock_skew = seconds

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`. Raises RuntimeError unless it is running."""
        if self._server is None:
            raise RuntimeError("the simulator is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def calls(
        self, action: str | None = None, region: str | None = None, service: str | None = None
    ) -> list[JournalEntry]:
        """The journal's entries of an action, a region and a service, as far as given."""
        return self.journal.calls(action, region, service)

    def handle(self, request: HttpRequest) -> Reply:
        """Answer a request without a socket."""
        return self._gateway.handle(request)

    def start(self) -> None:
        """Serve in threads of its own. Raises OSError when the port is taken."""
        self._server = Server(("127.0.0.1", self._port), self._gateway, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="simulator", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving; connections that are still open are dropped."""
        self.world.invocations.sandbox.close()
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.closing.set()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def date(self) -> str:
        """The service's clock, as HTTP writes it."""
        now = self.world.clock.now() + timedelta(seconds=self.clock_skew)
        return format_datetime(now, usegmt=True)

    def delay(self) -> float:
        """Real seconds until the next answer."""
        return self.latency + self.jitter * self._random.random()


def _services(keys: list[CloudAccount]) -> dict[str, Service]:
    own = (
        cam(),
        cls(),
        cvm(),
        hai(),
        lighthouse(),
        scaling(),
        scf(),
        sts(keys),
        tag(),
        tione(),
    )
    return {each.dialect.service: each for each in own}
