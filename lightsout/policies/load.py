"""Reads policy files: frozen values, or every mistake of every file at once."""

from __future__ import annotations

import hashlib
import os
import sys
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from lightsout.base.scalars import duration as parse_duration
from lightsout.base.scalars import zone
from lightsout.base.wildcards import is_exact, matches
from lightsout.model.instance import OWN
from lightsout.model.policy import (
    DEFAULT_TIMEZONE,
    DEFAULT_VERIFY_TIMEOUT,
    WHOLE_DAY,
    Account,
    Limits,
    OnlyIf,
    Policy,
    Selector,
    Source,
    When,
)
from lightsout.policies import crosschecks as rules
from lightsout.policies import yamltree as yamltext
from lightsout.policies.reader import Reader, keys_of, value_of
from lightsout.policies.schema import FILE
from lightsout.policies.texts import DAYS
from lightsout.policies.yamltree import START, Complaints, Mistake, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lightsout.policies.document import AccountKeys, FileKeys, PolicyKeys, SelectorKeys
    from lightsout.policies.reader import Found
    from lightsout.policies.yamltree import Node

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
    "is_exact",
    "load",
    "matches",
    "parse_duration",
]

DEFAULT_TRIGGERS: frozenset[str | Source] = frozenset({"timer", "invoke"})


class Policies(NamedTuple):
    """All policies by file name and place; `digest` changes with the files."""

    policies: tuple[Policy, ...]
    accounts: tuple[Account, ...]  # other than the function's own
    warnings: tuple[Mistake, ...]
    digest: str


class PolicyMistakes(ValueError):
    """Everything that is wrong in the policy files, one line each; nothing may be called."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


def load(path: Path) -> Policies:
    """Return the policies of a file, or of a folder's `*.yml` and `*.yaml`, not of its sub-folders.

    Raises PolicyMistakes with every mistake of every file, a missing path or policy included.
    """
    complaints = Complaints(_shown(path))
    paths = _paths(path, complaints)
    mistakes = complaints.listed()
    files: list[_File] = []
    digest = hashlib.sha256()
    for file in paths:
        complaints = Complaints(_shown(file))
        data = _bytes(file, complaints)
        root = None if data is None else _read(data, complaints)
        digest.update(os.fsencode(file.name) + b"\0" + hashlib.sha256(data or b"").digest())
        if root:
            files.append(_File(complaints, root))
        else:
            mistakes += complaints.listed()
    found = _check([one.complaints for one in files], [one.root for one in files])
    if any(one.complaints for one in files):
        _try_suggestions(files)
    mistakes += [mistake for one in files for mistake in one.complaints.listed()]
    if mistakes:
        raise PolicyMistakes(mistakes)
    return Policies(
        tuple(policy for file, keys in found for policy in _policies(file.file, keys)),
        tuple(account for _, keys in found for account in _accounts(keys)),
        tuple(_warnings(files, found)),
        digest.hexdigest()[:12],
    )


class _File(NamedTuple):
    complaints: Complaints
    root: Node


def _check(complaints: Sequence[Complaints], roots: Sequence[Node]) -> list[rules.File]:
    """Read the trees; return what fits, and add what is wrong to the complaints of each file."""
    found: list[rules.File] = []
    for some, root in zip(complaints, roots, strict=True):
        keys: Found[FileKeys] | None = Reader(some).read(FILE, root, "the file")
        if keys:
            found.append((some, keys.it))
    rules.check(found)
    return found


def _warnings(files: Sequence[_File], found: Sequence[rules.File]) -> Iterator[Mistake]:
    told = []
    for complaints, keys in found:
        told.append(Complaints(complaints.file))
        rules.warn(keys, told[-1])
    if any(told):
        _try_suggestions([_File(some, one.root) for some, one in zip(told, files, strict=True)])
    for some in told:
        yield from some.listed()


def _try_suggestions(files: Sequence[_File]) -> None:
    """Let no complaint suggest what all files together do not take."""
    from lightsout.policies.trial import Trial  # noqa: PLC0415  only a mistake pays for it

    roots = [file.root for file in files]
    trial = Trial(roots, lambda: _faults([file.complaints.file for file in files], roots))
    for file in files:
        file.complaints.takes = trial.takes


def _faults(names: Sequence[str], roots: Sequence[Node]) -> list[tuple[str, int, int]]:
    """Return the place of each mistake and warning in the trees, without any suggestion."""
    complaints = [Complaints(name, most=sys.maxsize) for name in names]
    for some, keys in _check(complaints, roots):
        rules.warn(keys, some)
    return [(it.file, one.at.line, one.at.column) for it in complaints for one in it.mistakes]


# Files -------------------------------------------------------------------------------------------


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
    """Tell whether an entry of the folder is read as policies, and so has to be deployed."""
    # Hidden files are what editors and archives leave behind.
    named = entry.suffix.lower() in (".yml", ".yaml") and not entry.name.startswith(".")
    return named and not entry.is_dir()


def _bytes(file: Path, complaints: Complaints) -> bytes | None:
    """Return the file's content; of one that is too large no more than shows that."""
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
    """Return the path as given, in characters that can be printed everywhere."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _read(data: bytes, complaints: Complaints) -> Node | None:
    root = yamltext.read(data, complaints)
    if root is None and complaints:
        return None
    if root is None or (isinstance(root, Text) and root.missing):
        complaints.add(START, "no policies: the file is empty")
        return None
    return root


# Values ------------------------------------------------------------------------------------------


def _texts(value: str | Sequence[Found[str]]) -> tuple[str, ...]:
    """Return one text or a list of them as a tuple."""
    return (value,) if isinstance(value, str) else tuple(item.it for item in value)


def _policies(file: str, found: FileKeys) -> Iterator[Policy]:
    default = value_of(found.get("timezone"), None) or zone(DEFAULT_TIMEZONE)
    holidays = _holidays(found)
    for policy in found["policies"].it:
        keys = policy.it
        options = keys_of(keys.get("options"))
        verify = keys_of(keys.get("verify"))
        yield Policy(
            name=keys["name"].it,
            description=value_of(keys.get("description"), ""),
            resource=keys["resource"].it,
            regions=_texts(keys["regions"].it),
            action=value_of(keys.get("action"), "stop"),
            match=_selector(keys["match"].it),
            exclude=_selector(keys_of(keys.get("exclude"))),
            include=frozenset(_texts(value_of(keys.get("include"), ()))),
            timezone=value_of(keys.get("timezone"), default),
            stop_type=value_of(options.get("stop_type"), None),
            limits=_limits(keys),
            triggered_by=_triggers(keys) or DEFAULT_TRIGGERS,
            verify_timeout=value_of(verify.get("timeout"), DEFAULT_VERIFY_TIMEOUT),
            place=f"{file}:{policy.at.line}:{policy.at.column}",
            accounts=_texts(value_of(keys.get("accounts"), OWN)),
            when=_when(keys, holidays),
            only_if=_only_if(keys),
            stopped_mode=value_of(options.get("stopped_mode"), None),
        )


def _limits(policy: PolicyKeys) -> Limits:
    keys = keys_of(policy.get("limits"))
    return Limits(
        value_of(keys.get("max_instances"), None), value_of(keys.get("max_percent"), None)
    )


def _only_if(policy: PolicyKeys) -> OnlyIf:
    keys = keys_of(policy.get("only_if"))
    return OnlyIf(
        value_of(keys.get("traffic_used_at_least"), None),
        value_of(keys.get("traffic_used_below"), None),
        value_of(keys.get("traffic_left_below"), None),
        value_of(keys.get("running_at_least"), None),
    )


def _accounts(found: FileKeys) -> Iterator[Account]:
    for account in value_of(found.get("accounts"), []):
        yield _account(account.it)


def _account(keys: AccountKeys) -> Account:
    return Account(keys["name"].it, keys["role_arn"].it, value_of(keys.get("external_id"), None))


def _triggers(policy: PolicyKeys) -> frozenset[str | Source]:
    listed = (it.it for it in value_of(policy.get("triggered_by"), []))
    return frozenset(
        it
        if isinstance(it, str)
        else Source(it["source"].it, it["type"].it, value_of(it.get("scope"), None))
        for it in listed
    )


def _holidays(found: FileKeys) -> Mapping[date, bool]:
    listed = keys_of(found.get("holidays"))
    return MappingProxyType(
        {date.fromisoformat(day): word.it == "work" for day, word in listed.items()}
    )


def _when(policy: PolicyKeys, holidays: Mapping[date, bool]) -> When | None:
    if "when" not in policy:
        return None
    keys = policy["when"].it
    days = value_of(keys.get("days"), "everyday")
    start, end = value_of(keys.get("between"), (None, None))
    return When(
        days=days if isinstance(days, str) else frozenset(DAYS.index(day.it) for day in days),
        start=value_of(start, 0),
        end=value_of(end, WHOLE_DAY),
        enforce=value_of(keys.get("enforce"), default=False),
        holidays=holidays,
    )


def _selector(keys: SelectorKeys) -> Selector:
    tags = keys_of(keys.get("tags"))
    return Selector(
        MappingProxyType({name: _texts(values.it) for name, values in tags.items()}),
        frozenset(_texts(value_of(keys.get("instances"), ()))),
    )
