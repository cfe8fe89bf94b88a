"""Write the files of the folder that are missing. No file is overwritten."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from lightsout.base.texts.pages import page
from lightsout.cli.own_folder.templates_at import template
from lightsout.cli.packaging.origin import file_of
from lightsout.policies.load import is_policy_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DEPLOYMENT = "serverless.yml"
# Comments about a clone, and their texts in a user's own folder.
IN_A_CLONE = {
    "python -m lightsout": "lightsout",
    "make package": "lightsout package",
    "docs/deploy.md": page("deploy.md"),
}


def has_policies(folder: Path) -> bool:
    """Raises OSError if `policies` is no folder, or cannot be read."""
    policies = folder / "policies"
    return os.path.lexists(policies) and any(map(is_policy_file, policies.iterdir()))


def surroundings(policies: Sequence[str], region: str, endpoint: str) -> dict[str, str]:
    """The texts of all files but the policies, by path."""
    return {
        DEPLOYMENT: _deployment(policies, region, endpoint),
        ".gitignore": template("gitignore"),
        "README.md": template("README.md"),
        ".github/workflows/check-policies.yml": template("check-policies.yml"),
    }


def _deployment(policies: Sequence[str], region: str, endpoint: str) -> str:
    """The project's serverless.yml, for a function in that region.

    `endpoint`: the root domain of this shell, which the function needs too. A URL, such as a
    simulator's, is for this machine only.
    """
    text = file_of(DEPLOYMENT).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^(  region: )\S+", rf"\g<1>{region}", text)
    for here, there in IN_A_CLONE.items():
        text = text.replace(here, there)
    if policies:
        text = text.replace('["dev-nights"]', json.dumps(list(policies)))
    if endpoint and "://" not in endpoint:
        line = f"\n      LIGHTSOUT_ENDPOINT: {json.dumps(endpoint)}"
        text = re.sub(r"(?m)^      LIGHTSOUT_DRY_RUN:.*", rf"\g<0>{line}", text)
    return text


def write_missing(folder: Path, files: Mapping[str, str]) -> Iterator[tuple[Path, bool]]:
    """Write each file that is not there. Yield its path, and whether it was written.

    Raises OSError.
    """
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("x", encoding="utf-8", newline="\n")
        except FileExistsError:
            yield path, False
            continue
        try:
            with file:
                file.write(text)
        except BaseException:  # the next run would keep half a file
            path.unlink()
            raise
        yield path, True
