"""Read the texts that `init` writes, from one folder."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("templates")


def template(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
