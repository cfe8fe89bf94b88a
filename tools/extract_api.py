"""Makes the extracts of the official API description that tests need, or compares them.

    python tools/extract_api.py           # writes simulator/base/api/, crosscheck/api/
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

ROOT = Path(__file__).resolve().parent.parent
API = ROOT / "lightsout" / "simulator" / "base" / "api"
DEPLOY_API = ROOT / "tests" / "crosscheck" / "api"

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
    ("scf", "2018-04-16"): (
        "CreateFunction",
        "CreateTrigger",
        "DeleteFunction",
        "DeleteReservedConcurrencyConfig",
        "DeleteTrigger",
        "GetAlias",
        "GetFunction",
        "GetFunctionAddress",
        "GetFunctionEventInvokeConfig",
        "GetReservedConcurrencyConfig",
        "Invoke",
        "ListFunctions",
        "ListTriggers",
        "PutReservedConcurrencyConfig",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "UpdateFunctionEventInvokeConfig",
        "UpdateTrigger",
        "UpdateTriggerStatus",
    ),
    ("sts", "2018-08-13"): ("AssumeRole", "GetCallerIdentity"),
    ("cam", "2019-01-16"): (
        "AttachRolePolicy",
        "CreatePolicy",
        "CreateRole",
        "DeletePolicy",
        "DeleteRole",
        "DescribeRoleList",
        "DetachRolePolicy",
        "GetPolicy",
        "GetRole",
        "ListAttachedRolePolicies",
        "ListPolicies",
        "UpdateAssumeRolePolicy",
        "UpdatePolicy",
    ),
    ("cls", "2020-10-16"): (
        "CreateIndex",
        "CreateLogset",
        "CreateTopic",
        "DeleteLogset",
        "DeleteTopic",
        "DescribeIndex",
        "DescribeLogsets",
        "DescribeTopics",
        "ModifyIndex",
        "ModifyTopic",
        "SearchLog",
    ),
    ("as", "2018-04-19"): (
        "DescribeAutoScalingActivities",
        "DescribeAutoScalingGroups",
        "DescribeAutoScalingInstances",
        "StartAutoScalingInstances",
        "StopAutoScalingInstances",
    ),
    ("hai", "2023-08-12"): (
        "DescribeInstances",
        "DescribeRegions",
        "StartInstance",
        "StopInstance",
    ),
    ("tag", "2018-08-13"): (
        "AttachResourcesTag",
        "CreateTag",
        "DescribeResourceTagsByResourceIds",
        "DescribeResourcesByTags",
        "DescribeTags",
        "DetachResourcesTag",
        "GetResources",
        "ModifyResourcesTagValue",
        "TagResources",
        "UnTagResources",
    ),
    ("tione", "2021-11-11"): (
        "DescribeNotebooks",
        "DescribeWorkspaces",
        "StartNotebook",
        "StopNotebook",
    ),
}

# A service whose name is a word of Python has another one inside tccli.
FOLDERS = {"as": "autoscaling"}

# What deploying calls: the library under `scf deploy`, and the commands of docs/deploy.md,
# docs/accounts.md and docs/operate.md. Only its requests are checked, so the answers are left out.
CALLED_TO_DEPLOY = {
    ("cam", "2019-01-16"): (
        "AttachRolePolicy",
        "CreatePolicy",
        "CreateRole",
        "DeleteRole",
        "DetachRolePolicy",
    ),
    ("cls", "2020-10-16"): (
        "CreateIndex",
        "CreateLogset",
        "CreateTopic",
        "DescribeTopics",
        "SearchLog",
    ),
    ("monitor", "2018-07-24"): (
        "BindingPolicyObject",
        "CreateAlarmPolicy",
        "DeleteAlarmPolicy",
        "DescribeAlarmMetrics",
        "DescribeAlarmNotices",
        "DescribeAllNamespaces",
    ),
    ("scf", "2018-04-16"): (
        "CreateFunction",
        "CreateTrigger",
        "DeleteFunction",
        "DeleteTrigger",
        "GetAlias",
        "GetFunction",
        "Invoke",
        "ListTriggers",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "UpdateFunctionEventInvokeConfig",
        "UpdateTrigger",
    ),
    ("tag", "2018-08-13"): (
        "AttachResourcesTag",
        "CreateTag",
        "DescribeResourceTagsByResourceIds",
        "DescribeTags",
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
    services = Path(spec.origin).parent / "services"
    folder = services / FOLDERS.get(service, service) / f"v{version.replace('-', '')}"
    description: dict[str, Any] = json.loads((folder / "api.json").read_text("utf-8"))
    return description


def extract(
    description: dict[str, Any], service: str, version: str, *, served: bool
) -> dict[str, Any]:
    """Names, types, members and flags of the actions wanted, and of every object they reach.

    Of what is not `served`, the requests alone.
    """
    wanted = (SERVED if served else CALLED_TO_DEPLOY)[service, version]
    sides = ("input", "output") if served else ("input",)
    actions = {
        name: {side: entry[side] for side in sides}
        for name, entry in description["actions"].items()
        if name in wanted
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
    kinds = [(API, key, True) for key in SERVED]
    kinds += [(DEPLOY_API, key, False) for key in CALLED_TO_DEPLOY]
    for folder, (service, version), served in kinds:
        path = folder / f"{service}-{version}.json"
        description = installed_description(service, version)
        fresh = as_text(extract(description, service, version, served=served))
        if not options.check:
            path.write_text(fresh, "utf-8")
        elif found := differences(path, fresh):
            print(*found, sep="\n")
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
