"""Read prices from a file, instead of asking CVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.files import read_small_file
from lightsout.cli import WrongUse
from lightsout.policies.reading import yamltree as yamltext

if TYPE_CHECKING:
    from collections.abc import Mapping

HIGHEST = 100_000.0  # an hour; more is a typing error
FORM = "currency: CNY and per_hour: {S5.MEDIUM4: 0.21}"


class PriceList(NamedTuple):
    """Prices for an hour, by instance type or by instance ID, from a file."""

    currency: str
    per_hour: Mapping[str, float]

    def of(self, instance_id: str, type_: str) -> float | None:
        return self.per_hour.get(instance_id, self.per_hour.get(type_))


def read_price_list(path: str) -> PriceList:
    """Read the prices of a YAML or JSON file: `currency`, and `per_hour` by instance type or ID.

    Raises WrongUse with every mistake in it.
    """
    complaints = yamltext.Complaints(path)
    try:
        root = yamltext.read(read_small_file(path, yamltext.MAX_BYTES), complaints)
    except OSError as error:
        raise WrongUse(f"--prices {path}: {error.strerror}") from None
    currency, per_hour = "", {}
    for key, value in _pairs(root, complaints, FORM):
        if key.value == "currency" and isinstance(value, yamltext.Text) and value.value:
            currency = value.value
        elif key.value == "per_hour":
            per_hour = _read_prices(value, complaints)
        else:
            complaints.add(key, f"{yamltext.show(key.value)}: wants currency: CNY, and per_hour")
    if not complaints.mistakes and not (currency and per_hour):
        complaints.add(yamltext.START, f"wants both {FORM}")
    if complaints.mistakes:
        raise WrongUse("\n".join(map(str, complaints.listed())))
    return PriceList(currency, per_hour)


def _read_prices(node: Any, complaints: yamltext.Complaints) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in _pairs(node, complaints, "S5.MEDIUM4: 0.21"):
        text = value.value if isinstance(value, yamltext.Text) else ""
        if key.value in found:
            complaints.add(key, f"{yamltext.show(key.value)} stands here twice")
        try:
            found[key.value] = price_of(text)
        except ValueError:
            complaints.add(value, f"{yamltext.show(key.value)} wants a price an hour such as 0.21")
    return found


def _pairs(
    node: Any, complaints: yamltext.Complaints, wanted: str
) -> list[tuple[yamltext.Text, Any]]:
    if not isinstance(node, yamltext.Pairs):
        if not complaints.mistakes:
            complaints.add(node or yamltext.START, f"wants {wanted}")
        return []
    return [(key, value) for key, value in node.pairs if isinstance(key, yamltext.Text)]


def price_of(given: Any) -> float:
    """A price an hour; raises ValueError or TypeError for anything else."""
    price = float(given)
    if not 0 <= price <= HIGHEST:  # nor is NaN
        raise ValueError(f"{given} is no price an hour")
    return price
