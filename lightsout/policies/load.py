"""Read policy files: return frozen values, or raise every mistake of every file at once."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from lightsout.model.policy import (
    DEFAULT_TIMEZONE,
    Account,
    Limits,
    OnlyIf,
    Policy,
    Selector,
    Source,
)
from lightsout.policies import crosschecks as rules
from lightsout.policies.reading import yamltree as yamltext
from lightsout.policies.reading.reader import Reader
from lightsout.policies.reading.yamltree import START, Complaints, Mistake, Text
from lightsout.policies.schema.policy_file import FILE
from lightsout.policies.values import accounts_of, policies_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from lightsout.policies.reading.reader import Found
    from lightsout.policies.reading.yamltree import Node, Position
    from lightsout.policies.schema.typed_keys import FileKeys

__all__ = [
    "DEFAULT_TIMEZONE",
    "Account",
    "Limits",
    "Mistake",
    "OnlyIf",
    "Policies",
    "Policy",
    "PolicyMistakes",
    "Selector",
    "Source",
    "load",
]


class Policies(NamedTuple):
    """All policies, ordered by file name and place. `digest` changes with any of the files."""

    policies: tuple[Policy, ...]
    accounts: tuple[Account, ...]  # other than the function's own
    warnings: tuple[Mistake, ...]
    digest: str
    files: tuple[Path, ...] = ()  # all files that were read, to deploy together


class PolicyMistakes(ValueError):
    """The policy files have mistakes, one line each. Nothing may be called."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


def load(*given: Path) -> Policies:
    """Return the policies of files, or of the `*.yml` and `*.yaml` in a folder itself.

    Raises PolicyMistakes with every mistake of every file, a missing path or policy included.
    """
    mistakes: list[Mistake] = []
    paths: dict[Path, None] = {}
    for path in given:
        complaints = Complaints(_shown(path))
        paths |= dict.fromkeys(_paths(path, complaints))
        mistakes += complaints.listed()
    files: list[_File] = []
    digest = hashlib.sha256()
    for file in paths:
        complaints = Complaints(_shown(file))
        data = _bytes(file, complaints)
        root = None if data is None else _read(data, complaints)
        digest.update(_fingerprint(file, data))
        if root:
            files.append(_File(complaints, root))
        else:
            mistakes += complaints.listed()
    found = _check([one.complaints for one in files], [one.root for one in files])
    # Path.is_dir raises where the path is too long.
    calendars = _Calendars(path if os.path.isdir(path) else path.parent)  # noqa: PTH112
    calendars.read(found)
    digest.update(calendars.content)
    mistakes += calendars.mistakes
    if any(one.complaints for one in files):
        _try_suggestions(files)
    mistakes += [mistake for one in files for mistake in one.complaints.listed()]
    if mistakes:
        raise PolicyMistakes(mistakes)
    listed = [it for file, keys in found for it in policies_of(file.file, keys, calendars.days)]
    return Policies(
        tuple(_with_zones_of_marks(listed)),
        tuple(account for _, keys in found for account in accounts_of(keys)),
        (*_warnings(files, found), *calendars.warnings),
        digest.hexdigest()[:12],
        (*paths, *calendars.paths),
    )


def _with_zones_of_marks(policies: Sequence[Policy]) -> Sequence[Policy]:
    """Give each policy the zones of all: a mark names its policy, and has the time of its zone."""
    zones = {policy.name: policy.timezone for policy in policies}
    if len(set(zones.values())) < 2:
        return policies
    return [policy._replace(mark_zones=tuple(zones.items())) for policy in policies]


class _File(NamedTuple):
    complaints: Complaints
    root: Node


def _check(complaints: Sequence[Complaints], roots: Sequence[Node]) -> list[rules.File]:
    """Read the trees; return the valid values, and add mistakes to the complaints of each file."""
    found: list[rules.File] = []
    for some, root in zip(complaints, roots, strict=True):
        keys: Found[FileKeys] | None = Reader(some).read(FILE, root, "the file")
        if keys:
            found.append((some, keys.it))
    rules.check(found)
    return found


def _warnings(files: Sequence[_File], found: Sequence[rules.File]) -> Iterator[Mistake]:
    warnings = []
    for complaints, keys in found:
        warnings.append(Complaints(complaints.file))
        rules.warn(keys, warnings[-1])
    if any(warnings):
        _try_suggestions([_File(some, one.root) for some, one in zip(warnings, files, strict=True)])
    for some in warnings:
        yield from some.listed()


def _try_suggestions(files: Sequence[_File]) -> None:
    """Remove each suggestion that is not valid together with all the files."""
    from lightsout.policies.mistakes.trial import SuggestionTrial  # noqa: PLC0415  only a mistake pays for it

    roots = [file.root for file in files]
    trial = SuggestionTrial(roots, lambda: _faults([file.complaints.file for file in files], roots))
    for file in files:
        file.complaints.takes = trial.takes


def _faults(names: Sequence[str], roots: Sequence[Node]) -> list[tuple[str, int, int]]:
    """Return the place of each mistake and warning in the trees, without any suggestion."""
    complaints = [Complaints(name, most=sys.maxsize) for name in names]
    for some, keys in _check(complaints, roots):
        rules.warn(keys, some)
    return [(it.file, one.at.line, one.at.column) for it in complaints for one in it.mistakes]


class _Calendars:
    """The files of holidays that policy files name, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.days: dict[str, Mapping[date, bool]] = {}  # by name of the file
        self.paths: list[Path] = []
        self.content = b""  # of the files, for the digest
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []

    def read(self, found: Sequence[rules.File]) -> None:
        for complaints, keys in found:
            named = keys.get("holidays")
            if named and isinstance(named.it, str) and named.it not in self.days:
                self._read(named.it, named.at, complaints)

    def _read(self, name: str, at: Position, complaints: Complaints) -> None:
        from lightsout.policies.hours.calendar_file import read_calendar  # noqa: PLC0415  few files name one

        path = self._folder / name
        unread, wrong, warnings = (
            Complaints(name),
            Complaints(_shown(path)),
            Complaints(_shown(path)),
        )
        data = _bytes(path, unread)
        for reason in unread.mistakes:
            complaints.add(at, f"{name} {reason.message}")
        self.days[name] = {} if data is None else read_calendar(data, wrong, warnings)
        self.paths.append(path)
        self.content += _fingerprint(path, data)
        self.mistakes += wrong.listed()
        self.warnings += warnings.listed()


# Files -------------------------------------------------------------------------------------------


def _fingerprint(file: Path, data: bytes | None) -> bytes:
    return os.fsencode(file.name) + b"\0" + hashlib.sha256(data or b"").digest()


def _paths(path: Path, complaints: Complaints) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        paths = [entry for entry in sorted(path.iterdir()) if is_policy_file(entry)]
    except OSError as error:
        complaints.add(START, f"cannot be read: {error.strerror}")
        return []
    if not paths:
        complaints.add(START, "no policies: the folder holds no *.yml and no *.yaml")
    return paths


def is_policy_file(entry: Path) -> bool:
    """True if this file of the folder is read as policies, and so has to be deployed."""
    # Editors and archives leave hidden files behind.
    named = entry.suffix.lower() in (".yml", ".yaml") and not entry.name.startswith(".")
    return named and not entry.is_dir()


def _bytes(file: Path, complaints: Complaints) -> bytes | None:
    """Return the file's content; of a file that is too large, only enough to see that it is."""
    try:
        if file.exists() and not file.is_file():
            complaints.add(START, "cannot be read: not a regular file")  # a pipe would block
            return None
        with file.open("rb") as opened:
            return opened.read(yamltext.MAX_BYTES + 1)
    except OSError as error:
        complaints.add(START, f"cannot be read: {error.strerror}")
    except ValueError as error:  # a NUL in the path
        complaints.add(START, f"cannot be read: {error}")
    return None


def _shown(path: Path) -> str:
    """Return the path as given, in printable characters."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _read(data: bytes, complaints: Complaints) -> Node | None:
    root = yamltext.read(data, complaints)
    if root is None and complaints:
        return None
    if root is None or (isinstance(root, Text) and root.missing):
        complaints.add(START, "no policies: the file is empty")
        return None
    return root
