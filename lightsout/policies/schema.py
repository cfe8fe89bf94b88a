"""The form of a policy file, as one table.

The walker with its suggestions, the JSON Schema for editors and the reference page are all read
off this table, so that none of them can know more than the others.
"""

from __future__ import annotations

from datetime import date

from lightsout.base.scalars import duration, minutes, share, size, zone
from lightsout.model.policy import DEFAULT_TIMEZONE
from lightsout.policies.letters import FORBIDDEN, ODD, without
from lightsout.policies.reader import Either, Field, Fields, Form, ListOf, MapOf, Window, Word
from lightsout.policies.regions import nearest_region


def _zone_meant(text: str) -> str | None:
    from lightsout.policies.suggestions import zone_meant  # noqa: PLC0415  only a mistake pays for it

    return zone_meant(text)


def _days_meant(text: str) -> str | None:
    from lightsout.policies.suggestions import days_meant  # noqa: PLC0415  only a mistake pays for it

    return days_meant(text)


def _day_meant(text: str) -> str | None:
    from lightsout.policies.suggestions import day_meant  # noqa: PLC0415  only a mistake pays for it

    return day_meant(text)


TEXT = Form("a text")
FILLED = Form("a text that is not empty", r"[\s\S]+")
NAME = Form("1 to 64 of a-z, 0-9 and -", r"[a-z0-9-]{1,64}")
# Each name begins with a capital; `localtime` is another zone on another machine.
ZONE = Form("an IANA time zone such as Asia/Shanghai", r"[A-Z][\w/+-]*", zone, _zone_meant)
REGION = Form(
    "a region such as ap-guangzhou", r"[a-z]{2,}(-[a-z]+)+(-[0-9]+)?", meant=nearest_region
)
INSTANCE = Form("an instance ID such as lhins-0a1b2c3d", r"(lhins|ins)-[0-9a-z]{8,16}")
ROLE = Form(
    "a role such as qcs::cam::uin/100000000002:roleName/lightsout",
    r"qcs::cam::uin/[0-9]{5,20}:roleName/[A-Za-z0-9_+=,.@-]{1,128}",
)
EXTERNAL_ID = Form("2 to 128 of A-Z, a-z, 0-9 and _+=,.@:/-", r"[A-Za-z0-9_+=,.@:/-]{2,128}")
DATE = Form(
    "a date such as 2026-12-01",
    r"(?!0000)[0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)"
    r"|(0[13578]|1[02])-31)|(?!0000)([0-9]{2}(0[48]|[2468][048]|[13579][26])"
    r"|([02468][048]|[13579][26])00)-02-29",
    date.fromisoformat,
)
DURATION = Form("a duration such as 45s, 30m, 2h or 7d", r"0*[1-9][0-9]{0,7}[smhd]", duration)
COUNT = Form("a whole number from 1", r"0*[1-9][0-9]{0,8}", int, json=("string", "integer"))
PERCENT = Form("a whole number from 1 to 100", r"0*([1-9][0-9]?|100)", int, json=COUNT.json)
SHARE = Form("a share such as 95%, from 1% to 100%", r"0*([1-9][0-9]?|100)%", share)
SIZE = Form("a size such as 60GB, in MB, GB or TB", r"0*[1-9][0-9]{0,8}(MB|GB|TB)", size)
OPENS = Form("a time from 00:00 to 23:59", r"([01][0-9]|2[0-3]):[0-5][0-9]", minutes)
CLOSES = Form("a time from 00:00 to 24:00", r"(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)", minutes)
YES_NO = Word(
    ("true", "false"),
    convert="true".__eq__,
    meant={"yes": "true", "on": "true", "no": "false", "off": "false"}.get,
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# What the service lets nobody write into a tag can match none: an exclusion would keep nothing.
TAG_KEY = Form(
    "a tag key without wildcards",
    f"(?=[\\s\\S]){without(ODD + FORBIDDEN + '*?')}",
    often="[A-Za-z0-9_.:/@=+-]+",
    odd=FORBIDDEN + "*?",
)
TAG_VALUE = Form(
    "a tag value",
    without(ODD + FORBIDDEN),
    # An editor sees `env: 1` as a number and `env: true` as a boolean, where we see their texts.
    json=("string", "number", "boolean"),
    often="[A-Za-z0-9_.:/@=+*?-]*",
    odd=FORBIDDEN,
)

LIGHTHOUSE = ("resource", "lighthouse")
CVM = ("resource", "cvm")
STOP = ("action", "stop")
START = ("action", "start")


def _selector(called: str, least: int, empty: str) -> Fields:
    values = Either(
        "a text or a list of texts", TAG_VALUE, ListOf("a list of texts", TAG_VALUE)
    )  # `env: dev` is the same as `env: [dev]`
    every = "every key must match" if least else "any key that matches is enough"
    return Fields(
        called,
        (
            Field(
                "tags",
                MapOf("a mapping of tag keys to values", TAG_KEY, values, least),
                f"Tag keys, and for each the values of which any one will do; {every}. In a value "
                "`*` and `?` are wildcards; `*` also matches the empty value.",
            ),
            Field(
                "instances",
                ListOf("a list of instance IDs", INSTANCE, least),
                "Instances by their IDs, beside the tags or instead of them.",
            ),
        ),
        empty,
    )


WHEN = Fields(
    "when",
    (
        Field(
            "days",
            Either(
                "everyday, workdays, holidays or a list of mon..sun",
                Word(("everyday", "workdays", "holidays"), meant=_days_meant),
                ListOf("a list of mon..sun", Word(DAYS, meant=_day_meant)),
            ),
            "Days on which the window opens; `holidays` is every day that is not a workday.",
            default="everyday",
        ),
        Field(
            "between",
            Window('two times such as ["20:00", "23:00"]', OPENS, CLOSES),
            "Local wall clock, end exclusive. Across midnight it belongs to the day it opens on.",
            default="the whole local day",
        ),
        Field(
            "enforce",
            YES_NO,
            "`false` leaves a machine alone that somebody started (for action start: stopped) "
            "after the window opened; a CVM cannot tell, and is acted on.",
            default="false",
        ),
    ),
)

ONLY_IF = Fields(
    "only_if",
    (
        Field(
            "traffic_used_at_least",
            SHARE,
            "Share of its traffic packages, added up, that is used: so much or more.",
            only=(LIGHTHOUSE, STOP),
        ),
        Field(
            "traffic_used_below",
            SHARE,
            "Share of its traffic packages, added up, that is used: less than that.",
            only=(LIGHTHOUSE, START),
        ),
        Field(
            "traffic_left_below",
            SIZE,
            "What is left of its traffic packages: less than that. 1 GB is 1024 MB.",
            only=(LIGHTHOUSE, STOP),
        ),
        Field(
            "running_at_least",
            DURATION,
            "Time since its latest start: so much or more.",
            only=(LIGHTHOUSE, STOP),
        ),
    ),
)

OPTIONS = Fields(
    "options",
    (
        Field(
            "stop_type",
            Word(("SOFT", "HARD", "SOFT_FIRST")),
            "How a machine is shut down.",
            default="the API's own: lighthouse SOFT_FIRST, cvm SOFT",
            only=(STOP,),
        ),
        Field(
            "stopped_mode",
            Word(("KEEP_CHARGING", "STOP_CHARGING")),
            "Whether a stopped machine is charged for. `STOP_CHARGING` gives up its ordinary "
            "public IP and the certainty that it starts again.",
            default="KEEP_CHARGING",
            only=(CVM, STOP),
        ),
    ),
)

LIMITS = Fields(
    "limits",
    (
        Field("max_instances", COUNT, "At most so many instances."),
        Field("max_percent", PERCENT, "At most so many percent of all instances there."),
    ),
)

SOURCE = Fields(
    "an EventBridge trigger",
    (
        Field("source", FILLED, "Source of the event; wildcards allowed.", required=True),
        Field("type", FILLED, "Type of the event; wildcards allowed.", required=True),
        Field(
            "scope",
            Word(("policy",)),
            "`policy`: an event that has no request and names no instance lets the policy act on "
            "all that it matches. Without it such an event does nothing.",
        ),
    ),
)

POLICY = Fields(
    "a policy",
    (
        Field("name", NAME, "Unique over all files.", required=True),
        Field("description", TEXT, "For people."),
        Field(
            "resource",
            Word(("lighthouse", "cvm")),
            "What it acts on.",
            required=True,
            decides=True,
        ),
        Field(
            "regions",
            Either(
                "a list of regions or the word all",
                Word(("all",), meant={"*": "all"}.get),
                ListOf("a list of regions", REGION),
            ),
            "Regions by name, or the word `all`.",
            required=True,
        ),
        Field(
            "accounts",
            ListOf("a list of accounts", NAME),
            "Accounts that it acts in, by the names that a file gives them; `own` is the "
            "function's.",
            default="[own]",
        ),
        Field(
            "action",
            Word(("stop", "start")),
            "What it does.",
            default="stop",
            decides=True,
        ),
        Field(
            "match",
            _selector("match", 1, "name tags or instances; no policy means everything"),
            "What the policy selects. Tags and instances beside each other must both match.",
            required=True,
        ),
        Field(
            "exclude",
            _selector("exclude", 0, ""),
            "What it keeps nevertheless: any hit, of any key, is enough.",
        ),
        Field(
            "include",
            ListOf("a list of protected kinds", Word(("autoscaling",))),
            "Members of auto-scaling groups are kept unless `autoscaling` stands here: a stopped "
            "member is found unhealthy, terminated and replaced.",
        ),
        Field("timezone", ZONE, "Time zone of this policy.", default="the file's"),
        Field("when", WHEN, "Without it: whenever it is triggered."),
        Field("only_if", ONLY_IF, "Conditions that the machine itself must meet, all of them."),
        Field("options", OPTIONS, "Options of the API call."),
        Field(
            "limits",
            LIMITS,
            "For each policy, account and region. Past either one it acts on nothing there, and "
            "the run fails.",
        ),
        Field(
            "triggered_by",
            ListOf(
                "a list of triggers",
                Either("a trigger", Word(("timer", "invoke", "url")), SOURCE),
            ),
            "The kinds of event it runs for.",
            default="[timer, invoke]",
        ),
        Field(
            "verify",
            Fields(
                "verify",
                (
                    Field(
                        "timeout",
                        DURATION,
                        "How long to wait for the final state, from a batch's acceptance.",
                        default="5m",
                    ),
                ),
            ),
            "How stopped machines are verified.",
        ),
    ),
)

ACCOUNT = Fields(
    "an account",
    (
        Field("name", NAME, "What policies, events and reports call it.", required=True),
        Field("role_arn", ROLE, "The role there that the function assumes.", required=True),
        Field(
            "external_id",
            EXTERNAL_ID,
            "What the role's trust policy wants to be told by whoever assumes it.",
        ),
    ),
)

FILE = Fields(
    "a policy file",
    (
        Field("version", Word(("1",)), "Version of this form.", required=True),
        Field("timezone", ZONE, "Time zone of its policies.", default=DEFAULT_TIMEZONE),
        Field(
            "holidays",
            MapOf("a mapping of dates to work or off", DATE, Word(("work", "off"))),
            "Days to correct or extend the calendar of workdays and holidays with.",
        ),
        Field(
            "accounts",
            ListOf("a list of accounts", ACCOUNT),
            "Other accounts that policies act in, those of every file; each stands in one.",
        ),
        Field("policies", ListOf("a list of policies", POLICY), "The policies.", required=True),
    ),
)
