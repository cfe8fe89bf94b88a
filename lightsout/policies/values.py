"""Make policies and accounts from the values that were read from a file."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import zone
from lightsout.model.policy import (
    DEFAULT_ACT_WITHIN,
    DEFAULT_TIMEZONE,
    DEFAULT_VERIFY_TIMEOUT,
    WHOLE_DAY,
    Account,
    AfterEdge,
    Limits,
    OnlyIf,
    OwnHours,
    Policy,
    Selector,
    Source,
    When,
)
from lightsout.model.resources.resource import ACTIONS, OWN, RESOURCES, START
from lightsout.policies.reading.reader import keys_of, value_of
from lightsout.policies.schema.texts import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from lightsout.model.resources.resource import Resource
    from lightsout.policies.reading.reader import Found
    from lightsout.policies.schema.typed_keys import (
        AccountKeys,
        FileKeys,
        PolicyKeys,
        SelectorKeys,
        UptimeKeys,
        WhenKeys,
    )

DEFAULT_TRIGGERS: frozenset[str | Source] = frozenset({"timer", "invoke"})


def _texts(value: str | Sequence[Found[str]]) -> tuple[str, ...]:
    """Return one text or a list of them as a tuple."""
    return (value,) if isinstance(value, str) else tuple(item.it for item in value)


def policies_of(
    file: str, found: FileKeys, calendars: Mapping[str, Mapping[date, bool]]
) -> Iterator[Policy]:
    """Yield each policy of the file, once for each of its resources and actions.

    `calendars`: the days of the files of holidays, by their names.
    """
    default = value_of(found.get("timezone"), None) or zone(DEFAULT_TIMEZONE)
    holidays = _holidays(found, calendars)
    for policy in found["policies"].it:
        keys = policy.it
        whole = _policy(keys, f"{file}:{policy.at.line}:{policy.at.column}", default, holidays)
        uptime = keys.get("uptime")
        for name in _texts(keys["resource"].it):
            for one in _of_resource(whole, RESOURCES[name]):
                if uptime is None:
                    yield one
                else:
                    yield from _of_uptime(one, uptime.it, holidays)


def _policy(
    keys: PolicyKeys, place: str, default: ZoneInfo, holidays: Mapping[date, bool]
) -> Policy:
    """Return the policy as the file has it; its resource is set later."""
    options = keys_of(keys.get("options"))
    verify = keys_of(keys.get("verify"))
    return Policy(
        name=keys["name"].it,
        description=value_of(keys.get("description"), ""),
        resource="",
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
        place=place,
        accounts=_texts(value_of(keys.get("accounts"), OWN)),
        when=_when(keys, holidays),
        only_if=_only_if(keys),
        stopped_mode=value_of(options.get("stopped_mode"), None),
        mark=value_of(keys.get("mark"), default=False),
    )


def _of_resource(policy: Policy, resource: Resource) -> Iterator[Policy]:
    """Yield the policy for one of its resources.

    Yields none if it names instances, but none of this resource: without them it would select more.
    """
    match, exclude = (_of_kind(it, resource) for it in (policy.match, policy.exclude))
    if match.instances or not policy.match.instances:
        yield policy._replace(
            resource=resource.name,
            match=match,
            exclude=exclude,
            stopped_mode=policy.stopped_mode if resource.stops_charging else None,
            stop_type=policy.stop_type if resource.stop_types else None,
            mark=policy.mark and resource.marks,
        )


def _of_uptime(policy: Policy, keys: UptimeKeys, holidays: Mapping[date, bool]) -> Iterator[Policy]:
    """Yield the policy once to stop and once to start. The tag of `from_tag` must be there."""
    for action in ACTIONS.values():
        when = _uptime(keys, action.name, holidays)
        part = policy._replace(action=action.name, when=when)
        if action is START:
            part = part._replace(stop_type=None, stopped_mode=None)
        if isinstance(when, OwnHours):
            tags = {when.tag: ("*",)} | dict(policy.match.tags)
            part = part._replace(match=policy.match._replace(tags=MappingProxyType(tags)))
        yield part


def _of_kind(selector: Selector, resource: Resource) -> Selector:
    ours = (id_ for id_ in selector.instances if id_.startswith(resource.id_prefix))
    return selector._replace(instances=frozenset(ours))


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


def _holidays(found: FileKeys, calendars: Mapping[str, Mapping[date, bool]]) -> Mapping[date, bool]:
    listed = value_of(found.get("holidays"), {})
    if isinstance(listed, str):
        return calendars[listed]
    return MappingProxyType(
        {date.fromisoformat(day): word.it == "work" for day, word in listed.items()}
    )


def _when(policy: PolicyKeys, holidays: Mapping[date, bool]) -> When | None:
    return _times(policy["when"].it, holidays) if "when" in policy else None


def _uptime(keys: UptimeKeys, action: str, holidays: Mapping[date, bool]) -> AfterEdge | OwnHours:
    """Return when the action is due by the `uptime` of a policy."""
    within = value_of(keys.get("act_within"), DEFAULT_ACT_WITHIN)
    enforce = value_of(keys.get("enforce"), default=False)
    opening = action == START.name
    if tag := keys.get("from_tag"):
        return OwnHours(tag.it, opening, within, enforce, holidays)
    return AfterEdge((_times(keys, holidays),), opening, within, enforce)


def _times(keys: WhenKeys | UptimeKeys, holidays: Mapping[date, bool]) -> When:
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
        _texts(value_of(keys.get("names"), ())),
    )
