"""`init`: make a folder with a first policy, serverless.yml, and the files beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from lightsout.base.credentials import NO_CREDENTIALS, BadSettings
from lightsout.cli import GOOD, WrongUse
from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.calls.everywhere import ALL, look_everywhere
from lightsout.cli.calls.reach import Unreachable
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.explain.tag_table import show_tags
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import command, plural
from lightsout.cli.own_folder import proposal, questions
from lightsout.cli.own_folder.files import has_policies, surroundings, write_missing
from lightsout.cli.own_folder.policy_text import Choices, mistakes_in, without_tags, write_policies
from lightsout.cli.packaging.origin import PACKAGE, is_installed, samples
from lightsout.model.resources.resource import OWN
from lightsout.policies.load import load
from lightsout.policies.schema.texts import REGION
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from lightsout.base.environment import Environment
    from lightsout.cli.explain.tag_table import Machine

    T = TypeVar("T")

CHOICES = ("tag", "resource", "region", "days", "between", "timezone")
SHOWN = 15  # tags before the first question


class First(NamedTuple):
    """The first policies: a file of them, their names, and a region that they act in."""

    files: dict[str, str]
    names: Sequence[str]
    region: str


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Make the folder. All questions come before the first file; no file is overwritten."""
    out, folder = Output(), Path(options.folder)
    if options.function_region and not REGION.takes(options.function_region):
        wanted = f"a region such as ap-guangzhou, not {options.function_region!r}"
        raise WrongUse(f"--function-region wants {wanted}")
    if has_policies(folder):
        first = First({}, [], proposal.FIRST_REGION)
        out.say(f"kept {folder / 'policies'}, which has policies; none is added")
    elif options.sample:
        first = _sample(options)
    else:
        first = _proposed(options, outside, out)
    region = options.function_region or first.region
    endpoint = outside.environ.get("LIGHTSOUT_ENDPOINT", "")
    files = first.files | surroundings(first.names, region, endpoint)
    for path, made in write_missing(folder, files):
        out.say(f"made {path}" if made else f"kept {path}, which was there")
    if "LIGHTSOUT_POLICIES" in outside.environ:
        complain("lightsout: warning: LIGHTSOUT_POLICIES is set: commands read its policies")
    _tell_next(out, folder)
    return GOOD


def _sample(options: argparse.Namespace) -> First:
    """The sample policy. Raises WrongUse for flags about another policy."""
    if any(getattr(options, name) for name in CHOICES):
        flags = ", ".join(f"--{name}" for name in CHOICES)
        raise WrongUse(f"--sample is a whole policy: without {flags}")
    file = samples()[options.sample]
    policies = load(file).policies
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(it for it in lines if not it.startswith("# yaml-language-server"))
    regions = [region for policy in policies for region in policy.regions if region != ALL]
    return First(
        {f"policies/{file.name}": text},
        [policy.name for policy in policies],
        next(iter(regions), proposal.FIRST_REGION),
    )


def _proposed(options: argparse.Namespace, outside: Environment, out: Output) -> First:
    machines = _look(outside)
    try:
        choices = _choices(options, machines, out)
    except KeyboardInterrupt:
        complain("nothing was written")
        raise
    regions = [it for it in choices.regions if it != ALL]
    return First(
        {f"policies/{choices.name()}.yml": write_policies(choices, machines)},
        choices.names(),
        next(iter(regions), proposal.places(machines, choices.tags)[1][0]),
    )


def _look(outside: Environment) -> Sequence[Machine]:
    """All machines; None without credentials, or if the services do not answer."""
    settings = read_settings(outside.environ, outside.beside)
    try:
        clouds = open_clouds(settings, outside, show_retry)
    except BadSettings as mistake:
        if NO_CREDENTIALS not in str(mistake):
            raise
        complain("no credentials, so no machine was looked at: the policy is one to start from")
        return []
    except Unreachable as why:
        complain(f"{why}; so no machine was looked at: the policy is one to start from")
        return []
    seen = look_everywhere(clouds[OWN])
    complain(*seen.warnings)
    return seen.machines


# The choices for the policy ----------------------------------------------------------------------


def _choices(options: argparse.Namespace, machines: Sequence[Machine], out: Output) -> Choices:
    """Choose by flags, answers or proposals. Raises WrongUse for a flag that no policy can have."""
    asking = not options.yes and questions.is_somebody_there()
    if asking and machines:
        show_tags(out, machines, SHOWN)
        out.say()
    interview = _Interview(machines, asking=asking)
    interview.settle(
        "tags",
        questions.read_tags(options.tag) if options.tag else None,
        ("Which machines may go off, by KEY=VALUE[,VALUE]", questions.shown_tags),
        questions.read_tag_answer,
        proposal.propose_tags(machines),
    )
    _tell_matching(out, interview.choices, machines)
    resources, regions = proposal.places(machines, interview.choices.tags)
    lists: tuple[tuple[str, Sequence[str] | None, str, Sequence[str]], ...] = (
        ("resources", options.resource, "Of which services", resources),
        ("regions", options.region, "In which regions, or all", regions),
        ("days", options.days, "On which days (everyday, workdays, mon, tue, …)", ("everyday",)),
    )
    for field, given, question, default in lists:
        texts = questions.read_list(",".join(given)) if given else None
        interview.settle(field, texts, (question, ", ".join), questions.read_list, default)
    interview.settle(
        "between",
        questions.read_between(options.between) if options.between else None,
        ("Off from when, trying until when", "-".join),
        questions.read_between,
        ("20:00", "23:30"),
    )
    zone = options.timezone, ("In which time zone", str), str, "Asia/Shanghai"
    interview.settle("timezone", *zone)
    return interview.choices


class _Interview:
    """Fills in one choice after the other: from a flag, an answer, or the proposal."""

    def __init__(self, machines: Sequence[Machine], *, asking: bool) -> None:
        self._machines = machines
        self._asking = asking
        self.choices = Choices(proposal.NOBODY_YET, ["lighthouse"], [proposal.FIRST_REGION])

    def settle(
        self,
        field: str,
        given: T | None,
        question: tuple[str, Callable[[T], str]],
        read: Callable[[str], T],
        default: T,
    ) -> None:
        """Set the choice `field`. Raises WrongUse for a flag that no policy can have."""

        def check(value: T) -> list[str]:
            wanted = self._with(field, value)
            wrong = without_tags(wanted.resources)
            return wrong or mistakes_in(write_policies(wanted, self._machines))

        value = default if given is None else given
        if given is None and self._asking:
            text, show = question
            value = questions.ask(f"{text} [{show(default)}]: ", default, read, check)
        elif mistakes := check(value):
            raise WrongUse("\n".join(mistakes))
        self.choices = self._with(field, value)

    def _with(self, field: str, value: object) -> Choices:
        return self.choices._replace(**{field: value})  # type: ignore[arg-type]


# Output ------------------------------------------------------------------------------------------


def _tell_matching(out: Output, choices: Choices, machines: Sequence[Machine]) -> None:
    tags = questions.shown_tags(choices.tags)
    if found := proposal.matched(machines, choices.tags):
        out.say(f"{tags}: carried by {len(found):,} of {plural(len(machines), 'machine')}")
    elif machines:
        out.say(f"{tags}: carried by no machine yet; add the tag to those that may go off")
    else:
        out.say(f"{tags}: the tag of the machines that may go off")


def _tell_next(out: Output, folder: Path) -> None:
    out.say()
    out.say("Next:", look="bold")
    if not is_installed():
        out.say(f"  python -m pip install {PACKAGE.parent}")
    if folder.resolve() != Path.cwd():
        out.say(f"  cd {folder}")
    name = command() if is_installed() else "lightsout"
    for following in ("check", "plan", "deploy"):
        out.say(f"  {name} {following}")
