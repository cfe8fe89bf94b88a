"""Look at the machines once, for both sets of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.act.sites import REGIONS_PATIENCE
from lightsout.cli.calls.clouds import AT_ONCE
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute, Listing, list_regions
from lightsout.cloud.threads import side_by_side
from lightsout.model.resources.resource import RESOURCES, Site, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Policy
    from lightsout.model.resources.scaling import Membership

THREADS = 4  # that list one site


class SeenSite(Compute):
    """A site, as one listing shows it.

    Only traffic and groups are asked for later, once for each instance.
    """

    def __init__(self, cloud: Cloud, site: Site) -> None:
        super().__init__(cloud, site, THREADS)
        self._asked = Compute(cloud, site, THREADS)
        self._listing = self._asked.search([[]])
        self._traffic: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._memberships: dict[str, Membership] = {}
        self._without: set[str] = set()  # IDs without known traffic

    def search(self, queries: Sequence[Sequence[Any]]) -> Listing:
        """Every instance. The decisions leave out those that a policy does not match."""
        del queries
        return Listing(self._listing.at, dict(self._listing.instances))

    def find(self, ids: Sequence[str]) -> Listing:
        seen = self._listing.instances
        return Listing(self._listing.at, {id_: seen[id_] for id_ in ids if id_ in seen})

    def count(self) -> int:
        return len(self._listing.instances)

    def traffic(self, ids: Sequence[str]) -> dict[str, Sequence[Mapping[str, Any]]]:
        new = [id_ for id_ in ids if id_ not in self._traffic and id_ not in self._without]
        if new:
            self._traffic |= self._asked.traffic(new)
            self._without |= {id_ for id_ in new if id_ not in self._traffic}
        return {id_: self._traffic[id_] for id_ in ids if id_ in self._traffic}

    def memberships(self, ids: Iterable[str]) -> dict[str, Membership]:
        wanted = list(ids)
        if new := [id_ for id_ in wanted if id_ not in self._memberships]:
            self._memberships |= self._asked.memberships(new)
        return {id_: self._memberships[id_] for id_ in wanted}


class View(NamedTuple):
    """The sites of one set of policies, and the parts that could not be looked at."""

    sites: Mapping[Site, SeenSite]
    blind: frozenset[Site | tuple[str, str]]  # sites; account and resource of unknown regions
    errors: tuple[str, ...]

    def sites_of(self, policy: Policy) -> Iterator[SeenSite]:
        for site, seen in self.sites.items():
            about = site.resource.name == policy.resource and site.account in policy.accounts
            if about and (policy.regions == ("all",) or site.region in policy.regions):
                yield seen


class Looker:
    """Looks at each site once, for either set of policies."""

    def __init__(self, allows: Callable[[Site], bool]) -> None:
        self._allows = allows  # the sites that the options allow
        self._seen: dict[tuple[int, Site], SeenSite | CallFailed] = {}
        self._regions: dict[tuple[int, str], Sequence[str] | CallFailed] = {}

    def look(self, policies: Iterable[Policy], clouds: Mapping[str, Cloud]) -> View:
        errors: list[str] = []
        blind: list[Site | tuple[str, str]] = []
        sites: dict[Site, None] = {}
        for policy in policies:
            for account in policy.accounts:
                regions = self._regions_of(policy, account, clouds)
                if isinstance(regions, CallFailed):
                    where = place_of(account, policy.resource)
                    blind.append((account, policy.resource))
                    errors.append(f"the regions of {where}: {regions.with_action}")
                else:
                    named = (Site(account, RESOURCES[policy.resource], it) for it in regions)
                    sites |= dict.fromkeys(filter(self._allows, named))
        self._look_at(sites, clouds)
        found = {site: self._seen[id(clouds[site.account]), site] for site in sites}
        errors += [
            f"{site.resource.name} in {site.place}: {it.with_action}"
            for site, it in found.items()
            if isinstance(it, CallFailed)
        ]
        blind += [site for site, it in found.items() if isinstance(it, CallFailed)]
        seen = {site: it for site, it in found.items() if isinstance(it, SeenSite)}
        return View(seen, frozenset(blind), tuple(dict.fromkeys(errors)))

    def _regions_of(
        self, policy: Policy, account: str, clouds: Mapping[str, Cloud]
    ) -> Sequence[str] | CallFailed:
        if policy.regions != ("all",):
            return policy.regions
        known = id(clouds[account]), policy.resource
        if known not in self._regions:
            try:
                resource = RESOURCES[policy.resource]
                self._regions[known] = list_regions(clouds[account], resource, REGIONS_PATIENCE)
            except CallFailed as failure:
                self._regions[known] = failure
        return self._regions[known]

    def _look_at(self, sites: Collection[Site], clouds: Mapping[str, Cloud]) -> None:
        def look(site: Site) -> SeenSite | CallFailed:
            try:
                return SeenSite(clouds[site.account], site)
            except CallFailed as failure:
                return failure

        new = [site for site in sites if (id(clouds[site.account]), site) not in self._seen]
        for site, seen in zip(new, side_by_side(look, new, AT_ONCE), strict=True):
            self._seen[id(clouds[site.account]), site] = seen
