"""Policy files: text to frozen values, every mistake of every file in one go."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

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
from lightsout.policies.reader import Reader, Value
from lightsout.policies.schema import DAYS, FILE
from lightsout.policies.yamltree import START, Complaints, Mistake, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

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
    """All policies by file name and place; `digest` tells one state of the files from another."""

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
    """The policies of a file, or of a folder's `*.yml` and `*.yaml` (not those of its sub-folders).

    Raises PolicyMistakes with every mistake of every file, a missing path or policy included.
    """
    complaints = Complaints(_shown(path))
    paths = _paths(path, complaints)
    mistakes = complaints.listed()
    files: list[tuple[Complaints, Value]] = []
    digest = hashlib.sha256()
    for file in paths:
        complaints = Complaints(_shown(file))
        data = _bytes(file, complaints)
        found = None if data is None else _read(data, complaints)
        digest.update(os.fsencode(file.name) + b"\0" + hashlib.sha256(data or b"").digest())
        if found:
            files.append((complaints, found))
        else:
            mistakes += complaints.listed()
    rules.check(files)
    mistakes += [mistake for complaints, _ in files for mistake in complaints.listed()]
    if mistakes:
        raise PolicyMistakes(mistakes)
    return Policies(
        tuple(
            policy for complaints, found in files for policy in _policies(complaints.file, found)
        ),
        tuple(account for _, found in files for account in _accounts(found)),
        tuple(w for complaints, found in files for w in rules.warnings(complaints.file, found)),
        digest.hexdigest()[:12],
    )


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
    """Whether an entry of the folder is read as policies, and so has to be deployed."""
    # Hidden files are what editors and archives leave behind.
    named = entry.suffix.lower() in (".yml", ".yaml") and not entry.name.startswith(".")
    return named and not entry.is_dir()


def _bytes(file: Path, complaints: Complaints) -> bytes | None:
    """The file's content; of one that is too large no more than tells so."""
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
    """The path as given, in characters that can be printed everywhere."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _read(data: bytes, complaints: Complaints) -> Value | None:
    root = yamltext.read(data, complaints)
    if root is None and complaints.listed():
        return None
    if root is None or (isinstance(root, Text) and root.missing):
        complaints.add(START, "no policies: the file is empty")
        return None
    return Reader(complaints).read(FILE, root, "the file")


# Values ------------------------------------------------------------------------------------------


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {key: value.it for key, value in values.items()}


def _texts(value: Any) -> tuple[str, ...]:
    """One text or a list of them."""
    return tuple(item.it for item in value) if isinstance(value, list) else (value,)


def _policies(file: str, found: Value) -> Iterator[Policy]:
    default = found.get("timezone") or zone(DEFAULT_TIMEZONE)
    holidays = _holidays(found)
    for policy in found.get("policies"):
        yield Policy(
            name=policy.get("name"),
            description=policy.get("description", default=""),
            resource=policy.get("resource"),
            regions=_texts(policy.get("regions")),
            action=policy.get("action", default="stop"),
            match=_selector(policy, "match"),
            exclude=_selector(policy, "exclude"),
            include=frozenset(_texts(policy.get("include", default=[]))),
            timezone=policy.get("timezone", default=default),
            stop_type=policy.get("options", "stop_type"),
            limits=Limits(
                policy.get("limits", "max_instances"), policy.get("limits", "max_percent")
            ),
            triggered_by=_triggers(policy) or DEFAULT_TRIGGERS,
            verify_timeout=policy.get("verify", "timeout", default=DEFAULT_VERIFY_TIMEOUT),
            place=f"{file}:{policy.at.line}:{policy.at.column}",
            accounts=_texts(policy.get("accounts", default=OWN)),
            when=_when(policy, holidays),
            only_if=OnlyIf(**_plain(policy.get("only_if", default={}))),
            stopped_mode=policy.get("options", "stopped_mode"),
        )


def _accounts(found: Value) -> Iterator[Account]:
    for account in found.get("accounts", default=[]):
        yield Account(*map(account.get, Account._fields))


def _triggers(policy: Value) -> frozenset[str | Source]:
    listed = (it.it for it in policy.get("triggered_by", default=[]))
    return frozenset(it if isinstance(it, str) else Source(**_plain(it)) for it in listed)


def _holidays(found: Value) -> Mapping[date, bool]:
    listed = found.get("holidays", default={})
    return MappingProxyType(
        {date.fromisoformat(day): word.it == "work" for day, word in listed.items()}
    )


def _when(policy: Value, holidays: Mapping[date, bool]) -> When | None:
    if "when" not in policy.it:
        return None
    days = policy.get("when", "days", default="everyday")
    listed = isinstance(days, list)
    start, end = policy.get("when", "between", default=None) or (None, None)
    return When(
        days=frozenset(DAYS.index(day.it) for day in days) if listed else days,
        start=start.it if start else 0,
        end=end.it if end else WHOLE_DAY,
        enforce=policy.get("when", "enforce", default=False),
        holidays=holidays,
    )


def _selector(policy: Value, key: str) -> Selector:
    tags = policy.get(key, "tags", default={})
    return Selector(
        MappingProxyType({name: _texts(values.it) for name, values in tags.items()}),
        frozenset(_texts(policy.get(key, "instances", default=[]))),
    )
