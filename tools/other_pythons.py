"""Runs tests with two other CPythons: the function's with SCF's 3.10, people's with the newest.

Looks for `python3.N` on the path and for pyenv's versions. Says which it did not find. `--all` runs
all tests with both.
"""

from __future__ import annotations

import os
import subprocess
import sys

from lightsout.cli.packaging.runtime import RUNTIME, find

# What each Python is there for; one run of all tests, before this, has the Python at hand.
# The tests of the bundle run it with the runtime's Python already; how a run grows, what a month
# does, and what a killed deploy leaves behind, no Python changes.
FUNCTION = (
    "--ignore=tests/cli --ignore=tests/simulator --ignore=tests/docs --ignore=tests/tools"
    " --ignore=tests/runs/test_bundle.py --ignore=tests/runs/test_fleets.py"
    " --ignore=tests/runs/test_linear_time.py --ignore=tests/runs/test_month.py"
)
PEOPLE = (
    "--ignore=tests/simulator --ignore=tests/runs --ignore=tests/docs --ignore=tests/tools"
    " --ignore=tests/act --ignore=tests/notify --ignore=tests/cli/deploy/test_killed.py"
    " --ignore=tests/cli/deploy/test_rights_to_deploy.py --ignore=tests/cli/savings/test_month.py"
)
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
        environ = dict(os.environ)
        if "--all" not in sys.argv:
            environ["TRY_ONE_EXAMPLE_IN"] = "5"  # see tests/support/examples.py
            environ["PYTEST_ADDOPTS"] = FUNCTION if version == RUNTIME else PEOPLE
        if subprocess.run(command, check=False, env=environ).returncode:
            return 1
    return 0


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split("."))) if version else ()


if __name__ == "__main__":
    sys.exit(main())
