"""The Python that the function runs in, and where one is at hand here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

RUNTIME = "3.10"


def find(version: str) -> str | None:
    """A working interpreter of that version (a pyenv shim may exist and not work)."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(root.glob(f"{version}.*/bin/python{version}"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, installed)):
        command = [candidate or "", "-c", "import ensurepip, ssl"]
        if candidate and not subprocess.run(command, capture_output=True, check=False).returncode:
            return candidate
    return None
