"""Makes the simulator's extract of the official API description, or compares it.

    python tools/extract_api.py           # writes simulator/api/*.json
    python tools/extract_api.py --check   # exits 1 when the installed tccli says otherwise

Needs an environment with the official command line (`pip install tccli`), whose package data holds
a machine-readable description of every service.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

API = Path(__file__).resolve().parent.parent / "simulator" / "api"

# What the simulator serves, and nothing else, is vendored.
SERVED = {
    ("lighthouse", "2020-03-24"): (
        "DescribeInstances",
        "DescribeInstancesDeniedActions",
        "DescribeInstancesTrafficPackages",
        "DescribeRegions",
        "StartInstances",
        "StopInstances",
    ),
    ("cvm", "2017-03-12"): (
        "DescribeInstances",
        "DescribeRegions",
        "InquiryPriceRunInstances",
        "StartInstances",
        "StopInstances",
    ),
}


def installed_description(service: str, version: str) -> dict[str, Any]:
    """The description inside the installed tccli.

    Raises SystemExit (status 2) with a sentence when there is none.
    """
    spec = importlib.util.find_spec("tccli")
    if spec is None or spec.origin is None:
        sys.stderr.write("tccli is not installed here: pip install tccli\n")
        raise SystemExit(2)
    folder = Path(spec.origin).parent / "services" / service / f"v{version.replace('-', '')}"
    description: dict[str, Any] = json.loads((folder / "api.json").read_text("utf-8"))
    return description


def extract(description: dict[str, Any], service: str, version: str) -> dict[str, Any]:
    """Names, types, members and flags of the served actions, and of every object they reach."""
    actions = {
        name: {"input": entry["input"], "output": entry["output"]}
        for name, entry in description["actions"].items()
        if name in SERVED[service, version]
    }
    waiting = [name for action in actions.values() for name in action.values()]
    objects: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if name in objects or name not in description["objects"]:
            continue  # seen already, or a scalar such as int64
        members = description["objects"][name]["members"]
        objects[name] = [_member(member) for member in members]
        waiting.extend(member["member"] for member in members)
    return {"service": service, "version": version, "actions": actions, "objects": objects}


def _member(member: dict[str, Any]) -> dict[str, Any]:
    kept = {"name": member["name"], "type": member["type"], "member": member["member"]}
    if member.get("required"):
        kept["required"] = True
    if member.get("value_allowed_null"):
        kept["nullable"] = True
    if member.get("output_required") is False:
        kept["optional"] = True
    return kept


def as_text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def differences(path: Path, fresh: str) -> list[str]:
    vendored = path.read_text("utf-8") if path.exists() else ""
    lines = difflib.unified_diff(
        vendored.splitlines(), fresh.splitlines(), "vendored", "installed tccli", lineterm=""
    )
    return list(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    status = 0
    for service, version in SERVED:
        path = API / f"{service}-{version}.json"
        fresh = as_text(extract(installed_description(service, version), service, version))
        if not options.check:
            path.write_text(fresh, "utf-8")
        elif found := differences(path, fresh):
            print(*found, sep="\n")
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
