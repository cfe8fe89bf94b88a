"""Run all sites that are due, in parallel, until each is done or time runs out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from lightsout.act.sites import GRACE, find_sites
from lightsout.base.memory import return_large_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightsout.act.site_run import SiteRun, Terms
    from lightsout.act.sites import Unplaced
    from lightsout.base.log import Log
    from lightsout.cloud.client import Cloud
    from lightsout.model.request import Chosen

THREADS = 16  # for looks at instances, over all sites
# For each site. At 60 ms a look, MOST_THREADS reach Lighthouse's rate limit.
LEAST_THREADS, MOST_THREADS = 1, 8


class SiteRuns:
    """The runs of all sites that are due. `clouds`: by account, the client for its calls."""

    def __init__(self, clouds: Mapping[str, Cloud]) -> None:
        self._clouds = clouds
        self.runs: list[SiteRun] = []
        self.unplaced: list[Unplaced] = []

    def run(self, due: Sequence[Chosen], terms: Terms, log: Log) -> None:
        """Find the sites and run them. A site that hangs is abandoned when time runs out."""
        self.runs, self.unplaced = find_sites(due, self._clouds, terms.deadline)
        return_large_blocks()
        count = max(1, len(self.runs))
        threads = min(MOST_THREADS, max(LEAST_THREADS, THREADS // count))
        pool = ThreadPoolExecutor(max_workers=count)
        try:
            futures = [
                pool.submit(one.run, self._clouds[one.site.account], terms, threads, log)
                for one in self.runs
            ]
            wait(futures, timeout=terms.deadline.left() + GRACE)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def blind(self) -> bool:
        """True if some instances could not be looked at."""
        return bool(self.unplaced) or any(one.blind() for one in self.runs)

    def close(self) -> None:
        """Close the connections: a warm process would keep them open. No call may follow."""
        for cloud in self._clouds.values():
            cloud.disconnect()
