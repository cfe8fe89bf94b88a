"""The rows of `plan --json`."""

from __future__ import annotations


def reasons(said):
    """The reason for each instance."""
    return {row["instance"]: row["reason"] for row in said.json()}
