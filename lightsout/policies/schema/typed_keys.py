"""The types of the values that are read from a policy file, each with its place.

The keys are those of the table in `schema`: a test compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from typing import Any
    from zoneinfo import ZoneInfo

    from lightsout.policies.reading.reader import Found

    Texts = Found[list[Found[str]]]
    Tags = Found[dict[str, Found[Any]]]  # each is a text, or a list of Found texts
    TimesOfDay = Found[tuple[Found[int], Found[int]]]


class SelectorKeys(TypedDict, total=False):
    tags: Tags
    instances: Texts
    names: Texts


class WhenKeys(TypedDict, total=False):
    days: Found[str | list[Found[str]]]
    between: TimesOfDay
    enforce: Found[bool]


class UptimeKeys(TypedDict, total=False):
    days: Found[str | list[Found[str]]]
    between: TimesOfDay
    from_tag: Found[str]
    act_within: Found[float]
    enforce: Found[bool]


class OnlyIfKeys(TypedDict, total=False):
    traffic_used_at_least: Found[float]
    traffic_used_below: Found[float]
    traffic_left_below: Found[int]
    running_at_least: Found[float]


class OptionsKeys(TypedDict, total=False):
    stop_type: Found[str]
    stopped_mode: Found[str]


class LimitsKeys(TypedDict, total=False):
    max_instances: Found[int]
    max_percent: Found[int]


class SourceKeys(TypedDict, total=False):
    source: Found[str]
    type: Found[str]
    scope: Found[str]


class VerifyKeys(TypedDict, total=False):
    timeout: Found[float]


class PolicyKeys(TypedDict, total=False):
    name: Found[str]
    description: Found[str]
    resource: Found[str | list[Found[str]]]
    regions: Found[str | list[Found[str]]]
    accounts: Texts
    action: Found[str]
    match: Found[SelectorKeys]
    exclude: Found[SelectorKeys]
    include: Texts
    timezone: Found[ZoneInfo]
    when: Found[WhenKeys]
    uptime: Found[UptimeKeys]
    only_if: Found[OnlyIfKeys]
    options: Found[OptionsKeys]
    limits: Found[LimitsKeys]
    triggered_by: Found[list[Found[str | SourceKeys]]]
    verify: Found[VerifyKeys]
    mark: Found[bool]


class AccountKeys(TypedDict, total=False):
    name: Found[str]
    role_arn: Found[str]
    external_id: Found[str]


class FileKeys(TypedDict, total=False):
    version: Found[str]
    timezone: Found[ZoneInfo]
    holidays: Found[str | dict[str, Found[str]]]
    accounts: Found[list[Found[AccountKeys]]]
    policies: Found[list[Found[PolicyKeys]]]
