"""Read the policies to compare with: those of a path, or of a revision in git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lightsout.cli import WrongUse
from lightsout.policies import load as policy_files
from lightsout.policies.load import Policies, PolicyMistakes

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_POLICIES = Policies((), (), (), "")
READ = (".yml", ".yaml", ".json")  # files of a folder of policies
REGULAR = ("100644", "100755")  # modes of a file in git; another one is a link or a module
# Variables that a git hook sets, and that would mislead another `git -C`.
OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


class GitFailed(Exception):
    """git failed. The message is the first line of its output."""


def policies_of(given: str, here: Path) -> Policies:
    """The policies at the path `given`, or in the folder `here` as it is at that revision.

    Raises WrongUse if it is neither, or both; PolicyMistakes if they have mistakes.
    """
    folder = here if here.is_dir() else here.parent
    try:
        commit, why = _commit(folder, given), ""
    except GitFailed as failure:
        commit, why = "", f" ({failure})"
    if given and Path(given).exists():
        if commit:
            text = f"write ./{given} for the path, or {commit[:12]} for the revision"
            raise WrongUse(f"--diff {given}: that is a path and a revision of git: {text}")
        return policy_files.load(Path(given))
    if not commit:
        raise WrongUse(f"--diff {given}: neither a path nor a revision that git knows{why}")
    with tempfile.TemporaryDirectory(prefix="lightsout-diff-") as copy:
        try:
            return _load(commit, folder, "" if here.is_dir() else here.name, Path(copy), given)
        except GitFailed as failure:
            raise WrongUse(f"--diff {given}: {failure}") from None


def _load(commit: str, folder: Path, file: str, copy: Path, given: str) -> Policies:
    """The policies of the folder, or of one file, at a commit; none if there are none."""
    prefix = _git(folder, "rev-parse", "--show-prefix").decode().rstrip("\n")
    for name, data in _files_at(commit, folder, prefix):
        (copy / name).write_bytes(data)
    wanted = copy / file
    if not any(policy_files.is_policy_file(it) for it in copy.iterdir()) or not wanted.exists():
        return NO_POLICIES
    try:
        return policy_files.load(wanted)
    except PolicyMistakes as wrong:
        shown = f"{given}:{prefix}"
        raise PolicyMistakes(
            [
                it._replace(
                    file=it.file.replace(f"{copy}/", shown),
                    message=it.message.replace(f"{copy}/", shown),
                )
                for it in wrong.mistakes
            ]
        ) from None


def _files_at(commit: str, folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in the folder at a commit; none if there was no folder."""
    paths = [prefix] if prefix else []
    listed = _git(folder, "ls-tree", "-z", "--full-tree", commit, *paths)
    for entry in filter(None, listed.split(b"\0")):
        facts, _, raw = entry.partition(b"\t")
        mode, kind, blob = facts.decode().split()
        name = os.fsdecode(raw).removeprefix(prefix)
        if kind == "blob" and name.lower().endswith(READ):
            if mode not in REGULAR:
                raise WrongUse(f"--diff: {prefix}{name} is a link at that revision: give a path")
            yield name, _git(folder, "cat-file", "blob", blob)


def _commit(folder: Path, given: str) -> str:
    """The commit that `given` names; empty if it names none. Raises GitFailed."""
    if not given or given.startswith("-"):
        return ""
    _git(folder, "rev-parse", "--git-dir")  # this fails with the reason, if there is no repository
    try:
        wanted = ("rev-parse", "--verify", "--quiet", f"{given}^{{commit}}")
        return _git(folder, *wanted).decode().strip()
    except GitFailed:
        return ""


def _git(folder: Path, *words: str) -> bytes:
    environ = {key: value for key, value in os.environ.items() if key not in OF_HOOKS}
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environ)  # noqa: S603
    except OSError as error:
        raise GitFailed(f"git: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitFailed(said[0] if said else f"git {words[0]} failed")
    return done.stdout
