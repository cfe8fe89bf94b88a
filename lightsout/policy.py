"""Policy files: text to frozen values, every mistake of every file in one go."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout import yamltext
from lightsout.forms import Reader, Value
from lightsout.regions import REGIONS
from lightsout.schedule import WHOLE_DAY, When
from lightsout.schema import DAYS, DEFAULT_TIMEZONE, FILE
from lightsout.units import duration as parse_duration
from lightsout.units import zone
from lightsout.wildcards import is_exact, matches
from lightsout.yamltext import START, Complaints, Mistake, Text, near, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

__all__ = [
    "DEFAULT_TIMEZONE",
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

DEFAULT_VERIFY_TIMEOUT = 300.0
DEFAULT_TRIGGERS: frozenset[str | Source] = frozenset({"timer", "invoke"})
ID_PREFIX = {"lighthouse": "lhins-", "cvm": "ins-"}


class Selector(NamedTuple):
    """What `match` selects, or what `exclude` keeps; either part may be empty."""

    tags: Mapping[str, tuple[str, ...]]
    instances: frozenset[str]


class Source(NamedTuple):
    """Events of EventBridge that a policy runs for; either part may hold wildcards."""

    source: str
    type: str

    def __str__(self) -> str:
        return f"source {self.source} and type {self.type}"


class Limits(NamedTuple):
    """For each policy, account and region; None where the policy sets none."""

    max_instances: int | None
    max_percent: int | None


class OnlyIf(NamedTuple):
    """Conditions that the machine itself must meet, all of them; None where there is none."""

    traffic_used_at_least: float | None = None  # share of the traffic package, 0 to 1
    traffic_used_below: float | None = None
    traffic_left_below: int | None = None  # bytes
    running_at_least: float | None = None  # seconds


class Policy(NamedTuple):
    """One policy as its file says it; times in seconds."""

    name: str
    description: str
    resource: str
    regions: tuple[str, ...]  # ("all",) means every region
    action: str
    match: Selector
    exclude: Selector
    include: frozenset[str]
    timezone: ZoneInfo
    stop_type: str | None  # None: the API's own default
    limits: Limits
    triggered_by: frozenset[str | Source]
    verify_timeout: float
    place: str  # file:line:column, for messages
    when: When | None = None  # None: due whenever it is triggered
    only_if: OnlyIf = OnlyIf()
    stopped_mode: str | None = None  # None: the API's own default


class Policies(NamedTuple):
    """All policies by file name and place; `digest` tells one state of the files from another."""

    policies: tuple[Policy, ...]
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
    warnings: list[Mistake] = []
    files: list[tuple[str, Value]] = []
    names: dict[str, str] = {}
    digest = hashlib.sha256()
    for file in paths:
        complaints = Complaints(_shown(file))
        data = _bytes(file, complaints)
        found = None if data is None else _read(data, complaints)
        digest.update(os.fsencode(file.name) + b"\0" + hashlib.sha256(data or b"").digest())
        if found:
            files.append((complaints.file, found))
            _cross_check(found, complaints, names)
            warnings += _region_warnings(complaints.file, found)
        mistakes += complaints.listed()
    if mistakes:
        raise PolicyMistakes(mistakes)
    policies = tuple(policy for file, found in files for policy in _policies(file, found))
    return Policies(policies, tuple(warnings), digest.hexdigest()[:12])


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


# Mistakes that are none by themselves ------------------------------------------------------------


def _cross_check(found: Value, complaints: Complaints, names: dict[str, str]) -> None:
    """Names that stand twice, in whatever file, and instances of the other resource."""
    for policy in _get(found, "policies", default=[]):
        if name := policy.it.get("name"):
            place = f"{complaints.file}:{name.at.line}:{name.at.column}"
            first = names.setdefault(name.it, place)
            if first != place:
                complaints.add(name.at, f"a second policy named {name.it}, the first is at {first}")
        resource = _get(policy, "resource", default="")
        for instance in _instances(policy):
            if not instance.it.startswith(ID_PREFIX.get(resource, "")):
                wanted = ID_PREFIX[resource]
                what = (
                    f"{show(instance.it)} is no {resource} instance: their IDs begin with {wanted}"
                )
                complaints.add(instance.at, what)


def _instances(policy: Value) -> Iterator[Value]:
    for selector in ("match", "exclude"):
        yield from _get(policy, selector, "instances", default=[])


def _region_warnings(file: str, found: Value) -> list[Mistake]:
    warnings = Complaints(file)
    for policy in _get(found, "policies", default=[]):
        regions = _get(policy, "regions", default=[])
        for region in regions if isinstance(regions, list) else []:
            if region.it not in REGIONS:
                text = f"region {region.it} is not in the list at hand"
                warnings.add(region.at, text, partial(near, region.it, REGIONS))
    return warnings.listed()


# Values ------------------------------------------------------------------------------------------


def _get(value: Value, *path: str, default: Any = None) -> Any:
    """What stands at `path` in the mappings below `value`."""
    for key in path:
        if key not in value.it:
            return default
        value = value.it[key]
    return value.it


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {key: value.it for key, value in values.items()}


def _texts(value: Any) -> tuple[str, ...]:
    """One text or a list of them."""
    return tuple(item.it for item in value) if isinstance(value, list) else (value,)


def _policies(file: str, found: Value) -> Iterator[Policy]:
    default = _get(found, "timezone") or zone(DEFAULT_TIMEZONE)
    holidays = _holidays(found)
    for policy in _get(found, "policies"):
        yield Policy(
            name=_get(policy, "name"),
            description=_get(policy, "description", default=""),
            resource=_get(policy, "resource"),
            regions=_texts(_get(policy, "regions")),
            action=_get(policy, "action", default="stop"),
            match=_selector(policy, "match"),
            exclude=_selector(policy, "exclude"),
            include=frozenset(_texts(_get(policy, "include", default=[]))),
            timezone=_get(policy, "timezone", default=default),
            stop_type=_get(policy, "options", "stop_type"),
            limits=Limits(
                _get(policy, "limits", "max_instances"), _get(policy, "limits", "max_percent")
            ),
            triggered_by=_triggers(policy) or DEFAULT_TRIGGERS,
            verify_timeout=_get(policy, "verify", "timeout", default=DEFAULT_VERIFY_TIMEOUT),
            place=f"{file}:{policy.at.line}:{policy.at.column}",
            when=_when(policy, holidays),
            only_if=OnlyIf(**_plain(_get(policy, "only_if", default={}))),
            stopped_mode=_get(policy, "options", "stopped_mode"),
        )


def _triggers(policy: Value) -> frozenset[str | Source]:
    listed = (it.it for it in _get(policy, "triggered_by", default=[]))
    return frozenset(it if isinstance(it, str) else Source(**_plain(it)) for it in listed)


def _holidays(found: Value) -> Mapping[date, bool]:
    listed = _get(found, "holidays", default={})
    return MappingProxyType(
        {date.fromisoformat(day): word.it == "work" for day, word in listed.items()}
    )


def _when(policy: Value, holidays: Mapping[date, bool]) -> When | None:
    if "when" not in policy.it:
        return None
    days = _get(policy, "when", "days", default="everyday")
    listed = isinstance(days, list)
    start, end = _get(policy, "when", "between", default=None) or (None, None)
    return When(
        days=frozenset(DAYS.index(day.it) for day in days) if listed else days,
        start=start.it if start else 0,
        end=end.it if end else WHOLE_DAY,
        enforce=_get(policy, "when", "enforce", default=False),
        holidays=holidays,
    )


def _selector(policy: Value, key: str) -> Selector:
    tags = _get(policy, key, "tags", default={})
    return Selector(
        MappingProxyType({name: _texts(values.it) for name, values in tags.items()}),
        frozenset(_texts(_get(policy, key, "instances", default=[]))),
    )
