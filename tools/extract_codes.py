"""Takes the error codes of each action that the simulator serves from the official Go SDK.

    git clone --depth 1 https://github.com/TencentCloud/tencentcloud-sdk-go
    python tools/extract_codes.py tencentcloud-sdk-go   # writes tests/support/official_codes.json

The SDK's client.go lists the codes of an action above it, errors.go those of the whole service.
Nothing that can be installed with pip has these lists, so `make crosscheck` does not compare them.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from tools.extract_api import SERVED

CODES = Path(__file__).resolve().parent.parent / "tests" / "support" / "official_codes.json"
SERVICES = ("as", "cam", "cls", "hai", "scf", "sts", "tag", "tione")
CODE = re.compile(r'= "([A-Za-z]+(?:\.[A-Za-z0-9]+)*)"')


def codes_of(client: str, action: str) -> list[str]:
    """Those in the comment above the function of the action."""
    function = f"\nfunc (c *Client) {action}(request "
    before, found, _ = client.partition(function)
    if not found:
        raise SystemExit(f"the SDK has no {action}")
    lines = before.splitlines()
    start = next(i for i in range(len(lines) - 1, -1, -1) if not lines[i].startswith("//"))
    return CODE.findall("\n".join(lines[start:]))


def extract(sdk: Path) -> dict[str, dict[str, list[str]]]:
    """By service and action; "*" has those of the whole service."""
    found = {}
    for (service, version), actions in SERVED.items():
        if service in SERVICES:
            folder = sdk / "tencentcloud" / service / f"v{version.replace('-', '')}"
            client = (folder / "client.go").read_text("utf-8")
            everywhere = CODE.findall((folder / "errors.go").read_text("utf-8"))
            found[service] = {"*": everywhere, **{each: codes_of(client, each) for each in actions}}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sdk", type=Path, help="a checkout of tencentcloud-sdk-go")
    text = json.dumps(extract(parser.parse_args().sdk), indent=1, sort_keys=True)
    CODES.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
