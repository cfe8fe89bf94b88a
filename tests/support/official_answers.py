"""Compare answers with the official description: all members, their types, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lightsout import simulator


def described(service, version):
    folder = Path(simulator.__file__).parent / "base" / "api"
    return json.loads((folder / f"{service}-{version}.json").read_text("utf-8"))


LIGHTHOUSE = described("lighthouse", "2020-03-24")
CVM = described("cvm", "2017-03-12")
SCF = described("scf", "2018-04-16")
STS = described("sts", "2018-08-13")
SCALING = described("as", "2018-04-19")
HAI = described("hai", "2023-08-12")
TAG = described("tag", "2018-08-13")
TIONE = described("tione", "2021-11-11")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Null where one pays by the hour, say the texts of the description, though no flag says so.
NULL_BY_THE_HOUR = {".RenewFlag", ".ExpiredTime"}
NULL_UNTIL_THE_END = {".EndTime"}  # of an activity; a guess


def problems(api, name, value, place=""):
    """The places where a value does not fit the object or scalar of that name."""
    if name in api["objects"]:
        if not isinstance(value, dict):
            return [f"{place}: not a {name}"]
        members = {m["name"]: m for m in api["objects"][name]}
        needed = {key for key, member in members.items() if not member.get("optional")}
        found = [f"{place}.{key}: nobody knows it" for key in value.keys() - members.keys()]
        found += [f"{place}.{key}: missing" for key in needed - value.keys()]
        for key in members.keys() & value.keys():
            found += member_problems(api, members[key], value[key], f"{place}.{key}")
        return found
    kinds = {
        "string": str,
        "int64": int,
        "uint64": int,
        "float": float,
        "bool": bool,
        "datetime": str,
        "datetime_iso": str,
    }
    fits = type(value) is kinds[name] and (name != "datetime_iso" or TIME.fullmatch(value))
    return [] if fits else [f"{place}: {value!r} is no {name}"]


def member_problems(api, member, value, place):
    if value is None:
        name = place[place.rfind(".") :]
        told = (api is CVM and name in NULL_BY_THE_HOUR) or (
            api is SCALING and name in NULL_UNTIL_THE_END
        )
        return [] if member.get("nullable") or told else [f"{place}: null"]
    if member["type"] == "list":
        if not isinstance(value, list):
            return [f"{place}: not a list"]
        return [p for item in value for p in problems(api, member["member"], item, f"{place}[]")]
    return problems(api, member["member"], value, place)
