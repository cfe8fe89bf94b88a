"""Runs the tests with every other CPython from 3.10 on that is at hand; SCF's runtime is 3.10.

Looks for `python3.N` on the path and for pyenv's versions. Says which it did not find.
"""

from __future__ import annotations

import os
import subprocess
import sys

from lightsout.cli.packaging.runtime import RUNTIME, find

VERSIONS = (RUNTIME, "3.11", "3.12", "3.13", "3.14", "3.15")


def main() -> int:
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = {version: find(version) for version in VERSIONS if version != own}
    here = {version: python for version, python in found.items() if python}
    print(f"other Pythons here: {', '.join(here) or 'none'} (this one is {own})", flush=True)
    if RUNTIME not in here and own != RUNTIME:
        print(
            f"no CPython {RUNTIME}, the runtime of SCF, is at hand: not tested with it", flush=True
        )
    wanted = {
        version: here[version]
        for version in (RUNTIME, max(here, default="", key=_number))
        if version in here
    }
    for version, python in wanted.items():
        venv = f".venv{version.replace('.', '')}"
        command = ["make", "--no-print-directory", "test", f"PYTHON={python}", f"VENV={venv}"]
        print(f"tests with CPython {version}", flush=True)
        environ = {**os.environ, "TRY_ONE_EXAMPLE_IN": "5"}  # see tests/support/examples.py
        if subprocess.run(command, check=False, env=environ).returncode:
            return 1
    return 0


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split("."))) if version else ()


if __name__ == "__main__":
    sys.exit(main())
