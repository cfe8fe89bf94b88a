"""`plan --instance`: show how each policy decides about one machine, step by step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightsout.act.sites import REGIONS_PATIENCE
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.calls.operate import request_of
from lightsout.cli.explain.plan.decision_steps import StepsOfMachine
from lightsout.cli.explain.plan.rows import WOULD
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.output.files import kept_in
from lightsout.cli.output.tables import Output
from lightsout.cli.output.words import printable
from lightsout.cloud.sdk import CallFailed
from lightsout.cloud.services.compute import Compute, list_regions
from lightsout.cloud.threads import side_by_side
from lightsout.events.request import hint, read_request
from lightsout.model.request import BadEvent, Request, allows
from lightsout.model.resources.instance import tag_texts
from lightsout.model.resources.resource import RESOURCES, Site, place_of
from lightsout.policies import load as policy_files
from lightsout.policies.load import PolicyMistakes
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cli.explain.plan.rows import Row
    from lightsout.cloud.client import Cloud
    from lightsout.model.policy import Policy
    from lightsout.model.resources.instance import Instance

LOOKS = {"so": "bold", "error": "bold red", "doubt": "yellow", "no match": "cyan"}
PASSIVE = {"stop": "stopped", "start": "started"}
LABEL = 12  # columns for the name of a step


def carry_out(
    options: argparse.Namespace, outside: Environment, instant: datetime, heads: Sequence[str]
) -> int:
    """Show each `--instance`. The other options narrow what is shown."""
    settings, out = read_settings(outside.environ, outside.beside), Output()
    try:
        request = read_request(request_of(options))
        loaded = policy_files.load(settings.policies)
        policies = _named(loaded.policies, request)
    except BadEvent as mistake:
        raise WrongUse(str(mistake)) from None
    except PolicyMistakes as wrong:
        for each in wrong.mistakes:
            out.say(str(each), look="yellow")
        return FOUND_WRONG
    for line in heads:
        out.say(line, look="bold")
    if settings.paused_until and instant < settings.paused_until:
        out.say("paused by LIGHTSOUT_PAUSED_UNTIL: every run ends at once", look="bold yellow")
        return GOOD
    with kept_in(options.log, show_retry) as lines:
        clouds = open_clouds(settings, outside, lines, loaded.accounts)
        good = True
        for number, id_ in enumerate(dict.fromkeys(options.instance)):
            if number:
                out.say()
            good &= MachineReport(out, clouds, policies, instant, request).show(id_)
    return lines.status(GOOD if good else FOUND_WRONG)


def _named(policies: Sequence[Policy], request: Request) -> list[Policy]:
    """The policies to show, also those that a run by hand leaves out."""
    known = [policy.name for policy in policies]
    for name in sorted(request.policies or ()):
        if name not in known:
            raise WrongUse(f"no policy is named {name!r}{hint(name, known)}")
    return [it for it in policies if request.policies is None or it.name in request.policies]


@dataclass(slots=True)
class MachineReport:
    """Finds a machine, and shows the decision of each policy for its kind of resource."""

    out: Output
    clouds: Mapping[str, Cloud]
    policies: Sequence[Policy]
    instant: datetime
    request: Request
    good: bool = True

    def show(self, id_: str) -> bool:
        """Show the machine. False if a call failed, or a run would fail at this machine."""
        sites = self._sites(id_)
        answers = list(side_by_side(lambda site: self._look(site, id_), sites, len(sites)))
        looked = []
        for site, answer in zip(sites, answers, strict=True):
            if isinstance(answer, CallFailed):
                self._fail(f"{site.place} cannot be read: {answer.with_action}")
            elif answer:
                self._show(site, answer)
                return self.good
            else:
                looked.append(f"{site.place} ({site.resource.name})")
        places = f"looked in {', '.join(looked)}" if looked else "there was none to look in"
        self.out.say(f"{id_} is not found in any region that the policies name: {places}")
        return self.good

    def _sites(self, id_: str) -> list[Site]:
        """The sites where it may be: those of all policies for its resource."""
        kinds = [it.name for it in RESOURCES.values() if id_.startswith(it.id_prefix)]
        regions: dict[tuple[str, str], set[str]] = defaultdict(set)
        for policy in self.policies:
            for account in policy.accounts:
                if policy.resource in (kinds or RESOURCES):
                    regions[account, policy.resource].update(policy.regions)
        return [
            Site(account, RESOURCES[kind], region)
            for (account, kind), named in regions.items()
            if allows(self.request.accounts, account)
            for region in sorted(self._all(account, kind) if "all" in named else named)
            if allows(self.request.regions, region)
        ]

    def _all(self, account: str, kind: str) -> Sequence[str]:
        try:
            return list_regions(self.clouds[account], RESOURCES[kind], REGIONS_PATIENCE)
        except CallFailed as failure:
            where = place_of(account, kind)
            self._fail(f"the regions of {where} are unknown: {failure.with_action}")
            return ()

    def _look(self, site: Site, id_: str) -> Instance | CallFailed | None:
        try:
            return Compute(self.clouds[site.account], site).describe([id_]).get(id_)
        except CallFailed as failure:
            return failure

    def _fail(self, line: str) -> None:
        self.good = False
        self.out.say(line, look="bold red")

    def _show(self, site: Site, instance: Instance) -> None:
        kind = site.resource.name
        facts = (instance.id, instance.name, instance.state, kind, site.place)
        self.out.say(" · ".join(printable(fact) for fact in facts if fact), look="bold")
        tags = ", ".join(tag_texts(instance.tags))
        self.out.say(f"tags: {printable(tags) or 'none'}")
        cloud = self.clouds[site.account]
        steps_of = StepsOfMachine(cloud, self.policies, site, instance, self.instant).of
        found = [steps_of(policy) for policy in self.policies if policy.resource == kind]
        for one in found:
            self.out.say()
            self.out.say(f"{one.policy.name} · {one.policy.action}", look="bold")
            for name, said in one.steps:
                self.out.say(f"  {name:{LABEL}}{printable(said)}", look=LOOKS.get(name, ""))
        about = {one.policy.name for one in found}
        others = dict.fromkeys(it.name for it in self.policies if it.name not in about)
        if others:
            self.out.say()
            self.out.say(f"not about {kind}: {', '.join(others)}")
        self.out.say()
        self.out.say(_end([it.row for it in found if it.row]), look="bold")
        self.good = self.good and all(one.good for one in found)


def _end(rows: Sequence[Row]) -> str:
    """The result in a sentence or two."""
    if not rows:
        return "No policy would act on it: it would be left as it is."
    said = [
        f"It would be {done} by {names}."
        for action, done in PASSIVE.items()
        if (names := ", ".join(it.policy.name for it in rows if it.decision == f"would_{action}"))
    ] or ["It would be left as it is."]
    return " ".join([*said, *map(_later, (row for row in rows if row.then in WOULD))])


def _later(row: Row) -> str:
    opens = f"{row.until:%Y-%m-%d %H:%M} {row.policy.timezone.key}"
    return f"{row.policy.name} would {row.policy.action} it when it opens, {opens}."
