"""Make policies and accounts from the values that were read from a file."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from lightsout.base.scalars import zone
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
from lightsout.policies.reader import keys_of, value_of
from lightsout.policies.texts import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lightsout.policies.document import AccountKeys, FileKeys, PolicyKeys, SelectorKeys
    from lightsout.policies.reader import Found

DEFAULT_TRIGGERS: frozenset[str | Source] = frozenset({"timer", "invoke"})


def _texts(value: str | Sequence[Found[str]]) -> tuple[str, ...]:
    """Return one text or a list of them as a tuple."""
    return (value,) if isinstance(value, str) else tuple(item.it for item in value)


def policies_of(file: str, found: FileKeys) -> Iterator[Policy]:
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


def accounts_of(found: FileKeys) -> Iterator[Account]:
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
