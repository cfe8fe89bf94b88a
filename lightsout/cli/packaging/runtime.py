"""The Python version of the function, and how to find one here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

RUNTIME = "3.10"


def find(version: str) -> str | None:
    """A working CPython of that version: this one, or another one (a pyenv shim may not work)."""
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if version == this and sys.implementation.name == "cpython":
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(root.glob(f"{version}.*/bin/python{version}"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, installed)):
        command = [candidate or "", "-c", "import ensurepip, ssl"]
        if candidate and not subprocess.run(command, capture_output=True, check=False).returncode:
            return candidate
    return None
