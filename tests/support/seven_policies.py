"""Seven policies, the machines that they are about, and what the tags of these may say.

It is told twice: as the files that lightsout reads, and as what the oracle goes by.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from lightsout.simulator import GB, TrafficPackage
from tests.support.other_accounts import OTHER_UINS, OWN
from tests.support.run_oracle import Machine, Rule, Until
from tests.support.window_oracle import UptimeCase, WindowCase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from lightsout.simulator import World

ELSEWHERE = "Asia/Tokyo"  # the zone of one of the policies
UINS = {"own": OWN, "research": OTHER_UINS["research"]}
FILE = """
    version: 1
    timezone: {zone}
    holidays: {{{holiday}: off, {workday}: work}}
    accounts:
      - name: research
        role_arn: qcs::cam::uin/100000000002:roleName/lightsout
        external_id: from-the-office
    policies:
      - name: office
        accounts: [own, research]
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou, ap-shanghai]
        match: {{tags: {{office: "*"}}}}
        exclude: {{names: ["*-prod"]}}
        uptime: {{days: workdays, between: ["08:30", "20:00"]}}
        mark: true
      - name: own-hours
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou]
        match: {{tags: {{own-hours: "*"}}}}
        uptime: {{from_tag: own-hours, act_within: 1h}}
        mark: true
      - name: nights
        accounts: [own, research]
        resource: [lighthouse, cvm]
        regions: [ap-guangzhou]
        timezone: {elsewhere}
        match: {{tags: {{env: dev}}}}
        when: {{between: ["22:00", "02:00"]}}
        mark: true
      - name: days-off
        accounts: [research]
        resource: cvm
        regions: [ap-guangzhou, ap-beijing]
        match: {{tags: {{team: red}}}}
        when: {{days: holidays, enforce: true}}
      - name: mornings
        resource: lighthouse
        regions: [ap-guangzhou]
        action: start
        match: {{tags: {{env: dev}}}}
        when: {{days: workdays, between: ["07:50", "09:00"]}}
        only_if: {{traffic_used_below: 90%}}
      - name: traffic-stop
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {{tags: {{traffic-guard: "*"}}}}
        only_if: {{traffic_used_at_least: 95%}}
      - name: batch-nights
        accounts: [research]
        resource: [lighthouse, cvm]
        regions: [ap-beijing]
        match: {{names: ["batch-*"]}}
        uptime: {{days: workdays, between: ["19:00", "06:00"], enforce: true}}
        mark: true
"""
BOTH, GUANGZHOU = ("lighthouse", "cvm"), "ap-guangzhou"
OWN_HOURS = "own-hours"
# What owners write into their tag, and the days and times that it means. None: it cannot be read.
HOURS: dict[str, list[tuple[str, str]] | None] = {
    "08:30-20:00": [("everyday", "08:30-20:00")],
    "Workdays 22:00 - 02:00": [("workdays", "22:00-02:00")],
    "tue 8:00-12:00,tue 14:00-18:00,wed-fri 9:15-9:45": [
        ("tue", "08:00-12:00"), ("tue", "14:00-18:00"), ("wed thu fri", "09:15-09:45"),
    ],
    "workdays 08:30-20:00, holidays 10:00-14:00": [
        ("workdays", "08:30-20:00"), ("holidays", "10:00-14:00"),
    ],
    "09:00-17:00 MON,WED,FRI": None,
    "mon,wed,fri 09:00-17:00": [("mon wed fri", "09:00-17:00")],
    "08:30-12:00, 13:30-18:00": [("everyday", "08:30-12:00"), ("everyday", "13:30-18:00")],
    "fri 20:00-06:00": [("fri", "20:00-06:00")],
    "sat,sun 00:00-24:00": [("sat sun", "00:00-24:00")],
    "1:15-2:45": [("everyday", "01:15-02:45")],  # where the clocks change
    "on": [],  # neither has an edge, after which something would be due
    "OFF": [],
    "00:00-24:00": [("everyday", "00:00-24:00")],
    "08:00-20:00, 20:00-08:00": [("everyday", "08:00-20:00"), ("everyday", "20:00-08:00")],
    "weekdays 08:30-20:00": None,
    "8:30-20": None,
    "08:30-20:00 tz=UTC": None,
    "mon-fri": None,
    "": None,
}  # fmt: skip


class Setting(NamedTuple):
    """Where and when it plays: the zone of most policies, and the first day.

    `holiday`: a day off of the office's own; `workday`: a weekend day that it works.
    """

    zone: str
    first: str
    holiday: str
    workday: str

    @property
    def begins(self) -> datetime:
        return datetime.fromisoformat(self.first).replace(tzinfo=ZoneInfo(self.zone))

    def file(self) -> str:
        return FILE.format(elsewhere=ELSEWHERE, **self._asdict())

    def window(self, days: str, between: str = "") -> WindowCase:
        return WindowCase(self.zone, days, between, f"{self.holiday} off {self.workday} work")

    def hours(self, value: str) -> UptimeCase | None:
        entries = HOURS[value]
        if entries is None:
            return None
        return UptimeCase(tuple(self.window(*it) for it in entries), timedelta(hours=1))

    def rules(self) -> Iterator[Rule]:
        """Yield each action of each policy; those that mark are in the order of the file."""
        everywhere = tuple(UINS)
        office = UptimeCase((self.window("workdays", "08:30-20:00"),))
        batch = UptimeCase((self.window("workdays", "19:00-06:00"),), enforce=True)
        here, beijing = (GUANGZHOU,), ("ap-beijing",)
        for action in ("stop", "start"):
            yield Rule(
                "office", action, BOTH, everywhere, (GUANGZHOU, "ap-shanghai"), ("office", "*"),
                self.zone, office, mark=True, excluded="-prod",
            )  # fmt: skip
            yield Rule(
                "own-hours", action, BOTH, ("own",), here, (OWN_HOURS, "*"),
                self.zone, by_tag=OWN_HOURS, mark=True,
            )  # fmt: skip
        nights = WindowCase(ELSEWHERE, "everyday", "22:00-02:00")
        yield Rule(
            "nights", "stop", BOTH, everywhere, here, ("env", "dev"), ELSEWHERE, nights, mark=True,
        )  # fmt: skip
        yield Rule(
            "days-off", "stop", ("cvm",), ("research",), (GUANGZHOU, "ap-beijing"), ("team", "red"),
            self.zone, self.window("holidays"), enforce=True,
        )  # fmt: skip
        mornings = self.window("workdays", "07:50-09:00")
        yield Rule(
            "mornings", "start", ("lighthouse",), ("own",), here, ("env", "dev"),
            self.zone, mornings, used_below=90,
        )  # fmt: skip
        yield Rule(
            "traffic-stop", "stop", ("lighthouse",), ("own",), here, ("traffic-guard", "*"),
            self.zone, used_at_least=95,
        )  # fmt: skip
        for action in ("stop", "start"):
            yield Rule(
                "batch-nights", action, BOTH, ("research",), beijing, None,
                self.zone, batch, named="batch-", enforce=True, mark=True,
            )  # fmt: skip


SHANGHAI = Setting("Asia/Shanghai", "2026-09-21", holiday="2026-09-30", workday="2026-10-17")
BERLIN = Setting("Europe/Berlin", "2026-10-19", holiday="2026-10-28", workday="2026-11-07")
SETTINGS = {"holidays": SHANGHAI, "clock change": BERLIN}

# The tags of the machines of each site, and their names.
OFFICE, DEV, GUARD = {"office": "1"}, {"env": "dev"}, {"traffic-guard": "1"}
RED, BATCH, HOURS_OF_ITS_OWN = {"team": "red"}, {"batch": "1"}, {OWN_HOURS: "08:30-20:00"}
FLEET: list[tuple[str, str, str, list[dict[str, str]]]] = [
    ("own", "lighthouse", GUANGZHOU, [
        OFFICE, OFFICE | DEV, OFFICE | GUARD, OFFICE | HOURS_OF_ITS_OWN, DEV, DEV, DEV | GUARD,
        *[HOURS_OF_ITS_OWN] * 3, HOURS_OF_ITS_OWN | GUARD, {"env": "test"}, {},
    ]),
    ("own", "cvm", GUANGZHOU, [
        OFFICE, OFFICE, OFFICE | DEV, OFFICE | DEV, OFFICE | HOURS_OF_ITS_OWN, DEV, DEV,
        *[HOURS_OF_ITS_OWN] * 3, {"other": "1"},
    ]),
    ("own", "lighthouse", "ap-shanghai", [OFFICE]),
    ("own", "cvm", "ap-shanghai", [OFFICE]),
    ("research", "lighthouse", GUANGZHOU, [OFFICE, DEV]),
    ("research", "cvm", GUANGZHOU, [OFFICE, OFFICE | RED, DEV]),
    ("research", "lighthouse", "ap-beijing", [BATCH, BATCH]),
    ("research", "cvm", "ap-beijing", [BATCH, BATCH | RED, RED]),
]  # fmt: skip


def build_fleet(world: World, setting: Setting, random: Random) -> dict[str, Machine]:
    """Add the machines to the world; return what the oracle knows of them."""
    found, numbers = {}, count()
    for account, service, region, kinds in FLEET:
        for kind in kinds:
            number = next(numbers)
            prefix = "lhins" if service == "lighthouse" else "ins"
            tags, prod = dict(kind), "-prod" * (number % 9 == 0)
            name = f"{'batch' if kind.keys() & BATCH else 'web'}-{number}{prod}"
            if OWN_HOURS in tags:
                tags[OWN_HOURS] = random.choice([*HOURS])
            machine = Machine(
                f"{prefix}-{number:08x}", service, account, region, name, tags,
                random.choice(["RUNNING", "STOPPED"]), ("", setting.begins),
            )  # fmt: skip
            if OWN_HOURS in tags:
                machine.hours = setting.hours(tags[OWN_HOURS])
            shown = world.add(
                machine.id, service=service, region=region, account=UINS[account], name=name,
                tags=tags, state=machine.state, stop_seconds=2.0, start_seconds=2.0,
                packages=package(world, machine.traffic),
            )  # fmt: skip
            machine.operation = shown.operation.action, shown.operation.started
            found[machine.id] = machine
    return found


def package(world: World, used: int | None) -> list[TrafficPackage]:
    """A package with so many percent used; none where it is not known."""
    if used is None:
        return []
    lasting = world.now() + timedelta(days=100)
    return [replace(world.package(used=used * GB, total=100 * GB), end=lasting)]


def untils(now: datetime, random: Random) -> Until:
    """A value of keep-until around a time, in each of its forms."""
    at = (now + timedelta(hours=random.randrange(-6, 30))).replace(second=0, microsecond=0)
    local = f"{at:%Y-%m-%dT%H:%M}"
    return random.choice(
        [
            *[Until(f"{at:%Y-%m-%d}", day=f"{at:%Y-%m-%d}")] * 2,
            Until(local, clock=local),
            Until(f"{local}:00", clock=local),
            Until(f"{local}+05:30", instant=datetime.fromisoformat(f"{local}+05:30")),
            Until("next monday"),
            Until(f"{at:%Y-%m}-32"),
        ]
    )
