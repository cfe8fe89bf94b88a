"""The root of the repository, and paths of strange kinds."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def a_pipe(path: Path) -> Path:
    """Make a pipe at the path, which nobody reads or writes; return the path."""
    os.mkfifo(path)
    return path
