"""Name the pages of docs/. They are not in the package, nor in the function."""

from __future__ import annotations

PROJECT = "lightsout-tencentcloud"  # its address belongs here once pyproject.toml names one


def page(name: str) -> str:
    """Name a page of docs/ in a printed text. `name`: `deploy.md`, or `deploy.md#retries`."""
    return f"docs/{name} of the project {PROJECT}"
