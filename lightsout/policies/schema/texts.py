"""The forms of text in a policy file: names, dates, times, sizes, tags."""

from __future__ import annotations

from datetime import date

from lightsout.base.texts.scalars import duration, minutes, share, size, zone
from lightsout.model.resources.resource import RESOURCES
from lightsout.policies.mistakes.characters import FORBIDDEN, LOOKALIKES, ODD, PLAIN_QUOTES, without
from lightsout.policies.regions import region_meant
from lightsout.policies.schema.shapes import Scalar, Word


def zone_meant(text: str) -> str | None:
    from lightsout.policies.mistakes import suggestions  # noqa: PLC0415  only a mistake pays for it

    return suggestions.zone_meant(text)


def days_meant(text: str) -> str | None:
    from lightsout.policies.mistakes import suggestions  # noqa: PLC0415  only a mistake pays for it

    return suggestions.days_meant(text)


def day_meant(text: str) -> str | None:
    from lightsout.policies.mistakes import suggestions  # noqa: PLC0415  only a mistake pays for it

    return suggestions.day_meant(text)


def time_meant(text: str) -> str | None:
    from lightsout.policies.mistakes import suggestions  # noqa: PLC0415  only a mistake pays for it

    return suggestions.time_meant(text)


TEXT = Scalar("a text")
FILLED = Scalar("a text that is not empty", r"[\s\S]+")
NAME = Scalar(
    "1 to 64 of a-z, 0-9 and -",
    r"[a-z0-9-]{1,64}",
    json=("string", "integer", "boolean", "null"),
)
# Each name begins with a capital: `localtime` would be another zone on another machine.
ZONE = Scalar("an IANA time zone such as Asia/Shanghai", r"[A-Z][\w/+-]*", zone, zone_meant)
REGION = Scalar(
    "a region such as ap-guangzhou", r"[a-z]{2,}(-[a-z]+)+(-[0-9]+)?", meant=region_meant
)
INSTANCE = Scalar(
    "an instance ID such as lhins-0a1b2c3d",
    "|".join(f"{it.id_prefix}[0-9a-z]{{8,{it.longest_id}}}" for it in RESOURCES.values()),
)
ROLE = Scalar(
    "a role such as qcs::cam::uin/100000000002:roleName/lightsout",
    r"qcs::cam::uin/[0-9]{5,20}:roleName/[A-Za-z0-9_+=,.@-]{1,128}",
)
EXTERNAL_ID = Scalar(
    "2 to 128 of A-Z, a-z, 0-9 and _+=,.@:/-",
    r"[A-Za-z0-9_+=,.@:/-]{2,128}",
    json=("string", "number", "boolean", "null"),
)
DATE = Scalar(
    "a date such as 2026-12-01",
    r"(?!0000)[0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)"
    r"|(0[13578]|1[02])-31)|(?!0000)([0-9]{2}(0[48]|[2468][048]|[13579][26])"
    r"|([02468][048]|[13579][26])00)-02-29",
    date.fromisoformat,
)
# A path would lead out of the folder that is deployed.
CALENDAR_FILE = Scalar(
    "the name of a .json file beside it", r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.json"
)
DURATION = Scalar("a duration such as 45s, 30m, 2h or 7d", r"0*[1-9][0-9]{0,7}[smhd]", duration)
COUNT = Scalar("a whole number from 1", r"0*[1-9][0-9]{0,8}", int, json=("string", "integer"))
PERCENT = Scalar("a whole number from 1 to 100", r"0*([1-9][0-9]?|100)", int, json=COUNT.json)
SHARE = Scalar("a share such as 95%, from 1% to 100%", r"0*([1-9][0-9]?|100)%", share)
SIZE = Scalar("a size such as 60GB, in MB, GB or TB", r"0*[1-9][0-9]{0,8}(MB|GB|TB)", size)
OPENS = Scalar("a time from 00:00 to 23:59", r"([01][0-9]|2[0-3]):[0-5][0-9]", minutes, time_meant)
CLOSES = Scalar(
    "a time from 00:00 to 24:00",
    r"(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)",
    minutes,
    time_meant,
)
_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
YES_NO = Word(
    ("true", "false"),
    convert="true".__eq__,
    meant=lambda text: _SWITCHES.get(text.lower()),
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# An editor takes `1`, `true` and `null` without quotes for these JSON types. We see texts.
UNQUOTED = ("string", "number", "boolean", "null")
# The longest tag that the service takes (product 651, document 13354).
LONGEST_KEY, LONGEST_VALUE = 127, 255
# A text that no tag can have matches nothing: `exclude` would keep nothing by it.
TAG_KEY = Scalar(
    f"a tag key of 1 to {LONGEST_KEY} characters, without wildcards",
    rf"(?=[\s\S])(?![\s\S]{{{LONGEST_KEY + 1}}}){without(ODD + FORBIDDEN + '*?')}",
    often=rf"[A-Za-z0-9_.:/@=+-]{{1,{LONGEST_KEY}}}",
    forbidden=FORBIDDEN + "*?",
    why=", which no tag can have",
    longest=LONGEST_KEY,
)
TAG_VALUE = Scalar(
    f"a tag value of up to {LONGEST_VALUE} characters",
    rf"(?!(\**[^*]){{{LONGEST_VALUE + 1}}}){without(ODD + FORBIDDEN)}",
    json=UNQUOTED,
    often=rf"[A-Za-z0-9_.:/@=+*?-]{{0,{LONGEST_VALUE}}}",
    forbidden=FORBIDDEN,
    why=", which no tag can have",
    longest=LONGEST_VALUE,
)
LONGEST_NAME = 128  # of an instance, in characters: CVM's limit; that of Lighthouse is lower
INSTANCE_NAME = Scalar(
    f"a name of up to {LONGEST_NAME} characters, wildcards allowed",
    rf"(?!(\**[^*]){{{LONGEST_NAME + 1}}}){without(ODD + PLAIN_QUOTES)}",
    json=UNQUOTED,
    often=rf"[A-Za-z0-9_.:/@=+*?-]{{0,{LONGEST_NAME}}}",
    forbidden=PLAIN_QUOTES,
    longest=LONGEST_NAME,
)
# Source and type of a CloudEvent. No event has such characters in them.
EVENT_TEXT = Scalar(
    "a text, wildcards allowed",
    rf"(?=[\s\S]){without(ODD + LOOKALIKES)}",
    json=UNQUOTED,
    forbidden=LOOKALIKES,
    why=", so no event would fit",
)
