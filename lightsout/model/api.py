"""The name of a call of Tencent Cloud: the service, its version, the region, the action."""

from __future__ import annotations

from typing import NamedTuple


class Call(NamedTuple):
    """One action of one service in one region, without its parameters."""

    service: str
    version: str
    region: str
    action: str


class Api(NamedTuple):
    """A service's API in the version that is used here."""

    service: str
    version: str

    def call(self, region: str, action: str) -> Call:
        return Call(self.service, self.version, region, action)
