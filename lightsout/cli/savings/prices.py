"""Find the price of an hour of an instance's CPU and memory: from CVM, cached, or from a file.

InquiryPriceRunInstances returns the price by the hour of a new instance with a system disk
(https://cloud.tencent.com/document/api/213/15726). While an instance is stopped with STOP_CHARGING
its disks are still charged (https://cloud.tencent.com/document/product/213/19918), and no page says
whether InstancePrice includes them. So two prices are asked, with a small and a large disk: a
difference is the price of the gigabytes, and is subtracted.

For some types the price falls the longer they run (to 50 % after 96 hours, 34 % after 360,
https://www.tencentcloud.com/zh/document/product/213/2176), and no page says how a stop changes that
count. The lowest price is used, so that no more is claimed than was saved.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.endpoint import ROOT_DOMAIN
from lightsout.base.files import read_small_file
from lightsout.cli.output.files import write_file
from lightsout.cli.savings.pricefile import price_of
from lightsout.cloud.sdk import CallFailed
from lightsout.model.resources.resource import CVM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lightsout.base.endpoint import Endpoint
    from lightsout.cli.savings.evidence import Machine
    from lightsout.cli.savings.pricefile import PriceList
    from lightsout.cloud.client import Cloud

ACTION = "InquiryPriceRunInstances"
SMALL, LARGE = 50, 500  # GB: allowed for every kind of system disk
STEPS = ("", "SecondStep", "ThirdStep")  # of the prices by running time
FRESH_FOR = timedelta(days=30)
MOST_BYTES = 1024 * 1024  # of cached prices: some ten thousand


class Model(NamedTuple):
    """The facts that the price of an instance depends on."""

    zone: str
    type: str
    image: str  # without one there is no price
    disk: str  # the type of its system disk: not every instance type accepts every one


# The service -------------------------------------------------------------------------------------


def ask_price(cloud: Cloud, region: str, model: Model) -> float:
    """Ask the price of CPU and memory for an hour, pay-as-you-go, without disks.

    Raises CallFailed.
    """
    small, large = (_lowest(_inquire(cloud, region, model, size)) for size in (SMALL, LARGE))
    per_gigabyte = max(0.0, large - small) / (LARGE - SMALL)
    price = round(small - per_gigabyte * SMALL, 4)
    if price <= 0:
        raise _unreadable(f"{small} with a disk of {SMALL} GB, {large} with {LARGE} GB")
    return price


def _inquire(cloud: Cloud, region: str, model: Model, size: int) -> Mapping[str, Any]:
    params = {
        "Placement": {"Zone": model.zone},
        "ImageId": model.image,
        "InstanceType": model.type,
        "InstanceChargeType": "POSTPAID_BY_HOUR",
        "SystemDisk": {"DiskType": model.disk, "DiskSize": size},
    }
    answer = cloud.call(CVM.api.call(region, ACTION), params)
    price = answer.get("Price")
    instance_price = price.get("InstancePrice") if isinstance(price, dict) else None
    if not isinstance(instance_price, dict) or instance_price.get("ChargeUnit") != "HOUR":
        raise _unreadable("it has no price by the hour")
    return instance_price


def _lowest(instance_price: Mapping[str, Any]) -> float:
    """The lowest of the steps, with the account's discount if there is one."""
    for name in ("UnitPriceDiscount", "UnitPrice"):
        prices = [instance_price.get(name + step) for step in STEPS]
        known = [float(price) for price in prices if isinstance(price, (int, float)) and price > 0]
        if known:
            return min(known)
    raise _unreadable("it has no price by the hour")


def _unreadable(why: str) -> CallFailed:
    return CallFailed(ACTION, "UnreadableAnswer", why)


# The cache ---------------------------------------------------------------------------------------


class Cache:
    """Prices in a file of the user, each valid for 30 days. An unreadable file counts as empty."""

    def __init__(self, environ: Mapping[str, str], home: Path, endpoint: Endpoint) -> None:
        folder = environ.get("XDG_CACHE_HOME") or str(home / ".cache")
        self.path = Path(folder) / "lightsout" / "prices.json"
        self._host = endpoint.root_domain or endpoint.host or ROOT_DOMAIN
        self._prices = self._read()
        self._changed = False

    def get(self, model: Model, now: datetime) -> float | None:
        try:
            entry = self._prices[self._key(model)]
            asked = datetime.fromisoformat(entry["asked"]).replace(tzinfo=timezone.utc)
            price = price_of(entry["per_hour"])
        except (KeyError, TypeError, ValueError):
            return None
        return price if timedelta(0) <= now - asked < FRESH_FOR else None

    def put(self, model: Model, price: float, now: datetime) -> None:
        asked = now.astimezone(timezone.utc).date().isoformat()
        self._prices[self._key(model)] = {"per_hour": price, "asked": asked}
        self._changed = True

    def save(self) -> None:
        """Write new prices; raises OSError."""
        if not self._changed:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        write_file(str(fresh), json.dumps(self._prices, indent=1, sort_keys=True))
        fresh.replace(self.path)  # so no reader sees a half-written file

    def _key(self, model: Model) -> str:
        return f"{self._host}/{model.zone}/{model.type}"

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(read_small_file(self.path, MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


# Of machines -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Prices:
    """The price of an hour for each machine, if it is known."""

    currency: str
    source: str  # for a person
    of: dict[Machine, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # the reasons why some are unknown


def listed_prices(
    given: PriceList, machines: Iterable[Machine], models: Mapping[Machine, Model]
) -> Prices:
    prices = Prices(given.currency, "at the prices of the file")
    for machine in machines:
        model = models.get(machine)
        price = given.of(machine.id, model.type if model else "")
        if price is not None:
            prices.of[machine] = price
    return prices


def asked_prices(
    cloud: Cloud, models: Mapping[Machine, Model], endpoint: Endpoint, cache: Cache, now: datetime
) -> Prices:
    """Ask once for each type and zone that is not in the cache."""
    source = "at the lowest price that CVM asks now for an hour of their type, without disks"
    prices = Prices(_currency(endpoint), source)
    refused: set[Model] = set()
    for machine, model in models.items():
        price = cache.get(model, now)
        if price is None and model not in refused:
            try:
                price = ask_price(cloud, machine.site.region, model)
                cache.put(model, price, now)
            except CallFailed as failure:
                refused.add(model)
                place = f"{model.type} in {model.zone}"
                prices.problems.append(f"{place}: {failure.with_action}")
        if price is not None:
            prices.of[machine] = price
    return prices


def _currency(endpoint: Endpoint) -> str:
    """US dollars from the API of the international site, yuan from that of China."""
    return "USD" if (endpoint.root_domain or "").startswith("intl.") else "CNY"
