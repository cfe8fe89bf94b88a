"""Where the files are that belong to the project and are no modules of the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
INSTALLED = Path(__file__).resolve().with_name("files")  # of a wheel: see pyproject.toml


def file_of(name: str) -> Path:
    """A file of the project's top folder: that of a clone, or the copy that the wheel carries."""
    return (INSTALLED if is_installed() else PACKAGE.parent) / name


def samples() -> dict[str, Path]:
    """The sample policies, by name."""
    folder = file_of("policies" if is_installed() else "docs/policies")
    found = {file_of("policies/dev-nights.yml"), *folder.glob("*.yml")}
    return {path.stem: path for path in sorted(found)}


def is_installed() -> bool:
    """True if this is a wheel's package, and no clone."""
    return INSTALLED.is_dir()
