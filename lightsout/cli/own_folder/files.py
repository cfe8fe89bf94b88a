"""The files of the folder: written where they are missing, and never over one that is there."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from lightsout.cli.own_folder.templates_at import template
from lightsout.cli.packaging.origin import file_of
from lightsout.policies.load import is_policy_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DEPLOYMENT = "serverless.yml"


def has_policies(folder: Path) -> bool:
    """Raises OSError where `policies` is no folder, or cannot be read."""
    policies = folder / "policies"
    return os.path.lexists(policies) and any(map(is_policy_file, policies.iterdir()))


def surroundings(policies: Sequence[str], region: str) -> dict[str, str]:
    """The texts of all files but the policies, by their place."""
    return {
        DEPLOYMENT: _deployment(policies, region),
        ".gitignore": template("gitignore"),
        "README.md": template("README.md"),
        ".github/workflows/check-policies.yml": template("check-policies.yml"),
    }


def _deployment(policies: Sequence[str], region: str) -> str:
    """The project's own serverless.yml, for a function in that region."""
    text = file_of(DEPLOYMENT).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^(  region: )\S+", rf"\g<1>{region}", text)
    text = text.replace("python -m lightsout", "lightsout").replace(
        "make package", "lightsout package"
    )
    return text.replace('["dev-nights"]', json.dumps(list(policies)))


def write_missing(folder: Path, files: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The places of those that were written, and of those that were there; raises OSError."""
    made, kept = [], []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            kept.append(name)
        else:
            made.append(name)
    return made, kept
