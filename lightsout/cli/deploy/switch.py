"""The switches of a deployed function: its dry run, and a pause.

The dry run is in serverless.yml as well. To turn it off, the file is changed first; to turn it on,
the function first. So if the second half fails, the function is in a dry run.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from lightsout.cli import WrongUse
from lightsout.cli.deploy.steps.function import environment
from lightsout.cli.deploy.steps.step import CHANGES, DeployStep
from lightsout.cli.deploy.values import DRY_RUN
from lightsout.cli.deployment.references import FROM_OUTSIDE
from lightsout.cli.deployment.serverless_yml import read_inputs, variables_of
from lightsout.policies.reading.yamltree import Complaints, Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINE_END = re.compile(r"(\r\n|\r|\n)")
BYTE_ORDER_MARK = "\ufeff"


def variables_step(named: Mapping[str, str], says: str, variables: Mapping[str, str]) -> DeployStep:
    """A step that gives the function exactly these variables."""
    params = {**named, "Environment": environment(variables)}
    return DeployStep(f"{CHANGES} {says}", "scf", "UpdateFunctionConfiguration", params, waits=True)


def set_in_file(file: Path, value: str) -> str | None:
    """Write only LIGHTSOUT_DRY_RUN into serverless.yml; return a sentence about it.

    None if it has that value already. Raises WrongUse if the line cannot be changed.
    """
    found = variables_of(read_inputs(file, Complaints(str(file)))).get(DRY_RUN)
    if found is None and value == "0":
        return None  # the same as without the variable
    if found is None:
        raise WrongUse(f'{file} has no {DRY_RUN}: write {DRY_RUN}: "{value}" among its variables')
    at = found.at
    if found.it == value:
        return None
    if not isinstance(at, Text) or not at.first or FROM_OUTSIDE.search(found.it):
        raise WrongUse(f'{file}:{at.line}:{at.column}: write {DRY_RUN}: "{value}" there yourself')
    _replace(file, at.line, at.first, found.it, value)
    return f"{file}:{at.line}: {DRY_RUN} is {value} now, was {found.it}"


def _replace(file: Path, line: int, column: int, old: str, new: str) -> None:
    """Replace one text. The file is replaced as a whole, or left as it is."""
    text = file.read_bytes().decode()
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    parts = _LINE_END.split(text.removeprefix(mark))
    place = 2 * (line - 1)  # every second item is a line end
    before, after = parts[place][: column - 1], parts[place][column - 1 + len(old) :]
    parts[place] = before + new + after
    target = file.resolve()  # a link stays a link
    fresh = target.with_name(f".{target.name}.new")
    try:
        fresh.write_bytes((mark + "".join(parts)).encode())
        shutil.copymode(target, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
