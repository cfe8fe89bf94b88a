"""`package`: make the bundle with the policies at hand; with --try, run it as it is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lightsout.cli import FOUND_WRONG, GOOD
from lightsout.cli.commands import check
from lightsout.cli.output.tables import complain
from lightsout.cli.packaging.bundle import NotBuilt, build
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse

    from lightsout.base.environment import Environment


def carry_out(options: argparse.Namespace, outside: Environment) -> int:
    settings = read_settings(outside.environ, outside.beside)
    # Policies with mistakes are not packaged: the function would refuse them. `check` explains.
    if status := check.show_all([settings.policies], "text", outside):
        return status
    try:
        bundle = build(settings.policies, Path(options.out))
    except NotBuilt as refusal:
        complain(*f"lightsout: {refusal}".split("\n"))
        return FOUND_WRONG
    files = sum(1 for path in bundle.folder.rglob("*") if path.is_file())
    size = f"{bundle.zip.stat().st_size / 1e6:.2f} MB"
    print(f"{bundle.folder}: {files} files; {bundle.zip}: {size}; hash {bundle.content_hash[:12]}")
    if not options.try_it:
        return GOOD
    from lightsout.cli.packaging import trial  # it needs the simulator

    print()
    return trial.run(bundle.folder, outside.beside / "serverless.yml")
