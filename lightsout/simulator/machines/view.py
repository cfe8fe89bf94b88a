"""Filter and show instances, as far as the services agree."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.answer import as_json
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from lightsout.simulator.base.service import Dialect
    from lightsout.simulator.machines.instance import SimInstance


def accepting(
    dialect: Dialect,
    filters: list[dict[str, Any]],
    offered: Mapping[str, Callable[[Any], Iterable[str]]] | None = None,
) -> Callable[[Any], bool]:
    """Return a test that passes all the filters: names are ANDed, the values of one are ORed.

    `offered`: the known filters, if not those of the dialect. Raises ApiError for more than 10
    filters, too many values, or a name that is not offered.
    """
    if len(filters) > 10:
        raise ApiError(dialect.codes.too_many_filters, "There may be at most 10 `Filters`.")
    texts = dialect.filters if offered is None else offered
    tests = [_test(dialect, texts, each["Name"], each["Values"]) for each in filters]
    return lambda instance: all(test(instance) for test in tests)


def _test(
    dialect: Dialect,
    offered: Mapping[str, Callable[[Any], Iterable[str]]],
    name: str,
    given: list[str],
) -> Callable[[Any], bool]:
    if len(given) > dialect.filter_values:
        raise ApiError(
            dialect.codes.too_many_values,
            f"The filter `{name}` may have at most {dialect.filter_values} `Values`.",
        )
    values = frozenset(given)
    if name.startswith("tag:") and "tag-key" in offered:
        key = name[len("tag:") :]
        return lambda instance: instance.tags.get(key) in values
    texts = offered.get(name)
    if texts is None:
        raise ApiError(dialect.codes.unknown_filter, f"The filter name `{name}` is not supported.")
    return lambda instance: not values.isdisjoint(texts(instance))


def renderer(dialect: Dialect) -> Callable[[SimInstance], bytes]:
    """Return a function that makes the JSON of an instance, cached until the instance changes."""

    def render(instance: SimInstance) -> bytes:
        if instance.rendered is None:
            instance.rendered = as_json(dialect.members(instance))
        return instance.rendered

    return render


def tag_list(instance: SimInstance) -> list[dict[str, str]]:
    """Tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in instance.tags.items()]


def iso(moment: datetime) -> str:
    """The time in the form of the API: UTC, whole seconds, a Z at the end."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def private_address(instance: SimInstance) -> str:
    number = zlib.crc32(instance.id.encode())
    return f"10.0.{number >> 8 & 255}.{number & 255}"


def public_addresses(instance: SimInstance) -> list[str]:
    """At most one address: the elastic one, or the ordinary one unless it was released."""
    address = instance.eip or (None if instance.public_ip_released else instance.public_ip)
    return [address] if address else []


def made_up_address(text: str) -> str:
    """An address of 198.18.0.0/15, which is reserved for tests and belongs to nobody."""
    number = zlib.crc32(text.encode())
    return f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"


# By name of the filter: texts of an instance, one of which must be among the filter's values.
COMMON_FILTERS: Mapping[str, Callable[[SimInstance], Iterable[str]]] = {
    "instance-name": lambda i: (i.name,),
    "instance-state": lambda i: (i.current,),
    "private-ip-address": lambda i: (private_address(i),),
    "public-ip-address": public_addresses,
    "tag-key": lambda i: i.tags,
    "tag-value": lambda i: i.tags.values(),
    "zone": lambda i: (i.zone,),
}
