"""Read the instances of HAI: as those of the others, but without tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.model.resources import instance
from lightsout.model.resources.resource import HAI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightsout.model.resources.instance import Instance


def read_instance(item: Mapping[str, Any]) -> Instance:
    """Read an item of InstanceSet. If the service begins to show tags, they count."""
    read = instance.read_instance(item)
    uncharged = read.state == HAI.stop.after
    return read._replace(tags_known="Tags" in item, charging="STOP_CHARGING" if uncharged else "")
