"""List every machine that can have tags, of each service and region. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.texts.suggest import near
from lightsout.cli import WrongUse
from lightsout.cli.calls.clouds import AT_ONCE
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute, list_regions
from lightsout.cloud.threads import side_by_side
from lightsout.model.resources.resource import OWN, RESOURCES, Resource, Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lightsout.cli.explain.tag_table import Machine
    from lightsout.cloud.client import Cloud
    from lightsout.model.resources.instance import Instance

ALL = "all"
# The services that have tags, and list their regions.
LISTED = [it.name for it in RESOURCES.values() if it.has_tags and it.lists_regions]


class Seen(NamedTuple):
    """The machines, and a warning for each place that could not be looked at."""

    machines: list[Machine]
    warnings: list[str]


def look_everywhere(cloud: Cloud, regions: Sequence[str] = ()) -> Seen:
    """List the machines of the account in `regions`; without any, in all regions.

    Raises WrongUse for a region that none of the services has.
    """
    sites, warnings = _sites(cloud, () if ALL in regions else regions)
    machines: list[Machine] = []
    for site, found in list_sites({OWN: cloud}, sites).items():
        if isinstance(found, CallFailed):
            name = f"{site.resource.name} in {site.place}"
            warnings.append(f"warning: {name} is unknown: {found.with_action}")
        else:
            machines += [(site, machine) for machine in found]
    return Seen(machines, warnings)


def list_sites(
    clouds: Mapping[str, Cloud], sites: Sequence[Site]
) -> dict[Site, list[Instance] | CallFailed]:
    """The machines of each site, or the reason why the site does not answer."""

    def look(site: Site) -> list[Instance] | CallFailed:
        try:
            listing = Compute(clouds[site.account], site).search([[]])
        except CallFailed as failure:
            return failure
        return list(listing.instances.values())

    return dict(zip(sites, side_by_side(look, sites, AT_ONCE), strict=True))


def _sites(cloud: Cloud, wanted: Sequence[str]) -> tuple[list[Site], list[str]]:
    """The sites to list, and a warning for each service that does not name its regions."""

    def regions_of(resource: Resource) -> list[str] | CallFailed:
        try:
            return list_regions(cloud, resource)
        except CallFailed as failure:
            return failure

    resources = [it for it in RESOURCES.values() if it.name in LISTED]
    answers = dict(zip(resources, side_by_side(regions_of, resources, AT_ONCE), strict=True))
    failed = {it: answer for it, answer in answers.items() if isinstance(answer, CallFailed)}
    had = {it: answer for it, answer in answers.items() if not isinstance(answer, CallFailed)}
    if not failed:
        _refuse_unknown(wanted, {region for regions in had.values() for region in regions})
    had |= {it: list(wanted) for it in failed}
    return [
        Site(OWN, resource, region)
        for resource, regions in had.items()
        for region in regions
        if not wanted or region in wanted
    ], [
        f"warning: {resource.name} is unknown: {failure.with_action}"
        for resource, failure in failed.items()
        if not wanted
    ]


def _refuse_unknown(wanted: Iterable[str], known: set[str]) -> None:
    for region in wanted:
        if region not in known:
            services = " nor ".join(LISTED)
            raise WrongUse(f"neither {services} has a region {region}{near(region, known)}")
