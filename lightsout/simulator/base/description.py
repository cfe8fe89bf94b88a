"""Check requests by the part of the official API description that the simulator serves."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "api"

# A scalar's Python types. bool is an int in Python: _has_type distinguishes them.
SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "int": int,
    "int64": int,
    "uint64": int,
    "float": (int, float),
    "bool": bool,
}


class Description:
    """The actions and objects of one service, from a vendored extract of tccli's description.

    `undocumented`: by action, parameters that the service takes although no description has them.
    """

    def __init__(
        self,
        service: str,
        version: str,
        folder: Path = FOLDER,
        *,
        undocumented: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        content = json.loads((folder / f"{service}-{version}.json").read_text("utf-8"))
        self.service = service
        self.version = version
        self.actions: dict[str, dict[str, str]] = content["actions"]
        self.objects: dict[str, list[dict[str, Any]]] = content["objects"]
        self._undocumented = undocumented

    def check_request(self, action: str, params: Any) -> None:
        """Refuse parameters that the action does not have, of the wrong type, or missing.

        Raises ApiError with UnknownParameter, InvalidParameter or MissingParameter, the common
        error codes of API 3.0.
        """
        if not isinstance(params, dict):
            raise ApiError("InvalidParameter", "The request body is not a JSON object.")
        ignored = self._undocumented.get(action, frozenset())
        known = {name: value for name, value in params.items() if name not in ignored}
        self._check_object(self.actions[action]["input"], known, "")

    def _check_object(self, name: str, given: dict[str, Any], place: str) -> None:
        members = {member["name"]: member for member in self.objects[name]}
        for key, value in given.items():
            if key not in members:
                raise ApiError(
                    "UnknownParameter", f"The parameter `{place}{key}` is not recognized."
                )
            self._check_value(members[key], value, f"{place}{key}")
        for key, member in members.items():
            if member.get("required") and key not in given:
                raise ApiError(
                    "MissingParameter",
                    f"The request is missing the required parameter `{place}{key}`.",
                )

    def _check_value(self, member: dict[str, Any], value: Any, place: str) -> None:
        if member["type"] == "list":
            if not isinstance(value, list):
                raise _wrong_type(place, "a list")
            for index, item in enumerate(value):
                self._check_item(member["member"], item, f"{place}.{index}")
        elif member["type"] == "object":
            self._check_item(member["member"], value, place)
        elif not _has_type(member["type"], value):
            raise _wrong_type(place, f"of type {member['type']}")

    def _check_item(self, kind: str, item: Any, place: str) -> None:
        if kind in self.objects:
            if not isinstance(item, dict):
                raise _wrong_type(place, f"a {kind}")
            self._check_object(kind, item, f"{place}.")
        elif not _has_type(kind, item):
            raise _wrong_type(place, f"of type {kind}")


def _has_type(name: str, value: Any) -> bool:
    return isinstance(value, SCALARS[name]) and (name == "bool" or not isinstance(value, bool))


def _wrong_type(place: str, wanted: str) -> ApiError:
    return ApiError("InvalidParameter", f"The value of parameter `{place}` is not {wanted}.")
