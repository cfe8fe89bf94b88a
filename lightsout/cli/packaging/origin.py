"""Find the files of the project that are no modules of the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
INSTALLED = Path(__file__).resolve().with_name("files")  # in a wheel: see pyproject.toml


def file_of(name: str) -> Path:
    """A file of the project's top folder: in a clone, or as a copy in the wheel."""
    return (INSTALLED if is_installed() else PACKAGE.parent) / name


def samples() -> dict[str, Path]:
    """The sample policies, by name."""
    folder = file_of("policies" if is_installed() else "docs/policies")
    found = {file_of("policies/dev-nights.yml"), *folder.glob("*.yml")}
    return {path.stem: path for path in sorted(found)}


def is_installed() -> bool:
    """True if this is the package of a wheel, not of a clone."""
    return INSTALLED.is_dir()
