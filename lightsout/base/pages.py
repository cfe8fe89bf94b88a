"""The pages of the project, which who has the package or the function does not have beside it."""

from __future__ import annotations

PROJECT = "lightsout-tencentcloud"  # its address belongs here once pyproject.toml names one


def page(name: str) -> str:
    """How a printed text names a page of docs/: `deploy.md`, or `deploy.md#retries`."""
    return f"docs/{name} of the project {PROJECT}"
