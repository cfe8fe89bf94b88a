"""`savings`: show from log lines how long machines were stopped, and what that saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict
from zoneinfo import ZoneInfo

from lightsout.base.texts.scalars import parse_until
from lightsout.cli import FOUND_WRONG, GOOD, WrongUse
from lightsout.cli.logs.from_cls import log_of
from lightsout.cli.output.files import STDOUT, save
from lightsout.cli.output.tables import Output, complain, print_csv
from lightsout.cli.output.words import plural
from lightsout.cli.savings.claims import claims, money_claims
from lightsout.cli.savings.evidence import read_evidence
from lightsout.cli.savings.intervals import intervals
from lightsout.cli.savings.inventory import Inventory, signs_now, take_inventory
from lightsout.cli.savings.pricefile import read_price_list
from lightsout.cli.savings.prices import Cache, Prices, asked_prices, listed_prices
from lightsout.cli.savings.tally import Stop, Sum, by_policy, by_tag, by_week, total
from lightsout.cli.savings.weeks import draw
from lightsout.model.resources.instance import tag_texts
from lightsout.policies.load import DEFAULT_TIMEZONE
from lightsout.report import stamp
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cli.savings.claims import Claim
    from lightsout.cli.savings.evidence import Evidence, Machine
    from lightsout.cli.savings.intervals import Interval
    from lightsout.cli.savings.pricefile import PriceList
    from lightsout.settings import Settings

SHOWN_TAGS = 20
SUMS = ("machines", "stops", "hours", "at most", "saved")


class StopEntry(TypedDict):
    """A row of `savings --csv`."""

    account: str
    resource: str
    region: str
    instance: str
    tags: list[str] | None
    policies: list[str]
    request_id: str
    stopped: str
    until: str
    until_at_most: str
    ended: str
    hours: str
    hours_at_most: str
    uncharged: str
    price_per_hour: float | None
    currency: str | None
    saved: str | None


COLUMNS = tuple(StopEntry.__annotations__)


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    """Ask the cloud only for facts that the log lacks; go on if it cannot answer."""
    if options.csv and options.svg == STDOUT:
        raise WrongUse("--csv and --svg - both write to stdout: name a file for the picture")
    settings = read_settings(outside.environ, outside.beside)
    given = read_price_list(options.prices) if options.prices is not None else None
    now = outside.clock.now()
    until = read_until(options.until, now) if options.until is not None else None
    lines = log_of(options, outside)
    figures = count(lines, settings, outside, given, until)
    stops, prices, said = figures.stops, figures.prices, list(map(str, figures.said))
    if options.csv:
        print_csv(COLUMNS, [_row(stop, prices.currency) for stop in stops])
        complain(*said)
    elif options.svg == STDOUT:
        complain(*said)
    else:
        out = Output()
        if stops:
            show(out, stops, prices.currency, options.tag or ())
        else:
            out.say(f"no confirmed stop in {plural(lines.ours, 'log line')}", look="bold")
        for claim in said:
            out.say(claim)
    if options.svg is not None:
        weeks = by_week(stops, ZoneInfo(DEFAULT_TIMEZONE))
        picture = draw(weeks, prices.currency)
        save("--svg", options.svg, picture, "" if options.csv else "drawn")
    return FOUND_WRONG if lines.warn_of_unusable() else GOOD


@dataclass(frozen=True, slots=True)
class Figures:
    """The facts that a log proves: each stop, its price if known, and sentences about both."""

    stops: list[Stop]
    prices: Prices
    inventory: Inventory
    said: list[Claim | str]


def count(
    lines: Iterable[Mapping[str, Any]],
    settings: Settings,
    outside: Environment,
    given: PriceList | None = None,
    until: datetime | None = None,
) -> Figures:
    """Read the lines, and ask for tags and prices. `until`: None counts to the last line."""
    now = outside.clock.now()
    evidence = read_evidence(lines)
    horizon = until or evidence.last or now
    uncharged = {
        machine for machine, signs in evidence.signs.items() if any(it.uncharged for it in signs)
    }
    if evidence.signs:
        inventory = take_inventory(evidence.signs, uncharged, settings, outside)
    else:
        inventory = Inventory()
    found = _intervals(evidence, inventory, horizon, now)
    prices = _prices(uncharged, inventory, given, settings, outside)
    stops = _stops(found, inventory, prices)
    said: list[Claim | str] = [
        *claims(stops, evidence, horizon),
        *money_claims(stops, prices.source, prices.problems),
        *inventory.missing,
    ]
    return Figures(stops, prices, inventory, said)


def read_until(text: str, now: datetime) -> datetime:
    """The instant of `--until`; for a date, its end. Raises WrongUse, also for a future time."""
    try:
        until = parse_until(text, ZoneInfo(DEFAULT_TIMEZONE))
    except ValueError as error:
        raise WrongUse(f"--until: {error}") from None
    if until > now:
        raise WrongUse(f"--until {text} lies ahead: give a time that is over")
    return until


def _intervals(
    evidence: Evidence, inventory: Inventory, horizon: datetime, now: datetime
) -> dict[Machine, list[Interval]]:
    latest = signs_now(inventory.found, now)
    return {
        machine: intervals(
            [*signs, *([latest[machine]] if machine in latest else [])],
            evidence.looks.get(machine.site, {}),
            horizon,
        )
        for machine, signs in evidence.signs.items()
    }


def _stops(
    found: Mapping[Machine, Sequence[Interval]], inventory: Inventory, prices: Prices
) -> list[Stop]:
    """All stops, by time."""
    stops = []
    for machine, some in found.items():
        instance = inventory.found.get(machine)
        tags = instance.tags if instance else None
        stops += [Stop(machine, one, tags, prices.of.get(machine)) for one in some]
    return sorted(stops, key=lambda stop: (stop.interval.begin, stop.machine))


def _prices(
    machines: Iterable[Machine],
    inventory: Inventory,
    given: PriceList | None,
    settings: Settings,
    outside: Environment,
) -> Prices:
    if given:
        return listed_prices(given, machines, inventory.models)
    if inventory.cloud is None:
        return Prices("CNY", "without a known price")
    cache = Cache(outside.environ, outside.home, settings.endpoint)
    now = outside.clock.now()
    prices = asked_prices(inventory.cloud, inventory.models, settings.endpoint, cache, now)
    gone = {machine for machine, instance in inventory.found.items() if instance is None}
    if not gone.isdisjoint(machines):
        prices.problems.append("what is gone has no type any more")
    try:
        cache.save()
    except OSError as error:
        prices.problems.append(f"{cache.path}: {error.strerror}: prices are asked anew each time")
    return prices


# Output ------------------------------------------------------------------------------------------


def show(out: Output, stops: Sequence[Stop], currency: str, tags: Sequence[str]) -> None:
    """Show the sum, a row for each policy, and one for each tag."""
    all_ = total(stops)
    out.say(
        f"{plural(len(all_.machines), 'machine')}, {plural(all_.stops, 'stop')}: "
        f"{all_.hours:,.1f} h certainly stopped ({all_.at_most:,.1f} h at most), "
        f"{_money(all_, currency)} saved",
        look="bold",
    )
    out.say()
    rows = [[*key, *_cells(it, currency)] for key, it in by_policy(stops).items()]
    out.table(("policy", "account", "resource", *SUMS), rows)
    out.say()
    if any(stop.tags is not None for stop in stops):
        tagged = by_tag(stops, tags)
        shown = list(tagged.items()) if tags else list(tagged.items())[:SHOWN_TAGS]
        out.table(("tag", *SUMS), [[tag, *_cells(it, currency)] for tag, it in shown])
        if len(tagged) > len(shown):
            out.say(f"and {plural(len(tagged) - len(shown), 'more tag')}: --tag KEY shows one key")
        out.say()


def _cells(sum_: Sum, currency: str) -> list[str]:
    counts = [f"{len(sum_.machines):,}", f"{sum_.stops:,}"]
    return [*counts, f"{sum_.hours:,.1f}", f"{sum_.at_most:,.1f}", _money(sum_, currency)]


def _money(sum_: Sum, currency: str) -> str:
    known = f"{sum_.saved:,.2f} {currency}" if sum_.saved else "0"
    if not sum_.unpriced:
        return known
    return f"{known} + {sum_.unpriced:,.1f} h without a price"


def _row(stop: Stop, currency: str) -> StopEntry:
    one, site = stop.interval, stop.machine.site
    tags = None if stop.tags is None else tag_texts(stop.tags)
    return {
        "account": site.account,
        "resource": site.resource.name,
        "region": site.region,
        "instance": stop.machine.id,
        "tags": tags,
        "policies": sorted(one.policies),
        "request_id": one.request_id,
        "stopped": stamp(one.begin),
        "until": stamp(one.end),
        "until_at_most": stamp(one.latest),
        "ended": one.ended.value,
        "hours": f"{one.hours:.4f}",
        "hours_at_most": f"{one.hours_at_most:.4f}",
        "uncharged": "yes" if one.uncharged else "no",
        "price_per_hour": stop.price if one.uncharged else None,
        "currency": currency if one.uncharged else None,
        "saved": None if stop.unpriced else f"{stop.saved:.4f}",
    }
